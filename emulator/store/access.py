"""All tables on one connection: `Reader` for reading, `Writer` for a transaction.

Each table has a class that reads and, if it can be written, one that extends it. A function that takes a
`Reader` cannot write: its tables have no methods for that, and its connection refuses changes.
"""
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from .backlog import Backlog
from .changes import Changes
from .clock import ClockReader, ClockTable
from .commands import CommandReader, Commands
from .connection import Connection
from .evidence import Evidence
from .facts import Facts
from .figures import Figures
from .forwards import ForwardReader, Forwards
from .inboxes import Inboxes, InboxReader
from .journal import Journal, JournalReader
from .keys import KeyReader, Keys
from .limits import LimitReader, Limits
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
                 "transactions", "scenarios", "counts", "notebook", "merchant_clocks", "inboxes", "forwards")
OF_ALL = (*OF_A_MERCHANT, "merchants", "removed_merchants", "users", "clock", "vouchers", "terminals",
          "upkeep_marks", "idempotency_keys", "rate_limits")


class Reader:
    """The tables for reading: `reader.orders.find(…)`.

    Each statement sees what is committed when it begins. With an `owner`, which is the name of a team, the
    tables have that team's merchants and their rows only; without one, those of everybody.
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
    limits: LimitReader
    inboxes: InboxReader
    forwards: ForwardReader
    retention: RetentionReader

    def __init__(self, connection: Connection, owner: str | None = None) -> None:
        self.owner = owner
        self._execute = connection.execute
        self.clock = ClockReader(connection)
        self.merchants = MerchantReader(connection, owner)
        self.orders = OrderReader(connection, owner)
        self.ledger = LedgerReader(connection, owner)
        self.notifications = NotificationReader(connection, owner)
        self.journal = JournalReader(connection, owner)
        self.commands = CommandReader(connection)
        self.keys = KeyReader(connection)
        self.vouchers = VoucherReader(connection)
        self.terminals = TerminalReader(connection, owner)
        self.scenarios = ScenarioReader(connection, owner)
        self.notebook = NotebookReader(connection)
        self.limits = LimitReader(connection)
        self.inboxes = InboxReader(connection, owner)
        self.forwards = ForwardReader(connection)
        self.lists = Lists(connection, owner)
        self.figures = Figures(connection, owner)
        self.evidence = Evidence(connection, owner)
        self.upcoming = Upcoming(connection, owner)
        self.backlog = Backlog(connection)
        self.retention = RetentionReader(connection)
        self.settled = Settled(connection, owner)
        self.changes = Changes(connection)

    def next_due(self, but: Collection[int] = (), merchants_id: str = "") -> int | None:
        """The next instant at which time changes an order, or a notification is due that is not among `but`.

        With a number only those of this merchant count, by its clock; else all, by the shared clock. It is in
        milliseconds; None if there is none.
        """
        dues = [due for due in (self.orders.next_due(merchants_id),
                                self.notifications.next_due(but, merchants_id)) if due is not None]
        return min(dues, default=None)

    def newest(self) -> tuple[int, int, int]:
        """The last ids of history, journal and attempts; later rows are new to the reader."""
        return self.changes.newest()


class Writer(Reader):
    """The tables within a write transaction, including its own changes, which no `Reader` sees yet.

    `wakes_scheduler` is whether the transaction leaves work for the scheduler; it is woken after the commit.
    `connection` is what has the transaction.
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
    limits: Limits
    inboxes: Inboxes
    forwards: Forwards
    retention: Retention

    def __init__(self, connection: Connection, owner: str | None = None) -> None:
        super().__init__(connection, owner)
        self.connection = connection
        self.clock = ClockTable(connection)
        self.merchants = Merchants(connection, owner)
        self.orders = Orders(connection, owner)
        self.ledger = Ledger(connection, owner)
        self.notifications = Notifications(connection, owner)
        self.journal = Journal(connection, owner)
        self.commands = Commands(connection)
        self.keys = Keys(connection)
        self.vouchers = Vouchers(connection)
        self.terminals = Terminals(connection, owner)
        self.scenarios = Scenarios(connection, owner)
        self.notebook = Notebook(connection)
        self.limits = Limits(connection)
        self.inboxes = Inboxes(connection, owner)
        self.forwards = Forwards(connection)
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
        """Write the schema's version, which is there already: only a write shows that a disk is full."""
        self.connection.touch(version)

    def erase(self, merchants_id: str) -> None:
        """Delete all data of a merchant in every table; the merchant and its users stay."""
        for table in OF_A_MERCHANT:
            self._execute(f"DELETE FROM {table} WHERE merchants_id = :id", {"id": merchants_id})

    def is_used(self, merchants_id: str) -> bool:
        """Whether a merchant has data in any table, besides itself, its users and its terminals."""
        return any(self._execute(f"SELECT 1 FROM {table} WHERE merchants_id = :id LIMIT 1",
                                 {"id": merchants_id}).fetchone() for table in OF_A_MERCHANT)

    def erase_all(self) -> None:
        """Delete everything, including merchants and clock, and restart the numbering."""
        # Attempts may be under way and requests may wait for commands, so these two go on counting.
        self.connection.erase(OF_ALL, counting_on=("notifications", "commands"))
