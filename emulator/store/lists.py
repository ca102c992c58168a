"""Lists for the console: rows of several tables in pages, newest first, and all rows of one order."""
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..base import money, portions
from ..domain.orders import Order
from ..terminal import Transaction
from .columns import BEYOND, Newest, Owned, newest, part, size_of
from .connection import Row
from .notifications import StoredNotification
from .order_states import STATES
from .orders import EFFECTIVE, read_order
from .terminals import read_transaction

Narrowed = Mapping[str, str | None]
PAGE = 50
MOST_TRANSACTIONS = 500
MOST_CHARACTERS = 1024 * 1024  # in the rows of a page
_LIKE = r"LIKE :like ESCAPE '\'"
_FAULTY = """LIKE '%"then":{%"fault":"%'"""  # as the journal writes the outcome of a scenario's rule
# In the answer to an accepted request; see `protocol.outcomes`.
_FAILED = ("(answer LIKE '%<is_success>F<%' OR answer LIKE '%<result_code>FAIL<%' "
           "OR answer LIKE '%<result_code>UNKNOWN<%' OR (endpoint = 'tgpaybankcard' AND ("
           + " OR ".join(f"answer LIKE '%<status>{status}<%'" for status in (
               "failed", "expired", "canceled", "pending", "pending_review")) + ")))")
_FORGED = """LIKE '%"forged":"_%'"""  # in the delivery plan of a scenario's rule
_ORDERS = {
    "merchants_id": "merchants_id = :merchants_id", "endpoint": "endpoint = :endpoint",
    "status": f"{EFFECTIVE} = :status", **{f"is_{name}": sql for name, sql in STATES.items()},
    "search": f"(out_trade_no {_LIKE} OR trans_id {_LIKE} OR amount = :amount OR json_extract(details, "
              f"'$.reference') {_LIKE})"}
_NOTIFICATIONS = {
    "merchants_id": "merchants_id = :merchants_id", "status": "status = :status",
    "open": "status <> 'delivered'", "tried": "attempts > 0", "untried": "attempts = 0",
    "forged": f"altered {_FORGED}", "genuine": f"NOT altered {_FORGED}",
    "notify_type": "notify_type = :notify_type", "search": f"out_trade_no {_LIKE}"}
_JOURNAL = {
    "merchants_id": "merchants_id = :merchants_id", "endpoint": "endpoint = :endpoint",
    "verdict": "verdict = :verdict",
    "refused": "verdict <> 'OK'", "broken": f"explanation {_FAULTY}",
    "failed": f"verdict = 'OK' AND NOT explanation {_FAULTY} AND {_FAILED}",
    "ok": f"NOT explanation {_FAULTY} AND NOT {_FAILED}",
    "search": f"out_trade_no {_LIKE}"}


class Lists(Owned):
    """Pages of orders, notifications and journal entries.

    Each comes with the id before which the next page begins, None at the end. Filters in `narrowed` that are
    None or missing have no effect.
    """

    def orders(self, narrowed: Narrowed, now: int,
               before: int | None = None) -> tuple[list[Order], int | None]:
        """A page of orders.

        `search` finds parts of order numbers, trade numbers and references, and whole amounts in major units.
        `is_…` with the name of a state finds those in that state.
        """
        rows, rest = self._page("orders", _ORDERS, {**narrowed, "now": now}, before)
        return [read_order(row) for row in rows], rest

    def notifications(self, narrowed: Narrowed,
                      before: int | None = None) -> tuple[list[StoredNotification], int | None]:
        """A page of notifications; `search` finds parts of order numbers, `open` undelivered ones.

        `tried` finds those with an attempt, `untried` the others; `forged` those that a scenario forged,
        `genuine` the others.
        """
        rows, rest = self._page("notifications", _NOTIFICATIONS, narrowed, before)
        return [StoredNotification(**row) for row in rows], rest

    def last_attempts(self, notification_ids: Sequence[int]) -> dict[int, Row]:
        """The last attempt of each of the notifications that have one, by the notification's id.

        `number` is how many attempts the notification has, with replays and injected duplicates.
        """
        rows = self._execute(
            "SELECT last.number, attempts.notification_id, status_code, error, delivered, skipped FROM ("
            "SELECT max(id) AS id, count(*) AS number FROM attempts WHERE notification_id IN ("
            "SELECT value FROM json_each(:ids)) GROUP BY notification_id) AS last "
            "JOIN attempts ON attempts.id = last.id", {"ids": json.dumps(list(notification_ids))})
        return {row["notification_id"]: row for row in rows}

    def journal(self, narrowed: Narrowed, before: int | None = None) -> tuple[list[Row], int | None]:
        """A page of journal entries; `search` finds parts of order numbers, `refused` refused requests.

        `broken` finds those whose response a scenario's fault broke, `failed` those whose payment failed or
        is pending, `ok` neither.
        """
        return self._page("journal", _JOURNAL, narrowed, before)

    def _page(self, table: str, conditions: Mapping[str, str], narrowed: Mapping[str, Any],
              before: int | None) -> tuple[list[Row], int | None]:
        """A page of a table.

        The statement has only the conditions that are asked for, so that SQLite finds its index.
        """
        asked = [sql for name, sql in conditions.items() if narrowed.get(name)]
        search = narrowed.get("search") or ""
        found = self._execute(
            f"SELECT * FROM {table} WHERE {' AND '.join(['id < :before', *asked])}{self._own} "
            "ORDER BY id DESC LIMIT :limit",
            {**narrowed, **self._owners, "before": before or BEYOND, "limit": PAGE + 1,
             "like": part(search), "amount": _amount(search)})
        rows, complete = portions.taken(found, size_of, MOST_CHARACTERS)
        shown = rows[:PAGE]
        return shown, None if complete and len(rows) <= PAGE else shown[-1]["id"]

    def broken(self, order_ids: Sequence[int]) -> dict[int, str]:
        """The explanation of the newest request of each order whose response a scenario's fault broke.

        It is JSON, by the order's id.
        """
        rows = self._execute(
            "SELECT o.id, j.explanation FROM orders AS o JOIN journal AS j "
            "ON j.merchants_id = o.merchants_id AND j.out_trade_no = o.out_trade_no "
            "WHERE o.id IN (SELECT value FROM json_each(:ids)) "
            f"AND j.explanation {_FAULTY} ORDER BY j.id", {"ids": json.dumps(list(order_ids))})
        return {row["id"]: row["explanation"] for row in rows}

    def requests(self, merchants_id: str, out_trade_no: str) -> Newest:
        """The newest journal entries of an order."""
        return newest(self._execute, "journal WHERE merchants_id = :mid AND out_trade_no = :no",
                      {"mid": merchants_id, "no": out_trade_no})

    def transactions(self, merchants_id: str, out_trade_no: str) -> list[Transaction]:
        """The newest terminal transactions of an order before its present one, in the order of time."""
        rows = self._execute("SELECT state FROM transactions WHERE merchants_id = :mid "
                             "AND out_trade_no = :no AND state IS NOT NULL ORDER BY rowid DESC LIMIT :most",
                             {"mid": merchants_id, "no": out_trade_no, "most": MOST_TRANSACTIONS})
        return sorted((read_transaction(row["state"]) for row in rows),
                      key=lambda transaction: transaction.started_at)

    def ledger(self, merchants_id: str, out_trade_no: str) -> Newest:
        """The newest ledger entries of an order."""
        return newest(self._execute, "ledger WHERE merchants_id = :mid AND out_trade_no = :no",
                      {"mid": merchants_id, "no": out_trade_no})


def _amount(text: str) -> int | None:
    """The minor units if the text is an amount, else None."""
    try:
        return money.minor(text)
    except ValueError:
        return None
