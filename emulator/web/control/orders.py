"""Orders with their history, and events that can be triggered on them."""
import json
from typing import Any

from werkzeug.wrappers import Response

from ...base import money
from ...domain.orders import Status
from ...operations import orders, wallet_payments
from ...operations.kinds import EVENTS, OF_CARDS, OF_EVERY_KIND
from ...operations.unit import Present, order_of
from ...protocol.codes import BUYER_FAILURES
from ...protocol.response_codes import DECLINED, RESPONSE_CODES, CardStatus
from .answers import as_json, listed
from .calls import Call
from .documents import (
    LEFT_OUT, NOTIFICATION, ORDER, ORDER_MEMBERS, instant, notifications_json, order_json)
from .interface import operation
from .queries import MERCHANT, PAGED, Query, choice
from .schemas import BY_NUMBER, BY_TEXT, amount, by_name, component, listing, many, moment, text, whole

EVENT_BODY = {
    "error": {"type": "string", "enum": list(BUYER_FAILURES),
              "description": f"the error with which a wallet declines; {wallet_payments.DEFAULT_REASON} by "
                             f"default"},
    "code": {"type": "string",
             "enum": [code for code, row in RESPONSE_CODES.items() if row.status is CardStatus.FAILED],
             "description": f"the response code with which a card payment fails; {DECLINED} by default"}}
REFUND = component("Refund", "A refund or a cancellation of a paid order.", {
    "merchants_id": text("the merchant"), "out_trade_no": text("the order"),
    "partner_refund_id": text("the merchant's refund number"),
    "reason": text("the reason; empty if none was sent"),
    "kind": text("refund, cancel, or reversed after a reversal"), "amount": amount("in the order's currency"),
    "at": moment("when it was created")})
HISTORY_LINE = component("HistoryLine", "An event in the history of an order.", {
    "id": whole("a number that is unique over all orders"), "at": moment("time of the event"),
    "event": text("what happened"), "cause": text("its cause: an endpoint, payer, control or clock"),
    "status": text("`trade_status` after it"), "detail": by_name(BY_TEXT, "more details")})
ORDER_STORY = component("OrderStory", "An order with its history, refunds and notifications.", {
    **ORDER_MEMBERS, "injected": many(BY_TEXT, "the discrepancies that a scenario injects in its settlement"),
    "history": many(HISTORY_LINE, "the events, oldest first"),
    "refunds": many(REFUND, "oldest first"),
    "notifications": many(NOTIFICATION, "oldest first"), "left_out": LEFT_OUT}, optional=("left_out",))


@operation("GET", "/orders", "orders, oldest first unless newest_first is true",
           (MERCHANT, choice("status", "only orders in this state", *Status),
            Query("search", "only orders whose number contains this text"), *PAGED),
           returns=listing("OrderList", ORDER, BY_NUMBER))
def list_orders(call: Call) -> Response:
    """A page of orders."""
    after, limit = call.paging()
    tables = call.tables()
    wanted, present = call.asked("merchants_id", "status", "search"), Present(tables)
    found = tables.orders.page(tables.clock.now(), wanted["merchants_id"], wanted["status"], after, limit,
                               call.is_newest_first(), wanted["search"])
    return listed((order_json(present.seen(order), call.emulator.prefix) for order in found), limit)


@operation("GET", "/orders/<merchants_id>/<number:out_trade_no>",
           "an order with its history, refunds and notifications; if there are very many, only the newest, "
           "and left_out has the numbers of the others", returns=ORDER_STORY)
def get_order(call: Call, merchants_id: str, out_trade_no: str) -> Response:
    """An order with its history, refunds and notifications."""
    tables = call.tables()
    order = Present(tables).seen(order_of(tables, merchants_id, out_trade_no))
    lines = tables.orders.history(merchants_id, out_trade_no)
    refunds = tables.orders.refunds(merchants_id, out_trade_no)
    notifications, notifications_left_out = notifications_json(tables, merchants_id, out_trade_no)
    history = [{"id": row["id"], "at": instant(row["at"]), "event": row["event"], "cause": row["cause"],
                "status": row["status"],
                "detail": json.loads(row["detail"])} for row in lines.rows]
    injected = dict.fromkeys(word for line in history for word in line["detail"].get("injected", "").split())
    left_out = {"history": lines.left_out, "refunds": refunds.left_out,
                "notifications": notifications_left_out}
    story = {**order_json(order, call.emulator.prefix), "injected": list(injected), "history": history,
             "refunds": [_refund_json(row) for row in refunds.rows], "notifications": notifications}
    return as_json({**story, "left_out": left_out} if any(left_out.values()) else story)


def _refund_json(row: Any) -> dict[str, Any]:
    """A row of the table of refunds as JSON."""
    names = ("merchants_id", "out_trade_no", "partner_refund_id", "reason", "kind")
    as_stored = {name: row[name] for name in names}
    return {**as_stored, "amount": money.text(row["amount"]), "at": instant(row["at"])}


@operation("POST", "/orders/<merchants_id>/<number:out_trade_no>/<event>",
           f"trigger an event of an order: {', '.join(OF_EVERY_KIND)}; "
           f"of a card order also {', '.join(OF_CARDS)}",
           body={"properties": EVENT_BODY}, words={"event": EVENTS}, returns=ORDER, problems=(409,))
def trigger_order_event(call: Call, merchants_id: str, out_trade_no: str, event: str) -> Response:
    """Trigger an event of an order, such as a payment, and return the order after it."""
    order = orders.trigger(call.emulator.units, merchants_id, out_trade_no, event, call.body())
    return as_json(order_json(order, call.emulator.prefix))
