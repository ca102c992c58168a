"""What all orders have in common: statuses, events, transitions and fields.

Each kind of order is a class that extends `Order`, in a module of its own: `wallet_orders`, `card_orders` and
`terminal_orders`. They have the same methods, and `kinds` has the table of them.
"""
from abc import ABCMeta, abstractmethod
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, ClassVar, TypeVar

from msgspec import Struct, StructMeta

from .. import scenarios
from ..base import money, urls
from ..terminal import Transaction, transaction_json


class Status(StrEnum):
    """`trade_status` of a wallet order."""

    WAIT_BUYER_PAY = "WAIT_BUYER_PAY"  # not paid yet, within the time limit
    TRADE_SUCCESS = "TRADE_SUCCESS"  # paid, and not refunded in full
    TRADE_CLOSED = "TRADE_CLOSED"  # closed unpaid, or paid and refunded in full
    TRADE_FINISHED = "TRADE_FINISHED"  # paid, and the refund period is over


class Event(StrEnum):
    """What can happen to an order."""

    CREATE = "create"  # the merchant created it
    PAY = "pay"  # the buyer paid
    DECLINE = "decline"  # the payment failed or the buyer declined it, and may try again
    FAIL = "fail"  # the payment failed, and the order number cannot be used again
    CANCEL = "cancel"  # the merchant cancelled it; a payment is refunded
    CLOSE = "close"  # closed unpaid by the control interface
    EXPIRE = "expire"  # its time limit passed unpaid
    REFUND = "refund"  # a part was refunded
    REFUND_ALL = "refund_all"  # the rest was refunded
    FINISH = "finish"  # the refund period passed
    PEND = "pend"  # cards: the issuer has not decided yet, or its page is open
    WRONG_CODE = "wrong_code"  # cards: the payer typed a wrong one-time code, and may try again
    REVIEW = "review"  # cards: authorised, and the merchant reviews the payment
    REVOKE = "revoke"  # cards: canceled by the issuer or by the merchant's review
    RETRY = "retry"  # cards: the order is open again after a decline or its time limit
    CHARGEBACK = "chargeback"  # cards: the cardholder gets the money back from the issuer
    START = "start"  # terminals: handed to the terminal
    PRESENT = "present"  # terminals: a card is tapped, inserted or swiped
    PIN = "pin"  # terminals: the PIN is typed
    RESTORE = "restore"  # terminals: a refund was reversed
    ACT = "act"  # scenarios: the buyer does what a rule says; never stored under this name
    # terminals: the transaction ends, with any result; never stored under this name
    END = "end"


class Waits(StrEnum):
    """The party that an unpaid order waits for."""

    BUYER = "buyer"
    ISSUER = "issuer"  # cards: the issuer has not decided, or its page is open
    REVIEW = "review"  # cards: authorised, and the merchant reviews the payment
    TERMINAL = "terminal"  # its transaction is on a card terminal


_WAIT, _PAID = Status.WAIT_BUYER_PAY, Status.TRADE_SUCCESS
_CLOSED, _DONE = Status.TRADE_CLOSED, Status.TRADE_FINISHED
Transitions = Mapping[tuple[Status, Event], Status]
COMMON_TRANSITIONS: Transitions = {
    (_WAIT, Event.PAY): _PAID,
    (_WAIT, Event.FAIL): _CLOSED,
    (_WAIT, Event.CANCEL): _CLOSED,
    (_PAID, Event.REFUND): _PAID,
    (_PAID, Event.REFUND_ALL): _CLOSED,
    (_PAID, Event.CANCEL): _CLOSED,
    (_PAID, Event.FINISH): _DONE,
}


class _AbstractStruct(StructMeta, ABCMeta):
    """The type of structs with abstract methods."""


class Order(Struct, metaclass=_AbstractStruct, frozen=True):
    """An order of any endpoint, identified by `merchants_id` and `out_trade_no`.

    Amounts are minor units of `currency`, rates hundred-millionths, instants milliseconds. `rate`, `fee_rate`
    and `subject` are fixed when the order is made. `closed_by` is the event that closed it. `watched` is true
    until the check that the merchant queries or cancels an unpaid QR order (QR note 2). `details` has
    parameters that only some endpoints take (reference, attach, return_url …). `script` is the scenario rule
    that applies.
    """

    KIND: ClassVar[str]  # its name in the table of kinds
    TRANSITIONS: ClassVar[Transitions]  # the status after an event; other events are refused

    merchants_id: str
    out_trade_no: str
    endpoint: str
    pay_type: str
    amount: int
    currency: str
    rate: int
    fee_rate: int
    created_at: int
    expires_at: int
    page_token: str
    notify_url: str
    create_ip: str
    details: Mapping[str, str] = {}
    watched: bool = False
    status: Status = Status.WAIT_BUYER_PAY
    trans_id: str = ""
    buyer_id: str = ""
    buyer_login: str = ""
    buyer_email: str = ""
    paid_at: int | None = None
    finishes_at: int | None = None
    closed_at: int | None = None
    closed_by: str = ""
    failure: str = ""
    refunded: int = 0
    script: "scenarios.Script | None" = None
    id: int = 0

    @property
    def shown_notify_url(self) -> str:
        """The address of its notifications for display, without user and password."""
        return urls.discreet(self.notify_url)

    @property
    def shown_details(self) -> dict[str, str]:
        """The details for display; URLs in them are without user and password."""
        return urls.discreet_values(self.details)

    @property
    def left(self) -> int:
        """The amount that can still be refunded, in minor units."""
        return self.amount - self.refunded if self.paid_at is not None and self.is_payment else 0

    @property
    def cny(self) -> int:
        """The amount in fen."""
        return money.convert(self.amount, self.rate)

    @property
    def subject(self) -> str:
        """The title on the payer's bill, and `remarks` in the settlement file."""
        return self.details.get("reference") or "TGPay"

    @property
    def was_paid(self) -> bool:
        """Whether the order was ever paid, even if the money was refunded since."""
        return self.paid_at is not None

    # Transitions.

    @property
    @abstractmethod
    def may_be_retried(self) -> bool:
        """Whether the number of a closed order may be used again; never after a payment."""

    @abstractmethod
    def own_changes(self, event: Event, now: int) -> dict[str, Any]:
        """What an event changes in the fields that only this kind has."""

    @abstractmethod
    def acts_at(self, script: "scenarios.Script") -> int | None:
        """When the buyer of a waiting order does what a scenario rule says; None if never."""

    @abstractmethod
    def timers(self) -> Iterator[tuple[int, Event]]:
        """The timers that only this kind has: the instant (milliseconds) and the event of each."""

    @abstractmethod
    def after_time(self, event: Event, instant: int) -> "Order":
        """The order after an event that one of its timers or the end of the refund period causes."""

    @abstractmethod
    def response_code(self, code: str) -> str:
        """The response code in a refusal (section 7.2): `code` if this kind has such codes, else empty."""

    # State.

    @property
    @abstractmethod
    def is_payment(self) -> bool:
        """Whether its money goes to the merchant; false for refunds and reversals on a terminal."""

    @property
    @abstractmethod
    def is_charged_back(self) -> bool:
        """Whether the cardholder has got the money back from the issuer."""

    @property
    @abstractmethod
    def transaction(self) -> Transaction | None:
        """Its present or last transaction on a card terminal, or None."""

    @property
    @abstractmethod
    def waits_for(self) -> Waits:
        """The party that it waits for while it is unpaid."""

    @property
    @abstractmethod
    def states(self) -> tuple[str, ...]:
        """Its states: `trade_status`, and for a card order the status of the card payment too."""

    @abstractmethod
    def state_at(self, now: int) -> str:
        """Its state at an instant (milliseconds), in the terms of its kind."""

    @property
    def result_id(self) -> str:
        """The `transactionResultId` of its transaction on a terminal; empty if it has none."""
        return self.transaction.result_id if self.transaction else ""

    def is_on(self, serial: str) -> bool:
        """Whether its present or last transaction is on this terminal."""
        return self.transaction is not None and self.transaction.serial == serial

    def has_transaction(self, result_id: str) -> bool:
        """Whether it has a transaction on a terminal, with this transactionResultId unless that is empty."""
        return self.transaction is not None and result_id in ("", self.result_id)

    # Display.

    @property
    @abstractmethod
    def page_path(self) -> str:
        """The path of the payer's page."""

    @property
    @abstractmethod
    def present_page(self) -> str:
        """The page that the payer is on now, with a query if it needs one to be used in this browser."""

    @property
    @abstractmethod
    def qr_path(self) -> str:
        """The page that its QR code leads to; empty if there is nothing to scan with a phone."""

    @property
    @abstractmethod
    def pay_url_path(self) -> str:
        """The page that the `pay_url` of its answer leads to; empty if its answer has none."""

    @abstractmethod
    def card_json(self) -> dict[str, Any] | None:
        """The card payment, as the control interface shows it."""

    @abstractmethod
    def query_fields(self, timezone: str) -> dict[str, str]:
        """The fields that the answer to a query (section 3) has for this kind only."""

    @property
    @abstractmethod
    def history_detail(self) -> dict[str, str]:
        """What each line of its history shows besides the event's own detail."""

    @abstractmethod
    def facts(self) -> Iterator[tuple[str, str, str]]:
        """What the console shows for this kind only: names, values, and sentences that can be translated."""

    def transaction_json(self, now: int | None = None) -> dict[str, Any] | None:
        """Its transaction on a terminal, as the control interface shows it.

        With `now` (milliseconds) it has the steps up to that instant, else all of them once there is a
        result.
        """
        if self.transaction is None:
            return None
        return transaction_json(self.transaction, self.out_trade_no, self.currency, now)


Kind = TypeVar("Kind", bound=Order)
