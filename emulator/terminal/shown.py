"""A transaction as the control interface and the terminal's screen show it."""
from typing import Any

from ..base import money
from ..base.clock import iso
from .timeline import card_was_read, steps_of
from .transactions import Transaction
from .vocabulary import Result


def transaction_json(transaction: Transaction, out_trade_no: str, currency: str,
                     now: int | None = None) -> dict[str, Any]:
    """A transaction of an order: amounts in major units as decimal text, instants in ISO 8601.

    Of its steps those up to `now` (milliseconds) are shown; without `now` all of them, once it has a result.
    """
    steps = steps_of(transaction) if now is not None or transaction.result else ()
    return {
        "out_trade_no": out_trade_no, "terminal_sn": transaction.serial,
        "transactionResultId": transaction.result_id, "operation": transaction.operation,
        "trade_status": transaction.result,
        "requested_amount": money.text(transaction.requested),
        "trans_amount": money.text(transaction.approved), "currency": currency,
        "message": transaction.message, "attended": transaction.attended,
        "entry": transaction.entry, "started_at": iso(transaction.started_at),
        "ended_at": _instant(transaction.ended_at), "resolved_at": _instant(transaction.resolved_at),
        "card": _card(transaction),
        "steps": [{"at": iso(step.since), "state": str(step.state)} for step in steps
                  if now is None or step.since <= now]}


def is_partial(transaction: Transaction | None) -> bool:
    """Whether there is a transaction of which the issuer approved only a part."""
    return transaction is not None and transaction.result == Result.PARTIAL_APPROVAL


def summary(transaction: Transaction) -> str:
    """Terminal, operation and result in a line; the result is empty while there is none."""
    return f"{transaction.serial} · {transaction.operation} · {transaction.result}"


def _instant(value: int | None) -> str | None:
    return None if value is None else iso(value)


def _card(transaction: Transaction) -> dict[str, str] | None:
    """The card, once it was read."""
    if not transaction.result or not card_was_read(transaction):
        return None
    return {"brand": transaction.brand, "first6": transaction.first6, "last4": transaction.last4}
