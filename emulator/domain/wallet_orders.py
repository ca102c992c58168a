"""Orders that a buyer pays with a wallet: barcode, QR code, H5 and prepay."""
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from .. import scenarios
from ..terminal import Transaction
from .orders import COMMON_TRANSITIONS, Event, Order, Status, Transitions, Waits
from .transitions import moved

HAS_PAY_URL = "tgpayh5"  # the only endpoint of wallets whose answer has one


@dataclass(frozen=True)
class WalletOrder(Order):
    """An order that a wallet pays; the buyer may fail and try again until its time limit closes it."""

    KIND: ClassVar[str] = "wallet"
    TRANSITIONS: ClassVar[Transitions] = {
        **COMMON_TRANSITIONS,
        (Status.WAIT_BUYER_PAY, Event.DECLINE): Status.WAIT_BUYER_PAY,
        (Status.WAIT_BUYER_PAY, Event.CLOSE): Status.TRADE_CLOSED,
        (Status.WAIT_BUYER_PAY, Event.EXPIRE): Status.TRADE_CLOSED,
    }

    @property
    def may_be_retried(self) -> bool:
        """No: a closed number is spent."""
        return False

    def own_changes(self, event: Event, now: int) -> dict[str, Any]:
        """Nothing: it has no fields of its own."""
        return {}

    def acts_at(self, script: "scenarios.Script") -> int | None:
        """When the buyer pays or fails; a pending payment of a rule is decided by its buyer too."""
        return script.acts_at

    def timers(self) -> Iterator[tuple[int, Event]]:
        """Its time limit, while it waits."""
        if self.status is Status.WAIT_BUYER_PAY:
            yield self.expires_at, Event.EXPIRE

    def after_time(self, event: Event, instant: int) -> "WalletOrder":
        """The order expired, or finished."""
        return moved(self, event, instant)

    def response_code(self, code: str) -> str:
        """Empty: refusals about wallets have no response code."""
        return ""

    @property
    def is_payment(self) -> bool:
        """Always."""
        return True

    @property
    def is_charged_back(self) -> bool:
        """Never: a wallet knows no chargeback."""
        return False

    @property
    def transaction(self) -> Transaction | None:
        """None: no terminal takes wallets."""
        return None

    @property
    def waits_for(self) -> Waits:
        """The buyer."""
        return Waits.BUYER

    @property
    def states(self) -> tuple[str, ...]:
        """`trade_status`."""
        return (self.status,)

    def state_at(self, now: int) -> str:
        """`trade_status`."""
        return str(self.status)

    @property
    def page_path(self) -> str:
        """The wallet."""
        return f"/wallet/{self.page_token}"

    @property
    def present_page(self) -> str:
        """The wallet, also in a browser to which it would show the code for the phone."""
        return f"{self.page_path}?here=1"

    @property
    def qr_path(self) -> str:
        """The wallet."""
        return self.page_path

    @property
    def pay_url_path(self) -> str:
        """The wallet, for H5 only."""
        return self.page_path if self.endpoint == HAS_PAY_URL else ""

    def card_json(self) -> dict[str, Any] | None:
        """None: there is no card."""
        return None

    def query_fields(self, timezone: str) -> dict[str, str]:
        """Nothing more than of every order."""
        return {}

    @property
    def history_detail(self) -> dict[str, str]:
        """Nothing more than of every order."""
        return {}

    def facts(self) -> Iterator[tuple[str, str, str]]:
        """Nothing more than of every order."""
        return iter(())
