"""Table `vouchers`: cards that a browser has exchanged for a cardVoucher (section 7.2).

It has no card numbers, only what the issuer will answer and what may be shown of a card.
"""
import json

from msgspec.structs import asdict

from ..protocol.test_cards import Outcome, Presented
from .columns import to_json
from .connection import Connection


class VoucherReader:
    """Reads vouchers; each is valid for one payment, up to a time limit."""

    def __init__(self, connection: Connection) -> None:
        self._execute = connection.execute

    def next_number(self) -> int:
        """The number of the next voucher, from which its text is derived."""
        row = self._execute("SELECT coalesce(max(id), 0) + 1 AS id FROM vouchers").fetchone()
        return int(row["id"])


class Vouchers(VoucherReader):
    """Reads and writes vouchers."""

    def add(self, voucher: str, card: Presented, expires_at: int) -> None:
        """Add a voucher that expires at `expires_at` (milliseconds)."""
        self._execute("INSERT INTO vouchers (voucher, card, expires_at, used) "
                      "VALUES (:voucher, :card, :expires_at, 0)",
                      {"voucher": voucher, "expires_at": expires_at,
                       "card": to_json({**asdict(card), "outcome": asdict(card.outcome)})})

    def take(self, voucher: str, now: int) -> Presented | str:
        """The card of a voucher, which is then used up; or a sentence why it cannot be used."""
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
