"""The cashier and the issuer's page in a real browser (contract 3.1, 3.2, 5.1). Screenshots are left in
test-pages/.
"""
import re
from collections.abc import Callable
from html import escape
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from .browser import LANGUAGES, Visitor
from .driver import RESPONSE_CODES, VISA, Answer, Clock, Receiver, Shop, card_of, exchange
from .looks import faults
from .payer import (
    MONTH_OVER, RETURNED, events, field, issuer_of, outcome, pay_button, pay_by_card, shop_page, told_to,
    type_card, type_code)

THREE_D, REVIEW = card_of("3200"), card_of("3200", "00001")
LATER, FOR_EVER = card_of("3150", "00001"), card_of("3150")
NO_MONEY = card_of("3084")


def presented(order: Answer, number: str) -> str:
    """A card is posted to the cashier; answers the address that the browser is sent to."""
    body = f"cardNo={number}&expirationMonth=12&expirationYear=49&cvv=123".encode()
    answer = exchange(f"{order['pay_url']}/card", "POST", body,
                      {"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status == 303
    return order["pay_url"].partition("/pay/")[0] + answer.headers["Location"]


def after(number: str) -> Callable[[Shop, str], str]:
    """The page after a card."""
    return lambda shop, language: presented(shop.card_order("8.00", language=language), number)


def ended_by(event: str) -> Callable[[Shop, str], str]:
    """The page of an order to which something happened."""
    def opened(shop: Shop, language: str) -> str:
        order = shop.card_order("8.00", language=language)
        shop.happens(order["out_trade_no"], event)
        return order["pay_url"]
    return opened


def mistyped(shop: Shop, language: str) -> str:
    """The issuer's page after a wrong code."""
    page = after(THREE_D)(shop, language)
    exchange(f"{page}/answer", "POST", b"code=000000", {"Content-Type": "application/x-www-form-urlencoded"})
    return page


def long_order(shop: Shop, language: str, **more: str) -> Answer:
    number = shop.merchants_id + "x" * 52
    return shop.card_order("1000000.00", language=language, out_trade_no=number,
                           goods_name="extraordinarily" * 17, **more)


def submitted(page: Page) -> None:
    """The empty form is sent."""
    pay_button(page).click()


def nothing(page: Page) -> None:
    """The page is looked at."""


VIEWS: dict[str, tuple[Callable[[Shop, str], str], Callable[[Page], None]]] = {
    "form": (lambda shop, language: shop.card_order("8.00", language=language,
                                                    return_url="http://127.0.0.1:9/basket")["pay_url"],
             nothing),
    "form-long": (lambda shop, language: long_order(shop, language)["pay_url"], nothing),
    "form-errors": (lambda shop, language: shop.card_order("8.00", language=language)["pay_url"], submitted),
    "form-refused": (after(card_of("3105")), nothing),
    "declined": (after(card_of("3100")), nothing),
    "no-test-card": (after("4012888888881881"), nothing),
    "issuer": (after(THREE_D), nothing),
    "issuer-wrong-code": (mistyped, nothing),
    "success": (after(VISA), nothing),
    "success-long": (lambda shop,
                     language: presented(long_order(shop, language, redirect_url="http://127.0.0.1:9/paid"),
                                         VISA), nothing),
    "pending": (after(FOR_EVER), nothing),
    "expired": (ended_by("expire"), nothing),
    "canceled": (ended_by("close"), nothing),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", VIEWS)
def test_a_view_fits_labels_its_fields_can_be_read_and_asks_nobody_but_the_emulator(
         visitor: Visitor, shop: Shop, name: str, language: str) -> None:
    address, act = VIEWS[name]
    other = {"en": "zh", "zh": "en"}[language]  # the order's language comes before the browser's
    with visitor.at(address(shop, {"en": "en", "zh": "cn"}[language]), other) as page:
        act(page)
        assert (re.search("[\u4e00-\u9fff]", page.locator("main").inner_text()) is not None) == (
            language == "zh")
        assert faults(page, f"cashier-{name}", language) == {}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.exhaustive
def test_an_order_that_is_none_is_not_found_in_the_browsers_language(
        visitor: Visitor, base_url: str, language: str) -> None:
    visitor.expects(404)
    with visitor.at(f"{base_url}/pay/nobody", language) as page:
        assert faults(page, "cashier-not-found", language) == {}


def test_the_form_names_the_amount_the_merchant_the_order_and_the_time_left(
        visitor: Visitor, shop: Shop) -> None:
    order = shop.card_order("8.05", trans_timeout="20")
    with visitor.at(order["pay_url"]) as page:
        shown = page.locator("main").inner_text()
        name = shop.control.get(f"/merchants/{shop.merchants_id}")["name"]
        assert all(text in shown for text in ("£8.05", name, order["out_trade_no"]))
        expect(page.locator("[data-left]")).to_have_text(re.compile("00:(20:00|19:5.)"))


# What a card leads to.

CODES = ("0300", "3084", "3100", "3131")  # texts for the payer of each kind, and none


@pytest.mark.parametrize("code", CODES)
def test_a_card_shows_the_documents_text_for_the_payer_and_the_query_tells_code_and_status(
        visitor: Visitor, shop: Shop, code: str) -> None:
    order, row = shop.card_order(), RESPONSE_CODES[code]
    with visitor.at(order["pay_url"]) as page:
        type_card(page, "")
        field(page, "number").press_sequentially(card_of(code))
        pay_button(page).click()
        expect(page.get_by_text(code, exact=True)).to_be_visible()
        expect(page.get_by_role("status")).to_be_visible()
        if row["shown_to_payer"]:
            expect(page.get_by_text(row["shown_to_payer"], exact=True)).to_be_visible()
    assert outcome(shop, order["out_trade_no"]) == (code, row["status"])


@pytest.mark.exhaustive
@pytest.mark.parametrize("code", ["1000", "3105"])
def test_the_card_of_a_refusal_shows_its_text_and_writes_nothing(
        visitor: Visitor, shop: Shop, code: str) -> None:
    order = shop.card_order()
    with visitor.at(order["pay_url"]) as page:
        pay_by_card(page, card_of(code))
        expect(page.get_by_role("alert").filter(
            has_text=RESPONSE_CODES[code]["shown_to_payer"])).to_be_visible()
        expect(pay_button(page)).to_be_visible()
    assert (events(shop, order["out_trade_no"]), outcome(shop, order["out_trade_no"])) == (
        ["create"], ("", "received"))


@pytest.mark.exhaustive
def test_a_real_card_is_refused_and_the_page_says_to_use_a_test_card(visitor: Visitor, shop: Shop) -> None:
    order = shop.card_order()
    with visitor.at(order["pay_url"]) as page:
        pay_by_card(page, "4012888888881881")
        expect(page.get_by_text(re.compile("use a test card"))).to_be_visible()
        assert "4012888888881881" not in page.content()
    assert outcome(shop, order["out_trade_no"]) == ("3101", "failed")


# The form.

BRANDS = [("4", "Visa"), ("5555", "Mastercard"), ("2221", "Mastercard"), ("34", "American Express"),
          ("3782", "American Express"),
          ("3530", "JCB"), ("6011", "Discover"), ("3056", "Diners Club"), ("36", "Diners Club"), ("9", "")]


@pytest.mark.exhaustive
def test_the_brand_is_named_while_the_number_is_typed(visitor: Visitor, shop: Shop) -> None:
    with visitor.at(shop.card_order()["pay_url"]) as page:
        for start, brand in BRANDS:
            field(page, "number").fill("")
            field(page, "number").press_sequentially(start)
            expect(page.locator("output")).to_have_text(brand)
        assert visitor.posts == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("number, shown",
                         [(VISA, "4111 1111 1111 1111"), ("378282246310005", "3782 822463 10005"),
                          ("30569309025904", "3056 930902 5904")])
def test_the_number_is_grouped_as_on_the_card(visitor: Visitor, shop: Shop, number: str, shown: str) -> None:
    with visitor.at(shop.card_order()["pay_url"]) as page:
        field(page, "number").press_sequentially(number)
        expect(field(page, "number")).to_have_value(shown)


WRONG = {
    "the last digit is wrong": ("4111111111111112", "12", "49", "123", "number", "Invalid card number"),
    "a digit is missing": ("411111111111111", "12", "49", "123", "number", "Invalid card number"),
    "the month is over": (VISA, *MONTH_OVER, "123", "exp", "card has expired"),
    "there is no such month": (VISA, "13", "49", "123", "exp", "Invalid expiry date"),
    "the code is short": (VISA, "12", "49", "12", "csc", "3"),
    "the code is long": (VISA, "12", "49", "1234", "csc", "3"),
    "the code of American Express is short": ("378282246310005", "12", "49", "123", "csc", "4"),
}


@pytest.mark.parametrize("number, month, year, cvv, wrong, told", WRONG.values(), ids=WRONG)
def test_what_is_wrong_with_a_card_is_told_beside_the_field_and_nothing_is_sent(
         visitor: Visitor, shop: Shop, number: str, month: str, year: str, cvv: str, wrong: str,
        told: str) -> None:
    with visitor.at(shop.card_order()["pay_url"]) as page:
        type_card(page, number, month, year, cvv)
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert").filter(has_text=told)).to_have_count(1)
        expect(page.get_by_role("alert").filter(has_text=told)).to_be_visible()
        expect(field(page, wrong)).to_be_focused()
        expect(field(page, wrong)).to_have_accessible_description(re.compile(told))
        assert visitor.posts == []


@pytest.mark.exhaustive
def test_a_screen_reader_is_told_which_field_is_wrong_until_it_is_right(visitor: Visitor, shop: Shop) -> None:
    with visitor.at(shop.card_order()["pay_url"]) as page:
        type_card(page, VISA, cvv="12")
        page.keyboard.press("Enter")
        # an empty value means that nothing is wrong
        expect(field(page, "csc")).to_have_attribute("aria-invalid", "true")
        expect(field(page, "number")).not_to_have_attribute("aria-invalid", "true")


def test_the_slash_of_the_expiry_date_may_be_typed_left_out_or_deleted(visitor: Visitor, shop: Shop) -> None:
    with visitor.at(shop.card_order()["pay_url"]) as page:
        expiry = field(page, "exp")
        for typed, shown in (("1249", "12/49"), ("12/49", "12/49"), ("449", "04/49"), ("4/49", "04/49"),
                             ("1/49", "1/49")):
            expiry.fill("")
            expiry.press_sequentially(typed)
            expect(expiry).to_have_value(shown)
        for _ in range(4):
            expiry.press("Backspace")
        expect(expiry).to_have_value("")


@pytest.mark.exhaustive
def test_a_card_that_was_put_right_is_paid_with_at_the_first_click(visitor: Visitor, shop: Shop) -> None:
    order = shop.card_order()
    with visitor.at(order["pay_url"]) as page:
        type_card(page, VISA, cvv="12")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert").filter(has_text="3")).to_be_visible()
        field(page, "csc").fill("123")
        pay_button(page).click()
        expect(page.get_by_role("status")).to_have_text("Payment successful")


@pytest.mark.exhaustive
def test_the_fields_have_the_names_that_a_screen_reader_reads(visitor: Visitor, shop: Shop) -> None:
    with visitor.at(shop.card_order()["pay_url"]) as page:
        for kind, name in (("number", "Card number"), ("exp", "Expiry date"),
                           ("csc", "Security code")):
            expect(field(page, kind)).to_have_accessible_name(re.compile(f"^{name}"))
        expect(page.get_by_role("combobox")).to_have_accessible_name("All test cards")


def test_a_tap_on_a_test_card_fills_in_everything_and_pays(visitor: Visitor, shop: Shop) -> None:
    order = shop.card_order()
    with visitor.at(order["pay_url"]) as page:
        page.get_by_role("button").filter(has_text="4111 1111 1111 1111").click()
        assert [input.input_value() for input in page.locator("input[required]").all()
                if not input.input_value()] == []
        pay_button(page).click()
        expect(page.get_by_role("status")).to_have_text("Payment successful")
    assert outcome(shop, order["out_trade_no"]) == ("0000", "success")


@pytest.mark.parametrize("number, code", [(card_of("3144"), "3144"), ("378282246310005", "0000")])
def test_the_list_of_all_test_cards_fills_in_too(visitor: Visitor, shop: Shop, number: str,
                                                 code: str) -> None:
    order = shop.card_order()
    with visitor.at(order["pay_url"]) as page:
        page.get_by_role("combobox").select_option(number)
        pay_button(page).click()
        expect(page.get_by_text(code, exact=True)).to_be_visible()
    assert outcome(shop, order["out_trade_no"]) == (code, RESPONSE_CODES[code]["status"])


@pytest.mark.exhaustive
def test_the_list_has_a_card_for_every_code(visitor: Visitor, shop: Shop) -> None:
    with visitor.at(shop.card_order()["pay_url"]) as page:
        values = page.get_by_role("combobox").locator("option").evaluate_all(
            "(options) => options.map((option) => option.value)")
    assert {card_of(code) for code in RESPONSE_CODES} <= set(values)


@pytest.mark.exhaustive
def test_a_keyboard_is_enough_to_pay_and_shows_where_it_is(visitor: Visitor, shop: Shop) -> None:
    order = shop.card_order()
    with visitor.at(order["pay_url"]) as page:
        for kind, text in (("number", THREE_D), ("exp", "12/49"), ("csc", "123")):
            page.keyboard.press("Tab")
            expect(field(page, kind)).to_be_focused()
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
            page.keyboard.type(text)
        page.keyboard.press("Enter")
        expect(page.get_by_label("One-time code")).to_be_focused()
        page.keyboard.type("123456")
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_have_text("Payment successful")
    assert outcome(shop, order["out_trade_no"]) == ("0000", "success")


@pytest.mark.exhaustive
def test_the_other_language_is_one_click_away_and_stays_to_the_result(visitor: Visitor, shop: Shop) -> None:
    with visitor.at(shop.card_order()["pay_url"]) as page:
        page.get_by_role("link", name="中文").click()
        pay_by_card(page, THREE_D)
        page.get_by_label("一次性验证码").fill("123456")
        page.get_by_role("button", name="确认").click()
        expect(page.get_by_role("status")).to_have_text("支付成功")


# One order, several attempts and windows.

def test_after_a_decline_another_card_pays_the_same_order(visitor: Visitor, notified: Shop,
                                                          receiver: Receiver) -> None:
    order = notified.card_order()
    with visitor.at(order["pay_url"]) as page:
        pay_by_card(page, NO_MONEY)
        expect(page.get_by_role("status")).to_have_text("Payment failed")
        page.get_by_role("link", name="Try another card").click()
        pay_by_card(page, VISA)
        expect(page.get_by_role("status")).to_have_text("Payment successful")
    number = order["out_trade_no"]
    assert outcome(notified, number) == ("0000", "success")
    assert [line["detail"]["attempt"] for line in notified.story(number)["history"]
            if "attempt" in line["detail"]] == ["1", "2"]
    heard = [notification.fields for notification in receiver.wait_for(2)]
    assert [(fields["out_trade_no"], fields["status"]) for fields in heard] == [
        (number, "failed"), (number, "success")]
    assert heard[0]["order_id"] != heard[1]["order_id"]


@pytest.mark.exhaustive
def test_a_second_window_of_the_same_order_cannot_pay_twice(
        visitor: Visitor, notified: Shop, receiver: Receiver) -> None:
    order = notified.card_order()
    with visitor.at(order["pay_url"], script=False) as second, visitor.at(order["pay_url"]) as first:
        type_card(second, "5555555555554444")
        pay_by_card(first, VISA)
        expect(first.get_by_role("status")).to_have_text("Payment successful")
        pay_button(second).click()
        expect(second.get_by_role("status")).to_have_text("Payment successful")
        expect(second.get_by_text("Visa •••• 1111")).to_be_visible()
    assert events(notified, order["out_trade_no"]) == ["create", "pay"]
    assert len(notified.story(order["out_trade_no"])["notifications"]) == len(receiver.wait_for(1)) == 1


@pytest.mark.exhaustive
@pytest.mark.parametrize("number, history", [(VISA, ["create", "pay"]), (NO_MONEY, ["create", "fail"])],
                         ids=["paid", "declined"])
def test_a_double_click_presents_the_card_once(visitor: Visitor, shop: Shop, number: str,
                                               history: list[str]) -> None:
    order = shop.card_order()
    with visitor.at(order["pay_url"]) as page:
        type_card(page, number)
        pay_button(page).dblclick()
        expect(page.get_by_role("status").get_by_role("heading")).to_be_visible()
    assert events(shop, order["out_trade_no"]) == history


@pytest.mark.exhaustive
def test_another_open_window_follows_to_the_result(visitor: Visitor, shop: Shop) -> None:
    order = shop.card_order()
    with visitor.at(order["pay_url"]) as first, visitor.at(order["pay_url"]) as second:
        pay_by_card(first, VISA)
        expect(second.get_by_role("status")).to_have_text("Payment successful")


def test_a_browser_without_javascript_can_pay(visitor: Visitor, shop: Shop) -> None:
    order = shop.card_order()
    with visitor.at(order["pay_url"], script=False) as page:
        pay_by_card(page, THREE_D)
        type_code(page, "123456")
        expect(page.get_by_role("status")).to_have_text("Payment successful")
    assert outcome(shop, order["out_trade_no"]) == ("0000", "success")


# Time.

@pytest.mark.exhaustive
def test_the_open_form_is_gone_when_the_time_is_over_and_the_page_says_so(
        visitor: Visitor, shop: Shop, clock: Clock) -> None:
    order = shop.card_order(trans_timeout="20")
    with visitor.at(order["pay_url"]) as page:
        clock.advance("19m")
        expect(page.locator("[data-left]")).to_have_text(re.compile("00:00:.."))
        clock.advance("1m")
        expect(page.get_by_role("status")).to_have_text("Payment expired")
        expect(page.get_by_text(RESPONSE_CODES["3300"]["shown_to_payer"])).to_be_visible()
        expect(pay_button(page)).to_have_count(0)
    assert outcome(shop, order["out_trade_no"]) == ("3300", "expired")


@pytest.mark.exhaustive
def test_a_card_sent_when_the_time_is_over_pays_nothing(visitor: Visitor, shop: Shop, clock: Clock) -> None:
    order = shop.card_order(trans_timeout="20")
    with visitor.at(order["pay_url"], script=False) as page:
        type_card(page, VISA)
        clock.advance("20m")
        pay_button(page).click()
        expect(page.get_by_role("status")).to_have_text("Payment expired")
    assert outcome(shop, order["out_trade_no"]) == ("3300", "expired")


@pytest.mark.exhaustive
def test_no_other_card_can_be_tried_when_the_time_is_over(visitor: Visitor, shop: Shop, clock: Clock) -> None:
    order = shop.card_order(trans_timeout="20")
    with visitor.at(order["pay_url"]) as page:
        pay_by_card(page, NO_MONEY)
        page.get_by_role("link", name="Try another card").click()
        expect(pay_button(page)).to_be_visible()
        clock.advance("20m")
        expect(pay_button(page)).to_have_count(0)
        expect(page.get_by_role("link", name="Try another card")).to_have_count(0)
    assert outcome(shop, order["out_trade_no"]) == ("3084", "failed")


@pytest.mark.exhaustive
@pytest.mark.parametrize("number, event, told", [
    (FOR_EVER, "approve", "Payment successful"), (REVIEW, "refuse", "Payment cancelled")])
def test_the_page_of_a_pending_payment_follows_when_it_is_settled(
        visitor: Visitor, shop: Shop, number: str, event: str, told: str) -> None:
    order = shop.card_order()
    with visitor.at(order["pay_url"]) as page:
        pay_by_card(page, number)
        expect(page.get_by_role("status")).to_have_text("Payment is being processed")
        shop.happens(order["out_trade_no"], event)
        expect(page.get_by_role("status")).to_have_text(told)


@pytest.mark.exhaustive
def test_the_page_of_a_pending_payment_follows_when_time_settles_it(
        visitor: Visitor, shop: Shop, clock: Clock) -> None:
    clock.freeze()
    order = shop.card_order()
    with visitor.at(order["pay_url"]) as page:
        pay_by_card(page, LATER)
        expect(page.get_by_role("status")).to_have_text("Payment is being processed")
        clock.advance("5s")
        expect(page.get_by_role("status")).to_have_text("Payment successful")


# 3-D.

CANCEL = ""
TYPED = {
    "the right code": (THREE_D, ["123456"], "0000"),
    "a wrong code, then the right one": (THREE_D, ["654321", "123456"], "0000"),
    "three wrong codes": (THREE_D, ["1", "000000", "12345"], "3106"),
    "giving up": (THREE_D, [CANCEL], "3152"),
    "giving up after a wrong code": (THREE_D, ["000000", CANCEL], "3085"),
    "the card of 3152": (card_of("3152"), ["123456"], "3152"),
    "the card of 3085": (card_of("3085"), ["123456"], "3085"),
    "the card of 3106": (card_of("3106"), ["123456"], "3106"),
}


def answer_the_issuer(page: Page, typed: list[str]) -> None:
    """Type one code after another, or give up; a wrong code is shown with the message of 3085."""
    for place, code in enumerate(typed):
        expect(page.get_by_label("One-time code")).to_have_value("")
        expect(page.get_by_role("alert").filter(has_text=RESPONSE_CODES["3085"]["message"])).to_have_count(
            int(place > 0))
        if place:
            expect(page.get_by_role("alert")).to_contain_text(RESPONSE_CODES["3085"]["shown_to_payer"])
        if code == CANCEL:
            page.get_by_role("button", name="Cancel").click()
        else:
            type_code(page, code)


@pytest.mark.parametrize("number, typed, code", TYPED.values(), ids=TYPED)
def test_the_issuers_page_decides_a_payment_of_the_cashier(
         visitor: Visitor, notified: Shop, receiver: Receiver, number: str, typed: list[str],
        code: str) -> None:
    order, row = notified.card_order(), RESPONSE_CODES[code]
    with visitor.at(order["pay_url"]) as page:
        pay_by_card(page, number)
        answer_the_issuer(page, typed)
        expect(page.get_by_role("status")).to_have_text(
            {"success": "Payment successful", "failed": "Payment failed"}[row["status"]])
        expect(page.get_by_text(code, exact=True)).to_be_visible()
    assert outcome(notified, order["out_trade_no"]) == (code, row["status"])
    assert [notification.fields["result_code"] for notification in receiver.wait_for(1)] == [code]


@pytest.mark.exhaustive
def test_a_page_that_sees_the_change_before_its_answer_comes_still_goes_where_the_answer_says(
         visitor: Visitor, shop: Shop) -> None:
    seen: list[str] = []

    def late(route: Route) -> None:
        """Hold the answer back until the page has had time to ask what has become of the order."""
        answer = route.fetch(max_redirects=0)
        page.wait_for_timeout(2_500)
        route.fulfill(response=answer)

    with visitor.at(shop.card_order()["pay_url"]) as page:
        page.on("framenavigated", lambda frame: seen.append(urlsplit(frame.url).path))
        page.route("**/card?*", late)
        page.route("**/card", late)
        pay_by_card(page, THREE_D)
        expect(page.get_by_label("One-time code")).to_be_visible()
        page.unroute_all()
    assert [path for path in seen if path.startswith("/pay/")] == []


def on_its_way(payment: Answer) -> str:
    """The shop's page with the form that leads to the issuer."""
    told = issuer_of(payment)
    fields = "".join(f'<input type=hidden name="{escape(name)}" value="{escape(value)}">' for name,
                     value in told["redirectParam"].items())
    return (f'<form method=post action="{escape(told["termUrl"])}">{fields}<button>To the '
            f'issuer</button></form>')


@pytest.mark.parametrize("name", ["the right code", "three wrong codes", "giving up after a wrong code"])
def test_the_issuers_page_decides_a_payment_of_the_shops_server_and_leads_to_redirect_url(
         visitor: Visitor, shop: Shop, receiver: Receiver, name: str) -> None:
    number, typed, code = TYPED[name]
    payment = shop.card_payment(number, redirect_url=visitor.knows(receiver, "/paid"))
    shop_page(receiver, on_its_way(payment))
    with visitor.at(receiver.url) as page:
        page.get_by_role("button", name="To the issuer").click()
        answer_the_issuer(page, typed)
        page.wait_for_url(re.compile("/paid[?]"))
        told = told_to(shop, page.url)
    assert (told["result_code"], told["status"]) == outcome(shop, payment["out_trade_no"])
    assert (told["result_code"], told["status"]) == (code, RESPONSE_CODES[code]["status"])


@pytest.mark.exhaustive
def test_an_issuers_page_without_redirect_url_leads_to_the_result(visitor: Visitor, shop: Shop) -> None:
    with visitor.at(issuer_of(shop.card_payment(THREE_D))["termUrl"]) as page:
        type_code(page, "123456")
        expect(page.get_by_role("status")).to_have_text("Payment successful")


@pytest.mark.exhaustive
def test_an_issuers_page_that_is_left_open_ends_in_3300_on_the_cashier(
        visitor: Visitor, shop: Shop, clock: Clock) -> None:
    order = shop.card_order(trans_timeout="20")
    with visitor.at(order["pay_url"]) as page:
        pay_by_card(page, THREE_D)
        expect(page.get_by_label("One-time code")).to_be_visible()
        clock.advance("20m")
        expect(page.get_by_role("status")).to_have_text("Payment expired")
    assert outcome(shop, order["out_trade_no"]) == ("3300", "expired")


@pytest.mark.exhaustive
def test_an_issuers_page_that_is_left_open_ends_in_3300_at_the_shop(
         visitor: Visitor, shop: Shop, receiver: Receiver, clock: Clock) -> None:
    payment = shop.card_payment(THREE_D, trans_timeout="20", redirect_url=visitor.knows(receiver, "/paid"))
    with visitor.at(issuer_of(payment)["termUrl"]) as page:
        clock.advance("20m")
        page.wait_for_url(re.compile("/paid[?]"))
        told = told_to(shop, page.url)
    assert (told["result_code"], told["status"]) == outcome(shop, payment["out_trade_no"]) == (
        "3300", "expired")


def test_the_right_code_that_comes_too_late_pays_nothing(visitor: Visitor, shop: Shop, clock: Clock) -> None:
    payment = shop.card_payment(THREE_D, trans_timeout="20")
    with visitor.at(issuer_of(payment)["termUrl"], script=False) as page:
        clock.advance("20m")
        type_code(page, "123456")
        expect(page.get_by_role("status")).to_have_text("Payment expired")
    assert outcome(shop, payment["out_trade_no"]) == ("3300", "expired")


@pytest.mark.exhaustive
@pytest.mark.parametrize("press", ["Confirm", "Cancel"])
def test_the_issuers_page_of_an_old_attempt_does_nothing(visitor: Visitor, shop: Shop, press: str) -> None:
    first = shop.card_payment(THREE_D)
    with visitor.at(issuer_of(first)["termUrl"], script=False) as old:
        shop.happens(first["out_trade_no"], "refuse")
        second = shop.card_payment(THREE_D, out_trade_no=first["out_trade_no"])
        assert (second["result_code"], second["status"]) == ("3200", "pending")
        before = events(shop, first["out_trade_no"])
        old.get_by_label("One-time code").fill("123456")
        old.get_by_role("button", name=press).click()
        expect(old.get_by_role("status")).to_have_text("Payment is being processed")
        assert (events(shop, first["out_trade_no"]),
                outcome(shop, first["out_trade_no"])) == (before, ("3200", "pending"))
    with visitor.at(issuer_of(second)["termUrl"]) as page:
        type_code(page, "123456")
        expect(page.get_by_role("status")).to_have_text("Payment successful")
    assert outcome(shop, first["out_trade_no"]) == ("0000", "success")


@pytest.mark.exhaustive
def test_a_payer_who_comes_back_to_the_cashier_finds_the_way_to_the_issuer(
        visitor: Visitor, shop: Shop) -> None:
    order = shop.card_order()
    with visitor.at(order["pay_url"]) as page:
        pay_by_card(page, THREE_D)
        expect(page.get_by_label("One-time code")).to_be_visible()
        page.goto(order["pay_url"])
        page.get_by_role("link", name="issuer").click()
        type_code(page, "123456")
        expect(page.get_by_role("status")).to_have_text("Payment successful")


# Afterwards.

def test_the_browser_arrives_at_redirect_url_with_the_signed_result_and_the_addresss_own_query_and_fragment(
         visitor: Visitor, shop: Shop, receiver: Receiver) -> None:
    order = shop.card_order("8.00", redirect_url=visitor.knows(receiver, "/paid?shop=1&x=%26#done"))
    with visitor.at(order["pay_url"]) as page:
        pay_by_card(page, VISA)
        page.get_by_role("link", name="Back to the shop").click()
        page.wait_for_url(re.compile("/paid[?]"))
        assert page.url.endswith("#done")
        told = told_to(shop, page.url)
    heard, = receiver.wait_for(1)
    query = parse_qsl(heard.query, keep_blank_values=True)
    assert (heard.method, heard.path, query[:2],
            [name for name, _ in query[2:]]) == ("GET", "/paid", [("shop", "1"), ("x", "&")], RETURNED)
    number = order["out_trade_no"]
    assert told | {"sign": ""} == {
        "merchants_id": shop.merchants_id, "out_trade_no": number, "order_id": shop.query(number)["order_id"],
        "status": "success", "result_code": "0000", "trans_amount": "8.00", "sign": "", "sign_type": "MD5"}


def test_the_browser_goes_to_redirect_url_by_itself(visitor: Visitor, shop: Shop, receiver: Receiver) -> None:
    order = shop.card_order(redirect_url=visitor.knows(receiver, "/paid"))
    with visitor.at(order["pay_url"], alone=True) as page:
        page.clock.install()
        pay_by_card(page, VISA)
        expect(page.get_by_role("status")).to_have_text("Payment successful")
        page.clock.run_for(10_000)
        page.wait_for_url(re.compile("/paid[?]"))
        assert told_to(shop, page.url)["status"] == "success"


@pytest.mark.exhaustive
def test_a_pending_payment_that_is_settled_leads_to_redirect_url(
        visitor: Visitor, shop: Shop, receiver: Receiver) -> None:
    order = shop.card_order(redirect_url=visitor.knows(receiver, "/paid"))
    with visitor.at(order["pay_url"]) as page:
        pay_by_card(page, FOR_EVER)
        expect(page.get_by_role("status")).to_have_text("Payment is being processed")
        shop.happens(order["out_trade_no"], "approve")
        expect(page.get_by_role("status")).to_have_text("Payment successful")
        page.get_by_role("link", name="Back to the shop").click()
        page.wait_for_url(re.compile("/paid[?]"))
        assert told_to(shop, page.url)["status"] == "success"


@pytest.mark.exhaustive
def test_a_decline_is_told_at_redirect_url_too(visitor: Visitor, shop: Shop, receiver: Receiver) -> None:
    order = shop.card_order(redirect_url=visitor.knows(receiver, "/paid"))
    with visitor.at(order["pay_url"]) as page:
        pay_by_card(page, NO_MONEY)
        page.get_by_role("link", name="Back to the shop").click()
        page.wait_for_url(re.compile("/paid[?]"))
        told = told_to(shop, page.url)
    assert (told["result_code"], told["status"]) == ("3084", "failed")


@pytest.mark.parametrize("number", ["", NO_MONEY], ids=["before a card", "after a decline"])
def test_giving_up_leads_to_return_url(visitor: Visitor, shop: Shop, receiver: Receiver, number: str) -> None:
    basket = visitor.knows(receiver, "/basket?shop=1#top")
    order = shop.card_order(return_url=basket, redirect_url=basket.replace("basket", "paid"))
    with visitor.at(order["pay_url"]) as page:
        if number:
            pay_by_card(page, number)
        page.get_by_role("link", name=re.compile("return|Back to the shop")).click()
        page.wait_for_url(basket)


@pytest.mark.exhaustive
def test_without_redirect_url_the_result_stays_on_the_page(visitor: Visitor, shop: Shop) -> None:
    order = shop.card_order()
    with visitor.at(order["pay_url"], alone=True) as page:
        page.clock.install()
        pay_by_card(page, VISA)
        expect(page.get_by_role("status")).to_have_text("Payment successful")
        page.clock.run_for(60_000)
        expect(page.get_by_role("status")).to_have_text("Payment successful")
        assert page.url.partition("?")[0] == order["pay_url"]
        expect(page.locator("main").get_by_role("link")).to_have_count(0)


def test_link_to_post_leads_to_the_cashier(visitor: Visitor, shop: Shop) -> None:
    order = shop.card_order()
    link = urlencode(shop.signed(out_trade_no=order["out_trade_no"], service="linktopost"))
    with visitor.at(f"{shop.control.url}/v2/tgpayapi.php?{link}") as page:
        page.wait_for_url(order["pay_url"])
        pay_by_card(page, VISA)
        expect(page.get_by_role("status")).to_have_text("Payment successful")
