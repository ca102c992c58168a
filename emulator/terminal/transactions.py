"""A terminal, and a transaction on one: what is written down of them."""
from dataclasses import dataclass

from .host import Answer
from .words import REVERSALS, Act


@dataclass(frozen=True)
class Terminal:
    """A device of a merchant; serials are unique over all merchants. `order_id` is the order whose transaction it had last."""

    serial: str
    merchants_id: str
    terminal_type: str
    online: bool = True
    attended: bool = False
    order_id: int | None = None


@dataclass(frozen=True)
class Transaction:
    """What was asked of a terminal and what has happened. Amounts are minor units, instants and lengths of time milliseconds.

    `paces` is how long an unattended terminal takes to be shown a card, to read it, to be typed a PIN and to hear from the host; an
    attended one waits for people instead. `host` is what the host will answer. `result` is empty until it is written down, `ended_at`
    is when it was reached; `resolved_at` is when an UNDEFINED one became known. `original` and `original_result_id` name the
    transaction that a reversal or a linked refund is about, as far as it was found; `original_id` is how the merchant named it. At
    the state `stuck_at` nobody does anything, and no answer comes.
    """

    serial: str
    terminal_type: str
    result_id: str
    operation: str
    requested: int
    started_at: int
    paces: tuple[int, int, int, int]
    contactless_limit: int
    attended: bool = False
    host: Answer = Answer()
    attempt: int = 1
    entry: str = ""
    presented_at: int | None = None
    pin_at: int | None = None
    decided_at: int | None = None
    result: str = ""
    approved: int = 0
    ended_at: int | None = None
    resolved_at: int | None = None
    message: str = ""
    transaction_id: str = ""
    authorisation_code: str = ""
    brand: str = ""
    first6: str = ""
    last4: str = ""
    original: str = ""
    original_result_id: str = ""
    original_id: str = ""
    stuck_at: str = ""

    @property
    def in_progress(self) -> bool:
        """Whether the terminal is busy with it; the end need not be written down yet."""
        return not self.result

    @property
    def takes_card(self) -> bool:
        """Whether a card is presented: a reversal needs none."""
        return self.operation not in REVERSALS

    @property
    def linked(self) -> bool:
        """Whether it is about another transaction."""
        return not self.takes_card or bool(self.original_id)

    @property
    def read_by(self) -> str:
        """How the card is read: as somebody did, else contactless up to the limit and by the chip above it."""
        return self.entry or (Act.TAP if self.requested <= self.contactless_limit else Act.INSERT)

    @property
    def needs_pin(self) -> bool:
        """A card that is tapped within the contactless limit needs no PIN; every other does."""
        return self.takes_card and not (self.read_by == Act.TAP and self.requested <= self.contactless_limit)
