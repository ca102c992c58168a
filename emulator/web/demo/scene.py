"""What the page of the demo shows: the shop's notebook and beliefs, what the buyer sees, and the orders as
the gateway has them.
"""
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urljoin

from flask import url_for

from ...base import clock, money, urls
from ...domain.orders import Order, Status
from ...domain.transitions import at
from ...store import Reader
from ...store.notebook import Page
from .. import drawn
from ..current import Emulator, base_url, under_prefix
from . import acts
from .belief import beliefs
from .clerk import ANSWERED, HEARD, LOST, MERCHANT, SENT
from .goods import total
from .stage import NAME, TROUBLE, payment_code, position
from .stories import STORIES, Sight, told

# the fields that say how a request or a payment went
TELLING = ("result_code", "trade_status", "status", "detail_error_code", "error")
WRITTEN = (SENT, ANSWERED, LOST, HEARD, TROUBLE)


def shown(here: Emulator, language: str) -> dict[str, Any]:
    """All that the template needs; `language` is the page's, and the buyer's pages are asked for the same."""
    tables = here.store.read()
    where = position(tables)
    assert where is not None
    story, step = told(where)
    now = tables.clock.now()
    orders = [at(order, now) for order in tables.orders.page(now, MERCHANT, None, 0, 100)]
    pages = tables.notebook.pages(MERCHANT)
    sight, view = _seen(step.sight, orders, payment_code(here.settings.seed, where.run), language)
    return {
        "stories": STORIES, "story": story, "caption": story.caption(step), "where": where,
        "basket": story.goods, "total": total(story.goods),
        "shop": NAME, "merchants_id": MERCHANT, "beliefs": beliefs(pages),
        "lines": [_line(page) for page in pages if page.kind in WRITTEN],
        "orders": [_gateway(tables, order, here.settings.timezone, now) for order in reversed(orders)],
        "sight": sight, "view": view,
        "phone": drawn.qr(urljoin(base_url(), view)) if sight is Sight.ORDER and _waits(orders[-1]) else None,
        "code": orders[-1].page_token if sight is Sight.CODE else ""}


def _line(page: Page) -> Mapping[str, Any]:
    """A line of the shop's notebook."""
    fields = page.entry.get("fields", {})
    said = list(dict.fromkeys(fields[name] for name in TELLING if fields.get(name)))
    return {"signed": None, **page.entry, "id": page.id, "kind": page.kind,
            "said": said if page.kind != SENT else []}


def _seen(sight: Sight, orders: list[Order], code: str, language: str) -> tuple[Sight, str]:
    """What the buyer sees, and the address of the page that shows it; the counter's code gives way to the
    wallet when the order is over.
    """
    if sight in (Sight.PHONE, Sight.EMPTY):
        shown = code if sight is Sight.PHONE else acts.NO_MONEY
        return sight, url_for("payment_code.show", wallet="alipay", code=shown, lang=language)
    if sight is Sight.GOODS or not orders:
        return Sight.GOODS, ""
    order = orders[-1]
    if sight is Sight.CODE and _waits(order):
        return Sight.CODE, ""
    return Sight.ORDER, urls.with_query(under_prefix(order.present_page), {"lang": language})


def _waits(order: Order) -> bool:
    """Whether the buyer may do something."""
    return order.status is Status.WAIT_BUYER_PAY


def _gateway(tables: Reader, order: Order, zone: str, now: int) -> Mapping[str, Any]:
    """An order as the gateway has it."""
    return {
        "number": order.out_trade_no, "endpoint": order.endpoint, "status": order.state_at(now),
        "paid": order.was_paid,
        "amount": f"{order.currency} {money.text(order.amount)}",
        "cny": f"CN¥ {money.text(order.cny)}" if order.was_paid else "",
        "history": list(_history(tables, order, zone)),
        "notifications": [{"type": notification.notify_type, "status": notification.status,
                           "attempts": notification.attempts}
                          for notification in tables.notifications.of_order(order.merchants_id,
                                                                            order.out_trade_no)[0]]}


def _history(tables: Reader, order: Order, zone: str) -> Iterator[Mapping[str, str]]:
    for row in tables.orders.history(order.merchants_id, order.out_trade_no).rows:
        yield {"time": clock.spaced(row["at"], zone)[11:], "event": row["event"], "cause": row["cause"],
               "status": row["status"]}
