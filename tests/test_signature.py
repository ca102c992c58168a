"""Contract 1.2 and `sign` of section 7: how requests and answers are signed."""
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tgpay_emulator.signing import signature

from .driver import Control, Shop, exchange, md5_sign
from .tables import every_row

VECTORS = json.loads((Path(__file__).parent / "vectors" / "signature.json").read_text(encoding="utf-8"))
SHARED_TOKEN = "14b0be26d00fbc6dcf20ed1f0a3516df"
each_vector = every_row("vector", VECTORS, ids=lambda vector: vector["title"])


@each_vector
def test_the_emulator_signs_as_an_independent_implementation_does(vector: dict[str, Any]) -> None:
    assert signature.canonical(vector["params"]) == vector["canonical"]
    assert signature.sign(vector["params"], vector["token"]) == vector["sign"]


@each_vector
def test_the_control_interface_signs_with_a_token(control: Control, vector: dict[str, Any]) -> None:
    signed = control.post("/sign", {"token": vector["token"], "params": vector["params"]})
    assert (signed["canonical"], signed["sign"]) == (vector["canonical"], vector["sign"])


@each_vector
def test_the_control_interface_signs_for_a_merchant(control: Control, vector: dict[str, Any]) -> None:
    assert vector["token"] == SHARED_TOKEN
    signed = control.post("/sign", {"merchants_id": "201703200001", "params": vector["params"]})
    assert (signed["canonical"], signed["sign"]) == (vector["canonical"], vector["sign"])


@every_row("method", ["GET", "POST"])
@each_vector
def test_an_endpoint_takes_the_right_sign_and_no_other(control: Control, vector: dict[str, Any],
                                                       method: str) -> None:
    shop = Shop(control, "201703200001", vector["token"])
    params = {**vector["params"], "sign": vector["sign"], "sign_type": "MD5"}
    right = shop.send("tgpayquery", params, method)
    assert right["error"] in ("TRADE_NOT_EXIST", "ILLEGAL_ARGUMENT")
    last = "0" if vector["sign"][-1] != "0" else "1"
    wrong = shop.send("tgpayquery", {**params, "sign": vector["sign"][:-1] + last}, method)
    assert wrong["error"] == "ILLEGAL_SIGN"


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(params=st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=8),
       token=st.text("0123456789abcdef", min_size=32, max_size=32))
def test_parameters_are_sorted_by_bytes_whatever_their_names(params: dict[str, str], token: str) -> None:
    assert signature.sign(params, token) == md5_sign(params, token)


@every_row("names", [
    ["A", "Z", "_", "a", "z"], ["a", "a_b", "ab"], ["a1", "a10", "a2"], ["aB", "a_b", "ab"],
    ["A", "a", "é", "咖", "🙏"], ["\uffff", "🙏"]])
def test_names_are_sorted_in_byte_order(names: list[str]) -> None:
    assert signature.canonical(dict.fromkeys(reversed(names), "1")) == "&".join(f"{name}=1" for name in names)


@every_row("sign_type, found", [
    ("MD5", False), ("md5", False), ("Md5", False), ("mD5", False), (None, True), ("", True)])
def test_the_sign_type_is_md5_in_any_case_or_absent_with_a_finding(
        shop: Shop, sign_type: str | None, found: bool) -> None:
    answer = shop.qr_order(it_b_pay="1d", sign_type=sign_type)
    assert answer["is_success"] == "T"
    assert ("SIGN_TYPE_MISSING" in shop.findings(answer)) == found


@every_row("endpoint", ["tgpayquery", "tgpayrefund", "tgpaycancel", "export_settlement"])
def test_no_sign_type_is_expected_where_the_table_has_none(shop: Shop, endpoint: str) -> None:
    paid = shop.pay_by_barcode()["out_trade_no"]
    asks = {"tgpayquery": lambda: shop.query(paid), "tgpayrefund": lambda: shop.refund(paid, "0.10"),
            "tgpaycancel": lambda: shop.cancel(paid),
            "export_settlement": lambda: shop.settlement("2026-01-01", "2026-01-02")}
    assert shop.findings(asks[endpoint]()) == set()


@every_row("sign_type", ["SHA256", "RSA", "MD 5", " MD5", "MD5 ", "MD", "HMAC-SHA256", "0", "ＭＤ５"])
def test_any_other_sign_type_is_refused_even_with_the_right_sign(shop: Shop, sign_type: str) -> None:
    assert shop.qr_order(sign_type=sign_type)["error"] == "ILLEGAL_SIGN_TYPE"


@pytest.mark.parametrize("change", [str.upper, str.title], ids=["upper", "mixed"])
def test_a_sign_in_capitals_is_taken_with_a_finding(shop: Shop, change: Any) -> None:
    params = shop.signed(out_trade_no=shop.number(), trans_amount="1.00", pay_type="alipay", it_b_pay="1d")
    answer = shop.send("tgpayqrcode", {**params, "sign": change(params["sign"])})
    assert answer["is_success"] == "T"
    assert shop.findings(answer) == {"SIGN_UPPER_CASE"}


@every_row("alter", [
    lambda sign: "", lambda sign: None, lambda sign: f" {sign}", lambda sign: f"{sign}\n",
    lambda sign: sign[:-1], lambda sign: sign + "0", lambda sign: "0" * 32, lambda sign: "é" * 32,
    lambda sign: sign.translate({ord("0"): "０"}) + "０"])
def test_any_other_sign_is_refused(shop: Shop, alter: Any) -> None:
    params = shop.signed(out_trade_no=shop.number(), trans_amount="1.00")
    altered = {name: value for name, value in {**params, "sign": alter(params["sign"])}.items()
               if value is not None}
    assert shop.send("tgpayqrcode", altered)["error"] == "ILLEGAL_SIGN"


def test_undeclared_parameters_count(shop: Shop) -> None:
    assert shop.qr_order(zzz="1", AAA="2")["is_success"] == "T"
    signed = shop.signed(out_trade_no=shop.number(), trans_amount="1.00")
    assert shop.send("tgpayqrcode", {**signed, "zzz": "1"})["error"] == "ILLEGAL_SIGN"


def test_empty_parameters_do_not_count(shop: Shop) -> None:
    signed = shop.signed(out_trade_no=shop.number(), trans_amount="1.00")
    assert shop.send("tgpayqrcode",
                     {**signed, "zzz": "", "reference": "", "terminal_id": ""})["is_success"] == "T"


def test_blanks_around_a_value_count(shop: Shop) -> None:
    signed = shop.signed(out_trade_no=shop.number(), trans_amount="1.00", reference=" a ")
    assert shop.send("tgpayqrcode", signed)["is_success"] == "T"
    assert shop.send("tgpayqrcode", {**signed, "reference": "a"})["error"] == "ILLEGAL_SIGN"


@every_row("encode", [quote, quote_plus, lambda text: "".join(f"%{byte:02x}" for byte in text.encode())])
def test_values_are_signed_decoded_however_the_url_writes_them(shop: Shop, encode: Any) -> None:
    params = shop.signed(out_trade_no=shop.number(), trans_amount="1.00", reference="a b+c/咖啡&=%20~")
    query = "&".join(f"{name}={encode(value)}" for name, value in params.items())
    assert exchange(f"{shop.control.url}/v2/tgpayqrcode.php?{query}")["is_success"] == "T"


@every_row("ask", [
    lambda shop: shop.pay_by_barcode(), lambda shop: shop.qr_order(),
    lambda shop: shop.query(shop.pay_by_barcode()["out_trade_no"]),
    lambda shop: shop.h5_order(), lambda shop: shop.prepay_order(),
    lambda shop: shop.qr_order(out_trade_no=f"{shop.number()} 咖啡 <&>"),
    lambda shop: shop.qr_order("0"), lambda shop: shop.query("unknown"),
    lambda shop: shop.h5_order(out_trade_no=""), lambda shop: shop.qr_order(sign_type="RSA"),
    lambda shop: shop.send("tgpayqrcode", {"merchants_id": shop.merchants_id})])
def test_answers_are_signed_over_their_own_fields(shop: Shop, ask: Any) -> None:
    answer = ask(shop)
    assert shop.verifies(answer), answer.text


def test_another_merchants_token_does_not_sign(shop: Shop) -> None:
    foreign = md5_sign({"merchants_id": shop.merchants_id, "out_trade_no": "1"}, SHARED_TOKEN)
    assert shop.send("tgpayquery", {"merchants_id": shop.merchants_id, "out_trade_no": "1", "sign": foreign})[
        "error"] == "ILLEGAL_SIGN"


def test_the_control_interface_finds_the_merchant_in_the_parameters(shop: Shop) -> None:
    params = {"merchants_id": shop.merchants_id, "out_trade_no": "1"}
    assert shop.control.post("/sign", {"params": params})["sign"] == md5_sign(params, shop.token)


@every_row("path", ["/sign", "/sign/explain"])
@every_row("body", [
    {}, {"params": {}}, {"params": {"a": 1}, "token": "t"}, {"params": [], "token": "t"},
    {"params": {}, "token": ""}, {"params": {}, "token": 5}, {"params": {}, "merchants_id": "nobody"}, [],
    {"params": {"a": "\ud800", "sign": "0"}, "token": "t"}, {"params": {"sign": "0"}, "token": "\ud800"},
    {"params": {"sign": "0"}, "merchants_id": "\ud800"}], ids=ascii)
def test_what_cannot_be_signed_is_a_problem_document(control: Control, path: str, body: Any) -> None:
    answer = control.ask("POST", path, body)
    assert 400 <= answer.status < 500, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json["status"] == answer.status
