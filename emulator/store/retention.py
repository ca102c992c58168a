"""Deletion of orders that have ended, with everything that belongs to them.

An order is deleted when its last event is old in real time and nothing can happen to it any more. A deleted
order does not exist: its number may be used again.
"""
from msgspec import Struct
from msgspec.structs import asdict

from ..base import durations
from ..domain.transitions import CANCEL_PERIOD
from .clock import present
from .connection import Connection
from .scenarios import RULE

PAGE = 2_000  # rows of the history that are looked at in one step
BATCH = 100  # orders that are deleted in one transaction
OF_AN_ORDER = ("history", "refunds", "ledger", "transactions")
# A card or terminal order that failed may be tried again; so may its number once it is deleted.
# A refund or reversal on a terminal has no refund period, so it stays TRADE_SUCCESS.
_FINAL, _SETTLED = (f"{present('o.merchants_id')} - :{age}" for age in ("final", "settled"))
_IS_OVER = f"""o.due_at IS NULL AND (o.status IN ('TRADE_CLOSED', 'TRADE_FINISHED')
                  OR (o.status = 'TRADE_SUCCESS' AND o.finishes_at IS NULL))
              AND coalesce(o.paid_at, 0) < {_FINAL} AND coalesce(o.closed_at, 0) < {_FINAL}
              AND NOT EXISTS (SELECT 1 FROM history AS later WHERE later.merchants_id = o.merchants_id
                  AND later.out_trade_no = o.out_trade_no AND later.id > :last)
              AND NOT EXISTS (SELECT 1 FROM notifications AS n WHERE n.merchants_id = o.merchants_id
                  AND n.out_trade_no = o.out_trade_no)
              AND NOT EXISTS (SELECT 1 FROM ledger AS l WHERE l.merchants_id = o.merchants_id
                  AND l.out_trade_no = o.out_trade_no
                  AND (l.settles_at >= {_SETTLED} OR l.true_settles_at >= {_SETTLED}))"""


class Limits(Struct, frozen=True):
    """What is old: events up to the id `last` in the history, and payments and closings that are `final` and
    settlements that are `settled` milliseconds old. The shared clock shows the instant `now`.
    """

    last: int
    now: int
    final: int
    settled: int


class RetentionReader:
    """Finds orders that may be deleted."""

    def __init__(self, connection: Connection) -> None:
        self._execute = connection.execute

    def limits(self, real: int, now: int, keep: int) -> Limits:
        """The limits for what is kept for `keep` milliseconds, at an instant of real time and of the clock.

        A payment can be cancelled, and a refund on a terminal reversed, for a day. Whole days of settlement
        stay that end within `keep`.
        """
        row = self._execute("SELECT history_id FROM upkeep_marks WHERE at <= :until ORDER BY at DESC LIMIT 1",
                            {"until": real - keep}).fetchone()
        return Limits(row[0] if row else 0, now, CANCEL_PERIOD, keep + durations.DAY)

    def find(self, limits: Limits, after: int) -> tuple[list[int], int]:
        """The ids of orders that may be deleted, among those of the next rows of the history after an id.

        Returns the id of the last of these rows too; it is `after` at the end.
        """
        rows = ("SELECT id, merchants_id, out_trade_no FROM history WHERE id > :after AND id <= :last "
                "ORDER BY id LIMIT :page")
        asked = {**asdict(limits), "after": after, "page": PAGE}
        reached = self._execute(f"SELECT max(id) FROM ({rows}) AS h", asked).fetchone()[0]
        if reached is None:
            return [], after
        found = self._execute(
            f"""SELECT DISTINCT o.id FROM ({rows}) AS h JOIN orders AS o ON o.merchants_id = h.merchants_id
                AND o.out_trade_no = h.out_trade_no WHERE {_IS_OVER} ORDER BY o.id""", asked)
        return [row[0] for row in found], reached


class Retention(RetentionReader):
    """Finds orders that may be deleted, and deletes them."""

    def delete(self, order_id: int, limits: Limits) -> bool:
        """Delete an order with its history, refunds, ledger entries, terminal transactions and counts.

        Returns whether it still was one that may be deleted.
        """
        row = self._execute(f"DELETE FROM orders AS o WHERE o.id = :id AND {_IS_OVER} "
                            "RETURNING merchants_id, out_trade_no",
                            {**asdict(limits), "id": order_id}).fetchone()
        if row is None:
            return False
        order = {"mid": row[0], "no": row[1]}
        for table in OF_AN_ORDER:
            self._execute(f"DELETE FROM {table} WHERE merchants_id = :mid AND out_trade_no = :no", order)
        for kind in self._counted(row[0]):
            self._execute("DELETE FROM counts WHERE merchants_id = :mid AND kind = :kind AND name = :no",
                          {**order, "kind": kind})
        return True

    def _counted(self, merchants_id: str) -> list[str]:
        """The endpoints whose requests are counted for orders of a merchant, found without reading all."""
        found: list[str] = []
        kind = ""
        while True:
            row = self._execute("SELECT min(kind) FROM counts WHERE merchants_id = :mid AND kind > :kind",
                                {"mid": merchants_id, "kind": kind}).fetchone()
            if row[0] is None:
                return found
            kind = row[0]
            if kind != RULE:
                found.append(kind)
