"""Table `journal`: every request to `/v2`."""
import json
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from ..protocol.findings import Breaches
from .columns import Owned, beginning, breaches_of, narrowing, to_json
from .connection import Row
from .shortening import LONGEST_ANSWER, kept_params, shortened, shortened_inside


def written(params: Mapping[str, str]) -> str:
    """Parameters as the journal stores them: as JSON, very long texts shortened."""
    return to_json(kept_params(params))


class Entry(Struct, frozen=True):
    """A request and its answer as the journal stores them; secrets must be masked already.

    `params` are `written`.
    """

    at: int
    merchants_id: str
    endpoint: str
    out_trade_no: str
    ip: str
    method: str
    params: str
    status: int
    answer: str
    verdict: str
    findings: list[dict[str, str]] = []
    explanation: Mapping[str, Any] = {}

    @property
    def row(self) -> dict[str, object]:
        """The columns of the entry, with very long texts shortened."""
        return {"at": self.at, "merchants_id": self.merchants_id, "endpoint": shortened(self.endpoint),
                "out_trade_no": shortened(self.out_trade_no), "ip": self.ip, "method": shortened(self.method),
                "params": self.params, "status": self.status,
                "answer": shortened(self.answer, LONGEST_ANSWER), "verdict": self.verdict,
                "findings": to_json(self.findings) if self.findings else "[]",
                "explanation": to_json(shortened_inside(self.explanation)) if self.explanation else "{}"}


class JournalReader(Owned):
    """Reads the requests to `/v2` with their verdicts."""

    def find(self, entry_id: int) -> Row | None:
        """An entry by its id."""
        row: Row | None = self._execute(f"SELECT * FROM journal WHERE id = :id{self._own}",
                                        {"id": entry_id, **self._owners}).fetchone()
        return row

    def page(self, wanted: Mapping[str, Any], after: int, limit: int,
             newest_first: bool = False) -> Iterator[Row]:
        """Entries in the order of ids, after the id `after`.

        `wanted` filters by merchants_id, endpoint, out_trade_no or verdict; each may be None.
        """
        place, order, begin = beginning(after, newest_first)
        asked = f"{place}{narrowing(wanted)}{self._own}"
        return iter(self._execute(f"SELECT * FROM journal WHERE {asked} ORDER BY {order} LIMIT :limit",
                                  {**wanted, **self._owners, "after": begin, "limit": limit,
                                   "last": self._complete_up_to("journal")}))

    def after(self, after: int, limit: int) -> list[Row]:
        """The entries after an id, without the content of request and answer."""
        return self._execute("SELECT id, at, merchants_id, endpoint, out_trade_no, status, verdict "
                             "FROM journal WHERE id > :after AND id <= :last ORDER BY id LIMIT :limit",
                             {"after": after, "last": self._complete_up_to("journal"),
                              "limit": limit}).fetchall()

    def breaches(self, merchants_id: str | None) -> Iterator[Breaches]:
        """The findings in requests of one merchant or of all; equal findings are grouped."""
        return breaches_of(self._execute, "journal", merchants_id, self._own, self._owners)

    def asked(self, merchants_id: str, out_trade_no: str, endpoint: str, until: int) -> bool:
        """Whether an endpoint gave a successful answer about an order up to `until` (milliseconds)."""
        return self._execute("SELECT 1 FROM journal WHERE merchants_id = :mid AND out_trade_no = :no "
                             "AND endpoint = :endpoint AND verdict = 'OK' AND at <= :until LIMIT 1",
                             {"mid": merchants_id, "no": out_trade_no, "endpoint": endpoint,
                              "until": until}).fetchone() is not None

    def told_since(self, merchants_id: str, out_trade_no: str, endpoint: str, text: str, since: int,
                   until: int) -> bool:
        """Whether an answer of an endpoint about an order contained a text.

        Only answers after the instant `since` and up to `until` (milliseconds) count.
        """
        return self._execute(
            "SELECT 1 FROM journal WHERE merchants_id = :mid AND out_trade_no = :no AND endpoint = :endpoint "
            "AND at > :since AND at <= :until AND answer LIKE :text LIMIT 1",
            {"mid": merchants_id, "no": out_trade_no, "endpoint": endpoint, "since": since, "until": until,
             "text": f"%{text}%"}).fetchone() is not None


class Journal(JournalReader):
    """Reads and writes the journal."""

    def add(self, row: Mapping[str, object]) -> int:
        """Add the row of an entry and return its id."""
        cursor = self._execute(
            """INSERT INTO journal (at, merchants_id, endpoint, out_trade_no, ip, method, params, status,
                   answer, verdict, findings, explanation)
               VALUES (:at, :merchants_id, :endpoint, :out_trade_no, :ip, :method, :params, :status,
                   :answer, :verdict, :findings, :explanation) RETURNING id""", row)
        return int(cursor.fetchone()[0])

    def clear(self, merchants_id: str | None) -> None:
        """Delete the entries of one merchant or of all."""
        if merchants_id is None:
            self._execute("DELETE FROM journal")  # without a condition it is fast for a million entries
        else:
            self._execute("DELETE FROM journal WHERE merchants_id = :mid", {"mid": merchants_id})

    def add_finding(self, merchants_id: str, out_trade_no: str, endpoint: str,
                    finding: Mapping[str, str]) -> None:
        """Add a finding to an endpoint's first successful request for an order, if still in the journal."""
        row = self._execute("SELECT id, findings FROM journal WHERE merchants_id = :mid "
                            "AND out_trade_no = :no AND endpoint = :endpoint AND verdict = 'OK' ORDER BY id "
                            "LIMIT 1",
                            {"mid": merchants_id, "no": out_trade_no, "endpoint": endpoint}).fetchone()
        if row:
            findings = [*json.loads(row["findings"]), dict(finding)]
            self._execute("UPDATE journal SET findings = :findings WHERE id = :id",
                          {"findings": to_json(findings), "id": row["id"]})
