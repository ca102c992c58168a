"""The card terminal as a function of a transaction and an instant (section 8).

A transaction stores the request and the acts of people. Its state and its result follow from these and the
time. Nothing runs in the background, so nothing is lost on a restart. Results, operations and card entries
have the names of Handpoint's cloud interface, which the gateway passes on.

    vocabulary    states, acts, operations and results
    host          the answer of the host behind a terminal
    transactions  Terminal, Transaction
    timeline      the steps of a transaction in time
    acts          how acts, the host and time change a transaction
    shown         a transaction as JSON
"""
from .acts import Impossible, acted, after_time, concluded, ended, refused, resolved
from .host import AMOUNT_TRIGGERS, DECLINED_CODE, RESOLVED_AFTER, Answer, host_answer
from .shown import is_partial, summary, transaction_json
from .timeline import PATIENCE, card_was_read, due_at, end, history, is_busy, patience_left, state, steps_of
from .transactions import Terminal, Transaction
from .vocabulary import (
    APPROVALS, MESSAGES, OPERATIONS, POSSIBLE, REASONS, REFUND, REFUND_REVERSAL, REPEATABLE, REVERSALS, SALE,
    SHOWN, STOP, STOPPABLE, Act, Result, State)

__all__ = [
    "AMOUNT_TRIGGERS", "APPROVALS", "Act", "Answer", "DECLINED_CODE", "Impossible", "MESSAGES", "OPERATIONS",
    "PATIENCE", "POSSIBLE", "REASONS", "REFUND", "REFUND_REVERSAL", "REPEATABLE", "RESOLVED_AFTER",
    "REVERSALS", "Result", "SALE", "SHOWN", "STOP", "STOPPABLE", "State", "Terminal", "Transaction", "acted",
    "after_time", "card_was_read", "concluded", "due_at", "end", "ended", "history", "host_answer", "is_busy",
    "is_partial", "patience_left", "refused", "resolved", "state", "steps_of", "summary", "transaction_json"]
