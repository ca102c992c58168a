"""An order's whole story on one page."""
from collections.abc import Callable, Iterator

from flask import Response

from ...base import money
from ...domain.orders import Order
from ...domain.transitions import at
from ...operations.unit import order_by_id
from ..control.documents import page_of
from ..current import emulator
from . import acts, states, timeline
from .acts import offered
from .frame import blueprint, present, show, texts

ROWS = (
    *acts.ROWS, *timeline.ROWS,
    ("story", "Story", "全过程"),
    ("still_to_come", "Still to come", "尚未发生"),
    ("rate", "Rate", "汇率"),
    ("pay_type", "Pay type", "支付方式"),
    ("trade_number", "Trade number", "交易号"),
    ("buyer", "Buyer", "买家"),
    ("refunded_amount", "Refunded", "已退款"),
    ("refundable", "Left", "剩余"),
    ("made_at", "Made", "创建时间"),
    ("expires_at", "Time limit", "支付期限"),
    ("paid_at", "Paid", "支付时间"),
    ("closed_at", "Closed", "关闭时间"),
    ("notify_url", "Notified at", "通知地址"),
    ("card", "Card", "银行卡"),
    ("response_code", "Response code", "返回码"),
    ("buyer_failure", "Last failure", "最近一次失败"),
    ("picture", "QR code: scan it to pay on a phone", "二维码：用手机扫码付款"),
    ("payers_page", "What the payer sees", "付款人页面"),
    ("more_details", "What else was told", "其他信息"),
)


@blueprint.get("/orders/<id:order_id>")
def order(order_id: int) -> Response:
    """The story of one order, and what can be done to it."""
    tables, now = emulator().store.read(), present()
    found = at(order_by_id(tables, order_id), now)
    merchant = tables.merchants.find(found.merchants_id)
    moments, left_out = timeline.timeline(tables, found, now)
    word, colour = states.state(found)
    number = f"{found.merchants_id}C{found.id}x{tables.orders.count_history(found.merchants_id, found.out_trade_no)}"
    return show("order", "orders", follows="order request notification", order=found, word=word, colour=colour, merchant=merchant,
                moments=moments, acts=offered(found, now), number=number, facts=list(_facts(found)), cny_of=_in_cny(found),
                page_of=page_of(found), left_out=left_out, happened=sum(moment.at <= now for moment in moments))


def _in_cny(order: Order) -> Callable[[str], str]:
    """What an amount of an order, in major units, is in CNY."""
    return lambda written: money.text(money.convert(money.minor(written), order.rate))


def _facts(order: Order) -> Iterator[tuple[str, str | int | None]]:
    """Names and values for the top of the page; numbers are instants."""
    said = texts()
    yield said.rate, f"1 {order.currency} = {money.rate_number(order.rate)} CNY"
    yield said.endpoint, order.endpoint
    yield said.pay_type, order.pay_type
    yield said.made_at, order.created_at
    yield said.expires_at, order.expires_at if not order.was_paid else None
    yield said.paid_at, order.paid_at
    yield said.closed_at, order.closed_at
    yield said.trade_number, order.trans_id
    yield said.buyer, " ".join(filter(None, (order.buyer_login, order.buyer_id)))
    yield said.buyer_failure, order.failure
    if order.refunded:
        yield said.refunded_amount, f"{order.currency} {money.text(order.refunded)}"
        yield said.refundable, f"{order.currency} {money.text(order.left)}"
    for name, value, sentence in order.facts():
        yield said[name], f"{value} {said.told(sentence)}" if sentence else value
    yield said.notify_url, order.shown_notify_url
