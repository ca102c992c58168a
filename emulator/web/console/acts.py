"""What can be done to an order on its page: what the control interface can let happen, and the merchant's refund and cancellation."""
from collections.abc import Callable
from typing import Any

from flask import Response, request

from ...base import money
from ...domain.orders import Order, Status
from ...domain.transitions import CANCEL_PERIOD
from ...operations import terminal_payments
from ...operations.payments import BY_CONTROL, Payments
from ...operations.timers import caught_up
from ...protocol.card_numbers import hidden, suspects, suspects_identifier
from ...protocol.codes import BUYER_FAILURES, Refused
from ...protocol.response_codes import DECLINED, RESPONSE_CODES, CardStatus
from ..control.interface import Problem
from ..control.state import known
from ..control.trades import DEFAULT_FAILURE, happen, possible
from ..current import emulator
from .frame import blueprint, go_on, texts, to

COLOURS = {"pay": "main", "approve": "main", "chargeback": "danger", "cancel": "danger"}
REFUNDABLE = (Status.TRADE_SUCCESS,)


def find(order_id: int) -> Order:
    """The order as it was last written down. Raises Problem."""
    order = emulator().store.read().orders.by_id(order_id)
    if order is None:
        raise Problem(404, "Not Found", f"there is no order {order_id}; the emulator may have been reset")
    return order


def offered(order: Order, now: int) -> dict[str, Any]:
    """What the page of an order offers: events, of those that fail the reasons, the amount that can be refunded, and cancellation."""
    reasons = [(row.code, f"{row.code} {row.message}") for row in RESPONSE_CODES.values() if row.status is CardStatus.FAILED] \
        if order.card else [(code.name, code.when) for code in BUYER_FAILURES.values()]
    charged_back = order.card is not None and order.card.charged_back_at is not None
    left = order.left if order.status in REFUNDABLE and not charged_back else 0
    return {"events": possible(order), "reasons": [] if order.terminal else reasons, "default": DECLINED if order.card else DEFAULT_FAILURE,
            "left": left, "cancellable": _is_cancellable(order, now) and not charged_back, "colours": COLOURS}


def _is_cancellable(order: Order, now: int) -> bool:
    """Whether `tgpaycancel` would close the order (contract 1.4)."""
    waits = order.status is Status.WAIT_BUYER_PAY
    return order.is_payment and (waits or (order.status is Status.TRADE_SUCCESS and now - (order.paid_at or now) <= CANCEL_PERIOD))


@blueprint.post("/orders/<id:order_id>/refund")
def refund(order_id: int) -> Response:
    """Give money back, as `tgpayrefund` would."""
    written, reason = request.form.get("amount", "").strip(), request.form.get("reason", "").strip()
    try:
        amount = money.minor(written)
    except ValueError as error:
        return go_on(to("order", order_id=order_id), hidden(f"refund_amount: {error}"), good=False)
    number = request.form.get("number", "")
    suspected = {"refund_reson": suspects(reason), "out_refund_id": suspects_identifier(number)}
    for name, is_one in suspected.items():
        if is_one:
            return go_on(to("order", order_id=order_id), f"{name} has a card number in it", good=False)
    return _by_merchant(order_id, lambda payments, order: payments.refund(order, amount, number, reason),
                        f"{texts().done_refund} {money.text(amount)}")


@blueprint.post("/orders/<id:order_id>/cancel")
def cancel(order_id: int) -> Response:
    """Cancel the order, as `tgpaycancel` would."""
    return _by_merchant(
        order_id, lambda payments, order: payments.cancel(terminal_payments.interrupted(payments, order)), texts().done_cancel)


def _by_merchant(order_id: int, act: Callable[[Payments, Order], object], sentence: str) -> Response:
    """What the merchant would do through the gateway; back to the order with what came of it."""
    here, before = emulator(), find(order_id)
    try:
        with here.store.write() as tables:
            now = tables.clock.now()
            order = caught_up(tables, here.settings, tables.orders.by_id(order_id) or before, now)
            act(Payments(tables, here.settings, known(tables, order.merchants_id), now, BY_CONTROL), order)
    except Refused as refused:
        return go_on(to("order", order_id=order_id), f"{refused.code.name}: {refused.sentence}", good=False)
    return go_on(to("order", order_id=order_id), sentence)


@blueprint.post("/orders/<id:order_id>/<event>")
def let_happen(order_id: int, event: str) -> Response:
    """Pay, decline, expire, close, approve, refuse or charge back."""
    order, reason = find(order_id), request.form.get("reason")
    given = {"code" if order.card else "error": reason} if reason else {}
    try:
        happen(order.merchants_id, order.out_trade_no, event, given)
    except Problem as problem:
        return go_on(to("order", order_id=order_id), str(problem), good=False)
    return go_on(to("order", order_id=order_id), texts()[f"done_{event}"])
