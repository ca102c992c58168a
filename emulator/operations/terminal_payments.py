"""What becomes of terminal transactions (contract 4): begun, acted on, stopped, and their result written down with all that belongs to it.

Each function works in the transaction and at the instant of `Payments`. A card order that is paid on a terminal
(`channel_type=terminal`) is moved by the acquirer, in the words of section 7; every other is moved here.
"""
from dataclasses import dataclass, replace
from itertools import count
from uuid import UUID

from .. import scenarios, terminal
from ..base import money, randomness
from ..domain import settlement, transitions
from ..domain.orders import Event, Order, Status
from ..domain.transitions import refusal
from ..protocol import test_cards
from ..protocol.codes import Refused
from ..protocol.response_codes import APPROVED
from ..protocol.test_cards import Outcome, Presented
from ..terminal import Act, Answer, Impossible, Result, Terminal, Transaction
from . import card_payments
from .payments import Payments

HALF = 50
ISSUED = {Result.AUTHORISED: "00", Result.SUCCESS: "00", Result.PARTIAL_APPROVAL: "10", Result.DECLINED: terminal.DECLINED_CODE,
          Result.UNDEFINED: "", Result.FAILED: "", Result.CANCELLED: ""}
NOT_FOUND = terminal.REASONS["no_original"]
# What a card order says of a result that is no decline: an unknown one is being processed, after the last two the payer may try again.
CARD_CODES = {Result.AUTHORISED: APPROVED, Result.SUCCESS: APPROVED, Result.PARTIAL_APPROVAL: "3118", Result.UNDEFINED: "3150",
              Result.FAILED: "3146", Result.CANCELLED: "3131"}
ISSUER_CODES = {"01": "3110", "04": "3138", "05": "3100"}
MOVES = {**dict.fromkeys(terminal.APPROVALS, Event.PAY), Result.CANCELLED: Event.CANCEL, Result.UNDEFINED: Event.PEND}


@dataclass(frozen=True)
class Original:
    """The transaction that is given back, as far as it is known: its order and itself, and how it is named in results."""

    name: str = ""
    order: Order | None = None
    transaction: Transaction | None = None


def original(payments: Payments, out_trade_no: str, number: str) -> Original:
    """The transaction that a merchant names by its order, by its transactionResultId or transactionID, or by both, which must agree."""
    merchants_id, tables = payments.merchant.merchants_id, payments.tables
    named = tables.terminals.transaction(merchants_id, number) if number else (out_trade_no, "", None)
    order = tables.orders.find(merchants_id, named[0]) if named and out_trade_no in ("", named[0]) else None
    if named is None or order is None or order.terminal is None or named[1] not in ("", order.terminal.result_id):
        return Original(number or out_trade_no)
    return Original(order.terminal.transaction_id, order, order.terminal)


def begin(payments: Payments, order: Order, device: Terminal, operation: str, given_back: Original = Original()) -> Order:
    """Hand a waiting order to a terminal that is free."""
    if order.terminal:
        payments.tables.terminals.archive(order.terminal)  # the order has had one before
    transaction = _transaction(payments, order, device, operation, given_back)
    card = replace(order.card, due_at=None, due_code="") if order.card else None  # the terminal has a time limit of its own
    sent = replace(order, terminal=transaction, card=card, details={**order.details, "terminal_id": device.serial})
    payments.tables.orders.save(sent)
    payments.tables.terminals.begin(transaction, order.merchants_id, order.id, order.out_trade_no)
    payments.note(sent, Event.START, {"operation": operation, "terminal_sn": device.serial, "transactionResultId": transaction.result_id})
    payments.tables.wake()
    return sent


def _transaction(payments: Payments, order: Order, device: Terminal, operation: str, given_back: Original) -> Transaction:
    """A transaction of an order, as it is sent to the terminal; its card is that of what is given back, or one that will be presented."""
    settings, attempt = payments.settings, payments.tables.terminals.count(order.merchants_id, order.out_trade_no) + 1
    names = order.merchants_id, order.out_trade_no, attempt
    first = given_back.transaction
    card = (first.brand, first.first6, first.last4) if first else _card(settings.seed, *names)
    return Transaction(
        device.serial, device.terminal_type, _result_id(payments, device), operation, order.amount, payments.now, settings.autopilot,
        settings.contactless_limit, device.attended, _host(payments, order, operation), attempt,
        transaction_id=str(UUID(randomness.hexadecimal(32, settings.seed, "transactionID", *names))),
        authorisation_code=randomness.digits(6, settings.seed, "authorisation", *names), original_id=given_back.name,
        stuck_at=order.script.then.terminal.at if order.script else "",
        original=given_back.order.out_trade_no if given_back.order else "", original_result_id=first.result_id if first else "",
        brand=card[0], first6=card[1], last4=card[2])


def _card(seed: str, *names: object) -> tuple[str, str, str]:
    """The card that will be presented: brand, first six and last four digits of one of the plain test cards."""
    number = test_cards.PLAIN[randomness.derive(seed, "presented card", *names) % len(test_cards.PLAIN)]
    scheme = test_cards.brand(number)
    return scheme.name if scheme else "", number[:6], number[-4:]


def _host(payments: Payments, order: Order, operation: str) -> Answer:
    """What the host will answer: as a rule says, else by the amount. Reversals know no triggers, and of a refund no part is approved."""
    answer = _scripted(order.script, order.amount) if order.script else None
    if answer is None:
        answer = terminal.host_answer(order.amount, payments.settings.amount_triggers and operation not in terminal.REVERSALS)
    return Answer() if answer.result is Result.PARTIAL_APPROVAL and operation != terminal.SALE else answer


def _scripted(script: "scenarios.Script", amount: int) -> Answer | None:
    """What a rule says that the host answers, when it does: a part is a half unless told, and what is pending is not known for so long."""
    then = script.then
    if not then.result and not then.waits:
        return None
    result, later = Result(then.result) if then.result else Result.UNDEFINED, script.later_result
    approves = max(1, amount * (then.approves or HALF) // 100) if Result.PARTIAL_APPROVAL in (result, later) else None
    resolves_after = then.settles_after
    if resolves_after is None and not then.pending:
        resolves_after = terminal.RESOLVED_AFTER
    return Answer(result, ISSUED[result], approves, later, resolves_after=resolves_after)


def _result_id(payments: Payments, device: Terminal) -> str:
    """`<serial>-<epoch ms>`; another instant where this one is given away, as when the clock stands still."""
    candidates = (f"{device.serial}-{payments.now + later}" for later in count())
    return next(number for number in candidates if not payments.tables.terminals.is_used(number))


def act(payments: Payments, order: Order, done: Act) -> Order:
    """Somebody does something at the terminal. Raises terminal.Impossible."""
    if order.terminal is None:
        raise Impossible(done, terminal.State.IDLE)
    if done is Act.CANCEL:
        return stop(payments, order)
    after = replace(order, terminal=terminal.acted(order.terminal, done, payments.now))
    if done in (Act.APPROVE, Act.DECLINE):
        return fall_due(payments, after)
    payments.tables.orders.save(after)
    payments.note(after, Event.PIN if done is Act.PIN else Event.PRESENT, {} if done is Act.PIN else {"entry": str(done)})
    payments.tables.wake()
    return after


def stop(payments: Payments, order: Order) -> Order:
    """The transaction is stopped, by the merchant or by the red button. Raises terminal.Impossible when that is too late."""
    if order.terminal is None:
        raise Impossible(Act.CANCEL, terminal.State.IDLE)
    return _written(payments, order, terminal.acted(order.terminal, Act.CANCEL, payments.now))


def interrupted(payments: Payments, order: Order) -> Order:
    """The order, not yet written down, with its terminal stopped, when it has one at work. Raises Refused when that is too late."""
    if order.terminal is None or order.status is not Status.WAIT_BUYER_PAY:
        return order
    if not order.terminal.in_progress:
        raise refusal(order, "TRADE_STATUS_ERROR", f"the result of order {order.out_trade_no} on its terminal is not known yet")
    try:
        return replace(order, terminal=terminal.acted(order.terminal, Act.CANCEL, payments.now))
    except Impossible as impossible:
        raise refusal(order, "TRADE_STATUS_ERROR", f"order {order.out_trade_no} cannot be cancelled: {impossible}") from None


def conclude(payments: Payments, order: Order, result: Result) -> Order:
    """The transaction ends at once, as somebody says. Raises Refused when it has its result already."""
    transaction = order.terminal
    if transaction is None or order.status is not Status.WAIT_BUYER_PAY:
        raise transitions.state_refusal(order)
    end = terminal.ended if transaction.in_progress else terminal.resolved
    return _carried_out(payments, order, end(transaction, result, payments.now))


def fall_due(payments: Payments, order: Order) -> Order:
    """What time, or an answer of the host, makes of a transaction at this instant."""
    transaction = order.terminal
    assert transaction is not None
    if not transaction.in_progress:
        return _carried_out(payments, order, terminal.resolved(transaction, transaction.host.later, payments.now))
    last = terminal.end(transaction)
    assert last.result is not None
    return _carried_out(payments, order, terminal.ended(transaction, last.result, payments.now, last.message))


def _carried_out(payments: Payments, order: Order, transaction: Transaction) -> Order:
    """The result is written down, and with it what it does to another transaction; when that one does not allow it, it is a decline."""
    asked = replace(payments, script=order.script)  # what is given back follows the rule of its own request first
    impossible = _give_back(asked, order, transaction) if transaction.linked and transaction.result in terminal.APPROVALS else None
    return _written(payments, order, terminal.refused(transaction, impossible) if impossible else transaction)


def _give_back(payments: Payments, order: Order, transaction: Transaction) -> str | None:
    """Do what a linked refund or a reversal does to its original; answers why it cannot be done."""
    about = _about(payments, transaction)
    if about is None or about.terminal is None or about.id == order.id:
        return NOT_FOUND
    try:
        if transaction.operation == terminal.REFUND:
            return _refund(payments, about, order, transaction)
        if transaction.requested != about.amount or not about.was_paid or about.status is Status.TRADE_CLOSED:
            return NOT_FOUND
        return _take_back(payments, about) if transaction.operation == terminal.REFUND_REVERSAL else _reverse(payments, about)
    except Refused as refused:
        return refused.sentence


def _refund(payments: Payments, sale: Order, order: Order, transaction: Transaction) -> str | None:
    """Give a part of a sale back, or all of it. Raises Refused when that is more than there is."""
    if not sale.is_payment:
        return NOT_FOUND
    if payments.tables.orders.refund(order.merchants_id, order.out_trade_no):
        return f"{order.out_trade_no} is the number of another refund"
    payments.refund(sale, transaction.approved, order.out_trade_no, order.details.get("reference", ""))
    return None


def _reverse(payments: Payments, sale: Order) -> str | None:
    """Take a whole sale back within 24 hours, once."""
    if not sale.is_payment or sale.refunded or not _is_recent(payments, sale):
        return NOT_FOUND
    payments.cancel(sale)
    return None


def _is_recent(payments: Payments, order: Order) -> bool:
    return order.paid_at is not None and payments.now - order.paid_at <= transitions.CANCEL_PERIOD


def _about(payments: Payments, transaction: Transaction) -> Order | None:
    """The order that a linked transaction is about, when it still has the transaction that was meant."""
    found = payments.tables.orders.find(payments.merchant.merchants_id, transaction.original) if transaction.original else None
    if found is None or found.terminal is None or transaction.original_result_id not in ("", found.terminal.result_id):
        return None
    return found


def _take_back(payments: Payments, refund: Order) -> str | None:
    """Reverse a refund within 24 hours, once; what it had taken from a payment is put back."""
    transaction = refund.terminal
    assert transaction is not None
    if transaction.operation != terminal.REFUND or not _is_recent(payments, refund):
        return NOT_FOUND
    payment = _about(payments, transaction) if transaction.linked else None
    given = payments.tables.orders.refund(refund.merchants_id, refund.out_trade_no)
    injected: dict[str, str] = {}
    if payment and given:
        payments.restore(payment, given)
    else:
        injected = payments.enter(refund, settlement.REFUND, refund.trans_id, refund.amount, "cancel")
    after = transitions.moved(refund, Event.CANCEL, payments.now)
    payments.write(refund, Event.CANCEL, after, {"amount": money.text(refund.amount), **injected})
    return None


def _written(payments: Payments, order: Order, transaction: Transaction) -> Order:
    """Write a result down: the move of the order with its notification, and the money of a payment or an unlinked refund."""
    ended = replace(order, terminal=transaction)
    if order.card:
        return _card_answered(payments, ended, transaction)
    event = MOVES.get(Result(transaction.result), Event.FAIL)
    after = transitions.moved(ended, event, payments.now)
    told = {**terminal.told(transaction), "result": transaction.result}
    if event is Event.PAY:
        finishes_at = payments.now + payments.settings.refund_period if after.is_payment else None
        after = replace(after, amount=transaction.approved, paid_at=payments.now, finishes_at=finishes_at,
                        trans_id=transaction.transaction_id)
        told["amount"] = money.text(after.amount)
    elif event is Event.FAIL:
        after = replace(after, failure=transaction.result)
    if event is Event.PAY and transaction.operation == terminal.SALE:
        told.update(payments.enter(after, settlement.PAYMENT, after.out_trade_no, after.amount, after.subject))
    elif event is Event.PAY and not transaction.linked:
        told.update(payments.enter(after, settlement.REFUND, after.out_trade_no, -after.amount, order.details.get("reference", "")))
    payments.write(order, event, after, told)
    return after


def _card_answered(payments: Payments, order: Order, transaction: Transaction) -> Order:
    """The result as the answer of a card's issuer."""
    result = Result(transaction.result)
    code = ISSUER_CODES.get(transaction.host.issuer_code, "3100") if result is Result.DECLINED else CARD_CODES[result]
    approved = replace(order, amount=transaction.approved) if result in terminal.APPROVALS else order
    if transaction.resolved_at is not None:
        return card_payments.answer(payments, approved, Outcome(code))
    why = f"the terminal {transaction.serial} ended the transaction with {result}"
    card = (transaction.brand, transaction.first6, transaction.last4) if terminal.card_was_read(transaction) else ("", "", "")
    return card_payments.present(payments, approved, Presented(*card, Outcome(code), why))
