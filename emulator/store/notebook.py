"""Table `notebook`: the records of a simulated shop, that of the demo. Payments do not use it."""
import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from .columns import to_json
from .connection import Connection


class Page(Struct, frozen=True):
    """One record of the shop."""

    id: int
    kind: str
    entry: Mapping[str, Any]


class NotebookReader:
    """Reads the records of a merchant's shop."""

    def __init__(self, connection: Connection) -> None:
        self._execute = connection.execute

    def pages(self, merchants_id: str) -> list[Page]:
        """All records of a merchant's shop, oldest first."""
        rows = self._execute("SELECT id, kind, entry FROM notebook WHERE merchants_id = :mid ORDER BY id",
                             {"mid": merchants_id})
        return [Page(row["id"], row["kind"], json.loads(row["entry"])) for row in rows]


class Notebook(NotebookReader):
    """Reads and writes records."""

    def write(self, merchants_id: str, kind: str, entry: Mapping[str, Any]) -> int:
        """Add a record and return its id."""
        row = self._execute("INSERT INTO notebook (merchants_id, kind, entry) VALUES (:mid, :kind, :entry) "
                            "RETURNING id",
                            {"mid": merchants_id, "kind": kind, "entry": to_json(entry)}).fetchone()
        return int(row["id"])
