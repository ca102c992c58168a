"""The journal in the console: every request, its verdict, and a refused signature explained (contract 5.5).
"""
import re
from typing import Any

import pytest

from ..driver import VISA, Answer, Control, Shop, card_of, pay_info
from ..tables import every_row
from .desk import Desk, misjoined, rows, words

LANGUAGES = ("PHP", "Java", "Python", "JavaScript")


def entry(desk: Desk, answer: Answer) -> Any:
    """The page of the request that an answer was given to."""
    return desk.page(f"/journal/{answer.headers['X-TGPay-Request']}")


def test_requests_are_listed_newest_first_with_verdict_findings_and_the_mistake(
        desk: Desk, busy: Shop) -> None:
    told = rows(desk.page("/journal", merchants_id=busy.merchants_id))
    assert "ILLEGAL_ARGUMENT" in told[0] and "trans_amount is not a decimal number" in told[0]
    assert "ILLEGAL_SIGN" in told[1] and "the token was appended as &key=; append only its value" in told[1]
    assert "OK" in told[2] and "Findings:" in told[2]


@every_row("asked, verdicts", [
    ({}, ["ILLEGAL_SIGN", "OK", "OK"]), ({"verdict": "OK"}, ["OK", "OK"]),
    ({"verdict": "refused"}, ["ILLEGAL_SIGN"]), ({"verdict": "ILLEGAL_SIGN"}, ["ILLEGAL_SIGN"]),
    ({"endpoint": "tgpayquery"}, ["OK"]), ({"endpoint": "tgpayrefund"}, []),
    ({"verdict": "refused", "endpoint": "tgpayquery"}, []),
], apart=True)
def test_filters_narrow_together(desk: Desk, shop: Shop, asked: dict[str, str], verdicts: list[str]) -> None:
    shop.query(shop.qr_order()["out_trade_no"])
    shop.send("tgpayqrcode", misjoined(shop))
    told = rows(desk.page("/journal", merchants_id=shop.merchants_id, **asked))
    assert len(told) == len(verdicts) and all(verdict in row for verdict, row in zip(verdicts, told))


def test_a_search_finds_a_part_of_the_order_number(desk: Desk, shop: Shop) -> None:
    first, _ = (shop.qr_order()["out_trade_no"] for _ in range(2))
    assert len(rows(desk.page("/journal", merchants_id=shop.merchants_id, search=first[-8:]))) == 1


def test_an_entry_has_request_answer_and_a_way_to_its_order(desk: Desk, shop: Shop) -> None:
    order = shop.qr_order("8.00", reference="a <b>")
    page = entry(desk, order)
    shown = words(page.get_element_by_id("main"))
    assert all(text in shown for text in ("trans_amount 8.00", "reference a <b>", "HTTP 200",
                                          "<is_success>T</is_success>"))
    assert shop.token not in desk.ask("GET", f"/journal/{order.headers['X-TGPay-Request']}").text
    link, = (link for link in page.iter("a") if order["out_trade_no"] in words(link))
    assert order["out_trade_no"] in words(desk.page(link.get("href")).get_element_by_id("order"))


def test_a_refused_signature_has_both_texts_the_first_difference_and_the_right_line_in_four_languages(
         desk: Desk, shop: Shop) -> None:
    page = entry(desk, shop.send("tgpayqrcode", misjoined(shop)))
    shown = words(page.get_element_by_id("main"))
    assert "the token was appended as &key=; append only its value" in shown and "TOKEN_NAMED" in shown
    assert [mark.text for mark in page.iter("mark")] == ["&", "<token>", "<token>"]
    assert [words(name) for name in page.find_class("language-name")] == list(LANGUAGES)
    assert "hashlib.md5((text + token)" in shown
    explained = shop.control.get("/journal", merchants_id=shop.merchants_id)["items"][-1]["explanation"]
    assert explained["expected"] in shown and explained["given"] in shown


def test_a_signature_that_nobody_can_explain_says_where_to_look(desk: Desk, shop: Shop) -> None:
    page = entry(desk, shop.send("tgpayqrcode",
                                 {**shop.signed(out_trade_no="1", reference="a b"), "sign": "0" * 32}))
    shown = words(page.get_element_by_id("main"))
    assert "check the token first, then look at reference" in shown and "no known mistake" in shown
    assert list(page.iter("mark")) == []
    link, = (link for link in page.iter("a") if words(link) == "Show the merchant's token")
    assert shop.token in desk.ask("GET", link.get("href")).text
    asked = shop.send("tgpayqrcode", {**shop.signed(out_trade_no="1"), "sign": "0" * 32})
    assert asked["detail_error_des"].startswith("sign is wrong: check the token first, ")
    told = words(entry(Desk(desk.url, "zh"), asked).get_element_by_id("main"))
    assert told.index("请先检查密钥") < told.index("没有任何已知的签名错误能得到该签名值")


def test_a_finding_says_the_rule_and_what_to_change(desk: Desk, shop: Shop) -> None:
    shown = words(entry(desk, shop.qr_order(sign_type=None)).get_element_by_id("main"))
    assert "SIGN_TYPE_MISSING sign_type=MD5 is sent with each request (Section 1.1 C)" in shown
    assert "How to fix: add sign_type=MD5 after signing; it is not signed itself" in shown


def test_where_no_rule_fits_the_first_difference_of_each_is_told(desk: Desk, shop: Shop) -> None:
    rules = [{"name": "dear ones", "when": {"trans_amount": "900.00"}, "then": {"delay": "1ms"}}]
    assert shop.control.ask("PUT", "/scenario", {"rules": rules},
                            merchants_id=shop.merchants_id).status == 200
    shown = words(entry(desk, shop.qr_order("1.00")).get_element_by_id("main"))
    assert "No rule matched" in shown
    assert "dear ones" in shown and "900.00" in shown


def test_a_lost_answer_is_shown_as_lost_in_the_journal_its_entry_and_the_timeline(
        desk: Desk, shop: Shop) -> None:
    shop.plays({"when": {"endpoint": "tgpayqrcode"}, "then": {"fault": "drop_after"}})
    number = shop.number()
    with pytest.raises(ConnectionError):
        shop.qr_order("1.00", out_trade_no=number)
    shop.query(number)
    order = shop.merchants_id
    told = rows(desk.page("/journal", merchants_id=order))
    assert "Response dropped" not in told[0] and "Response dropped" in told[1] and "OK" not in told[1]
    for verdict, count in (("broken", 1), ("OK", 1), ("refused", 0)):
        assert len(rows(desk.page("/journal", merchants_id=order, verdict=verdict))) == count, verdict
    first, _ = shop.control.get("/journal", merchants_id=order)["items"]
    shown = words(desk.page(f"/journal/{first['id']}").get_element_by_id("main"))
    assert "Only a query tells the client the result" in shown and "<is_success>T</is_success>" in shown
    assert "Response without the fault HTTP 200" in shown and "would have been OK" in shown
    listed, = rows(desk.page("/orders", merchants_id=order))
    assert "Waiting for payment Response dropped" in listed
    timeline = desk.page(desk.order(shop, number)).get_element_by_id("timeline")
    lost, = (moment for moment in timeline.find_class("request") if "Response dropped" in words(moment))
    assert "bad" in lost.get("class").split() and not lost.find_class("good")


def test_a_payment_that_failed_is_not_ok_though_its_request_was_accepted(desk: Desk, shop: Shop) -> None:
    shop.plays({"when": {"endpoint": "tgpaywebtoterminal"}, "then": {"terminal": {"busy": True}}},
               {"when": {"trans_amount": "2.00"}, "then": {"error": "BUYER_BALANCE_NOT_ENOUGH"}})
    shop.at_terminal()
    shop.card_payment(card_of("3084"))
    shop.card_payment(card_of("3200", "00001"))
    shop.pay_by_barcode("2.00")
    shop.pay_by_barcode("1.00")
    listed = desk.page("/journal", merchants_id=shop.merchants_id)
    told = rows(listed)[::-1]
    for place, shown in enumerate(("1001 The device is busy", "3084 Insufficient account balance", "3200",
                                   "BUYER_BALANCE_NOT_ENOUGH", "OK")):
        assert shown in re.sub("(Findings: 1|rule \\d) ", "", told[place]), told[place]
        assert ("OK" in told[place].split()) == (shown == "OK")
    assert len(listed.xpath("//td[contains(@class, 'state')]/span[contains(@class, 'good')]")) == 1
    for verdict, count in (("failed", 4), ("OK", 1)):
        assert len(rows(desk.page("/journal", merchants_id=shop.merchants_id, verdict=verdict))) == count


def test_only_a_request_with_a_wrong_signature_is_resent_with_a_valid_one(desk: Desk, shop: Shop) -> None:
    signed, wrong = shop.query("none"), shop.send("tgpayquery", {
        **shop.signed(out_trade_no="none"), "sign": "0" * 32})
    said = [words(entry(desk, answer).get_element_by_id("main")) for answer in (signed, wrong)]
    assert ["Resend with a valid signature" in text for text in said] == [False, True]
    assert ["Send the request again" in text for text in said] == [True, False]


def test_a_terminal_that_the_merchant_does_not_have_is_explained(desk: Desk, shop: Shop) -> None:
    shown = words(entry(desk, shop.at_terminal(terminal_sn="0")).get_element_by_id("main"))
    assert "1002" in shown and "this merchant has no such terminal" in shown


def test_secrets_are_masked_and_what_they_are_is_said(desk: Desk, shop: Shop) -> None:
    answer = shop.card_payment()
    text = desk.ask("GET", f"/journal/{answer.headers['X-TGPay-Request']}").text
    assert VISA not in text and pay_info() not in text
    assert "*** stands for values that are never stored" in text
    assert "# without pay_info, which is not kept" in text


def test_a_request_of_nobody_has_a_page_too(desk: Desk, control: Control, shop: Shop) -> None:
    answer = shop.send("tgpayqrcode", {"merchants_id": "<i>nobody</i>", "sign": "1"})
    shown = words(entry(desk, answer).get_element_by_id("main"))
    assert "ILLEGAL_PARTNER" in shown and "<i>nobody</i>" in shown
    assert "sign=" not in words(entry(desk, answer).xpath("//pre")[-1])


def test_the_journal_of_a_merchant_is_emptied_and_no_other(desk: Desk, shop: Shop, busy: Shop) -> None:
    shop.qr_order()
    assert desk.post(f"/journal/clear?merchants_id={shop.merchants_id}") == "The journal was cleared."
    assert rows(desk.page("/journal", merchants_id=shop.merchants_id)) == []
    assert rows(desk.page("/journal", merchants_id=busy.merchants_id)) != []
