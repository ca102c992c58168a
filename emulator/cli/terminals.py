"""Commands about card terminals."""
from typing import Any
from urllib import parse

import click

from ..terminal import Act
from .command import ListedByDefault, main, show, with_control
from .remote import Control

COLUMNS = ("terminal_sn", "merchants_id", "terminal_type", "online", "attended", "state")


@main.group(cls=ListedByDefault)
def terminals() -> None:
    """List card terminals, change their settings, or operate one."""


@terminals.command("list")
@click.option("--merchant", help="only for this merchant")
@with_control
def terminals_list(control: Control, as_json: bool, merchant: str | None) -> None:
    """List the card terminals and their current state."""
    show(control("GET", "/terminals", merchants_id=merchant, limit=1000), as_json, COLUMNS)


@terminals.command("show")
@click.argument("serial")
@with_control
def terminals_show(control: Control, as_json: bool, serial: str) -> None:
    """Print one terminal with its transaction as JSON."""
    show(control("GET", f"/terminals/{parse.quote(serial, safe='')}"), True)


@terminals.command("set")
@click.argument("serial")
@click.option("--merchant", "merchants_id", help="its merchant; needed to create one")
@click.option("--type", "terminal_type", help="its model")
@click.option("--online/--offline", default=None, help="whether it is online")
@click.option("--attended/--unattended", default=None, help="manual or automatic mode")
@with_control
def terminals_set(control: Control, as_json: bool, serial: str, **changes: Any) -> None:
    """Create a terminal, or change its settings."""
    given = {name: value for name, value in changes.items() if value is not None}
    show(control("PUT", f"/terminals/{parse.quote(serial, safe='')}", given), as_json, COLUMNS)


@terminals.command("do")
@click.argument("serial")
@click.argument("event", type=click.Choice([str(act) for act in Act]))
@with_control
def terminals_do(control: Control, as_json: bool, serial: str, event: str) -> None:
    """Operate a terminal: present a card, enter a PIN, approve, decline or cancel."""
    show(control("POST", f"/terminals/{parse.quote(serial, safe='')}/{event}"), as_json,
         (*COLUMNS, "possible"))
