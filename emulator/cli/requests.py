"""Commands about requests: sign, journal and findings."""
import os
import sys
from collections.abc import Iterable
from typing import Any
from urllib import parse

import click

from ..signing import signature
from .command import main, show, with_control
from .output import console, with_zone
from .remote import Control, fail
from .sheets import Row, arrived, entry_sheet, example, explanation_sheet


def show_sheet(rows: Iterable[Row]) -> None:
    """Print rows of a label and a text; further lines of a text are indented."""
    for label, text in ((label, with_zone(text)) for label, text in rows):
        told = ": " + "\n    ".join(text.splitlines() or [""])
        if sys.stdout.isatty():
            printed = console()
            printed.print(label, style="bold", end="")
            printed.print(told)
        else:
            click.echo(f"{label}{told}")


@main.command()
@click.argument("parameters", nargs=-1, required=True, metavar="NAME=VALUE... | URL")
@click.option("--token", "secret", envvar="TGPAY_TOKEN",
              help="the merchant's token; else that of its merchants_id [TGPAY_TOKEN]")
@click.option("--explain", is_flag=True, help="explain what is wrong with the given sign")
@click.option("--json", "as_json", is_flag=True, help="print JSON")
def sign(parameters: tuple[str, ...], secret: str | None, explain: bool, as_json: bool) -> None:
    """Print the string to sign and its signature, or explain a wrong one (exit status 1)."""
    params = _parameters(parameters)
    if explain:
        explained = _explained(params, secret)
        answer, sheet = {"sign": explained["expected"], **explained}, explanation_sheet(explained)
    else:
        answer = {"canonical": signature.canonical(params),
                  "sign": signature.sign(params, secret or _token_of(params))}
        sheet = list(answer.items())
    if as_json:
        show(answer, True)
    else:
        show_sheet(sheet)
    if explain and not answer["right"]:
        sys.exit(1)


def _parameters(written: tuple[str, ...]) -> dict[str, str]:
    if len(written) == 1 and "://" in written[0].split("=", 1)[0]:
        try:
            return dict(parse.parse_qsl(parse.urlsplit(written[0]).query, keep_blank_values=True))
        except ValueError as error:
            fail(f"{written[0]!r} is no URL: {error}")
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
        fail("give --token, or a merchants_id that the emulator knows")
    return Control(os.environ.get("TGPAY_URL"), None, None)


@main.command()
@click.option("--merchant", help="only for this merchant")
@click.option("--endpoint", help="only for this endpoint, such as tgpayqrcode")
@click.option("--order", help="only for this order")
@click.option("--verdict", help="only with this result: OK, or an error code")
@click.option("--after", type=int, default=0, help="the last id seen")
@click.option("--limit", type=int, default=100, show_default=True)
@click.argument("number", required=False, type=int, metavar="[ID]")
@with_control
def journal(control: Control, as_json: bool, merchant: str | None, endpoint: str | None, order: str | None,
            verdict: str | None,
            after: int, limit: int, number: int | None) -> None:
    """List requests, or print one in full. Its ID is in the response header X-TGPay-Request."""
    if number is not None:
        entry = control("GET", f"/journal/{number}")
        show(entry, True) if as_json else show_sheet(entry_sheet(entry))
        return
    answer = control("GET", "/journal", merchants_id=merchant, endpoint=endpoint, out_trade_no=order,
                     verdict=verdict, after=after,
                     limit=limit)
    for item in answer["items"] if not as_json else []:
        item["findings"] = " ".join(finding["code"] for finding in item["findings"])
        item["rule"] = (item["explanation"] or {}).get("rule") or ""
        item["status"], item["verdict"] = arrived(item)
    show(answer, as_json, ("id", "at", "merchants_id", "endpoint", "out_trade_no", "status", "verdict",
                           "rule", "findings"))


@main.command()
@click.option("--merchant", help="only for this merchant")
@with_control
def findings(control: Control, as_json: bool, merchant: str | None) -> None:
    """List the rules of the document that a client or its receiver breaks, and how to fix them."""
    answer = control("GET", "/findings", merchants_id=merchant)
    for item in answer["items"] if not as_json else []:
        item.update(example=example(item["example"]), detail=item["example"]["detail"])
    show(answer, as_json, ("code", "section", "times", "first", "last", "example", "detail", "change"))
