"""The vocabulary of card terminals: states, acts, operations and results, with the names of section 8 and
Handpoint.
"""
from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """The state that a terminal shows."""

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
    """The `trade_status` of a terminal transaction (Handpoint's finStatus)."""

    UNDEFINED = "UNDEFINED"  # the host did not answer in time; known 10 s later
    SUCCESS = "SUCCESS"  # an alias of AUTHORISED, sent only when a scenario asks for it
    AUTHORISED = "AUTHORISED"
    DECLINED = "DECLINED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    PARTIAL_APPROVAL = "PARTIAL_APPROVAL"  # less than the requested amount


class Act(StrEnum):
    """An act of a person at a terminal, or of the host behind it."""

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
# After these results the order number may be used again.
REPEATABLE = (Result.DECLINED, Result.FAILED, Result.CANCELLED)
SHOWN: Mapping[Result, State] = {
    **dict.fromkeys(APPROVALS, State.APPROVED), Result.DECLINED: State.DECLINED,
    Result.CANCELLED: State.CANCELLED, Result.FAILED: State.FAILED, Result.UNDEFINED: State.FAILED}
ENTRIES = (Act.TAP, Act.INSERT, Act.SWIPE)
POSSIBLE: Mapping[State, tuple[Act, ...]] = {
    State.WAITING_FOR_CARD: (*ENTRIES, Act.CANCEL), State.PIN_ENTRY: (Act.PIN, Act.CANCEL),
    State.AUTHORISING: (Act.APPROVE, Act.DECLINE)}
STOPPABLE = tuple(state for state, acts in POSSIBLE.items() if Act.CANCEL in acts)
MESSAGES: Mapping[Result, str] = {
    **dict.fromkeys(APPROVALS, "Approved or completed successfully"),
    Result.PARTIAL_APPROVAL: "Approved for a part of the amount",
    Result.DECLINED: "Declined", Result.FAILED: "Transaction failed",
    Result.CANCELLED: "Transaction cancelled",
    Result.UNDEFINED: "The host did not answer in time, the result is not known yet"}
# Messages that say why a transaction ended so, in place of those of its result.
REASONS: Mapping[str, str] = {
    "no_card": "No card was presented in time", "not_read": "The card could not be read",
    "no_pin": "No PIN was entered in time", "no_answer": "The host was not reached",
    "no_original": "Original not found"}
