"""The true settlement entries, and the comparison of a merchant's own list with them."""
from collections.abc import Iterator, Sequence
from datetime import date

from ..base.settings import Settings
from ..domain import reconciliation, settlement
from ..domain.errors import Invalid
from ..store import Reader

EVER = 2**62


def days(settings: Settings, start: date | None, end: date | None,
         until: int = EVER) -> "reconciliation.Days":
    """The days of settlement from `start` to `end`, without anything after the instant `until`.

    None stands for the first and the last day of all. Raises Invalid.
    """
    if start and end and start > end:
        raise Invalid({}, f"start_date {start} is after end_date {end}")
    since = settlement.span(start, start, settings)[0] if start else -EVER
    before = settlement.span(end, end, settings)[1] if end else EVER
    return reconciliation.Days(since, min(before, until + 1), settings.timezone)


def entries(tables: Reader, merchants_id: str | None, days: "reconciliation.Days", after: int, limit: int,
            newest_first: bool = False) -> "Iterator[reconciliation.Truth]":
    """A page of the true entries, of one merchant or of all, by id, after the id `after`."""
    return tables.ledger.page(merchants_id, days.since, days.before, after, limit, newest_first)


def check(tables: Reader, merchants_id: str, rows: "Sequence[reconciliation.Listed]",
          days: "reconciliation.Days") -> "reconciliation.Report":
    """Compare a merchant's list with the true entries of some days.

    The report has the injected discrepancies that the list has noticed or missed, and all other differences.
    """
    return reconciliation.check(tables.ledger.truth(merchants_id, days.since, days.before), list(rows), days)
