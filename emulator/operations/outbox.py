"""The outbox: notifications stay in the database from the transaction of their cause until delivery."""
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from msgspec import Struct
from msgspec.structs import replace

from ..base import durations, traffic, urls
from ..domain import receivers
from ..domain.notifications import TERMINAL
from ..protocol import card_numbers
from ..protocol.findings import Finding
from ..protocol.masking import speaks_of_a_card
from ..store import Store, Writer
from ..store.notifications import Attempt, StoredNotification
from .deliveries import Delivery

PENDING, DELIVERED, FAILED = "pending", "delivered", "failed"
ACKNOWLEDGEMENT = "success"
SKIPPED = ("skipped: earlier in the same clock move, or flush, the receiver had not responded in time")
MARK = "X-TGPay-Notification"  # header with the notification's id; the control interface refuses it
LONGEST_TERMINAL_WAIT, TERMINAL_PERIOD = 15 * durations.MINUTE, 2 * durations.DAY


def _terminal_waits() -> Iterator[int]:
    """The waits for terminal notifications (section 8), in milliseconds.

    Every 5 s for 100 s, then 8, 16, 32 … s, at most 15 minutes, for 2 days.
    """
    over = 0
    for place in range(20 + TERMINAL_PERIOD // LONGEST_TERMINAL_WAIT + 10):
        wait = (5 * durations.SECOND if place < 20
                else min(8 * durations.SECOND * 2 ** (place - 20), LONGEST_TERMINAL_WAIT))
        over += wait
        if over > TERMINAL_PERIOD:
            return
        yield wait


TERMINAL_SCHEDULE = tuple(_terminal_waits())


class DeliveryResult(Struct, frozen=True):
    """The result of one HTTP request: an answer, or an error with advice what to do about it.

    `location` is the target of a redirect. `with_user` is whether user and password were sent, `lost` whether
    a scenario dropped the request, `timed_out` whether the receiver took too long. `received` is what the
    merchant's inbox found, as JSON; `forward` the id under which a listener made the attempt.
    """

    took_ms: int
    status_code: int | None = None
    answer: str = ""
    error: str = ""
    advice: str = ""
    location: str = ""
    with_user: bool = False
    lost: bool = False
    timed_out: bool = False
    received: str = ""
    forward: str = ""

    def delivered(self, notify_type: str) -> bool:
        """Whether the answer is a 2xx with the body `success` in any case; for terminals, any 2xx."""
        return self.answered and (notify_type == TERMINAL or self.answer.strip().lower() == ACKNOWLEDGEMENT)

    @property
    def answered(self) -> bool:
        """Whether the answer was a 2xx."""
        return self.status_code is not None and 200 <= self.status_code < 300


Post = Callable[[StoredNotification], DeliveryResult]


def next_step(notification: StoredNotification, delivered: bool, at: int, schedule: Sequence[int],
              replay: bool) -> tuple[str, int, int | None]:
    """The status, counted attempts and next due instant of a notification after an attempt.

    The attempt was at the instant `at` (milliseconds); `schedule` has the waits between attempts. A replay
    does not use up the schedule, and does not make a delivered notification undelivered. Copies that a
    scenario rule asks for follow at once, whether they are delivered or not. Together they use up the
    schedule like one attempt; the last of them may have to wait.
    """
    place, how = notification.attempts, notification.how
    delivered = delivered or notification.status == DELIVERED
    copies_left = how.is_repetition(place + 1)
    if replay:
        due_at = notification.due_at if copies_left or not delivered else None
        return DELIVERED if delivered else notification.status, place, due_at
    if copies_left and place >= how.drop:
        return DELIVERED if delivered else PENDING, place + 1, at + how.wait_before(place + 1)
    if delivered:
        return DELIVERED, place + 1, None
    waits = schedule[place if place < how.drop else place - how.sendings + 1:]
    return (PENDING, place + 1, at + waits[0]) if waits else (FAILED, place + 1, None)


def after_failure(notification: StoredNotification, at: int, schedule: Sequence[int]) -> int | None:
    """The instant of the next attempt if one at `at` fails; None if there is none."""
    return next_step(notification, False, at, _waits(notification, schedule), False)[2]


def is_lost(notification: StoredNotification) -> bool:
    """Whether a scenario rule drops the next attempt of the schedule, so that no receiver is needed."""
    return notification.attempts < notification.how.drop


def _waits(notification: StoredNotification, schedule: Sequence[int]) -> Sequence[int]:
    return TERMINAL_SCHEDULE if notification.notify_type == TERMINAL else schedule


def skip(store: Store, notifications: Iterable[tuple[StoredNotification, int]],
         schedule: Sequence[int]) -> None:
    """Store that attempts of notifications, each with its instant, were skipped.

    They use up the schedule like failed attempts.
    """
    with store.write() as tables:
        for notification, at in notifications:
            attempt = Attempt(notification.id, notification.merchants_id, at, took_ms=0, status_code=None,
                              answer="",
                              error=SKIPPED, delivered=False, replay=False, findings=[], skipped=True)
            _record(tables, notification, [attempt], False, schedule)


def deliver(store: Store, delivery: Delivery, post: Post, schedule: Sequence[int]) -> DeliveryResult:
    """Make one attempt and store its result; with it ends the claim of this attempt.

    `schedule` has the waits of the setting `notify_retries`.
    """
    notification, at, replay = delivery.notification, delivery.at, delivery.replay
    copies = [discreet(notification, sent) for sent in _posted(notification, post, replay)]
    delivered = any(sent.delivered(notification.notify_type) for sent in copies)
    attempts = [_attempt(notification, sent, at, replay) for sent in copies]
    if traffic.is_wanted():
        for sent in copies:
            traffic.attempt(_logged(notification, sent, replay))
    with store.write(notification.merchants_id) as tables:
        if _record(tables, notification, attempts, delivered, schedule):
            tables.wake()
        for forward in filter(None, (sent.forward for sent in copies)):
            tables.forwards.withdraw(forward)
        if delivery.is_claimed:
            store.claims.release(tables.connection, notification.id)
    return next((sent for sent in copies if sent.delivered(notification.notify_type)), copies[0])


def _logged(notification: StoredNotification, sent: DeliveryResult, replay: bool) -> traffic.Values:
    """The values of an attempt in the log; the result has no secrets (`_discreet`)."""
    return {"notification": notification.id, "merchants_id": notification.merchants_id,
            "out_trade_no": notification.out_trade_no, "event": notification.notify_type,
            "attempt": 0 if replay else notification.attempts + 1, "result": _result(notification, sent),
            "status": sent.status_code, "answer": urls.discreet(sent.answer.strip()), "ms": sent.took_ms}


def _result(notification: StoredNotification, sent: DeliveryResult) -> str:
    """The result in a word for the log: `delivered`, the error, or the status of the answer."""
    if sent.delivered(notification.notify_type):
        return DELIVERED
    return urls.discreet(sent.error) or f"answered {sent.status_code}"


def _record(tables: Writer, notification: StoredNotification, attempts: Sequence[Attempt], delivered: bool,
            schedule: Sequence[int]) -> bool:
    """Store attempts of a notification and its next step; return whether the notification still exists.

    Its merchant may have been reset in the meantime.
    """
    current = tables.notifications.find(notification.id)
    if current is None or current.created_at != notification.created_at:
        return False
    waits = _waits(notification, schedule)
    for attempt in attempts:
        tables.notifications.record(attempt,
                                    *next_step(current, delivered, attempt.at, waits, attempt.replay))
    return True


def _posted(notification: StoredNotification, post: Post, replay: bool) -> list[DeliveryResult]:
    """The results of an attempt: of one HTTP request, or of several at once if a scenario rule says so."""
    how = notification.how
    if is_lost(notification) and not replay:
        attempts = "first attempt" if how.drop == 1 else f"first {how.drop} attempts"
        sentence = f"lost on the way: the scenario drops the {attempts}"
        return [DeliveryResult(0, error=sentence, lost=True)]
    copies = how.duplicate if replay else how.copies(notification.attempts)
    if copies == 1:
        return [post(notification)]
    with ThreadPoolExecutor(copies) as pool:
        return list(pool.map(post, [notification] * copies))


def discreet(notification: StoredNotification, sent: DeliveryResult) -> DeliveryResult:
    """The result without card numbers, because a receiver may answer with anything.

    Digits that the answer repeats from the notification are not hidden.
    """
    spared = f"{notification.url} {notification.sent_body}"
    answer = card_numbers.hidden(sent.answer, spared)
    if answer != sent.answer and speaks_of_a_card(sent.answer, card_numbers.Search()):
        answer = card_numbers.HIDDEN
    return replace(sent, answer=answer, error=card_numbers.hidden(sent.error, spared),
                   location=card_numbers.hidden(sent.location, spared))


def _attempt(notification: StoredNotification, sent: DeliveryResult, at: int, replay: bool) -> Attempt:
    """The record of a request for the database."""
    delivered = sent.delivered(notification.notify_type)
    found = _findings(notification, sent, delivered)
    return Attempt(notification.id, notification.merchants_id, at, sent.took_ms, sent.status_code,
                   sent.answer,
                   sent.error, delivered, replay, [finding.as_json() for finding in found],
                   received=sent.received)


def _findings(notification: StoredNotification, sent: DeliveryResult, delivered: bool) -> list[Finding]:
    """What the receiver did wrong. What the emulator's own inbox answers is no fault of the merchant."""
    if sent.lost or sent.received:
        return []
    forged = notification.how.forged
    if delivered:
        return [Finding("FORGED_ACKNOWLEDGED", f"acknowledged, though {forged}")] if forged else []
    if forged and sent.status_code is not None:
        return []  # a careful receiver refuses it
    return [Finding("NOT_ANSWERED_SUCCESS", _what_came(notification, sent))]


def _what_came(notification: StoredNotification, sent: DeliveryResult) -> str:
    if sent.status_code is None:
        came = receivers.unanswered(receivers.Failure(sent.error, sent.advice))
    else:
        came = receivers.answered(sent.status_code, sent.answer, sent.location, notification.method,
                                  sent.with_user)
    return receivers.for_listeners(came) if sent.forward else came
