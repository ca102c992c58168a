"""The receipt of a card terminal (section 8): lines of 32 columns; a wide character takes two columns."""
import unicodedata
from collections.abc import Iterator

from .. import terminal
from ..base import clock, money
from ..domain.orders import Order
from ..terminal import SHOWN, Result, Transaction
from .texts import Texts

WIDTH = 32
RULE = "-" * WIDTH
OWN_WORDS = (Result.PARTIAL_APPROVAL, Result.UNDEFINED)  # the screen's word for these is not exact enough


def receipt(order: Order, transaction: Transaction, merchant: str, zone: str, texts: Texts) -> str:
    """The receipt of a completed transaction, as text; times are in the time zone `zone`.

    It shows the brand and the last four digits of the card.
    """
    assert transaction.ended_at is not None
    result = Result(transaction.result)
    head = [*_centred(merchant), *_centred(clock.spaced(transaction.ended_at, zone)),
            *_centred(texts.receipt_simulator)]
    rows = [*_what(transaction, order.currency, texts), *_card(transaction, texts),
            *_numbers(transaction, order, texts)]
    lines = [*head, RULE, *(line for name, value in rows for line in _pair(name, value)), RULE,
             *_centred(texts[str(result if result in OWN_WORDS else SHOWN[result])]),
             *_centred(texts.simulator)]
    return "\n".join(lines) + "\n"


def _what(transaction: Transaction, currency: str, texts: Texts) -> Iterator[tuple[str, str]]:
    """Terminal, operation and amounts."""
    yield texts.receipt_terminal, transaction.serial
    yield texts.receipt_operation, texts[transaction.operation]
    requested, approved = (f"{currency} {money.text(amount)}"
                           for amount in (transaction.requested, transaction.approved))
    if requested == approved:
        yield texts.amount_due, approved
    else:
        yield texts.receipt_requested, requested
        yield texts.receipt_approved, approved


def _card(transaction: Transaction, texts: Texts) -> Iterator[tuple[str, str]]:
    """The card and how its holder was verified; nothing if no card was read."""
    if not terminal.card_was_read(transaction):
        return
    yield texts.card, f"{transaction.brand} **** {transaction.last4}"
    if transaction.takes_card:
        yield texts.receipt_entry, texts[f"entry_{transaction.read_by}"]
        yield texts.receipt_verified, texts.verified_pin if transaction.needs_pin else texts.verified_nothing


def _numbers(transaction: Transaction, order: Order, texts: Texts) -> Iterator[tuple[str, str]]:
    """Authorisation code, order number and transaction number."""
    if transaction.result in terminal.APPROVALS:
        yield texts.receipt_authorisation, transaction.authorisation_code
    yield texts.order, order.out_trade_no
    yield texts.receipt_transaction, transaction.result_id


def _pair(name: str, value: str) -> Iterator[str]:
    """A name on the left and its value on the right; a long value goes onto lines of its own."""
    room = WIDTH - width(name) - width(value)
    if room > 0:
        yield name + " " * room + value
        return
    yield name
    yield from (" " * (WIDTH - width(part)) + part for part in _folded(value))


def _centred(text: str) -> Iterator[str]:
    return (" " * ((WIDTH - width(part)) // 2) + part for part in _folded(text))


def _folded(text: str) -> Iterator[str]:
    """The text in parts that fit into a line, broken at a space if there is one."""
    rest = text.strip()
    while width(rest) > WIDTH:
        fits = next(count for count in range(len(rest), 0, -1) if width(rest[:count]) <= WIDTH)
        at = rest.rfind(" ", 0, fits + 1)
        at = at if at > 0 else fits
        yield rest[:at].rstrip()
        rest = rest[at:].lstrip()
    yield rest


def width(text: str) -> int:
    """The number of columns of a text: two for a wide character, none for a combining mark."""
    return sum(_columns(char) for char in text)


def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
