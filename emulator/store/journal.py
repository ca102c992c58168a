"""Tables `journal`, `clock` and `commands`."""
import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..base.clock import Clock, real_now
from ..protocol.findings import Breaches
from .columns import breaches_of, narrowing, to_json
from .shortening import LONGEST_ANSWER, kept_params, shortened, shortened_inside


@dataclass(frozen=True)
class Entry:
    """One request and its answer, as the journal keeps them; secrets are masked before they come here."""

    at: int
    merchants_id: str
    endpoint: str
    out_trade_no: str
    ip: str
    method: str
    params: Mapping[str, str]
    status: int
    answer: str
    verdict: str
    findings: list[dict[str, str]] = field(default_factory=list)
    explanation: Mapping[str, Any] = field(default_factory=dict)


class Journal:
    """Every request to `/v2`, with its verdict."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def add(self, entry: Entry) -> int:
        """Write an entry down, very long texts shortened; answers its id."""
        values = {**vars(entry), "params": to_json(kept_params(entry.params)), "answer": shortened(entry.answer, LONGEST_ANSWER),
                  "endpoint": shortened(entry.endpoint), "out_trade_no": shortened(entry.out_trade_no),
                  "method": shortened(entry.method), "findings": to_json(entry.findings) if entry.findings else "[]",
                  "explanation": to_json(shortened_inside(entry.explanation)) if entry.explanation else "{}"}
        cursor = self._execute(
            """INSERT INTO journal (at, merchants_id, endpoint, out_trade_no, ip, method, params, status, answer, verdict, findings,
                   explanation)
               VALUES (:at, :merchants_id, :endpoint, :out_trade_no, :ip, :method, :params, :status, :answer, :verdict, :findings,
                   :explanation)""", values)
        return cursor.lastrowid or 0

    def find(self, entry_id: int) -> sqlite3.Row | None:
        """An entry by its id."""
        row: sqlite3.Row | None = self._execute("SELECT * FROM journal WHERE id = :id", {"id": entry_id}).fetchone()
        return row

    def page(self, wanted: Mapping[str, Any], after: int, limit: int) -> Iterator[sqlite3.Row]:
        """Entries by id; `wanted` narrows to a merchants_id, endpoint, out_trade_no or verdict (each may be None)."""
        return self._execute(f"SELECT * FROM journal WHERE id > :after{narrowing(wanted)} ORDER BY id LIMIT :limit",
                             {**wanted, "after": after, "limit": limit})

    def after(self, after: int, limit: int) -> list[sqlite3.Row]:
        """All entries since one, without what was sent and answered."""
        return self._execute("SELECT id, at, merchants_id, endpoint, out_trade_no, status, verdict FROM journal "
                             "WHERE id > :after ORDER BY id LIMIT :limit",
                             {"after": after, "limit": limit}).fetchall()

    def breaches(self, merchants_id: str | None) -> Iterator[Breaches]:
        """What requests of a merchant, or all, were found to break; requests with the same findings together."""
        return breaches_of(self._execute, "journal", merchants_id)

    def clear(self, merchants_id: str | None) -> None:
        """Forget the entries of a merchant, or all."""
        if merchants_id is None:
            self._execute("DELETE FROM journal")  # without a condition it takes no longer for a million entries
        else:
            self._execute("DELETE FROM journal WHERE merchants_id = :mid", {"mid": merchants_id})

    def asked(self, merchants_id: str, out_trade_no: str, endpoint: str, until: int) -> bool:
        """Whether an endpoint answered about an order up to an instant."""
        return self._execute("SELECT 1 FROM journal WHERE merchants_id = :mid AND out_trade_no = :no AND endpoint = :endpoint "
                             "AND verdict = 'OK' AND at <= :until LIMIT 1",
                             {"mid": merchants_id, "no": out_trade_no, "endpoint": endpoint, "until": until}).fetchone() is not None

    def told_since(self, merchants_id: str, out_trade_no: str, endpoint: str, text: str, since: int, until: int) -> bool:
        """Whether an answer of an endpoint about an order had a text in it, after one instant and up to another."""
        return self._execute(
            "SELECT 1 FROM journal WHERE merchants_id = :mid AND out_trade_no = :no AND endpoint = :endpoint AND at > :since "
            "AND at <= :until AND answer LIKE :text LIMIT 1",
            {"mid": merchants_id, "no": out_trade_no, "endpoint": endpoint, "since": since, "until": until,
             "text": f"%{text}%"}).fetchone() is not None

    def add_finding(self, merchants_id: str, out_trade_no: str, endpoint: str, finding: Mapping[str, str]) -> None:
        """Add a finding to the first request that an endpoint took for an order, when the journal still has it."""
        row = self._execute("SELECT id, findings FROM journal WHERE merchants_id = :mid AND out_trade_no = :no AND endpoint = :endpoint "
                            "AND verdict = 'OK' ORDER BY id LIMIT 1",
                            {"mid": merchants_id, "no": out_trade_no, "endpoint": endpoint}).fetchone()
        if row:
            findings = [*json.loads(row["findings"]), dict(finding)]
            self._execute("UPDATE journal SET findings = :findings WHERE id = :id",
                          {"findings": to_json(findings), "id": row["id"]})


class ClockTable:
    """The one row of the clock."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def get(self) -> Clock:
        """The clock as it is set."""
        row = self._execute("SELECT offset_ms, frozen_ms FROM clock").fetchone()
        return Clock(row[0], row[1]) if row else Clock()

    def now(self) -> int:
        """The emulator's present instant, in milliseconds."""
        return self.get().now(real_now())

    def is_there(self) -> bool:
        """Whether the database has a clock: one that nothing has been put into yet has none."""
        return self._execute("SELECT 1 FROM clock").fetchone() is not None

    def set(self, clock: Clock) -> None:
        """Set it."""
        self._execute("INSERT INTO clock (id, offset_ms, frozen_ms) VALUES (1, :offset, :frozen) "
                      "ON CONFLICT (id) DO UPDATE SET offset_ms = :offset, frozen_ms = :frozen", vars(clock))


class Facts:
    """What a server remembers from one start to the next, by name."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def remember(self, name: str, value: str) -> str:
        """The value that was remembered first: this one, when there is none."""
        self._execute("INSERT INTO facts (name, value) VALUES (:name, :value) ON CONFLICT DO NOTHING", {"name": name, "value": value})
        return str(self._execute("SELECT value FROM facts WHERE name = :name", {"name": name}).fetchone()[0])


@dataclass(frozen=True)
class Command:
    """Something that the scheduler is asked to do; `plan` is what it decided when it began."""

    id: int
    name: str
    argument: Mapping[str, Any]
    plan: Mapping[str, Any]


class Commands:
    """What the scheduler is asked to do, and what came of it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def add(self, name: str, argument: Mapping[str, Any]) -> int:
        """Ask for something; answers the id under which its result will be found, for as long as a hundred
        more are asked; under an idempotency key as long as that is kept."""
        self._execute("DELETE FROM commands WHERE result IS NOT NULL "
                      "AND id < (SELECT max(id) - 100 FROM commands) "
                      "AND id NOT IN (SELECT command_id FROM idempotency_keys)")
        return self._execute("INSERT INTO commands (name, argument, plan) VALUES (:name, :argument, '{}')",
                             {"name": name, "argument": to_json(argument)}).lastrowid or 0

    def open(self, command_id: int | None = None) -> list[Command]:
        """What is still to be done, all of it or one command, in the order in which it was asked."""
        rows = self._execute("SELECT id, name, argument, plan FROM commands "
                             "WHERE result IS NULL AND coalesce(id = :id, 1) ORDER BY id", {"id": command_id})
        return [Command(row["id"], row["name"], json.loads(row["argument"]), json.loads(row["plan"])) for row in rows]

    def withdraw(self, command_id: int) -> bool:
        """Ask no longer for something that has not been begun; answers whether that was so."""
        return self._execute("DELETE FROM commands WHERE id = :id AND result IS NULL AND plan = '{}'",
                             {"id": command_id}).rowcount > 0

    def begin(self, command_id: int, plan: Mapping[str, Any]) -> None:
        """Fix what a command means, so that another process can finish it."""
        self._execute("UPDATE commands SET plan = :plan WHERE id = :id", {"id": command_id, "plan": to_json(plan)})

    def finish(self, command_id: int, result: Mapping[str, Any]) -> None:
        """Note that a command is done."""
        self._execute("UPDATE commands SET result = :result WHERE id = :id", {"id": command_id, "result": to_json(result)})

    def result(self, command_id: int) -> dict[str, Any] | None:
        """What came of a command, or None while it is not done."""
        row = self._execute("SELECT result FROM commands WHERE id = :id", {"id": command_id}).fetchone()
        return json.loads(row["result"]) if row and row["result"] is not None else None
