"""Orders, terminal transactions, notifications and journal entries as JSON.

Amounts are decimal texts in major units, instants are texts in ISO 8601.
"""
import json
from typing import Any

from ...base import money, portions
from ...base.clock import iso
from ...domain.orders import Order
from ...gateway.endpoints.tgpayquery import refund_status
from ...store import Reader
from ...store.columns import to_json
from ...store.notifications import StoredNotification
from ..current import under_prefix


def instant(value: int | None) -> str | None:
    """An instant in milliseconds as ISO 8601 text; None stays None."""
    return None if value is None else iso(value)


def order_json(order: Order) -> dict[str, Any]:
    """An order as JSON, in the state in which it was passed."""
    return {
        "id": order.id, "merchants_id": order.merchants_id, "out_trade_no": order.out_trade_no,
        "endpoint": order.endpoint, "pay_type": order.pay_type, "status": str(order.status),
        "trans_amount": money.text(order.amount), "currency": order.currency,
        "trans_rate": money.rate_text(order.rate),
        "pay_amount": money.text(order.cny) if order.was_paid else None,
        "refund_amount": money.text(order.refunded), "refund_status": refund_status(order),
        "trans_id": order.trans_id, "buyer_id": order.buyer_id, "error": order.failure,
        "created_at": instant(order.created_at), "expires_at": instant(order.expires_at),
        "paid_at": instant(order.paid_at), "closed_at": instant(order.closed_at),
        "closed_by": order.closed_by, "notify_url": order.shown_notify_url, "page": page_of(order),
        "details": order.shown_details, "card": order.card_json(), "terminal": order.transaction_json()}


def page_of(order: Order) -> str:
    """The path of the page that the order's payer uses."""
    return under_prefix(order.page_path)


def notification_json(tables: Reader, notification: StoredNotification) -> dict[str, Any]:
    """A notification with its request and attempts; `left_out` counts older attempts that are missing."""
    attempts = tables.notifications.attempts(notification.id)
    document = {
        "id": notification.id, "merchants_id": notification.merchants_id,
        "out_trade_no": notification.out_trade_no, "notify_type": notification.notify_type,
        "status": notification.status, "created_at": instant(notification.created_at),
        "due_at": instant(notification.due_at),
        "request": {"method": notification.method, "url": notification.shown_url,
                    "content_type": notification.content_type,
                    "body": notification.shown_bodies[0]},
        "attempts": [{
            "at": instant(row["at"]), "took_ms": row["took_ms"], "status_code": row["status_code"],
            "answer": row["answer"], "error": row["error"], "delivered": bool(row["delivered"]),
            "replay": bool(row["replay"]), "skipped": bool(row["skipped"]),
            "findings": json.loads(row["findings"])}
            for row in attempts.rows]}
    return {**document, "left_out": {"attempts": attempts.left_out}} if attempts.left_out else document


def notifications_json(tables: Reader, merchants_id: str,
                       out_trade_no: str) -> tuple[list[dict[str, Any]], int]:
    """The newest notifications of an order, oldest first, and the number of older ones that are left out.

    Their size in all is limited by `portions.PART`.
    """
    notifications, left_out = tables.notifications.of_order(merchants_id, out_trade_no)
    newest_first = (notification_json(tables, notification) for notification in reversed(notifications))
    shown, _ = portions.taken(newest_first, lambda document: len(to_json(document)), portions.PART)
    return shown[::-1], left_out + len(notifications) - len(shown)


def journal_json(row: Any) -> dict[str, Any]:
    """A row of the journal as JSON."""
    return {**dict(row), "at": instant(row["at"]), "params": json.loads(row["params"]),
            "findings": json.loads(row["findings"]),
            "explanation": json.loads(row["explanation"]) or None}
