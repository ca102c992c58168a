"""Orders for payments and refunds on a card terminal (section 8)."""
from collections.abc import Iterator
from typing import Any, ClassVar

from .. import scenarios, terminal
from ..terminal import REPEATABLE, SALE, Transaction
from .orders import COMMON_TRANSITIONS, Event, Order, Status, Transitions, Waits
from .transitions import moved


class TerminalOrder(Order, frozen=True, kw_only=True):
    """An order of `tgpaywebtoterminal`; `terminal` is its last transaction."""

    KIND: ClassVar[str] = "terminal"
    TRANSITIONS: ClassVar[Transitions] = {
        **COMMON_TRANSITIONS,
        (Status.WAIT_BUYER_PAY, Event.PEND): Status.WAIT_BUYER_PAY,
        (Status.TRADE_CLOSED, Event.RETRY): Status.WAIT_BUYER_PAY,
        (Status.TRADE_SUCCESS, Event.RESTORE): Status.TRADE_SUCCESS,
        (Status.TRADE_CLOSED, Event.RESTORE): Status.TRADE_SUCCESS,
        (Status.TRADE_FINISHED, Event.RESTORE): Status.TRADE_FINISHED,
    }

    terminal: Transaction

    @property
    def may_be_retried(self) -> bool:
        """Whether its transaction ended with a result that took no money."""
        return not self.was_paid and self.terminal.result in REPEATABLE

    def own_changes(self, event: Event, now: int) -> dict[str, Any]:
        """No changes: the terminal changes the transaction."""
        return {}

    def acts_at(self, script: "scenarios.Script") -> int | None:
        """None: a scenario rule has no buyer for orders on terminals."""
        return None

    def timers(self) -> Iterator[tuple[int, Event]]:
        """The end of its transaction."""
        if self.status is Status.WAIT_BUYER_PAY and (end := terminal.due_at(self.terminal)) is not None:
            yield end, Event.END

    def after_time(self, event: Event, instant: int) -> "TerminalOrder":
        """The order after the end of its refund period."""
        return moved(self, event, instant)

    def response_code(self, code: str) -> str:
        """Empty: refusals of terminal orders have no response code."""
        return ""

    @property
    def is_payment(self) -> bool:
        """Whether it is a sale; the money of refunds and reversals does not go to the merchant."""
        return self.terminal.operation == SALE

    @property
    def is_charged_back(self) -> bool:
        """False: terminal orders have no chargebacks."""
        return False

    @property
    def transaction(self) -> Transaction | None:
        """Its transaction."""
        return self.terminal

    @property
    def waits_for(self) -> Waits:
        """The terminal."""
        return Waits.TERMINAL

    @property
    def states(self) -> tuple[str, ...]:
        """`trade_status`."""
        return (self.status,)

    def state_at(self, now: int) -> str:
        """The result of the transaction, or what the terminal shows while there is no result."""
        return self.terminal.result or str(terminal.state(self.terminal, now))

    @property
    def page_path(self) -> str:
        """The terminal's screen."""
        return f"/terminal/{self.terminal.serial}"

    @property
    def present_page(self) -> str:
        """The terminal's screen."""
        return self.page_path

    @property
    def qr_path(self) -> str:
        """Empty: the card is presented to the terminal."""
        return ""

    @property
    def pay_url_path(self) -> str:
        """Empty: its answer has no pay_url."""
        return ""

    def card_json(self) -> dict[str, Any] | None:
        """None: the card belongs to the transaction."""
        return None

    def query_fields(self, timezone: str) -> dict[str, str]:
        """No fields: the answer to its query is the transaction."""
        return {}

    @property
    def history_detail(self) -> dict[str, str]:
        """No details of its own."""
        return {}

    def facts(self) -> Iterator[tuple[str, str, str]]:
        """Terminal, operation and result."""
        yield "terminal", terminal.summary(self.terminal), ""
