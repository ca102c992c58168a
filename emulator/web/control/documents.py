"""Orders, terminal transactions, notifications and journal entries as JSON: amounts in major units as decimal
text, instants in ISO 8601.
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
    """An instant as JSON has it."""
    return None if value is None else iso(value)


def order_json(order: Order) -> dict[str, Any]:
    """An order as it is, amounts in major units as decimal text."""
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
    """Where the payer of an order looks."""
    return under_prefix(order.page_path)


def notification_json(tables: Reader, notification: StoredNotification) -> dict[str, Any]:
    """A notification with its request and every attempt."""
    attempts = tables.notifications.attempts(notification.id)
    told = {
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
    return {**told, "left_out": {"attempts": attempts.left_out}} if attempts.left_out else told


def notifications_json(tables: Reader, merchants_id: str, out_trade_no: str) -> tuple[list[dict[str, Any]],
                                                                                      int]:
    """The newest notifications of an order, oldest first, as many as their size allows; and how many are left
    out.
    """
    notifications, left_out = tables.notifications.of_order(merchants_id, out_trade_no)
    newest_first = (notification_json(tables, notification) for notification in reversed(notifications))
    shown, _ = portions.taken(newest_first, lambda told: len(to_json(told)), portions.PART)
    return shown[::-1], left_out + len(notifications) - len(shown)


def journal_json(row: Any) -> dict[str, Any]:
    """An entry of the journal."""
    return {**dict(row), "at": instant(row["at"]), "params": json.loads(row["params"]),
            "findings": json.loads(row["findings"]),
            "explanation": json.loads(row["explanation"]) or None}
