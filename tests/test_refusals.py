"""Contract 1.3: every refusal, its form, and the order of checks."""
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tgpay_emulator.base.settings import Settings
from tgpay_emulator.gateway.endpoints import ENDPOINTS
from tgpay_emulator.gateway.endpoints._common import MERCHANTS_ID, OUT_TRADE_NO, SIGN, SIGN_TYPE
from tgpay_emulator.gateway.handling import Gateway
from tgpay_emulator.gateway.incoming import Request
from tgpay_emulator.operations import seeding
from tgpay_emulator.operations.unit import Units
from tgpay_emulator.protocol.codes import REFUSALS
from tgpay_emulator.protocol.endpoint_tables import endpoint
from tgpay_emulator.store.sqlite.schema import prepare
from tgpay_emulator.store.sqlite.store import Store

from .driver import Answer, Clock, Shop, exchange, md5_sign
from .tables import every_row

FIELDS = ["is_success", "result_code", "error", "detail_error_code", "detail_error_des", "merchants_id",
          "out_trade_no"]
SEEDED, SEEDED_TOKEN = "201703200001", "14b0be26d00fbc6dcf20ed1f0a3516df"
Ask = Callable[[Shop, Clock], Answer]


def paid(shop: Shop, amount: str = "1.00") -> str:
    return shop.pay_by_barcode(amount)["out_trade_no"]


def waiting(shop: Shop) -> str:
    return shop.qr_order(it_b_pay="1d")["out_trade_no"]


def closed(shop: Shop) -> str:
    number = waiting(shop)
    assert shop.cancel(number)["is_success"] == "T"
    return number


def exchanged(shop: Shop, method: str, path: str, body: bytes | None = None) -> Answer:
    return exchange(f"{shop.control.url}/v2/{path}", method, body,
                    {"Content-Type": "application/x-www-form-urlencoded"})


def later(clock: Clock, duration: str, ask: Callable[[], Answer]) -> Answer:
    clock.advance(duration)
    return ask()


def after_refund(shop: Shop, amount: str, again: str, **more: str) -> Answer:
    number = paid(shop)
    assert shop.refund(number, amount, out_refund_id=f"R{number}")["is_success"] == "T"
    return shop.refund(more.pop("number", number), again, **{"out_refund_id": f"R{number}", **more})


def cancel_paid_after(shop: Shop, clock: Clock, duration: str) -> Answer:
    number = paid(shop)
    return later(clock, duration, lambda: shop.cancel(number))


def refund_paid_after(shop: Shop, clock: Clock, duration: str) -> Answer:
    number = paid(shop)
    return later(clock, duration, lambda: shop.refund(number, "0.10"))


def expired_again(shop: Shop, clock: Clock) -> Answer:
    number = shop.qr_order(it_b_pay="5m")["out_trade_no"]
    return later(clock, "5m", lambda: shop.qr_order(out_trade_no=number))


def discordant_order(shop: Shop) -> Answer:
    other = paid(shop)
    return after_refund(shop, "0.40", "0.40", number=other)


def without(shop: Shop, product: str) -> Shop:
    products = [name for name in ("barcode", "qrcode", "h5", "prepay", "bankcard", "webtoterminal",
                                  "settlement") if name != product]
    assert shop.control.ask("PATCH", f"/merchants/{shop.merchants_id}", {"products": products}).status == 200
    return shop


ROWS: list[tuple[str, str, Ask]] = [
    ("ILLEGAL_SIGN", "missing", lambda shop, _: shop.qr_order(sign="")),
    ("ILLEGAL_SIGN", "wrong", lambda shop, _: shop.qr_order(sign="0" * 32)),
    ("ILLEGAL_SIGN_TYPE", "not MD5", lambda shop, _: shop.qr_order(sign_type="RSA2")),
    ("ILLEGAL_PARTNER", "missing", lambda shop, _: shop.qr_order(merchants_id="")),
    ("ILLEGAL_PARTNER", "unknown", lambda shop, _: shop.qr_order(merchants_id="209901010001")),
    ("ILLEGAL_ARGUMENT", "missing", lambda shop, _: shop.qr_order(out_trade_no="")),
    ("ILLEGAL_ARGUMENT", "malformed", lambda shop, _: shop.qr_order("one")),
    ("ILLEGAL_ARGUMENT", "out of range", lambda shop, _: shop.qr_order("1000000.01")),
    ("HAS_NO_PRIVILEGE", "switched off", lambda shop, _: without(shop, "qrcode").qr_order()),
    ("TRADE_NOT_EXIST", "query", lambda shop, _: shop.query("unknown")),
    ("TRADE_NOT_EXIST", "refund", lambda shop, _: shop.refund("unknown", "1.00")),
    ("TRADE_NOT_EXIST", "cancel", lambda shop, _: shop.cancel("unknown")),
    ("CONTEXT_INCONSISTENT", "amount", lambda shop, _: shop.qr_order("2.00", out_trade_no=waiting(shop))),
    ("CONTEXT_INCONSISTENT", "pay_type", lambda shop,
     _: shop.qr_order(out_trade_no=waiting(shop), pay_type="wechat")),
    ("CONTEXT_INCONSISTENT", "endpoint", lambda shop, _: shop.h5_order(out_trade_no=waiting(shop))),
    ("CONTEXT_INCONSISTENT", "paid, with another amount", lambda shop,
     _: shop.pay_by_barcode("2.00", out_trade_no=paid(shop))),
    ("TRADE_HAS_SUCCESS", "paid", lambda shop, _: pay_and_repeat(shop)),
    ("TRADE_HAS_CLOSE", "cancelled", lambda shop, _: shop.qr_order(out_trade_no=closed(shop))),
    ("TRADE_HAS_CLOSE", "cancelled, with other parameters", lambda shop,
     _: shop.h5_order("9.00", out_trade_no=closed(shop))),
    ("TRADE_HAS_CLOSE", "expired", expired_again),
    ("TRADE_HAS_CLOSE", "refunded in full", lambda shop,
     _: after_refund(shop, "1.00", "0.10", out_refund_id="")),
    ("TRADE_HAS_FINISHED", "refund", lambda shop, clock: refund_paid_after(shop, clock, "90d")),
    ("TRADE_STATUS_ERROR", "refund before payment", lambda shop, _: shop.refund(waiting(shop), "0.10")),
    ("REASON_TRADE_REFUND_FEE_ERR", "at once", lambda shop, _: shop.refund(paid(shop), "1.01")),
    ("REASON_TRADE_REFUND_FEE_ERR", "in parts", lambda shop,
     _: after_refund(shop, "0.40", "0.61", out_refund_id="")),
    ("DISCORDANT_REPEAT_REQUEST", "amount", lambda shop, _: after_refund(shop, "0.40", "0.50")),
    ("DISCORDANT_REPEAT_REQUEST", "order", lambda shop, _: discordant_order(shop)),
    ("TRADE_CANCEL_TIME_OUT", "after 25 hours", lambda shop, clock: cancel_paid_after(shop, clock, "25h")),
    ("LOGIN_FAILED", "unknown user", lambda shop,
     _: shop.ask("tgpayuserinfo", user="nobody", password="x", tgpay_product="ACCOUNT_LOGIN")),
    ("NOT_FOUND", "path", lambda shop, _: exchanged(shop, "GET", "tgpaynothing.php")),
    ("METHOD_NOT_ALLOWED", "method", lambda shop, _: exchanged(shop, "DELETE", "tgpayqrcode.php")),
    ("REQUEST_TOO_LARGE", "body", lambda shop,
     _: exchanged(shop, "POST", "tgpayqrcode.php", b"x" * (1024 * 1024 + 1))),
]
UNSIGNED = ("ILLEGAL_PARTNER", "NOT_FOUND", "METHOD_NOT_ALLOWED", "REQUEST_TOO_LARGE", "LOGIN_FAILED")
STATUS = {"NOT_FOUND": 404, "METHOD_NOT_ALLOWED": 405, "REQUEST_TOO_LARGE": 413}


def pay_and_repeat(shop: Shop) -> Answer:
    number = waiting(shop)
    assert shop.happens(number, "pay").status == 200
    return shop.qr_order(out_trade_no=number)


def test_every_code_of_the_contract_is_in_the_table() -> None:
    assert {*(error for error, _, _ in ROWS), "SYSTEM_ERROR"} <= set(REFUSALS)


@every_row("error, ask", [(error, ask) for error, _, ask in ROWS],
           ids=[f"{error}-{why}" for error, why, _ in ROWS], apart=True)
def test_each_refusal_has_its_form(shop: Shop, clock: Clock, error: str, ask: Ask) -> None:
    answer = ask(shop, clock)
    assert answer.status == STATUS.get(error, 200)
    signs = error not in UNSIGNED and answer.xml.tag == "tgpaypro"
    assert list(answer.fields) == FIELDS + ["sign", "sign_type"] * signs
    assert (answer["is_success"], answer["result_code"], answer["error"]) == ("F", "FAIL", error), answer.text
    assert answer["detail_error_code"] == error
    assert answer["detail_error_des"]
    assert not signs or shop.verifies(answer)
    entry = shop.journal(answer)
    assert (entry["verdict"], entry["status"], entry["answer"]) == (error, answer.status, answer.text)


def test_a_refusal_repeats_merchant_and_order_number_of_the_request(shop: Shop) -> None:
    number = f"{shop.number()} <咖啡> & \"茶\""
    for answer in (shop.qr_order("0", out_trade_no=number), shop.qr_order(out_trade_no=number, sign="0"),
                   shop.query(number)):
        assert (answer["is_success"], answer["merchants_id"],
                answer["out_trade_no"]) == ("F", shop.merchants_id, number)
    stranger = shop.qr_order(merchants_id="stranger", out_trade_no=number)
    assert (stranger["merchants_id"], stranger["out_trade_no"]) == ("stranger", number)


@every_row("ask, root", [
    (lambda shop: shop.refund("unknown", "1.00"), "TGPayPro"),
    (lambda shop: shop.cancel("unknown"), "TGPayPro"),
    (lambda shop: shop.settlement("2026-02-30", "2026-02-30"), "tgpaypro"),
    (lambda shop: shop.ask("tgpaygetopenid"), "tgpaypro"), (lambda shop: shop.ask("tgpayapi"), "tgpaypro")])
def test_a_refusal_is_unsigned_where_the_answers_are(shop: Shop, ask: Callable[[Shop], Answer],
                                                     root: str) -> None:
    answer = ask(shop)
    assert list(answer.fields) == FIELDS
    assert answer.xml.tag == root


FAULTS = ("NOT_FOUND", "METHOD_NOT_ALLOWED", "REQUEST_TOO_LARGE", "ILLEGAL_PARTNER", "ILLEGAL_SIGN_TYPE",
          "ILLEGAL_SIGN",
          "ILLEGAL_ARGUMENT", "HAS_NO_PRIVILEGE", "TRADE_HAS_SUCCESS")


@every_row("first", range(len(FAULTS)), ids=FAULTS, apart=True)
def test_of_several_faults_the_earliest_in_the_order_of_checks_is_told(shop: Shop, first: int) -> None:
    faults = FAULTS[first:]
    number = waiting(shop)
    assert shop.happens(number, "pay").status == 200
    if "HAS_NO_PRIVILEGE" in faults:
        without(shop, "qrcode")
    params = {"merchants_id": "stranger" if "ILLEGAL_PARTNER" in faults else shop.merchants_id,
              "out_trade_no": number,
              "trans_amount": "nothing" if "ILLEGAL_ARGUMENT" in faults else "1.00", "pay_type": "alipay",
              "sign_type": "RSA" if "ILLEGAL_SIGN_TYPE" in faults else "MD5"}
    params["sign"] = "0" * 32 if "ILLEGAL_SIGN" in faults else md5_sign(params, shop.token)
    path = "tgpaynothing.php" if "NOT_FOUND" in faults else "tgpayqrcode.php"
    method = "PUT" if "METHOD_NOT_ALLOWED" in faults else "POST"
    body = b"&" * (1024 * 1024 + 1) if "REQUEST_TOO_LARGE" in faults else b""
    answer = exchanged(shop, method, f"{path}?{urlencode(params)}", body)
    assert answer["error"] == faults[0]


def in_order(sentence: str, names: list[str]) -> bool:
    places = [sentence.find(name) for name in names]
    return -1 not in places and places == sorted(places)


@every_row("ask, named", [
    (lambda shop: shop.ask("tgpaybarcode"), ["out_trade_no", "trans_amount", "buyer_identity_code"]),
    (lambda shop: shop.ask("tgpayqrcode"), ["out_trade_no", "trans_amount"]),
    (lambda shop: shop.ask("tgpayrefund"), ["out_trade_no", "refund_amount"]),
    (lambda shop: shop.ask("tgpayh5"), ["out_trade_no", "pay_type", "scene_type", "total_fee"]),
    (lambda shop: shop.ask("tgpayprepay"), ["out_trade_no", "trans_amount", "pay_type", "trade_type"]),
    (lambda shop: shop.ask("tgpayapi"), ["out_trade_no", "service"]),
    (lambda shop: shop.pay_by_barcode("0.001", out_trade_no="9" * 65, pay_type="cash",
                                      buyer_identity_code="1", notify_url="x"),
     ["out_trade_no", "pay_type", "trans_amount", "buyer_identity_code", "notify_url"]),
    (lambda shop: shop.qr_order("-1", out_trade_no="9" * 65, pay_type="cash", it_b_pay="2c"),
     ["out_trade_no", "trans_amount", "it_b_pay", "pay_type"]),
    (lambda shop: shop.qr_order("-1", out_trade_no="9" * 65, reference="a\x01"),
     ["out_trade_no", "reference", "trans_amount"]),
    (lambda shop: shop.qr_order("1.00", out_trade_no="9" * 65, total_fee="2.00", it_b_pay="x"),
     ["out_trade_no", "trans_amount", "it_b_pay"])])
def test_all_problems_of_the_parameters_are_told_at_once_in_table_order(
         shop: Shop, ask: Callable[[Shop], Answer], named: list[str]) -> None:
    answer = ask(shop)
    assert answer["error"] == "ILLEGAL_ARGUMENT"
    assert in_order(answer["detail_error_des"], named), answer["detail_error_des"]


@every_row("amount", [
    "", "0", "0.00", "0.001", "-1.00", "+1.00", "1,00", "1e2", " 1.00", "1.00 ", "1.", ".5", "1000000.01",
    "١", "NaN"])
def test_an_amount_that_is_none_is_refused_by_name(shop: Shop, amount: str) -> None:
    answer = shop.qr_order(amount)
    assert (answer["error"], "trans_amount" in answer["detail_error_des"]) == ("ILLEGAL_ARGUMENT", True)


@every_row("amount", ["0.01", "1000000.00", "1000000", "1", "1.5", "007.10"])
def test_money_is_decimal_text_from_a_hundredth_to_a_million(shop: Shop, amount: str) -> None:
    assert shop.qr_order(amount)["is_success"] == "T"


def test_a_repetition_with_zeros_before_its_amount_is_of_the_same_amount(shop: Shop) -> None:
    number = waiting(shop)
    asked = [shop.qr_order(amount, out_trade_no=number) for amount in ("1.00", "01", "001.0", "011.00")]
    assert [answer["error"] for answer in asked] == ["", "", "", "CONTEXT_INCONSISTENT"]
    settled = paid(shop)
    amounts = ("0.40", "00.40", "000.4")
    refunds = [shop.refund(settled, amount, out_refund_id=f"R{settled}") for amount in amounts]
    assert {(refund["is_success"], refund["refund_amount"]) for refund in refunds} == {("T", "0.40")}
    assert [shop.findings(refund) for refund in refunds] == [set(), {"LEADING_ZEROS"}, {"LEADING_ZEROS"}]
    assert shop.query(settled)["refund_status"] == "PARTIAL_REFUND"


@pytest.mark.parametrize("ask", [
    lambda shop, parts: shop.card_order("025", sub_account_data=parts), lambda shop, parts: shop.card_payment(
        trans_amount="025", sub_account_data=parts)], ids=["cashier", "s2s"])
def test_a_card_payment_takes_zeros_before_its_amount_and_its_parts(shop: Shop, ask: Any) -> None:
    answer = ask(shop, '[{"merchantId":"8001","amount":"024.50"},{"merchantId":"8002","amount":"0.50"}]')
    assert (answer["is_success"], shop.findings(answer)) == ("T", {"LEADING_ZEROS"})
    assert shop.query(answer["out_trade_no"])["trans_amount"] == "25.00"
    assert ask(shop, '[{"merchantId":"8001","amount":"025.01"}]')["error"] == "ILLEGAL_ARGUMENT"


def test_a_terminal_takes_zeros_before_its_amount(shop: Shop) -> None:
    answer = shop.at_terminal(amount="025")
    assert (answer["result_code"], shop.findings(answer)) == ("202", {"LEADING_ZEROS"})
    assert shop.story(answer["out_trade_no"])["terminal"]["requested_amount"] == "25.00"


SHOP_PAGE = "http://shop.example/"
UNSEEN = ["\n", "\t", "\r\n", "\x7f", "\x85", "\u2028", "\u200b", "\ufeff", "\u202e", "\u00a0"]


@pytest.mark.exhaustive
@every_row("character", UNSEEN, ids=ascii)
@every_row("name, ask", [
    ("out_trade_no", lambda shop, text: shop.qr_order(out_trade_no=text)),
    ("out_trade_no", lambda shop, text: shop.query(text)),
    ("out_trade_no", lambda shop, text: shop.pay_by_barcode(out_trade_no=text)),
    ("out_trade_no", lambda shop, text: shop.cancel(text)),
    ("out_trade_no", lambda shop, text: shop.card_payment(out_trade_no=text)),
    ("out_trade_no", lambda shop, text: shop.ask("tgpayapi", service="linktopost", out_trade_no=text)),
    ("out_trade_no", lambda shop, text: shop.ask("tgpaygetopenid", client_url=SHOP_PAGE, out_trade_no=text)),
    ("out_refund_id", lambda shop, text: shop.refund("1", "1.00", out_refund_id=text)),
    ("terminal_sn", lambda shop, text: shop.at_terminal(terminal_sn=text)),
    ("original_out_trade_no",
     lambda shop, text: shop.at_terminal("refundReversal", original_out_trade_no=text))])
def test_a_character_that_cannot_be_seen_is_refused_in_an_identifier(
         shop: Shop, name: str, ask: Any, character: str) -> None:
    for text in (f"A1{character}", f"{character}A1", f"A{character}1"):
        answer = ask(shop, text)
        assert answer["error"] == "ILLEGAL_ARGUMENT", answer.text
        assert f"{name} has the character U+{ord(character[0]):04X}" in answer["detail_error_des"]
    assert shop.control.get("/orders", merchants_id=shop.merchants_id)["items"] == []


def test_a_merchants_number_with_a_line_break_is_nobodys_and_the_sentence_says_why(shop: Shop) -> None:
    answer = shop.qr_order(merchants_id=f"{shop.merchants_id}\n")
    assert answer["error"] == "ILLEGAL_PARTNER"
    assert answer["detail_error_des"] == "merchants_id has the character U+000A"


def test_nothing_is_written_to_a_new_order_before_all_checks_pass(shop: Shop) -> None:
    without(shop, "h5")
    number = shop.number()
    for error, more in (("ILLEGAL_SIGN", {"sign": "0"}), ("ILLEGAL_SIGN_TYPE", {"sign_type": "RSA"}),
                        ("ILLEGAL_ARGUMENT", {"amount": "x"})):
        assert shop.qr_order(out_trade_no=number, **more)["error"] == error
    assert shop.h5_order(out_trade_no=number)["error"] == "HAS_NO_PRIVILEGE"
    assert shop.control.ask("GET", f"/orders/{shop.merchants_id}/{number}").status == 404
    assert shop.query(number)["error"] == "TRADE_NOT_EXIST"


def test_a_refused_request_leaves_an_order_as_it_was(shop: Shop) -> None:
    number, settled = waiting(shop), paid(shop)
    before = shop.story(number), shop.story(settled)
    refusals = (shop.qr_order("2.00", out_trade_no=number), shop.h5_order(out_trade_no=number),
                shop.refund(number, "0.10"),
                shop.refund(settled, "1.01"), shop.refund(settled, "0.10", sign="0"),
                shop.refund(settled, "x"), shop.ask("tgpaycancel", out_trade_no=settled, sign="0"),
                shop.pay_by_barcode("2.00", out_trade_no=settled))
    assert {answer["is_success"] for answer in refusals} == {"F"}
    assert (shop.story(number), shop.story(settled)) == before


@every_row("product, ask", [
    ("barcode", lambda shop: shop.pay_by_barcode()), ("qrcode", lambda shop: shop.qr_order()),
    ("h5", lambda shop: shop.h5_order()), ("prepay", lambda shop: shop.prepay_order()),
    ("settlement", lambda shop: shop.settlement("2026-01-01", "2026-01-01"))])
def test_a_product_that_is_switched_off_is_refused_and_no_other(
        shop: Shop, product: str, ask: Callable[[Shop], Answer]) -> None:
    without(shop, product)
    answer = ask(shop)
    assert answer["error"] == "HAS_NO_PRIVILEGE"
    assert product in answer["detail_error_des"]
    without(shop, "")
    works = ask(shop)
    assert works.status == 200 and b"HAS_NO_PRIVILEGE" not in works.raw


def test_orders_of_a_product_that_was_switched_off_can_still_be_queried_and_refunded(shop: Shop) -> None:
    number = paid(shop)
    without(shop, "barcode")
    assert shop.query(number)["trade_status"] == "TRADE_SUCCESS"
    assert shop.refund(number, "1.00")["result_code"] == "SUCCESS"


def test_strict_is_a_setting_of_the_merchant(shop: Shop) -> None:
    loose, strict = shop, shop.control.shop(strict=True)
    assert loose.qr_order(out_trade_no="no prefix", it_b_pay="1d")["is_success"] == "T"
    answer = strict.qr_order(out_trade_no="no prefix", it_b_pay="1d")
    assert (answer["is_success"], answer["error"]) == ("F", "ILLEGAL_ARGUMENT")
    assert "out_trade_no" in answer["detail_error_des"]
    assert strict.qr_order(it_b_pay="1d")["is_success"] == "T"
    assert strict.control.ask("PATCH", f"/merchants/{strict.merchants_id}", {"strict": False}).status == 200
    assert strict.qr_order(out_trade_no="no prefix", it_b_pay="1d")["is_success"] == "T"
    strict.control.ask("DELETE", f"/merchants/{strict.merchants_id}")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    prepare(tmp_path / "emulator.db")
    opened = Store(tmp_path / "emulator.db")
    with opened.write() as tables:
        seeding.seed(tables, "tgpay")
    yield opened
    opened.close()


def request(name: str, **params: str) -> Request:
    named = {"merchants_id": SEEDED, "out_trade_no": "1", "sign_type": "MD5", **params}
    return Request(name, "POST", {**named, "sign": md5_sign(named, SEEDED_TOKEN)}, "192.0.2.1",
                   "http://emulator.example")


def test_a_failure_of_ours_is_told_without_a_stack_trace_and_undone(
         store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    @endpoint(section="0", title="Fails halfway", params=(MERCHANTS_ID, OUT_TRADE_NO, SIGN, SIGN_TYPE))
    def tgpayfailure(call: Any) -> None:
        call.tables.merchants.new_browser(SEEDED)
        raise ZeroDivisionError("the secret of the stack")

    monkeypatch.setitem(ENDPOINTS, "tgpayfailure", tgpayfailure)
    with caplog.at_level(logging.ERROR):
        answer = Gateway(Units(store, Settings())).answer(request("tgpayfailure"))
    assert answer.status == 200
    assert "<is_success>F</is_success>" in answer.body and "<error>SYSTEM_ERROR</error>" in answer.body
    assert "<sign>" in answer.body
    with store.write() as tables:
        entry = tables.journal.find(answer.journal_id)
        assert tables.merchants.new_browser(SEEDED) == 1
    assert entry is not None and entry["verdict"] == "SYSTEM_ERROR"
    told = answer.body + json.dumps(dict(entry))
    assert not [word for word in ("Traceback", "ZeroDivision", "secret", ".py") if word in told]
    assert "ZeroDivisionError" in caplog.text


def test_strict_is_a_setting_of_the_emulator(store: Store) -> None:
    for settings, error in ((Settings(), ""), (Settings({"strict": "on"}), "ILLEGAL_ARGUMENT")):
        answer = Gateway(Units(store, settings)).answer(
            request("tgpayqrcode", trans_amount="1.00", it_b_pay="1d", out_trade_no="no prefix"))
        assert f"<error>{error}</error>" in answer.body
