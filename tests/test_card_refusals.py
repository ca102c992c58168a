"""What is refused because of a card's data in it, what is not kept of it, and what looking for it costs."""
import base64
import json
import re
import time
from typing import Any
from urllib import parse

import pytest

from tgpay_emulator.protocol.masking import Mask

from .driver import Shop, exchange, pay_info
from .tables import every_row
from .written_cards import card

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@every_row("value", [
    '{"cvv":"987"}', '{"card":{"securityCode": 987}', "cvv=987", "<cvc>987</cvc>",
    parse.quote('{"cvv":"987"}'), json.dumps(json.dumps({"CVV2": "987"})),
    base64.b64encode(b'{"cvv":"987"}').decode(),
    '{"\\u0063vv":"987"}',
    '{"cardNo":"4532000000000001"}', "CVV 9 8 7", "the cvc is 987", "cvn: 9876", "安全码：987", "ｃｖｖ=987",
    '{"verificationValue":"987"}'])
def test_other_data_of_a_card_outside_pay_info_is_refused_too(shop: Shop, value: str) -> None:
    answer = shop.prepay_order(attach=value)
    assert answer["error"] == "ILLEGAL_ARGUMENT"
    assert "attach has other data of a card in it" in answer["detail_error_des"]
    assert shop.journal(answer)["params"]["attach"] == "***"


@every_row("params, where", [
    ({"reference": card(3_100)}, "reference"),
    ({"pay_info": pay_info(), "reference": "4111 11111 1111111"}, "reference"),
    ({"pay_info": pay_info(), "out_trade_no": "4111111111111111"}, "out_trade_no"),
    ({"pay_info": pay_info("4532015112830367"), "reference": "no 4532015112830367"}, "reference"),
    ({"pay_info": pay_info(card(3_101)), "out_trade_no": f"A{card(3_101)}B"}, "out_trade_no"),
    ({"out_trade_no": "2017032000014111111111111111"}, "out_trade_no"),
    ({"terminal_id": "4242424242424242"}, "terminal_id"),
    ({"account_id": "5105 1051 0510 5100"}, "account_id")])
def test_a_card_payment_is_refused_with_1000(shop: Shop, params: dict[str, str], where: str) -> None:
    answer = shop.card_payment(**params)
    assert (answer["result_code"], answer["error"]) == ("1000", "ILLEGAL_ARGUMENT")
    assert f"{where} has a card number in it, which belongs into pay_info only" in answer["detail_error_des"]


def test_all_problems_are_told_at_once(shop: Shop) -> None:
    answer = shop.qr_order("x", reference=card(1), undeclared=card(2))
    named = ("trans_amount", "reference", "undeclared")
    assert [name for name in named if name not in answer["detail_error_des"]] == []


def test_of_a_rule_s_card_that_is_no_test_card_the_journal_has_as_much_as_of_others(shop: Shop) -> None:
    number = card(3_200)
    shop.plays({"when": {"card": number}, "then": {"code": "3020"}})
    told = shop.journal(shop.card_payment())["explanation"]["passed"]
    assert told == [["rule 1", f"card is not {number[:6]}******{number[-4:]}"]]


def test_a_rule_for_a_test_card_is_taken_and_works(shop: Shop) -> None:
    shop.plays({"when": {"card": "4111 1111 1111 1111"}, "then": {"code": "3020"}})
    assert shop.card_payment()["result_code"] == "3020"


@every_row("charset", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@every_row("fields", [
    {"cardNo": "4532000000000001", "cvv": "987"}, {"CVC": "987"}, {"card": {"securityCode": "987"}}])
def test_a_document_about_a_card_that_is_sent_as_a_form_is_not_kept(
         shop: Shop, charset: str, fields: dict[str, Any]) -> None:
    body = json.dumps(fields).encode(charset)
    kept = shop.journal(exchange(f"{shop.control.url}/v2/tgpaybankcard.php", "POST", body, FORM))["params"]
    assert list(kept) == ["***"]


@every_row("before", ["", "amp;", "amp;amp;", "AMP;", "#38;", "x["])
@every_row("name", ["pay_info", "password", "Password", "ｐａｙ＿ｉｎｆｏ"])
def test_a_secret_s_name_is_known_behind_what_is_left_of_an_escaped_ampersand(
         shop: Shop, before: str, name: str) -> None:
    answer = shop.qr_order(**{f"{before}{name}": "a secret"})
    assert (answer["is_success"], shop.journal(answer)["params"][f"{before}{name}"]) == ("T", "***")


@every_row("name, value, refunded", [
    ("reason", "4532 0151 1283 0366", "0.00"), ("number", "4532-0151-1283-0366", "0.00"),
    ("reason", "too large", "1.00")])
def test_the_console_makes_no_refund_with_a_card_number(
        shop: Shop, name: str, value: str, refunded: str) -> None:
    number = shop.pay_by_barcode("2.00")["out_trade_no"]
    page = shop.control.url + "/console/orders"
    place = re.findall(r"/console/orders/(\d+)", exchange(f"{page}?merchants_id={shop.merchants_id}").text)[0]
    form = {"amount": "1.00", "reason": "returned", "number": "r1", name: value}
    headers = {**FORM, "Sec-Fetch-Site": "same-origin"}
    exchange(f"{page}/{place}/refund", "POST", parse.urlencode(form).encode(), headers)
    assert shop.story(number)["refund_amount"] == refunded


def test_a_rule_about_a_parameter_that_has_a_card_number_for_a_name_is_refused(shop: Shop) -> None:
    rules = [{"when": {card(3_300): "1"}, "then": {"delay": 1}}]
    body = {"merchants_id": shop.merchants_id, "name": "x", "rules": rules}
    answer = shop.control.ask("PUT", "/scenario", body)
    assert (answer.status, "has a card number in it" in answer.json["detail"]) == (422, True)
    assert card(3_300) not in answer.text


@pytest.mark.exhaustive
@every_row("piece", [
    "4", "4 ", "4 4 4 4 4 4 4 4 4 4 4 4x", '"', "%25", "%2525", "\\u0034", "&#52;", "\\", "<", "NDEx",
    "\uff14", "\0", "4\0",
    "34", "52,", "400002", '{"cvv', "cvv ", "n", "%25\\u0025&#37;"])
def test_a_long_text_takes_time_in_proportion(piece: str) -> None:
    short, long = (min(seconds(piece * (length // len(piece))) for _ in range(2))
                   for length in (5_000, 40_000))
    assert long < 25 * short + 0.01  # eight times as long: what grows with the square takes 64 times


def seconds(text: str) -> float:
    """Seconds of the processor for a request with this text as a value and as a name."""
    begin = time.process_time()
    Mask({"reference": text, text: "1"})
    return time.process_time() - begin
