"""The timeline of a transaction: the states that the terminal shows, when each begins, and how the last one
ends.
"""
from collections.abc import Iterator

from msgspec import Struct

from ..base import durations, money
from .host import Answer
from .transactions import Transaction
from .vocabulary import MESSAGES, POSSIBLE, REASONS, SHOWN, Result, State

PATIENCE = durations.MINUTE  # the time-out for a card, a PIN and the host's answer
RESULT_SHOWN = 3 * durations.SECOND


class Step(Struct, frozen=True):
    """A state that the terminal shows from the instant `since` on.

    The last step of a timeline has the result.
    """

    since: int
    state: State
    result: Result | None = None
    message: str = ""


class _Phase(Struct, frozen=True):
    """A part of a transaction: its state, and how the transaction ends when nothing happens in it in time."""

    state: State
    unanswered: Answer
    takes_people: bool = True


_NO_CARD = Answer(Result.CANCELLED, "", message=REASONS["no_card"])
_NOT_READ = Answer(Result.FAILED, "", message=REASONS["not_read"])
_NO_PIN = Answer(Result.CANCELLED, "", message=REASONS["no_pin"])
_NO_ANSWER = Answer(Result.FAILED, "", message=REASONS["no_answer"])
_WAITING = _Phase(State.WAITING_FOR_CARD, _NO_CARD)
_READING = _Phase(State.READING_CARD, _NOT_READ, takes_people=False)
_TYPING = _Phase(State.PIN_ENTRY, _NO_PIN)
_AUTHORISING = _Phase(State.AUTHORISING, _NO_ANSWER)
_AUTHORISING_WITHOUT_CARD = _Phase(State.AUTHORISING, _NO_ANSWER, takes_people=False)


def steps_of(transaction: Transaction) -> tuple[Step, ...]:
    """The steps from beginning to end: those of the past, and those that follow when nobody acts any more."""
    steps: list[Step] = []
    since = transaction.started_at
    answer = transaction.host
    for phase in _phases(transaction):
        steps.append(Step(since, phase.state))
        done_at = _done_at(transaction, phase, since)
        if done_at is None:
            since, answer = since + PATIENCE, phase.unanswered
            break
        since = done_at
    if transaction.ended_at is None:
        return (*steps, Step(since, SHOWN[answer.result], answer.result,
                             answer.message or MESSAGES[answer.result]))
    past = [step for step in steps if step.since <= transaction.ended_at]
    result = Result.UNDEFINED if transaction.resolved_at is not None else Result(transaction.result)
    return (*past, Step(transaction.ended_at, SHOWN[result], result, transaction.message))


def _phases(transaction: Transaction) -> Iterator[_Phase]:
    """The phases of a transaction in their order."""
    if transaction.takes_card:
        yield _WAITING
        yield _READING
        if transaction.needs_pin:
            yield _TYPING
        yield _AUTHORISING
    else:
        yield _AUTHORISING_WITHOUT_CARD


def _done_at(transaction: Transaction, phase: _Phase, since: int) -> int | None:
    """The instant at which a phase that began at `since` is done, None when it ends by its time-out.

    A person's act ends it. Without one, an attended terminal waits for people, and an unattended one goes on
    by itself unless it is stuck.
    """
    showing, reading, typing, asking = transaction.paces
    acted_at, pace = {
        State.WAITING_FOR_CARD: (transaction.presented_at, showing), State.READING_CARD: (None, reading),
        State.PIN_ENTRY: (transaction.pin_at, typing), State.AUTHORISING: (transaction.decided_at, asking),
    }[phase.state]
    if acted_at is not None:
        return acted_at
    if (transaction.attended and phase.takes_people) or transaction.stuck_at == phase.state:
        return None
    return since + pace


def end(transaction: Transaction) -> Step:
    """The last step of the timeline."""
    return steps_of(transaction)[-1]


def state(transaction: Transaction | None, now: int) -> State:
    """The state of a terminal at an instant; `transaction` is its last one.

    A result is shown for 3 seconds.
    """
    if transaction is None:
        return State.IDLE
    steps = [step for step in steps_of(transaction) if step.since <= now]
    if not steps:  # the clock was set back
        return State.WAITING_FOR_CARD if transaction.in_progress and transaction.takes_card else State.IDLE
    shown = steps[-1]
    return State.IDLE if shown.result and now >= shown.since + RESULT_SHOWN else shown.state


def patience_left(transaction: Transaction | None, now: int) -> int | None:
    """The milliseconds until the terminal stops waiting for people; None when it does not wait for them."""
    if transaction is None or not (transaction.attended and transaction.takes_card):
        return None
    if state(transaction, now) not in POSSIBLE:
        return None
    return min(PATIENCE, next(step.since for step in steps_of(transaction) if step.since > now) - now)


def is_busy(transaction: Transaction | None, now: int) -> bool:
    """Whether the terminal cannot start another transaction. It can while it still shows a result."""
    return transaction is not None and transaction.in_progress and now < end(transaction).since


def due_at(transaction: Transaction) -> int | None:
    """The instant at which the result changes by time alone, None when it does not."""
    if transaction.in_progress:
        return end(transaction).since
    return resolves_at(transaction)


def resolves_at(transaction: Transaction) -> int | None:
    """The instant at which an UNDEFINED result becomes known, None when it does not by itself."""
    after = transaction.host.resolves_after
    if transaction.result != Result.UNDEFINED or transaction.ended_at is None or after is None:
        return None
    return transaction.ended_at + after


def card_was_read(transaction: Transaction) -> bool:
    """Whether a card was read before the transaction ended."""
    return any(step.state in (State.PIN_ENTRY, State.AUTHORISING) for step in steps_of(transaction))


def history(transaction: Transaction) -> dict[str, str]:
    """The timeline as the order's history shows it; the amount is in major units."""
    begun = transaction.started_at
    steps = [f"{step.state} +{durations.text(step.since - begun)}" for step in steps_of(transaction)]
    return {"terminal_sn": transaction.serial, "transactionResultId": transaction.result_id,
            "steps": ", ".join(steps), "requested": money.text(transaction.requested),
            "message": transaction.message}
