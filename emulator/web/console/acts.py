"""What can be done to an order on its page: what the control interface can let happen, and the merchant's refund and cancellation."""
from collections.abc import Callable
from typing import Any

from flask import Response, request

from ...base import money
from ...domain.errors import OperationError
from ...domain.orders import Order
from ...operations import kinds, orders
from ...operations.unit import order_by_id
from ...protocol.card_numbers import hidden
from ...protocol.codes import Refused
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


def offered(order: Order, now: int) -> dict[str, Any]:
    """What the page of an order offers: events, of those that fail the reasons, the amount that can be refunded, and cancellation."""
    kind = kinds.of(order)
    return {"events": kind.possible(order), "reasons": kind.reasons(order), "default": kind.DEFAULT_REASON,
            "left": orders.refundable(order), "cancellable": orders.is_cancellable(order, now), "colours": COLOURS}


@blueprint.post("/orders/<id:order_id>/refund")
def refund(order_id: int) -> Response:
    """Give money back, as `tgpayrefund` would."""
    typed = [request.form.get(name, "").strip() for name in ("amount", "number", "reason")]
    return _done(order_id, lambda: f"{texts().done_refund} {money.text(orders.refund(emulator().units, order_id, *typed))}")


@blueprint.post("/orders/<id:order_id>/cancel")
def cancel(order_id: int) -> Response:
    """Cancel the order, as `tgpaycancel` would."""
    def act() -> str:
        orders.cancel(emulator().units, order_id)
        return texts().done_cancel
    return _done(order_id, act)


@blueprint.post("/orders/<id:order_id>/<event>")
def trigger(order_id: int, event: str) -> Response:
    """Pay, decline, expire, close, approve, refuse or charge back."""
    def act() -> str:
        orders.trigger(emulator().units, order.merchants_id, order.out_trade_no, event, given)
        return texts()[f"done_{event}"]
    order, reason = order_by_id(emulator().store.read(), order_id), request.form.get("reason")
    given = {kinds.of(order).REASON: reason} if reason else {}
    return _done(order_id, act)


def _done(order_id: int, act: Callable[[], str]) -> Response:
    """Back to the order with what has come of an act, which answers a sentence."""
    order_by_id(emulator().store.read(), order_id)
    back = to("order", order_id=order_id)
    try:
        return go_on(back, act())
    except Refused as refused:
        return go_on(back, f"{refused.code.name}: {refused.sentence}", good=False)
    except OperationError as error:
        return go_on(back, hidden(str(error)), good=False)
