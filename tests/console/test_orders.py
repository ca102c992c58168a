"""The list of orders: newest first, searched, narrowed, page after page (contract 5.5)."""
import shlex
import subprocess

from tgpay_emulator.store.order_states import STATES

from ..driver import Clock, Control, Receiver, Shop, card_of, exchange
from ..tables import every_row
from .desk import Desk, rows, words

PAGE = 50


def numbers(desk: Desk, shop: Shop, **asked: object) -> list[str]:
    """The order numbers of a page of the list."""
    page = desk.page("/orders", merchants_id=shop.merchants_id, **asked)
    return [words(link) for link in page.find_class("whole")]


def test_orders_are_listed_newest_first_each_with_its_state_in_a_word(desk: Desk, busy: Shop) -> None:
    told = rows(desk.page("/orders", merchants_id=busy.merchants_id))
    states = ["Waiting for payment", "Paid", None, "Waiting for review", "Failed", "Paid", "Expired",
              "Refunded", "Partially refunded"]
    assert len(told) == len(states)
    assert [word for row, word in zip(told, states) if word and word not in row] == []
    assert "-£29.00 £129.00" in told[-1]


def figures(desk: Desk, **asked: str) -> dict[str, str]:
    """The figures above the list, by their name."""
    shown = desk.page("/orders", **asked).get_element_by_id("figures")
    return {words(figure.find("dt")): words(figure.find("dd")) for figure in shown.findall("div")}


def test_the_figures_above_the_list_are_of_today_and_of_the_merchant_in_the_filter(
        desk: Desk, control: Control, receiver: Receiver) -> None:
    shop = control.shop(notify_url=receiver.url)
    try:
        mine = {"merchants_id": shop.merchants_id}
        assert set(figures(desk, **mine).values()) == {"0"}
        receiver.answers = [(500, b"")]
        paid = [shop.qr_order(amount)["out_trade_no"] for amount in ("1300.00", "19.99", "8.00")]
        for number in paid:
            shop.happens(number, "pay")
        shop.qr_order("77.00")
        shop.refund(paid[1], "9.99")
        shop.refund(paid[1], "1.00")
        shop.attend()
        shop.at_terminal()
        assert figures(desk, **mine) == {
            "Paid today": "£1,327.99 Payments: 3", "Refunded today": "£10.99 Refunds: 2",
            "Failed notifications": "0", "Terminal payments in progress": "1"}
        control.post("/clock", {"merchants_id": shop.merchants_id, "advance": "2d"})
        later = figures(desk, **mine)
        assert (later["Paid today"], later["Refunded today"]) == ("0", "0")
        assert int(later["Failed notifications"].rstrip("+")) > 0
    finally:
        control.ask("DELETE", f"/merchants/{shop.merchants_id}")


@every_row("search, references", [
    ("", ["Watch, steel", "Strap 100%", "Ring_1"]), ("STEEL", ["Watch, steel"]), ("100%", ["Strap 100%"]),
    ("g_1", ["Ring_1"]), ("_", ["Ring_1"]),
    ("8", None),
    ("8.00", ["Strap 100%"]), ("12.5", ["Watch, steel"]), ("'; DROP TABLE orders; --", []), ("\\", []),
    ("nowhere", []),
], apart=True)
def test_a_search_finds_parts_of_references_and_whole_amounts(
        desk: Desk, shop: Shop, search: str, references: list[str] | None) -> None:
    made = {reference: shop.qr_order(amount, reference=reference)["out_trade_no"]
            for reference, amount in (("Watch, steel", "12.50"), ("Strap 100%", "8.00"), ("Ring_1", "7.00"))}
    found = numbers(desk, shop, search=search)
    if references is None:  # digits are in some order numbers too
        assert made["Strap 100%"] in found
    else:
        assert sorted(found) == sorted(made[reference] for reference in references)


def test_a_search_finds_a_part_of_an_order_number_and_of_a_trade_number(desk: Desk, shop: Shop) -> None:
    first, second = (shop.qr_order()["out_trade_no"] for _ in range(2))
    shop.happens(second, "pay")
    assert numbers(desk, shop, search=first[-6:]) == [first]
    assert numbers(desk, shop, search=shop.story(second)["trans_id"][4:]) == [second]


@every_row("asked, kinds", [
    ({"status": "TRADE_SUCCESS"}, ["paid"]), ({"status": "WAIT_BUYER_PAY"}, ["waiting", "h5"]),
    ({"status": "TRADE_CLOSED"}, []), ({"endpoint": "tgpayh5"}, ["h5"]),
    ({"endpoint": "tgpayqrcode", "status": "WAIT_BUYER_PAY"}, ["waiting"]),
], apart=True)
def test_filters_narrow_together(desk: Desk, shop: Shop, asked: dict[str, str], kinds: list[str]) -> None:
    made = {"paid": shop.qr_order()["out_trade_no"], "waiting": shop.qr_order()["out_trade_no"],
            "h5": shop.h5_order()["out_trade_no"]}
    shop.happens(made["paid"], "pay")
    assert sorted(numbers(desk, shop, **asked)) == sorted(made[kind] for kind in kinds)


def test_only_the_merchant_that_is_chosen_is_listed_and_stays_chosen_on_every_way(
        desk: Desk, shop: Shop, busy: Shop) -> None:
    own = shop.qr_order()["out_trade_no"]
    assert numbers(desk, shop) == [own]
    page = desk.page("/orders", merchants_id=shop.merchants_id)
    ways = [link.get("href") for link in page.xpath("//nav//a | //table//a")
            if link.get("href").startswith("/console")]
    assert ways and [way for way in ways if shop.merchants_id not in way] == []


def test_older_orders_are_a_page_further_without_a_gap_or_a_repetition(desk: Desk, shop: Shop) -> None:
    made = [shop.qr_order()["out_trade_no"] for _ in range(PAGE + 2)]
    page = desk.page("/orders", merchants_id=shop.merchants_id)
    first = [words(link) for link in page.find_class("whole")]
    shop.qr_order()  # what comes in between moves nothing
    older, = page.xpath("//a[@rel='next']")
    second = [words(link) for link in desk.page(older.get("href")).find_class("whole")]
    assert (len(first), first + second) == (PAGE, made[::-1])
    assert desk.page(older.get("href")).xpath("//a[@rel='next']") == []


@every_row("before", ["x", "-1", "1e3", "9" * 30, "٣"], apart=True)
def test_a_place_that_is_none_is_the_beginning(desk: Desk, shop: Shop, before: str) -> None:
    number = shop.qr_order()["out_trade_no"]
    assert numbers(desk, shop, before=before) == [number]


def test_the_example_of_an_empty_list_makes_an_order(desk: Desk, shop: Shop) -> None:
    page = desk.page("/orders", merchants_id=shop.merchants_id)
    command, = (words(part) for part in page.xpath("//pre"))
    assert page.find_class("copy")[0].get("data-copy") == command
    answer = subprocess.run(shlex.split(command), capture_output=True, text=True, check=True).stdout
    assert "<is_success>T</is_success>" in answer
    assert len(numbers(desk, shop)) == 1


def test_html_in_order_numbers_and_references_is_shown_not_run(desk: Desk, busy: Shop) -> None:
    text = desk.ask("GET", "/orders", merchants_id=busy.merchants_id).text
    assert "<script>alert(1)" not in text and "<img src=x" not in text and "<b>busy" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


@every_row("path", ["/orders", "/notifications", "/journal"])
def test_a_page_has_a_strict_policy_and_shows_no_token(desk: Desk, busy: Shop, path: str) -> None:
    answer = desk.ask("GET", path, merchants_id=busy.merchants_id)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert busy.token not in answer.text
    assert " style=" not in answer.text and " onclick=" not in answer.text and "<style" not in answer.text


def test_the_first_view_is_light(desk: Desk, busy: Shop) -> None:
    page = desk.ask("GET", "/orders", merchants_id=busy.merchants_id)
    loaded = ["/static/palette.css", "/static/console.css", "/static/icon.svg", "/static/copy.js",
              *(f"/static/console/{name}.js" for name in ("page", "clock", "forms", "live", "morph"))]
    assert len(page.raw) + sum(len(exchange(f"{desk.url}{path}").raw) for path in loaded) < 150_000


@every_row("asked, cookie, browser, expected", [
    ("zh", "", "en", "zh-CN"), ("en", "zh", "zh", "en"), ("", "zh", "en", "zh-CN"),
    ("", "", "zh-CN,zh;q=0.9", "zh-CN"), ("", "", "fr", "en"), ("xx", "zh", "en", "en"),
])
def test_the_language_is_the_one_asked_for_else_the_one_chosen_before_else_the_browsers(
         desk: Desk, asked: str, cookie: str, browser: str, expected: str) -> None:
    desk = Desk(desk.url, browser)
    if cookie:
        desk.page("/orders", lang=cookie)
    page = desk.page("/orders", **({"lang": asked} if asked else {}))
    assert page.get("lang") == expected
    assert desk.page("/journal").get("lang") == (expected if asked != "xx" else "zh-CN")


def test_the_console_begins_with_the_orders(desk: Desk) -> None:
    for path in ("", "/"):
        answer = desk.ask("GET", path, merchants_id="201703200001")
        assert (answer.status, answer.headers["Location"]) == (
            303, "/console/orders?merchants_id=201703200001")


def test_names_in_the_query_are_nothing_but_names(desk: Desk) -> None:
    page = desk.page("/orders", _scheme="javascript", _external="1", endpoint="tgpayqrcode",
                     search="\"><script>alert(1)</script>")
    links = [link.get("href") for link in page.iter("a")]
    assert [link for link in links if not link.startswith(("/", "#"))] == []
    assert [script for script in page.iter("script") if script.text] == []


@every_row("path", ["/orders/999999999", "/notifications/999999999", "/journal/999999999"])
def test_what_is_not_there_is_said_on_a_page_of_the_console(desk: Desk, path: str) -> None:
    answer = desk.ask("GET", path)
    assert answer.status == 404
    assert "999999999" in answer.text and "<nav" in answer.text


def test_every_state_that_a_row_shows_is_a_filter_and_each_order_is_in_one(
        desk: Desk, shop: Shop, clock: Clock) -> None:
    clock.freeze()
    made = [shop.qr_order()["out_trade_no"] for _ in range(6)]
    for number, event in zip(made[1:], ("pay", "pay", "expire", "close", "pay")):
        shop.happens(number, event)
    shop.refund(made[1], "0.40")
    shop.refund(made[2], "1.00")
    shop.cancel(shop.qr_order()["out_trade_no"])
    shop.qr_order(it_b_pay="1m")
    for code in (("3084",), ("3200", "00000"), ("3200", "00001")):
        shop.card_payment(card_of(*code))
    back = shop.card_payment()["out_trade_no"]
    shop.happens(back, "chargeback")
    shop.at_terminal(amount="37.57")
    clock.advance("2m")
    shop.attend()
    shop.at_terminal()
    page = desk.page("/orders", merchants_id=shop.merchants_id)
    shown = {words(link): words(pill) for link, pill in zip(
        page.find_class("whole"), page.xpath("//td[contains(@class, 'state')]/span"))}
    options = {option.get("value"): words(option) for option in page.xpath("//select[@name='status']/option")}
    assert set(shown.values()) <= set(options.values()) and len(set(shown.values())) == 13, shown
    for name in STATES:
        assert numbers(desk, shop, status=name) == [
            number for number, word in shown.items() if word == options[name]], name
