"""Databases filled through the emulator's own store, with many rows in each transaction."""
import hashlib
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

from msgspec.structs import replace

from tgpay_emulator.base import durations
from tgpay_emulator.base.clock import moment
from tgpay_emulator.base.settings import Settings
from tgpay_emulator.domain import settlement
from tgpay_emulator.domain.merchants import Merchant
from tgpay_emulator.domain.wallet_orders import WalletOrder
from tgpay_emulator.operations import seeding, wallet_payments
from tgpay_emulator.operations.payments import Payments
from tgpay_emulator.store import Writer
from tgpay_emulator.store.journal import Entry, written
from tgpay_emulator.store.sqlite.schema import prepare
from tgpay_emulator.store.sqlite.store import Store

from .signing import MERCHANTS_ID, order_number

SETTINGS = Settings()
BATCH = 5_000
DAYS = 300
MARK = "ORDERNUMBER"
Write = Callable[[Writer, Merchant, int], None]


def filled(directory: Path, orders: int) -> Path:
    """A fresh copy of a database with so many orders; it is filled the first time that it is wanted."""
    original = directory / f"orders-{orders}.db"
    if not original.exists():
        _fill(original, orders, _add_order)
    copy = directory / f"copy-{time.monotonic_ns()}.db"
    shutil.copy(original, copy)
    return copy


def waiting(path: Path, orders: int) -> None:
    """Fill a database with QR orders that nobody has paid."""
    _fill(path, orders, _add_order)


def paid(path: Path, orders: int, notify_url: str) -> None:
    """Fill a database with paid orders; the notification of each is due."""
    def add(tables: Writer, merchant: Merchant, place: int) -> None:
        payments = Payments(tables, SETTINGS, merchant, _now(), "tgpayqrcode")
        order = replace(_order(merchant, place, payments.now), notify_url=notify_url)
        wallet_payments.pay(payments, payments.create(order))
    _fill(path, orders, add)


def settled(path: Path, rows: int) -> tuple[date, date]:
    """Fill a database with settled rows; answers the first and the last day of settlement."""
    today = moment(_now(), SETTINGS.timezone).date()
    _fill(path, rows, _ledger_writer(rows))
    return today - timedelta(days=DAYS), today


def sample_line(tables: Writer, merchant: Merchant) -> tuple[settlement.Entry, str]:
    """A payment as the ledger has it, and its line with a mark where the order's number belongs."""
    order = _order(merchant, 0, _now())
    paid = replace(order, out_trade_no=MARK, paid_at=order.created_at,
                   trans_id="2026010122001412341234567890",
                   details={"reference": "Watch, steel", "terminal_id": "8000000001", "account_id": "31"})
    entry = settlement.Entry(merchant.merchants_id, MARK, settlement.PAYMENT, MARK, paid.amount,
                             paid.created_at,
                             paid.created_at, paid.subject, paid, merchant)
    return entry, settlement.line(entry, SETTINGS)


@contextmanager
def opened(path: Path) -> Iterator[Store]:
    """A seeded database."""
    prepare(path)
    store = Store(path)
    try:
        with store.write() as tables:
            seeding.seed(tables, SETTINGS.seed)
        yield store
    finally:
        store.close()


def _fill(path: Path, count: int, write: Write) -> None:
    with opened(path) as store:
        for start in range(0, count, BATCH):
            with store.write() as tables:
                merchant = tables.merchants.find(MERCHANTS_ID)
                assert merchant
                for place in range(start, min(start + BATCH, count)):
                    write(tables, merchant, place)


def _order(merchant: Merchant, place: int, now: int) -> WalletOrder:
    number = order_number(place)
    return WalletOrder(merchant.merchants_id, number, "tgpayqrcode", "alipay", 100, merchant.currency,
                       merchant.rate, merchant.fee_rate, now, now + 15 * durations.DAY,
                       hashlib.md5(number.encode()).hexdigest()[:22], "", "127.0.0.1",
                       {"reference": "benchmark"})


def _add_order(tables: Writer, merchant: Merchant, place: int) -> None:
    """An order as a request leaves it, but with a long time limit: nothing falls due while it is measured."""
    now = _now()
    order = Payments(tables, SETTINGS, merchant, now, "tgpayqrcode").create(_order(merchant, place, now))
    params = {"merchants_id": order.merchants_id, "out_trade_no": order.out_trade_no, "trans_amount": "1.00",
              "sign": "0" * 32}
    tables.journal.add(Entry(now, order.merchants_id, "tgpayqrcode", order.out_trade_no, "127.0.0.1", "GET",
                             written(params), 200, "x" * 700, "OK").row)


def _ledger_writer(rows: int) -> Write:
    """Writes rows that are settled one after another over the last days; printing each anew would take
    minutes.
    """
    newest = _now() - durations.HOUR
    samples: list[tuple[settlement.Entry, str]] = []

    def add(tables: Writer, merchant: Merchant, place: int) -> None:
        if not samples:
            samples.append(sample_line(tables, merchant))
        entry, line = samples[0]
        at = newest - (rows - place) * (DAYS - 2) * durations.DAY // rows
        number = order_number(place)
        tables.ledger.add(replace(entry, out_trade_no=number, settles_at=at), line.replace(MARK, number))
    return add


def _now() -> int:
    return time.time_ns() // 1_000_000
