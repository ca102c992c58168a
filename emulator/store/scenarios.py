"""Tables `scenarios` and `counts`: the active rules, and how often each was used."""
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from .. import scenarios
from .columns import Owned, to_json

RULE = "rule"
EVERYBODY = ""
ACTIVE = ("SELECT merchants_id, digest FROM scenarios WHERE merchants_id IN (:mid, '') "
          "ORDER BY merchants_id DESC LIMIT 1")
# Active scenarios by digest: parsing one, or even fetching its text, takes longer than matching a request.
_read: dict[str, "scenarios.Scenario"] = {}
MOST_READ = 64


def _scenario(digest: str, document: str) -> "scenarios.Scenario":
    if digest not in _read:
        if len(_read) >= MOST_READ:
            _read.clear()
        _read[digest] = scenarios.from_json(json.loads(document))
    return _read[digest]


class ScenarioReader(Owned):
    """Reads scenarios and the uses of their rules."""

    def of(self, merchants_id: str) -> "scenarios.Scenario | None":
        """The active scenario of a merchant: its own, else the global one."""
        row = self._execute(ACTIVE, {"mid": merchants_id}).fetchone()
        return (_read.get(row[1]) or self.own(row[0])) if row else None

    def own(self, merchants_id: str) -> "scenarios.Scenario | None":
        """The scenario that was set for just this merchant; with an empty number, the global one."""
        row = self._execute("SELECT digest, document FROM scenarios WHERE merchants_id = :mid",
                            {"mid": merchants_id}).fetchone()
        return _scenario(*row) if row else None

    def merchants(self, limit: int) -> list[str]:
        """The numbers of the first merchants that have a scenario of their own."""
        return [row[0] for row in self._execute(
            f"SELECT merchants_id FROM scenarios WHERE merchants_id <> ''{self._own} "
            "ORDER BY merchants_id LIMIT :limit", {"limit": limit, **self._owners})]

    def names(self) -> dict[str, str]:
        """The names of the active scenarios by merchant; that of the global one with an empty number."""
        rows = self._execute("SELECT merchants_id, json_extract(document, '$.name') AS name FROM scenarios "
                             f"WHERE 1 = 1{self._own} ORDER BY merchants_id", self._owners)
        return {row[0]: row[1] for row in rows}

    def uses(self, merchants_id: str) -> dict[str, int]:
        """How often a merchant used each rule that has a list."""
        return {row[0]: row[1] for row in self._execute("SELECT name, number FROM counts "
                                                        "WHERE merchants_id = :mid AND kind = :kind",
                                                        {"mid": merchants_id, "kind": RULE})}

    def uses_by_all(self) -> dict[str, int]:
        """How often all merchants together used each rule of the global scenario that has a list.

        For an owner these are the owner's merchants.
        """
        return {row[0]: row[1] for row in self._execute(
            "SELECT name, sum(number) FROM counts WHERE kind = :kind AND merchants_id NOT IN "
            f"(SELECT merchants_id FROM scenarios){self._own} GROUP BY name ORDER BY name",
            {"kind": RULE, **self._owners})}

    def lately(self, merchants_id: str, scenario: str, requests: int) -> dict[str, int]:
        """How often each rule of a scenario matched one of the newest requests, of one merchant or of all."""
        wanted = ("merchants_id = :mid" if merchants_id else "1 = 1") + self._own
        rows = self._execute(
            f"""SELECT rule, count(*) FROM (
                    SELECT json_extract(explanation, '$.scenario') AS scenario,
                           json_extract(explanation, '$.rule') AS rule
                    FROM journal WHERE {wanted}
                    ORDER BY id DESC LIMIT :requests) AS newest
                WHERE scenario = :scenario AND rule IS NOT NULL GROUP BY rule""",
            {"mid": merchants_id, "scenario": scenario, "requests": requests, **self._owners})
        return {row[0]: row[1] for row in rows}


class Scenarios(ScenarioReader):
    """Reads and writes scenarios."""

    def set(self, merchants_id: str, document: Mapping[str, Any]) -> None:
        """Activate a scenario, and reset the counts of the one before."""
        text = to_json(document)
        self._execute("INSERT INTO scenarios (merchants_id, digest, document) "
                      "VALUES (:mid, :digest, :document) ON CONFLICT (merchants_id) DO UPDATE "
                      "SET digest = :digest, document = :document",
                      {"mid": merchants_id, "digest": hashlib.sha256(text.encode()).hexdigest(),
                       "document": text})
        self.forget(merchants_id)

    def drop(self, merchants_id: str) -> None:
        """Deactivate a scenario."""
        self._execute("DELETE FROM scenarios WHERE merchants_id = :mid", {"mid": merchants_id})
        self.forget(merchants_id)

    def forget(self, merchants_id: str) -> None:
        """Reset the counts of a merchant; with an empty number, of all without a scenario of their own."""
        self._execute("DELETE FROM counts WHERE merchants_id = :mid OR (:mid = '' AND merchants_id NOT IN "
                      "(SELECT merchants_id FROM scenarios))", {"mid": merchants_id})

    def count(self, merchants_id: str, kind: str, name: str) -> int:
        """Increase a count by one and return it."""
        row = self._execute("INSERT INTO counts (merchants_id, kind, name, number) "
                            "VALUES (:mid, :kind, :name, 1) ON CONFLICT (merchants_id, kind, name) DO UPDATE "
                            "SET number = counts.number + 1 RETURNING number",
                            {"mid": merchants_id, "kind": kind, "name": name}).fetchone()
        return int(row[0])
