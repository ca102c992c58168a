"""The pages of the settlement: sums and a chart by day, the lines of a day, and the settlement file."""
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import chain
from typing import Any

from flask import Response, request, stream_with_context
from msgspec import Struct

from ...base import clock
from ...domain import settlement as file
from ...domain.merchants import Merchant
from ...domain.settlement import PAYMENT
from ...gateway.endpoints.export_settlement import range_of_days
from ...operations.unit import merchant_of
from ...protocol.parameters import DATE
from ...store import Reader
from ...store.settlement import Sum
from ..control.problems import Problem
from ..current import emulator
from ..pages import secure
from .chart import NARROW, WIDE, chart
from .comparison import COLUMNS, compared
from .frame import Page, blueprint, chosen, led_to, number, present, show, to

PAGE = Page("settlement", "M4 20h16M7 20v-7M12 20V5M17 20v-10")
DAYS = 14
MOST_DAYS = 62
LINES = 50
MOST_MERCHANTS = 50  # whose days are listed together


class Day(Struct):
    """The sums of a day in one currency, in minor units; refunds are negative.

    `settled` says whether the settlement time has been reached.
    """

    day: date
    currency: str
    settled: bool
    sums: list[Sum] = []

    def total(self, name: str, kind: str = "") -> int:
        """The sum of a column in minor units (or rows for `number`), of one kind or of all."""
        return sum(getattr(each, name) for each in self.sums if kind in ("", each.kind))

    @property
    def rows(self) -> Iterator[tuple[str, int, int, int | None]]:
        """The rows of the day: the key of a text, amount, amount in CNY, both in minor units, and number."""
        for word, kind in (("set_payments", PAYMENT), ("set_refunds", file.REFUND)):
            yield word, self.total("amount", kind), self.total("rmb_amount", kind), self.total("number", kind)
        yield "set_fees", self.total("fee"), self.total("rmb_amount") - self.total("rmb_settlement"), None
        yield "set_net", self.total("amount") - self.total("fee"), self.total("rmb_settlement"), None


@blueprint.get("/settlement")
def settlement() -> Response:
    """The page with the days of the chosen merchant, or of all, each with its sums."""
    tables = emulator().store.read()
    only = merchant_of(tables, chosen() or "") if chosen() else None
    start, end = _range(tables, only)
    span = file.span(start, end, emulator().settings)
    merchants = [only.merchants_id] if only else tables.settled.merchants(*span, MOST_MERCHANTS + 1)
    sums = {merchants_id: tables.settled.sums(merchants_id, *span)
            for merchants_id in merchants[:MOST_MERCHANTS]}
    days = [(day, merchants_id) for merchants_id, of_merchant in sums.items()
            for day in by_day(of_merchant, present(merchants_id))[::-1]]
    together = by_day(chain.from_iterable(sums.values()), present())
    return show("settlement", "settlement", follows="order", merchant=only, start=start, end=end,
                days=sorted(days, key=lambda row: row[0].day, reverse=True),
                cut_at=MOST_MERCHANTS if len(merchants) > MOST_MERCHANTS else 0,
                **_charts(together, start, end))


@blueprint.get("/settlement/<day>")
def settlement_day(day: str) -> Response:
    """The page of a merchant's day: its sums, and a page of its lines. Without a merchant, that of all."""
    tables, on = emulator().store.read(), _date(day)
    if not chosen():
        return led_to(to("settlement", start=day, end=day))
    merchant, span = _merchant(tables), file.span(on, on, emulator().settings)
    after = number("after") or 0
    lines = tables.settled.lines(merchant.merchants_id, *span, after, LINES + 1)
    return show("settlement_day", "settlement", follows="order", merchant=merchant, day=on,
                days=by_day(tables.settled.sums(merchant.merchants_id, *span),
                            present(merchant.merchants_id)),
                lines=lines[:LINES], columns=COLUMNS,
                compared=[(line, compared(line, emulator().settings.timezone))
                          for line in lines[:LINES] if line.injected],
                rest=lines[LINES - 1].id if len(lines) > LINES else None, began=after)


@blueprint.get("/settlement.csv")
def settlement_file() -> Response:
    """The settlement file of some days, as the gateway exports it, without entries not settled yet."""
    tables = emulator().store.read()
    merchant = _merchant(tables)
    given = {"start_date": request.args.get("start", ""), "end_date": request.args.get("end", "")}
    wrong = (" and ".join(f"{name} {problem}" for name,
                          value in given.items() if (problem := DATE.problem(value))) or range_of_days(given))
    if wrong:
        raise Problem(422, "Unprocessable", wrong)
    start, end = map(date.fromisoformat, given.values())
    since, before = file.span(start, end, emulator().settings)
    settled = min(before, present(merchant.merchants_id) + 1)
    response = Response(stream_with_context(_file(merchant.merchants_id, since, settled)),
                        content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = (
        f'attachment; filename="{merchant.merchants_id}_settlement_{start}_{end}.csv"')
    return secure(response)


def _file(merchants_id: str, since: int, before: int) -> Iterator[str]:
    yield file.header()
    yield from emulator().store.read().ledger.lines(merchants_id, since, before)


def _merchant(tables: Reader) -> Merchant:
    """The merchant in the filter, otherwise the first one. Raises NotFound or Problem."""
    if chosen():
        return merchant_of(tables, chosen() or "")
    first = next(tables.merchants.page("", 1), None)
    if first is None:
        raise Problem(404, "Not Found", "there is no merchant")
    return first


def _range(tables: Reader, merchant: Merchant | None) -> tuple[date, date]:
    """The first and last day that the query asks for, at most `MOST_DAYS` days.

    By default they are the `DAYS` days up to the last one with a settlement entry.
    """
    merchants_id = merchant.merchants_id if merchant else ""
    newest = tables.settled.newest_day(merchants_id)
    last = clock.moment(present(merchants_id) if newest is None else newest,
                        emulator().settings.timezone).date()
    end = _date(request.args["end"]) if request.args.get("end") else last
    start = _date(request.args["start"]) if request.args.get("start") else _days_before(end, DAYS - 1)
    start, end = min(start, end), max(start, end)
    return max(start, _days_before(end, MOST_DAYS - 1)), end


def _days_before(day: date, number: int) -> date:
    """The date `number` days before another, but not before the first date of the calendar."""
    return date.fromordinal(max(1, day.toordinal() - number))


def _date(written: str) -> date:
    if DATE.problem(written):
        raise Problem(404, "Not Found", f"{written} {DATE.problem(written)}")
    return date.fromisoformat(written)


def by_day(sums: Iterable[Sum], now: int) -> list[Day]:
    """The sums of each day and currency, in the order of time."""
    days: dict[tuple[date, str], Day] = {}
    for each in sums:
        day = clock.moment(each.settles_at, emulator().settings.timezone).date()
        days.setdefault((day, each.currency),
                        Day(day, each.currency, each.settles_at <= now)).sums.append(each)
    return list(days.values())


def _charts(days: list[Day], start: date, end: date) -> dict[str, Any]:
    """The template values of the chart, for wide and narrow windows; several currencies are shown in CNY."""
    currencies = {day.currency for day in days}
    currency, column = (currencies.pop(), "amount") if len(currencies) == 1 else ("CNY", "rmb_amount")
    sums: dict[date, tuple[int, int]] = {}
    for day in days:
        up, down = sums.get(day.day, (0, 0))
        sums[day.day] = up + day.total(column, PAYMENT), down + day.total(column, file.REFUND)
    return {"currency": currency, "is_converted": column != "amount",
            "charts": [(name, chart(sums, start, end, currency, size))
                       for name, size in (("wide", WIDE), ("narrow", NARROW))]}
