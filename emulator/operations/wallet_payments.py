"""What becomes of wallet orders: the buyer pays or fails, and the time limit passes.

The functions down to `act_at_terminal` are those of every kind of order (see `kinds`). All raise Refused when
the order's state forbids what is asked.
"""
from collections.abc import Mapping
from dataclasses import replace

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
    """Those of them that its state allows."""
    return [name for name in TRIGGERS if (order.status, Event(name)) in order.TRANSITIONS]


def reasons(order: WalletOrder) -> list[tuple[str, str]]:
    """Why its buyer can fail: error codes, each with its sentence."""
    return [(code.name, code.when) for code in BUYER_FAILURES.values()]


def fall_due(payments: Payments, order: WalletOrder, event: Event) -> Order:
    """Its time limit is over."""
    return payments.close(order, event)


def act_unasked(payments: Payments, order: WalletOrder) -> Order:
    """The buyer does what the order's script says."""
    if order.script is None:
        return order
    acting = replace(order, script=order.script.done())
    return decline(payments, acting, order.script.failure) if order.script.failure else pay(payments, acting)


def interrupted(payments: Payments, order: WalletOrder) -> Order:
    """The order as it is: no terminal has it."""
    return order


def act_at_terminal(payments: Payments, order: WalletOrder, act: Act) -> Order:
    """Raises Impossible: no terminal has it."""
    raise Impossible(act, State.IDLE)


def pay(payments: Payments, order: WalletOrder) -> WalletOrder:
    """The buyer pays."""
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
    """The buyer presses the button that pays, and fails where a rule for the order says so of every buyer."""
    fails = order.script.then.error if order.script and order.script.then.buyer.declines_after is None else ""
    return decline(payments, order, fails) if fails else pay(payments, order)


def decline(payments: Payments, order: WalletOrder, failure: str) -> WalletOrder:
    """The buyer fails. On a page they may try again in time; at the counter the number is spent."""
    event = Event.FAIL if order.endpoint == "tgpaybarcode" else Event.DECLINE
    failed = replace(moved(order, event, payments.now), failure=failure)
    payments.write(order, event, failed, {"error": failure})
    return failed
