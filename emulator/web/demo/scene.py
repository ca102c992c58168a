"""The template values of the demo's page: the shop's side, the buyer's side, and the gateway's side."""
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urljoin

from flask import url_for

from ...base import clock, money, urls
from ...domain.kinds import of_kind
from ...domain.orders import Order, Status
from ...domain.transitions import at
from ...domain.wallet_orders import WalletOrder
from ...store import Reader
from ...store.notebook import Page
from .. import drawn
from ..current import base_url, under_prefix
from ..emulator import Emulator
from . import actions, messages
from .belief import Belief, beliefs
from .clerk import ANSWERED, HEARD, LOST, MERCHANT, SENT
from .goods import total
from .stage import NAME, TROUBLE, payment_code, position
from .stories import STORIES, Sight, after, current

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
    shown_orders = [_gateway(tables, order, here.settings.timezone, now) for order in reversed(orders)]
    sight, view = _seen(step.sight, orders, payment_code(here.settings.seed, where.run), language)
    return {
        "stories": STORIES, "story": story, "following": after(story), "caption": story.caption(step),
        "where": where, "place": step.place,
        "basket": story.goods, "total": total(story.goods),
        "shop": NAME, "merchants_id": MERCHANT, "beliefs": beliefs(pages),
        "lines": [_line(page) for page in pages if page.kind in WRITTEN],
        "messages": messages.since(where.at, pages,
                                   [row for order in shown_orders for row in order["history"]]),
        "orders": shown_orders,
        "sight": sight, "view": view,
        "phone": drawn.qr(urljoin(base_url(), view)) if sight is Sight.ORDER and _waits(orders[-1]) else None,
        "code": orders[-1].page_token if sight is Sight.CODE else ""}


def _line(page: Page) -> Mapping[str, Any]:
    """A line of the shop's notebook."""
    return {"signed": None, **page.entry, "id": page.id, "kind": page.kind, "about": messages.text_of(page)}


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
        "number": order.out_trade_no, "standing": _standing(order),
        "amount": money.display(order.amount, order.currency),
        "cny": money.display(order.cny, "CNY") if order.was_paid and of_kind(WalletOrder, order) else "",
        "history": list(_history(tables, order, zone)),
        "notifications": [{"status": notification.status, "attempts": notification.attempts}
                          for notification in notifications],
        "fields": {"endpoint": order.endpoint, "out_trade_no": order.out_trade_no,
                   "status": order.state_at(now), "trans_id": order.trans_id}}


def _standing(order: Order) -> Belief:
    """What the gateway knows about the payment."""
    if order.was_paid:
        return Belief.PAID
    return Belief.WAITING if _waits(order) else Belief.REFUSED


def _history(tables: Reader, order: Order, zone: str) -> Iterator[Mapping[str, Any]]:
    for row in tables.orders.history(order.merchants_id, order.out_trade_no).rows:
        yield {"id": row["id"], "at": row["at"], "time": clock.spaced(row["at"], zone)[11:],
               "event": row["event"], "cause": row["cause"]}
