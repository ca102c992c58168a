"""The page of an order: its facts, its timeline, and the actions on it."""
from collections.abc import Callable, Iterator

from flask import Response

from ...base import money
from ...domain.orders import Order
from ...domain.transitions import at
from ...operations.unit import order_by_id
from ...protocol.test_cards import CHARGED_BACK
from ...terminal import is_partial
from ..current import emulator, under_prefix
from . import states, timeline
from .actions import offered
from .frame import blueprint, present, show, texts


@blueprint.get("/orders/<id:order_id>")
def order(order_id: int) -> Response:
    """The page of one order."""
    tables = emulator().store.read()
    stored = order_by_id(tables, order_id)
    now = present(stored.merchants_id)
    found = at(stored, now)
    merchant = tables.merchants.find(found.merchants_id)
    moments, left_out = timeline.timeline(tables, found, now)
    word, colour = states.state(found)
    changes = tables.orders.count_history(found.merchants_id, found.out_trade_no)
    number = f"{found.merchants_id}C{found.id}x{changes}"
    return show("order", "orders", follows="order request notification", order=found, word=word,
                colour=colour, merchant=merchant,
                moments=moments, acts=offered(found, now), number=number, facts=list(_facts(found)),
                cny_of=_in_cny(found), requested=_requested(found),
                page_of=under_prefix(found.page_path), left_out=left_out,
                happened=sum(moment.at <= now for moment in moments))


def _requested(order: Order) -> int | None:
    """The amount that the merchant requested, in minor units, if only a part of it was approved."""
    transaction = order.transaction
    return transaction.requested if transaction and is_partial(transaction) else None


def _in_cny(order: Order) -> Callable[[str], str]:
    """A function that shows in CNY an amount of the order, which is decimal text in major units."""
    return lambda written: money.display(money.convert(money.minor(written), order.rate), "CNY")


def _facts(order: Order) -> Iterator[tuple[str, str | int | None]]:
    """The names and values at the top of the page; numbers are instants in milliseconds."""
    said = texts()
    yield said.rate, f"1 {order.currency} = {money.rate_number(order.rate)} CNY"
    yield said.endpoint, order.endpoint
    yield said.pay_type, order.pay_type
    yield said.made_at, order.created_at
    yield said.expires_at, order.expires_at if order.closed_at is None and not order.was_paid else None
    yield said.paid_at, order.paid_at
    yield said.closed_at, order.closed_at
    yield said.trade_number, order.trans_id
    yield said.buyer, " ".join(filter(None, (order.buyer_login, order.buyer_id)))
    yield said.buyer_failure, order.failure
    if order.refunded:
        yield said.refunded_amount, money.display(order.refunded, order.currency)
        yield said.refundable, money.display(order.left, order.currency)
    for name, value, sentence in order.facts():
        if order.is_charged_back and value == CHARGED_BACK:
            sentence = said.charged_back
        yield said[name], f"{value} {said.message(sentence)}" if sentence else value
    yield said.notify_url, order.shown_notify_url
