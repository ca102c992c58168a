"""The outbox: notices wait in the database from the transaction of their cause until a receiver has taken them (contract 6)."""
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .findings import Finding
from .store import Store
from .store.post import Attempt, Posted

WAITING, TAKEN, FAILED = "waiting", "taken", "failed"
ACKNOWLEDGEMENT = "success"


@dataclass(frozen=True)
class Sent:
    """What came of one HTTP request: an answer, or an error in words."""

    took_ms: int
    status_code: int | None = None
    answer: str = ""
    error: str = ""
    findings: list[Finding] = field(default_factory=list)

    @property
    def taken(self) -> bool:
        """A 2xx whose body, trimmed, is `success` in any case."""
        return self.answered and self.answer.strip().lower() == ACKNOWLEDGEMENT

    @property
    def answered(self) -> bool:
        """Whether the answer was a 2xx."""
        return self.status_code is not None and 200 <= self.status_code < 300


Post = Callable[[Posted], Sent]


def next_step(notice: Posted, taken: bool, at: int, schedule: Sequence[int], replay: bool) -> tuple[str, int, int | None]:
    """Status, counted attempts and next due instant of a notice after an attempt at instant `at`.

    A replay by hand neither uses up the schedule nor makes a taken notice untaken.
    """
    if taken or notice.status == TAKEN:
        return TAKEN, notice.attempts + (not replay), None
    if replay:
        return notice.status, notice.attempts, notice.due_at
    if notice.attempts < len(schedule):
        return WAITING, notice.attempts + 1, at + schedule[notice.attempts]
    return FAILED, notice.attempts + 1, None


def deliver(store: Store, notice: Posted, at: int, post: Post, schedule: Sequence[int], replay: bool = False) -> Sent:
    """Make one attempt, begun at the emulator's instant `at`, and write down what came of it."""
    sent = post(notice)
    findings = list(sent.findings)
    if sent.answered and not sent.taken:
        findings.append(Finding("NOT_ANSWERED_SUCCESS", f"answered {sent.status_code} with {sent.answer.strip()[:80]!r}"))
    attempt = Attempt(notice.id, notice.merchants_id, at, sent.took_ms, sent.status_code, sent.answer, sent.error, sent.taken, replay,
                      [finding.as_json() for finding in findings])
    with store.write() as tables:
        current = tables.notices.find(notice.id)
        if current is not None and current.created_at == notice.created_at:  # its merchant may have been reset in the meantime
            tables.notices.record(attempt, *next_step(current, sent.taken, at, schedule, replay))
            tables.wake()
    return sent
