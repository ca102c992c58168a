"""Table `commands`: what the scheduler is asked to do, and what came of it."""
import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .columns import to_json


@dataclass(frozen=True)
class Command:
    """Something that the scheduler is asked to do; `plan` is what it decided when it began."""

    id: int
    name: str
    argument: Mapping[str, Any]
    plan: Mapping[str, Any]


class CommandReader:
    """Commands and their results."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def open(self, command_id: int | None = None) -> list[Command]:
        """What is still to be done, all of it or one command, in the order in which it was asked."""
        rows = self._execute("SELECT id, name, argument, plan FROM commands "
                             "WHERE result IS NULL AND coalesce(id = :id, 1) ORDER BY id", {"id": command_id})
        return [Command(row["id"], row["name"], json.loads(row["argument"]), json.loads(row["plan"]))
                for row in rows]

    def result(self, command_id: int) -> dict[str, Any] | None:
        """What came of a command, or None while it is not done."""
        row = self._execute("SELECT result FROM commands WHERE id = :id", {"id": command_id}).fetchone()
        return json.loads(row["result"]) if row and row["result"] is not None else None


class Commands(CommandReader):
    """The same, to be written."""

    def add(self, name: str, argument: Mapping[str, Any]) -> int:
        """Ask for something; answers the id under which its result will be found, for as long as a hundred
        more are asked; under an idempotency key as long as that is kept."""
        self._execute("DELETE FROM commands WHERE result IS NOT NULL "
                      "AND id < (SELECT max(id) - 100 FROM commands) "
                      "AND id NOT IN (SELECT command_id FROM idempotency_keys)")
        return self._execute("INSERT INTO commands (name, argument, plan) VALUES (:name, :argument, '{}')",
                             {"name": name, "argument": to_json(argument)}).lastrowid or 0

    def withdraw(self, command_id: int) -> bool:
        """Ask no longer for something that has not been begun; answers whether that was so."""
        return self._execute("DELETE FROM commands WHERE id = :id AND result IS NULL AND plan = '{}'",
                             {"id": command_id}).rowcount > 0

    def begin(self, command_id: int, plan: Mapping[str, Any]) -> None:
        """Fix what a command means, so that another process can finish it."""
        self._execute("UPDATE commands SET plan = :plan WHERE id = :id",
                      {"id": command_id, "plan": to_json(plan)})

    def finish(self, command_id: int, result: Mapping[str, Any]) -> None:
        """Note that a command is done."""
        self._execute("UPDATE commands SET result = :result WHERE id = :id",
                      {"id": command_id, "result": to_json(result)})
