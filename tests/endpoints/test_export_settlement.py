"""Contract 2.10: export_settlement.php, the settlement file. Its formulas are in test_settlement."""
import csv
import io
import re

import pytest

from ..driver import Answer, Clock, Shop
from ..tables import every_row

COLUMNS = ["partner_transaction_id", "transaction_id", "amount", "rmb_amount", "fee", "settlement",
           "rmb_settlement", "currency", "rate",
           "payment_time", "settlement_time", "type", "status", "remarks", "secondary_merchant_industry",
           "secondary_merchant_name", "secondary_merchant_id", "store_name", "store_id", "terminal_id",
           "operator_name", "order_scene", "trans_currency", "trans_amount", "trans_forex_rate"]
HEADER = ",".join(COLUMNS) + "\r\n"


def rows(answer: Answer) -> list[dict[str, str]]:
    table = list(csv.reader(io.StringIO(answer.text, newline=""), strict=True))
    assert table[0] == COLUMNS and all(len(row) == len(COLUMNS) for row in table)
    return [dict(zip(COLUMNS, row)) for row in table[1:]]


def stand_at(clock: Clock, instant: str) -> None:
    clock.freeze()
    clock.set(instant)


def change(shop: Shop, **settings: object) -> None:
    shop.control.ask("PATCH", f"/merchants/{shop.merchants_id}", settings)


def settled(shop: Shop, clock: Clock) -> list[dict[str, str]]:
    """The rows of what happened on 2027-03-01 in Shanghai."""
    stand_at(clock, "2027-03-02T07:00:00Z")
    return rows(shop.settlement("2027-03-02", "2027-03-02"))


def test_the_file_is_csv_as_an_attachment_with_the_documented_name(shop: Shop):
    answer = shop.settlement("2018-04-23", "2018-04-29")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    name = re.fullmatch(r'attachment; filename="?([^"]+)"?', answer.headers["Content-Disposition"])
    assert name and name[1] == f"{shop.merchants_id}_settlement_2018-04-23_2018-04-29.csv"


def test_a_range_without_rows_is_a_header_line(shop: Shop):
    shop.pay_by_barcode()
    assert shop.settlement("2018-04-23", "2018-04-29").text == HEADER


def test_the_file_is_streamed(shop: Shop):
    headers = shop.settlement("2018-04-23", "2018-04-29").headers
    assert (headers["Transfer-Encoding"], headers["Content-Length"]) == ("chunked", None)


def test_without_start_date_the_range_is_the_one_day(shop: Shop, clock: Clock):
    for day in (1, 2, 3):
        stand_at(clock, f"2027-03-0{day}T04:00:00Z")
        shop.pay_by_barcode(out_trade_no=f"day {day}")
    stand_at(clock, "2027-03-10T00:00:00Z")
    answer = shop.ask("export_settlement", end_date="2027-03-03", sign_type=None)
    assert [row["partner_transaction_id"] for row in rows(answer)] == ["day 2"]
    assert f"{shop.merchants_id}_settlement_2027-03-03_2027-03-03.csv" in answer.headers[
        "Content-Disposition"]


@pytest.mark.parametrize("name, error",
                         [("merchants_id", "ILLEGAL_PARTNER"), ("end_date", "ILLEGAL_ARGUMENT")])
def test_a_required_parameter_is_refused_when_missing(shop: Shop, name: str, error: str):
    params = {"start_date": "2018-04-23", "end_date": "2018-04-29", name: None}
    assert shop.ask("export_settlement", **params)["error"] == error


@every_row("start, end", [
    ("2018-04-30", "2018-04-29"), ("2018-4-23", "2018-04-29"), ("2018-04-23", "2018-02-30"),
    ("23.04.2018", "2018-04-29"), ("2018-04-23", "20180429"), ("2018-04-23", "2018-04-29 00:00:00"),
    ("2018-W17-1", "2018-04-29"), ("2018-04-23", "２018-04-29"), ("0000-01-01", "2018-04-29"),
    ("2017-01-01", "2018-01-02")])
def test_dates_that_are_none_or_in_the_wrong_order_or_more_than_366_days_are_refused(
        shop: Shop, start: str, end: str):
    answer = shop.settlement(start, end)
    assert (answer.status, answer.headers["Content-Type"],
            answer["error"]) == (200, "text/xml; charset=utf-8", "ILLEGAL_ARGUMENT")


@every_row("start, end", [
    ("2017-01-01", "2018-01-01"), ("2016-01-01", "2016-12-31"), ("2016-02-29", "2016-02-29"),
    ("9999-12-31", "9999-12-31"), ("0001-01-01", "0001-01-01")])
def test_any_days_of_the_calendar_up_to_366_are_taken(shop: Shop, start: str, end: str):
    assert shop.settlement(start, end).text == HEADER


def test_a_merchant_without_the_product_is_refused(shop: Shop):
    change(shop, products=["barcode"])
    assert shop.settlement("2018-04-23", "2018-04-29")["error"] == "HAS_NO_PRIVILEGE"


def test_a_wrong_signature_is_refused_in_xml(shop: Shop):
    answer = shop.send("export_settlement", {**shop.signed(end_date="2018-04-29"), "sign": "0" * 32})
    assert (answer.headers["Content-Type"], answer["error"]) == ("text/xml; charset=utf-8", "ILLEGAL_SIGN")


def test_a_payment_is_settled_at_15_00_in_shanghai_on_the_next_day_and_not_before(shop: Shop, clock: Clock):
    stand_at(clock, "2027-03-01T15:59:59.999Z")
    shop.pay_by_barcode(out_trade_no="before midnight")
    stand_at(clock, "2027-03-01T16:00:00Z")
    shop.pay_by_barcode(out_trade_no="at midnight")
    stand_at(clock, "2027-03-02T06:59:59.999Z")
    assert rows(shop.settlement("2027-03-01", "2027-03-31")) == []
    stand_at(clock, "2027-03-02T07:00:00Z")
    settled_today, = rows(shop.settlement("2027-03-01", "2027-03-31"))
    assert (settled_today["partner_transaction_id"],
            settled_today["settlement_time"]) == ("before midnight", "2027-03-02 15:00:00")
    stand_at(clock, "2027-03-03T07:00:00Z")
    settled_later, = rows(shop.settlement("2027-03-03", "2027-03-03"))
    assert (settled_later["partner_transaction_id"], settled_later["payment_time"]) == (
        "at midnight", "2027-03-02 00:00:00")


def test_unpaid_and_failed_orders_have_no_row(shop: Shop, clock: Clock):
    stand_at(clock, "2027-03-01T04:00:00Z")
    cancelled, expired = shop.qr_order()["out_trade_no"], shop.qr_order()["out_trade_no"]
    shop.cancel(cancelled)
    shop.happens(expired, "expire")
    shop.pay_by_barcode(buyer_identity_code="287777777777700002")
    assert settled(shop, clock) == []


def test_payment_refund_and_cancellation_each_have_a_row_oldest_first(shop: Shop, clock: Clock):
    stand_at(clock, "2027-03-01T04:00:00Z")
    paid = shop.pay_by_barcode("10.00", out_trade_no="order 1", reference="invoice 7")
    stand_at(clock, "2027-03-01T05:00:00Z")
    shop.refund("order 1", "2.50", out_refund_id="refund 1", refund_reson="broken")
    stand_at(clock, "2027-03-01T06:00:00Z")
    shop.cancel("order 1")
    told = ("partner_transaction_id", "transaction_id", "amount", "rmb_amount", "fee", "settlement",
            "rmb_settlement", "payment_time",
            "type", "status", "remarks", "trans_amount")
    trans_id = paid["trans_id"]
    assert [tuple(row[name] for name in told) for row in settled(shop, clock)] == [
        ("order 1", trans_id, "10.00", "90.75", "0.06", "9.94", "90.21", "2027-03-01 12:00:00", "P", "L",
         "invoice 7", "10.00"),
        ("refund 1", trans_id, "-2.50", "-22.69", "0.00", "-2.50", "-22.69", "2027-03-01 13:00:00", "R", "L",
         "broken", "-2.50"),
        (trans_id, trans_id, "-7.50", "-68.06", "0.00", "-7.50", "-68.06", "2027-03-01 14:00:00", "R", "L",
         "cancel", "-7.50")]


def test_a_row_names_merchant_store_terminal_currency_and_rate(shop: Shop, clock: Clock):
    change(shop, name="Café", currency="EUR", rate="7.5", industry="5812",
           stores=[{"store_id": "s_7", "store_name": "Soho"}])
    stand_at(clock, "2027-03-01T04:00:00Z")
    shop.pay_by_barcode(terminal_id="80000000001", account_id="20373")
    row, = settled(shop, clock)
    told = {name: row[name] for name in COLUMNS[14:21] + ["currency", "rate", "trans_currency",
                                                          "trans_forex_rate"]}
    assert told == {
        "secondary_merchant_industry": "5812", "secondary_merchant_name": "Café",
        "secondary_merchant_id": shop.merchants_id, "store_name": "Soho", "store_id": "s_7",
        "terminal_id": "80000000001", "operator_name": "20373", "currency": "EUR",
        "rate": "7.500000", "trans_currency": "EUR", "trans_forex_rate": "1"}


@every_row("order, scene", [
    (Shop.qr_order, "shopQrCode"), (Shop.pay_by_barcode, "shopBarCode"), (Shop.h5_order, "onlineH5"),
    (Shop.prepay_order, "onlinePrepay")
], apart=True)
def test_order_scene_tells_the_endpoint_and_remarks_are_tgpay_without_a_reference(
        shop: Shop, clock: Clock, order, scene: str):
    stand_at(clock, "2027-03-01T04:00:00Z")
    shop.happens(order(shop)["out_trade_no"], "pay")
    row, = settled(shop, clock)
    assert (row["order_scene"], row["remarks"]) == (scene, "TGPay")


def test_a_refund_of_an_older_payment_is_settled_by_its_own_time(shop: Shop, clock: Clock):
    stand_at(clock, "2027-02-01T04:00:00Z")
    number = shop.pay_by_barcode()["out_trade_no"]
    stand_at(clock, "2027-03-01T04:00:00Z")
    shop.refund(number, "0.50")
    assert [(row["type"], row["amount"]) for row in settled(shop, clock)] == [("R", "-0.50")]


def test_a_row_keeps_the_rate_and_fee_of_its_payment(shop: Shop, clock: Clock):
    stand_at(clock, "2027-03-01T04:00:00Z")
    number = shop.pay_by_barcode("100.00")["out_trade_no"]
    change(shop, rate="1", fee_rate="0.5")
    shop.refund(number, "1.00")
    assert [(row["rate"], row["rmb_amount"], row["fee"]) for row in settled(shop, clock)] == [
        ("9.074800", "907.48", "0.60"), ("9.074800", "-9.07", "0.00")]


@every_row("text", ["=1+1", "+cmd", "-cmd", "@SUM(A1)", "\t=1", "\r=1", "=", "-"], apart=True)
def test_what_a_spreadsheet_would_run_as_a_formula_is_prefixed_with_an_apostrophe(
        shop: Shop, clock: Clock, text: str):
    change(shop, stores=[{"store_id": "=id", "store_name": "@home"}])
    stand_at(clock, "2027-03-01T04:00:00Z")
    shop.pay_by_barcode(out_trade_no="=order", reference=text)
    shop.refund("=order", "0.50", out_refund_id="+refund", refund_reson=text)
    payment, refund = settled(shop, clock)
    assert (payment["partner_transaction_id"], refund["partner_transaction_id"]) == ("'=order", "'+refund")
    assert (payment["remarks"], refund["remarks"]) == (f"'{text}", f"'{text}")
    assert (payment["store_name"], payment["store_id"], refund["amount"]) == ("'@home", "'=id", "-0.50")


@every_row("text", [
    "a,b", 'say "hi"', '"', "two\nlines", "two\r\nlines", ' ,",\n', "a=1", "'quoted'", "发票 №1 – café 😀",
    "tab\tinside", "a;b|c"
], apart=True)
def test_any_other_text_survives_the_file_unchanged(shop: Shop, clock: Clock, text: str):
    stand_at(clock, "2027-03-01T04:00:00Z")
    number = shop.pay_by_barcode(reference=text)["out_trade_no"]
    shop.refund(number, "0.50", refund_reson=text)
    assert [row["remarks"] for row in settled(shop, clock)] == [text, text]


def test_lines_end_as_rfc_4180_says(shop: Shop, clock: Clock):
    stand_at(clock, "2027-03-01T04:00:00Z")
    shop.pay_by_barcode(reference="plain")
    shop.pay_by_barcode(reference="quoted,")
    stand_at(clock, "2027-03-03T04:00:00Z")
    text = shop.settlement("2027-03-02", "2027-03-02").text
    assert text.startswith(HEADER) and text.endswith("\r\n")
    assert text.count("\n") == text.count("\r\n") == 3
    assert '"quoted,"' in text and '"plain"' not in text


def test_only_the_merchants_own_rows_are_in_its_file(shop: Shop, notified: Shop, clock: Clock):
    stand_at(clock, "2027-03-01T04:00:00Z")
    shop.pay_by_barcode(out_trade_no="mine")
    notified.pay_by_barcode(out_trade_no="theirs")
    assert [row["partner_transaction_id"] for row in settled(shop, clock)] == ["mine"]
