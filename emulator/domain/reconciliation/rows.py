"""What is compared: true entries of the ledger, rows of a merchant's list, and the days that are checked."""
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from ...base import clock, money
from .. import settlement


@dataclass(frozen=True)
class Truth:
    """An entry of the ledger as it truly is.

    Amounts are signed minor units, instants milliseconds. `injected` names the discrepancies of the file,
    which shows `line` (no line, one or several), settled at `shown_at`.
    """

    id: int
    merchants_id: str
    out_trade_no: str
    partner_id: str
    kind: str
    amount: int
    fee: int
    settles_at: int
    shown_at: int
    injected: tuple[str, ...]
    line: str

    @cached_property
    def rows(self) -> list[dict[str, str]]:
        """The rows that the file shows; an unknown row is the last."""
        return settlement.rows(self.line)

    @cached_property
    def unknown(self) -> str:
        """The number of the unknown row; empty if there is none."""
        return self.rows[-1]["partner_transaction_id"] if "unknown_row" in self.injected else ""

    @property
    def shown_amount(self) -> int:
        """The amount in the file, in signed minor units."""
        return money.signed(self.rows[0]["amount"]) if "amount_off" in self.injected else self.amount

    @property
    def shown_fee(self) -> int:
        """The fee in the file, in minor units; a wrong amount may change it too."""
        return money.signed(self.rows[0]["fee"]) if {"fee_off", "amount_off"} & {*self.injected} else self.fee


@dataclass(frozen=True)
class Listed:
    """A row of a merchant's list; `place` counts from 1.

    `number` is an order's number if `is_order`, else a partner_transaction_id. The amount is in signed minor
    units. Fee and day of settlement are None if the list has none.
    """

    place: int
    number: str
    is_order: bool
    amount: int
    fee: int | None = None
    day: date | None = None


@dataclass(frozen=True)
class Days:
    """The days that are checked, from the instant `since` up to `before` (milliseconds), in a time zone."""

    since: int
    before: int
    zone: str

    def have(self, instant: int) -> bool:
        """Whether an instant is on one of these days."""
        return self.since <= instant < self.before

    def day(self, instant: int) -> date:
        """The day of an instant."""
        return clock.moment(instant, self.zone).date()


def row(place: int, cells: Mapping[str, str]) -> Listed:
    """The row of a list with these cells, named as in the settlement file or as merchants name them.

    Raises ValueError with a sentence.
    """
    partner_id = cells.get("partner_transaction_id", "")
    number = partner_id or cells.get("out_trade_no", "")
    if not number:
        raise ValueError("has neither out_trade_no nor partner_transaction_id")
    written, fee = cells.get("settlement_date") or cells.get("settlement_time", ""), cells.get("fee", "")
    return Listed(place, number, not partner_id, _money("amount", cells.get("amount", "")),
                  _money("fee", fee) if fee else None,
                  _day(written) if written else None)


def _money(name: str, written: str) -> int:
    if not written:
        raise ValueError(f"has no {name}")
    try:
        return money.signed(written)
    except ValueError:
        raise ValueError(
            f"has the {name} {written!r}, which is not a decimal number with at most two places") from None


def _day(written: str) -> date:
    """The date in a text, which may go on with a time after a blank. Raises ValueError."""
    day = written.partition(" ")[0]
    try:
        if len(day) == len("2018-04-29"):
            return date.fromisoformat(day)
    except ValueError:
        pass
    raise ValueError(f"has the settlement date {written!r}; write it as 2018-04-29")
