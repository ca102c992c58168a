"""Commands about requests: sign, journal and findings."""
import os
import sys
from collections.abc import Iterable
from typing import Any
from urllib import parse

import click

from ..signing import signature
from .command import examples, main, more, paged, with_control
from .layout import counted
from .output import console
from .printing import Printer
from .remote import Control, fail
from .sheets import Row, arrived, entry_sheet, example, explanation_sheet, outcome_code

JOURNAL = ("id", "at", "merchants_id", "endpoint", "out_trade_no", "status", "verdict", "outcome", "rule",
           "findings")
FINDINGS = ("code", "section", "times", "first", "last", "example", "detail", "change")


def show_sheet(rows: Iterable[Row]) -> None:
    """Print rows of a label and a text; further lines of a text are indented."""
    for label, text in rows:
        told = ": " + "\n    ".join(text.splitlines() or [""])
        if sys.stdout.isatty():
            printed = console()
            printed.print(label, style="bold", end="")
            printed.print(told)
        else:
            click.echo(f"{label}{told}")


@main.command(epilog=examples(
    "tgpay-emulator sign merchants_id=201703200001 out_trade_no=1 trans_amount=1.00",
    "tgpay-emulator sign --explain 'http://127.0.0.1:8472/v2/tgpayquery.php?…&sign=…'"))
@click.argument("parameters", nargs=-1, required=True, metavar="NAME=VALUE... | URL")
@click.option("--token", "secret", envvar="TGPAY_TOKEN", metavar="TEXT",
              help="the merchant's token; without it the emulator is asked for that of merchants_id "
                   "[TGPAY_TOKEN]")
@click.option("--explain", is_flag=True, help="explain what is wrong with the given sign")
@click.option("--json", "as_json", is_flag=True, help="print JSON")
def sign(parameters: tuple[str, ...], secret: str | None, explain: bool, as_json: bool) -> None:
    """Sign parameters, or explain a wrong signature.

    Prints the string to sign and its signature. With --explain the exit status is 1 if the signature is
    wrong.
    """
    params = _parameters(parameters)
    if explain:
        explained = _explained(params, secret)
        answer, sheet = {"sign": explained["expected"], **explained}, explanation_sheet(explained)
    else:
        answer = {"canonical": signature.canonical(params),
                  "sign": signature.sign(params, secret or _token_of(params))}
        sheet = list(answer.items())
    if as_json:
        Printer().json(answer)
    else:
        show_sheet(sheet)
    if explain and not answer["right"]:
        sys.exit(1)


def _parameters(written: tuple[str, ...]) -> dict[str, str]:
    if len(written) == 1 and "://" in written[0].split("=", 1)[0]:
        try:
            return dict(parse.parse_qsl(parse.urlsplit(written[0]).query, keep_blank_values=True))
        except ValueError as error:
            fail(f"{written[0]!r} is not a URL: {error}")
    without = [part for part in written if "=" not in part]
    if without:
        fail(f"{without[0]!r} is not NAME=VALUE")
    return dict(part.split("=", 1) for part in written)


def _explained(params: dict[str, str], secret: str | None) -> Any:
    """The explanation of a wrong signature.

    Without a token the emulator makes it, and tries other merchants' tokens.
    """
    from ..diagnosis import explanation
    from ..signing.arrivals import Arrival
    from ..gateway.endpoints import NAMES

    arrival = Arrival(params, NAMES)
    if not params.get("sign") and not explanation.misplaced_sign(arrival):
        fail("--explain needs a sign among the parameters")
    if not secret:
        return _emulator(params)("POST", "/sign/explain", {"params": params})
    return explanation.explain(params, secret, arrival=arrival).as_json()


def _token_of(params: dict[str, str]) -> str:
    control = _emulator(params)
    return str(control("GET", f"/merchants/{parse.quote(params['merchants_id'], safe='')}")["token"])


def _emulator(params: dict[str, str]) -> Control:
    """The emulator that knows the merchant of these parameters. Without a merchants_id the command ends."""
    if not params.get("merchants_id"):
        fail("give the merchant's token with --token, or a merchants_id that the emulator knows")
    return Control(os.environ.get("TGPAY_URL"), None, None, advice=", or give --token")


@main.command(epilog=examples("tgpay-emulator journal --merchant 201703200001",
                              "tgpay-emulator journal --verdict ILLEGAL_SIGN", "tgpay-emulator journal 12"))
@click.option("--merchant", metavar="NUMBER", help="only of this merchant")
@click.option("--endpoint", metavar="NAME", help="only to this endpoint, such as tgpayqrcode")
@click.option("--order", metavar="NUMBER", help="only about this order")
@click.option("--verdict", metavar="WORD", help="only with this result: OK, or an error code")
@paged
@click.argument("number", required=False, type=int, metavar="[ID]")
@with_control
def journal(control: Control, out: Printer, merchant: str | None, endpoint: str | None, order: str | None,
            verdict: str | None, number: int | None, **page: int | bool | str | None) -> None:
    """List requests, newest first, or show one in full.

    The ID of a request is also in the response header X-TGPay-Request.
    """
    if number is not None:
        entry = control("GET", f"/journal/{number}")
        out.json(entry) if out.is_json else show_sheet(entry_sheet(entry, out.zone))
        return
    answer = control("GET", "/journal", merchants_id=merchant, endpoint=endpoint, out_trade_no=order,
                     verdict=verdict, **page)
    if out.is_json:
        out.json(answer)
        return
    items = [{**item, "findings": " ".join(finding["code"] for finding in item["findings"]),
              "rule": (item["explanation"] or {}).get("rule") or "",
              "outcome": outcome_code(item),
              **dict(zip(("status", "verdict"), arrived(item)))} for item in answer["items"]]
    out.rows(items, JOURNAL, ("rule", "merchants_id", "status", "findings", "at"), none="No requests.")
    more(out, answer)


@main.command(epilog=examples("tgpay-emulator findings --merchant 201703200001"))
@click.option("--merchant", metavar="NUMBER", help="only of this merchant")
@with_control
def findings(control: Control, out: Printer, merchant: str | None) -> None:
    """List rules of the document that your client breaks.

    For each there is an example, and what to change.
    """
    answer = control("GET", "/findings", merchants_id=merchant)
    if out.is_json:
        out.json(answer)
        return
    items = [{**item, "example": example(item["example"]), "detail": item["example"]["detail"]}
             for item in answer["items"]]
    if not out.is_for_people:
        out.rows(items, FINDINGS)
    elif not items:
        click.echo("No findings.")
    else:
        for place, item in enumerate(items):
            out.title(f"{item['code']} ({counted(item['times'], 'time')})", is_first=place == 0)
            out.record(item, ("detail", "change", "section", "example", "last"))
