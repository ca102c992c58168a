"""Commands about scenarios: `scenarios list | show | check | use | off`, and what `journal` tells of a rule.
"""
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tgpay_emulator.cli import main
from tgpay_emulator.scenarios import load, shipped, shipped_scenario

from .driver import Control, Server
from .test_cli import rows

MINE = """summary = "Mine."

[[rule]]
name = "the first fails"
when = { endpoint = "tgpaybarcode", "odd name" = "x y" }
then = [{ error = "BEYOND_PAY_RESTRICTION", notify = { duplicate = 3 } }, {}]

[[rule]]
name = "茶"
then = { delay = "0ms" }
"""
BROKEN = "summary = 'x'\n[[rule]]\nname = 'lunch'\nwhen = { attempt = 0 }\nthen = { falt = 'reset' }\n"
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server of its own: commands put scenarios in force for everybody."""
    with Server() as started:
        yield started


@pytest.fixture
def control(server: Server) -> Iterator[Control]:
    made = Control(server.url)
    yield made
    made.ask("DELETE", "/scenario")


@pytest.fixture
def run(server: Server) -> Run:
    """A command on the module's server, and its status."""
    def told(*arguments: str, status: int = 0) -> Result:
        done = CliRunner().invoke(main, ["scenarios", *arguments], env={"TGPAY_URL": server.url})
        assert done.exit_code == status, done.output
        return done
    return told


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    file = tmp_path / "mine.toml"
    file.write_text(MINE, encoding="utf-8")
    return file


def active(printed: str) -> list[str]:
    return [row["name"] for row in rows(printed) if row["active"]]


def test_they_are_listed_and_the_active_one_is_marked(run: Run, control: Control, mine: Path) -> None:
    assert [row["name"] for row in rows(run().stdout)] == shipped()
    assert active(run("list").stdout) == []
    run("use", "chaos")
    assert active(run("list").stdout) == ["chaos"]
    run("use", str(mine))
    listed = rows(run("list").stdout)
    assert (active(run("list").stdout), listed[-1]["rules"], listed[-1]["summary"]) == (
        ["mine"], "2", "Mine.")
    items = json.loads(run("list", "--json").stdout)["items"]
    assert [item["name"] for item in items if item["active"]] == ["mine"]
    assert [{**item, "active": None} for item in items[:-1]] == [
        {**item, "active": None} for item in control.get("/scenarios")["items"]]


@pytest.mark.parametrize("name", shipped())
def test_one_is_printed_as_a_file_that_can_be_used(run: Run, tmp_path: Path, name: str) -> None:
    file = tmp_path / f"{name}.toml"
    file.write_text(run("show", name).stdout, encoding="utf-8")
    assert load(file) == shipped_scenario(name)
    assert json.loads(run("show", name, "--json").stdout) == shipped_scenario(name).as_json()


def test_the_one_in_force_is_printed_with_its_uses(run: Run, control: Control, mine: Path) -> None:
    assert run("show").stdout == "# no active scenario\n"
    shop = control.shop()
    run("use", str(mine), "--merchant", shop.merchants_id)
    assert run("show").stdout == "# no active scenario\n"
    assert run("show", "--merchant", shop.merchants_id).stdout == MINE
    shop.pay_by_barcode(**{"odd name": "x y"})
    used = MINE.replace("[[rule]]", "# used 1 of 2 times\n[[rule]]", 1)
    assert run("show", "--merchant", shop.merchants_id).stdout == used
    told = json.loads(run("show", "--merchant", shop.merchants_id, "--json").stdout)
    assert told == control.get("/scenario", merchants_id=shop.merchants_id)


def test_how_often_everybodys_was_used_is_printed_of_all_together(
         run: Run, control: Control, mine: Path) -> None:
    run("use", str(mine))
    for shop in (control.shop(), control.shop()):
        shop.pay_by_barcode(**{"odd name": "x y"})
    assert run("show").stdout == MINE.replace("[[rule]]",
                                              "# used 2 times by all merchants together\n[[rule]]", 1)


def test_one_is_put_in_force_and_out_of_force(run: Run, control: Control, mine: Path) -> None:
    shop = control.shop()
    assert rows(run("use", "happy-path").stdout) == [
        {"name": "happy-path", "rules": "4", "for": "all merchants",
         "summary": shipped_scenario("happy-path").summary}]
    used = json.loads(run("use", str(mine), "--merchant", shop.merchants_id, "--json").stdout)
    assert used == control.get("/scenario", merchants_id=shop.merchants_id)
    assert rows(run("off", "--merchant", shop.merchants_id).stdout) == [{"off": shop.merchants_id}]
    assert control.get("/scenario", merchants_id=shop.merchants_id)["scenario"]["name"] == "happy-path"
    assert json.loads(run("off", "--json").stdout) == control.get("/scenario")
    assert control.get("/scenario")["scenario"] is None


@pytest.mark.parametrize("arguments, words", [
    (("use", "happypath"), "did you mean happy-path?"), (("use", "none.toml"), "none.toml cannot be read"),
    (("show", "none"), "no scenario 'none'"), (("use", "chaos", "--merchant", "nobody"), "nobody"),
    (("off", "--merchant", "nobody"), "nobody"), (("show", "--merchant", "nobody"), "nobody")])
def test_what_cannot_be_done_is_a_line_that_says_why(run: Run, arguments: tuple[str, ...],
                                                     words: str) -> None:
    done = run(*arguments, status=1)
    assert (done.stdout, len(done.stderr.splitlines()), words in done.stderr) == ("", 1, True)


def test_a_broken_file_is_not_put_in_force_and_every_problem_is_told(
         run: Run, control: Control, tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text(BROKEN, encoding="utf-8")
    done = run("use", str(tmp_path / "broken.toml"), status=1)
    assert [word in line for word,
            line in zip(("when.attempt", "then.falt"), done.stderr.splitlines())] == [True, True]
    assert control.get("/scenario")["scenario"] is None


def check(*files: Path, status: int, flags: tuple[str, ...] = ()) -> str:
    """`scenarios check` where no server is."""
    done = CliRunner().invoke(main, ["scenarios", "check", *flags, *map(str, files)],
                              env={"TGPAY_URL": "http://127.0.0.1:9"})
    assert done.exit_code == status, done.output
    return done.stdout


def test_files_are_checked_without_a_server(tmp_path: Path, mine: Path) -> None:
    broken, none = tmp_path / "broken.toml", tmp_path / "none.toml"
    broken.write_text(BROKEN, encoding="utf-8")
    assert check(mine, status=0) == f"{mine}: no problems\n"
    lines = check(mine, broken, none, status=1).splitlines()
    words = ("no problems", "when.attempt", "then.falt", "none.toml cannot be read")
    assert [word in line for word, line in zip(words, lines, strict=True)] == [True] * 4
    told = json.loads(check(mine, broken, status=1, flags=("--json",)))["items"]
    assert [(one["file"], one["rules"], len(one["problems"])) for one in told] == [
        (str(mine), 2, 0), (str(broken), 0, 2)]


def test_the_journal_tells_the_rule_and_the_differences(server: Server, control: Control) -> None:
    shop = control.shop()
    shop.plays({"name": "large", "when": {"trans_amount__above": 100}, "then": {}},
               {"name": "h5", "when": {"endpoint": "tgpayh5"}, "then": {}},
               {"name": "it", "when": {"reference": "x"}, "then": {"notify": {"drop": 2}}})
    fits, differs = shop.pay_by_barcode(reference="x"), shop.pay_by_barcode()

    def journal(*arguments: str) -> str:
        return CliRunner().invoke(main, ["journal", *arguments], env={"TGPAY_URL": server.url}).stdout
    assert [row["rule"] for row in rows(journal("--merchant", shop.merchants_id))] == ["", "it"]
    printed = journal(fits.headers["X-TGPay-Request"])
    assert printed.endswith("scenario: custom\nrule: it\nthen: { notify = { drop = 2 } }\n"
                            "not large: trans_amount 1.00 is not above 100\nfor other endpoints: 1\n")
    printed = journal(differs.headers["X-TGPay-Request"])
    assert printed.endswith("rule: none matched\nnot large: trans_amount 1.00 is not above 100\nnot it: "
                            "reference is missing\nfor other endpoints: 1\n")


def test_a_card_payment_is_printed_with_its_own_reason_and_the_rule(server: Server, control: Control) -> None:
    made = control.shop()
    made.plays({"name": "it", "then": {"code": "3084"}})
    entry = made.card_payment().headers["X-TGPay-Request"]
    printed = CliRunner().invoke(main, ["journal", entry], env={"TGPAY_URL": server.url}).stdout
    assert "why: rule it of the scenario matched\nscenario: custom\nrule: it\n" in printed
