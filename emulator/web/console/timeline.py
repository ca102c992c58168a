"""The timeline of an order: requests, transitions, terminal steps, notifications and settlement entries.

It is in the order of the emulator's time.
"""
import json
from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from ... import terminal
from ...base import portions
from ...domain import transitions
from ...domain.orders import Event, Order
from ...domain.settlement import PAYMENT, rows as lines_of
from ...operations.payments import BY_CLOCK, BY_CONTROL, BY_PAYER
from ...store import Reader
from ...store.columns import Newest
from ...store.notifications import StoredNotification
from . import entries
from .attempts import shown

REQUEST, CHANGE, STEP, ATTEMPT, SETTLEMENT = "request", "change", "step", "attempt", "settlement"
DUE, UPCOMING = "due", "upcoming"
MOST_NOTIFICATIONS = 50
RANKS = (REQUEST, CHANGE, STEP, ATTEMPT, SETTLEMENT, UPCOMING, DUE)  # the order within a millisecond
_BY = {BY_PAYER: "by_payer", BY_CONTROL: "by_control", BY_CLOCK: "by_clock"}  # other causes are endpoints
_COLOURS = {
    **dict.fromkeys((Event.PAY, Event.RESTORE), "good"),
    **dict.fromkeys((Event.REFUND, Event.REFUND_ALL), "info"),
    **dict.fromkeys((Event.FAIL, Event.DECLINE, Event.WRONG_CODE, Event.CHARGEBACK), "bad"),
    **dict.fromkeys((Event.PEND, Event.REVIEW), "wait")}


class Moment(Struct, frozen=True):
    """A past or future entry of the timeline, at an instant in milliseconds.

    The type of `details` depends on `kind`. `key` is unique in the timeline and never changes.
    """

    at: int
    kind: str
    key: str
    colour: str
    details: Any


def timeline(tables: Reader, order: Order, now: int) -> tuple[list[Moment], int]:
    """The moments of an order, oldest first and future ones last, and the number of those left out."""
    number = order.merchants_id, order.out_trade_no
    requests, changes = tables.lists.requests(*number), tables.orders.history(*number)
    settled, (notifications, left_out) = tables.lists.ledger(*number), _notifications(tables, order)
    moments = [*_requests(tables, requests.rows), *_changes(changes.rows), *_steps(tables, order, now),
               *notifications,
               *_settlement(settled.rows), *_upcoming(order)]
    left_out += requests.left_out + changes.left_out + settled.left_out
    return sorted(moments, key=lambda moment: (moment.at, RANKS.index(moment.kind))), left_out


def _requests(tables: Reader, rows: Iterable[Any]) -> Iterator[Moment]:
    for row in rows:
        entry = entries.read(tables, row)
        colour = "info" if entry.colour == "good" else entry.colour
        yield Moment(row["at"], REQUEST, f"request-{row['id']}", colour, entry)


def _changes(rows: Iterable[Any]) -> Iterator[Moment]:
    for row in rows:
        details = {**dict(row), "detail": json.loads(row["detail"]),
                   "by": _BY.get(row["cause"], "by_request")}
        colour = _COLOURS.get(Event(row["event"]), "off")
        yield Moment(row["at"], CHANGE, f"change-{row['id']}", colour, details)


def _steps(tables: Reader, order: Order, now: int) -> Iterator[Moment]:
    """The steps of the order's terminal transactions up to now."""
    earlier = tables.lists.transactions(order.merchants_id, order.out_trade_no)
    for transaction in filter(None, (*earlier, order.transaction)):
        for place, step in enumerate(terminal.steps_of(transaction)):
            if step.since <= now:
                yield Moment(step.since, STEP, f"step-{transaction.result_id}-{place}", "off",
                             {"serial": transaction.serial, "step": step})


def _notifications(tables: Reader, order: Order) -> tuple[list[Moment], int]:
    """The newest attempts of the newest notifications with their next ones, and the number left out."""
    notifications, left_out = tables.notifications.of_order(order.merchants_id, order.out_trade_no)
    found = [(notification, tables.notifications.attempts(notification.id))
             for notification in notifications[-MOST_NOTIFICATIONS:]]
    attempts = [moment for each in found for moment in _attempts(*each)]
    shown, _ = portions.taken(reversed(attempts), _size, portions.PART)
    left_out += len(notifications) - len(found) + len(attempts) - len(shown)
    left_out += sum(each.left_out for _, each in found)
    return shown[::-1], left_out


def _size(moment: Moment) -> int:
    """The approximate number of characters of an attempt, with its request and response."""
    notification, row = moment.details["notification"], moment.details.get("attempt")
    return len(notification.body) + len(notification.url) + (len(row["answer"]) if row else 0)


def _attempts(notification: StoredNotification, attempts: Newest) -> Iterator[Moment]:
    """The attempts of a notification, and its next attempt if one is scheduled."""
    for row in shown(notification, attempts):
        yield Moment(row["at"], ATTEMPT, f"attempt-{row['id']}", row["colour"],
                     {"notification": notification, "attempt": row})
    if notification.due_at is not None:
        is_injected = notification.how.is_repetition(notification.attempts)
        yield Moment(notification.due_at, DUE, f"due-{notification.id}", "wait",
                     {"notification": notification, "is_injected": is_injected})


def _settlement(rows: Iterable[Any]) -> Iterator[Moment]:
    for row in rows:
        yield Moment(row["settles_at"], SETTLEMENT, f"settlement-{row['id']}",
                     "wait" if row["injected"] else "info",
                     {**dict(row), "pays": row["kind"] == PAYMENT, "lines": lines_of(row["line"]),
                      "injected": row["injected"].split()})


def _upcoming(order: Order) -> Iterator[Moment]:
    """The next transition that happens by time alone, if there is one."""
    due = transitions.falls_due(order)
    if due:
        yield Moment(due[0], UPCOMING, "upcoming", "off", str(due[1]) if due[1] else None)
