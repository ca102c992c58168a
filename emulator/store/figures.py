"""Figures above the console's list of orders: what was paid and refunded today, and what needs a look."""
from typing import Any

from msgspec import Struct

from .columns import Owned, narrowing, of_merchant

NEWEST = 2000  # rows that are looked at, so that a page is as quick in a database of millions
MOST = 100     # things that are counted one by one


class Total(Struct, frozen=True):
    """How many payments or refunds there were in a currency, and their sum in minor units."""

    currency: str
    number: int
    amount: int


class Figures(Owned):
    """Figures of one merchant, or with an empty number of all."""

    def payments(self, merchants_id: str, since: int) -> list[Total]:
        """What was paid since an instant (milliseconds), among the newest orders."""
        asked, values = self._asked(merchants_id)
        newest = "SELECT id FROM orders WHERE merchants_id = :merchants_id" if merchants_id else (
            "SELECT id FROM orders")
        return self._totals(
            f"SELECT currency, count(*) AS number, sum(amount) AS amount FROM orders "
            f"WHERE id > coalesce(({newest} ORDER BY id DESC LIMIT 1 OFFSET :newest), 0) "
            f"AND paid_at >= :since{asked} GROUP BY currency ORDER BY currency", {**values, "since": since})

    def refunds(self, merchants_id: str, since: int) -> list[Total]:
        """What was refunded since an instant (milliseconds) and not reversed, among the newest refunds."""
        asked, values = self._asked(merchants_id)
        return self._totals(
            f"SELECT (SELECT currency FROM orders WHERE orders.merchants_id = given.merchants_id "
            f"AND orders.out_trade_no = given.out_trade_no) AS currency, "
            f"count(*) AS number, sum(amount) AS amount FROM "
            f"(SELECT merchants_id, out_trade_no, amount FROM refunds "
            f"WHERE id > coalesce((SELECT id FROM refunds ORDER BY id DESC LIMIT 1 OFFSET :newest), 0) "
            f"AND at >= :since AND kind <> 'reversed'{asked}) AS given GROUP BY 1 ORDER BY 1",
            {**values, "since": since})

    def failed_notifications(self, merchants_id: str) -> int:
        """The number of notifications whose retries are exhausted; MOST stands for that many or more."""
        asked, values = self._asked(merchants_id)
        return self._count(f"SELECT 1 FROM notifications WHERE status <> 'delivered' AND status = 'failed'"
                           f"{asked}", values)

    def busy_terminals(self, merchants_id: str) -> int:
        """The number of terminals with a transaction that waits for its result; MOST is that many or more."""
        asked, values = self._asked(merchants_id)
        return self._count(f"SELECT 1 FROM terminals WHERE EXISTS (SELECT 1 FROM orders "
                           f"WHERE orders.id = terminals.order_id AND orders.status = 'WAIT_BUYER_PAY')"
                           f"{asked}", values)

    def _asked(self, merchants_id: str) -> tuple[str, dict[str, Any]]:
        """The SQL conditions for a merchant and the owner, and their values."""
        wanted = of_merchant(merchants_id)
        return f"{narrowing(wanted)}{self._own}", {**wanted, **self._owners, "newest": NEWEST}

    def _totals(self, statement: str, values: dict[str, Any]) -> list[Total]:
        return [Total(row["currency"], int(row["number"]), int(row["amount"]))
                for row in self._execute(statement, values)]

    def _count(self, statement: str, values: dict[str, Any]) -> int:
        found = self._execute(f"SELECT count(*) FROM ({statement} LIMIT :most) AS found",
                              {**values, "most": MOST})
        return int(found.fetchone()[0])
