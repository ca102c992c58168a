"""The pages of notifications, with every attempt and the receiver's response."""
import json
from typing import Any

from flask import Response

from ...operations.outbox import DELIVERED, FAILED, PENDING
from ...operations.unit import notification_of
from .. import roles
from ..current import base_url, emulator
from .frame import Page, before, blueprint, chosen, go_on, narrowed, number, one_of, show, texts, to

PAGE = Page("notifications", "M4 6h16v12H4zM4 7l8 6 8-6")
STATUSES = ((PENDING, "wait"), (DELIVERED, "good"), (FAILED, "bad"))


@blueprint.get("/notifications")
def notifications() -> Response:
    """A page of the list, with its filters applied."""
    asked = narrowed("status", "search")
    one_of(asked["status"], "status", dict(STATUSES))
    tables = emulator().store.read()
    # Most notifications are delivered; the others have an index.
    is_open = {"open": "yes"} if asked["status"] not in (None, DELIVERED) else {}
    rows, rest = tables.lists.notifications({**asked, **is_open, "merchants_id": chosen()}, before())
    return show("notifications", "notifications", follows="notification order", rows=rows, rest=rest,
                asked=asked, colours=dict(STATUSES),
                is_narrowed=any(asked.values()),
                statuses=[(name, texts()[f"notification_{name}"]) for name, _ in STATUSES],
                is_new=not rows and not any(asked.values()) and before() is None, example=_example())


def _example() -> str:
    """A curl command that sets the notify_url of a merchant."""
    merchants_id = (chosen()
                    or next((merchant.merchants_id
                             for merchant in emulator().store.read().merchants.page("", 1)), "…"))
    guarded = " -H 'Authorization: Bearer …'" if roles.are_needed() else ""
    return (f"curl -sS -X PATCH {base_url()}/_emulator/merchants/{merchants_id}{guarded} \\\n"
            "  -d '{\"notify_url\": \"http://127.0.0.1:9000/notify\"}'")


@blueprint.get("/notifications/<id:notification_id>")
def notification(notification_id: int) -> Response:
    """The page of one notification."""
    tables = emulator().store.read()
    found = notification_of(tables, notification_id)
    attempts = tables.notifications.attempts(notification_id)
    return show("notification", "notifications", follows="notification", notification=found,
                attempts=map(attempt, attempts.rows),
                left_out=attempts.left_out,
                colour=dict(STATUSES)[found.status],
                order=tables.orders.find(found.merchants_id, found.out_trade_no))


@blueprint.post("/notifications/<id:notification_id>/replay")
def replay(notification_id: int) -> Response:
    """Send a notification again now, and redirect to the page that asked for it."""
    emulator().commands.replay(notification_id)
    order_id = number("order_id")
    back = to("order", order_id=order_id) if order_id else to("notification", notification_id=notification_id)
    return go_on(back, texts().replayed)


def attempt(row: Any) -> dict[str, Any]:
    """A row of the table of attempts for templates, with the findings about the receiver as sentences."""
    return {**dict(row), "findings": [finding["detail"] for finding in json.loads(row["findings"])]}
