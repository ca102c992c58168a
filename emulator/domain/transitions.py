"""How orders change: pure functions of an order, an event and an instant (milliseconds)."""
from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from ..base import durations, money
from ..protocol import test_cards
from ..protocol.codes import REFUSALS, Refused
from .orders import Event, Kind, Order, Status

CANCEL_PERIOD = 24 * durations.HOUR
ATTENTION_PERIOD = 15 * durations.MINUTE
_ATTENDED = (Event.PAY, Event.CANCEL)
_WHY_CLOSED = {
    Event.EXPIRE: "has expired", Event.REFUND_ALL: "is refunded in full", Event.CANCEL: "is cancelled",
    Event.FAIL: "has failed"}


def moved(order: Kind, event: Event, now: int) -> Kind:
    """The order after an event. Raises Refused with the code of its state if that forbids the event."""
    return replace(order, **changes(order, event, now), **order.own_changes(event, now))


def changes(order: Order, event: Event, now: int) -> dict[str, Any]:
    """What an event changes in the fields that every order has. Raises Refused."""
    status = order.TRANSITIONS.get((order.status, event))
    if status is None or (event is Event.RETRY and not order.may_be_retried):
        raise state_refusal(order)
    closing = {"closed_at": now, "closed_by": str(event)} if status is Status.TRADE_CLOSED else {}
    return {"status": status, "watched": order.watched and event not in _ATTENDED, **closing}


def refusal(order: Order, error: str, sentence: str, card_code: str = "") -> Refused:
    """The refusal of a request about an order.

    For a card order it has a response code: `card_code`, or by default that of the error.
    """
    return Refused(error, sentence, card_code=order.response_code(card_code or REFUSALS[error].card_code))


def card_refusal(card_code: str, sentence: str) -> Refused:
    """The refusal with this response code, which must be the code of a refusal."""
    error = next(code.name for code in REFUSALS.values() if code.card_code == card_code)
    return Refused(error, sentence, card_code=card_code)


def state_refusal(order: Order) -> Refused:
    """The refusal of a request that the order's state forbids."""
    number = order.out_trade_no
    if order.status is Status.WAIT_BUYER_PAY:
        return refusal(order, "TRADE_STATUS_ERROR", f"order {number} is not paid")
    if order.status is Status.TRADE_SUCCESS:
        return refusal(order, "TRADE_HAS_SUCCESS", f"order {number} is paid already")
    if order.status is Status.TRADE_FINISHED:
        return refusal(order, "TRADE_HAS_FINISHED", f"the refund period of order {number} is over")
    why = _WHY_CLOSED.get(Event(order.closed_by), "is closed")
    expired = order.closed_by == Event.EXPIRE
    return refusal(order, "TRADE_HAS_CLOSE", f"order {number} {why}", test_cards.TIME_OVER if expired else "")


def refunded(order: Kind, amount: int, now: int) -> tuple[Kind, Event]:
    """The order after a refund of `amount` minor units, and the event of that refund. Raises Refused."""
    not_charged_back(order)
    event = Event.REFUND_ALL if amount == order.left else Event.REFUND
    after = moved(order, event, now)
    if amount > order.left:
        left = f"the {money.text(order.left)} that is left of the payment"
        sentence = f"refund_amount {money.text(amount)} exceeds {left}"
        raise refusal(order, "REASON_TRADE_REFUND_FEE_ERR", sentence)
    return replace(after, refunded=order.refunded + amount), event


def not_charged_back(order: Order) -> None:
    """Raise Refused if the order is charged back."""
    if order.is_charged_back:
        sentence = f"order {order.out_trade_no} is charged back, nothing can be refunded"
        raise refusal(order, "TRADE_STATUS_ERROR", sentence, test_cards.NO_REFUND)


def restored(order: Kind, amount: int, now: int) -> Kind:
    """The order after the reversal of a refund of `amount` minor units.

    Raises Refused if the order was closed otherwise than by refunds.
    """
    if order.status is Status.TRADE_CLOSED and order.closed_by != Event.REFUND_ALL:
        raise state_refusal(order)
    after = moved(order, Event.RESTORE, now)
    return replace(after, refunded=order.refunded - amount, closed_at=None, closed_by="")


def falls_due(order: Order) -> tuple[int, Event | None] | None:
    """The next instant at which time alone changes the order, and the event; None if there is none.

    The event None stands for the check whether the merchant left an unpaid QR order open (QR note 2).
    """
    return min(_timers(order), key=lambda pair: pair[0], default=None)


def _timers(order: Order) -> Iterator[tuple[int, Event | None]]:
    """The instants at which time changes the order; of two at the same instant the first goes first."""
    if order.script is not None and order.status is Status.WAIT_BUYER_PAY:
        acts_at = order.acts_at(order.script)
        if acts_at is not None:
            yield acts_at, Event.ACT
    if order.watched:
        yield order.created_at + ATTENTION_PERIOD, None
    yield from order.timers()
    if order.status is Status.TRADE_SUCCESS and order.finishes_at is not None:
        yield order.finishes_at, Event.FINISH


def at(order: Order, now: int) -> Order:
    """The order as it is at an instant, even if the changes by time are not stored yet.

    The end of a terminal's transaction may depend on another order, and what a buyer does depends on the
    seed. These two changes are left out; they take place when they are stored, which is at once.
    """
    while (due := falls_due(order)) is not None and due[0] <= now and due[1] not in (Event.END, Event.ACT):
        order = after_time(order, *due)
    return order


def after_time(order: Order, instant: int, event: Event | None) -> Order:
    """The order after the event that `falls_due` returned."""
    return replace(order, watched=False) if event is None else order.after_time(event, instant)
