"""Commands about merchants, orders and notifications, and the reset."""
from urllib import parse

import click

from .command import ListedByDefault, main, show, with_control
from .remote import Control


@main.command()
@click.option("--merchant", help="only this merchant")
@with_control
def reset(control: Control, as_json: bool, merchant: str | None) -> None:
    """Reset to the seed data."""
    show(control("POST", "/reset", merchants_id=merchant), as_json, ("reset",))


@main.command()
@with_control
def merchants(control: Control, as_json: bool) -> None:
    """List the merchants with their tokens."""
    show(control("GET", "/merchants", limit=1000), as_json, ("merchants_id", "token", "name", "currency"))


@main.command()
@click.option("--merchant", help="only for this merchant")
@click.option("--status", help="only with this status")
@click.option("--after", type=int, default=0, help="the last id seen")
@click.option("--limit", type=int, default=100, show_default=True)
@click.argument("number", required=False, metavar="[MERCHANTS_ID/OUT_TRADE_NO]")
@with_control
def orders(control: Control, as_json: bool, merchant: str | None, status: str | None, after: int, limit: int,
           number: str | None) -> None:
    """List orders, or print one with its timeline as JSON."""
    if number:
        merchants_id, _, out_trade_no = number.partition("/")
        path = "/".join(parse.quote(part, safe="") for part in (merchants_id, out_trade_no))
        show(control("GET", f"/orders/{path}"), True)
        return
    show(control("GET", "/orders", merchants_id=merchant, status=status, after=after, limit=limit), as_json,
         ("id", "merchants_id", "out_trade_no", "endpoint", "trans_amount", "currency", "status"))


@main.group(cls=ListedByDefault)
def notify() -> None:
    """List notifications and resend them."""


@notify.command("list")
@click.option("--merchant", help="only for this merchant")
@click.option("--order", help="only for this order")
@click.option("--status", type=click.Choice(["pending", "delivered", "failed"]), help="only with this status")
@click.option("--after", type=int, default=0, help="the last id seen")
@click.option("--limit", type=int, default=100, show_default=True)
@with_control
def notify_list(control: Control, as_json: bool, merchant: str | None, order: str | None, status: str | None,
                after: int,
                limit: int) -> None:
    """List notifications."""
    answer = control("GET", "/notifications", merchants_id=merchant, out_trade_no=order, status=status,
                     after=after, limit=limit)
    for item in answer["items"] if not as_json else []:
        item["attempts"] = len(item["attempts"])
    show(answer, as_json, ("id", "merchants_id", "out_trade_no", "notify_type", "status", "attempts",
                           "due_at"))


@notify.command()
@click.argument("number", type=int)
@with_control
def replay(control: Control, as_json: bool, number: int) -> None:
    """Resend a notification."""
    answer = control("POST", f"/notifications/{number}/replay")
    last = answer["attempts"][-1]
    show(answer if as_json else {**answer, "status_code": last["status_code"], "error": last["error"]},
         as_json,
         ("id", "notify_type", "status", "status_code", "error"))
