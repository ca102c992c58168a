"""The command `orders`."""
import json
from collections.abc import Iterator
from typing import Any

import click

from . import lookup
from .command import examples, main, more, paged, with_control
from .printing import Printer
from .remote import Control

COLUMNS = ("id", "merchants_id", "out_trade_no", "endpoint", "trans_amount", "currency", "status", "code",
           "error", "created_at")
PEOPLE = ("id", "created_at", "merchants_id", "out_trade_no", "endpoint", "trans_amount", "status", "outcome")
LEAST = ("endpoint", "created_at", "id", "merchants_id")


@main.command(epilog=examples(
    "tgpay-emulator orders --merchant 201703200001", "tgpay-emulator orders --status WAIT_BUYER_PAY",
    "tgpay-emulator orders 201703200001/0607007_204901202", "tgpay-emulator orders 0607007"))
@click.option("--merchant", metavar="NUMBER", help="only of this merchant")
@click.option("--status", metavar="STATUS", help="only with this status, such as TRADE_SUCCESS")
@paged
@click.argument("number", required=False, metavar="[[MERCHANTS_ID/]OUT_TRADE_NO]")
@with_control
def orders(control: Control, out: Printer, merchant: str | None, status: str | None, number: str | None,
           **page: int | bool | str | None) -> None:
    """List orders, newest first, or show one with its timeline.

    A part of an order number, or its id, is enough if it is clear which order is meant. One order is printed
    as JSON except in a terminal.
    """
    if number:
        _show(lookup.find(control, number), out)
        return
    answer = control("GET", "/orders", merchants_id=merchant, status=status, **page)
    if out.is_json:
        out.json(answer)
        return
    items = [{**item, "code": code_of(item), "outcome": _outcome(item)} for item in answer["items"]]
    out.rows(items, COLUMNS, LEAST, people=PEOPLE, none="No orders.")
    more(out, answer)


def code_of(order: dict[str, Any]) -> str:
    """The response code of a card order, such as 3084; empty for other orders."""
    return str((order["card"] or {}).get("resp_code", ""))


def _outcome(order: dict[str, Any]) -> str:
    """What people see of the outcome beside the status: a response code, or why the payment failed."""
    return code_of(order) or str(order["error"])


def _show(order: dict[str, Any], out: Printer) -> None:
    """Print one order: for people the essential facts, the timeline and the notifications."""
    if not out.is_for_people:
        out.json(order)
        return
    out.record({**order, **dict(_facts(order))}, (
        "out_trade_no", "merchants_id", "id", "endpoint", "status", "outcome", "trans_amount",
        "refund_amount", "created_at", "expires_at", "paid_at", "closed_at", "notify_url"))
    out.title("Timeline")
    lines = [{**line, "detail": _detail(line["detail"])} for line in order["history"]]
    out.rows(lines, ("at", "event", "cause", "status", "detail"), wrapped="detail")
    if order["notifications"]:
        out.title("Notifications")
        items = [{**item, "attempts": len(item["attempts"])} for item in order["notifications"]]
        out.rows(items, ("id", "created_at", "notify_type", "status", "attempts", "due_at"), ("created_at",))


def _facts(order: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The values of an order that people read differently than programs."""
    card = order["card"]
    yield "outcome", f"{card['resp_code']} {card['resp_msg']}".strip() if card else order["error"]
    if order["refund_amount"] == "0.00":
        yield "refund_amount", None
    if order["paid_at"] or order["closed_at"]:
        yield "expires_at", None


def _detail(detail: dict[str, Any]) -> str:
    return ", ".join(f"{name}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
                     for name, value in detail.items() if value not in ("", None))
