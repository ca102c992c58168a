"""What can be done to an order on its page: what the control interface can let happen, and the merchant's refund and cancellation."""
from collections.abc import Callable
from typing import Any

from flask import Response, request

from ...base import money
from ...domain.orders import Order, Status
from ...domain.transitions import CANCEL_PERIOD
from ...operations import kinds
from ...operations.payments import BY_CONTROL, Payments
from ...operations.timers import caught_up
from ...protocol.card_numbers import hidden, suspects, suspects_identifier
from ...protocol.codes import Refused
from ..control.interface import Problem
from ..control.state import known
from ..control.trades import happen
from ..current import emulator
from .frame import blueprint, go_on, texts, to

ROWS = (
    ("acts", "Let something happen", "操作"),
    ("nothing_to_do", "Nothing can happen to this order any more.", "此订单已无可执行的操作。"),
    ("act_pay", "Pay", "支付"),
    ("act_decline", "Decline", "支付失败"),
    ("act_expire", "Expire", "过期"),
    ("act_close", "Close", "关闭"),
    ("act_approve", "Approve", "审核通过"),
    ("act_refuse", "Refuse", "审核拒绝"),
    ("act_chargeback", "Charge back", "拒付"),
    ("act_cancel", "Cancel as the merchant", "商户取消"),
    ("act_refund", "Refund", "退款"),
    ("with_reason", "Because", "原因"),
    ("refund_amount", "Amount to refund", "退款金额"),
    ("refund_reason", "Reason", "退款原因"),
    ("done_pay", "The order is paid.", "订单已支付。"),
    ("done_decline", "The payment was declined.", "支付已失败。"),
    ("done_expire", "The order has expired.", "订单已过期。"),
    ("done_close", "The order is closed.", "订单已关闭。"),
    ("done_approve", "The review approved the payment.", "审核已通过。"),
    ("done_refuse", "The review refused the payment.", "审核已拒绝。"),
    ("done_chargeback", "The payment is charged back.", "支付已拒付。"),
    ("done_cancel", "The order is cancelled.", "订单已取消。"),
    ("done_refund", "Given back:", "已退款："),
)
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
    kind = kinds.of(order)
    left = order.left if order.status in REFUNDABLE and not order.is_charged_back else 0
    return {"events": kind.possible(order), "reasons": kind.reasons(order), "default": kind.DEFAULT_REASON,
            "left": left, "colours": COLOURS,
            "cancellable": _is_cancellable(order, now) and not order.is_charged_back}


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
    return _by_merchant(order_id, kinds.cancel, texts().done_cancel)


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
    given = {kinds.of(order).REASON: reason} if reason else {}
    try:
        happen(order.merchants_id, order.out_trade_no, event, given)
    except Problem as problem:
        return go_on(to("order", order_id=order_id), str(problem), good=False)
    return go_on(to("order", order_id=order_id), texts()[f"done_{event}"])
