"""The only place where money moves: the transitions that orders of every kind have.

Each method stores a transition of an order with its history, ledger entry and notification, in one
transaction, so that all of it happens or nothing. Only `enter` adds rows to the ledger. What belongs to one
kind of order is in `wallet_payments`, `card_payments` and `terminal_payments`, which call these methods.
"""
from collections.abc import Callable
from itertools import count

from msgspec import Struct
from msgspec.structs import replace

from .. import scenarios
from ..base import clock, durations, money, randomness
from ..base.settings import Settings
from ..domain import discrepancies, notifications, settlement, transitions
from ..domain.merchants import Merchant
from ..domain.notifications import Notification
from ..domain.orders import Event, Kind, Order, Status
from ..domain.transitions import CANCEL_PERIOD, moved, refusal
from ..store import Writer
from ..store.notifications import PLAIN, DeliveryPlan
from ..store.orders import Refund

OVERTAKEN_BY = 2 * durations.SECOND
BY_PAYER, BY_CONTROL, BY_CLOCK = "payer", "control", "clock"
QUERIES = ("tgpayquery", "tgpaycheck")


class Payments(Struct, frozen=True):
    """The payments of one merchant within a write transaction, at an instant (milliseconds).

    `cause` is the origin of the change (an endpoint, payer …), `script` the scenario rule for the request.
    """

    tables: Writer
    settings: Settings
    merchant: Merchant
    now: int
    cause: str
    script: "scenarios.Script | None" = None

    def create(self, order: Kind) -> Kind:
        """Store a new, waiting order and return it with its id."""
        created = self.tables.orders.add(order)
        self.note(created, Event.CREATE, {"amount": money.text(order.amount)})
        return created

    def close(self, order: Kind, event: Event) -> Kind:
        """Close an unpaid order by `CLOSE` or `EXPIRE`. Raises Refused if it is not waiting."""
        closed = moved(order, event, self.now)
        self.write(order, event, closed, {})
        return closed

    def finish(self, order: Kind) -> Kind:
        """End the refund period of an order. Raises Refused if it is not paid."""
        finished = moved(order, Event.FINISH, self.now)
        self.write(order, Event.FINISH, finished, {})
        return finished

    def refund(self, order: Order, amount: int, out_refund_id: str, reason: str) -> Refund:
        """Refund `amount` minor units, once for each out_refund_id; if that is empty, one is generated.

        Raises Refused.
        """
        before = self.tables.orders.refund(order.merchants_id, out_refund_id) if out_refund_id else None
        if before:
            if (before.out_trade_no, before.amount) != (order.out_trade_no, amount):
                used = f"was used for {money.text(before.amount)} of order {before.out_trade_no}"
                raise refusal(order, "DISCORDANT_REPEAT_REQUEST", f"out_refund_id {out_refund_id} {used}")
            return before
        after, event = transitions.refunded(order, amount, self.now)
        refund_id = out_refund_id or self._refund_id(order)
        refund = Refund(order.merchants_id, order.out_trade_no, refund_id, amount, reason, "refund", self.now)
        return self._give_back(order, event, after, refund)

    def cancel(self, order: Order) -> Order:
        """Close a waiting order, or refund the rest of an order that was paid within the last 24 hours.

        A second call has no further effect. Raises Refused.
        """
        if order.closed_by == Event.CANCEL:
            return order
        self._refuse_to_cancel(order)
        cancelled = moved(order, Event.CANCEL, self.now)
        if not order.was_paid:
            self.write(order, Event.CANCEL, cancelled, {})
            return cancelled
        after = replace(cancelled, refunded=order.amount)
        refund_id = self._refund_id(order)
        refund = Refund(order.merchants_id, order.out_trade_no, refund_id, order.left, "cancel", "cancel",
                        self.now)
        self._give_back(order, Event.CANCEL, after, refund)
        return after

    def _refuse_to_cancel(self, order: Order) -> None:
        """Raise Refused if an order is no payment, was paid too long ago or is charged back."""
        number = order.out_trade_no
        if not order.is_payment:
            sentence = f"order {number} is not a payment; reverse it at the terminal"
            raise refusal(order, "TRADE_STATUS_ERROR", sentence)
        paid = order.status in (Status.TRADE_SUCCESS, Status.TRADE_FINISHED)
        if paid and self.now - (order.paid_at or 0) > CANCEL_PERIOD:
            raise refusal(order, "TRADE_CANCEL_TIME_OUT", f"order {number} was paid more than 24 hours ago")
        transitions.not_charged_back(order)

    def restore(self, order: Kind, refund: Refund) -> Kind:
        """Reverse a refund: the money goes back to the merchant. Raises Refused."""
        after = transitions.restored(order, refund.amount, self.now)
        self.tables.orders.mark_reversed(refund)
        injected = self.enter(after, settlement.REFUND, after.trans_id, refund.amount, "cancel")
        detail = {"amount": money.text(refund.amount), "partner_refund_id": refund.partner_refund_id}
        self.write(order, Event.RESTORE, after, {**detail, **injected})
        return after

    def post(self, order: Order, notification: Notification | None) -> None:
        """Put a notification of this order into the outbox, unless it is None."""
        if notification:
            how = order.script.then.notify if order.script else None
            plan = PLAIN if how is None else DeliveryPlan(
                how.drop, how.times, how.duplicate, how.again_after or 0, how.forgery)
            self.tables.notifications.add(
                order.merchants_id, order.out_trade_no, notification, self.now, self._sent_at(order), plan)
            self.tables.wake()

    def _sent_at(self, order: Order) -> int:
        """The instant at which a notification is sent: now, unless a scenario rule delays it.

        If the rule shuffles notifications, earlier ones are held back until after the last one.
        """
        how = order.script.then.notify if order.script else None
        if how is None:
            return self.now
        sent_at = self.now + (how.delay or 0)
        if how.shuffle and order.status is Status.WAIT_BUYER_PAY:
            return max(sent_at, order.expires_at + OVERTAKEN_BY)
        if how.shuffle:
            self.tables.notifications.hold_back(order.merchants_id, order.out_trade_no,
                                                sent_at + OVERTAKEN_BY)
        return sent_at

    def _give_back(self, order: Order, event: Event, after: Order, refund: Refund) -> Refund:
        self.tables.orders.add_refund(refund)
        partner_id = order.trans_id if refund.kind == "cancel" else refund.partner_refund_id
        injected = self.enter(after, settlement.REFUND, partner_id, -refund.amount, refund.reason)
        detail = {"amount": money.text(refund.amount), "partner_refund_id": refund.partner_refund_id}
        self.write(order, event, after, {**detail, "reason": refund.reason, **injected})
        return refund

    def _refund_id(self, order: Order) -> str:
        for number in count(self.tables.orders.count_refunds(order.merchants_id, order.out_trade_no) + 1):
            names = order.merchants_id, order.out_trade_no, number
            made = randomness.digits(8, self.settings.seed, "refund", *names)
            refund_id = f"{order.merchants_id}{clock.compact(self.now, self.settings.timezone)}{made}"
            if self.tables.orders.refund(order.merchants_id, refund_id) is None:
                return refund_id
        raise AssertionError("counting never ends")

    def write(self, before: Order, event: Event, after: Order, detail: dict[str, str]) -> None:
        """Store a transition: the order, a line of its history, and the notification that it causes."""
        self.tables.orders.save(after)
        self.note(after, event, {**detail, **after.history_detail})
        self.post(after, notifications.of_move(before, event, after, self.merchant, self.settings, self.now))

    def note(self, order: Order, event: Event, detail: dict[str, str]) -> None:
        """Add a line to the history of an order."""
        self.tables.orders.note(order, self.now, event, self.cause, detail)

    def enter(self, order: Order, kind: str, partner_id: str, amount: int, remarks: str) -> dict[str, str]:
        """Add a movement of money to the ledger; `amount` is in minor units, negative for a refund.

        Returns the injected discrepancies as details for the line of the history. Only this method adds rows
        to the ledger.
        """
        entry = settlement.Entry(order.merchants_id, order.out_trade_no, kind, partner_id, amount, self.now,
                                 settlement.settles_at(self.now, self.settings), remarks, order,
                                 self.merchant)
        injected = self._injected(order, kind)
        if not injected:
            self.tables.ledger.add(entry, settlement.line(entry, self.settings))
            return {}
        shown = discrepancies.shown(entry, injected, self.settings)
        self.tables.ledger.add(entry, shown.lines, injected, shown.settles_at)
        return {"injected": " ".join(injected)}

    def enter_payment(self, order: Order) -> dict[str, str]:
        """Add the whole amount of a paid order to the ledger; return what `enter` does."""
        return self.enter(order, settlement.PAYMENT, order.out_trade_no, order.amount, order.subject)

    def _injected(self, order: Order, kind: str) -> tuple[str, ...]:
        """The discrepancies to inject in an entry.

        For a payment the order's scenario rule comes first, for refunds the rule of the present request.
        """
        scripts = (self.script, order.script) if kind == settlement.REFUND else (order.script, self.script)
        return next((script.then.settlement for script in scripts if script and script.then.settlement), ())


Trigger = Callable[[Payments, Kind, str], Order]  # triggers an event; the text is the reason for a failure


def waiting(order: Kind) -> Kind:
    """The order if it still waits for its payment. Raises Refused with the code of its state."""
    if order.status is not Status.WAIT_BUYER_PAY:
        raise transitions.state_refusal(order)
    return order
