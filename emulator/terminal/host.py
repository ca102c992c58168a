"""The host behind a terminal, and its answers."""
from collections.abc import Mapping

from msgspec import Struct

from ..base import durations
from .vocabulary import Result

RESOLVED_AFTER = 10 * durations.SECOND
DECLINED_CODE = "05"


class Answer(Struct, frozen=True):
    """The host's answer.

    `approves` are the minor units of a partial approval. An UNDEFINED result becomes `later` after
    `resolves_after` milliseconds; without these, when the control interface decides.
    """

    result: Result = Result.AUTHORISED
    issuer_code: str = "00"
    approves: int | None = None
    later: Result = Result.AUTHORISED
    message: str = ""
    resolves_after: int | None = RESOLVED_AFTER


# Amounts in minor units for which the host does not simply approve: those of Handpoint's own simulator.
AMOUNT_TRIGGERS: Mapping[int, Answer] = {
    3779: Answer(Result.DECLINED, "01", message="Declined, refer to the card issuer"),
    3784: Answer(Result.DECLINED, "05", message="Declined, do not honour"),
    3793: Answer(Result.DECLINED, "04", message="Declined, retain the card"),
    3757: Answer(Result.PARTIAL_APPROVAL, "10", approves=1100),
    3768: Answer(Result.UNDEFINED, ""),
    3741: Answer(Result.FAILED, ""),
}
DECLINE = Answer(Result.DECLINED, DECLINED_CODE)


def host_answer(amount: int, triggers: bool) -> Answer:
    """The host's answer to an amount in minor units. With `triggers`, `AMOUNT_TRIGGERS` are special."""
    return AMOUNT_TRIGGERS.get(amount, Answer()) if triggers else Answer()
