"""Triggered events, refunds and cancellations of orders, from control interface and console."""
from collections.abc import Mapping
from typing import Any

from ..base import money
from ..domain.errors import Conflict, Invalid, NotFound
from ..domain.orders import Order, Status
from ..domain.transitions import CANCEL_PERIOD
from ..protocol.card_numbers import PROBLEM, suspects, suspects_identifier
from ..protocol.codes import BUYER_FAILURES, Refused
from ..protocol.response_codes import DECLINED, RESPONSE_CODES, CardStatus
from . import kinds, wallet_payments
from .payments import BY_CONTROL
from .unit import Units, order_by_id


def trigger(units: Units, merchants_id: str, out_trade_no: str, event: str,
            given: Mapping[str, Any]) -> Order:
    """Trigger an event of an order and return the order after it.

    `given` may have the reason of a failure: `error` for a wallet, `code` (a response code) for a card.
    Raises NotFound, Invalid, and Conflict with the events that are `possible`.
    """
    reasons = {"error": _failure(given), "code": _card_code(given)}
    if event not in kinds.EVENTS:
        raise NotFound(f"{event} is not an event; the events are {', '.join(kinds.EVENTS)}")
    with units.begin(BY_CONTROL, merchants_id) as unit:
        order = unit.order(merchants_id, out_trade_no)
        possible = kinds.possible(order)
        if not kinds.is_triggered(order, event):
            raise Conflict(f"{event} is for card orders; this one was created by {order.endpoint}",
                           possible=possible)
        payments = unit.payments(unit.merchant(merchants_id))
        try:
            return kinds.trigger(payments, order, event, reasons[kinds.of(order).REASON])
        except Refused as refused:
            raise Conflict(f"{refused.code.name}: {refused.sentence}", possible=possible) from refused


def _failure(given: Mapping[str, Any]) -> str:
    """The error with which a wallet payment fails. Raises Invalid."""
    failure = given.get("error", wallet_payments.DEFAULT_REASON)
    if not isinstance(failure, str) or failure not in BUYER_FAILURES:
        raise Invalid({"error": f"must be one of {', '.join(BUYER_FAILURES)}"})
    return failure


def _card_code(given: Mapping[str, Any]) -> str:
    """The response code with which a card payment fails. Raises Invalid."""
    code = given.get("code", DECLINED)
    if (not isinstance(code, str) or code not in RESPONSE_CODES
            or RESPONSE_CODES[code].status is not CardStatus.FAILED):
        raise Invalid({"code": f"must be a response code of a failed payment, such as {DECLINED}: see "
                               f"/_emulator/codes"})
    return code


def refund(units: Units, order_id: int, amount: str, out_refund_id: str, reason: str) -> int:
    """Refund an amount (major units), as `tgpayrefund` does; return it in minor units.

    Raises NotFound, Invalid and Refused.
    """
    try:
        minor = money.minor(amount)
    except ValueError as error:
        raise Invalid({"refund_amount": str(error)}, f"refund_amount: {error}") from error
    suspected = {"refund_reson": suspects(reason), "out_refund_id": suspects_identifier(out_refund_id)}
    problems = {name: PROBLEM for name, is_one in suspected.items() if is_one}
    if problems:
        raise Invalid(problems)
    with units.begin(BY_CONTROL, order_by_id(units.read(), order_id).merchants_id) as unit:
        order = unit.order_by_id(order_id)
        unit.payments(unit.merchant(order.merchants_id)).refund(order, minor, out_refund_id, reason)
    return minor


def cancel(units: Units, order_id: int) -> None:
    """Cancel an order, as `tgpaycancel` does. Raises NotFound and Refused."""
    with units.begin(BY_CONTROL, order_by_id(units.read(), order_id).merchants_id) as unit:
        order = unit.order_by_id(order_id)
        kinds.cancel(unit.payments(unit.merchant(order.merchants_id)), order)


def refundable(order: Order) -> int:
    """The amount that can be refunded now, in minor units."""
    return 0 if order.status is not Status.TRADE_SUCCESS or order.is_charged_back else order.left


def is_cancellable(order: Order, now: int) -> bool:
    """Whether `tgpaycancel` would close the order at the instant `now` (milliseconds)."""
    if not order.is_payment or order.is_charged_back:
        return False
    is_recent = now - (order.paid_at or now) <= CANCEL_PERIOD
    return order.status is Status.WAIT_BUYER_PAY or (order.status is Status.TRADE_SUCCESS and is_recent)
