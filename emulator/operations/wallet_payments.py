"""Operations on wallet orders: the buyer pays or fails, and the time limit passes.

The functions down to `act_at_terminal` are the same for every kind of order (see `kinds`). All raise Refused
if the order's state forbids the operation.
"""
from collections.abc import Mapping

from msgspec.structs import replace

from ..base import clock, money
from ..domain import wallets
from ..domain.orders import Event, Order
from ..domain.transitions import moved
from ..domain.wallet_orders import WalletOrder
from ..protocol.codes import BUYER_FAILURES
from ..terminal import Act, Impossible, State
from .payments import Payments, Trigger, waiting

REASON = "error"
DEFAULT_REASON = "BUYER_BALANCE_NOT_ENOUGH"
TRIGGERS: Mapping[str, Trigger[WalletOrder]] = {
    "pay": lambda payments, order, failure: pay(payments, order),
    "decline": lambda payments, order, failure: decline(payments, order, failure),
    "expire": lambda payments, order, failure: payments.close(waiting(order), Event.EXPIRE),
    "close": lambda payments, order, failure: payments.close(waiting(order), Event.CLOSE),
}


def triggers(order: WalletOrder) -> Mapping[str, Trigger[WalletOrder]]:
    """The events that can be triggered."""
    return TRIGGERS


def possible(order: WalletOrder) -> list[str]:
    """The events that can be triggered in the order's state."""
    return [name for name in TRIGGERS if (order.status, Event(name)) in order.TRANSITIONS]


def reasons(order: WalletOrder) -> list[tuple[str, str]]:
    """The reasons for a failure: error codes, each with its sentence."""
    return [(code.name, code.when) for code in BUYER_FAILURES.values()]


def fall_due(payments: Payments, order: WalletOrder, event: Event) -> Order:
    """Close the order, because its time limit is over."""
    return payments.close(order, event)


def act_unasked(payments: Payments, order: WalletOrder) -> Order:
    """Act for the buyer, as the order's scenario rule says."""
    if order.script is None:
        return order
    acting = replace(order, script=order.script.done())
    return decline(payments, acting, order.script.failure) if order.script.failure else pay(payments, acting)


def interrupted(payments: Payments, order: WalletOrder) -> Order:
    """The order unchanged: wallet orders are not on terminals."""
    return order


def act_at_terminal(payments: Payments, order: WalletOrder, act: Act) -> Order:
    """Raise Impossible: wallet orders are not on terminals."""
    raise Impossible(act, State.IDLE)


def pay(payments: Payments, order: WalletOrder) -> WalletOrder:
    """Pay the order."""
    key, settings = (order.merchants_id, order.out_trade_no), payments.settings
    day = clock.compact(order.created_at, settings.timezone)[:8]
    buyer = wallets.buyer(settings.seed, order.pay_type, *key)
    paid = replace(
        moved(order, Event.PAY, payments.now), paid_at=payments.now,
        finishes_at=payments.now + settings.refund_period, failure="",
        trans_id=wallets.trade_number(settings.seed, order.pay_type, day, *key),
        buyer_id=order.details.get("openid") or order.details.get("buyer_id") or buyer.id,
        buyer_login=buyer.login, buyer_email=order.details.get("buyer_email") or buyer.email)
    injected = payments.enter_payment(paid)
    detail = {"amount": money.text(paid.amount), "trans_id": paid.trans_id, "cny": money.text(paid.cny)}
    payments.write(order, Event.PAY, paid, {**detail, **injected})
    return paid


def pay_on_page(payments: Payments, order: WalletOrder) -> WalletOrder:
    """Pay the order for a buyer on the page; fail if a scenario rule for the order says so."""
    fails = order.script.then.error if order.script and order.script.then.buyer.declines_after is None else ""
    return decline(payments, order, fails) if fails else pay(payments, order)


def decline(payments: Payments, order: WalletOrder, failure: str) -> WalletOrder:
    """Let the payment fail; on a page the buyer may try again, a barcode payment is closed."""
    event = Event.FAIL if order.endpoint == "tgpaybarcode" else Event.DECLINE
    failed = replace(moved(order, event, payments.now), failure=failure)
    payments.write(order, event, failed, {"error": failure})
    return failed
