"""Commands about merchants, and the reset."""
import click

from .command import examples, main, with_control
from .printing import Printer
from .remote import Control


@main.command(epilog=examples("tgpay-emulator merchants", "tgpay-emulator merchants --format json"))
@with_control
def merchants(control: Control, out: Printer) -> None:
    """List the merchants with their tokens."""
    answer = control("GET", "/merchants", limit=1000)
    if out.is_json:
        out.json(answer)
        return
    out.rows(answer["items"], ("merchants_id", "token", "name", "currency"), wrapped="name")


@main.command(epilog=examples("tgpay-emulator reset --merchant 201703200001", "tgpay-emulator reset"))
@click.option("--merchant", metavar="NUMBER", help="only this merchant")
@with_control
def reset(control: Control, out: Printer, merchant: str | None) -> None:
    """Reset to the seed data: delete all orders.

    Orders, requests and notifications are deleted, and settings are as they were at the start: those of one
    merchant, or of all, with the clock and the active scenario.
    """
    answer = control("POST", "/reset", merchants_id=merchant)
    if out.is_for_people:
        click.echo(f"Reset {f'merchant {merchant}' if merchant else 'everything'} to the seed data.")
    else:
        out.row(answer, ("reset",))
