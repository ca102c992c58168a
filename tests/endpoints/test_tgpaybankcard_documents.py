"""Contract 3.2: pay_info, risk_info and sub_account_data are JSON; what is none is refused with 1000."""
import json
from typing import Any

from ..driver import VISA, Shop, assert_illegal, pay_info
from ..tables import every_row

CARD = ["cardNo", "expirationMonth", "expirationYear", "cvv"]
NO_JSON = ["x", "{", "{'a': 'b'}", '{"cust": }', '{"cust": {"ip": "1.2.3.4"}', "NaN", '{"a": NaN}',
           '{"a": Infinity}', "{} {}",
           '{"a": 01}', "[" * 5_000, "[" * 5_000 + "]" * 5_000]
NO_OBJECT = ["[]", '[{"cust": {}}]', "5", "1.5", '"text"', "true", "null", "NaN"]


# JSON that is none.

@every_row("name", ["pay_info", "risk_info", "sub_account_data"])
@every_row("written", NO_JSON, ids=lambda written: written[:12])
def test_what_is_not_json_is_refused_by_name_and_not_repeated(shop: Shop, name: str, written: str):
    answer = shop.card_payment(**{name: written})
    assert_illegal(answer, name)
    assert len(answer["detail_error_des"]) < 500


@every_row("name", ["pay_info", "risk_info"])
@every_row("written", NO_OBJECT)
def test_json_that_is_no_object_is_refused_by_name(shop: Shop, name: str, written: str):
    assert_illegal(shop.card_payment(**{name: written}), name)


@every_row("written, kind", [
    ("null", "is null, not a JSON object"), ("[]", "is a list, not a JSON object"),
    ('"text"', "is a text, not a JSON object"),
    ('{"x": ' + "[" * 5_000 + "]" * 5_000 + "}", "is nested too deeply"),
    ("{", "is not JSON at character 1")])
def test_what_is_wrong_with_a_document_is_what_is_told(shop: Shop, written: str, kind: str):
    assert_illegal(shop.card_payment(risk_info=written), f"risk_info {kind}")


@every_row("name", ["pay_info", "risk_info", "sub_account_data"])
@every_row("written", [
    '{"x": ' + "[" * 5_000 + "]" * 5_000 + "}", '{"cust": {"ip": ' * 900 + '""' + "}}" * 900,
    '{"x": ' + "9" * 5_000 + "}", '{"x": 1e999}', '{"x": "\\ud800"}',
    '{"cust": {"ip": "\\ud800"}, "amount": "\\ud800", "firstName": "\\ud800"}', '{"\\u0000": ""}'],
    ids=["lists", "objects", "digits", "large", "surrogate", "surrogates", "nul"])
def test_strange_json_is_never_a_fault_of_the_emulators(shop: Shop, name: str, written: str):
    answer = shop.card_payment(**{name: written})
    assert answer["result_code"] in ("0000", "1000"), answer.text


# pay_info.

@every_row("missing", [*([name] for name in CARD), ["cardNo", "cvv"], CARD], ids=" ".join)
def test_a_field_of_the_card_that_is_missing_or_empty_is_refused_by_name(shop: Shop, missing: list[str]):
    for nothing in (None, ""):
        assert_illegal(shop.card_payment(card=dict.fromkeys(missing, nothing)), "pay_info", *missing)


def test_an_empty_pay_info_names_every_field_of_a_card(shop: Shop):
    assert_illegal(shop.card_payment(pay_info="{}"), "pay_info", *CARD)


@every_row("name, length", [("firstName", 128), ("lastName", 128), ("billingDesc", 36)])
def test_a_field_of_pay_info_has_its_documented_length(shop: Shop, name: str, length: int):
    assert shop.card_payment(card={name: "x" * length})["status"] == "success"
    assert_illegal(shop.card_payment(card={name: "x" * (length + 1)}), "pay_info", name)


def test_a_card_voucher_has_at_most_64_characters(shop: Shop):
    assert_illegal(shop.card_payment(card={**dict.fromkeys(CARD), "cardVoucher": "x" * 65}), "pay_info",
                   "cardVoucher")


@every_row("name", [*CARD, "firstName", "lastName", "billingDesc", "cardVoucher"])
@every_row("value", [True, ["1"], {"a": "b"}, 1.5], ids=str)
def test_a_field_of_pay_info_of_another_type_is_refused_by_name(shop: Shop, name: str, value: Any):
    assert_illegal(shop.card_payment(card={name: value}), "pay_info", name)


@every_row("name", CARD)
def test_a_card_voucher_stands_in_place_of_the_card_and_not_beside_it(shop: Shop, name: str):
    others = dict.fromkeys(set(CARD) - {name})
    assert_illegal(shop.card_payment(card={"cardVoucher": "v", **others}), "pay_info", "cardVoucher", name)


def test_the_documents_sample_of_pay_info_pays(shop: Shop):
    sample = {"cardNo": "4000020951595032", "expirationMonth": "06", "expirationYear": "28", "cvv": "123",
              "firstName": "Ken",
              "lastName": "Swift", "billingDesc": "TGPay*4001330157"}
    answer = shop.card_payment(pay_info=json.dumps({**sample, "expirationYear": "38"}))
    assert (answer["status"], shop.findings(answer)) == ("success", set())


def test_what_pay_info_has_beside_its_rows_is_accepted(shop: Shop):
    assert shop.card_payment(card={"middleName": "A.", "loyalty": {"points": 5}})["status"] == "success"


@every_row("name, value", [
    ("reference", VISA), ("goods_info", f"card {VISA}"),
    ("risk_info", json.dumps({"cust": {"phoneNum": VISA}})), ("out_trade_no", VISA),
    ("undeclared", f"x{VISA}x"), ("reference", "4111 1111 1111 1111"), ("goods_name", "4111-1111-1111-1111")])
def test_a_card_number_outside_pay_info_is_refused_by_the_name_of_its_parameter(
        shop: Shop, name: str, value: str):
    answer = shop.card_payment(**{name: value})
    assert_illegal(answer, name)
    assert VISA not in answer["detail_error_des"]
    assert shop.control.get("/orders", merchants_id=shop.merchants_id)["items"] == []


def test_a_card_number_is_found_outside_pay_info_however_its_json_writes_it(shop: Shop):
    written = pay_info().replace(VISA, "".join(f"\\u{ord(digit):04x}" for digit in VISA))
    assert VISA not in written and json.loads(written)["cardNo"] == VISA
    assert_illegal(shop.card_payment(pay_info=written, reference=VISA), "reference")


# sub_account_data.

@every_row("ask", [Shop.card_order, Shop.card_payment], ids=["cashier", "s2s"])
@every_row("parts, accepted", [
    ('[{"merchantId":"8001","amount":"0.40"},{"merchantId":"8002","amount":"0.60"}]', True),
    ('[{"merchantId":"8001","amount":"0.40"},{"merchantId":"8002","amount":"0.61"}]', False),
    ('[{"merchantId":"8001","amount":"1.00"}]', True), ('[{"merchantId":"8001","amount":"1.01"}]', False),
    ('{"merchantId":"8001","amount":"0.99"}', True), ('{"merchantId":"8001","amount":"1.01"}', False),
    ('{"list":[{"merchantId":"8001","transAmt":"0.5"},{"merchantId":"8002","transAmt":"0.51"}]}', False),
    ('{"8001":"0.50","8002":"0.50"}', True), ('{"8001":"0.50","8002":"0.51"}', False)])
def test_the_parts_of_sub_merchants_are_at_most_the_amount(shop: Shop, ask: Any, parts: str, accepted: bool):
    answer = ask(shop, sub_account_data=parts, trans_amount="1.00")
    if accepted:
        assert (answer["is_success"], shop.findings(answer)) == ("T", set())
    else:
        assert_illegal(answer, "sub_account_data", "trans_amount")


@every_row("written", [
    "[]", "{}", "null", "5", '"1.00"', "true", '[{"merchantId":"8001"}]', '[{"amount":"-1"}]',
    '[{"amount":"0.001"}]', '[{"amount":"much"}]', '[{"amount":true}]', '[{"amount":null}]',
    '[{"amount":""}]', '[{"amount":"1e-2"}]', '[{"amount":"٠.٥٠"}]', '{"8001":"much"}'])
def test_sub_account_data_without_amounts_or_with_nonsense_is_refused(shop: Shop, written: str):
    assert_illegal(shop.card_order(sub_account_data=written), "sub_account_data")


def test_sub_account_data_of_more_than_1024_characters_is_a_finding(shop: Shop):
    part = '[{"merchantId":"%s","amount":"0.40"}]'
    for length, findings in ((1024, set()), (1025, {"TOO_LONG"})):
        answer = shop.card_order(sub_account_data=part % ("8" * (length - len(part % ""))))
        assert (answer["is_success"], shop.findings(answer)) == ("T", findings)


@every_row("written", ["\ud800", "\x00", "\uffff"], ids=ascii)
@every_row("name", ["cardVoucher", "firstName", "cardNo"])
def test_a_character_that_xml_cannot_carry_is_refused_inside_a_document_too(
        shop: Shop, name: str, written: str):
    card = {"cardVoucher": written} if name == "cardVoucher" else {**json.loads(pay_info()), name: written}
    assert_illegal(shop.card_payment(pay_info=json.dumps(card)), name)
