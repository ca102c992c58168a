"""Table `vouchers`: cards that a browser has exchanged for a cardVoucher (section 7.2). It has no card
number, only what it leads to."""
import json
import sqlite3
from dataclasses import asdict

from ..protocol.test_cards import Outcome, Presented
from .columns import to_json


class VoucherReader:
    """Vouchers, each good for one payment until its time is over."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def next_number(self) -> int:
        """The number of the next voucher, from which its text is made."""
        row = self._execute("SELECT coalesce(max(id), 0) + 1 AS id FROM vouchers").fetchone()
        return int(row["id"])


class Vouchers(VoucherReader):
    """The same, to be written."""

    def add(self, voucher: str, card: Presented, expires_at: int) -> None:
        """Write a voucher down."""
        self._execute("INSERT INTO vouchers (voucher, card, expires_at, used) "
                      "VALUES (:voucher, :card, :expires_at, 0)",
                      {"voucher": voucher, "card": to_json(asdict(card)), "expires_at": expires_at})

    def take(self, voucher: str, now: int) -> Presented | str:
        """The card of a voucher, which is used up by this; or why it cannot be had."""
        row = self._execute("SELECT id, card, expires_at, used FROM vouchers WHERE voucher = :voucher",
                            {"voucher": voucher}).fetchone()
        if row is None:
            return "the cardVoucher is unknown"
        if row["used"]:
            return "the cardVoucher is used already"
        if row["expires_at"] <= now:
            return "the cardVoucher has expired"
        self._execute("UPDATE vouchers SET used = 1 WHERE id = :id", {"id": row["id"]})
        card = json.loads(row["card"])
        return Presented(**{**card, "outcome": Outcome(**card["outcome"])})
