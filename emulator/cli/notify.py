"""The command `notify`."""
import click

from .command import ListedByDefault, examples, main, more, paged, with_control
from .printing import Printer
from .remote import Control

COLUMNS = ("id", "merchants_id", "out_trade_no", "notify_type", "status", "attempts", "due_at", "created_at")
PEOPLE = ("id", "created_at", "merchants_id", "out_trade_no", "notify_type", "status", "attempts", "due_at")
ATTEMPTS = ("at", "status_code", "delivered", "took_ms", "answer", "error")
LEAST = ("created_at", "due_at", "merchants_id", "attempts")


@main.group(cls=ListedByDefault,
            epilog=examples("tgpay-emulator notify --status failed", "tgpay-emulator notify show 12",
                            "tgpay-emulator notify replay 12"))
def notify() -> None:
    """List notifications, or show or resend one."""


@notify.command("list", epilog=examples("tgpay-emulator notify list --merchant 201703200001",
                                        "tgpay-emulator notify list --status failed --format json"))
@click.option("--merchant", metavar="NUMBER", help="only of this merchant")
@click.option("--order", metavar="NUMBER", help="only of this order")
@click.option("--status", type=click.Choice(["pending", "delivered", "failed"]), help="only with this status")
@paged
@with_control
def notify_list(control: Control, out: Printer, merchant: str | None, order: str | None, status: str | None,
                **page: int | bool | str | None) -> None:
    """List notifications, newest first."""
    answer = control("GET", "/notifications", merchants_id=merchant, out_trade_no=order, status=status,
                     **page)
    if out.is_json:
        out.json(answer)
        return
    items = [{**item, "attempts": len(item["attempts"])} for item in answer["items"]]
    out.rows(items, COLUMNS, LEAST, people=PEOPLE, none="No notifications.")
    more(out, answer)


@notify.command("show", epilog=examples("tgpay-emulator notify show 12"))
@click.argument("number", type=int, metavar="ID")
@with_control
def notify_show(control: Control, out: Printer, number: int) -> None:
    """Show a notification with what was sent and every attempt."""
    answer = control("GET", f"/notifications/{number}")
    if not out.is_for_people:
        out.row({**answer, "attempts": len(answer["attempts"])} if not out.is_json else answer, COLUMNS)
        return
    sent = answer["request"]
    out.record({**answer, "attempts": len(answer["attempts"]), "request": f"{sent['method']} {sent['url']}",
                "body": sent["body"]}, (*COLUMNS, "request", "body"))
    if answer["attempts"]:
        out.title("Attempts")
        out.rows(answer["attempts"], ATTEMPTS, ("took_ms",), wrapped="answer")


@notify.command(epilog=examples("tgpay-emulator notify replay 12"))
@click.argument("number", type=int, metavar="ID")
@with_control
def replay(control: Control, out: Printer, number: int) -> None:
    """Resend a notification."""
    answer = control("POST", f"/notifications/{number}/replay")
    if out.is_json:
        out.json(answer)
        return
    last = answer["attempts"][-1]
    out.row({**answer, "status_code": last["status_code"], "error": last["error"]},
            ("id", "notify_type", "status", "status_code", "error"))
