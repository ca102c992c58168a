"""Figures above the list of orders: today's payments and refunds, and what needs a look."""
from collections.abc import Iterator

from msgspec import Struct

from ...base import clock, money
from ...store import Reader
from ...store.figures import MOST
from ..current import emulator
from .frame import chosen, clocked, present, texts, to


class Figure(Struct, frozen=True):
    """A figure: its name, its value, more about it, where it leads, and a state's colour."""

    name: str
    value: str
    more: str
    address: str = ""
    colour: str = ""


def figures(tables: Reader) -> Iterator[Figure]:
    """The figures of the merchant in the filter, or of all."""
    merchants_id, said = chosen() or "", texts()
    now, zone = present(clocked(tables)), emulator().settings.timezone
    today = clock.day_start(clock.moment(now, zone).date(), zone)
    for name, number, totals in (
            (said.figure_paid, said.figure_payments, tables.figures.payments(merchants_id, today)),
            (said.figure_refunded, said.figure_refunds, tables.figures.refunds(merchants_id, today))):
        yield Figure(name, " + ".join(money.display(total.amount, total.currency) for total in totals) or "0",
                     said.numbered(number, sum(total.number for total in totals)) if totals else "")
    failed = tables.figures.failed_notifications(merchants_id)
    yield Figure(said.figure_failed, _counted(failed), "", to("notifications", status="failed"),
                 "bad" if failed else "")
    busy = tables.figures.busy_terminals(merchants_id)
    yield Figure(said.figure_terminals, _counted(busy), "", to("terminals"), "wait" if busy else "")


def _counted(number: int) -> str:
    return f"{number - 1}+" if number == MOST else str(number)
