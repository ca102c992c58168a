"""Discrepancies that a scenario injects: the settlement file then shows something other than the truth."""
from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from ..base import randomness
from ..base.settings import Settings
from ..protocol.faults import Discrepancy
from .settlement import PAYMENT, Entry, line, settled_later

Rows = tuple[Entry, ...]
PENNY = 1
NUMBER_DIGITS = 12


class Shown(Struct, frozen=True):
    """What the file shows of an entry: no line, one or several, settled at `settles_at` (milliseconds)."""

    lines: str
    settles_at: int


def shown(entry: Entry, injected: Iterable[str], settings: Settings) -> Shown:
    """What the file shows of an entry with these discrepancies, in any order of their names."""
    rows: Rows = (entry,)
    for name in Discrepancy:
        if name in injected:
            rows = INJECTIONS[name](entry, rows, settings)
    return Shown("".join(line(row, settings) for row in rows),
                 rows[0].settles_at if rows else entry.settles_at)


def _missing(entry: Entry, rows: Rows, settings: Settings) -> Rows:
    """Leave the row out."""
    return ()


def _duplicate(entry: Entry, rows: Rows, settings: Settings) -> Rows:
    """Show the row twice."""
    return rows * 2


def _next_day(entry: Entry, rows: Rows, settings: Settings) -> Rows:
    """Show the settlement one day later."""
    return tuple(replace(row, settles_at=settled_later(row.settles_at, 1, settings)) for row in rows)


def _fee_off(entry: Entry, rows: Rows, settings: Settings) -> Rows:
    """Show a penny more as the fee, and so a penny less as the settled amount."""
    return tuple(replace(row, surcharge=PENNY) for row in rows)


def _amount_off(entry: Entry, rows: Rows, settings: Settings) -> Rows:
    """Show a penny more paid or refunded, and everything that is calculated from the amount."""
    return tuple(replace(row, amount=row.amount + (PENNY if row.amount > 0 else -PENNY)) for row in rows)


def _unknown_row(entry: Entry, rows: Rows, settings: Settings) -> Rows:
    """Add the payment of an order that the merchant never made."""
    return (*rows, _stranger(rows[0] if rows else entry, entry, settings.seed))


def _stranger(beside: Entry, entry: Entry, seed: str) -> Entry:
    """A payment that never took place.

    It has the day, channel and shop of the row `beside`; its numbers and amount derive from the seed.
    """
    names = "unknown row", entry.merchants_id, entry.out_trade_no, entry.kind, entry.partner_id
    number = entry.merchants_id + randomness.digits(NUMBER_DIGITS, seed, *names)
    amount = 1 + randomness.derive(seed, "amount", *names) % (2 * abs(entry.amount))
    order = replace(entry.order, out_trade_no=number, amount=amount,
                    trans_id=_like(entry.order.trans_id, seed, *names))
    return replace(beside, out_trade_no=number, partner_id=number, kind=PAYMENT, amount=amount,
                   remarks="TGPay", order=order, surcharge=0)


def _like(trans_id: str, seed: str, *names: str) -> str:
    """A trade number that looks like another one and has the same first half, with the day in it."""
    half = len(trans_id) // 2
    drawn = randomness.digits(len(trans_id), seed, "trade", *names)
    return trans_id[:half] + "".join(new if old.isdecimal() else old for old,
                                     new in zip(trans_id[half:], drawn))


INJECTIONS: Mapping[Discrepancy, Callable[[Entry, Rows, Settings], Rows]] = {
    Discrepancy.MISSING: _missing, Discrepancy.DUPLICATE: _duplicate, Discrepancy.NEXT_DAY: _next_day,
    Discrepancy.FEE_OFF: _fee_off, Discrepancy.AMOUNT_OFF: _amount_off, Discrepancy.UNKNOWN_ROW: _unknown_row}
