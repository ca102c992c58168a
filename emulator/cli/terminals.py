"""Commands about card terminals."""
from typing import Any
from urllib import parse

import click

from ..terminal import Act
from .command import ListedByDefault, examples, main, with_control, with_control_but
from .printing import Printer
from .remote import Control

COLUMNS = ("terminal_sn", "merchants_id", "terminal_type", "online", "attended", "state")
TRANSACTION = ("out_trade_no", "operation", "requested_amount", "trans_amount", "trade_status", "message",
               "started_at", "ended_at")


@main.group(cls=ListedByDefault, epilog=examples(
    "tgpay-emulator terminals --merchant 201807208001", "tgpay-emulator terminals set 1850025030 --attended",
    "tgpay-emulator terminals do 1850025030 tap"))
def terminals() -> None:
    """List card terminals, change one, or operate it."""


@terminals.command("list", epilog=examples("tgpay-emulator terminals list --merchant 201807208001"))
@click.option("--merchant", metavar="NUMBER", help="only of this merchant")
@with_control
def terminals_list(control: Control, out: Printer, merchant: str | None) -> None:
    """List the card terminals with their state."""
    answer = control("GET", "/terminals", merchants_id=merchant, limit=1000)
    if out.is_json:
        out.json(answer)
        return
    out.rows(answer["items"], COLUMNS, ("terminal_type",), none="No card terminals.")


@terminals.command("show", epilog=examples("tgpay-emulator terminals show 1850025030"))
@click.argument("serial", metavar="SERIAL")
@with_control
def terminals_show(control: Control, out: Printer, serial: str) -> None:
    """Show one terminal with its transaction.

    It is printed as JSON except in a terminal.
    """
    answer = control("GET", f"/terminals/{parse.quote(serial, safe='')}")
    if not out.is_for_people:
        out.json(answer)
        return
    out.record(answer, (*COLUMNS, "possible"))
    if transaction := answer["transaction"]:
        out.title("Transaction")
        out.record(transaction, TRANSACTION)


@terminals.command("set", epilog=examples(
    "tgpay-emulator terminals set 1850025030 --attended",
    "tgpay-emulator terminals set T-new --merchant 201807208001 --type 'PAX A80'"))
@click.argument("serial", metavar="SERIAL")
@click.option("--merchant", "merchants_id", metavar="NUMBER", help="its merchant; needed to create one")
@click.option("--type", "terminal_type", metavar="TEXT", help="its model")
@click.option("--online/--offline", default=None, help="whether it is connected")
@click.option("--attended/--unattended", default=None, help="manual or automatic mode")
@with_control_but("--without-server")
def terminals_set(control: Control, out: Printer, serial: str, **changes: Any) -> None:
    """Create a terminal, or change its settings.

    --offline disconnects the terminal; --without-server is for work without a running emulator.
    """
    given = {name: value for name, value in changes.items() if value is not None}
    answer = control("PUT", f"/terminals/{parse.quote(serial, safe='')}", given)
    out.row(answer, COLUMNS)


@terminals.command("do", epilog=examples("tgpay-emulator terminals do 1850025030 tap",
                                         "tgpay-emulator terminals do 1850025030 pin"))
@click.argument("serial", metavar="SERIAL")
@click.argument("event", metavar="EVENT", type=click.Choice([str(act) for act in Act]))
@with_control
def terminals_do(control: Control, out: Printer, serial: str, event: str) -> None:
    """Operate a terminal: tap, PIN, approve, decline or cancel.

    EVENT is tap, insert or swipe for a card, pin, approve or decline for the host, or cancel. A terminal in
    manual mode waits for these; one in automatic mode does them by itself.
    """
    answer = control("POST", f"/terminals/{parse.quote(serial, safe='')}/{event}")
    out.row(answer, (*COLUMNS, "possible"))
