"""The list of orders, newest first."""
import json

from flask import Response

from ...base import clock
from ...domain.orders import Status
from ...domain.settlement import SCENES
from ...operations.unit import Present
from ...protocol.faults import fault_of
from ...store.order_states import STATES
from ..current import emulator
from . import curl, states
from .figures import figures
from .frame import Page, before, blueprint, chosen, narrowed, one_of, present, show, texts

PAGE = Page("orders", "M5 4h14v17l-3.5-2-3.5 2-3.5-2L5 21zM9 9h6M9 13h6")


@blueprint.get("/orders")
def orders() -> Response:
    """A page of the list, with its filters applied."""
    now, asked = present(), narrowed("status", "endpoint", "search")
    one_of(asked["status"], "status", (*STATES, *Status))
    one_of(asked["endpoint"], "endpoint", SCENES)
    tables = emulator().store.read()
    by_state = {"status": None, f"is_{asked['status']}": "yes"} if asked["status"] in STATES else {}
    found, rest = tables.lists.orders({**asked, **by_state, "merchants_id": chosen()}, now, before())
    broken = tables.lists.broken([order.id for order in found])
    rows = [(order, *states.state(order), _fault(broken.get(order.id)))
            for order in map(Present(tables).seen, found)]
    return show("orders", "orders", follows="order", rows=rows, rest=rest, asked=asked,
                figures=[] if before() else list(figures(tables)),
                is_narrowed=any(asked.values()),
                statuses=[*((name, texts()[name]) for name in STATES),
                          *((status, status) for status in Status)],
                makers=[(name, name) for name in SCENES],
                example="" if found or any(asked.values()) or before() else example(now))


def _fault(explanation: str | None) -> str:
    """The fault of a scenario in the explanation of an order's request; empty if there is none."""
    return fault_of(json.loads(explanation)) if explanation else ""


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
