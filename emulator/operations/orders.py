"""Events of orders that somebody triggers instead of a payer, an issuer or time; and what the merchant does to one without the gateway."""
from collections.abc import Callable, Mapping
from typing import Any

from ..base import money
from ..domain.errors import Conflict, Invalid, NotFound
from ..domain.orders import MOVES, Event, Order, Status
from ..domain.transitions import CANCEL_PERIOD, refusal
from ..protocol.card_numbers import suspects, suspects_identifier
from ..protocol.codes import BUYER_FAILURES, Refused
from ..protocol.response_codes import APPROVED, DECLINED, RESPONSE_CODES, CardStatus
from ..terminal import Result
from . import card_payments, terminal_payments
from .payments import BY_CONTROL, Payments, waiting
from .unit import Units

Action = Callable[[Payments, Order, str], Order]
WALLET_EVENTS: dict[str, Action] = {
    "pay": lambda payments, order, failure: payments.pay(order),
    "decline": lambda payments, order, failure: payments.decline(order, failure),
    "expire": lambda payments, order, failure: payments.close(waiting(order), Event.EXPIRE),
    "close": lambda payments, order, failure: payments.close(waiting(order), Event.CLOSE),
}
CARD_EVENTS: dict[str, Action] = {
    "pay": lambda payments, order, code: card_payments.decide(payments, order, APPROVED),
    "decline": lambda payments, order, code: card_payments.decide(payments, order, code),
    "expire": lambda payments, order, code: card_payments.run_out(payments, waiting(order)),
    "close": lambda payments, order, code: payments.close(waiting(order), Event.CLOSE),
    "approve": lambda payments, order, code: card_payments.decide(payments, _undecided(order), APPROVED),
    "refuse": lambda payments, order, code: card_payments.decide(payments, _undecided(order), code),
    "chargeback": lambda payments, order, code: card_payments.charge_back(payments, order),
}
TERMINAL_EVENTS: dict[str, Action] = {
    "pay": lambda payments, order, code: terminal_payments.conclude(payments, order, Result.AUTHORISED),
    "decline": lambda payments, order, code: terminal_payments.conclude(payments, order, Result.DECLINED),
    "expire": lambda payments, order, code: terminal_payments.conclude(payments, order, Result.CANCELLED),
    "close": lambda payments, order, code: terminal_payments.conclude(payments, order, Result.CANCELLED),
}
CARD_POSSIBLE = {
    CardStatus.RECEIVED: ("pay", "decline", "expire", "close"),
    **dict.fromkeys((CardStatus.PENDING, CardStatus.PENDING_REVIEW), ("pay", "decline", "expire", "close", "approve", "refuse")),
    CardStatus.SUCCESS: ("chargeback",),
}
DEFAULT_FAILURE = "BUYER_BALANCE_NOT_ENOUGH"
EVENTS = tuple(CARD_EVENTS)  # of all kinds of orders
EVENTS_OF_ALL = tuple(WALLET_EVENTS)


def trigger(units: Units, merchants_id: str, out_trade_no: str, event: str, given: Mapping[str, Any]) -> Order:
    """The order after an event; a wallet fails with the `error` that is given, a card with the response code `code`.

    Raises NotFound, Invalid, and Conflict with what is `possible`.
    """
    failure, code = _failure(given), _card_code(given)
    if event not in EVENTS:
        raise NotFound(f"{event} is no event; there are {', '.join(EVENTS)}")
    with units.begin(BY_CONTROL) as unit:
        order = unit.order(merchants_id, out_trade_no)
        actions = _actions(order)
        if event not in actions:
            raise Conflict(f"{event} is for card orders; this one was made by {order.endpoint}", possible=possible(order))
        try:
            return actions[event](unit.payments(unit.merchant(merchants_id)), order, code if order.card else failure)
        except Refused as refused:
            raise Conflict(f"{refused.code.name}: {refused.sentence}", possible=possible(order)) from refused


def _actions(order: Order) -> dict[str, Action]:
    """What can be triggered on an order of this kind; while a terminal has it, what happens there."""
    if order.terminal and order.status is Status.WAIT_BUYER_PAY:
        return TERMINAL_EVENTS
    return CARD_EVENTS if order.card else WALLET_EVENTS


def _undecided(order: Order) -> Order:
    """A card order whose issuer or merchant has not decided yet. Raises Refused."""
    if order.card is None or order.card.status is CardStatus.RECEIVED:
        raise refusal(order, "TRADE_STATUS_ERROR", f"no card has been presented for order {order.out_trade_no} yet")
    return waiting(order)


def possible(order: Order) -> list[str]:
    """The events that can be triggered on an order in its state."""
    if order.terminal and order.status is Status.WAIT_BUYER_PAY:
        return list(TERMINAL_EVENTS)
    if order.card:
        ended = order.card.charged_back_at is not None or (order.was_paid and order.status is Status.TRADE_CLOSED)
        return [] if ended else list(CARD_POSSIBLE.get(order.card.status, ()))
    return [name for name in WALLET_EVENTS if (order.status, Event(name)) in MOVES]


def _failure(given: Mapping[str, Any]) -> str:
    """Why a wallet declines. Raises Invalid."""
    failure = given.get("error", DEFAULT_FAILURE)
    if not isinstance(failure, str) or failure not in BUYER_FAILURES:
        raise Invalid({"error": f"must be one of {', '.join(BUYER_FAILURES)}"})
    return failure


def _card_code(given: Mapping[str, Any]) -> str:
    """With which response code a card payment fails. Raises Invalid."""
    code = given.get("code", DECLINED)
    if not isinstance(code, str) or code not in RESPONSE_CODES or RESPONSE_CODES[code].status is not CardStatus.FAILED:
        raise Invalid({"code": f"must be a response code of a failed payment, such as {DECLINED}: see /_emulator/codes"})
    return code


def refund(units: Units, order_id: int, amount: str, out_refund_id: str, reason: str) -> int:
    """Give money back, as `tgpayrefund` would; answers the amount in minor units. Raises NotFound, Invalid and Refused."""
    try:
        minor = money.minor(amount)
    except ValueError as error:
        raise Invalid({"refund_amount": str(error)}, f"refund_amount: {error}") from error
    suspected = {"refund_reson": suspects(reason), "out_refund_id": suspects_identifier(out_refund_id)}
    problems = {name: "has a card number in it" for name, is_one in suspected.items() if is_one}
    if problems:
        raise Invalid(problems)
    with units.begin(BY_CONTROL) as unit:
        order = unit.order_by_id(order_id)
        unit.payments(unit.merchant(order.merchants_id)).refund(order, minor, out_refund_id, reason)
    return minor


def cancel(units: Units, order_id: int) -> None:
    """Cancel an order, as `tgpaycancel` would. Raises NotFound and Refused."""
    with units.begin(BY_CONTROL) as unit:
        order = unit.order_by_id(order_id)
        payments = unit.payments(unit.merchant(order.merchants_id))
        payments.cancel(terminal_payments.interrupted(payments, order))


def refundable(order: Order) -> int:
    """What a refund may give back of an order now, in minor units."""
    return 0 if order.status is not Status.TRADE_SUCCESS or _is_charged_back(order) else order.left


def is_cancellable(order: Order, now: int) -> bool:
    """Whether `tgpaycancel` would close the order at an instant."""
    if not order.is_payment or _is_charged_back(order):
        return False
    is_recent = now - (order.paid_at or now) <= CANCEL_PERIOD
    return order.status is Status.WAIT_BUYER_PAY or (order.status is Status.TRADE_SUCCESS and is_recent)


def _is_charged_back(order: Order) -> bool:
    return order.card is not None and order.card.charged_back_at is not None
