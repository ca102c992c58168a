"""The one place where money moves: each method is a move of an order with all that belongs to it.

History, ledger and notification are written in the transaction of the move, so that either all of it happened or nothing.
"""
from dataclasses import dataclass, replace
from itertools import count

from .. import scenarios
from ..base import clock, durations, money, randomness
from ..base.settings import Settings
from ..domain import discrepancies, notifications, settlement, transitions, wallets
from ..domain.merchants import Merchant
from ..domain.notifications import Notification
from ..domain.orders import Event, Order, Status
from ..domain.transitions import CANCEL_PERIOD, moved, refusal
from ..protocol.findings import Finding
from ..store import Writer
from ..store.notifications import PLAIN, DeliveryPlan
from ..store.orders import Refund

OVERTAKEN_BY = 2 * durations.SECOND
BY_PAYER, BY_CONTROL, BY_CLOCK = "payer", "control", "clock"
QUERIES = ("tgpayquery", "tgpaycheck")


@dataclass(frozen=True)
class Payments:
    """The payments of one merchant within a write transaction, at an instant; `cause` is who asks (an endpoint, payer …), `script` what a
    scenario's rule says of the request."""

    tables: Writer
    settings: Settings
    merchant: Merchant
    now: int
    cause: str
    script: "scenarios.Script | None" = None

    def create(self, order: Order) -> Order:
        """Write a new, waiting order down; answers it with its id."""
        created = self.tables.orders.add(order)
        self.note(created, Event.CREATE, {"amount": money.text(order.amount)})
        return created

    def pay(self, order: Order) -> Order:
        """The buyer pays. Raises Refused when the order does not wait."""
        key = (order.merchants_id, order.out_trade_no)
        day = clock.compact(order.created_at, self.settings.timezone)[:8]
        buyer = wallets.buyer(self.settings.seed, order.pay_type, *key)
        paid = replace(
            moved(order, Event.PAY, self.now), paid_at=self.now, finishes_at=self.now + self.settings.refund_period,
            failure="", trans_id=wallets.trade_number(self.settings.seed, order.pay_type, day, *key),
            buyer_id=order.details.get("openid") or order.details.get("buyer_id") or buyer.id, buyer_login=buyer.login,
            buyer_email=order.details.get("buyer_email") or buyer.email)
        injected = self.enter(paid, settlement.PAYMENT, paid.out_trade_no, paid.amount, paid.subject)
        self.write(order, Event.PAY, paid, {"amount": money.text(paid.amount), "trans_id": paid.trans_id, "cny": money.text(paid.cny),
                                            **injected})
        return paid

    def pay_on_page(self, order: Order) -> Order:
        """The buyer presses the button that pays, and fails where a scenario's rule for the order says so of every buyer."""
        fails = order.script.then.error if order.script and order.script.then.buyer.declines_after is None else ""
        return self.decline(order, fails) if fails else self.pay(order)

    def decline(self, order: Order, failure: str) -> Order:
        """The buyer fails on a page, and may try again until the time is over; at the counter the number is spent."""
        event = Event.FAIL if order.endpoint == "tgpaybarcode" else Event.DECLINE
        failed = replace(moved(order, event, self.now), failure=failure)
        self.write(order, event, failed, {"error": failure})
        return failed

    def close(self, order: Order, event: Event) -> Order:
        """An order ends unpaid, by `CLOSE` or `EXPIRE`."""
        closed = moved(order, event, self.now)
        self.write(order, event, closed, {})
        return closed

    def finish(self, order: Order) -> Order:
        """The refund period is over."""
        finished = moved(order, Event.FINISH, self.now)
        self.write(order, Event.FINISH, finished, {})
        return finished

    def attended(self, order: Order) -> Order:
        """The merchant's 15 minutes of QR note 2 are over: an order neither paid nor queried nor cancelled is a finding."""
        journal, number = self.tables.journal, (order.merchants_id, order.out_trade_no)
        if not any(journal.asked(*number, query, self.now) for query in QUERIES):
            finding = Finding("QR_ORDER_LEFT_OPEN", "neither paid nor queried nor cancelled within 15 minutes")
            journal.add_finding(*number, "tgpayqrcode", finding.as_json())
        looked_at = replace(order, watched=False)
        self.tables.orders.save(looked_at)
        return looked_at

    def refund(self, order: Order, amount: int, out_refund_id: str, reason: str) -> Refund:
        """Give `amount` minor units back, once for each out_refund_id; without one the gateway makes it. Raises Refused."""
        before = self.tables.orders.refund(order.merchants_id, out_refund_id) if out_refund_id else None
        if before:
            if (before.out_trade_no, before.amount) != (order.out_trade_no, amount):
                raise refusal(order, "DISCORDANT_REPEAT_REQUEST", f"out_refund_id {out_refund_id} was used for {money.text(before.amount)} "
                                                                  f"of order {before.out_trade_no}")
            return before
        after, event = transitions.refunded(order, amount, self.now)
        return self._give_back(order, event, after, Refund(order.merchants_id, order.out_trade_no, out_refund_id or self._refund_id(order),
                                                           amount, reason, "refund", self.now))

    def cancel(self, order: Order) -> Order:
        """Close a waiting order, or give back what is left of one paid within 24 hours; twice is the same as once. Raises Refused."""
        if order.closed_by == Event.CANCEL:
            return order
        if not order.is_payment:
            raise refusal(order, "TRADE_STATUS_ERROR", f"order {order.out_trade_no} is no payment; a terminal reverses it")
        if order.status in (Status.TRADE_SUCCESS, Status.TRADE_FINISHED) and self.now - (order.paid_at or 0) > CANCEL_PERIOD:
            raise refusal(order, "TRADE_CANCEL_TIME_OUT", f"order {order.out_trade_no} was paid more than 24 hours ago")
        transitions.not_charged_back(order)
        cancelled = moved(order, Event.CANCEL, self.now)
        if not order.was_paid:
            self.write(order, Event.CANCEL, cancelled, {})
            return cancelled
        after = replace(cancelled, refunded=order.amount)
        refund_id = self._refund_id(order)
        self._give_back(order, Event.CANCEL, after, Refund(order.merchants_id, order.out_trade_no, refund_id, order.left, "cancel",
                                                           "cancel", self.now))
        return after

    def restore(self, order: Order, refund: Refund) -> Order:
        """A refund is taken back: the money is the merchant's again. Raises Refused."""
        after = transitions.restored(order, refund.amount, self.now)
        self.tables.orders.mark_reversed(refund)
        injected = self.enter(after, settlement.REFUND, after.trans_id, refund.amount, "cancel")
        self.write(order, Event.RESTORE, after, {"amount": money.text(refund.amount), "partner_refund_id": refund.partner_refund_id,
                                                 **injected})
        return after

    def post(self, order: Order, notification: Notification | None) -> None:
        """Put a notification of this order into the outbox."""
        if notification:
            how = order.script.then.notify if order.script else None
            sending = DeliveryPlan(how.drop, how.times, how.duplicate) if how else PLAIN
            self.tables.notifications.add(order.merchants_id, order.out_trade_no, notification, self.now, self._sent_at(order), sending)
            self.tables.wake()

    def _sent_at(self, order: Order) -> int:
        """When a notification is sent: at once, unless a rule says later; shuffled, the last overtakes those before it, which wait for it."""
        how = order.script.then.notify if order.script else None
        if how is None:
            return self.now
        sent_at = self.now + (how.delay or 0)
        if how.shuffle and order.status is Status.WAIT_BUYER_PAY:
            return max(sent_at, order.expires_at + OVERTAKEN_BY)
        if how.shuffle:
            self.tables.notifications.hold_back(order.merchants_id, order.out_trade_no, sent_at + OVERTAKEN_BY)
        return sent_at

    def _give_back(self, order: Order, event: Event, after: Order, refund: Refund) -> Refund:
        self.tables.orders.add_refund(refund)
        partner_id = order.trans_id if refund.kind == "cancel" else refund.partner_refund_id
        injected = self.enter(after, settlement.REFUND, partner_id, -refund.amount, refund.reason)
        self.write(order, event, after, {"amount": money.text(refund.amount), "partner_refund_id": refund.partner_refund_id,
                                         "reason": refund.reason, **injected})
        return refund

    def _refund_id(self, order: Order) -> str:
        for number in count(self.tables.orders.count_refunds(order.merchants_id, order.out_trade_no) + 1):
            made = randomness.digits(8, self.settings.seed, "refund", order.merchants_id, order.out_trade_no, number)
            refund_id = f"{order.merchants_id}{clock.compact(self.now, self.settings.timezone)}{made}"
            if self.tables.orders.refund(order.merchants_id, refund_id) is None:
                return refund_id
        raise AssertionError("counting never ends")

    def write(self, before: Order, event: Event, after: Order, detail: dict[str, str]) -> None:
        """Write a move down: the order, a line of its history, and the notification that it causes."""
        self.tables.orders.save(after)
        self.note(after, event, {**detail, "card_status": str(after.card.status)} if after.card else detail)
        self.post(after, notifications.of_move(before, event, after, self.merchant, self.settings, self.now))

    def note(self, order: Order, event: Event, detail: dict[str, str]) -> None:
        """Add a line to the history of an order."""
        self.tables.orders.note(order, self.now, event, self.cause, detail)

    def enter(self, order: Order, kind: str, partner_id: str, amount: int, remarks: str) -> dict[str, str]:
        """Write into the ledger that money has moved; answers what is injected there, for the line of the history that tells the move."""
        entry = settlement.Entry(order.merchants_id, order.out_trade_no, kind, partner_id, amount, self.now,
                                 settlement.settles_at(self.now, self.settings), remarks, order, self.merchant)
        injected = self._injected(order, kind)
        if not injected:
            self.tables.ledger.add(entry, settlement.line(entry, self.settings))
            return {}
        shown = discrepancies.shown(entry, injected, self.settings)
        self.tables.ledger.add(entry, shown.lines, injected, shown.settles_at)
        return {"injected": " ".join(injected)}

    def _injected(self, order: Order, kind: str) -> tuple[str, ...]:
        """The discrepancies of an entry: of a payment those of the order's rule, of all else those of its own request's, if it has any."""
        scripts = (self.script, order.script) if kind == settlement.REFUND else (order.script, self.script)
        return next((script.then.settlement for script in scripts if script and script.then.settlement), ())


def waiting(order: Order) -> Order:
    """The order, when it still waits for its buyer. Raises Refused with the code of its state."""
    if order.status is not Status.WAIT_BUYER_PAY:
        raise transitions.state_refusal(order)
    return order
