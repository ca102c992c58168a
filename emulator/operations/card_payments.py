"""Operations on card orders (section 7): cards, the issuer's answers and its page, review and chargeback.

The functions down to `act_at_terminal` are the same for every kind of order (see `kinds`). Each function
stores one transition through `Payments`. All raise Refused if the order's state forbids it.
"""
from collections.abc import Mapping
from functools import partial
from typing import Any

from msgspec.structs import replace

from .. import scenarios, terminal
from ..base import clock, money
from ..domain import card_orders, transitions, wallets
from ..domain.card_orders import CardOrder
from ..domain.orders import Event, Order, Status
from ..domain.transitions import refusal
from ..protocol import test_cards
from ..protocol.response_codes import APPROVED, DECLINED, PENDING, RESPONSE_CODES, CardStatus
from ..protocol.test_cards import Outcome, Presented
from ..terminal import Act, Result, Terminal, Transaction
from . import terminal_transactions
from .payments import Payments, Trigger, waiting
from .terminal_transactions import TRIGGERED, conclude, note_start

PROCESSING = "3150"
# The response codes for results of a terminal other than a decline. An unknown result is being processed;
# after the last two the payer may try again.
CARD_CODES: Mapping[Result, str] = {
    Result.AUTHORISED: APPROVED, Result.SUCCESS: APPROVED, Result.PARTIAL_APPROVAL: "3118",
    Result.UNDEFINED: PROCESSING, Result.FAILED: "3146", Result.CANCELLED: "3131"}
ISSUER_CODES: Mapping[str, str] = {"01": "3110", "04": "3138", "05": "3100"}
ANY_DECLINE = "3100"

REASON, DEFAULT_REASON = "code", DECLINED
TRIGGERS: Mapping[str, Trigger[CardOrder]] = {
    "pay": lambda payments, order, code: decide(payments, order, APPROVED),
    "decline": lambda payments, order, code: decide(payments, order, code),
    "expire": lambda payments, order, code: run_out(payments, waiting(order)),
    "close": lambda payments, order, code: payments.close(waiting(order), Event.CLOSE),
    "approve": lambda payments, order, code: decide(payments, _undecided(order), APPROVED),
    "refuse": lambda payments, order, code: decide(payments, _undecided(order), code),
    "chargeback": lambda payments, order, code: charge_back(payments, order),
}
_UNPAID = ("pay", "decline", "expire", "close")
POSSIBLE: Mapping[CardStatus, tuple[str, ...]] = {
    CardStatus.RECEIVED: _UNPAID,
    **dict.fromkeys((CardStatus.PENDING, CardStatus.PENDING_REVIEW), (*_UNPAID, "approve", "refuse")),
    CardStatus.SUCCESS: ("chargeback",),
}


def triggers(order: CardOrder) -> Mapping[str, Trigger[CardOrder]]:
    """The events that can be triggered; for an order on a terminal, the results of its transaction."""
    return AT_TERMINAL if _is_at_terminal(order) else TRIGGERS


def possible(order: CardOrder) -> list[str]:
    """The events that can be triggered in the order's state."""
    if _is_at_terminal(order):
        return list(AT_TERMINAL)
    over = order.is_charged_back or (order.was_paid and order.status is Status.TRADE_CLOSED)
    return [] if over else list(POSSIBLE.get(order.card.status, ()))


def reasons(order: CardOrder) -> list[tuple[str, str]]:
    """The reasons for a failure: response codes, each with its sentence; none for an order on a terminal."""
    if order.terminal:
        return []
    failed = (row for row in RESPONSE_CODES.values() if row.status is CardStatus.FAILED)
    return [(row.code, f"{row.code} {row.message}") for row in failed]


def fall_due(payments: Payments, order: CardOrder, event: Event) -> Order:
    """End the transaction on a terminal, charge the order back, or answer for the issuer."""
    if event is Event.END and order.terminal:
        return end_at_terminal(payments, order, terminal.after_time(order.terminal, payments.now))
    if event is Event.CHARGEBACK:
        return charge_back(payments, order)
    return answer(payments, order, Outcome(order.card.due_code))


def act_unasked(payments: Payments, order: CardOrder) -> Order:
    """Present a card for the payer, as the order's scenario rule says."""
    script = order.script
    if script is None:
        return order
    declines = script.then.buyer.declines_after is not None
    card = as_scripted(test_cards.told(DECLINED if declines else APPROVED, "the scenario"), script)
    return present(payments, replace(order, script=script.done()), card)


def interrupted(payments: Payments, order: CardOrder) -> Order:
    """The order (not stored) with its transaction stopped if it is on a terminal.

    Raises Refused if it is too late to stop.
    """
    return terminal_transactions.interrupted(payments, order)


def act_at_terminal(payments: Payments, order: CardOrder, act: Act) -> Order:
    """Carry out an act at the terminal on which the order is paid. Raises terminal.Impossible."""
    return terminal_transactions.act(payments, order, act, end_at_terminal)


def _is_at_terminal(order: CardOrder) -> bool:
    return order.terminal is not None and order.status is Status.WAIT_BUYER_PAY


def _undecided(order: CardOrder) -> CardOrder:
    """The order if its issuer or merchant has not decided yet. Raises Refused."""
    if order.card.status is CardStatus.RECEIVED:
        sentence = f"no card has been presented for order {order.out_trade_no} yet"
        raise refusal(order, "TRADE_STATUS_ERROR", sentence)
    return waiting(order)


def begin_at_terminal(payments: Payments, order: CardOrder, device: Terminal) -> CardOrder:
    """Start a waiting order on a free terminal."""
    transaction = terminal_transactions.begun(
        payments, order.out_trade_no, order.amount, device, terminal.SALE)
    sent = card_orders.sent_to_terminal(order, transaction)
    payments.tables.orders.save(sent)
    note_start(payments, sent, transaction)
    return sent


def end_at_terminal(payments: Payments, order: CardOrder, transaction: Transaction) -> Order:
    """Store the result of the order's transaction, as the answer of the card's issuer."""
    result = Result(transaction.result)
    code = CARD_CODES.get(result) or ISSUER_CODES.get(transaction.host.issuer_code, ANY_DECLINE)
    ended = replace(order, terminal=transaction)
    if result in terminal.APPROVALS:
        ended = replace(ended, amount=transaction.approved)
    if transaction.resolved_at is not None:
        return answer(payments, ended, Outcome(code))
    card = ("", "", "")
    if terminal.card_was_read(transaction):
        card = (transaction.brand, transaction.first6, transaction.last4)
    why = f"the terminal {transaction.serial} ended the transaction with {result}"
    return present(payments, ended, Presented(*card, Outcome(code), why))


def _conclude(payments: Payments, order: CardOrder, reason: str, result: Result) -> Order:
    return conclude(payments, order, result, end_at_terminal)


AT_TERMINAL: Mapping[str, Trigger[CardOrder]] = {
    name: partial(_conclude, result=result) for name, result in TRIGGERED.items()}


def charge(payments: Payments, order: CardOrder, card: Presented) -> CardOrder:
    """Store a new order with its first card; its row is written once, after the issuer's answer."""
    payments.note(order, Event.CREATE, {"amount": money.text(order.amount)})
    return present(payments, order, card)


def takes_another(order: CardOrder, now: int) -> bool:
    """Whether the payer may present another card on the cashier's page: after a decline, within the time."""
    declined = order.card.on_the_cashier and order.card.status is CardStatus.FAILED
    return declined and not order.is_for_terminal and now < order.expires_at


def present(payments: Payments, order: CardOrder, card: Presented) -> CardOrder:
    """Present a card for a waiting order, and store the issuer's answer."""
    state = order.card
    if state.status is not CardStatus.RECEIVED:
        raise transitions.state_refusal(order)
    attempt = state.attempt + 1
    day = clock.compact(payments.now, payments.settings.timezone)[:8]
    names = order.merchants_id, order.out_trade_no, attempt
    order_id = wallets.card_order_id(payments.settings.seed, day, *names)
    detail = {"attempt": str(attempt), "brand": card.brand, "card": card.masked, "why": card.why}
    return answer(payments, order, card.outcome, detail, attempt=attempt, order_id=order_id, brand=card.brand,
                  first6=card.first6, last4=card.last4, hint=card.hint, wrong_codes=0)


def as_scripted(card: Presented, script: "scenarios.Script | None") -> Presented:
    """The card with the issuer's answer of a scenario rule.

    A card with invalid data keeps its own answer: it is declined.
    """
    outcome = scripted(script) if script else None
    if script is None or outcome is None or card.faulty:
        return card
    return replace(card, outcome=outcome, why=f"rule {script.rule} of the scenario matched")


def scripted(script: "scenarios.Script") -> Outcome | None:
    """The issuer's answer in a scenario rule, or None if the rule has none."""
    then = script.then
    if then.three_d:
        return Outcome(PENDING, challenge="" if then.code in ("", PENDING) else then.code)
    if then.review:
        return test_cards.outcome(PENDING, test_cards.REVIEWED)[0]
    if then.chargeback_after is not None:
        return Outcome(APPROVED if then.code in ("", PENDING) else then.code, test_cards.CHARGED_BACK,
                       then.chargeback_after)
    if then.settles_after is not None:
        return Outcome(then.code or PROCESSING, script.later_code, then.settles_after)
    if then.pending:
        return Outcome(then.code or PROCESSING)
    return test_cards.outcome(then.code)[0] if then.code else None


def answer(payments: Payments, order: CardOrder, outcome: Outcome, detail: Mapping[str, str] | None = None,
           **tried: Any) -> CardOrder:
    """Store an answer of the issuer; `tried` are fields of the card payment that come with it."""
    refund_period = payments.settings.refund_period
    after, event = card_orders.answered(order, outcome, payments.now, refund_period, **tried)
    history = {**(detail or {}), "code": outcome.code}
    if event is Event.PAY:
        injected = payments.enter_payment(after)
        history = {"amount": money.text(after.amount), "trans_id": after.trans_id, **history, **injected}
    payments.write(order, event, after, history)
    return after


def authenticate(payments: Payments, order: CardOrder, typed: str | None) -> CardOrder:
    """Handle the code typed on the issuer's page; None if the payer gives up."""
    card = order.card
    if card.challenge is None:
        raise transitions.state_refusal(order)
    wrong_codes = card.wrong_codes + 1
    mistyped = not card.challenge and typed not in (None, test_cards.ONE_TIME_CODE)
    if mistyped and wrong_codes < test_cards.MOST_WRONG_CODES:
        after = card_orders.mistyped(order, payments.now)
        payments.write(order, Event.WRONG_CODE, after, {"wrong_codes": str(wrong_codes)})
        return after
    return answer(payments, order, Outcome(card.challenge or _result_of(typed, card.wrong_codes)))


def _result_of(typed: str | None, wrong_codes: int) -> str:
    """The response code that results from the issuer's page."""
    if typed is None:
        return test_cards.WRONG_PIN if wrong_codes else test_cards.NOT_AUTHENTICATED
    return APPROVED if typed == test_cards.ONE_TIME_CODE else test_cards.TOO_MANY_PINS


def review(payments: Payments, order: CardOrder, approved: bool) -> CardOrder:
    """Accept or refuse a payment pending review for the merchant.

    The same decision twice has no further effect.
    """
    decision, card = (Event.PAY if approved else Event.REVOKE), order.card
    if card.reviewed == decision:
        return order
    if card.status is not CardStatus.PENDING_REVIEW:
        raise transitions.state_refusal(order)
    code = APPROVED if approved else test_cards.REFUSED_IN_REVIEW
    return answer(payments, order, Outcome(code), reviewed=str(decision))


def decide(payments: Payments, order: CardOrder, code: str) -> CardOrder:
    """End a card payment with the response code `code`.

    A payment pending review is accepted or refused, as by its merchant.
    """
    if order.card.status is CardStatus.RECEIVED:
        return present(payments, order, test_cards.told(code, payments.cause))
    if order.card.status is CardStatus.PENDING_REVIEW:
        return review(payments, order, code == APPROVED)
    return answer(payments, order, Outcome(code))


def run_out(payments: Payments, order: CardOrder) -> CardOrder:
    """End a waiting order by its time limit, or by the time limit of its review."""
    in_review = order.card.status is CardStatus.PENDING_REVIEW
    return answer(payments, order,
                  Outcome(test_cards.REFUSED_IN_REVIEW if in_review else test_cards.TIME_OVER))


def retry(payments: Payments, order: CardOrder, expires_at: int) -> CardOrder:
    """Open a failed or expired order again until `expires_at` (milliseconds).

    A transaction that it had on a terminal is archived.
    """
    after = card_orders.retried(order, expires_at, payments.now)
    if order.terminal:
        payments.tables.terminals.archive(order.terminal)
    payments.write(order, Event.RETRY, after, {"until": clock.iso(expires_at)})
    return after


def charge_back(payments: Payments, order: CardOrder) -> CardOrder:
    """Store a chargeback: the cardholder gets the money back from the issuer."""
    after = card_orders.charged_back(order, payments.now)
    payments.write(order, Event.CHARGEBACK, after, {"code": test_cards.CHARGED_BACK})
    return after
