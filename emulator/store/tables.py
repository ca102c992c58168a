"""All tables of one connection."""
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from .changes import Changes
from .journal import ClockTable, Commands, Facts, Journal
from .keys import Keys
from .lists import Lists
from .merchants import Merchants
from .notebook import Notebook
from .notifications import Notifications
from .orders import Ledger, Orders
from .scenarios import Scenarios
from .settlement import Settled
from .terminals import Terminals
from .upcoming import Upcoming
from .upkeep import Upkeep
from .vouchers import Vouchers


class Tables:
    """What a transaction works with: `tables.orders.find(…)`, `tables.notifications.add(…)`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.wakes = False
        self.patience_ms = 0  # of the connection, as it was set last
        self.clock = ClockTable(connection)
        self.merchants = Merchants(connection)
        self.orders = Orders(connection)
        self.ledger = Ledger(connection)
        self.notifications = Notifications(connection)
        self.journal = Journal(connection)
        self.commands = Commands(connection)
        self.keys = Keys(connection)
        self.vouchers = Vouchers(connection)
        self.terminals = Terminals(connection)
        self.scenarios = Scenarios(connection)
        self.lists = Lists(connection)
        self.upcoming = Upcoming(connection)
        self.settled = Settled(connection)
        self.notebook = Notebook(connection)
        self.upkeep = Upkeep(connection)
        self.changes = Changes(connection)
        self.facts = Facts(connection)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part of the transaction that is undone by itself when it raises."""
        self.connection.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK TO part")
            self.connection.execute("RELEASE part")
            raise
        self.connection.execute("RELEASE part")

    def wake(self) -> None:
        """Note that this transaction leaves work for the scheduler."""
        self.wakes = True

    def next_due(self, but: Collection[int] = ()) -> int | None:
        """The next instant at which time alone does something to an order, or a notification goes out, none of
        `but`."""
        dues = [due for due in (self.orders.next_due(), self.notifications.next_due(but)) if due is not None]
        return min(dues, default=None)

    def newest(self) -> tuple[int, int, int]:
        """The last ids of history, journal and attempts: where a reader who wants only what is new begins."""
        last = [self.connection.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()[0]
                for table in ("history", "journal", "attempts")]
        return last[0], last[1], last[2]

    def erase(self, merchants_id: str) -> None:
        """Forget all that a merchant did, in every table that has it; the merchant and its users stay."""
        for table in ("orders", "history", "refunds", "ledger", "notifications", "attempts", "journal", "transactions", "scenarios", "counts",
                      "notebook"):
            self.connection.execute(f"DELETE FROM {table} WHERE merchants_id = :id", {"id": merchants_id})

    def erase_all(self) -> None:
        """Forget everything, merchants and clock included, and begin all numbering anew."""
        for table in ("orders", "history", "refunds", "ledger", "notifications", "attempts", "journal", "merchants",
                      "removed_merchants", "users", "clock", "vouchers", "terminals", "transactions",
                      "scenarios", "counts", "notebook", "upkeep_marks", "idempotency_keys"):
            self.connection.execute(f"DELETE FROM {table}")
        # Attempts may be under way, and answers to commands waited for: their numbers are not given out a second time.
        self.connection.execute("DELETE FROM sqlite_sequence WHERE name NOT IN ('notifications', 'commands')")
