"""Notifications with their attempts, their replay, and the flush of the outbox."""
from werkzeug.wrappers import Response

from ...domain.notifications import NOTIFY_TYPES
from ...operations.outbox import DELIVERED, FAILED, PENDING
from ...operations.unit import notification_of
from .answers import as_json, listed
from .calls import Call
from .documents import NOTIFICATION, notification_json
from .interface import operation
from .queries import MERCHANT, ORDER, PAGED, choice
from .schemas import BY_NUMBER, BY_TEXT, component, listing, many, whole

DONE = component("Done", "What was done meanwhile.", {
    "changes": whole("changes of orders"), "attempts": whole("attempts of notifications"),
    "delivered": whole("attempts that receivers acknowledged")})
SKIPPED = component("Skipped", "Attempts that were not made, because receivers had not responded before.", {
    "attempts": whole("how many"), "receivers": many(BY_TEXT, "scheme, host and port of each")})
FLUSHED = component("Flush", "What a flush of the outbox did.", {
    "flushed": {"type": "boolean", "const": True, "description": "true"}, "done": DONE, "skipped": SKIPPED})


@operation("GET", "/notifications", "notifications with every attempt, oldest first unless "
           "newest_first is true",
           (MERCHANT, ORDER, choice("status", "only in this state", PENDING, DELIVERED, FAILED),
            choice("notify_type", "only of this kind", *NOTIFY_TYPES), *PAGED),
           returns=listing("NotificationList", NOTIFICATION, BY_NUMBER))
def list_notifications(call: Call) -> Response:
    """A page of notifications."""
    after, limit = call.paging()
    tables = call.tables()
    wanted = call.asked("merchants_id", "out_trade_no", "status", "notify_type")
    notifications = tables.notifications.page(wanted, after, limit, call.is_newest_first())
    return listed((notification_json(tables, notification) for notification in notifications), limit)


@operation("GET", "/notifications/<id:notification_id>", "a notification with every attempt",
           returns=NOTIFICATION)
def get_notification(call: Call, notification_id: int) -> Response:
    """One notification."""
    tables = call.tables()
    return as_json(notification_json(tables, notification_of(tables, notification_id)))


@operation("POST", "/notifications/<id:notification_id>/replay",
           "resend a notification now; the answer comes when it has been sent", returns=NOTIFICATION)
def replay_notification(call: Call, notification_id: int) -> Response:
    """Send a notification again, in any state, and return it."""
    call.emulator.commands.replay(notification_id)
    return get_notification(call, notification_id)


@operation("POST", "/notifications/flush", "send all notifications that are due; the answer comes when they "
           "have been sent, and says what was done, and what was skipped because receivers did not respond "
           "in time",
           body={"properties": {
               "merchants_id": {"type": "string", "minLength": 1, "description": "only of this merchant"}}},
           returns=FLUSHED)
def flush_notifications(call: Call) -> Response:
    """Send all notifications that are due, or those of one merchant, and wait until that is done."""
    return as_json({"flushed": True, **call.emulator.commands.flush(call.body())})
