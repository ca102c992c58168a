"""Connections, transactions and the schema's version.

A write transaction is `BEGIN IMMEDIATE` under a lock that all threads and processes of this database share: waiting in the kernel
for a lock is fair and prompt, SQLite's busy handler sleeps and starves. The busy timeout is left for other programs that have
the file open.
"""
import hashlib
import json
import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from ..domain.merchants import delivered
from ..domain.settlement import rows
from .columns import to_json
from .files import GONE, LOG_GONE, Files, Replaced, identity_in, inode
from .locks import WriteLock, locked
from .tables import Tables
from .troubles import HELD, Log, Unusable, is_trouble, sentence
from .upkeep import BATCH, FREE_PAGES_KEPT

if TYPE_CHECKING:
    from sqlite_utils import Database

VERSION = 5
APPLICATION_ID = int.from_bytes(b"TGPY", "big")  # in the file's header: tells our databases from those of other programs
BUSY_TIMEOUT_MS = 5_000
BRIEF_MS = 100  # once somebody has been waited for in vain
LONG_S = 1.0
LOOK_S = 0.05
LONG_LOG_PAGES = 16_000
PAUSE_S = 0.02
MOST_IDLE = 16
LAST_PATIENCE_S = 0.5


def _cards(database: "Database") -> None:
    """Version 2: what an order knows of its card, and vouchers; a merchant's column that nobody read goes."""
    database.execute("ALTER TABLE orders ADD COLUMN card TEXT")
    database.execute("ALTER TABLE merchants DROP COLUMN seeded")
    database.execute("CREATE TABLE vouchers (id INTEGER PRIMARY KEY AUTOINCREMENT, voucher TEXT NOT NULL UNIQUE, card TEXT NOT NULL, "
                     "expires_at BIGINT NOT NULL, used INTEGER NOT NULL)")


def _terminals(database: "Database") -> None:
    """Version 3: terminals, two for each merchant that has been made, and their transactions; scenarios; the report of findings; the
    notebook of the demo's shop."""
    database.execute("ALTER TABLE orders ADD COLUMN terminal TEXT")
    database.execute("ALTER TABLE notices ADD COLUMN repeated_body TEXT NOT NULL DEFAULT ''")
    database.execute("CREATE TABLE terminals (serial TEXT PRIMARY KEY, merchants_id TEXT NOT NULL, terminal_type TEXT NOT NULL, "
                     "online INTEGER NOT NULL, attended INTEGER NOT NULL, order_id BIGINT, number BIGINT NOT NULL)")
    database.execute("CREATE INDEX terminals_merchant ON terminals (merchants_id, number)")
    database.execute("CREATE TABLE transactions (result_id TEXT PRIMARY KEY, transaction_id TEXT NOT NULL, merchants_id TEXT NOT NULL, "
                     "out_trade_no TEXT NOT NULL, state TEXT)")
    database.execute("CREATE INDEX transactions_id ON transactions (transaction_id)")
    database.execute("ALTER TABLE orders ADD COLUMN script TEXT")
    database.execute("ALTER TABLE notices ADD COLUMN spoiled TEXT NOT NULL DEFAULT ''")
    for column in ("partner_id TEXT NOT NULL DEFAULT ''", "planted TEXT NOT NULL DEFAULT ''", "true_settles_at BIGINT"):
        database.execute(f"ALTER TABLE ledger ADD COLUMN {column}")
    database.execute("UPDATE ledger SET partner_id = out_trade_no WHERE kind = 'P'")
    for entry_id, line in database.execute("SELECT id, line FROM ledger WHERE partner_id = ''").fetchall():
        database.execute("UPDATE ledger SET partner_id = ? WHERE id = ?", [rows(line)[0]["partner_transaction_id"], entry_id])
    database.execute("CREATE TABLE scenarios (merchants_id TEXT PRIMARY KEY, digest TEXT NOT NULL, document TEXT NOT NULL)")
    database.execute("CREATE TABLE counts (merchants_id TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, number INTEGER NOT NULL, "
                     "PRIMARY KEY (merchants_id, kind, name))")
    database.execute("CREATE TABLE notebook (id INTEGER PRIMARY KEY AUTOINCREMENT, merchants_id TEXT NOT NULL, kind TEXT NOT NULL, "
                     "entry TEXT NOT NULL)")
    database.execute("CREATE INDEX notebook_merchant ON notebook (merchants_id, id)")
    for table in ("journal", "attempts"):
        database.execute(f"CREATE INDEX {table}_findings ON {table} (merchants_id, findings, at) WHERE findings <> '[]'")
    database.execute("CREATE INDEX transactions_order ON transactions (merchants_id, out_trade_no)")
    for table in ("orders", "notices", "journal"):
        database.execute(f"CREATE INDEX {table}_merchant ON {table} (merchants_id, id)")
    database.execute("CREATE INDEX ledger_order ON ledger (merchants_id, out_trade_no)")
    database.execute("CREATE INDEX notices_not_taken ON notices (id) WHERE status <> 'taken'")
    database.execute("CREATE INDEX journal_refused ON journal (id) WHERE verdict <> 'OK'")
    _equip(database)


def _equip(database: "Database") -> None:
    """Give the merchants that there are the terminals that come with a new one."""
    from .terminals import Terminals

    terminals = Terminals(database.conn)
    for merchants_id, made in database.execute("SELECT merchants_id, made FROM merchants").fetchall():
        was = json.loads(made)
        given = delivered(merchants_id, was.get("settings", {}).get("token", ""),
                          lambda serial: database.execute("SELECT 1 FROM terminals WHERE serial = ?", [serial]).fetchone() is not None)
        terminals.replace(merchants_id, given)
        database.execute("UPDATE merchants SET made = ? WHERE merchants_id = ?", [to_json({**was, "terminals": given}), merchants_id])


def _removed_merchants_and_upkeep(database: "Database") -> None:
    """Version 4: the numbers of merchants that were removed; marks of time, by which old entries are found; what a server remembers from
    one start to the next. The document's code for a duplicate is 3105: scenarios of earlier versions may name another."""
    database.execute("CREATE TABLE removed_merchants (merchants_id TEXT PRIMARY KEY)")
    database.execute("CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
    for merchants_id, document in database.execute("SELECT merchants_id, document FROM scenarios").fetchall():
        text = document.replace('"3115"', '"3105"')
        database.execute("UPDATE scenarios SET document = ?, digest = ? WHERE merchants_id = ?",
                         [text, hashlib.sha256(text.encode()).hexdigest(), merchants_id])
    database.execute("CREATE TABLE upkeep_marks (at BIGINT PRIMARY KEY, journal_id BIGINT NOT NULL, notice_id BIGINT NOT NULL)")


def _skipped_attempts_and_keys(database: "Database") -> None:
    """Version 5: attempts that were skipped because their receiver had not answered; keys of repeated calls.

    What was begun and is not done counts from here.
    """
    database.execute("ALTER TABLE attempts ADD COLUMN skipped INTEGER NOT NULL DEFAULT 0")
    database.execute("CREATE TABLE idempotency_keys (key TEXT PRIMARY KEY, body TEXT NOT NULL, "
                     "command_id INTEGER NOT NULL UNIQUE, at BIGINT NOT NULL)")
    database.execute("UPDATE commands SET plan = json_set(plan, "
                     "'$.changes', (SELECT coalesce(max(id), 0) FROM history), "
                     "'$.attempts', (SELECT coalesce(max(id), 0) FROM attempts)) "
                     "WHERE result IS NULL AND plan <> '{}'")


MIGRATIONS: dict[int, Callable[["Database"], None]] = {
    2: _cards, 3: _terminals, 4: _removed_merchants_and_upkeep, 5: _skipped_attempts_and_keys}


class Store:
    """One database, used by any number of threads and processes; a thread that works has its own connection.

    `wake` is called after a commit that leaves work for the scheduler. A store does not survive a fork: use `close` before.
    What needs the database raises Unusable when it cannot be used.
    """

    def __init__(self, path: str | Path, wake: Callable[[], None] = lambda: None) -> None:
        self.path = Path(path)
        self.wake = wake
        self.lock = WriteLock(self.path)
        self.troubles = Log()
        self.generation = 0  # connections of an earlier one have a log that was removed
        self._files = Files(self.path)
        self._looked = 0.0
        self._has_left = False  # the log of a file in whose place another one is
        self._local = threading.local()
        self._idle: deque[Tables] = deque()  # of threads that work no longer, or wait

    def keep_to(self, identity: str) -> None:
        """Use the database that is at the path now, and no other that comes into its place; `identity` is what it says it is."""
        if identity_in(self.path) != identity:
            self.read().connection.execute("PRAGMA wal_checkpoint(FULL)")
        self._files.begin(identity_in(self.path))

    def is_in_place(self) -> bool:
        """Whether the file that is at the path is the one that was opened."""
        return not self._files.are_known or inode(self.path) is not None and not self._files.is_replaced

    def read(self) -> Tables:
        """The tables, for reading; each statement sees what is committed when it begins."""
        now = time.monotonic()
        if now - self._looked > LOOK_S:
            self.look()
            self._looked = now
        return self._own()

    def look(self) -> None:
        """See that the files are those that were opened. Raises Unusable."""
        with self.reported():
            try:
                self._files.check()
            except Replaced:
                with self.lock.hold():
                    self._leave_behind()
                raise
            if self._log_is_gone():
                with self.lock.hold():
                    self._renew()

    @contextmanager
    def reported(self) -> Iterator[None]:
        """Say in the log what makes the database unusable. Raises Unusable for errors of the file, the disk and locks."""
        try:
            yield
        except Unusable as trouble:
            self._looked = 0.0
            self.troubles.begin(str(trouble))
            raise
        except sqlite3.Error as error:
            if not is_trouble(error):
                raise
            told = sentence(error)
            self.lock.is_held = self.lock.is_held or told == HELD
            self.troubles.begin(told)
            raise Unusable(told) from error

    def _own(self) -> Tables:
        """The tables on this thread's connection."""
        tables: Tables | None = getattr(self._local, "tables", None)
        if tables is None or (self._local.process, self._local.generation) != (os.getpid(), self.generation):
            tables = self._local.tables = self._left_over() or self.opened()
            self._local.process, self._local.generation = os.getpid(), self.generation
        return tables

    def opened(self) -> Tables:
        """The tables on a connection that belongs to whoever asks, who closes it."""
        with self.reported():
            self._files.check()
            log, index = self._files.present_logs()
            if self._files.are_known and index and not log:  # others have the log that was removed
                raise Unusable(LOG_GONE)
            return self._open()

    def _open(self) -> Tables:
        tables = Tables(connect(self.path, "rw" if self._files.are_known else "rwc"))
        if not self.is_in_place():
            raise Unusable(GONE)
        tables.connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()  # which opens the log
        if self._files.logs is None:
            self._files.logs = self._files.present_logs()
        return tables

    def _left_over(self) -> Tables | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _log_is_gone(self) -> bool:
        return self._files.logs not in (None, self._files.present_logs())

    def _renew(self) -> None:
        """The log was removed, but it is still open: take it over into the database, and begin another one. Raises Unusable.

        The first process to see it does so and notes the new log; the others then only open it.
        """
        if not self._log_is_gone():
            return
        present = self._files.present_logs()
        if self.lock.noted() != str(present):
            if present[0] or self._own().connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                raise Unusable(LOG_GONE)
        self.generation += 1
        self._idle.clear()
        self._files.logs = None
        self._idle.append(self._open())
        self.lock.note(str(self._files.logs))

    @contextmanager
    def write(self) -> Iterator[Tables]:
        """The tables in a write transaction: committed at the end of the block, undone when it raises. Raises Unusable."""
        begun = time.monotonic()
        with self.reported(), self._exclusive():
            tables = self._own()
            connection = tables.connection
            has_waited = self.lock.is_held or time.monotonic() > begun + LONG_S
            self._be_patient(tables, BRIEF_MS if has_waited else BUSY_TIMEOUT_MS)
            connection.execute("BEGIN IMMEDIATE")
            self.lock.is_held = False
            try:
                yield tables
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                tables.wakes = False
                raise
        self.troubles.end()
        if tables.wakes:
            tables.wakes = False
            self.wake()

    @staticmethod
    def _be_patient(tables: Tables, patience_ms: int) -> None:
        """Wait so long for programs that lock the database without our lock."""
        if tables.patience_ms != patience_ms:
            tables.connection.execute(f"PRAGMA busy_timeout = {patience_ms}")
            tables.patience_ms = patience_ms

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        """Be the only one who writes, into the files that were opened. Raises Unusable."""
        with self.lock.hold():
            try:
                self._files.check()
            except Replaced:
                self._leave_behind()
                raise
            self._renew()
            yield

    def checkpoint(self) -> None:
        """Take what was committed over from the log into the database, beside the writers, who wait only when the log has become long."""
        self.look()
        connection = self.read().connection
        pages = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1]
        if pages > LONG_LOG_PAGES:
            with self._exclusive():
                connection.execute("PRAGMA wal_checkpoint(RESTART)")

    def _leave_behind(self) -> None:
        """Another file is at the path: empty the log of the one that was there, so that nobody takes it for the log of the other."""
        tables = getattr(self._local, "tables", None) or self._left_over()
        if tables is not None and not self._has_left:  # a new connection would be one to the other file
            self._has_left = not tables.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            self._local.tables = tables

    def part(self) -> None:
        """Called when the process is about to end: where another file is in the place of the database, its log stays apart."""
        if self._files.are_known and self._files.is_replaced:
            with suppress(Unusable), self.lock.hold():
                self._leave_behind()

    def tidy(self, real: int, keep: int | None, most: int | None) -> None:
        """Delete what is older than `keep` milliseconds of real time or beyond the newest `most` entries, and give free pages back to
        the disk, with pauses for those who write meanwhile. None: there is no such limit."""
        with self.write() as tables:
            tables.upkeep.mark(real)
            deleted = tables.upkeep.delete_some(real, keep, most)
        while deleted >= BATCH:
            time.sleep(PAUSE_S)
            with self.write() as tables:
                deleted = tables.upkeep.delete_some(real, keep, most)
        self._give_back()

    def _give_back(self) -> None:
        upkeep = self.read().upkeep
        if upkeep.free_pages() <= FREE_PAGES_KEPT:
            return
        if not upkeep.can_give_back():
            if upkeep.is_mostly_free():
                with self._exclusive():
                    upkeep.rewrite()
            return
        left = upkeep.free_pages()
        while left > FREE_PAGES_KEPT:
            with self._exclusive():
                upkeep.give_back()
            before, left = left, upkeep.free_pages()
            if left >= before:
                return
            time.sleep(PAUSE_S)
        tables = self.read()
        with self._exclusive():  # it waits for readers, and writers for it
            self._be_patient(tables, round(PAUSE_S * 1_000))
            tables.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def check(self) -> Tables:
        """The tables, when the database can be written. Raises Unusable."""
        try:
            self.look()
            with self.write() as tables:
                # A full disk is found out by writing only, and SQLite does not write a row that stays the same.
                tables.connection.execute(f"PRAGMA user_version = {VERSION}")
                return tables
        except Unusable as error:
            raise Unusable(f"the database cannot be written: {error}") from error

    def leave(self) -> None:
        """Leave this thread's connection to others: what a thread does that has done its work, or waits."""
        tables: Tables | None = getattr(self._local, "tables", None)
        self._local.tables = None
        if tables is None or self._local.process != os.getpid():
            return
        if len(self._idle) < MOST_IDLE and not tables.connection.in_transaction:
            self._idle.append(tables)
        else:
            tables.connection.close()

    def close(self) -> None:
        """Close this thread's connection, those that nobody uses, and the lock."""
        self.leave()
        while tables := self._left_over():
            tables.connection.close()
        self._files.logs = None
        self.lock.close()


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """A connection in autocommit mode; WAL keeps readers and the writer out of each other's way.

    `mode` is rw, or rwc to make the file when it is not there.
    """
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode={mode}", timeout=BUSY_TIMEOUT_MS / 1_000, isolation_level=None,
                                 check_same_thread=False, cached_statements=256, uri=True)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")  # `Store.checkpoint` does it, with nobody waiting for the disk
    return connection


def conclude(path: Path) -> None:
    """Take everything over from the log into the database file: what the last process does.

    Where another program has the file open, it stays in the log until that one ends. Raises Unusable.
    """
    try:
        with closing(sqlite3.connect(path, timeout=LAST_PATIENCE_S, isolation_level=None)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        raise Unusable(f"{path}: the log was not taken over into the database: {error}") from error


def prepare(path: Path) -> None:
    """Make the schema, or bring an older one up to date; several processes may do so at once.

    Raises Unusable when the file cannot be written, is no database, or belongs to a newer version or another program.
    """
    try:
        if path.exists() and not path.is_file():
            raise Unusable(f"{path} cannot be used as the database: it is no regular file")
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked(path, "writing"):
            _bring_up_to_date(path)
    except (sqlite3.Error, OSError) as error:
        raise Unusable(f"{path} cannot be used as the database: {error}") from error


def _bring_up_to_date(path: Path) -> None:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    version, empty = _version(path)
    _keep_private(path)
    with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_MS / 1_000, isolation_level=None)) as connection:
        if empty:
            connection.execute("PRAGMA synchronous = OFF")  # nothing is in it yet that could be lost
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        if empty:
            schema = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")
            connection.executescript(f"BEGIN IMMEDIATE;{schema}PRAGMA application_id = {APPLICATION_ID};"
                                     f"PRAGMA user_version = {VERSION};COMMIT")
        connection.execute("BEGIN IMMEDIATE")  # a read-only file is found out now, not at the first payment
        connection.execute(f"PRAGMA user_version = {version or VERSION}")
        connection.execute("COMMIT")
    if not empty and version < VERSION:
        migrate(path, version)


def _version(path: Path) -> tuple[int, bool]:
    """The schema's version, and whether nothing is in the file yet.

    Raises Unusable for a database that is not ours to change, before its mode or anything in it is changed.
    """
    with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_MS / 1_000, isolation_level=None)) as connection:
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        ours = connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
        empty = not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if version > VERSION:
        raise Unusable(f"{path} was written by a newer tgpay-emulator"
                       f" (schema {version}, this one knows {VERSION})")
    if not ours and not empty:
        raise Unusable(f"{path} is a database of another program")
    return version, empty


def _keep_private(path: Path) -> None:
    """Make the file readable for its owner alone: merchants' tokens are in it.

    Its log gets the same mode from SQLite.
    """
    status = path.stat()
    if status.st_uid == os.geteuid() and status.st_mode & 0o077:
        path.chmod(0o600)


def migrate(path: Path, version: int) -> None:
    """Take a database from `version` to the present one, each step in a transaction with its number."""
    from sqlite_utils import Database

    database = Database(path)
    for number in range(version + 1, VERSION + 1):
        with database.atomic():
            MIGRATIONS[number](database)
            database.execute(f"PRAGMA user_version = {number}")
    database.close()
