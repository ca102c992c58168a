"""The outbox: notices wait in the database from the transaction of their cause until a receiver has taken them (contract 6)."""
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from ..base import durations
from ..domain import receivers
from ..domain.notifications import TERMINAL
from ..protocol import card_numbers
from ..protocol.findings import Finding
from ..protocol.masking import speaks_of_a_card
from ..store import Store, Tables
from ..store.post import Attempt, Posted

WAITING, TAKEN, FAILED = "waiting", "taken", "failed"
ACKNOWLEDGEMENT = "success"
SKIPPED = ("skipped, nothing was sent: in the same move of the clock, or flush, the receiver had not "
           "answered in time")
MARK = "X-TGPay-Notification"  # a header of each attempt: its id; what may control an emulator refuses it
LONGEST_TERMINAL_WAIT, TERMINAL_PERIOD = 15 * durations.MINUTE, 2 * durations.DAY


def _terminal_waits() -> Iterator[int]:
    """The waits of the terminals' product (contract 4): every 5 s for 100 s, then 8, 16, 32 … s, at most 15 minutes, for 2 days."""
    over = 0
    for place in range(20 + TERMINAL_PERIOD // LONGEST_TERMINAL_WAIT + 10):
        wait = 5 * durations.SECOND if place < 20 else min(8 * durations.SECOND * 2 ** (place - 20), LONGEST_TERMINAL_WAIT)
        over += wait
        if over > TERMINAL_PERIOD:
            return
        yield wait


TERMINAL_SCHEDULE = tuple(_terminal_waits())


@dataclass(frozen=True)
class Sent:
    """What came of one HTTP request: an answer, or an error in words with what to do about it.

    `location` is where a redirect leads, `with_user` says that user and password were sent, `lost` that a
    scenario let nothing arrive, `timed_out` that the receiver took too long.
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

    def taken(self, notify_type: str) -> bool:
        """A 2xx whose body, trimmed, is `success` in any case; of a terminal's result any 2xx."""
        return self.answered and (notify_type == TERMINAL or self.answer.strip().lower() == ACKNOWLEDGEMENT)

    @property
    def answered(self) -> bool:
        """Whether the answer was a 2xx."""
        return self.status_code is not None and 200 <= self.status_code < 300


Post = Callable[[Posted], Sent]


def next_step(notice: Posted, taken: bool, at: int, schedule: Sequence[int], replay: bool) -> tuple[str, int, int | None]:
    """Status, counted attempts and next due instant of a notice after an attempt at instant `at`.

    A replay by hand neither uses up the schedule nor makes a taken notice untaken. Copies that a scenario's rule asks for follow at
    once, whether they are taken or not, and use the schedule up as one attempt.
    """
    place, how = notice.attempts, notice.how
    taken = taken or notice.status == TAKEN
    copies_left = how.times > 1 and place + 1 < how.drop + how.times
    if replay:
        return TAKEN if taken else notice.status, place, notice.due_at if copies_left or not taken else None
    if copies_left and place >= how.drop:
        return TAKEN if taken else WAITING, place + 1, at
    if taken:
        return TAKEN, place + 1, None
    waits = schedule[place if place < how.drop else place - how.times + 1:]
    return (WAITING, place + 1, at + waits[0]) if waits else (FAILED, place + 1, None)


def after_failure(notice: Posted, at: int, schedule: Sequence[int]) -> int | None:
    """When the next attempt is due should one at an instant fail."""
    return next_step(notice, False, at, _waits(notice, schedule), False)[2]


def is_lost(notice: Posted) -> bool:
    """Whether a scenario lets the next attempt of the schedule not arrive: no receiver is needed for it."""
    return notice.attempts < notice.how.drop


def _waits(notice: Posted, schedule: Sequence[int]) -> Sequence[int]:
    return TERMINAL_SCHEDULE if notice.notify_type == TERMINAL else schedule


def skip(store: Store, notices: Iterable[tuple[Posted, int]], schedule: Sequence[int]) -> None:
    """Write down that attempts of notices, each at an instant, were skipped.

    They use up the schedule as if they had failed.
    """
    with store.write() as tables:
        for notice, at in notices:
            attempt = Attempt(notice.id, notice.merchants_id, at, took_ms=0, status_code=None, answer="",
                              error=SKIPPED, taken=False, replay=False, findings=[], skipped=True)
            _record(tables, notice, [attempt], False, schedule)


def deliver(store: Store, notice: Posted, at: int, post: Post, schedule: Sequence[int], replay: bool = False) -> Sent:
    """Make one attempt, begun at the emulator's instant `at`, and write down what came of it; `schedule` is that of the setting."""
    copies = [_discreet(notice, sent) for sent in _posted(notice, post, replay)]
    taken = any(sent.taken(notice.notify_type) for sent in copies)
    attempts = [_attempt(notice, sent, at, replay) for sent in copies]
    with store.write() as tables:
        if _record(tables, notice, attempts, taken, schedule):
            tables.wake()
    return next((sent for sent in copies if sent.taken(notice.notify_type)), copies[0])


def _record(tables: Tables, notice: Posted, attempts: Sequence[Attempt], taken: bool, schedule: Sequence[int]) -> bool:
    """Write attempts of a notice down, and what comes next; answers whether the notice is still there.

    Its merchant may have been reset in the meantime.
    """
    current = tables.notices.find(notice.id)
    if current is None or current.created_at != notice.created_at:
        return False
    waits = _waits(notice, schedule)
    for attempt in attempts:
        tables.notices.record(attempt, *next_step(current, taken, attempt.at, waits, attempt.replay))
    return True


def _posted(notice: Posted, post: Post, replay: bool) -> list[Sent]:
    """What came of an attempt: one HTTP request, or none or several at once where a scenario's rule says so."""
    how = notice.how
    if is_lost(notice) and not replay:
        sentence = f"lost on the way: the scenario drops the first {how.drop} attempts"
        return [Sent(0, error=sentence, lost=True)]
    if how.duplicate == 1:
        return [post(notice)]
    with ThreadPoolExecutor(how.duplicate) as pool:
        return list(pool.map(post, [notice] * how.duplicate))


def _discreet(notice: Posted, sent: Sent) -> Sent:
    """What came, without card numbers: a receiver may answer with anything.

    What it repeats of the notification is none.
    """
    spared = f"{notice.url} {notice.sent_body}"
    answer = card_numbers.hidden(sent.answer, spared)
    if answer != sent.answer and speaks_of_a_card(sent.answer, card_numbers.Search()):
        answer = card_numbers.HIDDEN
    return replace(sent, answer=answer, error=card_numbers.hidden(sent.error, spared),
                   location=card_numbers.hidden(sent.location, spared))


def _attempt(notice: Posted, sent: Sent, at: int, replay: bool) -> Attempt:
    """What is written down of a request."""
    taken = sent.taken(notice.notify_type)
    found = [] if taken or sent.lost else [Finding("NOT_ANSWERED_SUCCESS", _what_came(notice, sent))]
    return Attempt(notice.id, notice.merchants_id, at, sent.took_ms, sent.status_code, sent.answer,
                   sent.error, taken, replay, [finding.as_json() for finding in found])


def _what_came(notice: Posted, sent: Sent) -> str:
    if sent.status_code is None:
        return receivers.unanswered(receivers.Failure(sent.error, sent.advice))
    return receivers.answered(sent.status_code, sent.answer, sent.location, notice.method, sent.with_user)
