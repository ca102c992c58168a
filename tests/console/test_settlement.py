"""Settlement in the console (contract 2.10, 5.5): the sums of days agree with the file, its lines, its chart,
its download.
"""
import csv
import io
import re
from collections.abc import Iterable
from decimal import Decimal

import pytest
from lxml import html
from playwright.sync_api import expect

from ..browser import DESK, Visitor
from ..driver import Answer, Clock, Control, Shop, exchange
from ..tables import every_row
from .desk import OWN_FORM, Desk, rows, told, words

KINDS = ("row missing", "duplicate row", "one day late", "fee off by a penny", "amount off by a penny",
         "unknown row")
DAY, NEXT_DAY, NOON = "2027-03-02", "2027-03-03", "2027-03-01T04:00:00Z"
SETTLED = "2027-03-02T07:00:00Z"


def at(shop: Shop, path: str = "/settlement") -> str:
    return f"{path}{'&' if '?' in path else '?'}merchants_id={shop.merchants_id}"


@pytest.fixture
def trading(shop: Shop, clock: Clock) -> Shop:
    """A shop on 2027-03-01: three payments that all round, a refund and a cancellation."""
    clock.freeze()
    clock.set(NOON)
    first = shop.pay_by_barcode("123.45")["out_trade_no"]
    shop.refund(first, "23.33")
    second = shop.pay_by_barcode("0.99")["out_trade_no"]
    shop.cancel(second)
    shop.card_payment(trans_amount="77.77")
    return shop


def in_file(shop: Shop, kind: str, *columns: str) -> Decimal:
    """The sum of columns of the gateway's own file, of payments or refunds."""
    table = list(csv.DictReader(io.StringIO(shop.settlement(DAY, DAY).text, newline="")))
    return sum((Decimal(row[column]) for row in table for column in columns if row["type"] in kind),
               Decimal())


def sums(cells: Iterable[str]) -> list[str]:
    """The amounts in some cells, in the currency and in CNY, without symbols and separators."""
    return [re.sub("[£¥,]", "", word) for cell in cells for word in cell.split() if "." in word]


def test_the_sums_of_a_day_are_those_of_the_file(desk: Desk, trading: Shop, clock: Clock) -> None:
    clock.set(SETTLED)
    row, = desk.page(at(trading)).xpath("//table/tbody/tr")
    cells = [words(cell) for cell in row.xpath("td")]
    assert cells[0] == DAY
    fees = in_file(trading, "PR", "rmb_amount") - in_file(trading, "PR", "rmb_settlement")
    assert sums(cells[1:]) == list(map(str, [
        in_file(trading, "P", "amount"), in_file(trading, "P", "rmb_amount"), in_file(trading, "R", "amount"),
        in_file(trading, "R", "rmb_amount"), in_file(trading, "PR", "fee"), fees,
        in_file(trading, "PR", "settlement"), in_file(trading, "PR", "rmb_settlement")]))


def test_what_is_to_be_settled_is_shown_before_its_time(desk: Desk, trading: Shop, clock: Clock) -> None:
    assert rows(desk.page(at(trading)))[0].startswith(f"{DAY} not settled yet")
    assert "not settled yet" in words(desk.page(at(trading, f"/settlement/{DAY}")))
    clock.set(SETTLED)
    assert "not settled yet" not in words(desk.page(at(trading)))


@pytest.mark.exhaustive
def test_the_lines_of_a_day_lead_to_their_orders(visitor: Visitor, trading: Shop) -> None:
    with visitor.at(f"{trading.control.url}/console{at(trading)}", width=DESK) as page:
        page.get_by_role("link", name=DAY).click()
        expect(page.locator("#day tbody tr")).to_have_count(5)
        expect(page.locator("#day tbody tr").nth(1)).to_contain_text("-£23.33")
        page.locator("#day tbody a").first.click()
        expect(page.get_by_role("heading", level=1)).to_contain_text(trading.merchants_id)


@pytest.mark.exhaustive
def test_many_lines_are_read_page_by_page(desk: Desk, shop: Shop, clock: Clock) -> None:
    clock.freeze()
    clock.set(NOON)
    numbers = [shop.pay_by_barcode("0.01")["out_trade_no"] for _ in range(53)]
    first = desk.page(at(shop, f"/settlement/{DAY}"))
    following, = first.xpath("//a[@rel='next']/@href")
    second = desk.page(following)
    assert [row.split()[0] for row in rows(first) + rows(second)] == numbers
    assert (len(rows(second)), second.xpath("//a[@rel='next']")) == (3, [])


def test_the_download_is_what_the_gateway_exports(desk: Desk, trading: Shop, clock: Clock) -> None:
    clock.set("2027-03-02T06:59:59Z")
    assert len(desk.ask("GET", at(trading, f"/settlement.csv?start={DAY}&end={DAY}")).text.splitlines()) == 1
    clock.set(SETTLED)
    link, = desk.page(at(trading)).xpath("//a[@download]/@href")
    answer, exported = desk.ask("GET", link), trading.settlement("2027-02-17", DAY)
    assert (answer.status, answer.text) == (200, exported.text)
    assert answer.headers["Content-Disposition"] == exported.headers["Content-Disposition"]
    assert len(answer.text.splitlines()) == 6


def test_the_chart_has_a_bar_for_each_day_and_the_table_says_the_same(
        desk: Desk, trading: Shop, clock: Clock) -> None:
    clock.set("2027-03-02T04:00:00Z")
    trading.pay_by_barcode("50.00")
    page = desk.page(at(trading, f"/settlement?start=2027-02-28&end={NEXT_DAY}"))
    wide, narrow = page.find_class("bars")
    assert [(svg.get("role"), svg.get("aria-label")) for svg in (wide, narrow)] == [
        ("img", "Payments and refunds per day, GBP")] * 2
    heights = {kind: [float(bar.get("height")) for bar in wide.find_class(kind)] for kind in "PR"}
    assert heights["P"][:2] == [0, 0] and heights["R"][3] == 0
    assert heights["P"][2] / heights["P"][3] == pytest.approx(202.21 / 50, rel=.01)
    assert heights["R"][2] / heights["P"][3] == pytest.approx(24.32 / 50, rel=.01)
    assert [row.split()[0] for row in rows(page)] == [NEXT_DAY, DAY]
    assert [words(title) for title in narrow.iter("title")][2:] == [
        f"{DAY}: Payments £202.21, Refunds -£24.32", f"{NEXT_DAY}: Payments £50.00, Refunds £0.00"]
    assert [words(label) for label in wide.find_class("value")] == [
        "£250", "£200", "£150", "£100", "£50", "£0", "-£50"]


def test_the_chart_of_several_currencies_is_in_cny(desk: Desk, trading: Shop, clock: Clock) -> None:
    trading.control.ask("PATCH", f"/merchants/{trading.merchants_id}",
                        {"currency": "EUR", "rate": "7.80000000"})
    trading.pay_by_barcode("1000.00")
    clock.set(SETTLED)
    page = desk.page(at(trading, f"/settlement?start={DAY}&end={DAY}"))
    title, *_ = page.find_class("bars")[0].iter("title")
    converted = sum(Decimal(row["rmb_amount"]) for row in csv.DictReader(io.StringIO(
        desk.ask("GET", at(trading, f"/settlement.csv?start={DAY}&end={DAY}")).text, newline=""))
        if row["type"] == "P")
    assert f"Payments ¥{converted:,}" in words(title)
    assert "Several currencies, converted to CNY" in words(page.get_element_by_id("settlement"))


def test_another_currency_has_its_own_row(desk: Desk, trading: Shop) -> None:
    trading.control.ask("PATCH", f"/merchants/{trading.merchants_id}",
                        {"currency": "EUR", "rate": "7.80000000"})
    trading.pay_by_barcode("10.00")
    assert ["€" in row for row in rows(desk.page(at(trading)))] == [False, True]


@pytest.mark.parametrize("injected, word, names, marked", [
    ("missing", "row missing", ["Expected", "No row in the file"], []),
    ("duplicate", "duplicate row", ["Expected", "In the file", "In the file again"], []),
    ("fee_off", "fee off by a penny", ["Expected", "In the file"], ["1.21", "198.79"]),
    ("amount_off", "amount off by a penny", ["Expected", "In the file"],
     ["200.01", "198.81", "1804.17"])])
def test_what_is_injected_is_laid_beside_the_truth_and_the_difference_marked(
        desk: Desk, trading: Shop, injected: str, word: str, names: list[str], marked: list[str]) -> None:
    trading.control.ask("PUT", "/scenario",
                        {"merchants_id": trading.merchants_id,
                         "rules": [{"then": {"settlement": [injected]}}]})
    trading.pay_by_barcode("200.00")
    assert rows(desk.page(at(trading)))[0].endswith(" 1")
    row = desk.page(at(trading, f"/settlement/{DAY}")).xpath("//table[@class='list']/tbody/tr")[-1]
    assert "Amount £200.00 Fees £1.20 Net £198.80" in words(row) and word in words(row)
    link, = row.xpath(".//a[starts-with(@href, '#')]/@href")
    compared, = desk.page(at(trading, f"/settlement/{DAY}")).xpath(f"//*[@id='{link[1:]}']")
    assert [words(name) for name in compared.xpath(".//tbody//th")] == names
    assert "200.00 1.20 198.80" in words(compared.xpath(".//tbody/tr")[0])
    assert [words(mark) for mark in compared.iter("mark")][:2] == marked[:2]


def test_an_unknown_row_and_a_late_one_are_marked(desk: Desk, trading: Shop) -> None:
    trading.plays({"then": {"settlement": ["next_day", "unknown_row"]}})
    number = trading.pay_by_barcode("200.00")["out_trade_no"]
    compared, = desk.page(at(trading, f"/settlement/{NEXT_DAY}")).xpath("//*[@class='compare']")
    names = [words(name) for name in compared.xpath(".//tbody//th")]
    assert names == ["Expected", "In the file", "In the file, not expected"]
    late, unknown = compared.xpath(".//tbody/tr")[1:]
    assert [words(mark) for mark in late.iter("mark")] == [f"{NEXT_DAY} 15:00:00"]
    assert number not in words(unknown) and len(list(unknown.iter("mark"))) == 7


def test_under_all_merchants_are_the_days_of_all(desk: Desk, trading: Shop, control: Control) -> None:
    other = control.shop()
    other.pay_by_barcode("7.00")
    page = desk.page(f"/settlement?start={DAY}&end={DAY}")
    told = {row.split()[4] if "settled" in row else row.split()[1]: row for row in rows(page)}
    assert {trading.merchants_id, other.merchants_id} <= set(told)
    assert "£202.21" in told[trading.merchants_id] and "£7.00" in told[other.merchants_id]
    link, = page.xpath(f"//tbody//a[contains(@href, '{other.merchants_id}')]/@href")
    assert "7.00" in rows(desk.page(link))[0]
    assert page.xpath("//a[@download]") == []
    answer = desk.ask("GET", f"/settlement/{DAY}")
    assert answer.status == 303 and f"start={DAY}" in answer.headers["Location"]
    control.ask("DELETE", f"/merchants/{other.merchants_id}")


def uploaded(desk: Desk, name: str, text: str, path: str = "/settlement/check") -> Answer:
    """The answer to an upload of a file, as a browser sends it."""
    body = (f'--cut\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            f"Content-Type: text/csv\r\n\r\n{text}\r\n--cut--\r\n")
    return exchange(f"{desk.url}/console{path}", "POST", body.encode(),
                    {**OWN_FORM, "Content-Type": "multipart/form-data; boundary=cut"})


def test_an_uploaded_list_is_checked_and_each_discrepancy_has_its_verdict(
        desk: Desk, shop: Shop, clock: Clock) -> None:
    clock.freeze()
    clock.set(NOON)
    shop.plays(name="settlement-each-discrepancy")
    numbers = [shop.pay_by_barcode(f"1{place}.00")["out_trade_no"] for place in range(7)]
    clock.set("2027-03-05T04:00:00Z")
    exported = shop.settlement(DAY, NEXT_DAY)
    page = html.fromstring(uploaded(desk, f"{shop.merchants_id}_settlement_{DAY}_{NEXT_DAY}.csv",
                                    exported.text).text)
    assert "The list is not correct." in words(page.get_element_by_id("main"))
    another, = page.xpath("//section[@aria-labelledby='another']//form")
    assert another.get("action").endswith(f"/settlement/check?merchants_id={shop.merchants_id}")
    verdicts = rows(page)
    assert len(verdicts) == 6 and all("Missed" in row for row in verdicts)
    assert {kind for kind in KINDS for row in verdicts if kind in row} == set(KINDS)
    own = "out_trade_no,amount\n" + "".join(
        f"{number},1{place}.00\n" for place, number in enumerate(numbers))
    page = html.fromstring(uploaded(desk, "own.csv", own, at(shop, "/settlement/check")).text)
    told = words(page.get_element_by_id("main"))
    assert "The list is correct. Rows in the list: 7 · Expected rows: 7" in told
    assert (told.count("Noticed"), told.count("Undecided")) == (4, 2)
    wrong = html.fromstring(uploaded(desk, "own.csv", own.replace("16.00", "17.00"),
                                     at(shop, "/settlement/check")).text)
    assert numbers[6] in words(wrong.get_element_by_id("differences"))
    chinese = html.fromstring(uploaded(desk, "own.csv", own.replace("16.00", "17.00"),
                                       at(shop, "/settlement/check?lang=zh")).text)
    assert chinese.xpath("//main//*[@lang='en']") == []
    difference, = chinese.get_element_by_id("differences")
    assert words(difference) == f"列表第 7 行 {numbers[6]} 的金额为 17.00；正确的是 16.00"
    assert "列表中没有未知记录" in words(chinese.get_element_by_id("verdicts"))


@every_row("name, text, path, sentence", [
    ("own.csv", "out_trade_no,amount\n1,1.00\n", "/settlement/check", "Choose a merchant at the top"),
    ("own.csv", "out_trade_no,sum\n1,1.00\n", "/settlement/check?merchants_id=201703200001",
     "own.csv, line 1: the first line must name the columns"),
    ("own.csv", "out_trade_no,amount\n1,free\n", "/settlement/check?merchants_id=201703200001",
     "own.csv, line 2: has the amount 'free'"),
    ("", "", "/settlement/check", "Choose a file first")])
def test_a_list_that_cannot_be_checked_is_told(desk: Desk, name: str, text: str, path: str,
                                               sentence: str) -> None:
    answer = uploaded(desk, name, text, path)
    assert answer.status == 303
    desk.cookies.update(cookie.partition("=")[::2] for cookie in [
        answer.headers["Set-Cookie"].partition(";")[0]])
    assert sentence in told(desk.page(answer.headers["Location"]))


def test_a_merchant_without_any_is_told_what_to_do_and_the_page_does_it(
        visitor: Visitor, shop: Shop, clock: Clock) -> None:
    clock.freeze()
    clock.set(NOON)
    with visitor.at(f"{shop.control.url}/console{at(shop)}", width=DESK) as page:
        expect(page.locator(".empty")).to_contain_text("Make a payment, then advance the clock")
        page.get_by_role("button", name="Advance the clock by one day").click()
        expect(page.locator(".told.good")).to_contain_text("2027-03-02 12:00:00")


@every_row("path, status, sentence", [
    ("/settlement.csv?start=2027-03-02&end=2027-03-01", 422,
     "start_date 2027-03-02 is after end_date 2027-03-01"),
    ("/settlement.csv?start=2020-01-01&end=2027-03-01", 422, "more than 366 days"),
    ("/settlement.csv", 422, "is not a date"),
    ("/settlement.csv?start=%3Cb%3E&end=2027-02-31", 422, "is not a day of the calendar"),
    ("/settlement?start=yesterday", 404, "is not a date"),
    ("/settlement/2027-02-31", 404, "is not a day of the calendar"),
    ("/settlement?merchants_id=nobody", 404, "there is no merchant nobody"),
])
def test_what_cannot_be_shown_is_told(desk: Desk, path: str, status: int, sentence: str) -> None:
    answer = desk.ask("GET", path)
    assert (answer.status, sentence in answer.text, "<b>" in answer.text) == (status, True, False)


@every_row("query, expected", [
    ("start=2027-03-03&end=2027-03-01", ("2027-03-01", "2027-03-03")),
    ("start=2001-01-01&end=2027-03-01", ("2026-12-30", "2027-03-01")),
    ("end=2027-03-01", ("2027-02-16", "2027-03-01")),
])
def test_a_range_is_put_right(desk: Desk, shop: Shop, query: str, expected: tuple[str, str]) -> None:
    page = desk.page(at(shop, f"/settlement?{query}"))
    assert tuple(page.xpath("//input[@type='date']/@value")) == expected
