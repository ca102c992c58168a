"""The command `clock`."""
from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import click

from ..base.durations import offset_text
from .command import examples, main, patience, with_control
from .layout import counted
from .printing import Printer, note
from .remote import Control, fail

if TYPE_CHECKING:
    from rich.status import Status

BETWEEN_LOOKS_S = 0.5
MOVES = ("advance", "set", "freeze", "unfreeze", "reset")
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
                    shown.update(f"Moving to {moving['to']}: processed {progress(moving['done'])}, "
                                 f"{moving['left']:,} left")

    threading.Thread(target=tell, daemon=True).start()
    try:
        yield
    finally:
        over.set()


@main.command(epilog=examples("tgpay-emulator clock", "tgpay-emulator clock advance 15m",
                              "tgpay-emulator clock set 2026-01-31T12:00:00Z",
                              "tgpay-emulator clock freeze --merchant 201703200001"))
@click.argument("move", required=False, metavar="[advance|set|freeze|unfreeze|reset]",
                type=click.Choice(MOVES))
@click.argument("value", required=False, metavar="[DURATION|TIME]")
@click.option("--merchant", metavar="NUMBER", help="only this merchant's clock")
@with_control
def clock(control: Control, out: Printer, move: str | None, value: str | None, merchant: str | None) -> None:
    """Show or move the clock.

    `advance` takes a duration such as 500ms, 15m or 2d, `set` a time in ISO 8601. Everything that
    becomes due is processed first. With --merchant only this merchant's clock moves; `reset` returns it to
    the shared clock.
    """
    if move in ("advance", "set") and not value:
        example = "a duration, such as 15m" if move == "advance" else "a time, such as 2026-01-31T12:00:00Z"
        fail(f"clock {move} needs {example}")
    if move not in ("advance", "set") and value:
        fail(f"clock {move} takes no value")
    bodies: dict[str, dict[str, object]] = {
        "advance": {"advance": value}, "set": {"set": value}, "freeze": {"freeze": True},
        "unfreeze": {"freeze": False}, "reset": {"reset": True}}
    whose = {"merchants_id": merchant} if merchant else {}
    if move:
        with patience("Moving the clock") as status, told(control, status, merchant):
            answer = control("POST", "/clock", {**bodies[move], **whose})
    else:
        answer = control("GET", "/clock", merchants_id=merchant)
    if out.is_json:
        out.json(answer)
    else:
        _print(answer, out, bool(merchant))


def _print(answer: Mapping[str, Any], out: Printer, of_merchant: bool) -> None:
    """Print a clock, and what was done while it was moved."""
    columns = OF_MERCHANT if of_merchant else COLUMNS
    done = answer.get("done", {})
    if out.is_for_people:
        out.row({**answer, "offset": offset_text(answer["offset_s"])},
                ["offset" if name == "offset_s" else name for name in columns])
        if done:
            click.echo(f"Processed {progress(done)}.")
    elif done:
        out.row({**answer, **done, "skipped": answer["skipped"]["attempts"]}, (*columns, *done, "skipped"))
    else:
        out.row(answer, columns)
    skipped = answer.get("skipped", {"attempts": 0})
    if skipped["attempts"]:
        note(f"Skipped {counted(skipped['attempts'], 'delivery attempt')}: no response in time from "
             f"{', '.join(skipped['receivers'])}.")


def progress(done: Mapping[str, int]) -> str:
    """What was done while a clock was moved: `3 order changes, 1 delivery attempt (1 delivered)`."""
    changes, attempts = done["changes"], done["attempts"]
    delivered = f" ({done['delivered']:,} delivered)" if attempts else ""
    return f"{counted(changes, 'order change')} and {counted(attempts, 'delivery attempt')}{delivered}"
