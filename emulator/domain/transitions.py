"""How orders move (contract 1.4, cards 3, terminals 4): every function here is a pure one of an order, what happens and the instant."""
from dataclasses import replace
from typing import Any

from .. import terminal
from ..base import durations, money
from ..protocol import test_cards
from ..protocol.codes import REFUSALS, Refused
from ..protocol.response_codes import RESPONSE_CODES, CardStatus
from .orders import (
    CARD_MOVES, CARD_STATUS, ENDING, MOVES, RETRIED, TERMINAL_MOVES, CardState, Event, Order, Status)

CANCEL_PERIOD = 24 * durations.HOUR
ATTENTION_PERIOD = 15 * durations.MINUTE
_ATTENDED = (Event.PAY, Event.CANCEL)
CODES = {Event.EXPIRE: test_cards.TIME_OVER, Event.CANCEL: test_cards.REVOKED, Event.CLOSE: test_cards.REVOKED}


def moved(order: Order, event: Event, now: int) -> Order:
    """The order after an event. Raises Refused with the code of its state when the event is impossible in it."""
    changes = _changes(order, event, now)
    if order.card:
        changes["card"] = _ended(order.card, event, now)
    return replace(order, **changes)


def _changes(order: Order, event: Event, now: int) -> dict[str, Any]:
    """What an event changes in every order. Raises Refused."""
    table = CARD_MOVES if order.card else TERMINAL_MOVES if order.terminal else MOVES
    status = table.get((order.status, event))
    if status is None or (event is Event.RETRY and not may_be_retried(order)):
        raise state_refusal(order)
    closing = {"closed_at": now, "closed_by": str(event)} if status is Status.TRADE_CLOSED else {}
    return {"status": status, "watched": order.watched and event not in _ATTENDED, **closing}


def may_be_retried(order: Order) -> bool:
    """Whether the number of a closed order may be used again: after a decline and the like, never when it was paid."""
    if order.card:
        return order.card.status in RETRIED
    return order.terminal is not None and not order.was_paid and order.terminal.result in terminal.REPEATABLE


def _ended(card: CardState, event: Event, now: int, **told: Any) -> CardState:
    """The state of the card payment after an event: what it was waiting for is over; `told` is what is known beside."""
    if event not in CARD_STATUS:
        return card
    status = CARD_STATUS[event]
    after = {"code": CODES.get(event, card.code), "challenge": None, "due_at": None, "due_code": "", **told}
    return replace(card, status=status, completed_at=now if status in ENDING else None, **after)


def answered(order: Order, outcome: test_cards.Outcome, now: int, refund_period: int | None = None, **tried: Any) -> tuple[Order, Event]:
    """The order after an answer of the issuer, and which event that was; `tried` are fields of the card payment that come with it.

    Raises Refused when the order waits for none. Without the refund period, in milliseconds, it is not known when the order is finished.
    """
    event = ENDING.get(outcome.status) or (Event.REVIEW if outcome.review else Event.PEND)
    changes = _changes(order, event, now)
    assert order.card is not None
    if outcome.challenge is not None:
        tried.update(challenge=outcome.challenge, due_at=max(order.expires_at, now), due_code=test_cards.TIME_OVER)
    elif outcome.after is not None:
        tried.update(due_at=now + outcome.after, due_code=outcome.later)
    card = _ended(order.card, event, now, code=outcome.code, **tried)
    if event is Event.PAY:
        finishes_at = None if refund_period is None else now + refund_period
        changes.update(paid_at=now, finishes_at=finishes_at, trans_id=card.order_id, failure="")
    elif event is Event.FAIL:
        changes["failure"] = outcome.code
    return replace(order, card=card, **changes), event


def charged_back(order: Order, now: int) -> Order:
    """The order after a chargeback: its status stays, its code is 3200, and nothing can be refunded. Raises Refused."""
    after = moved(order, Event.CHARGEBACK, now)
    assert after.card is not None
    if after.card.charged_back_at is not None:
        raise refusal(order, "TRADE_STATUS_ERROR", f"order {order.out_trade_no} is charged back already", test_cards.NO_REFUND)
    return replace(after, card=replace(after.card, code=test_cards.CHARGED_BACK, charged_back_at=now, due_at=None, due_code=""))


def mistyped(order: Order, now: int) -> Order:
    """The order after a wrong one-time code, with room for another."""
    after = moved(order, Event.WRONG_CODE, now)
    assert after.card is not None
    return replace(after, card=replace(after.card, wrong_codes=after.card.wrong_codes + 1))


def retried(order: Order, expires_at: int, now: int) -> Order:
    """The order, open again after a decline or its time limit. Raises Refused when it ended otherwise, or has not ended."""
    after = moved(order, Event.RETRY, now)
    assert after.card is not None
    card = replace(after.card, code="", hint="", order_id="", due_at=expires_at, due_code=test_cards.TIME_OVER)
    return replace(after, card=card, expires_at=expires_at, closed_at=None, closed_by="", failure="")


def refusal(order: Order, error: str, sentence: str, card_code: str = "") -> Refused:
    """A request about an order turned away; of a card order with its response code (contract 1.3)."""
    return Refused(error, sentence, card_code=(card_code or REFUSALS[error].card_code) if order.card else "")


def card_refusal(card_code: str, sentence: str) -> Refused:
    """The refusal that has a response code; only the codes that are refusals have one."""
    return Refused(next(code.name for code in REFUSALS.values() if code.card_code == card_code), sentence, card_code=card_code)


def state_refusal(order: Order) -> Refused:
    """The refusal of a request that the order's state forbids."""
    number = order.out_trade_no
    if order.status is Status.WAIT_BUYER_PAY:
        return refusal(order, "TRADE_STATUS_ERROR", f"order {number} is not paid")
    if order.status is Status.TRADE_SUCCESS:
        return refusal(order, "TRADE_HAS_SUCCESS", f"order {number} is paid already")
    if order.status is Status.TRADE_FINISHED:
        return refusal(order, "TRADE_HAS_FINISHED", f"the refund period of order {number} is over")
    why = {Event.EXPIRE: "has expired", Event.REFUND_ALL: "is refunded in full", Event.CANCEL: "is cancelled", Event.FAIL: "has failed"}
    expired = order.closed_by == Event.EXPIRE
    return refusal(order, "TRADE_HAS_CLOSE", f"order {number} {why.get(Event(order.closed_by), 'is closed')}",
                   test_cards.TIME_OVER if expired else "")


def refunded(order: Order, amount: int, now: int) -> tuple[Order, Event]:
    """The order after a refund of `amount` minor units, and which event that was. Raises Refused."""
    not_charged_back(order)
    event = Event.REFUND_ALL if amount == order.left else Event.REFUND
    after = moved(order, event, now)
    if amount > order.left:
        raise refusal(order, "REASON_TRADE_REFUND_FEE_ERR",
                      f"refund_amount {money.text(amount)} exceeds the {money.text(order.left)} that is left of the payment")
    return replace(after, refunded=order.refunded + amount), event


def not_charged_back(order: Order) -> None:
    """Raises Refused when the money of the order has gone back to the cardholder already."""
    if order.card and order.card.charged_back_at is not None:
        raise refusal(order, "TRADE_STATUS_ERROR", f"order {order.out_trade_no} is charged back, nothing can be refunded",
                      test_cards.NO_REFUND)


def restored(order: Order, amount: int, now: int) -> Order:
    """The order after the reversal of a refund of `amount` minor units. Raises Refused when it was closed otherwise."""
    if order.status is Status.TRADE_CLOSED and order.closed_by != Event.REFUND_ALL:
        raise state_refusal(order)
    after = moved(order, Event.RESTORE, now)
    return replace(after, refunded=order.refunded - amount, closed_at=None, closed_by="")


def acts_at(order: Order) -> int | None:
    """When the buyer of a waiting order does something unasked: with a card only as long as none has been presented."""
    if order.script is None or order.terminal or order.status is not Status.WAIT_BUYER_PAY:
        return None
    if order.card is None:
        return order.script.acts_at
    return order.script.buyer_acts_at if order.card.status is CardStatus.RECEIVED else None


def falls_due(order: Order) -> tuple[int, Event | None] | None:
    """The next instant at which time alone does something to the order, and what; None as event: look whether it was left open."""
    due: list[tuple[int, Event | None]] = []
    if (acting := acts_at(order)) is not None:
        due.append((acting, Event.ACT))
    if order.status is Status.WAIT_BUYER_PAY and order.terminal and (end := terminal.due_at(order.terminal)) is not None:
        due.append((end, Event.END))
    if order.watched:
        due.append((order.created_at + ATTENTION_PERIOD, None))
    if order.card and order.card.due_at is not None and order.status is not Status.TRADE_CLOSED:
        due.append((order.card.due_at, _card_event(order)))
    if order.status is Status.WAIT_BUYER_PAY and not order.card and not order.terminal:
        due.append((order.expires_at, Event.EXPIRE))
    if order.status is Status.TRADE_SUCCESS and order.finishes_at is not None:
        due.append((order.finishes_at, Event.FINISH))
    return min(due, key=lambda pair: pair[0]) if due else None


def _card_event(order: Order) -> Event:
    """What time does to a card order when it decides."""
    assert order.card is not None
    return Event.CHARGEBACK if order.was_paid else ENDING[RESPONSE_CODES[order.card.due_code].status]


def at(order: Order, now: int) -> Order:
    """The order as it is at an instant, whether or not anybody has written down yet what time did to it.

    How a terminal's transaction ends may depend on another order, and who a buyer is on the seed: that is so when it is written down,
    which is at once.
    """
    while (due := falls_due(order)) is not None and due[0] <= now and due[1] not in (Event.END, Event.ACT):
        order = after_time(order, *due)
    return order


def after_time(order: Order, instant: int, event: Event | None) -> Order:
    """The order after what `falls_due` says."""
    if event is None:
        return replace(order, watched=False)
    if event is Event.CHARGEBACK:
        return charged_back(order, instant)
    if order.card and event is not Event.FINISH:
        return answered(order, test_cards.Outcome(order.card.due_code), instant)[0]
    return moved(order, event, instant)
