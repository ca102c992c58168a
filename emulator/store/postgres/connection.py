"""A connection to PostgreSQL with what the tables need."""
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from ..troubles import HELD, Unusable
from .locks import WORLD, writers
from .session import PATIENCE_S, Session
from .statements import NOTHING, Call, Question
from .troubles import is_trouble, sentence

OF_IDS = "_id_seq"  # the end of the name of the sequence that numbers a table
LONGEST_WAIT_S, LOOK_S = 5.0, 0.001
GIVES_WAY_MS = 100
READS = b"SELECT"  # how a statement begins that changes nothing


class Connection:
    """A session with what the tables need besides SQL.

    In a transaction that `begin` has begun, statements whose answers nobody looks at wait for the next one
    whose answer is wanted, and go to the server in one trip with it.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._is_gathering = False
        self._waiting: list[Call] = []
        self._ahead: dict[bytes, Call] = {}
        self._notified = 0

    def execute(self, sql: str, params: Any = None, /) -> Call:
        """Execute a statement in the SQL that both databases share. Raises Unusable."""
        call = Call(sql, params or NOTHING, self.send)
        if self._ahead and (known := self._known(call)):
            return known
        self._waiting.append(call)
        if not self._is_gathering:
            self.send()
        return call

    def executemany(self, sql: str, rows: Any, /) -> None:
        """Execute a statement once for each mapping of values, in one trip. Raises Unusable."""
        self._waiting.extend(Call(sql, row, self.send) for row in rows)
        self.send()

    def send(self) -> None:
        """Send the statements that wait. Raises Unusable."""
        calls, self._waiting = self._waiting, []
        try:
            if calls:
                self.session.wire.carry_out(calls)
        except psycopg.Error as error:
            if not is_trouble(error):
                raise
            raise Unusable(sentence(error)) from error

    def begin(self, statements: Iterable[Question], ahead: Iterable[Question] = ()) -> None:
        """Begin a transaction, or a part of one, by statements.

        The questions `ahead` are asked in the same trip, because the transaction will ask them first. Their
        answers are good until it changes something. Raises psycopg.Error.
        """
        calls = [Call(sql, values, self.send) for sql, values in ahead]
        self.session.wire.carry_out([*(Call(sql, values, self.send) for sql, values in statements), *calls])
        self._ahead = {call.sql: call for call in calls}
        self._is_gathering = True

    def foresee(self, questions: Iterable[Question]) -> None:
        """Note what will be asked: everything is asked in one trip, when the first of it is.

        Each answer is given once, and none after `forget`, after a change or in a transaction.
        """
        calls: list[Call] = []

        def ask() -> None:
            self._waiting.extend(calls)
            self.send()

        calls.extend(Call(sql, values, ask) for sql, values in questions)
        self._ahead = {call.sql: call for call in calls}

    def forget(self) -> None:
        """Forget what was foreseen and asked ahead."""
        self._ahead = {}

    def begin_later(self, statements: Iterable[Question]) -> None:
        """Begin a transaction in the trip of its first statement whose answer is wanted."""
        self._waiting, self._ahead = [Call(sql, values, self.send) for sql, values in statements], {}
        self._is_gathering = True

    def _known(self, call: Call) -> Call | None:
        """The same question, asked ahead, once; a change makes all answers old."""
        if not call.sql.startswith(READS):
            self._ahead.clear()
            return None
        asked = self._ahead.pop(call.sql, None)
        return asked if asked and asked.values == call.values else None

    def commit(self) -> None:
        """Commit what `begin` has begun. Raises Unusable."""
        self.execute("COMMIT")
        self.send()
        self._is_gathering = False

    def undo(self, statement: str) -> None:
        """Undo a part of the transaction by a statement; what waits belongs to the part. Raises Unusable."""
        self._waiting, self._ahead = [], {}
        self.execute(statement)
        self.send()

    def roll_back(self) -> None:
        """Undo the transaction, whatever state it is in; statements that wait are not sent."""
        self._is_gathering = False
        self._waiting, self._ahead = [], {}
        with suppress(psycopg.Error, Unusable):
            self.execute("ROLLBACK")

    def commits(self) -> int:
        """A number that changes when somebody has told this session of a commit, and once a second.

        The session must listen. A node may have died between a commit and its telling.
        """
        self._notified += self.notified(0)
        return self._notified + int(time.monotonic())

    def notified(self, seconds: float) -> int:
        """How often others told this session of something; without news, wait for it so many seconds.

        The session must listen. Raises psycopg.Error.
        """
        number = 0
        while self.session.pgconn.notifies():  # it came with the answer to a statement
            number += 1
        waits = 0 if number else seconds
        return number + sum(1 for _ in self.session.notifies(timeout=waits, stop_after=1))

    def last_numbers(self) -> Mapping[str, int]:
        """The last number given to a row of each numbered table, as far as there was one."""
        rows = self.execute("SELECT sequencename, last_value FROM pg_sequences "
                            "WHERE schemaname = current_schema AND last_value IS NOT NULL")
        return {row[0].removesuffix(OF_IDS): row[1] for row in rows if row[0].endswith(OF_IDS)}

    def go_on_from(self, numbers: Mapping[str, int]) -> None:
        """Have the numbering of tables go on after these numbers."""
        for table, number in numbers.items():
            self.execute(f"SELECT setval('{table}{OF_IDS}', :number)", {"number": number})

    def complete_up_to(self, table: str) -> int:
        """The id up to which no further row of a table can appear.

        A transaction gets its ids while it holds the lock of writers. So those that hold it after the last id
        was read are waited for: then every id up to that one is committed, or will never be. A transaction
        does not wait, because others may wait for it.
        """
        last = self.execute("SELECT last_value - CASE WHEN is_called THEN 0 ELSE 1 END "
                            f"FROM {table}{OF_IDS}").fetchone()
        assert last is not None
        waits = self.session.info.transaction_status == TransactionStatus.IDLE
        before, end = self._writers() if waits else set(), time.monotonic() + LONGEST_WAIT_S
        while before:
            if time.monotonic() > end:
                raise Unusable(HELD)
            time.sleep(LOOK_S)
            before &= self._writers()
        return int(last[0])

    def _writers(self) -> set[str]:
        return {row[0] for row in self.execute(writers(WORLD))}

    def touch(self, version: int) -> None:
        """Write the schema's version."""
        self.execute("UPDATE schema_version SET version = :version", {"version": version})

    def erase(self, tables: Iterable[str], counting_on: Iterable[str]) -> None:
        """Delete all rows of tables and restart their numbering, but for those `counting_on`."""
        kept = [table for table in tables if table in counting_on]
        others = [table for table in tables if table not in counting_on]
        self._lock([*others, *kept])
        self.execute(f"TRUNCATE {', '.join(others)} RESTART IDENTITY")
        self.execute(f"TRUNCATE {', '.join(kept)}")

    def _lock(self, tables: Iterable[str]) -> None:
        """Lock tables in a transaction against readers too. Raises Unusable.

        Readers may have some of them and wait for another one, because questions share a trip. So what is
        locked is given back after a moment, and tried again: sooner than PostgreSQL looks for such a circle.
        """
        end = time.monotonic() + LONGEST_WAIT_S
        self.execute(f"SET LOCAL lock_timeout = '{GIVES_WAY_MS}ms'")
        self.execute("SAVEPOINT locks")
        while True:
            try:
                self.execute(f"LOCK TABLE {', '.join(tables)}")
                self.send()
                break
            except Unusable:
                if time.monotonic() > end:
                    raise
                self.undo("ROLLBACK TO locks")
        self.execute(f"SET LOCAL lock_timeout = '{PATIENCE_S}s'")
