"""Transactions on card terminals, of card and terminal orders: start, acts, stop and end.

Transactions of card orders (`channel_type=terminal`) and of terminal orders take the same course. Only the
effect of the result on the order differs: it is the argument `ended`.
"""
from collections.abc import Callable, Mapping
from itertools import count
from typing import TypeVar
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from .. import scenarios, terminal
from ..base import randomness
from ..domain import transitions
from ..domain.card_orders import CardOrder
from ..domain.orders import Event, Order, Status
from ..domain.terminal_orders import TerminalOrder
from ..domain.transitions import refusal
from ..protocol import test_cards
from ..terminal import Act, Answer, Impossible, Result, State, Terminal, Transaction
from .payments import Payments

HALF = 50  # percent of the amount
ISSUED: Mapping[Result, str] = {
    Result.AUTHORISED: "00", Result.SUCCESS: "00", Result.PARTIAL_APPROVAL: "10",
    Result.DECLINED: terminal.DECLINED_CODE, Result.UNDEFINED: "", Result.FAILED: "", Result.CANCELLED: ""}
TRIGGERED: Mapping[str, Result] = {
    "pay": Result.AUTHORISED, "decline": Result.DECLINED, "expire": Result.CANCELLED,
    "close": Result.CANCELLED}
OnTerminal = TypeVar("OnTerminal", CardOrder, TerminalOrder)
Ended = Callable[[Payments, OnTerminal, Transaction], Order]


class Original(Struct, frozen=True):
    """The original transaction of a refund or reversal, its order, and its name in results.

    Order and transaction are None if they are unknown.
    """

    name: str = ""
    order: Order | None = None
    transaction: Transaction | None = None


def original(payments: Payments, out_trade_no: str, number: str) -> Original:
    """The original transaction, by its order's number, or by its transactionResultId or transactionID.

    If both are given, they must agree.
    """
    merchants_id, tables = payments.merchant.merchants_id, payments.tables
    named = tables.terminals.transaction(merchants_id, number) if number else (out_trade_no, "", None)
    order = tables.orders.find(merchants_id, named[0]) if named and out_trade_no in ("", named[0]) else None
    transaction = order.transaction if order else None
    if named is None or transaction is None or named[1] not in ("", transaction.result_id):
        return Original(number or out_trade_no)
    return Original(transaction.transaction_id, order, transaction)


def begun(payments: Payments, out_trade_no: str, amount: int, device: Terminal, operation: str,
          given_back: Original = Original()) -> Transaction:
    """A new transaction for a free terminal; `amount` is in minor units.

    Its card is that of the original transaction, or one that will be presented.
    """
    settings, merchants_id = payments.settings, payments.merchant.merchants_id
    attempt = payments.tables.terminals.count(merchants_id, out_trade_no) + 1
    names = merchants_id, out_trade_no, attempt
    first = given_back.transaction
    card = (first.brand, first.first6, first.last4) if first else _card(settings.seed, *names)
    return Transaction(
        device.serial, device.terminal_type, _result_id(payments, device), operation, amount, payments.now,
        settings.autopilot, settings.contactless_limit, device.attended, _host(payments, amount, operation),
        attempt, transaction_id=str(UUID(randomness.hexadecimal(32, settings.seed, "transactionID", *names))),
        authorisation_code=randomness.digits(6, settings.seed, "authorisation", *names),
        original_id=given_back.name,
        stuck_at=payments.script.then.terminal.at if payments.script else "",
        original=given_back.order.out_trade_no if given_back.order else "",
        original_result_id=first.result_id if first else "", brand=card[0], first6=card[1], last4=card[2])


def note_start(payments: Payments, order: Order, transaction: Transaction) -> None:
    """Store that a terminal was given the transaction of a stored order."""
    payments.tables.terminals.begin(transaction, order.merchants_id, order.id, order.out_trade_no)
    payments.note(order, Event.START, {"operation": transaction.operation, "terminal_sn": transaction.serial,
                                       "transactionResultId": transaction.result_id})
    payments.tables.wake()


def _card(seed: str, *names: object) -> tuple[str, str, str]:
    """The card that will be presented: brand, first six and last four digits of a plain test card."""
    number = test_cards.PLAIN[randomness.derive(seed, "presented card", *names) % len(test_cards.PLAIN)]
    scheme = test_cards.brand(number)
    return scheme.name if scheme else "", number[:6], number[-4:]


def _host(payments: Payments, amount: int, operation: str) -> Answer:
    """The host's answer: by a scenario rule, else by the amount.

    Reversals have no amount triggers, and refunds are never approved in part.
    """
    answer = _scripted(payments.script, amount) if payments.script else None
    if answer is None:
        by_amount = payments.settings.amount_triggers and operation not in terminal.REVERSALS
        answer = terminal.host_answer(amount, by_amount)
    return Answer() if answer.result is Result.PARTIAL_APPROVAL and operation != terminal.SALE else answer


def _scripted(script: "scenarios.Script", amount: int) -> Answer | None:
    """The host's answer in a scenario rule, or None if the rule has none.

    A partial approval is for half the amount unless the rule has a percentage. A pending result stays unknown
    as long as the rule says.
    """
    then = script.then
    if not then.result and not then.waits:
        return None
    result, later = Result(then.result) if then.result else Result.UNDEFINED, script.later_result
    approves = None
    if Result.PARTIAL_APPROVAL in (result, later):
        approves = max(1, amount * (then.approves or HALF) // 100)
    resolves_after = then.settles_after
    if resolves_after is None and not then.pending:
        resolves_after = terminal.RESOLVED_AFTER
    return Answer(result, ISSUED[result], approves, later, resolves_after=resolves_after)


def _result_id(payments: Payments, device: Terminal) -> str:
    """`<serial>-<epoch ms>`; with a later instant if this id exists already, as with a frozen clock."""
    candidates = (f"{device.serial}-{payments.now + later}" for later in count())
    return next(number for number in candidates if not payments.tables.terminals.is_used(number))


def act(payments: Payments, order: OnTerminal, done: Act, ended: Ended[OnTerminal]) -> Order:
    """Carry out an act at the terminal. Raises terminal.Impossible."""
    if order.terminal is None:
        raise Impossible(done, State.IDLE)
    transaction = terminal.acted(order.terminal, done, payments.now)
    if done is Act.CANCEL:
        return ended(payments, order, transaction)
    if done in (Act.APPROVE, Act.DECLINE):
        return ended(payments, order, terminal.after_time(transaction, payments.now))
    after = replace(order, terminal=transaction)
    payments.tables.orders.save(after)
    event, detail = (Event.PIN, {}) if done is Act.PIN else (Event.PRESENT, {"entry": str(done)})
    payments.note(after, event, detail)
    payments.tables.wake()
    return after


def interrupted(payments: Payments, order: OnTerminal) -> OnTerminal:
    """The order (not stored) with its transaction stopped if it is on a terminal.

    Raises Refused if it is too late for that.
    """
    if order.terminal is None or order.status is not Status.WAIT_BUYER_PAY:
        return order
    number = order.out_trade_no
    if not order.terminal.in_progress:
        sentence = f"the result of order {number} on its terminal is not known yet"
        raise refusal(order, "TRADE_STATUS_ERROR", sentence)
    try:
        return replace(order, terminal=terminal.acted(order.terminal, Act.CANCEL, payments.now))
    except Impossible as impossible:
        sentence = f"order {number} cannot be cancelled: {impossible}"
        raise refusal(order, "TRADE_STATUS_ERROR", sentence) from None


def conclude(payments: Payments, order: OnTerminal, result: Result, ended: Ended[OnTerminal]) -> Order:
    """End the transaction at once with this result. Raises Refused if it has its result already."""
    if order.terminal is None or order.status is not Status.WAIT_BUYER_PAY:
        raise transitions.state_refusal(order)
    return ended(payments, order, terminal.concluded(order.terminal, result, payments.now))
