"""Orders: their states, what can happen to them, and what is known of one (contract 1.4, cards 3, terminals 4)."""
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .. import scenarios, terminal
from ..base import money, urls
from ..protocol.response_codes import RESPONSE_CODES, CardStatus
from ..terminal import Transaction


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
    END = "end"  # terminals: the transaction comes to its end, whatever that is; never written down under this name


_WAIT, _PAID, _CLOSED, _DONE = Status.WAIT_BUYER_PAY, Status.TRADE_SUCCESS, Status.TRADE_CLOSED, Status.TRADE_FINISHED
MOVES: Mapping[tuple[Status, Event], Status] = {
    (_WAIT, Event.PAY): _PAID,
    (_WAIT, Event.DECLINE): _WAIT,
    (_WAIT, Event.FAIL): _CLOSED,
    (_WAIT, Event.CANCEL): _CLOSED,
    (_WAIT, Event.CLOSE): _CLOSED,
    (_WAIT, Event.EXPIRE): _CLOSED,
    (_PAID, Event.REFUND): _PAID,
    (_PAID, Event.REFUND_ALL): _CLOSED,
    (_PAID, Event.CANCEL): _CLOSED,
    (_PAID, Event.FINISH): _DONE,
}
CARD_MOVES: Mapping[tuple[Status, Event], Status] = {
    **{move: status for move, status in MOVES.items() if move[1] is not Event.DECLINE},
    (_WAIT, Event.PEND): _WAIT,
    (_WAIT, Event.WRONG_CODE): _WAIT,
    (_WAIT, Event.REVIEW): _WAIT,
    (_WAIT, Event.REVOKE): _CLOSED,
    (_CLOSED, Event.RETRY): _WAIT,
    (_PAID, Event.CHARGEBACK): _PAID,
    (_DONE, Event.CHARGEBACK): _DONE,
}
TERMINAL_MOVES: Mapping[tuple[Status, Event], Status] = {
    **{move: status for move, status in MOVES.items() if move[1] not in (Event.DECLINE, Event.CLOSE, Event.EXPIRE)},
    (_WAIT, Event.PEND): _WAIT,
    (_CLOSED, Event.RETRY): _WAIT,
    (_PAID, Event.RESTORE): _PAID,
    (_CLOSED, Event.RESTORE): _PAID,
    (_DONE, Event.RESTORE): _DONE,
}
CARD_STATUS: Mapping[Event, CardStatus] = {
    Event.PEND: CardStatus.PENDING, Event.REVIEW: CardStatus.PENDING_REVIEW, Event.PAY: CardStatus.SUCCESS, Event.FAIL: CardStatus.FAILED,
    Event.EXPIRE: CardStatus.EXPIRED, Event.RETRY: CardStatus.RECEIVED, Event.REVOKE: CardStatus.CANCELED,
    Event.CANCEL: CardStatus.CANCELED, Event.CLOSE: CardStatus.CANCELED}
ENDING: Mapping[CardStatus, Event] = {
    CardStatus.SUCCESS: Event.PAY, CardStatus.FAILED: Event.FAIL, CardStatus.EXPIRED: Event.EXPIRE, CardStatus.CANCELED: Event.REVOKE}
RETRIED = (CardStatus.FAILED, CardStatus.EXPIRED)


CASHIER, SERVER = "cashier", "s2s"


@dataclass(frozen=True)
class CardState:
    """What an order of `tgpaybankcard` has beside others; of a card the brand, the first six and the last four digits only.

    `attempt` counts the cards that were presented, `code` is the response code of the last result, `order_id` the acquirer's number
    of the attempt. `challenge` is not None while the issuer's page is open: empty, the one-time code decides, else the payment ends
    in that code. At `due_at` time decides, with the code `due_code`. `reviewed` is the event by which the merchant decided.
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
        """`result_msg` of the last result, with what to do instead where the emulator knows."""
        message = RESPONSE_CODES[self.code].message if self.code else ""
        return f"{message}: {self.hint}" if self.hint else message

    @property
    def on_the_cashier(self) -> bool:
        """Whether the payer presents the card on the cashier's page, not the merchant's server."""
        return self.access_type == CASHIER


@dataclass(frozen=True)
class Order:
    """One (`merchants_id`, `out_trade_no`), whatever endpoint made it.

    Amounts are minor units of `currency`, rates hundred-millionths, instants milliseconds. `rate`, `fee_rate` and `subject` are
    fixed when the order is made. `closed_by` is the event that closed it. `watched` until the merchant's duty of QR note 2 has been
    looked at. `details` holds what single endpoints were told (reference, attach, return_url …). `card` is what a card order has
    beside others, `terminal` the transaction of one that is paid, or given back, on a card terminal. `script` is what a scenario's rule
    has said of it.
    """

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
    card: CardState | None = None
    terminal: Transaction | None = None
    script: "scenarios.Script | None" = None
    id: int = 0

    @property
    def is_payment(self) -> bool:
        """Whether its money goes to the merchant; that of a terminal's refunds and reversals does not."""
        return self.terminal is None or self.terminal.operation == terminal.SALE

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
