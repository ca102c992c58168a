"""Card orders (section 7): the state of the card payment, and how issuer, payer and time change it."""
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from msgspec import Struct
from msgspec.structs import replace

from .. import scenarios, terminal
from ..base import clock
from ..protocol import test_cards
from ..protocol.response_codes import RESPONSE_CODES, CardStatus
from ..terminal import Transaction
from .orders import COMMON_TRANSITIONS, Event, Order, Status, Transitions, Waits
from .transitions import changes, moved, refusal

CASHIER, SERVER = "cashier", "s2s"
CARD_STATUS: Mapping[Event, CardStatus] = {
    Event.PEND: CardStatus.PENDING, Event.REVIEW: CardStatus.PENDING_REVIEW, Event.PAY: CardStatus.SUCCESS,
    Event.FAIL: CardStatus.FAILED, Event.EXPIRE: CardStatus.EXPIRED, Event.RETRY: CardStatus.RECEIVED,
    Event.REVOKE: CardStatus.CANCELED, Event.CANCEL: CardStatus.CANCELED, Event.CLOSE: CardStatus.CANCELED}
ENDING: Mapping[CardStatus, Event] = {
    CardStatus.SUCCESS: Event.PAY, CardStatus.FAILED: Event.FAIL, CardStatus.EXPIRED: Event.EXPIRE,
    CardStatus.CANCELED: Event.REVOKE}
CODES: Mapping[Event, str] = {
    Event.EXPIRE: test_cards.TIME_OVER, Event.CANCEL: test_cards.REVOKED, Event.CLOSE: test_cards.REVOKED}
RETRIED = (CardStatus.FAILED, CardStatus.EXPIRED)
_WAITS: Mapping[CardStatus, Waits] = {
    CardStatus.PENDING: Waits.ISSUER, CardStatus.PENDING_REVIEW: Waits.REVIEW}


class CardState(Struct, frozen=True):
    """The card payment of an order; of the card it has the brand, the first six and the last four digits.

    `attempt` counts the presented cards, `code` is the response code of the last result, `order_id` the
    acquirer's number of the attempt. `challenge` is not None while the issuer's page is open: if it is empty,
    the one-time code decides, else the payment ends in that code. At `due_at` (milliseconds) time decides,
    with the code `due_code`. `reviewed` is the event by which the merchant decided.
    """

    access_type: str
    status: CardStatus = CardStatus.RECEIVED
    code: str = ""
    attempt: int = 0
    order_id: str = ""
    brand: str = ""
    first6: str = ""
    last4: str = ""
    hint: str = ""
    challenge: str | None = None
    wrong_codes: int = 0
    completed_at: int | None = None
    due_at: int | None = None
    due_code: str = ""
    reviewed: str = ""
    charged_back_at: int | None = None

    @property
    def message(self) -> str:
        """`result_msg` of the last result, followed by advice where the emulator has some."""
        message = RESPONSE_CODES[self.code].message if self.code else ""
        return f"{message}: {self.hint}" if self.hint else message

    @property
    def on_the_cashier(self) -> bool:
        """Whether the payer enters the card on the cashier's page; else the merchant's server sends it."""
        return self.access_type == CASHIER

    @property
    def is_challenged(self) -> bool:
        """Whether the issuer's page is open."""
        return self.challenge is not None


class CardOrder(Order, frozen=True, kw_only=True):
    """An order of `tgpaybankcard`; `card` is the payment.

    `terminal` is its transaction on a terminal if `channel_type` is `terminal`.
    """

    KIND: ClassVar[str] = "card"
    TRANSITIONS: ClassVar[Transitions] = {
        **COMMON_TRANSITIONS,
        (Status.WAIT_BUYER_PAY, Event.CLOSE): Status.TRADE_CLOSED,
        (Status.WAIT_BUYER_PAY, Event.EXPIRE): Status.TRADE_CLOSED,
        (Status.WAIT_BUYER_PAY, Event.PEND): Status.WAIT_BUYER_PAY,
        (Status.WAIT_BUYER_PAY, Event.WRONG_CODE): Status.WAIT_BUYER_PAY,
        (Status.WAIT_BUYER_PAY, Event.REVIEW): Status.WAIT_BUYER_PAY,
        (Status.WAIT_BUYER_PAY, Event.REVOKE): Status.TRADE_CLOSED,
        (Status.TRADE_CLOSED, Event.RETRY): Status.WAIT_BUYER_PAY,
        (Status.TRADE_SUCCESS, Event.CHARGEBACK): Status.TRADE_SUCCESS,
        (Status.TRADE_FINISHED, Event.CHARGEBACK): Status.TRADE_FINISHED,
    }

    card: CardState
    terminal: Transaction | None = None

    @property
    def may_be_retried(self) -> bool:
        """Whether the payment was declined or has expired."""
        return self.card.status in RETRIED

    def own_changes(self, event: Event, now: int) -> dict[str, Any]:
        """The change of the card payment."""
        return {"card": _ended(self.card, event, now)}

    def acts_at(self, script: "scenarios.Script") -> int | None:
        """When the payer presents a card; None if one was presented already, or on a terminal."""
        waits = self.terminal is None and self.card.status is CardStatus.RECEIVED
        return script.buyer_acts_at if waits else None

    def timers(self) -> Iterator[tuple[int, Event]]:
        """The end of its transaction on a terminal, and the instant at which time decides for the issuer."""
        if self.status is Status.WAIT_BUYER_PAY and self.terminal is not None:
            if (end := terminal.due_at(self.terminal)) is not None:
                yield end, Event.END
        if self.card.due_at is not None and self.status is not Status.TRADE_CLOSED:
            yield self.card.due_at, self._decided_by_time()

    def _decided_by_time(self) -> Event:
        """The event that takes place when time decides."""
        return Event.CHARGEBACK if self.was_paid else ENDING[RESPONSE_CODES[self.card.due_code].status]

    def after_time(self, event: Event, instant: int) -> "CardOrder":
        """The order after its end, a chargeback, or the answer that time gives for the issuer."""
        if event is Event.FINISH:
            return moved(self, event, instant)
        if event is Event.CHARGEBACK:
            return charged_back(self, instant)
        return answered(self, test_cards.Outcome(self.card.due_code), instant)[0]

    def response_code(self, code: str) -> str:
        """The code itself."""
        return code

    @property
    def is_payment(self) -> bool:
        """True: on a terminal a card order is always a sale."""
        return True

    @property
    def is_charged_back(self) -> bool:
        """Whether the cardholder has got the money back from the issuer."""
        return self.card.charged_back_at is not None

    @property
    def transaction(self) -> Transaction | None:
        """Its transaction if it is paid on a terminal, else None."""
        return self.terminal

    @property
    def is_for_terminal(self) -> bool:
        """Whether the card is presented to a terminal."""
        return self.terminal is not None

    @property
    def waits_for(self) -> Waits:
        """The terminal if it is paid on one, else the issuer, the review or the payer."""
        return Waits.TERMINAL if self.terminal else _WAITS.get(self.card.status, Waits.BUYER)

    @property
    def states(self) -> tuple[str, ...]:
        """`trade_status` and the `status` of the card payment."""
        return self.status, self.card.status

    def state_at(self, now: int) -> str:
        """The `status` of the card payment."""
        return str(self.card.status)

    @property
    def page_path(self) -> str:
        """The cashier's page."""
        return f"/pay/{self.page_token}"

    @property
    def present_page(self) -> str:
        """The issuer's page while it is open, else the cashier's."""
        return self.issuer_path if self.card.is_challenged else self.page_path

    @property
    def issuer_path(self) -> str:
        """The issuer's page for the present attempt."""
        return f"/3ds/{self.page_token}/{self.card.attempt}"

    @property
    def qr_path(self) -> str:
        """The cashier's page."""
        return self.page_path

    @property
    def pay_url_path(self) -> str:
        """The cashier's page if the payer enters the card there, else empty."""
        return self.page_path if self.card.on_the_cashier else ""

    def card_json(self) -> dict[str, Any] | None:
        """The card payment as JSON; of the card it has the brand, the first six and the last four digits."""
        card = self.card
        return {
            "status": str(card.status), "resp_code": card.code, "resp_msg": card.message,
            "access_type": card.access_type, "attempt": card.attempt, "order_id": card.order_id,
            "brand": card.brand, "first6": card.first6, "last4": card.last4,
            "completed_at": _instant(card.completed_at), "time_decides_at": _instant(card.due_at),
            "time_decides": card.due_code,
            "charged_back_at": _instant(card.charged_back_at)}

    def query_fields(self, timezone: str) -> dict[str, str]:
        """The result of the card payment."""
        return {"order_id": self.card.order_id, "status": str(self.card.status), "resp_code": self.card.code,
                "resp_msg": self.card.message, "complete_time": self.completed(timezone)}

    def completed(self, timezone: str) -> str:
        """`complete_time`, yyyyMMddHHmmss; empty while the payment is not final."""
        return "" if self.card.completed_at is None else clock.compact(self.card.completed_at, timezone)

    @property
    def history_detail(self) -> dict[str, str]:
        """The state of the card payment."""
        return {"card_status": str(self.card.status)}

    def facts(self) -> Iterator[tuple[str, str, str]]:
        """Card, response code and terminal, as far as they are known."""
        if self.card.last4:
            yield "card", f"{self.card.brand} {self.card.first6}…{self.card.last4}", ""
        if self.card.code:
            yield "response_code", self.card.code, self.card.message
        if self.terminal:
            yield "terminal", terminal.summary(self.terminal), ""


def _instant(value: int | None) -> str | None:
    return None if value is None else clock.iso(value)


def _ended(card: CardState, event: Event, now: int, **fields: Any) -> CardState:
    """The card payment after an event; its timers end, and `fields` are set besides."""
    if event not in CARD_STATUS:
        return card
    status = CARD_STATUS[event]
    after = {"code": CODES.get(event, card.code), "challenge": None, "due_at": None, "due_code": "", **fields}
    return replace(card, status=status, completed_at=now if status in ENDING else None, **after)


def answered(order: CardOrder, outcome: test_cards.Outcome, now: int, refund_period: int | None = None,
             **tried: Any) -> tuple[CardOrder, Event]:
    """The order after an answer of the issuer, and the event of that answer.

    `tried` are fields of the card payment that come with the answer. `refund_period` is in milliseconds;
    without it a paid order gets no end of its refund period. Raises Refused if the order waits for no answer.
    """
    event = ENDING.get(outcome.status) or (Event.REVIEW if outcome.review else Event.PEND)
    changed = changes(order, event, now)
    if outcome.challenge is not None:
        due_at = max(order.expires_at, now)
        tried.update(challenge=outcome.challenge, due_at=due_at, due_code=test_cards.TIME_OVER)
    elif outcome.after is not None:
        tried.update(due_at=now + outcome.after, due_code=outcome.later)
    card = _ended(order.card, event, now, code=outcome.code, **tried)
    if event is Event.PAY:
        finishes_at = None if refund_period is None else now + refund_period
        changed.update(paid_at=now, finishes_at=finishes_at, trans_id=card.order_id, failure="")
    elif event is Event.FAIL:
        changed["failure"] = outcome.code
    return replace(order, card=card, **changed), event


def charged_back(order: CardOrder, now: int) -> CardOrder:
    """The order after a chargeback: its status stays, its code is 3200, and nothing can be refunded.

    Raises Refused if it is not paid, or is charged back already.
    """
    after = moved(order, Event.CHARGEBACK, now)
    if order.is_charged_back:
        sentence = f"order {order.out_trade_no} is charged back already"
        raise refusal(order, "TRADE_STATUS_ERROR", sentence, test_cards.NO_REFUND)
    card = replace(after.card, code=test_cards.CHARGED_BACK, charged_back_at=now, due_at=None, due_code="")
    return replace(after, card=card)


def mistyped(order: CardOrder, now: int) -> CardOrder:
    """The order after a wrong one-time code; the payer may type another one. Raises Refused."""
    after = moved(order, Event.WRONG_CODE, now)
    return replace(after, card=replace(after.card, wrong_codes=after.card.wrong_codes + 1))


def retried(order: CardOrder, expires_at: int, now: int) -> CardOrder:
    """The order, open again after a decline or its time limit, and on no terminal.

    Raises Refused if it ended otherwise or has not ended.
    """
    after = moved(order, Event.RETRY, now)
    card = replace(
        after.card, code="", hint="", order_id="", due_at=expires_at, due_code=test_cards.TIME_OVER)
    return replace(
        after, card=card, terminal=None, expires_at=expires_at, closed_at=None, closed_by="", failure="")


def sent_to_terminal(order: CardOrder, transaction: Transaction) -> CardOrder:
    """The order with its transaction; the terminal's time limit replaces the order's own."""
    card = replace(order.card, due_at=None, due_code="")
    details = {**order.details, "terminal_id": transaction.serial}
    return replace(order, terminal=transaction, card=card, details=details)
