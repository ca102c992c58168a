"""The command `clock`."""
from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import click

from .command import main, patience, show, with_control
from .remote import Control, fail

if TYPE_CHECKING:
    from rich.status import Status

BETWEEN_LOOKS_S = 0.5
COLUMNS = ("now", "offset_s", "frozen")
OF_MERCHANT = ("merchants_id", *COLUMNS, "own")


@contextmanager
def told(control: Control, status: Status | None, merchant: str | None) -> Iterator[None]:
    """Show in a terminal, while a move goes on, how much of it is done."""
    if status is None or not control.is_remote:
        yield
        return
    over, shown = threading.Event(), status

    def tell() -> None:
        while not over.wait(BETWEEN_LOOKS_S):
            with suppress(click.ClickException):  # the command itself says what is wrong
                if moving := control("GET", "/clock", merchants_id=merchant).get("moving"):
                    done = moving["done"]
                    shown.update(
                        f"Moving to {moving['to']}: processed {done['changes']:,} order changes and "
                        f"{done['attempts']:,} delivery attempts, {moving['left']:,} left")

    threading.Thread(target=tell, daemon=True).start()
    try:
        yield
    finally:
        over.set()


@main.command()
@click.argument("move", required=False, metavar="[advance|set|freeze|unfreeze|reset]",
                type=click.Choice(["advance", "set", "freeze", "unfreeze", "reset"]))
@click.argument("value", required=False)
@click.option("--merchant", help="only this merchant's clock")
@with_control
def clock(control: Control, as_json: bool, move: str | None, value: str | None, merchant: str | None) -> None:
    """Show or move the clock: `clock advance 15m`, `clock set 2026-01-31T12:00:00Z`, `clock freeze`.

    With --merchant only this merchant's clock; `reset` gives it the shared one back.
    """
    if move in ("advance", "set") and not value:
        fail(f"clock {move} needs {'a duration' if move == 'advance' else 'a time, ISO 8601'}")
    bodies: dict[str, dict[str, object]] = {
        "advance": {"advance": value}, "set": {"set": value}, "freeze": {"freeze": True},
        "unfreeze": {"freeze": False}, "reset": {"reset": True}}
    whose = {"merchants_id": merchant} if merchant else {}
    columns = OF_MERCHANT if merchant else COLUMNS
    with patience("Moving the clock") as status, told(control, status, merchant):
        answer = (control("POST", "/clock", {**bodies[move], **whose}) if move
                  else control("GET", "/clock", merchants_id=merchant))
    if as_json or not move:
        show(answer, as_json, columns)
        return
    done, skipped = answer["done"], answer["skipped"]
    show({**answer, **done, "skipped": skipped["attempts"]}, False, (*columns, *done, "skipped"))
    if skipped["attempts"]:
        click.echo(f"Skipped {skipped['attempts']} delivery attempts: no response in time from "
                   f"{', '.join(skipped['receivers'])}.", err=True)
