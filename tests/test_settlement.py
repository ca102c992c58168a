"""Contract 2.10: what the settlement file says about money, against a model with Decimal that knows nothing
of the emulator.
"""
import csv
import io
import random
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tgpay_emulator.base.settings import Settings
from tgpay_emulator.domain import settlement
from tgpay_emulator.domain.merchants import Merchant
from tgpay_emulator.domain.wallet_orders import WalletOrder
from tgpay_emulator.store.sqlite.schema import prepare
from tgpay_emulator.store.sqlite.store import Store

from .driver import ALIPAY_CODE, WECHAT_CODE, Clock, Control, Shop
from .tables import every_row

SHANGHAI = timezone(timedelta(hours=8))
COLUMNS = ["partner_transaction_id", "transaction_id", "amount", "rmb_amount", "fee", "settlement",
           "rmb_settlement", "currency", "rate",
           "payment_time", "settlement_time", "type", "status", "remarks", "secondary_merchant_industry",
           "secondary_merchant_name", "secondary_merchant_id", "store_name", "store_id", "terminal_id",
           "operator_name", "order_scene", "trans_currency", "trans_amount", "trans_forex_rate"]
SCENES = {"tgpaybarcode": "shopBarCode", "tgpayqrcode": "shopQrCode", "tgpayh5": "onlineH5",
          "tgpayprepay": "onlinePrepay"}
REFERENCES = (("", "TGPay"), ("invoice 7", "invoice 7"), ('a,"b"\nc', 'a,"b"\nc'), ("=1+1", "'=1+1"),
              ("发票 😀", "发票 😀"))
STEPS = ("1ms", "59s", "9m", "3h", "11h", "23h")

Row = dict[str, str]


def rounded(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def columns_of_money(amount: Decimal, rate: Decimal, fee_rate: Decimal) -> Row:
    """amount, rmb_amount, fee, settlement, rmb_settlement: the fee rate of a refund is 0. Adding 0 takes the
    sign from a zero.
    """
    cny = rounded(amount * rate)
    fee = rounded(amount * fee_rate)
    values = amount, cny, fee, amount - fee, cny - rounded(cny * fee_rate)
    return dict(zip(COLUMNS[2:7], (f"{value + 0:.2f}" for value in values)))


def parsed(text: str) -> list[Row]:
    table = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert table[0] == COLUMNS
    return [dict(zip(COLUMNS, row, strict=True)) for row in table[1:]]


ORDER = WalletOrder("29", "29-1", "tgpayqrcode", "alipay", 1_000, "GBP", 907_480_000, 600_000, 0, 900_000,
                    "token", "", "127.0.0.1", paid_at=0)
MERCHANT = Merchant("29", "t" * 32, "Shop")
ENTRY = settlement.Entry("29", "29-1", "P", "29-1", 1_000, 0, 0, "TGPay", ORDER, MERCHANT)


def six_places(rate: Decimal) -> str:
    """A rate as the file prints it, while sums are made with all its eight places."""
    return str(rate.quantize(Decimal("0.000001"), ROUND_HALF_UP))


@given(st.decimals("0.01", "1000000", places=2), st.decimals("0.0001", "100000", places=8),
       st.decimals(0, 1, places=8), st.booleans())
def test_money_columns_are_the_formulas_of_the_contract(amount: Decimal, rate: Decimal, fee_rate: Decimal,
                                                        is_refund: bool):
    order = replace(ORDER, amount=int(amount * 100), rate=int(rate * 10**8), fee_rate=int(fee_rate * 10**8))
    sign = -1 if is_refund else 1
    entry = replace(ENTRY, kind="R" if is_refund else "P", amount=sign * order.amount, order=order)
    row, = parsed(settlement.header() + settlement.line(entry, Settings()))
    expected = columns_of_money(sign * amount, rate, Decimal(0) if is_refund else fee_rate)
    assert {name: row[name] for name in expected} == expected
    assert (row["rate"], row["trans_amount"]) == (six_places(rate), expected["amount"])


@every_row("settings, moved, settled", [
    ({}, "2027-03-01T00:00:00+08:00", "2027-03-02T15:00:00+08:00"),
    ({}, "2027-03-01T23:59:59.999+08:00", "2027-03-02T15:00:00+08:00"),
    ({}, "2027-12-31T15:00:00+08:00", "2028-01-01T15:00:00+08:00"),
    ({"settlement_days": "0", "settlement_time": "09:30"}, "2027-03-01T08:00:00+08:00",
     "2027-03-01T09:30:00+08:00"),
    ({"settlement_days": "3"}, "2027-02-27T08:00:00+08:00", "2027-03-02T15:00:00+08:00"),
    ({"timezone": "Europe/London"}, "2027-06-01T23:30:00+01:00", "2027-06-02T15:00:00+01:00"),
    ({"timezone": "Europe/London"}, "2027-03-27T12:00:00+00:00", "2027-03-28T15:00:00+01:00"),
    ({"timezone": "Europe/London"}, "2027-10-30T12:00:00+01:00", "2027-10-31T15:00:00+00:00")])
def test_settlement_is_at_15_00_on_the_next_day_unless_set_otherwise(
        settings: dict[str, str], moved: str, settled: str):
    at, expected = (round(datetime.fromisoformat(text).timestamp() * 1_000) for text in (moved, settled))
    assert settlement.settles_at(at, Settings(settings)) == expected


def test_a_file_of_many_pages_is_read_in_pieces_and_has_each_line_once_and_in_order(tmp_path: Path):
    prepare(tmp_path / "emulator.db")
    store = Store(tmp_path / "emulator.db")
    lines = [f"line {number}\r\n" for number in range(5_001)]
    with store.write() as tables:
        for number, line in enumerate(lines):
            tables.ledger.add(replace(ENTRY, settles_at=1_000 + number // 3_000), line)
        tables.ledger.add(replace(ENTRY, settles_at=1_002), "after the range\r\n")
        tables.ledger.add(replace(ENTRY, settles_at=999), "before the range\r\n")
    pieces = list(store.read().ledger.lines("29", 1_000, 1_002))
    store.close()
    assert "".join(pieces) == "".join(lines)
    assert len(pieces) > 1 and max(map(len, pieces)) < len("".join(lines)) / 2


class Books:
    """A merchant whose every movement of money is written down a second time."""

    def __init__(self, shop: Shop, clock: Clock, chance: random.Random) -> None:
        self.shop, self.clock, self.chance = shop, clock, chance
        self.rows: list[tuple[datetime, Row]] = []
        self.paid: dict[str, Row] = {}
        self.left: dict[str, Decimal] = {}
        self.paid_at: dict[str, datetime] = {}
        clock.freeze()
        clock.set("2027-03-01T00:00:00Z")

    def now(self) -> datetime:
        return datetime.fromisoformat(self.shop.control.get("/clock")["now"]).astimezone(SHANGHAI)

    def write(self, base: Row, amount: Decimal, fee_rate: Decimal, **columns: str) -> Row:
        now = self.now()
        settles = now.replace(hour=15, minute=0, second=0, microsecond=0) + timedelta(days=1)
        row = {**base, **columns_of_money(amount, Decimal(self.shop.made["rate"]), fee_rate),
               "trans_amount": f"{amount:.2f}",
               "payment_time": f"{now:%Y-%m-%d %H:%M:%S}", "settlement_time": f"{settles:%Y-%m-%d %H:%M:%S}",
               **columns}
        self.rows.append((settles, row))
        return row

    def pay(self) -> None:
        shop, number, endpoint = self.shop, self.shop.number(), self.chance.choice(list(SCENES))
        wallet, (reference, remarks) = self.chance.choice(("alipay", "wechat")), self.chance.choice(
            REFERENCES)
        amount = Decimal(self.chance.choice((1, 83, 84, self.chance.randrange(1, 10**4),
                                             self.chance.randrange(1, 10**8)))) / 100
        device = ({"account_id": "20373", "terminal_id": "80000000001"}
                  if endpoint in ("tgpaybarcode", "tgpayqrcode") else {})
        order = {"tgpaybarcode": shop.pay_by_barcode, "tgpayqrcode": shop.qr_order, "tgpayh5": shop.h5_order,
                 "tgpayprepay": shop.prepay_order}[endpoint]
        code = ({"buyer_identity_code": WECHAT_CODE if wallet == "wechat" else ALIPAY_CODE}
                if endpoint == "tgpaybarcode" else {})
        reference, remarks = (None, "TGPay") if endpoint == "tgpayprepay" else (reference, remarks)
        assert order(str(amount), out_trade_no=number, pay_type=wallet, reference=reference, **device,
                     **code)["is_success"] == "T"
        if endpoint != "tgpaybarcode":
            assert shop.happens(number, "pay").status == 200
        base = {
            "partner_transaction_id": number, "transaction_id": shop.query(number)["trans_id"],
            "currency": shop.made["currency"], "rate": six_places(Decimal(shop.made["rate"])), "type": "P",
            "status": "L", "remarks": remarks, "secondary_merchant_industry": shop.made["industry"],
            "secondary_merchant_name": shop.made["name"], "secondary_merchant_id": shop.merchants_id,
            "store_name": "Soho", "store_id": "s_7", "terminal_id": device.get("terminal_id", ""),
            "operator_name": device.get("account_id", ""), "order_scene": SCENES[endpoint],
            "trans_currency": shop.made["currency"], "trans_forex_rate": "1"}
        self.paid[number] = self.write(base, amount, Decimal(shop.made["fee_rate"]))
        self.left[number], self.paid_at[number] = amount, self.now()

    def refund(self) -> None:
        number = self.chance.choice([number for number, left in self.left.items() if left] or [None])
        if number:
            part = Decimal(self.chance.randint(1, int(self.left[number] * 100))) / 100
            chosen = self.chance.choice((None, f"r{len(self.rows)}"))
            reason = self.chance.choice((None, "broken"))
            answer = self.shop.refund(number, str(part), out_refund_id=chosen, refund_reson=reason)
            assert (answer["result_code"], chosen in (None, answer["partner_refund_id"])) == ("SUCCESS", True)
            self.left[number] -= part
            self.write(self.paid[number], -part, Decimal(0), type="R", remarks=reason or "",
                       partner_transaction_id=answer["partner_refund_id"])

    def cancel(self) -> None:
        number = self.chance.choice([*self.left, None])
        if number and self.left[number] and self.now() - self.paid_at[number] <= timedelta(days=1):
            assert self.shop.cancel(number)["result_code"] == "SUCCESS"
            left, self.left[number] = self.left[number], Decimal(0)
            self.write(self.paid[number], -left, Decimal(0), type="R", remarks="cancel",
                       partner_transaction_id=self.paid[number]["transaction_id"])

    def settled(self, first: str, last: str) -> list[Row]:
        now = self.now()
        return [row for at, row in self.rows if at <= now and first <= f"{at:%Y-%m-%d}" <= last]


@pytest.fixture
def books(request: pytest.FixtureRequest, control: Control, clock: Clock) -> Iterator[Books]:
    chance = random.Random(request.param)
    shop = control.shop(currency=chance.choice(("GBP", "EUR", "USD")), rate=f"{chance.uniform(0.5, 12):.8f}",
                        fee_rate=f"{chance.choice((0.006, 0.0125, chance.random())):.8f}",
                        name="Watches, \"Clocks\"", stores=[{"store_id": "s_7", "store_name": "Soho"}])
    yield Books(shop, clock, chance)
    control.ask("DELETE", f"/merchants/{shop.merchants_id}")


@pytest.mark.sampled
@pytest.mark.parametrize("books",
                         [1, 2, *(pytest.param(seed, marks=pytest.mark.exhaustive) for seed in (3, 4))],
                         indirect=True)
def test_the_files_of_any_days_have_every_movement_of_money_that_is_settled_and_nothing_else(books: Books):
    for step in range(80):
        books.chance.choice((books.pay, books.pay, books.refund, books.refund, books.cancel))()
        books.clock.advance(books.chance.choice(STEPS))
        if step % 20 == 19:
            assert parsed(books.shop.settlement("2027-03-01", "2027-12-31").text) == books.settled(
                "2027-03-01", "2027-12-31")
    books.clock.advance("2d")
    days = [f"2027-{month:02d}-{day:02d}" for month in (3, 4) for day in range(1, 31)]
    for first, last in [("2027-03-01", "2027-12-31"),
                        *(sorted(books.chance.sample(days, 2)) for _ in range(10)), *zip(days, days)]:
        assert parsed(books.shop.settlement(first, last).text) == books.settled(first, last)
    assert {row["type"] for _, row in books.rows} == {"P", "R"}
