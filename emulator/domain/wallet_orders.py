"""Orders that a buyer pays with a wallet: barcode, QR code, H5 and prepay."""
from collections.abc import Iterator
from typing import Any, ClassVar

from .. import scenarios
from ..terminal import Transaction
from .orders import COMMON_TRANSITIONS, Event, Order, Status, Transitions, Waits
from .transitions import moved

HAS_PAY_URL = "tgpayh5"  # the only wallet endpoint whose answer has a pay_url


class WalletOrder(Order, frozen=True):
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
        """False: the number of a closed order cannot be used again."""
        return False

    def own_changes(self, event: Event, now: int) -> dict[str, Any]:
        """No changes: it has no fields of its own."""
        return {}

    def acts_at(self, script: "scenarios.Script") -> int | None:
        """When the buyer pays or fails; also decides a payment that a scenario rule leaves pending."""
        return script.acts_at

    def timers(self) -> Iterator[tuple[int, Event]]:
        """Its time limit, while it is unpaid."""
        if self.status is Status.WAIT_BUYER_PAY:
            yield self.expires_at, Event.EXPIRE

    def after_time(self, event: Event, instant: int) -> "WalletOrder":
        """The order after its time limit or the end of its refund period."""
        return moved(self, event, instant)

    def response_code(self, code: str) -> str:
        """Empty: refusals of wallet orders have no response code."""
        return ""

    @property
    def is_payment(self) -> bool:
        """True: a wallet order is always a payment."""
        return True

    @property
    def is_charged_back(self) -> bool:
        """False: wallets have no chargebacks."""
        return False

    @property
    def transaction(self) -> Transaction | None:
        """None: terminals do not take wallets."""
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
        """The wallet's page."""
        return f"/wallet/{self.page_token}"

    @property
    def present_page(self) -> str:
        """The wallet's page, with a query so that it opens in a browser where it would show a QR code."""
        return f"{self.page_path}?here=1"

    @property
    def qr_path(self) -> str:
        """The wallet's page."""
        return self.page_path

    @property
    def pay_url_path(self) -> str:
        """The wallet's page for H5, else empty."""
        return self.page_path if self.endpoint == HAS_PAY_URL else ""

    def card_json(self) -> dict[str, Any] | None:
        """None: there is no card."""
        return None

    def query_fields(self, timezone: str) -> dict[str, str]:
        """No fields of its own."""
        return {}

    @property
    def history_detail(self) -> dict[str, str]:
        """No details of its own."""
        return {}

    def facts(self) -> Iterator[tuple[str, str, str]]:
        """No facts of its own."""
        return iter(())
