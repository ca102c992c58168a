"""The settlement file (section 14): each movement of money is a ledger entry, and each entry a line.

An entry fixes rate, fee and store when the money moves. Later changes of the merchant's settings do not
change it.
"""
import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from functools import cached_property

from msgspec import Struct

from ..base import clock, money
from ..base.settings import Settings
from ..protocol.parameters import Source
from .merchants import Merchant
from .orders import Order

PAYMENT, REFUND = "P", "R"
SCENES: Mapping[str, str] = {
    "tgpayqrcode": "shopQrCode", "tgpaybarcode": "shopBarCode", "tgpayh5": "onlineH5",
    "tgpayprepay": "onlinePrepay", "tgpaybankcard": "onlineBankcard", "tgpaywebtoterminal": "posTerminal"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)


class Entry(Struct, frozen=True, dict=True):
    """A payment (`P`), refund or cancellation (`R`) of an order.

    Amounts are signed minor units, instants milliseconds. `surcharge` is what the file adds to the true fee
    if a scenario injects that.
    """

    merchants_id: str
    out_trade_no: str
    kind: str
    partner_id: str
    amount: int
    moved_at: int
    settles_at: int
    remarks: str
    order: Order
    merchant: Merchant
    surcharge: int = 0

    @cached_property
    def rmb_amount(self) -> int:
        """The amount in fen."""
        return money.convert(self.amount, self.order.rate)

    @cached_property
    def fee(self) -> int:
        """The gateway's fee in minor units; a refund costs none."""
        return (money.convert(self.amount, self.order.fee_rate) if self.kind == PAYMENT
                else 0) + self.surcharge

    @cached_property
    def rmb_settlement(self) -> int:
        """The settled amount in fen; its fee is calculated and rounded in fen."""
        return self.rmb_amount - (money.convert(self.rmb_amount, self.order.fee_rate) if self.kind == PAYMENT
                                  else 0)


Cell = Callable[[Entry, Settings], str]
COLUMNS: tuple[tuple[str, Cell], ...] = (
    ("partner_transaction_id", lambda entry, settings: entry.partner_id),
    ("transaction_id", lambda entry, settings: entry.order.trans_id),
    ("amount", lambda entry, settings: money.text(entry.amount)),
    ("rmb_amount", lambda entry, settings: money.text(entry.rmb_amount)),
    ("fee", lambda entry, settings: money.text(entry.fee)),
    ("settlement", lambda entry, settings: money.text(entry.amount - entry.fee)),
    ("rmb_settlement", lambda entry, settings: money.text(entry.rmb_settlement)),
    ("currency", lambda entry, settings: entry.order.currency),
    ("rate", lambda entry, settings: money.rate_text_short(entry.order.rate)),
    ("payment_time", lambda entry, settings: clock.spaced(entry.moved_at, settings.timezone)),
    ("settlement_time", lambda entry, settings: clock.spaced(entry.settles_at, settings.timezone)),
    # The document jumps from field 11 to 13. Alipay's file of the same columns has `type` between them.
    ("type", lambda entry, settings: entry.kind),
    ("status", lambda entry, settings: "L"),
    ("remarks", lambda entry, settings: entry.remarks),
    ("secondary_merchant_industry", lambda entry, settings: entry.merchant.industry),
    ("secondary_merchant_name", lambda entry, settings: entry.merchant.name),
    ("secondary_merchant_id", lambda entry, settings: entry.merchants_id),
    ("store_name", lambda entry, settings: entry.merchant.store.store_name),
    ("store_id", lambda entry, settings: entry.merchant.store.store_id),
    ("terminal_id", lambda entry, settings: entry.order.details.get("terminal_id", "")),
    ("operator_name", lambda entry, settings: entry.order.details.get("account_id")
     or entry.order.details.get("account", "")),
    ("order_scene", lambda entry, settings: SCENES[entry.order.endpoint]),
    ("trans_currency", lambda entry, settings: entry.order.currency),
    ("trans_amount", lambda entry, settings: money.text(entry.amount)),
    ("trans_forex_rate", lambda entry, settings: "1"),
)
NOT_IN_THE_DOCUMENT = "type"


def source(column: str) -> Source:
    """Where a column of the file comes from (section 14)."""
    return Source.INFERRED if column == NOT_IN_THE_DOCUMENT else Source.DOCUMENTED


def settles_at(moved_at: int, settings: Settings) -> int:
    """The instant at which a movement is settled; by default the next day at 15:00 Shanghai time."""
    return settled_later(moved_at, settings.settlement_days, settings)


def settled_later(instant: int, days: int, settings: Settings) -> int:
    """The time of settlement on the day that is `days` days after that of `instant`, in milliseconds."""
    day = clock.moment(instant, settings.timezone).date() + timedelta(days=days)
    return clock.on_day(day, settings.settlement_time, settings.timezone)


def span(start: date, end: date, settings: Settings) -> tuple[int, int]:
    """The first instant of the day `start`, and the first instant after the day `end`, in milliseconds."""
    after = min(end, date.max - timedelta(days=1)) + timedelta(days=1)
    return clock.day_start(start, settings.timezone), clock.day_start(after, settings.timezone)


def line(entry: Entry, settings: Settings) -> str:
    """The entry as a line of the file, with its line end."""
    return _csv(safe(cell(entry, settings)) for _, cell in COLUMNS)


def header() -> str:
    """The first line of the file, with the names of the columns."""
    return _csv(name for name, _ in COLUMNS)


def rows(lines: str) -> list[dict[str, str]]:
    """The cells of lines of the file (without its header), by the names of the columns."""
    names = [name for name, _ in COLUMNS]
    return [dict(zip(names, cells)) for cells in csv.reader(io.StringIO(lines, newline=""))]


def safe(value: str) -> str:
    """The value, with an apostrophe before it if a spreadsheet would take it for a formula."""
    return f"'{value}" if value.startswith(_FORMULA) and not _NUMBER.fullmatch(value) else value


def _csv(values: Iterable[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(values)
    return text.getvalue()
