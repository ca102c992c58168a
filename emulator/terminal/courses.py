"""The course of a transaction: what the terminal shows from when on, until when, and how it ends."""
from collections.abc import Iterator
from dataclasses import dataclass

from ..base import durations, money
from .host import Answer
from .transactions import Transaction
from .words import MESSAGES, POSSIBLE, REASONS, SHOWN, Result, State

PATIENCE = durations.MINUTE  # for a card, a PIN, an answer
RESULT_SHOWN = 3 * durations.SECOND


@dataclass(frozen=True)
class Step:
    """What the terminal shows from an instant on; the last step of a course has the result."""

    since: int
    state: State
    result: Result | None = None
    message: str = ""


@dataclass(frozen=True)
class _Phase:
    """A part of a transaction: done at an instant, or, when None, left alone until it ends in `unanswered`."""

    state: State
    done_at: int | None
    unanswered: Answer


_NO_CARD = Answer(Result.CANCELLED, "", message=REASONS["no_card"])
_NOT_READ = Answer(Result.FAILED, "", message=REASONS["not_read"])
_NO_PIN = Answer(Result.CANCELLED, "", message=REASONS["no_pin"])
_NO_ANSWER = Answer(Result.FAILED, "", message=REASONS["no_answer"])


def course(transaction: Transaction) -> tuple[Step, ...]:
    """The steps from the beginning to the end, as it was or as it will be when nobody does anything more."""
    steps: list[Step] = []
    since = transaction.started_at
    answer = transaction.host
    for phase in _phases(transaction):
        steps.append(Step(since, phase.state))
        if phase.done_at is None:
            since, answer = since + PATIENCE, phase.unanswered
            break
        since = phase.done_at
    if transaction.ended_at is not None:
        result = Result.UNDEFINED if transaction.resolved_at is not None else Result(transaction.result)
        return (*(step for step in steps if step.since <= transaction.ended_at),
                Step(transaction.ended_at, SHOWN[result], result, transaction.message))
    return (*steps, Step(since, SHOWN[answer.result], answer.result, answer.message or MESSAGES[answer.result]))


def _phases(transaction: Transaction) -> Iterator[_Phase]:
    """The phases in their order, each begun when the one before is done."""
    showing, reading, typing, asking = transaction.paces
    attended, since = transaction.attended, transaction.started_at

    def done(phase: State, acted_at: int | None, pace: int, by_people: bool = attended) -> int | None:
        return acted_at if acted_at is not None else None if by_people or transaction.stuck_at == phase else since + pace
    if transaction.takes_card:
        presented = done(State.WAITING_FOR_CARD, transaction.presented_at, showing)
        yield _Phase(State.WAITING_FOR_CARD, presented, _NO_CARD)
        assert presented is not None
        since = presented
        read = done(State.READING_CARD, None, reading, by_people=False)
        yield _Phase(State.READING_CARD, read, _NOT_READ)
        assert read is not None
        since = read
        if transaction.needs_pin:
            typed = done(State.PIN_ENTRY, transaction.pin_at, typing)
            yield _Phase(State.PIN_ENTRY, typed, _NO_PIN)
            assert typed is not None
            since = typed
    decided = done(State.AUTHORISING, transaction.decided_at, asking, attended and transaction.takes_card)
    yield _Phase(State.AUTHORISING, decided, _NO_ANSWER)


def end(transaction: Transaction) -> Step:
    """The last step of the course."""
    return course(transaction)[-1]


def state(transaction: Transaction | None, now: int) -> State:
    """What the terminal shows at an instant that had this transaction last; a result is shown for 3 s."""
    if transaction is None:
        return State.IDLE
    steps = [step for step in course(transaction) if step.since <= now]
    if not steps:  # the clock was set back
        return State.WAITING_FOR_CARD if transaction.in_progress and transaction.takes_card else State.IDLE
    shown = steps[-1]
    return State.IDLE if shown.result and now >= shown.since + RESULT_SHOWN else shown.state


def patience_left(transaction: Transaction | None, now: int) -> int | None:
    """How long the terminal still waits for people, in milliseconds; None when it waits for nobody."""
    if transaction is None or not (transaction.attended and transaction.takes_card) or state(transaction, now) not in POSSIBLE:
        return None
    return min(PATIENCE, next(step.since for step in course(transaction) if step.since > now) - now)


def is_busy(transaction: Transaction | None, now: int) -> bool:
    """Whether the terminal cannot take another transaction: a result that is still shown does not keep it."""
    return transaction is not None and transaction.in_progress and now < end(transaction).since


def due_at(transaction: Transaction) -> int | None:
    """The instant at which time alone brings a result."""
    if transaction.in_progress:
        return end(transaction).since
    return resolves_at(transaction)


def resolves_at(transaction: Transaction) -> int | None:
    """When an UNDEFINED result becomes known."""
    after = transaction.host.resolves_after
    unknown = transaction.result == Result.UNDEFINED and transaction.ended_at is not None
    return (transaction.ended_at or 0) + after if unknown and after is not None else None


def card_was_read(transaction: Transaction) -> bool:
    """Whether a card was there to be read before the end."""
    return any(step.state in (State.PIN_ENTRY, State.AUTHORISING) for step in course(transaction))


def told(transaction: Transaction) -> dict[str, str]:
    """The course in words, for the history of the order."""
    begun = transaction.started_at
    return {"terminal_sn": transaction.serial, "transactionResultId": transaction.result_id,
            "steps": ", ".join(f"{step.state} +{durations.text(step.since - begun)}" for step in course(transaction)),
            "requested": money.text(transaction.requested), "message": transaction.message}
