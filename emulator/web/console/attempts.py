"""Notifications and the attempts to deliver them as pages show them: states, copies and forgeries."""
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...domain.destinations import INBOX, word
from ...operations.outbox import DELIVERED, FAILED, PENDING
from ...store import Reader
from ...store.columns import Newest
from ...store.inboxes import Arrival
from ...store.notifications import DeliveryPlan, StoredNotification

RETRYING, FORGED, TAKEN_FORGED, REFUSED_FORGED = "retrying", "forged", "taken_forged", "refused_forged"
# The states of notifications as a list shows them, with their colours.
STATES: Mapping[str, str] = {
    PENDING: "wait", RETRYING: "bad", DELIVERED: "good", FAILED: "bad", TAKEN_FORGED: "bad",
    REFUSED_FORGED: "good"}


def state(notification: StoredNotification, last: Any) -> str:
    """The state of a notification with its last attempt (None if it has none).

    It is its status, and whether it is retried or is a forgery that was acknowledged or refused.
    """
    if must_be_refused(notification):
        if notification.status == DELIVERED:
            return TAKEN_FORGED
        if last is not None and last["status_code"] is not None:
            return REFUSED_FORGED
    if notification.status == PENDING and notification.attempts:
        return RETRYING
    return notification.status


def must_be_refused(notification: StoredNotification) -> bool:
    """Whether a receiver must not acknowledge it: a forgery, unless the emulator's own inbox receives it."""
    return bool(notification.how.forged) and word(notification.url) != INBOX


def shown(notification: StoredNotification, attempts: Newest) -> list[dict[str, Any]]:
    """The rows of attempts for templates: findings as sentences, a colour, and what kind of attempt it is.

    `place` counts the attempts of the schedule, and `injected` is the key of the text about one that a
    scenario's rule has added, empty for others.
    """
    kinds = list(_kinds(notification.how, attempts))
    return [{**dict(row), "findings": [finding["detail"] for finding in json.loads(row["findings"])],
             "colour": _colour(notification, row), "forged": must_be_refused(notification),
             "place": place, "injected": injected}
            for row, (place, injected) in zip(attempts.rows, kinds)]


def arrived(tables: Reader, arrival: Arrival) -> dict[str, Any]:
    """The attempt by which a notification arrived in an inbox, as in `shown`."""
    attempts = tables.notifications.attempts(arrival.notification.id)
    rows = shown(arrival.notification, attempts)
    plain = {"replay": arrival.replay, "place": arrival.attempt, "injected": ""}
    return next((row for row in rows if row["id"] == arrival.id), plain)


def _colour(notification: StoredNotification, row: Any) -> str:
    """Green for what a careful receiver does: it acknowledges what is genuine, and refuses a forgery."""
    is_refused = row["status_code"] is not None and not row["delivered"]
    right = is_refused if must_be_refused(notification) else row["delivered"]
    return "good" if right else "bad"


def _kinds(plan: DeliveryPlan, attempts: Newest) -> Iterator[tuple[int, str]]:
    """For each row, its number in the schedule, and the key of what a scenario's rule has injected."""
    places = _places(plan, [False] * attempts.left_out + [bool(row["replay"]) for row in attempts.rows])
    for place, copy in list(places)[attempts.left_out:]:
        retry = place if place <= plan.drop else max(plan.drop, place - plan.sendings + 1)
        if copy:
            yield retry + 1, "duplicate"
        elif plan.is_repetition(place):
            yield retry + 1, "later_duplicate" if plan.wait_before(place) else "duplicate"
        else:
            yield retry + 1, ""


def _places(plan: DeliveryPlan, replays: Iterable[bool]) -> Iterator[tuple[int, int]]:
    """For each row, how many attempts were before it, and its number among those made at once, from 0."""
    place = copy = 0
    for is_replay in replays:
        if is_replay:
            yield 0, 0
            continue
        yield place, copy
        copy += 1
        if copy == plan.copies(place):
            place, copy = place + 1, 0
