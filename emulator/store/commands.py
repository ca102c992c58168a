"""Table `commands`: commands for the scheduler, and their results."""
import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from ..base import durations
from ..base.clock import real_now
from .columns import narrowing, to_json
from .connection import Connection

KEPT = 5 * durations.MINUTE  # of results; who waits for one looks all the time


class Command(Struct, frozen=True):
    """A command for the scheduler; `plan` is fixed when the scheduler begins it."""

    id: int
    name: str
    argument: Mapping[str, Any]
    plan: Mapping[str, Any]

    @property
    def merchants_id(self) -> str:
        """The merchant whose clock is moved or whose notifications are flushed; empty for everybody's."""
        return str(self.argument.get("merchants_id", ""))


class CommandReader:
    """Reads commands and their results."""

    def __init__(self, connection: Connection) -> None:
        self._execute = connection.execute

    def open(self, command_id: int | None = None) -> list[Command]:
        """The commands without a result, all or just one, in the order of their creation."""
        wanted = {"id": command_id}
        rows = self._execute("SELECT id, name, argument, plan FROM commands "
                             f"WHERE result IS NULL{narrowing(wanted)} ORDER BY id", wanted)
        return [Command(row["id"], row["name"], json.loads(row["argument"]), json.loads(row["plan"]))
                for row in rows]

    def result(self, command_id: int) -> dict[str, Any] | None:
        """The result of a command, or None while it is not finished."""
        row = self._execute("SELECT result FROM commands WHERE id = :id", {"id": command_id}).fetchone()
        return json.loads(row["result"]) if row and row["result"] is not None else None


class Commands(CommandReader):
    """Reads and writes commands."""

    def add(self, name: str, argument: Mapping[str, Any]) -> int:
        """Add a command and return its id, under which its result can be found.

        The result is kept for some minutes of real time, and as long as an idempotency key refers to it.
        """
        self._execute("DELETE FROM commands WHERE finished_at < :until "
                      "AND id NOT IN (SELECT command_id FROM idempotency_keys)", {"until": real_now() - KEPT})
        row = self._execute("INSERT INTO commands (name, argument, plan) VALUES (:name, :argument, '{}') "
                            "RETURNING id", {"name": name, "argument": to_json(argument)}).fetchone()
        return int(row[0])

    def withdraw(self, command_id: int) -> bool:
        """Delete a command that has not been begun; return whether it was deleted."""
        return self._execute("DELETE FROM commands WHERE id = :id AND result IS NULL AND plan = '{}'",
                             {"id": command_id}).rowcount > 0

    def begin(self, command_id: int, plan: Mapping[str, Any]) -> None:
        """Store the plan of a command, so that another process can finish it."""
        self._execute("UPDATE commands SET plan = :plan WHERE id = :id",
                      {"id": command_id, "plan": to_json(plan)})

    def finish(self, command_id: int, result: Mapping[str, Any]) -> None:
        """Store the result of a command."""
        self._execute("UPDATE commands SET result = :result, finished_at = :now WHERE id = :id",
                      {"id": command_id, "result": to_json(result), "now": real_now()})
