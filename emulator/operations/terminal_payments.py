"""Operations on terminal orders (section 8): their transactions, and the money that these move.

The functions down to `act_at_terminal` are the same for every kind of order (see `kinds`). Card orders that
are paid on a terminal (`channel_type=terminal`) belong to `card_payments`, with the terms of section 7.
"""
from collections.abc import Mapping
from functools import partial

from msgspec.structs import replace

from .. import terminal
from ..base import money
from ..domain import settlement, transitions
from ..domain.kinds import of_kind
from ..domain.orders import Event, Order, Status
from ..domain.terminal_orders import TerminalOrder
from ..protocol.codes import Refused
from ..terminal import Act, Result, Transaction
from . import terminal_transactions
from .payments import Payments, Trigger
from .terminal_transactions import TRIGGERED, conclude, note_start

NOT_FOUND = terminal.REASONS["no_original"]
EVENTS: Mapping[Result, Event] = {
    **dict.fromkeys(terminal.APPROVALS, Event.PAY), Result.CANCELLED: Event.CANCEL,
    Result.UNDEFINED: Event.PEND}
REASON, DEFAULT_REASON = "error", ""


def triggers(order: TerminalOrder) -> Mapping[str, Trigger[TerminalOrder]]:
    """The events that can be triggered: results of the transaction."""
    return TRIGGERS


def possible(order: TerminalOrder) -> list[str]:
    """All events while there is no final result, else none."""
    return list(TRIGGERS) if order.status is Status.WAIT_BUYER_PAY else []


def reasons(order: TerminalOrder) -> list[tuple[str, str]]:
    """No reasons: a result has none that could be chosen."""
    return []


def fall_due(payments: Payments, order: TerminalOrder, event: Event) -> Order:
    """End the transaction by time, or store a result that becomes known."""
    return end(payments, order, terminal.after_time(order.terminal, payments.now))


def act_unasked(payments: Payments, order: TerminalOrder) -> Order:
    """The order unchanged: a terminal order has no scripted buyer."""
    return order


def interrupted(payments: Payments, order: TerminalOrder) -> Order:
    """The order (not stored) with its transaction stopped. Raises Refused if it is too late for that."""
    return terminal_transactions.interrupted(payments, order)


def act_at_terminal(payments: Payments, order: TerminalOrder, act: Act) -> Order:
    """Carry out an act at the order's terminal. Raises terminal.Impossible."""
    return terminal_transactions.act(payments, order, act, end)


def begin(payments: Payments, order: TerminalOrder) -> TerminalOrder:
    """Store a new order whose transaction was given to its terminal."""
    created = payments.create(_with_terminal_id(order))
    note_start(payments, created, created.terminal)
    return created


def begin_again(payments: Payments, before: TerminalOrder, order: TerminalOrder) -> TerminalOrder:
    """Store a new transaction for an order number that is used again. Raises Refused if not allowed."""
    transitions.moved(before, Event.RETRY, payments.now)
    again = replace(_with_terminal_id(order), id=before.id)
    payments.note(again, Event.RETRY, {"amount": money.text(again.amount)})
    payments.tables.terminals.archive(before.terminal)
    payments.tables.orders.save(again)
    note_start(payments, again, again.terminal)
    return again


def _with_terminal_id(order: TerminalOrder) -> TerminalOrder:
    """The order with the terminal in its details, for the settlement file."""
    return replace(order, details={**order.details, "terminal_id": order.terminal.serial})


def end(payments: Payments, order: TerminalOrder, transaction: Transaction) -> Order:
    """Store the end of the transaction, with its effect on the original one if it is linked.

    If the original one does not allow it, the transaction is declined.
    """
    impossible = None
    if transaction.linked and transaction.result in terminal.APPROVALS:
        # For a refund, the scenario rule of its own request comes first.
        impossible = _give_back(replace(payments, script=order.script), order, transaction)
    return _written(payments, order, terminal.refused(transaction, impossible) if impossible else transaction)


def _conclude(payments: Payments, order: TerminalOrder, reason: str, result: Result) -> Order:
    return conclude(payments, order, result, end)


TRIGGERS: Mapping[str, Trigger[TerminalOrder]] = {
    name: partial(_conclude, result=result) for name, result in TRIGGERED.items()}


def _written(payments: Payments, order: TerminalOrder, transaction: Transaction) -> Order:
    """Store a result: the transition, its notification, and the money of a payment or an unlinked refund."""
    event = EVENTS.get(Result(transaction.result), Event.FAIL)
    after = transitions.moved(replace(order, terminal=transaction), event, payments.now)
    detail = {**terminal.history(transaction), "result": transaction.result}
    if event is Event.FAIL:
        after = replace(after, failure=transaction.result)
    elif event is Event.PAY:
        after = _approved(payments, after)
        detail |= {"amount": money.text(after.amount), **_entered(payments, after)}
    payments.write(order, event, after, detail)
    return after


def _approved(payments: Payments, order: TerminalOrder) -> TerminalOrder:
    """The order with the approved amount; only a payment gets a refund period."""
    finishes_at = payments.now + payments.settings.refund_period if order.is_payment else None
    return replace(order, amount=order.terminal.approved, paid_at=payments.now, finishes_at=finishes_at,
                   trans_id=order.terminal.transaction_id)


def _entered(payments: Payments, order: TerminalOrder) -> dict[str, str]:
    """Add the money of an approved transaction to the ledger.

    The money of a linked transaction is there already.
    """
    if order.is_payment:
        return payments.enter_payment(order)
    if order.terminal.linked:
        return {}
    reference = order.details.get("reference", "")
    return payments.enter(order, settlement.REFUND, order.out_trade_no, -order.amount, reference)


def _give_back(payments: Payments, order: TerminalOrder, transaction: Transaction) -> str | None:
    """Carry out a linked refund or a reversal on its original; return why it is impossible, or None."""
    about = _about(payments, transaction)
    if about is None or about.id == order.id:
        return NOT_FOUND
    try:
        if transaction.operation == terminal.REFUND:
            return _refund(payments, about, order, transaction)
        if transaction.requested != about.amount or not about.was_paid or about.status is Status.TRADE_CLOSED:
            return NOT_FOUND
        if transaction.operation == terminal.REFUND_REVERSAL:
            return _take_back(payments, about)
        return _reverse(payments, about)
    except Refused as refused:
        return refused.sentence


def _refund(payments: Payments, sale: Order, order: TerminalOrder, transaction: Transaction) -> str | None:
    """Refund a part of a sale, or all of it. Raises Refused if the amount is more than is left."""
    if not sale.is_payment:
        return NOT_FOUND
    number = order.out_trade_no
    if payments.tables.orders.refund(order.merchants_id, number):
        return f"{number} is the number of another refund"
    payments.refund(sale, transaction.approved, number, order.details.get("reference", ""))
    return None


def _reverse(payments: Payments, sale: Order) -> str | None:
    """Reverse a whole sale, once and within 24 hours; return why it is impossible, or None."""
    if not sale.is_payment or sale.refunded or not _is_recent(payments, sale):
        return NOT_FOUND
    payments.cancel(sale)
    return None


def _is_recent(payments: Payments, order: Order) -> bool:
    return order.paid_at is not None and payments.now - order.paid_at <= transitions.CANCEL_PERIOD


def _about(payments: Payments, transaction: Transaction) -> Order | None:
    """The original order of a linked transaction, if it still has the transaction that was meant."""
    if not transaction.original:
        return None
    found = payments.tables.orders.find(payments.merchant.merchants_id, transaction.original)
    return found if found and found.has_transaction(transaction.original_result_id) else None


def _take_back(payments: Payments, about: Order) -> str | None:
    """Reverse a refund, once and within 24 hours; return why it is impossible, or None.

    The payment gets back the amount that the refund took from it.
    """
    refund = of_kind(TerminalOrder, about)
    if refund is None or refund.terminal.operation != terminal.REFUND or not _is_recent(payments, refund):
        return NOT_FOUND
    payment = _about(payments, refund.terminal) if refund.terminal.linked else None
    given = payments.tables.orders.refund(refund.merchants_id, refund.out_trade_no)
    injected: dict[str, str] = {}
    if payment and given:
        payments.restore(payment, given)
    else:
        injected = payments.enter(refund, settlement.REFUND, refund.trans_id, refund.amount, "cancel")
    after = transitions.moved(refund, Event.CANCEL, payments.now)
    payments.write(refund, Event.CANCEL, after, {"amount": money.text(refund.amount), **injected})
    return None
