"""The inboxes of merchants: the emulator itself receives their notifications, verifies and answers them."""
import time
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from ..base import durations
from ..base.settings import Settings
from ..domain import inboxes, receivers
from ..domain.inboxes import Reply
from ..signing import signature
from ..store import Reader, Store
from ..store.columns import to_json
from ..store.inboxes import Arrival
from ..store.notifications import StoredNotification
from .outbox import DeliveryResult
from .payments import BY_CONTROL
from .unit import Units

FORGED = "A scenario rule forged the signature"
ALTERED = "A scenario rule changed the amount after signing"
OTHER_TOKEN = "It was signed with a token that the merchant no longer has"
REMOVED = "the merchant no longer exists"


class Inbox:
    """Makes attempts to deliver notifications to inboxes."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._timeout_s = settings.notify_timeout / durations.SECOND

    def __call__(self, notification: StoredNotification, seconds: float | None = None) -> DeliveryResult:
        """Receive a notification, and answer it within the time of an attempt, as a receiver would."""
        begun = time.monotonic()
        allowed_s = self._timeout_s if seconds is None else min(seconds, self._timeout_s)
        found = look_at(self._store.read(), notification)
        if found is None:
            return DeliveryResult(0, error=REMOVED)
        reply = self._reply(notification.merchants_id)
        self._store.leave()
        time.sleep(min(allowed_s, reply.delay / durations.SECOND))
        result = DeliveryResult(round((time.monotonic() - begun) * 1_000), received=to_json(found))
        if reply.delay >= allowed_s * durations.SECOND:
            failure = receivers.too_slow(allowed_s, cut_short=allowed_s < self._timeout_s)
            return replace(result, error=failure.sentence, advice=failure.advice, timed_out=True)
        return replace(result, status_code=reply.status, answer=reply.body)

    def _reply(self, merchants_id: str) -> Reply:
        """The next answer of a merchant's inbox."""
        replies = self._store.read().inboxes.replies(merchants_id)
        if len(replies) == 1:
            return replies[0]
        with self._store.write(merchants_id) as tables:
            return tables.inboxes.next_reply(merchants_id)


def look_at(tables: Reader, notification: StoredNotification) -> Mapping[str, Any] | None:
    """What a careful receiver finds: whether the signature is right, and if not, why.

    None if the merchant was removed. `repeated` is whether the body of later attempts was sent.
    """
    merchant = tables.merchants.find(notification.merchants_id)
    if merchant is None:
        return None
    repeated = notification.sent_body != notification.body
    fields = fields_of(notification, notification.sent_body)
    expected = signature.sign(fields, merchant.token)
    if signature.matches(fields.get("sign", ""), expected):
        return {"verified": True, "repeated": repeated}
    why = f"{_reason(tables, notification)}; the correct signature is {expected}: a receiver must reject it"
    return {"verified": False, "repeated": repeated, "expected": expected, "explanation": why}


def _reason(tables: Reader, notification: StoredNotification) -> str:
    order = tables.orders.find(notification.merchants_id, notification.out_trade_no)
    how = order.script.then.notify if order and order.script else None
    if how and how.wrong_sign:
        return FORGED
    return ALTERED if how and how.altered else OTHER_TOKEN


def fields_of(notification: StoredNotification, body: str) -> dict[str, str]:
    """The fields of a notification that was sent with a body, as they are signed."""
    from ..signing.merchant_client import read_notification  # imported late: it can serve HTTP

    return read_notification(notification.url.partition("?")[2], body, notification.content_type)


def arrived(arrival: Arrival) -> dict[str, str]:
    """The fields of a notification as they arrived."""
    return fields_of(arrival.notification, arrival.body)


def tell(units: Units, merchants_id: str, answer: Any) -> list[Reply]:
    """Have the inbox of a merchant answer as it is told from now on. Raises NotFound and Invalid."""
    replies = inboxes.replies(answer)
    with units.begin(BY_CONTROL) as unit:
        unit.merchant(merchants_id)
        unit.tables.inboxes.put(merchants_id, replies)
    return replies
