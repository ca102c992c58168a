"""The card terminal as a function of a transaction and an instant (section 8, contract 4).

A transaction keeps what was asked and what people did; which phase it is in, and how it ends, follows from that and the time. Nothing
runs in the background, so nothing is lost on a restart. The words of results, operations and entries are those of Handpoint's cloud
interface, which the gateway translates.

    words         what it shows, what people do, what is asked, what comes of it
    host          what the host behind it answers
    transactions  Terminal, Transaction
    courses       the steps of a transaction in time
    acts          what people, the host and time make of it
    shown         a transaction as JSON
"""
from .acts import Impossible, acted, after_time, concluded, ended, refused, resolved
from .courses import PATIENCE, card_was_read, course, due_at, end, is_busy, patience_left, state, told
from .host import AMOUNT_TRIGGERS, DECLINED_CODE, RESOLVED_AFTER, Answer, host_answer
from .shown import summary, transaction_json
from .transactions import Terminal, Transaction
from .words import (
    APPROVALS, MESSAGES, OPERATIONS, POSSIBLE, REFUND, REFUND_REVERSAL, REPEATABLE, REVERSALS, SALE, SHOWN,
    STOP, STOPPABLE, Act, Result, State)

__all__ = ["AMOUNT_TRIGGERS", "APPROVALS", "Act", "Answer", "DECLINED_CODE", "Impossible", "MESSAGES", "OPERATIONS", "PATIENCE", "POSSIBLE",
           "REFUND", "REFUND_REVERSAL", "REPEATABLE", "RESOLVED_AFTER", "REVERSALS", "Result", "SALE", "SHOWN", "STOP", "STOPPABLE",
           "State", "Terminal", "Transaction", "acted", "after_time", "card_was_read", "concluded",
           "course", "due_at", "end", "ended", "host_answer", "is_busy", "patience_left", "refused",
           "resolved", "state", "summary", "told", "transaction_json"]
