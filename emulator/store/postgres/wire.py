"""Carries statements out on a session, by libpq itself.

A cursor of psycopg takes four times as long for a statement, and its pipeline twice as long for several.
"""
from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import Any

import psycopg
from psycopg import adapt
from psycopg.adapt import PyFormat
from psycopg.errors import InFailedSqlTransaction, error_from_result
from psycopg.generators import fetch_many, pipeline_communicate
from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult

from .statements import Call
from .values import CONTEXT, row_of

MOST_PREPARED = 500
COMMIT = b"COMMIT"
FAILED = (ExecStatus.FATAL_ERROR, ExecStatus.PIPELINE_ABORTED)
Prepared = tuple[bytes, Sequence[Any]]  # the name of a statement, and its values as libpq takes them


class Wire:
    """What one session carries out. Statements are prepared at their first use."""

    def __init__(self, session: psycopg.Connection[Any]) -> None:
        self._session = session
        self._libpq = session.pgconn
        self._names: dict[tuple[bytes, Sequence[int]], bytes] = {}
        self._transformer: Any = adapt.Transformer(CONTEXT)

    def carry_out(self, calls: Sequence[Call]) -> None:
        """Carry out statements in one trip to the server. Raises psycopg.Error.

        When one fails, those after it are not carried out.
        """
        if len(self._names) > MOST_PREPARED and self._libpq.transaction_status != TransactionStatus.INERROR:
            self._session.execute("DEALLOCATE ALL")
            self._names.clear()
        prepared = [self._prepared(call) for call in calls]
        results = [self._libpq.exec_prepared(*prepared[0])] if len(calls) == 1 else self._pipelined(prepared)
        for call, result in zip(calls, results):
            self._check(result)
            self._answer(call, result)

    def _prepared(self, call: Call) -> Prepared:
        """The name of a call's statement, which is prepared at its first use, and the call's values."""
        values = self._transformer.dump_sequence(call.values, [PyFormat.TEXT] * len(call.values))
        types = self._transformer.types or ()
        name = self._names.get((call.sql, types))
        if name is None:
            name = b"tgpay%d" % len(self._names)
            self._check(self._libpq.prepare(name, call.sql, types))
            self._names[call.sql, types] = name
        return name, values

    def _pipelined(self, prepared: Sequence[Prepared]) -> list[PGresult]:
        """The results of several statements that are sent without waiting for each."""
        libpq = self._libpq
        commands: deque[Any] = deque(partial(libpq.send_query_prepared, *each) for each in prepared)
        commands.append(libpq.pipeline_sync)
        libpq.enter_pipeline_mode()
        try:
            results = self._session.wait(pipeline_communicate(libpq, commands))
            while len(results) <= len(prepared):
                results += filter(None, [self._session.wait(fetch_many(libpq))])
                if libpq.status == ConnStatus.BAD:
                    raise psycopg.OperationalError(libpq.get_error_message())
            libpq.exit_pipeline_mode()
        except BaseException:  # what else the server answers belongs to nobody
            self._session.close()
            raise
        return [result[0] for result in results[:-1]]

    def _check(self, result: PGresult) -> None:
        """Raise the psycopg.Error of a result, if there is one."""
        if result.status not in FAILED:
            return
        if self._libpq.status == ConnStatus.BAD and not result.error_field(DiagnosticField.SQLSTATE):
            raise psycopg.OperationalError(result.get_error_message())
        raise error_from_result(result)

    def _answer(self, call: Call, result: PGresult) -> None:
        """Give a call its answer. Raises psycopg.Error for a commit that was none."""
        if call.sql == COMMIT and result.command_status != COMMIT:
            raise InFailedSqlTransaction("a statement of the transaction failed, so nothing is committed")
        if result.status != ExecStatus.TUPLES_OK:
            call.answer((), (), result.command_tuples or 0)
            return
        names = tuple([(result.fname(place) or b"").decode() for place in range(result.nfields)])
        self._transformer.set_pgresult(result)
        rows = self._transformer.load_rows(0, result.ntuples, row_of(names))
        call.answer(rows, names, result.ntuples)
