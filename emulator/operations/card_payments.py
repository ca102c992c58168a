"""What becomes of card payments: the card that is presented, the issuer's answer and its page, review and chargeback (contract 3).

Each function writes one move down through `Payments`, with all that belongs to it; all raise Refused when the order's state forbids it.
"""
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .. import scenarios
from ..base import clock, money
from ..domain import settlement, transitions, wallets
from ..domain.orders import Event, Order
from ..protocol import test_cards
from ..protocol.response_codes import APPROVED, DECLINED, PENDING, CardStatus
from ..protocol.test_cards import Outcome, Presented
from .payments import Payments

PROCESSING = "3150"


def charge(payments: Payments, order: Order, card: Presented) -> Order:
    """A new order with its first card: the row is written once, as the issuer's answer leaves it."""
    payments.note(order, Event.CREATE, {"amount": money.text(order.amount)})
    return present(payments, order, card)


def present(payments: Payments, order: Order, card: Presented) -> Order:
    """The payer presents a card to an order that waits for one, and the issuer answers."""
    state = order.card
    if state is None or state.status is not CardStatus.RECEIVED:
        raise transitions.state_refusal(order)
    attempt = state.attempt + 1
    day = clock.compact(payments.now, payments.settings.timezone)[:8]
    order_id = wallets.card_order_id(payments.settings.seed, day, order.merchants_id, order.out_trade_no, attempt)
    detail = {"attempt": str(attempt), "brand": card.brand, "card": card.masked, "why": card.why}
    return answer(payments, order, card.outcome, detail, attempt=attempt, order_id=order_id, brand=card.brand, first6=card.first6,
                  last4=card.last4, hint=card.hint, wrong_codes=0)


def as_scripted(card: Presented, script: "scenarios.Script | None") -> Presented:
    """A card whose issuer answers as a scenario's rule says; data that no issuer would take is declined all the same."""
    outcome = scripted(script) if script else None
    if script is None or outcome is None or card.faulty:
        return card
    return replace(card, outcome=outcome, why=f"the rule {script.rule} of the scenario fits")


def scripted(script: "scenarios.Script") -> Outcome | None:
    """What a rule says that the issuer of a card answers, when it does."""
    then = script.then
    if then.three_d:
        return Outcome(PENDING, challenge="" if then.code in ("", PENDING) else then.code)
    if then.review:
        return test_cards.outcome(PENDING, test_cards.REVIEWED)[0]
    if then.chargeback_after is not None:
        return Outcome(APPROVED if then.code in ("", PENDING) else then.code, test_cards.CHARGED_BACK, then.chargeback_after)
    if then.settles_after is not None:
        return Outcome(then.code or PROCESSING, script.later_code, then.settles_after)
    if then.pending:
        return Outcome(then.code or PROCESSING)
    return test_cards.outcome(then.code)[0] if then.code else None


def unasked(payments: Payments, order: Order) -> Order:
    """The payer of a waiting order presents a card by themselves, as a rule says."""
    script = order.script
    assert script is not None
    declines = script.then.buyer.declines_after is not None
    card = as_scripted(test_cards.told(DECLINED if declines else APPROVED, "the scenario"), script)
    return present(payments, replace(order, script=script.done()), card)


def answer(payments: Payments, order: Order, outcome: Outcome, detail: Mapping[str, str] | None = None, **tried: Any) -> Order:
    """The issuer answers, or somebody in its place; `tried` are fields of the card payment that come with it."""
    after, event = transitions.answered(order, outcome, payments.now, payments.settings.refund_period, **tried)
    told = {**(detail or {}), "code": outcome.code}
    if event is not Event.PAY:
        payments.write(order, event, after, told)
    else:
        injected = payments.enter(after, settlement.PAYMENT, after.out_trade_no, after.amount, after.subject)
        payments.write(order, event, after, {"amount": money.text(after.amount), "trans_id": after.trans_id, **told, **injected})
    return after


def authenticate(payments: Payments, order: Order, typed: str | None) -> Order:
    """What the payer types on the issuer's page, None when they give up (contract 3.2)."""
    card = order.card
    if card is None or card.challenge is None:
        raise transitions.state_refusal(order)
    wrong_codes = card.wrong_codes + 1
    if not card.challenge and typed not in (None, test_cards.ONE_TIME_CODE) and wrong_codes < test_cards.MOST_WRONG_CODES:
        after = transitions.mistyped(order, payments.now)
        payments.write(order, Event.WRONG_CODE, after, {"wrong_codes": str(wrong_codes)})
        return after
    return answer(payments, order, Outcome(card.challenge or _result_of(typed, card.wrong_codes)))


def _result_of(typed: str | None, wrong_codes: int) -> str:
    """The response code in which the issuer's page ends."""
    if typed is None:
        return test_cards.WRONG_PIN if wrong_codes else test_cards.NOT_AUTHENTICATED
    return APPROVED if typed == test_cards.ONE_TIME_CODE else test_cards.TOO_MANY_PINS


def review(payments: Payments, order: Order, approved: bool) -> Order:
    """The merchant takes or refuses a payment pending review; the same decision twice is the same as once."""
    decision, card = (Event.PAY if approved else Event.REVOKE), order.card
    if card and card.reviewed == decision:
        return order
    if card is None or card.status is not CardStatus.PENDING_REVIEW:
        raise transitions.state_refusal(order)
    return answer(payments, order, Outcome(APPROVED if approved else test_cards.REFUSED_IN_REVIEW), reviewed=str(decision))


def decide(payments: Payments, order: Order, code: str) -> Order:
    """A card payment ends as somebody else says, with `code`; one pending review as its merchant would decide."""
    if order.card and order.card.status is CardStatus.RECEIVED:
        return present(payments, order, test_cards.told(code, payments.cause))
    if order.card and order.card.status is CardStatus.PENDING_REVIEW:
        return review(payments, order, code == APPROVED)
    return answer(payments, order, Outcome(code))


def run_out(payments: Payments, order: Order) -> Order:
    """The time limit of a waiting order is over, or that of its review."""
    in_review = order.card is not None and order.card.status is CardStatus.PENDING_REVIEW
    return answer(payments, order, Outcome(test_cards.REFUSED_IN_REVIEW if in_review else test_cards.TIME_OVER))


def retry(payments: Payments, order: Order, expires_at: int) -> Order:
    """An order that failed or expired is open again."""
    after = transitions.retried(order, expires_at, payments.now)
    payments.write(order, Event.RETRY, after, {"until": clock.iso(expires_at)})
    return after


def charge_back(payments: Payments, order: Order) -> Order:
    """The cardholder gets the money back from the issuer."""
    after = transitions.charged_back(order, payments.now)
    payments.write(order, Event.CHARGEBACK, after, {"code": test_cards.CHARGED_BACK})
    return after
