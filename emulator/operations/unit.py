"""The unit of work: one transaction that changes the emulator's state; and a view, which changes nothing.

The sequence "transaction, clock, order as of now, payments" is only here.
"""
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from msgspec import Struct

from .. import scenarios
from ..base.settings import Settings
from ..domain import transitions
from ..domain.errors import Forbidden, NeedsTransaction, NotFound
from ..domain.merchants import Merchant
from ..domain.orders import Order
from ..store import Reader, Store, Writer
from ..store.notifications import StoredNotification
from ..terminal import Terminal
from . import timers
from .payments import Payments

Thing = TypeVar("Thing")


class View(Struct, frozen=True):
    """The state at the instant `now` (milliseconds), to be read without waiting for anybody who writes.

    `cause` is the origin of a change: an endpoint, payer, control or clock. The instant is of the clock of
    the merchant `whose`, or with an empty number of the shared clock.
    """

    tables: Reader
    settings: Settings
    now: int
    cause: str
    whose: str = ""

    def present(self, merchants_id: str) -> int:
        """The present instant of a merchant's clock, in milliseconds."""
        return self.now if merchants_id == self.whose else self.tables.clock.now(merchants_id)

    def as_of_now(self, order: Order) -> Order:
        """The order, if it is as last stored. Raises NeedsTransaction if it has changed by time since."""
        due = transitions.falls_due(order)
        if due is not None and due[0] <= self.present(order.merchants_id):
            raise NeedsTransaction
        return order


class Unit(View, frozen=True):
    """One transaction, for which the clock was read once."""

    tables: Writer

    def merchant(self, merchants_id: str) -> Merchant:
        """A merchant by its number. Raises NotFound."""
        return merchant_of(self.tables, merchants_id)

    def order(self, merchants_id: str, out_trade_no: str) -> Order:
        """An order as it is now. Raises NotFound."""
        return self.as_of_now(order_of(self.tables, merchants_id, out_trade_no))

    def order_by_id(self, order_id: int) -> Order:
        """An order by its id, as it is now. Raises NotFound."""
        return self.as_of_now(order_by_id(self.tables, order_id))

    def as_of_now(self, order: Order) -> Order:
        """The order after all changes by time up to now, which are stored."""
        return timers.caught_up(self.tables, self.settings, order, self.present(order.merchants_id))

    def terminal(self, serial: str) -> Terminal:
        """A card terminal by its serial number. Raises NotFound."""
        return terminal_of(self.tables, serial)

    def last_order(self, device: Terminal) -> Order | None:
        """The order of a terminal's present or last transaction, as it is now."""
        order = timers.written_of(self.tables, device)
        return self.as_of_now(order) if order else None

    def check_concern(self, merchants_id: str | None) -> None:
        """Check what an operation concerns: a merchant, or everybody if there is no number.

        Raises NotFound for an unknown merchant, and Forbidden if everybody is more than may be changed here.
        """
        if merchants_id:
            self.merchant(merchants_id)
        else:
            check_everybody(self.tables.owner)

    def payments(self, merchant: Merchant, script: "scenarios.Script | None" = None) -> Payments:
        """The payments of a merchant; `script` is the scenario rule for the request."""
        return Payments(self.tables, self.settings, merchant, self.present(merchant.merchants_id), self.cause,
                        script)


class Present:
    """The present instants of merchants, each read once."""

    def __init__(self, tables: Reader) -> None:
        self._clock = tables.clock
        self._known: dict[str, int] = {}

    def of(self, merchants_id: str) -> int:
        """The present instant of a merchant's clock, in milliseconds."""
        if merchants_id not in self._known:
            self._known[merchants_id] = self._clock.now(merchants_id)
        return self._known[merchants_id]

    def seen(self, order: Order) -> Order:
        """The order as it is now, even if changes by time are not stored yet."""
        return transitions.at(order, self.of(order.merchants_id))


class Units:
    """Begins units of work on the database of this process."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        self.settings = settings

    @contextmanager
    def begin(self, cause: str, merchants_id: str | None = None) -> Iterator[Unit]:
        """A unit of work, committed after the block, rolled back if it raises. Raises store.Unusable.

        With `merchants_id` it may change only what is that merchant's, and others may write meanwhile.
        """
        with self.store.write(merchants_id) as tables:
            whose = merchants_id or ""
            yield Unit(tables, self.settings, tables.clock.now(whose), cause, whose)

    def view(self, cause: str, whose: str = "") -> View:
        """The state as it is now, by the clock of a merchant or the shared one. Raises store.Unusable."""
        tables = self.store.read()
        return View(tables, self.settings, tables.clock.now(whose), cause, whose)

    def read(self) -> Reader:
        """The tables for reading. Raises store.Unusable."""
        return self.store.read()


def check_everybody(owner: str | None) -> None:
    """Check that everybody may be concerned. Raises Forbidden if only the merchants of an owner may."""
    if owner is not None:
        raise Forbidden


def _found(thing: Thing | None, sentence: str) -> Thing:
    """What was found. Raises NotFound with the sentence when there is nothing."""
    if thing is None:
        raise NotFound(sentence)
    return thing


def merchant_of(tables: Reader, merchants_id: str) -> Merchant:
    """A merchant by its number. Raises NotFound."""
    return _found(tables.merchants.find(merchants_id), f"there is no merchant {merchants_id}")


def order_of(tables: Reader, merchants_id: str, out_trade_no: str) -> Order:
    """An order as last stored. Raises NotFound, also if there is no such merchant."""
    merchant_of(tables, merchants_id)
    return _found(tables.orders.find(merchants_id, out_trade_no),
                  f"merchant {merchants_id} has no order {out_trade_no}")


def order_by_id(tables: Reader, order_id: int) -> Order:
    """An order by its id, as last stored. Raises NotFound."""
    return _found(tables.orders.by_id(order_id),
                  f"there is no order {order_id}; the emulator may have been reset")


def terminal_of(tables: Reader, serial: str) -> Terminal:
    """A card terminal by its serial number. Raises NotFound."""
    return _found(tables.terminals.find(serial), f"there is no terminal {serial}")


def notification_of(tables: Reader, notification_id: int) -> StoredNotification:
    """A notification by its id. Raises NotFound."""
    return _found(tables.notifications.find(notification_id), f"there is no notification {notification_id}")


def journal_entry(tables: Reader, entry_id: int) -> Any:
    """A row of the journal by its id. Raises NotFound."""
    return _found(tables.journal.find(entry_id), f"the journal has no entry {entry_id}")
