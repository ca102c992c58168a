"""Tables `terminals` and `transactions`: the devices, and every transaction that was sent to one."""
import json
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import asdict, fields

from ..terminal import Answer, Result, Terminal, Transaction
from .columns import Owned, narrowing, to_json
from .connection import Row

_DEFAULTS = {field.name: field.default for field in fields(Transaction)}


def written_transaction(transaction: Transaction) -> str:
    """A transaction as JSON, without values that a new one has."""
    written = {name: value for name, value in asdict(transaction).items() if value != _DEFAULTS[name]}
    if "host" in written:
        written["host"] = asdict(transaction.host)
    return to_json(written)


def read_transaction(written: str) -> Transaction:
    """The transaction in a text that `written_transaction` made."""
    values = json.loads(written)
    values["paces"] = tuple(values["paces"])
    if "host" in values:
        host = values["host"]
        values["host"] = Answer(**{**host, "result": Result(host["result"]), "later": Result(host["later"])})
    return Transaction(**values)


class TerminalReader(Owned):
    """Reads the terminals of all merchants and their transactions."""

    def find(self, serial: str) -> Terminal | None:
        """A terminal by its serial number."""
        row = self._execute(f"SELECT * FROM terminals WHERE serial = :serial{self._own}",
                            {"serial": serial, **self._owners}).fetchone()
        return _terminal(row) if row else None

    def is_taken(self, serial: str) -> bool:
        """Whether anybody has a terminal with this serial number."""
        return self._execute("SELECT 1 FROM terminals WHERE serial = :serial",
                             {"serial": serial}).fetchone() is not None

    def of_merchant(self, merchants_id: str) -> list[Terminal]:
        """The terminals of a merchant in the order of their creation."""
        return [_terminal(row) for row in self._execute("SELECT * FROM terminals WHERE merchants_id = :mid "
                                                        "ORDER BY number",
                                                        {"mid": merchants_id})]

    def page(self, merchants_id: str | None, after: str, limit: int) -> list[Terminal]:
        """Terminals in the order of their creation; with `merchants_id` only those of this merchant.

        `after` is the serial number after which the page begins, empty for the first page. After an unknown
        serial number the page is empty.
        """
        rows = self._execute(
            f"SELECT * FROM terminals WHERE number > "
            "CASE :after WHEN '' THEN 0 "
            f"ELSE (SELECT number FROM terminals WHERE serial = :after{self._own}) END"
            f"{narrowing({'merchants_id': merchants_id})}{self._own} ORDER BY number LIMIT :limit",
            {"after": after, "merchants_id": merchants_id, "limit": limit, **self._owners})
        return [_terminal(row) for row in rows]

    def is_used(self, result_id: str) -> bool:
        """Whether a transactionResultId exists already."""
        return self._execute("SELECT 1 FROM transactions WHERE result_id = :id",
                             {"id": result_id}).fetchone() is not None

    def count(self, merchants_id: str, out_trade_no: str) -> int:
        """The number of terminal transactions of an order."""
        row = self._execute("SELECT count(*) AS number FROM transactions WHERE merchants_id = :mid "
                            "AND out_trade_no = :no",
                            {"mid": merchants_id, "no": out_trade_no}).fetchone()
        return int(row["number"])

    def transaction(self, merchants_id: str, number: str) -> tuple[str, str, Transaction | None] | None:
        """A transaction by its transactionResultId or transactionID, or None.

        Returns its order's number and its transactionResultId. The third value is the transaction itself if
        its order has had another one since, else None.
        """
        row = self._execute("SELECT result_id, out_trade_no, state FROM transactions "
                            "WHERE merchants_id = :mid AND (result_id = :number OR transaction_id = :number) "
                            "LIMIT 1",
                            {"mid": merchants_id, "number": number}).fetchone()
        if row is None:
            return None
        return row["out_trade_no"], row["result_id"], read_transaction(row["state"]) if row["state"] else None


class Terminals(TerminalReader):
    """Reads and writes terminals."""

    def put(self, terminal: Terminal) -> bool:
        """Add or change the terminal with this serial number; False if it belongs to another merchant."""
        return bool(self._execute(
            """INSERT INTO terminals (serial, merchants_id, terminal_type, online, attended, order_id, number)
               VALUES (:serial, :merchants_id, :terminal_type, :online, :attended, :order_id,
                       coalesce((SELECT number FROM terminals ORDER BY rowid DESC LIMIT 1), 0) + 1)
               ON CONFLICT (serial) DO UPDATE SET terminal_type = :terminal_type, online = :online,
                   attended = :attended, order_id = :order_id WHERE terminals.merchants_id = :merchants_id""",
            {**asdict(terminal), "online": int(terminal.online),
             "attended": int(terminal.attended)}).rowcount)

    def replace(self, merchants_id: str, terminals: Iterable[Mapping[str, Any]]) -> None:
        """Replace all terminals of a merchant by these, in their initial state."""
        self._execute("DELETE FROM terminals WHERE merchants_id = :mid", {"mid": merchants_id})
        for made in terminals:
            self.put(Terminal(merchants_id=merchants_id, **made))

    def begin(self, transaction: Transaction, merchants_id: str, order_id: int, out_trade_no: str) -> None:
        """Store that a terminal was given a transaction."""
        self._execute("INSERT INTO transactions (result_id, transaction_id, merchants_id, out_trade_no) "
                      "VALUES (:result_id, :transaction_id, :mid, :no)",
                      {"result_id": transaction.result_id, "transaction_id": transaction.transaction_id,
                       "mid": merchants_id,
                       "no": out_trade_no})
        self._execute("UPDATE terminals SET order_id = :order_id WHERE serial = :serial",
                      {"order_id": order_id, "serial": transaction.serial})

    def archive(self, transaction: Transaction) -> None:
        """Store a transaction whose order is about to have another one."""
        self._execute("UPDATE transactions SET state = :state WHERE result_id = :id",
                      {"state": written_transaction(transaction), "id": transaction.result_id})


def _terminal(row: Row) -> Terminal:
    return Terminal(row["serial"], row["merchants_id"], row["terminal_type"], bool(row["online"]),
                    bool(row["attended"]), row["order_id"])
