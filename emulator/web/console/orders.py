"""The orders, newest first."""
from flask import Response

from ...base import clock
from ...domain.settlement import SCENES
from ...domain.transitions import at
from ..current import emulator
from . import curl, order, states
from .frame import Page, before, blueprint, chosen, narrowed, one_of, present, show, texts

TEXTS = (
    *states.ROWS, *order.ROWS,
    ("orders", "Orders", "订单"),
    ("orders_hint", "Number, trade number, reference or amount", "订单号、交易号、备注或金额"),
    ("orders_empty", "No orders yet", "还没有订单"),
    ("orders_empty_more", "Orders appear here by themselves. Paste this signed request for a QR order into a terminal for the first one.",
     "新订单会自动出现在这里。将下面已签名的二维码下单请求粘贴到终端，即可创建第一笔："),
    ("reference", "Reference", "备注"),
)
PAGE = Page("orders", "M5 4h14v17l-3.5-2-3.5 2-3.5-2L5 21zM9 9h6M9 13h6", TEXTS)


@blueprint.get("/orders")
def orders() -> Response:
    """A page of the list, narrowed as its filter says."""
    now, asked = present(), narrowed("status", "endpoint", "search")
    one_of(asked["status"], "status", states.STATUSES)
    one_of(asked["endpoint"], "endpoint", SCENES)
    found, rest = emulator().store.read().lists.orders({**asked, "merchants_id": chosen()}, now, before())
    rows = [(order, *states.state(order)) for order in (at(order, now) for order in found)]
    return show("orders", "orders", follows="order", rows=rows, rest=rest, asked=asked, is_narrowed=any(asked.values()),
                statuses=[(status, texts()[word]) for status, word in states.STATUSES.items()], makers=[(name, name) for name in SCENES],
                example="" if found or any(asked.values()) or before() else example(now))


def example(now: int) -> str:
    """A command that makes a QR order, of the merchant that is looked at."""
    tables = emulator().store.read()
    merchant = tables.merchants.find(chosen() or "") or next(tables.merchants.page("", 1), None)
    if merchant is None:
        return ""
    number = f"{merchant.merchants_id}{clock.compact(now, emulator().settings.timezone)}"
    return curl.signed("tgpayqrcode", "GET", {
        "merchants_id": merchant.merchants_id, "out_trade_no": number, "trans_amount": "8.00", "pay_type": "alipay",
        "reference": "My first order"}, merchant.token)
