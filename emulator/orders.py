"""Orders and how they move (contract 1.4). Everything here is a pure function of (order, instant)."""
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from . import durations, money
from .codes import Refused

CANCEL_PERIOD = 24 * durations.HOUR
ATTENTION_PERIOD = 15 * durations.MINUTE


class Status(StrEnum):
    """`trade_status` of a wallet order."""

    WAIT_BUYER_PAY = "WAIT_BUYER_PAY"  # nobody has paid, the time limit is not over
    TRADE_SUCCESS = "TRADE_SUCCESS"  # paid, and not refunded in full
    TRADE_CLOSED = "TRADE_CLOSED"  # unpaid and over, or paid and given back
    TRADE_FINISHED = "TRADE_FINISHED"  # paid, the refund period is over


class Event(StrEnum):
    """What can happen to an order."""

    CREATE = "create"  # the merchant asked for it
    PAY = "pay"  # the buyer paid
    DECLINE = "decline"  # the buyer failed or did not want to, and may try again
    FAIL = "fail"  # the buyer failed at the counter: the number is spent
    CANCEL = "cancel"  # the merchant cancelled; what was paid is given back
    CLOSE = "close"  # closed unpaid by the control interface
    EXPIRE = "expire"  # its time limit passed unpaid
    REFUND = "refund"  # a part was refunded
    REFUND_ALL = "refund_all"  # with this refund nothing is left
    FINISH = "finish"  # the refund period passed


_WAIT, _PAID, _CLOSED, _DONE = Status.WAIT_BUYER_PAY, Status.TRADE_SUCCESS, Status.TRADE_CLOSED, Status.TRADE_FINISHED
_ATTENDED = (Event.PAY, Event.CANCEL)
MOVES: Mapping[tuple[Status, Event], Status] = {
    (_WAIT, Event.PAY): _PAID,
    (_WAIT, Event.DECLINE): _WAIT,
    (_WAIT, Event.FAIL): _CLOSED,
    (_WAIT, Event.CANCEL): _CLOSED,
    (_WAIT, Event.CLOSE): _CLOSED,
    (_WAIT, Event.EXPIRE): _CLOSED,
    (_PAID, Event.REFUND): _PAID,
    (_PAID, Event.REFUND_ALL): _CLOSED,
    (_PAID, Event.CANCEL): _CLOSED,
    (_PAID, Event.FINISH): _DONE,
}


@dataclass(frozen=True)
class Order:
    """One (`merchants_id`, `out_trade_no`), whatever endpoint made it.

    Amounts are minor units of `currency`, rates hundred-millionths, instants milliseconds. `rate`, `fee_rate` and `subject` are
    fixed when the order is made. `closed_by` is the event that closed it. `watched` until the merchant's duty of QR note 2 has been
    looked at. `details` holds what single endpoints were told (reference, attach, return_url …).
    """

    merchants_id: str
    out_trade_no: str
    endpoint: str
    pay_type: str
    amount: int
    currency: str
    rate: int
    fee_rate: int
    created_at: int
    expires_at: int
    page_token: str
    notify_url: str
    create_ip: str
    details: Mapping[str, str] = field(default_factory=dict)
    watched: bool = False
    status: Status = Status.WAIT_BUYER_PAY
    trans_id: str = ""
    buyer_id: str = ""
    buyer_login: str = ""
    buyer_email: str = ""
    paid_at: int | None = None
    finishes_at: int | None = None
    closed_at: int | None = None
    closed_by: str = ""
    failure: str = ""
    refunded: int = 0
    id: int = 0

    @property
    def left(self) -> int:
        """What could still be refunded, in minor units."""
        return self.amount - self.refunded if self.paid_at is not None else 0

    @property
    def cny(self) -> int:
        """The payment in fen."""
        return money.convert(self.amount, self.rate)

    @property
    def subject(self) -> str:
        """What the payer reads on the bill, and the settlement file in `remarks`."""
        return self.details.get("reference") or "TGPay"

    @property
    def was_paid(self) -> bool:
        """Whether the buyer ever paid, also when the money has gone back since."""
        return self.paid_at is not None


def moved(order: Order, event: Event, now: int) -> Order:
    """The order after an event. Raises Refused with the code of its state when the event is impossible in it."""
    try:
        status = MOVES[order.status, event]
    except KeyError:
        raise Refused(*state_refusal(order)) from None
    after = replace(order, status=status, watched=order.watched and event not in _ATTENDED)
    return replace(after, closed_at=now, closed_by=str(event)) if status is _CLOSED else after


def state_refusal(order: Order) -> tuple[str, str]:
    """The error and the sentence for a request that the order's state forbids."""
    if order.status is Status.WAIT_BUYER_PAY:
        return "TRADE_STATUS_ERROR", f"order {order.out_trade_no} is not paid"
    if order.status is Status.TRADE_SUCCESS:
        return "TRADE_HAS_SUCCESS", f"order {order.out_trade_no} is paid already"
    if order.status is Status.TRADE_FINISHED:
        return "TRADE_HAS_FINISHED", f"the refund period of order {order.out_trade_no} is over"
    why = {Event.EXPIRE: "has expired", Event.REFUND_ALL: "is refunded in full", Event.CANCEL: "is cancelled"}
    return "TRADE_HAS_CLOSE", f"order {order.out_trade_no} {why.get(Event(order.closed_by), 'is closed')}"


def refunded(order: Order, amount: int, now: int) -> tuple[Order, Event]:
    """The order after a refund of `amount` minor units, and which event that was. Raises Refused."""
    event = Event.REFUND_ALL if amount == order.left else Event.REFUND
    after = moved(order, event, now)
    if amount > order.left:
        raise Refused("REASON_TRADE_REFUND_FEE_ERR",
                      f"refund_amount {money.text(amount)} exceeds the {money.text(order.left)} that is left of the payment")
    return replace(after, refunded=order.refunded + amount), event


def falls_due(order: Order) -> tuple[int, Event | None] | None:
    """The next instant at which time alone does something to the order, and what; None as event: look whether it was left open."""
    due: list[tuple[int, Event | None]] = []
    if order.watched:
        due.append((order.created_at + ATTENTION_PERIOD, None))
    if order.status is Status.WAIT_BUYER_PAY:
        due.append((order.expires_at, Event.EXPIRE))
    elif order.status is Status.TRADE_SUCCESS and order.finishes_at is not None:
        due.append((order.finishes_at, Event.FINISH))
    return min(due, key=lambda pair: pair[0]) if due else None


def at(order: Order, now: int) -> Order:
    """The order as it is at an instant, whether or not anybody has written down yet what time did to it."""
    if order.status is Status.WAIT_BUYER_PAY and now >= order.expires_at:
        return moved(order, Event.EXPIRE, order.expires_at)
    if order.status is Status.TRADE_SUCCESS and order.finishes_at is not None and now >= order.finishes_at:
        return moved(order, Event.FINISH, order.finishes_at)
    return order
