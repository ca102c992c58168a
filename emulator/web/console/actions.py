"""The actions on an order's page: the control interface's events, and the merchant's refund and cancel."""
from collections.abc import Callable, Iterator
from typing import Any

from flask import Response, request

from ...base import money
from ...base.urls import with_query
from ...domain.card_orders import CardOrder
from ...domain.errors import OperationError
from ...domain.kinds import of_kind
from ...domain.orders import Order, Waits
from ...domain.terminal_orders import TerminalOrder
from ...operations import card_payments, kinds, orders
from ...operations.unit import order_by_id
from ...protocol.codes import Refused
from ..current import emulator, under_prefix
from .frame import blueprint, go_back, go_on, texts, to

LIKELY = ("pay", "approve", "decline", "refuse")  # shown first; the others are behind "More actions"
COLOURS = {"pay": "main", "approve": "main", "chargeback": "danger", "cancel": "danger"}


def offered(order: Order, now: int) -> dict[str, Any]:
    """The template values for the actions that are possible for an order at the instant `now`.

    They are the likely events and the others, reasons for a failure, the refundable amount in minor units,
    whether the order can be cancelled, and links to what retries it.
    """
    kind, events = kinds.of(order), kinds.possible(order)
    if "approve" in events:  # pay and decline do the same then
        events = [event for event in events if event not in ("pay", "decline")]
    # A merchant's review has its own response code.
    reasons = [] if order.waits_for is Waits.REVIEW else kind.reasons(order)
    likely = [event for event in LIKELY if event in events]
    return {"events": likely, "more": [event for event in events if event not in LIKELY],
            "reasons": reasons, "stage": _stage(order), "default": kind.DEFAULT_REASON,
            "left": orders.refundable(order), "cancellable": orders.is_cancellable(order, now),
            "colours": COLOURS, "retries": list(_retries(order, now))}


def _stage(order: Order) -> str:
    """What the actions' explanations depend on: the party that the order waits for, or that it is paid."""
    if order.was_paid:
        return "paid"
    card = of_kind(CardOrder, order)
    return "payer" if card and order.waits_for is Waits.BUYER else str(order.waits_for)


def _retries(order: Order, now: int) -> Iterator[tuple[str, str]]:
    """The ways to use the number of a failed order again: the address and the text of each."""
    if not order.may_be_retried:
        return
    sent = {"merchants_id": order.merchants_id, "out_trade_no": order.out_trade_no,
            "trans_amount": money.text(order.amount)}
    card = of_kind(CardOrder, order)
    if card and card_payments.takes_another(card, now):
        yield with_query(under_prefix(order.page_path), {"again": "1"}), "act_other_card"
    if card:
        table = "tgpaybankcard" if card.card.on_the_cashier else "tgpaybankcard-2"
        yield to("try_it", table=table, **sent), "act_send_again"
    sale = of_kind(TerminalOrder, order)
    if sale:
        yield (to("try_it", table="tgpaywebtoterminal", terminal_sn=sale.terminal.serial, **sent),
               "act_send_again")


@blueprint.post("/orders/<id:order_id>/refund")
def refund(order_id: int) -> Response:
    """Refund an amount, as `tgpayrefund` does."""
    typed = [request.form.get(name, "").strip() for name in ("amount", "number", "reason")]

    currency = order_by_id(emulator().store.read(), order_id).currency

    def act() -> str:
        refunded = orders.refund(emulator().units, order_id, *typed)
        return f"{texts().done_refund} {money.display(refunded, currency)}"
    return _done(order_id, act)


@blueprint.post("/orders/<id:order_id>/cancel")
def cancel(order_id: int) -> Response:
    """Cancel the order, as `tgpaycancel` does."""
    def act() -> str:
        orders.cancel(emulator().units, order_id)
        return texts().done_cancel
    return _done(order_id, act)


@blueprint.post("/orders/<id:order_id>/<event>")
def trigger(order_id: int, event: str) -> Response:
    """Trigger an event of the order, such as a payment."""
    def act() -> str:
        orders.trigger(emulator().units, order.merchants_id, order.out_trade_no, event, given)
        return texts()[f"done_{event}"]
    order, reason = order_by_id(emulator().store.read(), order_id), request.form.get("reason")
    given = {kinds.of(order).REASON: reason} if reason else {}
    return _done(order_id, act)


def _done(order_id: int, act: Callable[[], str]) -> Response:
    """Perform an action, and redirect to the order with the sentence that it returns, or with its error."""
    order_by_id(emulator().store.read(), order_id)
    back = to("order", order_id=order_id)
    try:
        return go_on(back, act())
    except Refused as refused:
        return go_on(back, f"{refused.code.name}: {refused.sentence}", good=False)
    except OperationError as error:
        return go_back(back, error)
