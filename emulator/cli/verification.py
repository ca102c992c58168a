"""The command that verifies a merchant's traffic."""
import sys
from collections.abc import Mapping
from typing import Any

import click

from ..base.urls import with_query
from ..domain.verification import AMOUNTS, COUNTED, MEASURED
from .command import examples, main, with_control
from .layout import moment
from .printing import Printer
from .remote import Control, fail

CHECKS = {"signed": "true: all requests had the right signature; false: at least one had not",
          "codes": "response codes that were returned, separated by commas; may be repeated",
          "status": "the status of an order, NUMBER:TRADE_FINISHED; may be repeated"}
BOUNDED = {row.name: row.meaning for row in (*COUNTED.values(), *AMOUNTS.values())}


def with_checks(command: Any) -> Any:
    """Add an option for each check; those for bounds are not listed one by one."""
    for name in reversed((*CHECKS, *MEASURED)):
        bounds = f"exactly so many, or --{_flag(name)}-at-most, -at-least: {BOUNDED.get(name)}"
        meaning = CHECKS.get(name, bounds)
        command = click.option(f"--{_flag(name)}", name, multiple=True, metavar="VALUE", help=meaning,
                               hidden=name not in CHECKS and name not in BOUNDED)(command)
    return command


def _flag(name: str) -> str:
    return name.replace("_", "-")


@main.command(epilog=examples("tgpay-emulator verify --merchant 201703200001",
                              "tgpay-emulator verify --merchant 201703200001 --order 1 refunds=1 codes=0000"))
@click.option("--merchant", required=True, metavar="NUMBER", help="the merchant to verify")
@click.option("--order", metavar="NUMBER", help="only this order")
@click.option("--endpoint", metavar="NAME", help="only requests to this endpoint, such as tgpayrefund")
@click.option("--since", metavar="TIME",
              help="only since this time, or after the cursor of an earlier --json")
@with_checks
@click.argument("checks", nargs=-1, metavar="[NAME=VALUE]...")
@with_control
def verify(control: Control, out: Printer, merchant: str, checks: tuple[str, ...], **given: Any) -> None:
    """Verify what a merchant has sent and received.

    Checks are options or NAME=VALUE, such as refunds=1, notifications_at_most=2 or codes=3200,3084. Without
    any: all requests have the right signature, none is to an unknown endpoint, and no rule of the document is
    broken. When a check fails, the exit status is 1, and the requests and notifications that explain it are
    listed.
    """
    asked = {name: [value] if isinstance(value, str) else list(value)
             for name, value in given.items() if value not in (None, ())}
    for written in checks:
        name, found, value = written.partition("=")
        if not found:
            fail(f"{written!r} is not a check: write NAME=VALUE, such as refunds=1")
        if name == "merchants_id":
            fail("name the merchant with --merchant NUMBER")
        asked.setdefault(name, []).append(value)
    outcome = control("GET", with_query("/verify", {"merchants_id": merchant, **asked}))
    if out.is_json:
        out.json(outcome)
    else:
        _print(outcome, out.zone)
    if not outcome["verified"]:
        sys.exit(1)


def _print(outcome: Mapping[str, Any], zone: str) -> None:
    """Print a line for each check, and below it the facts that explain a failure, with times in a zone."""
    for each in outcome["checks"]:
        click.echo(f"{'ok' if each['ok'] else 'failed'}: {each['check']}: {each['sentence']}")
        for fact in each["nearest"]:
            click.echo(f"  {moment(fact['at'], zone)}{fact['sentence'].removeprefix(fact['at'])}")
    click.echo("Verified." if outcome["verified"] else "Not verified.")
