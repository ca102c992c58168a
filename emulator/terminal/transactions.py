"""A terminal and a transaction on it, as they are stored."""
from msgspec import Struct

from .host import Answer
from .vocabulary import REVERSALS, Act


class Terminal(Struct, frozen=True):
    """A merchant's terminal. Serial numbers are unique over all merchants.

    `order_id` is the order of its last transaction. An `attended` terminal is driven by a person on its
    screen.
    """

    serial: str
    merchants_id: str
    terminal_type: str
    online: bool = True
    attended: bool = False
    order_id: int | None = None


class Transaction(Struct, frozen=True):
    """A transaction on a terminal. Amounts are in minor units; instants and durations in milliseconds.

    `paces` are the durations of the four phases on an unattended terminal: presenting the card, reading it,
    typing the PIN, and the host's answer. An attended terminal waits for people instead. `host` is the host's
    answer. `result` is empty until the end is stored; `ended_at` is when it was reached, and `resolved_at`
    when an UNDEFINED result became known. `original` and `original_result_id` name the transaction to which a
    reversal or a linked refund belongs, if it was found; `original_id` is the number that the merchant sent
    for it. In the state `stuck_at`, nothing happens until the time-out.
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
        """Whether no result is stored yet; the transaction may be over all the same."""
        return not self.result

    @property
    def takes_card(self) -> bool:
        """Whether a card is presented; a reversal needs none."""
        return self.operation not in REVERSALS

    @property
    def linked(self) -> bool:
        """Whether it refers to another transaction, as a reversal and a linked refund do."""
        return not self.takes_card or bool(self.original_id)

    @property
    def read_by(self) -> str:
        """How the card is read: as a person did, else contactless up to the limit and by its chip above it.
        """
        if self.entry:
            return self.entry
        return Act.TAP if self.requested <= self.contactless_limit else Act.INSERT

    @property
    def needs_pin(self) -> bool:
        """Whether a PIN is needed: always, except for a card that is tapped within the contactless limit."""
        return self.takes_card and not (self.read_by == Act.TAP and self.requested <= self.contactless_limit)
