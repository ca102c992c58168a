"""Queries of the ledger by days of settlement: sums, and pages of entries."""
from collections.abc import Mapping

from msgspec import Struct

from ..domain.settlement import PAYMENT, REFUND
from .columns import Owned

KINDS = (PAYMENT, REFUND)
_OF_A_MERCHANT = "l.merchants_id = :mid AND l.settles_at >= :since AND l.settles_at < :before"
_ITS_ORDER = "JOIN orders AS o ON o.merchants_id = l.merchants_id AND o.out_trade_no = l.out_trade_no"
# Rounded half up, away from zero, as all conversions are. A refund costs no fee, so its settlement is its
# whole amount.
_SUMS = """count(*) AS number, sum(l.amount) AS amount, sum(l.fee) AS fee,
           sum(CASE WHEN l.kind = 'P' THEN (l.amount * {rate} + 50000000) / 100000000
               ELSE l.rmb_settlement END) AS rmb_amount,
           sum(l.rmb_settlement) AS rmb_settlement,
           sum(CASE WHEN l.injected <> '' THEN 1 ELSE 0 END) AS injected"""


class Sum(Struct, frozen=True):
    """The entries of one kind settled at one instant, in minor units; `rmb_` marks amounts in fen."""

    settles_at: int
    currency: str
    kind: str
    number: int
    amount: int
    fee: int
    rmb_amount: int
    rmb_settlement: int
    injected: int


class Line(Struct, frozen=True):
    """A true entry, with the lines that the file shows of it and the discrepancies injected there.

    `order_id` is the id of its order. `true_settles_at` is None if the file shows the true instant.
    """

    id: int
    out_trade_no: str
    kind: str
    amount: int
    fee: int
    rmb_settlement: int
    settles_at: int
    line: str
    injected: str
    currency: str
    order_id: int
    partner_id: str
    true_settles_at: int | None


class Settled(Owned):
    """Reads the entries of a merchant that are settled from `since` up to `before` (milliseconds)."""

    def sums(self, merchants_id: str, since: int, before: int) -> list[Sum]:
        """The sums of the entries, in the order of time.

        Currency and rate are those of each order. If all orders of the merchant have the same ones, the
        orders need not be looked up.
        """
        asked = _asked(merchants_id, since, before)
        terms = self._execute("SELECT DISTINCT currency, rate FROM orders WHERE merchants_id = :mid LIMIT 2",
                              asked).fetchall()
        if len(terms) == 1:
            return self._sums_at_one_rate({**asked, **dict(terms[0])})
        return [Sum(**row) for row in self._execute(
            f"""SELECT l.settles_at, o.currency, l.kind, {_SUMS.format(rate="o.rate")}
                FROM ledger AS l {_ITS_ORDER} WHERE {_OF_A_MERCHANT}
                GROUP BY l.settles_at, o.currency, l.kind
                ORDER BY l.settles_at, o.currency, l.kind""", asked)]

    def _sums_at_one_rate(self, asked: Mapping[str, str | int]) -> list[Sum]:
        """The sums if all orders have one currency and one rate.

        Each kind is summed in the order of the index of days, so that SQLite does not sort.
        """
        found = [Sum(**row) for kind in KINDS for row in self._execute(
            f"""SELECT l.settles_at, :currency AS currency, :kind AS kind, {_SUMS.format(rate=":rate")}
                FROM ledger AS l WHERE {_OF_A_MERCHANT} AND l.kind = :kind
                GROUP BY l.settles_at ORDER BY l.settles_at""", {**asked, "kind": kind})]
        return sorted(found, key=lambda each: (each.settles_at, each.kind))

    def lines(self, merchants_id: str, since: int, before: int, after: int, limit: int) -> list[Line]:
        """A page of the entries in the order of ids; the index alone selects the ids."""
        return [Line(**row) for row in self._execute(
            f"""SELECT l.id, l.out_trade_no, l.kind, l.amount, l.fee, l.rmb_settlement, l.settles_at, l.line,
                       l.injected, o.currency, o.id AS order_id, l.partner_id, l.true_settles_at
                FROM (SELECT l.id FROM ledger AS l WHERE {_OF_A_MERCHANT} AND l.id > :after
                      ORDER BY l.id LIMIT :limit) AS page
                JOIN ledger AS l ON l.id = page.id {_ITS_ORDER} ORDER BY l.id""",
            {**_asked(merchants_id, since, before), "after": after, "limit": limit})]

    def merchants(self, since: int, before: int, limit: int) -> list[str]:
        """The numbers of the first merchants that have entries."""
        return [row["merchants_id"] for row in self._execute(
            "SELECT m.merchants_id FROM merchants AS m WHERE EXISTS (SELECT 1 FROM ledger AS l "
            "WHERE l.merchants_id = m.merchants_id AND l.settles_at >= :since AND l.settles_at < :before)"
            f"{self._own} ORDER BY m.merchants_id LIMIT :limit",
            {"since": since, "before": before, "limit": limit, **self._owners})]

    def newest_day(self, merchants_id: str) -> int | None:
        """The last instant at which an entry of a merchant is or will be settled, or None.

        With an empty number it is that of any merchant.
        """
        newest_of = "(SELECT max(settles_at) FROM ledger WHERE merchants_id = m.merchants_id)"
        row = self._execute(f"SELECT max({newest_of}) AS newest FROM merchants AS m WHERE "
                            f"(:mid = '' OR m.merchants_id = :mid){self._own}",
                            {"mid": merchants_id, **self._owners}).fetchone()
        newest: int | None = row["newest"]
        return newest


def _asked(merchants_id: str, since: int, before: int) -> Mapping[str, str | int]:
    return {"mid": merchants_id, "since": since, "before": before}
