"""What a merchant's traffic was: requests, events of orders and attempts of notifications, counted and shown.
"""
import json
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from .changes import Cursor
from .columns import Owned
from .connection import Row

# The places of the logs in a cursor.
PLACES = {"history": 0, "journal": 1, "attempts": 2}
_SHOWN = {
    "journal": "*", "history": "*",
    "attempts": "*, (SELECT n.out_trade_no FROM notifications AS n WHERE n.id = notification_id) AS "
                "out_trade_no, (SELECT n.notify_type FROM notifications AS n WHERE n.id = notification_id) "
                "AS notify_type"}
_OF_ORDER = {
    "journal": "out_trade_no = :no", "history": "out_trade_no = :no",
    "attempts": "notification_id IN (SELECT n.id FROM notifications AS n WHERE n.merchants_id = :mid "
                "AND n.out_trade_no = :no)"}
# A terminal has refunds and reversals as orders of their own, which end with the event of a payment. Only
# lines about a terminal have its transaction, so that other orders need not be looked up.
_AT_TERMINAL = ("detail LIKE :of_terminal AND EXISTS (SELECT 1 FROM orders AS o WHERE o.merchants_id = "
                "history.merchants_id AND o.out_trade_no = history.out_trade_no AND ")
_OPERATION = "coalesce(json_extract(terminal, '$.operation'), 'sale')"
_ORIGINAL = "coalesce(json_extract(terminal, '$.original'), '')"
_NO_SALE = f"{_AT_TERMINAL} {_OPERATION} <> 'sale')"
_UNLINKED_REFUND = f"{_AT_TERMINAL} {_OPERATION} = 'refund' AND {_ORIGINAL} = '')"
_OF_TERMINAL = '%"transactionResultId"%'


class Scope(Struct, frozen=True):
    """What is looked at: the rows of a merchant, of one order unless `out_trade_no` is empty.

    Only rows from the instant `since` (milliseconds) on, or after the cursor `after`, unless they are None.
    """

    merchants_id: str
    out_trade_no: str = ""
    since: int | None = None
    after: Cursor | None = None


class Rows(Struct, frozen=True):
    """A selection of rows of one table: the condition in SQL and its values."""

    table: str
    condition: str
    values: Mapping[str, Any]

    def which(self, condition: str, **values: Any) -> "Rows":
        """Those of the rows for which a further condition holds."""
        return Rows(self.table, f"{self.condition} AND ({condition})", {**self.values, **values})


def rows_in(scope: Scope, table: str, is_rare: bool = False) -> Rows:
    """The rows of a table that are in a scope.

    A condition that follows and `is_rare` has an index of its own, which is better than that of the merchant.
    """
    after = scope.after[PLACES[table]] if scope.after else None
    # The expression keeps the index of the merchant from being used. Few lines of the history are after a
    # cursor, and its index of the merchant is not in the order of ids.
    other_index = not scope.out_trade_no and (is_rare or table == "history" and bool(after))
    conditions = ["merchants_id || '' = :mid" if other_index else "merchants_id = :mid"]
    if scope.out_trade_no:
        conditions.append(_OF_ORDER[table])
    if scope.since is not None:
        conditions.append("at >= :since")
    if after is not None:
        conditions.append("id > :after")
    return Rows(table, " AND ".join(conditions), {"mid": scope.merchants_id, "no": scope.out_trade_no,
                                                  "since": scope.since, "after": after})


def requests(scope: Scope, endpoint: str = "", is_rare: bool = False) -> Rows:
    """The requests in a scope, to all endpoints or to one."""
    found = rows_in(scope, "journal", is_rare)
    return found.which("endpoint = :endpoint", endpoint=endpoint) if endpoint else found


def with_verdicts(scope: Scope, endpoint: str, verdicts: Iterable[str]) -> Rows:
    """The requests in a scope that were refused with one of these errors."""
    names = {f"verdict{place}": verdict for place, verdict in enumerate(verdicts)}
    return requests(scope, endpoint, is_rare=True).which("verdict <> 'OK'").which(
        f"verdict IN ({', '.join(f':{name}' for name in names)})", **names)


def events(scope: Scope, names: Iterable[str]) -> Rows:
    """The events of orders in a scope that have one of these names."""
    bound = {f"event{place}": name for place, name in enumerate(names)}
    return rows_in(scope, "history").which(f"event IN ({', '.join(f':{name}' for name in bound)})", **bound)


def payments(scope: Scope) -> Rows:
    """The events in a scope by which orders were paid."""
    return rows_in(scope, "history").which(f"event = 'pay' AND NOT ({_NO_SALE})", of_terminal=_OF_TERMINAL)


def refunds(scope: Scope) -> Rows:
    """The events in a scope by which money was refunded."""
    return rows_in(scope, "history").which(
        f"event IN ('refund', 'refund_all') OR (event = 'pay' AND {_UNLINKED_REFUND})",
        of_terminal=_OF_TERMINAL)


def attempts(scope: Scope, delivered: bool | None = None) -> Rows:
    """The attempts in a scope that sent something, all or those that were delivered or not."""
    sent = rows_in(scope, "attempts").which("skipped = 0")
    return sent if delivered is None else sent.which("delivered = :delivered", delivered=int(delivered))


def with_code(scope: Scope, code: str) -> Rows:
    """The events in a scope whose result was a code, an error or a terminal's result."""
    keys = {key: f'%"{key}":"{code}"%' for key in ("code", "error", "result")}
    holding = rows_in(scope, "history").which("detail LIKE :coded", coded=f'%":"{code}"%')  # most have none
    return holding.which(" OR ".join(f"detail LIKE :{key}" for key in keys), **keys)


def answering(scope: Scope, endpoint: str, code: str) -> Rows:
    """The requests to an endpoint in a scope whose answer has a code."""
    names = ("result_code", "error", "detail_error_code", "result_msg_code")
    texts = {name: f"%<{name}>{code}</%" for name in names}
    holding = requests(scope, endpoint).which("answer LIKE :coded", coded=f"%>{code}<%")  # most have none
    return holding.which(" OR ".join(f"answer LIKE :{name}" for name in names), **texts)


def given_back(scope: Scope) -> Rows:
    """The events in a scope by which a cancellation gave money back, or a refund was reversed."""
    return rows_in(scope, "history").which("event IN ('cancel', 'restore') AND detail "
                                           "LIKE :amount", amount='%"amount"%')


class Evidence(Owned):
    """Reads what a merchant's traffic was."""

    def count(self, rows: Rows) -> int:
        """The number of rows."""
        return int(self._execute(f"SELECT count(*) FROM {rows.table} WHERE {rows.condition}{self._own}",
                                 {**rows.values, **self._owners}).fetchone()[0])

    def newest(self, rows: Rows, limit: int) -> list[Row]:
        """The newest of the rows, oldest first; attempts with their order and kind."""
        found = self._execute(f"SELECT {_SHOWN[rows.table]} FROM {rows.table} WHERE {rows.condition}"
                              f"{self._own} ORDER BY id DESC LIMIT :limit",
                              {**rows.values, **self._owners, "limit": limit}).fetchall()
        return list(found[::-1])

    def findings(self, rows: Rows) -> int:
        """The number of findings in these rows; equal ones are read once."""
        found = self._execute(f"SELECT findings, count(*) AS times FROM {rows.table} WHERE {rows.condition} "
                              f"AND findings <> '[]'{self._own} GROUP BY findings",
                              {**rows.values, **self._owners})
        return sum(len(json.loads(row["findings"])) * int(row["times"]) for row in found)

    def causes(self, event: Row) -> list[Row]:
        """The requests that can have caused an event of an order."""
        return self._execute("SELECT id, params FROM journal WHERE merchants_id = :mid "
                             f"AND out_trade_no = :no AND endpoint = :cause AND at = :at{self._own} "
                             "ORDER BY id LIMIT 20",
                             {"mid": event["merchants_id"], "no": event["out_trade_no"],
                              "cause": event["cause"], "at": event["at"], **self._owners}).fetchall()

    def amounts(self, scope: Scope) -> list[Row]:
        """What was paid and what was refunded in each currency, in minor units, of all orders or of one.

        A refund on a terminal that names no sale is an order whose amount was refunded.
        """
        of_order = " AND out_trade_no = :no" if scope.out_trade_no else ""
        return self._execute(
            f"""SELECT currency,
                sum(CASE WHEN paid_at IS NOT NULL AND {_OPERATION} = 'sale' THEN amount ELSE 0 END)
                    AS amount_paid,
                sum(CASE WHEN paid_at IS NOT NULL AND {_OPERATION} = 'refund' AND {_ORIGINAL} = ''
                    THEN amount ELSE refunded END) AS amount_refunded
                FROM orders WHERE merchants_id = :mid{of_order}{self._own}
                GROUP BY currency ORDER BY currency""",
            {"mid": scope.merchants_id, "no": scope.out_trade_no, **self._owners}).fetchall()
