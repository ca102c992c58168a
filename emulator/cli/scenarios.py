"""Commands about scenarios: the bundled ones, the active one, and files of your own."""
import sys
from pathlib import Path
from typing import Any
from urllib import parse

import click

from .. import scenarios as language
from .command import ListedByDefault, examples, main, with_control, with_printer
from .printing import Printer
from .remote import Control, fail
from .sheets import toml_of

COLUMNS = ("name", "active", "rules", "summary")
EVERYBODY = "all merchants"
of_merchant = click.option("--merchant", metavar="NUMBER",
                           help="only for this merchant; without it for all merchants")


@main.group(cls=ListedByDefault, epilog=examples(
    "tgpay-emulator scenarios", "tgpay-emulator scenarios use chaos", "tgpay-emulator scenarios off"))
def scenarios() -> None:
    """List, activate and check scenarios."""


@scenarios.command("list", epilog=examples("tgpay-emulator scenarios list --merchant 201703200001"))
@of_merchant
@with_control
def scenarios_list(control: Control, out: Printer, merchant: str | None) -> None:
    """List the bundled scenarios and the active one."""
    listed = control("GET", "/scenarios")
    active = control("GET", "/scenario", merchants_id=merchant)["scenario"]
    for item in listed["items"]:
        item["active"] = (active is not None and (item["name"], item["summary"])
                          == (active["name"], active["summary"]))
    if active and not any(item["active"] for item in listed["items"]):
        listed["items"].append({**active, "rules": len(active["rules"]), "active": True})
    if out.is_json:
        out.json(listed)
        return
    rows = [{**item, "active": "active" if item["active"] else ""} for item in listed["items"]]
    out.rows(rows, COLUMNS, wrapped="summary")


@scenarios.command("show", epilog=examples("tgpay-emulator scenarios show chaos > mine.toml"))
@click.argument("name", required=False)
@of_merchant
@with_control
def scenarios_show(control: Control, out: Printer, name: str | None, merchant: str | None) -> None:
    """Print a scenario as TOML.

    Without a NAME it is the active one, with the number of uses of its lists.
    """
    answer: dict[str, Any] = ({"scenario": control("GET", f"/scenarios/{parse.quote(name, safe='')}")} if name
                              else control("GET", "/scenario", merchants_id=merchant))
    if out.is_json:
        out.json(answer["scenario"] if name else answer)
    elif answer["scenario"] is None:
        click.echo("# no active scenario")
    else:
        click.echo(toml_of(answer["scenario"], answer.get("uses", {}), bool(merchant)), nl=False)


@scenarios.command("check", epilog=examples("tgpay-emulator scenarios check mine.toml"))
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@with_printer
def scenarios_check(files: tuple[str, ...], out: Printer) -> None:
    """Check scenario files, without a server.

    Every problem is printed. Exit status 1 if there is one.
    """
    found = [_checked(file) for file in files]
    if out.is_json:
        out.json({"items": found, "next": None})
    else:
        for one in found:
            click.echo("\n".join(one["problems"]) if one["problems"] else f"{one['file']}: no problems")
    if any(one["problems"] for one in found):
        sys.exit(1)


def _checked(file: str) -> dict[str, Any]:
    read, problems = _read(file)
    return {"file": file, "rules": len(read.get("rules", ())), "problems": problems}


def _read(file: str) -> tuple[dict[str, Any], list[str]]:
    """The scenario of a file and its problems; one of the two is empty."""
    try:
        return language.load(Path(file)).as_json(), []
    except language.Invalid as invalid:
        return {}, invalid.problems


@scenarios.command("use", epilog=examples(
    "tgpay-emulator scenarios use chaos", "tgpay-emulator scenarios use mine.toml --merchant 201703200001"))
@click.argument("wanted", metavar="NAME|FILE")
@of_merchant
@with_control
def scenarios_use(control: Control, out: Printer, wanted: str, merchant: str | None) -> None:
    """Activate a scenario: a bundled one, or a TOML file."""
    of_file = wanted.endswith(".toml") or Path(wanted).is_file()
    body, problems = _read(wanted) if of_file else ({"name": wanted}, [])
    if problems:
        fail("\n".join(problems))
    answer = control("PUT", "/scenario", body, merchants_id=merchant)
    scenario = answer["scenario"]
    if out.is_json:
        out.json(answer)
        return
    out.row({**scenario, "rules": len(scenario["rules"]), "for": merchant or EVERYBODY},
            ("name", "rules", "for", "summary"))


@scenarios.command("off", epilog=examples("tgpay-emulator scenarios off",
                                          "tgpay-emulator scenarios off --merchant 201703200001"))
@of_merchant
@with_control
def scenarios_off(control: Control, out: Printer, merchant: str | None) -> None:
    """Deactivate the scenario.

    Without its own scenario, a merchant uses the one for all merchants.
    """
    control("DELETE", "/scenario", merchants_id=merchant)
    if out.is_json:
        out.json(control("GET", "/scenario", merchants_id=merchant))
    elif out.is_for_people:
        click.echo(f"Deactivated the scenario for {f'merchant {merchant}' if merchant else EVERYBODY}.")
    else:
        out.row({"off": merchant or EVERYBODY}, ("off",))
