"""The pages of notifications, with every attempt and the receiver's response."""
from flask import Response

from ...operations.outbox import DELIVERED, FAILED, PENDING
from ...operations.unit import notification_of
from ..current import base_url, emulator, is_locked
from .attempts import FORGED, RETRYING, STATES, TAKEN_FORGED, shown, state
from .frame import Page, before, blueprint, chosen, go_on, narrowed, number, one_of, show, texts, to

PAGE = Page("notifications", "M4 6h16v12H4zM4 7l8 6 8-6")
FILTERS = (PENDING, RETRYING, DELIVERED, FAILED, FORGED, TAKEN_FORGED)


@blueprint.get("/notifications")
def notifications() -> Response:
    """A page of the list, with its filters applied."""
    asked = narrowed("status", "search")
    one_of(asked["status"], "status", FILTERS)
    tables = emulator().store.read()
    narrowing = {**asked, **_narrowing(asked["status"]), "merchants_id": chosen()}
    found, rest = tables.lists.notifications(narrowing, before())
    last = tables.lists.last_attempts([row.id for row in found])
    rows = [(row, state(row, last.get(row.id)), last.get(row.id)) for row in found]
    return show("notifications", "notifications", follows="notification order", rows=rows, rest=rest,
                asked=asked, colours=STATES,
                is_narrowed=any(asked.values()),
                statuses=[(name, texts()[f"notification_{name}"]) for name in FILTERS],
                is_new=not rows and not any(asked.values()) and before() is None, example=_example())


def _narrowing(chosen_state: str | None) -> dict[str, str | None]:
    """The filters of the list for a chosen state. Most notifications are delivered; others have an index."""
    if chosen_state in (FORGED, TAKEN_FORGED):
        return {"status": DELIVERED if chosen_state == TAKEN_FORGED else None, "forged": FORGED}
    if chosen_state == DELIVERED:
        return {"genuine": DELIVERED}
    if chosen_state in (PENDING, RETRYING):
        return {"status": PENDING, "open": "yes", "tried" if chosen_state == RETRYING else "untried": "yes"}
    return {"open": "yes"} if chosen_state else {}


def _example() -> str:
    """A curl command that sets the notify_url of a merchant."""
    merchants_id = (chosen()
                    or next((merchant.merchants_id
                             for merchant in emulator().store.read().merchants.page("", 1)), "…"))
    guarded = " -H 'Authorization: Bearer …'" if is_locked() else ""
    return (f"curl -sS -X PATCH {base_url()}/_emulator/merchants/{merchants_id}{guarded} \\\n"
            "  -d '{\"notify_url\": \"inbox\"}'")


@blueprint.get("/notifications/<id:notification_id>")
def notification(notification_id: int) -> Response:
    """The page of one notification."""
    tables = emulator().store.read()
    found = notification_of(tables, notification_id)
    attempts = tables.notifications.attempts(notification_id)
    now = state(found, attempts.rows[-1] if attempts.rows else None)
    return show("notification", "notifications", follows="notification", notification=found,
                attempts=shown(found, attempts),
                left_out=attempts.left_out,
                state=now, colour=STATES[now],
                order=tables.orders.find(found.merchants_id, found.out_trade_no))


@blueprint.post("/notifications/<id:notification_id>/replay")
def replay(notification_id: int) -> Response:
    """Send a notification again now, and redirect to the page that asked for it."""
    emulator().commands.replay(notification_id)
    order_id = number("order_id")
    back = to("order", order_id=order_id) if order_id else to("notification", notification_id=notification_id)
    return go_on(back, texts().replayed)
