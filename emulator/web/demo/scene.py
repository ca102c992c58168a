"""The template values of the demo's page: the shop's side, the buyer's side, and the gateway's side."""
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
from . import actions
from .belief import beliefs
from .clerk import ANSWERED, HEARD, LOST, MERCHANT, SENT
from .goods import total
from .stage import NAME, TROUBLE, payment_code, position
from .stories import STORIES, Sight, current

# The fields that tell the result of a request or payment.
TELLING = ("result_code", "trade_status", "status", "detail_error_code", "error")
WRITTEN = (SENT, ANSWERED, LOST, HEARD, TROUBLE)


def shown(here: Emulator, language: str) -> dict[str, Any]:
    """The template values of the page; `language` is the language of the page and of the buyer's pages."""
    tables = here.store.read()
    where = position(tables)
    assert where is not None
    story, step = current(where)
    now = tables.clock.now(MERCHANT)
    orders = [at(order, now) for order in tables.orders.page(tables.clock.now(), MERCHANT, None, 0, 100)]
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
    """What the buyer sees, and the URL of the page that shows it; empty if there is none.

    The QR code at the counter is replaced by the order's page when the order no longer waits.
    """
    if sight in (Sight.PHONE, Sight.EMPTY):
        shown = code if sight is Sight.PHONE else actions.NO_MONEY
        return sight, url_for("payment_code.show", wallet="alipay", code=shown, lang=language)
    if sight is Sight.GOODS or not orders:
        return Sight.GOODS, ""
    order = orders[-1]
    if sight is Sight.CODE and _waits(order):
        return Sight.CODE, ""
    return Sight.ORDER, urls.with_query(under_prefix(order.present_page), {"lang": language})


def _waits(order: Order) -> bool:
    """Whether the order waits for the buyer."""
    return order.status is Status.WAIT_BUYER_PAY


def _gateway(tables: Reader, order: Order, zone: str, now: int) -> Mapping[str, Any]:
    """An order as the gateway sees it, with its history and notifications."""
    notifications, _ = tables.notifications.of_order(order.merchants_id, order.out_trade_no)
    return {
        "number": order.out_trade_no, "endpoint": order.endpoint, "status": order.state_at(now),
        "paid": order.was_paid,
        "amount": f"{order.currency} {money.text(order.amount)}",
        "cny": f"CN¥ {money.text(order.cny)}" if order.was_paid else "",
        "history": list(_history(tables, order, zone)),
        "notifications": [{"type": notification.notify_type, "status": notification.status,
                           "attempts": notification.attempts}
                          for notification in notifications]}


def _history(tables: Reader, order: Order, zone: str) -> Iterator[Mapping[str, str]]:
    for row in tables.orders.history(order.merchants_id, order.out_trade_no).rows:
        yield {"time": clock.spaced(row["at"], zone)[11:], "event": row["event"], "cause": row["cause"],
               "status": row["status"]}
