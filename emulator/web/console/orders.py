"""The list of orders, newest first."""
from collections.abc import Iterator

from flask import Response
from msgspec import Struct

from ...base import clock, money
from ...domain.settlement import SCENES
from ...operations.unit import Present
from ...store import Reader
from ...store.figures import MOST
from ..current import emulator
from . import curl, states
from .frame import Page, before, blueprint, chosen, clocked, narrowed, one_of, present, show, texts, to

PAGE = Page("orders", "M5 4h14v17l-3.5-2-3.5 2-3.5-2L5 21zM9 9h6M9 13h6")


class Figure(Struct, frozen=True):
    """A figure above the list: its name, its value, more about it, where it leads, and a state's colour."""

    name: str
    value: str
    more: str
    address: str = ""
    colour: str = ""


@blueprint.get("/orders")
def orders() -> Response:
    """A page of the list, with its filters applied."""
    now, asked = present(), narrowed("status", "endpoint", "search")
    one_of(asked["status"], "status", states.STATUSES)
    one_of(asked["endpoint"], "endpoint", SCENES)
    tables = emulator().store.read()
    found, rest = tables.lists.orders({**asked, "merchants_id": chosen()}, now, before())
    rows = [(order, *states.state(order)) for order in map(Present(tables).seen, found)]
    return show("orders", "orders", follows="order", rows=rows, rest=rest, asked=asked,
                figures=[] if before() else list(_figures(tables)),
                is_narrowed=any(asked.values()),
                statuses=[(status, texts()[word]) for status, word in states.STATUSES.items()],
                makers=[(name, name) for name in SCENES],
                example="" if found or any(asked.values()) or before() else example(now))


def _figures(tables: Reader) -> Iterator[Figure]:
    """What the page says above the list: of the merchant in the filter, or of all."""
    merchants_id, figures, said = chosen() or "", tables.figures, texts()
    now, zone = present(clocked(tables)), emulator().settings.timezone
    today = clock.day_start(clock.moment(now, zone).date(), zone)
    for name, number, totals in (
            (said.figure_paid, said.figure_payments, figures.payments(merchants_id, today)),
            (said.figure_refunded, said.figure_refunds, figures.refunds(merchants_id, today))):
        yield Figure(name, " + ".join(money.display(total.amount, total.currency) for total in totals) or "0",
                     said.numbered(number, sum(total.number for total in totals)) if totals else "")
    failed, busy = figures.failed_notifications(merchants_id), figures.busy_terminals(merchants_id)
    yield Figure(said.figure_failed, _counted(failed), "", to("notifications", status="failed"),
                 "bad" if failed else "")
    yield Figure(said.figure_terminals, _counted(busy), "", to("terminals"), "wait" if busy else "")


def _counted(number: int) -> str:
    return f"{number - 1}+" if number == MOST else str(number)


def example(now: int) -> str:
    """A curl command that makes a QR order of the merchant in the filter, or of the first one."""
    tables = emulator().store.read()
    merchant = tables.merchants.find(chosen() or "") or next(tables.merchants.page("", 1), None)
    if merchant is None:
        return ""
    number = f"{merchant.merchants_id}{clock.compact(now, emulator().settings.timezone)}"
    return curl.signed("tgpayqrcode", "GET", {
        "merchants_id": merchant.merchants_id, "out_trade_no": number, "trans_amount": "8.00",
        "pay_type": "alipay", "reference": "My first order"}, merchant.token)
