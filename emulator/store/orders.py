"""Tables `orders`, `history`, `refunds` and `ledger`."""
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict, replace

from .. import scenarios
from ..domain import reconciliation
from ..domain.card_orders import CardState
from ..domain.kinds import KINDS
from ..domain.orders import Event, Kind, Order, Status
from ..domain.settlement import Entry
from ..domain.transitions import falls_due
from ..protocol.response_codes import CardStatus
from .clock import due_column, present, shared_due
from .columns import Newest, Owned, beginning, narrowing, newest, of_merchant, part, to_json
from .connection import Row
from .terminals import read_transaction, written_transaction

BY_NUMBER = "SELECT * FROM orders WHERE merchants_id = :mid AND out_trade_no = :no"
_PARTS = ("card", "terminal")  # the columns that only some kinds of orders have
_NO_PARTS = dict.fromkeys(_PARTS)
_COLUMNS = (*(name for name in Order.__struct_fields__ if name != "id"), *_PARTS)
_INSERT = (f"INSERT INTO orders ({', '.join(_COLUMNS)}, due_at, shared_due_at) "
           f"VALUES ({', '.join(':' + name for name in _COLUMNS)}, :due_at, {shared_due(':merchants_id')}) "
           "RETURNING id")
_CHANGING = ("amount", "currency", "rate", "fee_rate", "expires_at", "notify_url", "details", "watched",
             "status", "trans_id", "buyer_id", "buyer_login", "buyer_email", "paid_at", "finishes_at",
             "closed_at", "closed_by", "failure", "refunded", "card", "terminal", "script", "due_at")
_UPDATE = (f"UPDATE orders SET {', '.join(f'{name} = :{name}' for name in _CHANGING)}, "
           f"shared_due_at = {shared_due('orders.merchants_id')} WHERE id = :id")
# Changes by time count even if the scheduler has not stored them yet. A card order may wait for its issuer
# beyond its time limit, and a terminal has a time limit of its own.
_PRESENT = present("orders.merchants_id")
EFFECTIVE = f"""CASE WHEN status = 'WAIT_BUYER_PAY' AND expires_at <= {_PRESENT} AND card IS NULL
                          AND terminal IS NULL THEN 'TRADE_CLOSED'
                     WHEN status = 'TRADE_SUCCESS' AND finishes_at <= {_PRESENT} THEN 'TRADE_FINISHED'
                     ELSE status END"""
LEDGER_PAGE = 500
_TRUTH = ("id, merchants_id, out_trade_no, partner_id, kind, amount, fee, "
          "coalesce(true_settles_at, settles_at) AS settles_at, settles_at AS shown_at, injected, line")
_FRESH = asdict(CardState(""))


class Refund(Struct, frozen=True):
    """Refunded money, in minor units: by a refund, or by the cancellation of a paid order.

    `kind` is `refund`, `cancel`, or `reversed` if a terminal reversed the refund.
    """

    merchants_id: str
    out_trade_no: str
    partner_refund_id: str
    amount: int
    reason: str
    kind: str
    at: int


def read_order(row: Row) -> Order:
    """The order in a row of its table."""
    values = dict(row)
    del values["due_at"], values["shared_due_at"]
    parts = {name: _READ[name](written) for name in _PARTS if (written := values.pop(name))}
    values.update(details=json.loads(row["details"]), watched=bool(row["watched"]),
                  status=Status(row["status"]),
                  script=scenarios.Script.read(row["script"]) if row["script"] else None)
    return KINDS[_kind(parts)](**values, **parts)


def _kind(parts: Collection[str]) -> str:
    """The kind of an order, by the columns of its row that have a value; card orders may have both."""
    return next((name for name in _PARTS if name in parts), "wallet")


def _written(card: CardState) -> str:
    """The state of a card payment as JSON, without values that a new one has."""
    return to_json({name: value for name, value in asdict(card).items() if value != _FRESH[name]})


def _card(written: str) -> CardState:
    values = json.loads(written)
    return CardState(**{**_FRESH, **values, "status": CardStatus(values.get("status", CardStatus.RECEIVED))})


_READ: Mapping[str, Callable[[str], Any]] = {"card": _card, "terminal": read_transaction}
_WRITTEN: Mapping[str, Callable[[Any], str]] = {"card": _written, "terminal": written_transaction}


def _truth(row: Row) -> "reconciliation.Truth":
    return reconciliation.Truth(**{**dict(row), "injected": tuple(row["injected"].split())})


def _values(order: Order) -> dict[str, Any]:
    due = falls_due(order)
    values = {**_NO_PARTS, **asdict(order), "details": to_json(order.details), "status": str(order.status),
              "script": order.script.written() if order.script else None, "due_at": due[0] if due else None}
    for name in _PARTS:
        if values[name] is not None:
            values[name] = _WRITTEN[name](values[name])
    return values


class OrderReader(Owned):
    """Reads orders with their history and refunds."""

    def find(self, merchants_id: str, out_trade_no: str) -> Order | None:
        """An order of a merchant, as last stored."""
        row = self._execute(f"{BY_NUMBER}{self._own}",
                            {"mid": merchants_id, "no": out_trade_no, **self._owners}).fetchone()
        return read_order(row) if row else None

    def by_id(self, order_id: int) -> Order | None:
        """An order by its id, as last stored."""
        row = self._execute(f"SELECT * FROM orders WHERE id = :id{self._own}",
                            {"id": order_id, **self._owners}).fetchone()
        return read_order(row) if row else None

    def of_page(self, token: str) -> Order | None:
        """The order that a payer's page belongs to."""
        row = self._execute("SELECT * FROM orders WHERE page_token = :token", {"token": token}).fetchone()
        return read_order(row) if row else None

    def page(self, now: int, merchants_id: str | None, status: str | None, after: int, limit: int,
             newest_first: bool = False, search: str | None = None) -> Iterator[Order]:
        """Orders by id, after the id `after`; `merchants_id` and `status` filter them unless None.

        `now` is the instant of the shared clock. `search` is a part of the order number.
        """
        wanted = {"merchants_id": merchants_id, "status": status}
        place, order, begin = beginning(after, newest_first)
        asked = f"{place}{narrowing(wanted, status=EFFECTIVE)}{self._own}"
        if search:
            asked += " AND out_trade_no LIKE :like ESCAPE '\\'"
        rows = self._execute(f"SELECT * FROM orders WHERE {asked} ORDER BY {order} LIMIT :limit",
                             {**wanted, **self._owners, "after": begin, "now": now, "limit": limit,
                              "like": part(search or ""), "last": self._complete_up_to("orders")})
        return map(read_order, rows)

    def next_due(self, merchants_id: str = "") -> int | None:
        """The next instant (milliseconds) at which time alone changes an order, or None.

        With a number it is of this merchant's orders and on its clock, else of all and on the shared clock.
        """
        column, wanted = due_column(merchants_id), of_merchant(merchants_id)
        row = self._execute(f"SELECT min({column}) AS due FROM orders WHERE {column} IS NOT NULL"
                            f"{narrowing(wanted)}", wanted).fetchone()
        due: int | None = row["due"]
        return due

    def due(self, now: int, limit: int, merchants_id: str = "") -> list[tuple[int, int]]:
        """The instants and ids of orders that time changes up to `now`, in the order of time.

        With a number they are this merchant's, by its clock, else those of all, by the shared clock.
        """
        column, wanted = due_column(merchants_id), of_merchant(merchants_id)
        rows = self._execute(f"SELECT {column} AS due, id FROM orders WHERE {column} <= :now"
                             f"{narrowing(wanted)} ORDER BY {column}, id LIMIT :limit",
                             {**wanted, "now": now, "limit": limit})
        return [(row["due"], row["id"]) for row in rows]

    def history(self, merchants_id: str, out_trade_no: str) -> Newest:
        """The newest lines of an order's history."""
        return newest(self._execute, "history WHERE merchants_id = :mid AND out_trade_no = :no",
                      {"mid": merchants_id, "no": out_trade_no})

    def count_history(self, merchants_id: str, out_trade_no: str) -> int:
        """The number of lines in an order's history."""
        return int(self._execute("SELECT count(*) FROM history WHERE merchants_id = :mid "
                                 "AND out_trade_no = :no",
                                 {"mid": merchants_id, "no": out_trade_no}).fetchone()[0])

    def history_after(self, after: int, limit: int) -> list[Row]:
        """The lines of all orders' history after an id."""
        return self._execute("SELECT * FROM history WHERE id > :after AND id <= :last ORDER BY id "
                             "LIMIT :limit",
                             {"after": after, "last": self._complete_up_to("history"),
                              "limit": limit}).fetchall()

    def refund(self, merchants_id: str, partner_refund_id: str) -> Refund | None:
        """A refund by the merchant's number for it."""
        row = self._execute("SELECT merchants_id, out_trade_no, partner_refund_id, amount, reason, kind, at "
                            "FROM refunds WHERE merchants_id = :mid AND partner_refund_id = :id",
                            {"mid": merchants_id, "id": partner_refund_id}).fetchone()
        return Refund(**row) if row else None

    def refunds(self, merchants_id: str, out_trade_no: str) -> Newest:
        """The newest refunds of an order, as rows of the table."""
        return newest(self._execute, "refunds WHERE merchants_id = :mid AND out_trade_no = :no",
                      {"mid": merchants_id, "no": out_trade_no})

    def count_refunds(self, merchants_id: str, out_trade_no: str) -> int:
        """The number of refunds of an order."""
        return int(self._execute("SELECT count(*) FROM refunds WHERE merchants_id = :mid "
                                 "AND out_trade_no = :no",
                                 {"mid": merchants_id, "no": out_trade_no}).fetchone()[0])


class Orders(OrderReader):
    """Reads and writes orders."""

    def add(self, order: Kind) -> Kind:
        """Add a new order, and return it with its id."""
        return replace(order, id=self._execute(_INSERT, _values(order)).fetchone()[0])

    def save(self, order: Order) -> None:
        """Store an order: add it if it is new, else update it."""
        if order.id:
            self._execute(_UPDATE, _values(order))
        else:
            self.add(order)

    def note(self, order: Order, at: int, event: Event, cause: str, detail: dict[str, str]) -> None:
        """Add a line to the order's history."""
        self._execute("INSERT INTO history (merchants_id, out_trade_no, at, event, cause, status, detail) "
                      "VALUES (:mid, :no, :at, :event, :cause, :status, :detail)",
                      {"mid": order.merchants_id, "no": order.out_trade_no, "at": at, "event": str(event),
                       "cause": cause,
                       "status": str(order.status), "detail": to_json(detail)})

    def add_refund(self, refund: Refund) -> None:
        """Add a refund."""
        self._execute("INSERT INTO refunds (merchants_id, out_trade_no, partner_refund_id, amount, reason, "
                      "kind, at) VALUES (:merchants_id, :out_trade_no, :partner_refund_id, :amount, :reason, "
                      ":kind, :at)", asdict(refund))

    def mark_reversed(self, refund: Refund) -> None:
        """Mark a refund as reversed."""
        self._execute("UPDATE refunds SET kind = 'reversed' WHERE merchants_id = :mid "
                      "AND partner_refund_id = :id",
                      {"mid": refund.merchants_id, "id": refund.partner_refund_id})


class LedgerReader(Owned):
    """Reads the lines of the settlement file."""

    def lines(self, merchants_id: str, since: int, before: int) -> Iterator[str]:
        """The lines settled from `since` up to `before` (milliseconds), oldest first, many in each piece.

        They are read page by page, so that neither memory nor a snapshot grows with their number.
        """
        last = {"mid": merchants_id, "at": since, "id": 0, "before": before, "page": LEDGER_PAGE}
        while True:
            rows = self._execute("SELECT settles_at, id, line FROM ledger WHERE merchants_id = :mid "
                                 "AND (settles_at, id) > (:at, :id) AND settles_at < :before "
                                 "ORDER BY settles_at, id LIMIT :page",
                                 last).fetchall()
            if not rows:
                return
            yield "".join([row[2] for row in rows])
            last.update(at=rows[-1][0], id=rows[-1][1])

    def page(self, merchants_id: str | None, since: int, before: int, after: int, limit: int,
             newest_first: bool = False) -> "Iterator[reconciliation.Truth]":
        """Entries in the order of ids that are truly settled from `since` up to `before` (milliseconds).

        With `merchants_id` only those of this merchant.
        """
        wanted = {"merchants_id": merchants_id}
        place, order, begin = beginning(after, newest_first)
        rows = self._execute(
            f"""SELECT {_TRUTH} FROM ledger WHERE {place}{narrowing(wanted)}{self._own}
                AND coalesce(true_settles_at, settles_at) >= :since
                AND coalesce(true_settles_at, settles_at) < :before ORDER BY {order} LIMIT :limit""",
            {**wanted, **self._owners, "since": since, "before": before, "after": begin, "limit": limit,
             "last": self._complete_up_to("ledger")})
        return map(_truth, rows)

    def truth(self, merchants_id: str, since: int, before: int) -> "list[reconciliation.Truth]":
        """The entries of a merchant that are settled from `since` up to `before`, truly or in the file."""
        rows = self._execute(
            f"""SELECT {_TRUTH} FROM ledger WHERE merchants_id = :mid
                AND ((settles_at >= :since AND settles_at < :before)
                OR (true_settles_at >= :since AND true_settles_at < :before)) ORDER BY settles_at, id""",
            {"mid": merchants_id, "since": since, "before": before})
        return [_truth(row) for row in rows]


class Ledger(LedgerReader):
    """Reads and writes the ledger."""

    def add(self, entry: Entry, line: str, injected: Iterable[str] = (), shown_at: int | None = None) -> None:
        """Add a true entry, with the line that the file shows of it.

        `shown_at` is the instant at which the file shows its settlement, if a scenario injects another one.
        """
        truly = None if shown_at in (None, entry.settles_at) else entry.settles_at
        self._execute("INSERT INTO ledger (merchants_id, out_trade_no, kind, amount, fee, rmb_settlement, "
                      "settles_at, line, partner_id, injected, true_settles_at) "
                      "VALUES (:mid, :no, :kind, :amount, :fee, :rmb_settlement, :settles_at, :line, "
                      ":partner_id, :injected, :truly)",
                      {"mid": entry.merchants_id, "no": entry.out_trade_no, "kind": entry.kind,
                       "amount": entry.amount, "fee": entry.fee,
                       "rmb_settlement": entry.rmb_settlement,
                       "settles_at": entry.settles_at if shown_at is None else shown_at,
                       "line": line, "partner_id": entry.partner_id, "injected": " ".join(injected),
                       "truly": truly})
