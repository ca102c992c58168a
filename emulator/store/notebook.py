"""Table `notebook`: what a shop that is played here, the demo's, writes down for itself. Payments never look
at it."""
import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .columns import to_json


@dataclass(frozen=True)
class Page:
    """One thing that was written down."""

    id: int
    kind: str
    entry: Mapping[str, Any]


class NotebookReader:
    """What the shop of a merchant has written down, oldest first."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def pages(self, merchants_id: str) -> list[Page]:
        """All of it."""
        rows = self._execute("SELECT id, kind, entry FROM notebook WHERE merchants_id = :mid ORDER BY id",
                             {"mid": merchants_id})
        return [Page(row["id"], row["kind"], json.loads(row["entry"])) for row in rows]


class Notebook(NotebookReader):
    """The same, to be written."""

    def write(self, merchants_id: str, kind: str, entry: Mapping[str, Any]) -> int:
        """Write something down; answers its id."""
        row = self._execute("INSERT INTO notebook (merchants_id, kind, entry) VALUES (:mid, :kind, :entry) "
                            "RETURNING id",
                            {"mid": merchants_id, "kind": kind, "entry": to_json(entry)}).fetchone()
        return int(row["id"])
