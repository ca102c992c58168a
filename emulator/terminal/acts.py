"""Changes of a transaction: an act of a person or the host, a result, a late result, and a refusal
afterwards.
"""
from msgspec.structs import replace

from .host import DECLINE
from .timeline import end, state
from .transactions import Transaction
from .vocabulary import APPROVALS, ENTRIES, MESSAGES, POSSIBLE, Act, Result, State


class Impossible(Exception):
    """The terminal does not allow the act in its `state`."""

    def __init__(self, act: str, state: State) -> None:
        super().__init__(f"{act} is not possible while the terminal shows {state}")
        self.state = state


def acted(transaction: Transaction, act: Act, now: int) -> Transaction:
    """The transaction after an act at the instant `now`.

    Raises Impossible when the state does not allow it.
    """
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
    """The transaction with the result that it reached at the instant `now`."""
    return replace(transaction, result=str(result), ended_at=now, approved=_approved(transaction, result),
                   message=message or MESSAGES[result])


def resolved(transaction: Transaction, result: Result, now: int) -> Transaction:
    """The transaction whose UNDEFINED result became known at the instant `now`."""
    return replace(ended(transaction, result, now), ended_at=transaction.ended_at, resolved_at=now)


def concluded(transaction: Transaction, result: Result, now: int) -> Transaction:
    """The transaction with a result at once, be it in progress or its result not known yet."""
    return (ended if transaction.in_progress else resolved)(transaction, result, now)


def after_time(transaction: Transaction, now: int) -> Transaction:
    """The transaction with the result that its course ends in, or that an UNDEFINED one turns out to have."""
    if not transaction.in_progress:
        return resolved(transaction, transaction.host.later, now)
    last = end(transaction)
    assert last.result is not None  # the last step of a course has one
    return ended(transaction, last.result, now, last.message)


def refused(transaction: Transaction, message: str) -> Transaction:
    """The transaction declined afterwards, because its original transaction does not allow it."""
    return replace(transaction, result=str(Result.DECLINED), approved=0, message=message)


def _approved(transaction: Transaction, result: Result) -> int:
    """The approved amount in minor units, at most the requested one."""
    if result is Result.PARTIAL_APPROVAL:
        return min(transaction.host.approves or transaction.requested, transaction.requested)
    return transaction.requested if result in APPROVALS else 0
