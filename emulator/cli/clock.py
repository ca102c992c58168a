"""The command `clock`."""
import click

from .command import main, patience, show, with_control
from .remote import Control, fail

COLUMNS = ("now", "offset_s", "frozen")


@main.command()
@click.argument("move", required=False, metavar="[advance|set|freeze|unfreeze|reset]",
                type=click.Choice(["advance", "set", "freeze", "unfreeze", "reset"]))
@click.argument("value", required=False)
@with_control
def clock(control: Control, as_json: bool, move: str | None, value: str | None) -> None:
    """Show or move the clock: `clock advance 15m`, `clock set 2026-01-31T12:00:00Z`, `clock freeze`."""
    if move in ("advance", "set") and not value:
        fail(f"clock {move} needs {'a duration' if move == 'advance' else 'a time, ISO 8601'}")
    bodies = {"advance": {"advance": value}, "set": {"set": value}, "freeze": {"freeze": True},
              "unfreeze": {"freeze": False}, "reset": {"reset": True}}
    with patience("Time passes, and what falls due is done"):
        answer = control("POST", "/clock", bodies[move]) if move else control("GET", "/clock")
    if as_json or not move:
        show(answer, as_json, COLUMNS)
        return
    done, skipped = answer["done"], answer["skipped"]
    show({**answer, **done, "skipped": skipped["attempts"]}, False, (*COLUMNS, *done, "skipped"))
    if skipped["attempts"]:
        click.echo(f"Skipped {skipped['attempts']} attempts of notifications: no answer in time from "
                   f"{', '.join(skipped['receivers'])}.", err=True)
