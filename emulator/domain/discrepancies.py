"""Discrepancies that a scenario injects in the settlement file: what the file shows of an entry
instead of the truth.
"""
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from ..base import randomness
from ..base.settings import Settings
from ..protocol.faults import Discrepancy
from .settlement import PAYMENT, Entry, line, settled_later

Rows = tuple[Entry, ...]
PENNY = 1
NUMBER_DIGITS = 12


@dataclass(frozen=True)
class Shown:
    """What the file shows of an entry: its line, none or several, and the instant of their settlement in
    milliseconds.
    """

    lines: str
    settles_at: int


def shown(entry: Entry, injected: Iterable[str], settings: Settings) -> Shown:
    """What the file shows of an entry when these discrepancies are injected, in whatever order they are
    named.
    """
    rows: Rows = (entry,)
    for name in Discrepancy:
        if name in injected:
            rows = INJECTIONS[name](entry, rows, settings)
    return Shown("".join(line(row, settings) for row in rows),
                 rows[0].settles_at if rows else entry.settles_at)


def _missing(entry: Entry, rows: Rows, settings: Settings) -> Rows:
    """No row."""
    return ()


def _duplicate(entry: Entry, rows: Rows, settings: Settings) -> Rows:
    """The row twice."""
    return rows * 2


def _next_day(entry: Entry, rows: Rows, settings: Settings) -> Rows:
    """Settled a day later."""
    return tuple(replace(row, settles_at=settled_later(row.settles_at, 1, settings)) for row in rows)


def _fee_off(entry: Entry, rows: Rows, settings: Settings) -> Rows:
    """A penny more of fee, and so a penny less settled."""
    return tuple(replace(row, surcharge=PENNY) for row in rows)


def _amount_off(entry: Entry, rows: Rows, settings: Settings) -> Rows:
    """A penny more paid, or given back, and all that is reckoned from it."""
    return tuple(replace(row, amount=row.amount + (PENNY if row.amount > 0 else -PENNY)) for row in rows)


def _unknown_row(entry: Entry, rows: Rows, settings: Settings) -> Rows:
    """Beside it the payment of an order that the merchant never made."""
    return (*rows, _stranger(rows[0] if rows else entry, entry, settings.seed))


def _stranger(beside: Entry, entry: Entry, seed: str) -> Entry:
    """A payment that never was: of the same day, channel and shop as the row beside it, its numbers and
    amount drawn from the seed.
    """
    names = "unknown row", entry.merchants_id, entry.out_trade_no, entry.kind, entry.partner_id
    number = entry.merchants_id + randomness.digits(NUMBER_DIGITS, seed, *names)
    amount = 1 + randomness.derive(seed, "amount", *names) % (2 * abs(entry.amount))
    order = replace(entry.order, out_trade_no=number, amount=amount,
                    trans_id=_like(entry.order.trans_id, seed, *names))
    return replace(beside, out_trade_no=number, partner_id=number, kind=PAYMENT, amount=amount,
                   remarks="TGPay", order=order, surcharge=0)


def _like(trans_id: str, seed: str, *names: str) -> str:
    """A trade number that looks like another one, whose first half, with the day in it, it shares."""
    half = len(trans_id) // 2
    drawn = randomness.digits(len(trans_id), seed, "trade", *names)
    return trans_id[:half] + "".join(new if old.isdecimal() else old for old,
                                     new in zip(trans_id[half:], drawn))


INJECTIONS: Mapping[Discrepancy, Callable[[Entry, Rows, Settings], Rows]] = {
    Discrepancy.MISSING: _missing, Discrepancy.DUPLICATE: _duplicate, Discrepancy.NEXT_DAY: _next_day,
    Discrepancy.FEE_OFF: _fee_off, Discrepancy.AMOUNT_OFF: _amount_off, Discrepancy.UNKNOWN_ROW: _unknown_row}
