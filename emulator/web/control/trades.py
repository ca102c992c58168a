"""Orders, notifications and the journal."""
import json
from typing import Any

from flask import Response, jsonify

from ...base import money
from ...domain.notifications import NOTIFY_TYPES
from ...domain.orders import Order, Status
from ...domain.transitions import at
from ...gateway.handling import OK
from ...operations import card_payments, kinds, wallet_payments
from ...operations.outbox import FAILED, DELIVERED, PENDING
from ...operations.payments import BY_CONTROL, Payments
from ...operations.timers import caught_up
from ...protocol.codes import BUYER_FAILURES, REFUSALS, Refused
from ...protocol.response_codes import DECLINED, RESPONSE_CODES, CardStatus
from ...store import Tables
from ..current import emulator
from .documents import instant, journal_json, notification_json, notifications_json, order_json
from .interface import MERCHANT, PAGED, Problem, Query, asked, body, listed, operation, paging, wrong_value
from .queries import choice
from .state import known

ORDER = Query("out_trade_no", "only of this order")
DEFAULT_FAILURE = wallet_payments.DEFAULT_REASON
EVENT_BODY = {
    "error": {"enum": list(BUYER_FAILURES),
              "description": f"why a wallet declines; {DEFAULT_FAILURE} unless told"},
    "code": {"enum": [code for code, row in RESPONSE_CODES.items() if row.status is CardStatus.FAILED],
             "description": f"with which response code a card payment fails; {DECLINED} unless told"}}


def find(tables: Tables, merchants_id: str, out_trade_no: str) -> Order:
    """The order as it was last written down, or a problem."""
    known(tables, merchants_id)
    order = tables.orders.find(merchants_id, out_trade_no)
    if order is None:
        raise Problem(404, "Not Found", f"merchant {merchants_id} has no order {out_trade_no}")
    return order


@operation("GET", "/orders", "orders, oldest first",
           (MERCHANT, choice("status", "only in this state", *Status), *PAGED))
def list_orders() -> Response:
    """A page of orders."""
    after, limit = paging()
    tables = emulator().store.read()
    now = tables.clock.now()
    wanted = asked("merchants_id", "status")
    orders = tables.orders.page(now, wanted["merchants_id"], wanted["status"], after, limit)
    return listed((order_json(at(order, now)) for order in orders), limit)


@operation("GET", "/orders/<merchants_id>/<number:out_trade_no>",
           "an order with its history, refunds and notifications; of very many the newest, and left_out says how many more there are")
def get_order(merchants_id: str, out_trade_no: str) -> Response:
    """The whole story of an order."""
    tables = emulator().store.read()
    order = at(find(tables, merchants_id, out_trade_no), tables.clock.now())
    lines = tables.orders.history(merchants_id, out_trade_no)
    refunds = tables.orders.refunds(merchants_id, out_trade_no)
    notifications, notifications_left_out = notifications_json(tables, merchants_id, out_trade_no)
    history = [{"id": row["id"], "at": instant(row["at"]), "event": row["event"], "cause": row["cause"], "status": row["status"],
                "detail": json.loads(row["detail"])} for row in lines.rows]
    injected = dict.fromkeys(word for line in history for word in line["detail"].get("injected", "").split())
    left_out = {"history": lines.left_out, "refunds": refunds.left_out, "notifications": notifications_left_out}
    story = {**order_json(order), "injected": list(injected), "history": history,
             "refunds": [_refund_json(row) for row in refunds.rows], "notifications": notifications}
    return jsonify({**story, "left_out": left_out} if any(left_out.values()) else story)


def _refund_json(row: Any) -> dict[str, Any]:
    """A row of the table of refunds."""
    told = {name: row[name] for name in ("merchants_id", "out_trade_no", "partner_refund_id", "reason", "kind")}
    return {**told, "amount": money.text(row["amount"]), "at": instant(row["at"])}


@operation("POST", "/orders/<merchants_id>/<number:out_trade_no>/<event>",
           f"let something happen to an order: {', '.join(kinds.OF_EVERY_KIND)}; "
           f"to a card order also {', '.join(kinds.OF_CARDS)}",
           body={"properties": EVENT_BODY}, words={"event": kinds.EVENTS})
def act(merchants_id: str, out_trade_no: str, event: str) -> Response:
    """Pay, decline, expire or close an order as a payer or as time would; decide and charge back a card payment."""
    return jsonify(order_json(happen(merchants_id, out_trade_no, event, body())))


def happen(merchants_id: str, out_trade_no: str, event: str, given: dict[str, Any]) -> Order:
    """The order after an event; a wallet fails with the `error` that is given, a card with the `code`. Raises Problem."""
    reasons = {wallet_payments.REASON: _failure(given), card_payments.REASON: _card_code(given)}
    if event not in kinds.EVENTS:
        raise Problem(404, "Not Found", f"{event} is no event; there are {', '.join(kinds.EVENTS)}")
    with emulator().store.write() as tables:
        now = tables.clock.now()
        order = caught_up(tables, emulator().settings, find(tables, merchants_id, out_trade_no), now)
        payments = Payments(tables, emulator().settings, known(tables, merchants_id), now, BY_CONTROL)
        possible = kinds.possible(order)
        if not kinds.is_triggered(order, event):
            sentence = f"{event} is for card orders; this one was made by {order.endpoint}"
            raise Problem(409, "Conflict", sentence, possible=possible)
        try:
            return kinds.trigger(payments, order, event, reasons[kinds.of(order).REASON])
        except Refused as refused:
            sentence = f"{refused.code.name}: {refused.sentence}"
            raise Problem(409, "Conflict", sentence, possible=possible) from refused


def _failure(given: dict[str, Any]) -> str:
    failure = given.get("error", DEFAULT_FAILURE)
    if not isinstance(failure, str) or failure not in BUYER_FAILURES:
        raise wrong_value(f"error must be one of {', '.join(BUYER_FAILURES)}")
    return failure


def _card_code(given: dict[str, Any]) -> str:
    code = given.get("code", DECLINED)
    if not isinstance(code, str) or code not in RESPONSE_CODES or RESPONSE_CODES[code].status is not CardStatus.FAILED:
        raise wrong_value(f"code must be a response code of a failed payment, such as {DECLINED}: "
                          "see /_emulator/codes")
    return code


@operation("GET", "/notifications", "notifications with every attempt, oldest first",
           (MERCHANT, ORDER, choice("status", "only in this state", PENDING, DELIVERED, FAILED),
            choice("notify_type", "only of this kind", *NOTIFY_TYPES), *PAGED))
def list_notifications() -> Response:
    """A page of notifications."""
    after, limit = paging()
    tables = emulator().store.read()
    notifications = tables.notifications.page(asked("merchants_id", "out_trade_no", "status", "notify_type"), after, limit)
    return listed((notification_json(tables, notification) for notification in notifications), limit)


@operation("GET", "/notifications/<id:notification_id>", "a notification with every attempt")
def get_notification(notification_id: int) -> Response:
    """One notification."""
    tables = emulator().store.read()
    notification = tables.notifications.find(notification_id)
    if notification is None:
        raise Problem(404, "Not Found", f"there is no notification {notification_id}")
    return jsonify(notification_json(tables, notification))


@operation("POST", "/notifications/<id:notification_id>/replay",
           "send a notification once more, now; the answer comes when it has been sent")
def replay(notification_id: int) -> Response:
    """Repeat a notification by hand, whatever its state."""
    get_notification(notification_id)
    emulator().ask("replay", {"id": notification_id})
    return get_notification(notification_id)


@operation("POST", "/notifications/flush", "try everything that is due; the answer comes when it has been "
           "tried, and says what was done, and what was skipped because receivers did not answer in time")
def flush() -> Response:
    """Wait for the outbox."""
    return jsonify({"flushed": True, **emulator().ask("flush", {})})


@operation("GET", "/journal", "every request to /v2, oldest first",
           (MERCHANT,
            Query("endpoint", "only of this endpoint, such as tgpayqrcode; unknown paths are there too"),
            ORDER, choice("verdict", "OK, or the error of a refusal", OK, *REFUSALS), *PAGED))
def list_journal() -> Response:
    """A page of the journal."""
    after, limit = paging()
    wanted = asked("merchants_id", "endpoint", "out_trade_no", "verdict")
    return listed(map(journal_json, emulator().store.read().journal.page(wanted, after, limit)), limit)


@operation("GET", "/journal/<id:entry_id>", "one request: what was sent, what was answered and why")
def get_entry(entry_id: int) -> Response:
    """One entry of the journal; its id is the answer's X-TGPay-Request."""
    row = emulator().store.read().journal.find(entry_id)
    if row is None:
        raise Problem(404, "Not Found", f"the journal has no entry {entry_id}")
    return jsonify(journal_json(row))


@operation("DELETE", "/journal", "empty the journal", (MERCHANT,))
def clear_journal() -> tuple[str, int]:
    """Forget the requests, of one merchant or all."""
    with emulator().store.write() as tables:
        tables.journal.clear(asked("merchants_id")["merchants_id"])
    return "", 204
