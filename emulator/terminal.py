"""The card terminal as a function of a transaction and an instant (section 8, contract 4).

A transaction keeps what was asked and what people did; which phase it is in, and how it ends, follows from that and the time. Nothing
runs in the background, so nothing is lost on a restart. The words of results, operations and entries are those of Handpoint's cloud
interface, which the gateway translates.
"""
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from . import durations, money


class State(StrEnum):
    """What a terminal shows."""

    IDLE = "IDLE"  # ready for a transaction
    WAITING_FOR_CARD = "WAITING_FOR_CARD"  # the amount is shown; can be stopped
    READING_CARD = "READING_CARD"  # cannot be stopped
    PIN_ENTRY = "PIN_ENTRY"  # can be stopped
    AUTHORISING = "AUTHORISING"  # the host is asked; cannot be stopped
    APPROVED = "APPROVED"
    DECLINED = "DECLINED"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"  # no result: the terminal or the line broke


class Result(StrEnum):
    """`trade_status` of a terminal transaction (finStatus)."""

    UNDEFINED = "UNDEFINED"  # the host did not answer in time; known 10 s later
    SUCCESS = "SUCCESS"  # an alias of AUTHORISED, given only where it is asked for
    AUTHORISED = "AUTHORISED"
    DECLINED = "DECLINED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    PARTIAL_APPROVAL = "PARTIAL_APPROVAL"  # less than was asked for


class Act(StrEnum):
    """What a person does at a terminal, or the host behind it."""

    TAP = "tap"  # the card is held to the terminal
    INSERT = "insert"  # its chip is inserted
    SWIPE = "swipe"  # its magnetic stripe is drawn through
    PIN = "pin"  # the PIN is typed
    APPROVE = "approve"  # the host answers
    DECLINE = "decline"  # the host declines
    CANCEL = "cancel"  # the red button


SALE, REFUND, SALE_REVERSAL, REFUND_REVERSAL = "sale", "refund", "saleReversal", "refundReversal"
STOP = "stopCurrentTransaction"
REVERSALS = (SALE_REVERSAL, REFUND_REVERSAL)
OPERATIONS = (SALE, REFUND, *REVERSALS)
APPROVALS = (Result.SUCCESS, Result.AUTHORISED, Result.PARTIAL_APPROVAL)
REPEATABLE = (Result.DECLINED, Result.FAILED, Result.CANCELLED)  # after these the order number may be used again
SHOWN: Mapping[Result, State] = {
    **dict.fromkeys(APPROVALS, State.APPROVED), Result.DECLINED: State.DECLINED, Result.CANCELLED: State.CANCELLED,
    Result.FAILED: State.FAILED, Result.UNDEFINED: State.FAILED}
ENTRIES = (Act.TAP, Act.INSERT, Act.SWIPE)
POSSIBLE: Mapping[State, tuple[Act, ...]] = {
    State.WAITING_FOR_CARD: (*ENTRIES, Act.CANCEL), State.PIN_ENTRY: (Act.PIN, Act.CANCEL),
    State.AUTHORISING: (Act.APPROVE, Act.DECLINE)}
STOPPABLE = tuple(state for state, acts in POSSIBLE.items() if Act.CANCEL in acts)

PATIENCE = durations.MINUTE  # for a card, a PIN, an answer
RESULT_SHOWN = 3 * durations.SECOND
RESOLVED_AFTER = 10 * durations.SECOND
APPROVED_MESSAGE, DECLINED_CODE = "Approved or completed successfully", "05"
MESSAGES: Mapping[Result, str] = {
    **dict.fromkeys(APPROVALS, APPROVED_MESSAGE), Result.PARTIAL_APPROVAL: "Approved for a part of the amount",
    Result.DECLINED: "Declined", Result.FAILED: "Transaction failed", Result.CANCELLED: "Transaction cancelled",
    Result.UNDEFINED: "The host did not answer in time, the result is not known yet"}


@dataclass(frozen=True)
class Answer:
    """What the host will answer: `approves` minor units of a partial approval; `later` is what UNDEFINED turns out to be, after so many
    milliseconds, or when somebody says so."""

    result: Result = Result.AUTHORISED
    issuer_code: str = "00"
    approves: int | None = None
    later: Result = Result.AUTHORISED
    message: str = ""
    resolves_after: int | None = RESOLVED_AFTER


# Amounts that make the host answer otherwise, in minor units: those of Handpoint's own simulator.
AMOUNT_TRIGGERS: Mapping[int, Answer] = {
    3779: Answer(Result.DECLINED, "01", message="Declined, refer to the card issuer"),
    3784: Answer(Result.DECLINED, "05", message="Declined, do not honour"),
    3793: Answer(Result.DECLINED, "04", message="Declined, retain the card"),
    3757: Answer(Result.PARTIAL_APPROVAL, "10", approves=1100),
    3768: Answer(Result.UNDEFINED, ""),
    3741: Answer(Result.FAILED, ""),
}
DECLINE = Answer(Result.DECLINED, DECLINED_CODE)


@dataclass(frozen=True)
class Terminal:
    """A device of a merchant; serials are unique over all merchants. `order_id` is the order whose transaction it had last."""

    serial: str
    merchants_id: str
    terminal_type: str
    online: bool = True
    attended: bool = False
    order_id: int | None = None


@dataclass(frozen=True)
class Transaction:
    """What was asked of a terminal and what has happened. Amounts are minor units, instants and lengths of time milliseconds.

    `paces` is how long an unattended terminal takes to be shown a card, to read it, to be typed a PIN and to hear from the host; an
    attended one waits for people instead. `host` is what the host will answer. `result` is empty until it is written down, `ended_at`
    is when it was reached; `resolved_at` is when an UNDEFINED one became known. `original` and `original_result_id` name the
    transaction that a reversal or a linked refund is about, as far as it was found; `original_id` is how the merchant named it. At
    the state `stuck_at` nobody does anything, and no answer comes.
    """

    serial: str
    terminal_type: str
    result_id: str
    operation: str
    requested: int
    started_at: int
    paces: tuple[int, int, int, int]
    contactless_limit: int
    attended: bool = False
    host: Answer = Answer()
    attempt: int = 1
    entry: str = ""
    presented_at: int | None = None
    pin_at: int | None = None
    decided_at: int | None = None
    result: str = ""
    approved: int = 0
    ended_at: int | None = None
    resolved_at: int | None = None
    message: str = ""
    transaction_id: str = ""
    authorisation_code: str = ""
    brand: str = ""
    first6: str = ""
    last4: str = ""
    original: str = ""
    original_result_id: str = ""
    original_id: str = ""
    stuck_at: str = ""

    @property
    def in_progress(self) -> bool:
        """Whether the terminal is busy with it; the end need not be written down yet."""
        return not self.result

    @property
    def takes_card(self) -> bool:
        """Whether a card is presented: a reversal needs none."""
        return self.operation not in REVERSALS

    @property
    def linked(self) -> bool:
        """Whether it is about another transaction."""
        return not self.takes_card or bool(self.original_id)

    @property
    def read_by(self) -> str:
        """How the card is read: as somebody did, else contactless up to the limit and by the chip above it."""
        return self.entry or (Act.TAP if self.requested <= self.contactless_limit else Act.INSERT)

    @property
    def needs_pin(self) -> bool:
        """A card that is tapped within the contactless limit needs no PIN; every other does."""
        return self.takes_card and not (self.read_by == Act.TAP and self.requested <= self.contactless_limit)


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


_NO_CARD = Answer(Result.CANCELLED, "", message="No card was presented in time")
_NOT_READ = Answer(Result.FAILED, "", message="The card could not be read")
_NO_PIN = Answer(Result.CANCELLED, "", message="No PIN was typed in time")
_NO_ANSWER = Answer(Result.FAILED, "", message="The host was not reached")


def host_answer(amount: int, triggers: bool) -> Answer:
    """What the host answers to an amount in minor units; with `triggers`, some amounts are special."""
    return AMOUNT_TRIGGERS.get(amount, Answer()) if triggers else Answer()


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


class Impossible(Exception):
    """An act that the terminal's state does not allow; `state` is that state."""

    def __init__(self, act: str, state: State) -> None:
        super().__init__(f"{act} is not possible while the terminal shows {state}")
        self.state = state


def acted(transaction: Transaction, act: Act, now: int) -> Transaction:
    """The transaction after an act. Raises Impossible."""
    shown = state(transaction, now)
    if act not in POSSIBLE.get(shown, ()):
        raise Impossible(act, shown)
    if act in ENTRIES:
        return replace(transaction, entry=str(act), presented_at=now)
    if act is Act.PIN:
        return replace(transaction, pin_at=now)
    if act is Act.CANCEL:
        return ended(transaction, Result.CANCELLED, now)
    return replace(transaction, decided_at=now, host=DECLINE if act is Act.DECLINE else transaction.host)


def ended(transaction: Transaction, result: Result, now: int, message: str = "") -> Transaction:
    """The transaction with a result that was reached at an instant."""
    return replace(transaction, result=str(result), ended_at=now, approved=_approved(transaction, result),
                   message=message or MESSAGES[result])


def resolved(transaction: Transaction, result: Result, now: int) -> Transaction:
    """The transaction when its UNDEFINED result has become known."""
    return replace(ended(transaction, result, now), ended_at=transaction.ended_at, resolved_at=now)


def refused(transaction: Transaction, message: str) -> Transaction:
    """The transaction declined after all, because of what it is about."""
    return replace(transaction, result=str(Result.DECLINED), approved=0, message=message)


def card_was_read(transaction: Transaction) -> bool:
    """Whether a card was there to be read before the end."""
    return any(step.state in (State.PIN_ENTRY, State.AUTHORISING) for step in course(transaction))


def _approved(transaction: Transaction, result: Result) -> int:
    """The amount that was approved, never more than was asked for."""
    if result is Result.PARTIAL_APPROVAL:
        return min(transaction.host.approves or transaction.requested, transaction.requested)
    return transaction.requested if result in APPROVALS else 0


def told(transaction: Transaction) -> dict[str, str]:
    """The course in words, for the history of the order."""
    begun = transaction.started_at
    return {"terminal_sn": transaction.serial, "transactionResultId": transaction.result_id,
            "steps": ", ".join(f"{step.state} +{durations.text(step.since - begun)}" for step in course(transaction)),
            "requested": money.text(transaction.requested), "message": transaction.message}
