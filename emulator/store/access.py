"""All tables on one connection: `Reader` for reading, `Writer` for a transaction.

Each table has a class that reads and, if it can be written, one that extends it. A function that takes a
`Reader` cannot write: its tables have no methods for that, and its connection refuses changes.
"""
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from .backlog import Backlog
from .changes import Changes
from .clock import ClockReader, ClockTable
from .commands import CommandReader, Commands
from .facts import Facts
from .journal import Journal, JournalReader
from .keys import KeyReader, Keys
from .lists import Lists
from .merchants import MerchantReader, Merchants
from .notebook import Notebook, NotebookReader
from .notifications import NotificationReader, Notifications
from .orders import Ledger, LedgerReader, OrderReader, Orders
from .retention import Retention, RetentionReader
from .scenarios import ScenarioReader, Scenarios
from .settlement import Settled
from .terminals import TerminalReader, Terminals
from .upcoming import Upcoming
from .upkeep import Upkeep
from .vouchers import VoucherReader, Vouchers

OF_A_MERCHANT = ("orders", "history", "refunds", "ledger", "notifications", "attempts", "journal",
                 "transactions", "scenarios", "counts", "notebook")
OF_ALL = (*OF_A_MERCHANT, "merchants", "removed_merchants", "users", "clock", "vouchers", "terminals",
          "upkeep_marks", "idempotency_keys")


class Reader:
    """The tables for reading: `reader.orders.find(…)`.

    Each statement sees what is committed when it begins.
    """

    clock: ClockReader
    merchants: MerchantReader
    orders: OrderReader
    ledger: LedgerReader
    notifications: NotificationReader
    journal: JournalReader
    commands: CommandReader
    keys: KeyReader
    vouchers: VoucherReader
    terminals: TerminalReader
    scenarios: ScenarioReader
    notebook: NotebookReader
    retention: RetentionReader

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute
        self.clock = ClockReader(connection)
        self.merchants = MerchantReader(connection)
        self.orders = OrderReader(connection)
        self.ledger = LedgerReader(connection)
        self.notifications = NotificationReader(connection)
        self.journal = JournalReader(connection)
        self.commands = CommandReader(connection)
        self.keys = KeyReader(connection)
        self.vouchers = VoucherReader(connection)
        self.terminals = TerminalReader(connection)
        self.scenarios = ScenarioReader(connection)
        self.notebook = NotebookReader(connection)
        self.lists = Lists(connection)
        self.upcoming = Upcoming(connection)
        self.backlog = Backlog(connection)
        self.retention = RetentionReader(connection)
        self.settled = Settled(connection)
        self.changes = Changes(connection)

    def next_due(self, but: Collection[int] = ()) -> int | None:
        """The next instant at which time changes an order, or a notification is due that is not among `but`.

        It is in milliseconds; None if there is none.
        """
        dues = [due for due in (self.orders.next_due(), self.notifications.next_due(but)) if due is not None]
        return min(dues, default=None)

    def newest(self) -> tuple[int, int, int]:
        """The last ids of history, journal and attempts; later rows are new to the reader."""
        last = [self._execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()[0]
                for table in ("history", "journal", "attempts")]
        return last[0], last[1], last[2]


class Writer(Reader):
    """The tables within a write transaction, including its own changes, which no `Reader` sees yet.

    `wakes_scheduler` is whether the transaction leaves work for the scheduler; it is woken after the commit.
    """

    clock: ClockTable
    merchants: Merchants
    orders: Orders
    ledger: Ledger
    notifications: Notifications
    journal: Journal
    commands: Commands
    keys: Keys
    vouchers: Vouchers
    terminals: Terminals
    scenarios: Scenarios
    notebook: Notebook
    retention: Retention

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
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
        self.notebook = Notebook(connection)
        self.retention = Retention(connection)
        self.upkeep = Upkeep(connection)
        self.facts = Facts(connection)
        self.wakes_scheduler = False

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part of the transaction that is rolled back on its own when the block raises."""
        self._execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            self._execute("ROLLBACK TO part")
            self._execute("RELEASE part")
            raise
        self._execute("RELEASE part")

    def wake(self) -> None:
        """Note that this transaction leaves work for the scheduler."""
        self.wakes_scheduler = True

    def touch(self, version: int) -> None:
        """Write the schema's version, which is in the file already.

        Only a write shows that a disk is full, and SQLite does not write a row whose values stay the same.
        """
        self._execute(f"PRAGMA user_version = {version}")

    def erase(self, merchants_id: str) -> None:
        """Delete all data of a merchant in every table; the merchant and its users stay."""
        for table in OF_A_MERCHANT:
            self._execute(f"DELETE FROM {table} WHERE merchants_id = :id", {"id": merchants_id})

    def erase_all(self) -> None:
        """Delete everything, including merchants and clock, and restart the numbering."""
        for table in OF_ALL:
            self._execute(f"DELETE FROM {table}")
        # Attempts may be under way and requests may wait for commands, so these two go on counting.
        self._execute("DELETE FROM sqlite_sequence WHERE name NOT IN ('notifications', 'commands')")
