"""What all orders have in common: their states, what can happen to them, and what is known of one.

Each kind of order is a class that extends `Order`, in a module of its own: `wallet_orders`, `card_orders` and
`terminal_orders`. They have the same methods, and `kinds` has the table of them.
"""
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, TypeVar

from .. import scenarios
from ..base import money, urls
from ..terminal import Transaction, transaction_json


class Status(StrEnum):
    """`trade_status` of a wallet order."""

    WAIT_BUYER_PAY = "WAIT_BUYER_PAY"  # nobody has paid, the time limit is not over
    TRADE_SUCCESS = "TRADE_SUCCESS"  # paid, and not refunded in full
    TRADE_CLOSED = "TRADE_CLOSED"  # unpaid and over, or paid and given back
    TRADE_FINISHED = "TRADE_FINISHED"  # paid, the refund period is over


class Event(StrEnum):
    """What can happen to an order."""

    CREATE = "create"  # the merchant asked for it
    PAY = "pay"  # the buyer paid
    DECLINE = "decline"  # the buyer failed or did not want to, and may try again
    FAIL = "fail"  # the buyer failed at the counter: the number is spent
    CANCEL = "cancel"  # the merchant cancelled; what was paid is given back
    CLOSE = "close"  # closed unpaid by the control interface
    EXPIRE = "expire"  # its time limit passed unpaid
    REFUND = "refund"  # a part was refunded
    REFUND_ALL = "refund_all"  # with this refund nothing is left
    FINISH = "finish"  # the refund period passed
    PEND = "pend"  # cards: the issuer has not decided yet, or its page is open
    WRONG_CODE = "wrong_code"  # cards: the payer typed a wrong one-time code, and may type again
    REVIEW = "review"  # cards: authorised, the merchant decides
    REVOKE = "revoke"  # cards: ended canceled, by the issuer or by the merchant's review
    RETRY = "retry"  # cards: after a decline or its time limit the same order is tried again
    CHARGEBACK = "chargeback"  # cards: the cardholder has got the money back from the issuer
    START = "start"  # terminals: handed to the terminal
    PRESENT = "present"  # terminals: a card is tapped, inserted or swiped
    PIN = "pin"  # terminals: the PIN is typed
    RESTORE = "restore"  # terminals: a refund was reversed
    ACT = "act"  # scenarios: the buyer does what a rule says; never written down under this name
    # terminals: the transaction comes to its end, whatever that is; never written down under this name
    END = "end"


class Waits(StrEnum):
    """Whom an unpaid order waits for."""

    BUYER = "buyer"
    ISSUER = "issuer"  # cards: the issuer has not decided, or its page is open
    REVIEW = "review"  # cards: authorised, the merchant decides
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


@dataclass(frozen=True)
class Order(ABC):
    """One (`merchants_id`, `out_trade_no`), whatever endpoint made it.

    Amounts are minor units of `currency`, rates hundred-millionths, instants milliseconds. `rate`, `fee_rate`
    and `subject` are fixed when the order is made. `closed_by` is the event that closed it. `watched` until
    the merchant's duty of QR note 2 has been looked at. `details` holds what single endpoints were told
    (reference, attach, return_url …). `script` is what a scenario's rule has said of it.
    """

    KIND: ClassVar[str]  # its name in the table of kinds
    TRANSITIONS: ClassVar[Transitions]  # the state after an event; what is not in it is refused

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
    details: Mapping[str, str] = field(default_factory=dict)
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
        """Where its notifications go, as everybody may see it: without user and password."""
        return urls.discreet(self.notify_url)

    @property
    def shown_details(self) -> dict[str, str]:
        """What single endpoints were told, as everybody may see it."""
        return urls.discreet_values(self.details)

    @property
    def left(self) -> int:
        """What could still be refunded, in minor units."""
        return self.amount - self.refunded if self.paid_at is not None and self.is_payment else 0

    @property
    def cny(self) -> int:
        """The payment in fen."""
        return money.convert(self.amount, self.rate)

    @property
    def subject(self) -> str:
        """What the payer reads on the bill, and the settlement file in `remarks`."""
        return self.details.get("reference") or "TGPay"

    @property
    def was_paid(self) -> bool:
        """Whether the buyer ever paid, also when the money has gone back since."""
        return self.paid_at is not None

    # How it moves.

    @property
    @abstractmethod
    def may_be_retried(self) -> bool:
        """Whether the number of a closed order may be used again: never when it was paid."""

    @abstractmethod
    def own_changes(self, event: Event, now: int) -> dict[str, Any]:
        """What an event changes in the fields that only this kind has."""

    @abstractmethod
    def acts_at(self, script: "scenarios.Script") -> int | None:
        """When the buyer of a waiting order does, unasked, what a rule says."""

    @abstractmethod
    def timers(self) -> Iterator[tuple[int, Event]]:
        """The instants at which time does something to an order of this kind only, and what."""

    @abstractmethod
    def after_time(self, event: Event, instant: int) -> "Order":
        """The order after what its timer, or the end of the refund period, does at that instant."""

    @abstractmethod
    def response_code(self, code: str) -> str:
        """The response code of section 7.2 in a refusal: `code` where this kind has them, else empty."""

    # What is known of it.

    @property
    @abstractmethod
    def is_payment(self) -> bool:
        """Whether its money goes to the merchant; that of a terminal's refunds and reversals does not."""

    @property
    @abstractmethod
    def is_charged_back(self) -> bool:
        """Whether the cardholder has got the money back from the issuer."""

    @property
    @abstractmethod
    def transaction(self) -> Transaction | None:
        """The transaction that it has, or had last, on a card terminal."""

    @property
    @abstractmethod
    def waits_for(self) -> Waits:
        """Whom it waits for while it is unpaid."""

    @property
    @abstractmethod
    def states(self) -> tuple[str, ...]:
        """The states that it is in: `trade_status`, and of a card order the state of the card payment too."""

    @abstractmethod
    def state_at(self, now: int) -> str:
        """Its state at an instant, in the words of its kind."""

    @property
    def result_id(self) -> str:
        """The `transactionResultId` of its transaction on a terminal; empty when it has none."""
        return self.transaction.result_id if self.transaction else ""

    def is_on(self, serial: str) -> bool:
        """Whether the transaction that it has or had last is on this terminal."""
        return self.transaction is not None and self.transaction.serial == serial

    def has_transaction(self, result_id: str) -> bool:
        """Whether it has a transaction on a terminal, of this transactionResultId unless that is empty."""
        return self.transaction is not None and result_id in ("", self.result_id)

    # What is shown of it.

    @property
    @abstractmethod
    def page_path(self) -> str:
        """Where its payer looks."""

    @property
    @abstractmethod
    def present_page(self) -> str:
        """Where its payer is now, with a query where the page needs one to be used in this browser."""

    @property
    @abstractmethod
    def qr_path(self) -> str:
        """The page behind its QR code; empty when a phone has nothing to scan."""

    @property
    @abstractmethod
    def pay_url_path(self) -> str:
        """The page that the `pay_url` of its answer leads to; empty when its answer has none."""

    @abstractmethod
    def card_json(self) -> dict[str, Any] | None:
        """The card payment, as the control interface shows it."""

    @abstractmethod
    def query_fields(self, timezone: str) -> dict[str, str]:
        """What a query (section 3) tells of this kind beside what it tells of every order."""

    @property
    @abstractmethod
    def history_detail(self) -> dict[str, str]:
        """What a line of its history tells beside the event's own detail."""

    @abstractmethod
    def facts(self) -> Iterator[tuple[str, str, str]]:
        """What the console tells of this kind only: names, values, and sentences that can be translated."""

    def transaction_json(self, now: int | None = None) -> dict[str, Any] | None:
        """Its transaction on a terminal, as the control interface shows it.

        With `now` (milliseconds) the steps up to that instant, else all of them once there is a result.
        """
        if self.transaction is None:
            return None
        return transaction_json(self.transaction, self.out_trade_no, self.currency, now)


Kind = TypeVar("Kind", bound=Order)
