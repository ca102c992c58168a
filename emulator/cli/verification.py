"""The command that verifies a merchant's traffic."""
import sys
from collections.abc import Mapping
from typing import Any

import click

from ..base.urls import with_query
from ..domain.verification import AMOUNTS, COUNTED, MEASURED
from .command import main, show, with_control
from .remote import Control, fail

CHECKS = {"signed": "true: every request was rightly signed; false: one was not",
          "codes": "these codes came, separated by commas; may be repeated",
          "status": "an order's status: NUMBER:TRADE_FINISHED; may be repeated"}
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


@main.command()
@click.option("--merchant", required=True, help="whose traffic it is")
@click.option("--order", help="look at this order only")
@click.option("--endpoint", help="look at requests to this endpoint only, such as tgpayrefund")
@click.option("--since", help="look at what happened from this instant on, or after the cursor of --json")
@with_checks
@click.argument("checks", nargs=-1, metavar="[NAME=VALUE]...")
@with_control
def verify(control: Control, as_json: bool, merchant: str, checks: tuple[str, ...], **given: Any) -> None:
    """Verify a merchant's traffic: status 1 when a check fails, with the nearest facts.

    Checks are options or NAME=VALUE, such as refunds=1, notifications_at_most=2 or codes=3200,3084. Without
    any: all requests are rightly signed, none is to an unknown endpoint, and no rule of the document is
    broken.
    """
    asked = {name: [value] if isinstance(value, str) else list(value)
             for name, value in given.items() if value not in (None, ())}
    for written in checks:
        name, found, value = written.partition("=")
        if not found:
            fail(f"{written!r} is not NAME=VALUE")
        if name == "merchants_id":
            fail("say whose traffic it is with --merchant")
        asked.setdefault(name, []).append(value)
    outcome = control("GET", with_query("/verify", {"merchants_id": merchant, **asked}))
    if as_json:
        show(outcome, True)
    else:
        _print(outcome)
    if not outcome["verified"]:
        sys.exit(1)


def _print(outcome: Mapping[str, Any]) -> None:
    """Print a line for each check, and below it the facts that explain a failure."""
    for each in outcome["checks"]:
        click.echo(f"{'ok' if each['ok'] else 'failed'}: {each['check']}: {each['sentence']}")
        for fact in each["nearest"]:
            click.echo(f"  {fact['sentence']}")
    click.echo("Verified." if outcome["verified"] else "Not verified.")
