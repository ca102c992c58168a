"""Contract 7, `journal`: every request with its answer, verdict, findings and an explanation of a wrong
signature; secrets masked.
"""
import json

from ..driver import Control, Shop, md5_sign
from ..tables import every_row


def entries(control: Control, **query: object) -> list[dict]:
    return control.get("/journal", **query)["items"]


def test_an_entry_has_the_request_the_answer_and_the_verdict(shop: Shop) -> None:
    number = shop.number()
    answer = shop.qr_order(out_trade_no=number, it_b_pay="1h", reference="茶")
    entry = shop.journal(answer)
    assert (entry["endpoint"], entry["merchants_id"], entry["out_trade_no"]) == (
        "tgpayqrcode", shop.merchants_id, number)
    assert (entry["method"], entry["ip"], entry["status"], entry["verdict"]) == (
        "GET", "127.0.0.1", 200, "OK")
    assert (entry["answer"], entry["params"]["reference"], entry["params"]["it_b_pay"]) == (
        answer.text, "茶", "1h")
    assert (entry["findings"], entry["explanation"]) == ([], None)


@every_row("endpoint, params, verdict", [
    ("tgpayqrcode", {"trans_amount": "free"}, "ILLEGAL_ARGUMENT"),
    ("tgpayquery", {"out_trade_no": "none", "sign_type": None}, "TRADE_NOT_EXIST"),
    ("tgpayquery", {"out_trade_no": "none", "sign_type": "RSA"}, "ILLEGAL_SIGN_TYPE"),
    ("tgpayquery", {"out_trade_no": "none", "sign": "0" * 32}, "ILLEGAL_SIGN"),
    ("tgpaynothing", {}, "NOT_FOUND"),
])
def test_a_refusal_is_in_the_journal_with_its_error(shop: Shop, endpoint: str, params: dict,
                                                    verdict: str) -> None:
    answer = shop.ask(endpoint, **params)
    entry = shop.journal(answer)
    assert (entry["verdict"], entry["answer"]) == (verdict, answer.text)


def test_a_request_of_an_unknown_merchant_is_in_the_journal(control: Control, shop: Shop) -> None:
    answer = shop.ask("tgpayquery", merchants_id="nobody", out_trade_no="1")
    assert (shop.journal(answer)["verdict"], shop.journal(answer)["merchants_id"]) == (
        "ILLEGAL_PARTNER", "nobody")


@every_row("params, code", [
    ({"sign_type": None}, "SIGN_TYPE_MISSING"),
    ({"out_trade_no": "no-prefix", "it_b_pay": "1h"}, "ORDER_NUMBER_PREFIX"),
    ({"trans_amount": None, "total_fee": "1.00"}, "OTHER_NAME"), ({"pay_type": None}, "MANDATORY_MISSING"),
])
def test_an_entry_has_the_findings_with_their_rule_and_section(shop: Shop, params: dict, code: str) -> None:
    findings = {finding["code"]: finding for finding in shop.journal(shop.qr_order(**params))["findings"]}
    assert findings[code]["rule"] and findings[code]["section"] and findings[code]["detail"]


def test_a_wrong_signature_is_explained(shop: Shop) -> None:
    params = shop.signed(out_trade_no="1", trans_amount="1.00", reference="a b")
    params["sign"] = md5_sign({**params, "reference": "a%20b"}, shop.token)
    explanation = shop.journal(shop.send("tgpayqrcode", params))["explanation"]
    assert (explanation["mistake"], explanation["given"]) == ("URL_ENCODED", params["sign"])
    assert explanation["canonical"].startswith(
        f"merchants_id={shop.merchants_id}&out_trade_no=1&reference=a b")
    assert explanation["expected"] == md5_sign(params, shop.token)


def test_secrets_are_masked_and_tokens_nowhere(control: Control, shop: Shop) -> None:
    answer = shop.ask("tgpayuserinfo", user="WoS.101", password="do-not-keep", tgpay_product="ACCOUNT_LOGIN",
                      merchants_id=None,
                      pay_info='{"cardNo":"4000020951595032"}', cvv="987")
    wrong = shop.ask("tgpayqrcode", out_trade_no="1", password="do-not-keep", sign="0" * 32)
    written = json.dumps([shop.journal(answer), shop.journal(wrong)])
    assert shop.journal(wrong)["params"]["password"] == "***"
    for secret in ("do-not-keep", "4000020951595032", "987\"", shop.token):
        assert secret not in written


def test_the_journal_is_narrowed_and_read_page_by_page(control: Control, shop: Shop) -> None:
    number = shop.qr_order()["out_trade_no"]
    for _ in range(3):
        shop.query(number)
    shop.query("another")
    mine = {"merchants_id": shop.merchants_id}
    assert len(entries(control, **mine)) == 5
    assert [entry["verdict"] for entry in entries(control, **mine, endpoint="tgpayquery")] == ["OK"] * 3 + [
        "TRADE_NOT_EXIST"]
    assert len(entries(control, **mine, out_trade_no=number)) == 4
    assert len(entries(control, **mine, out_trade_no=number, endpoint="tgpayqrcode")) == 1
    first = control.get("/journal", **mine, limit=2)
    second = control.get("/journal", **mine, limit=2, after=first["next"])
    assert [entry["id"] for entry in first["items"] + second["items"]] == [
        entry["id"] for entry in entries(control, **mine)][:4]


def test_an_entry_that_is_not_there_is_not_found(control: Control) -> None:
    assert control.ask("GET", "/journal/999999999").status == 404


def test_the_journal_of_one_merchant_is_emptied_alone(control: Control, shop: Shop) -> None:
    other = control.shop()
    shop.qr_order()
    other.qr_order()
    assert control.ask("DELETE", "/journal", merchants_id=shop.merchants_id).status == 204
    assert (len(entries(control, merchants_id=shop.merchants_id)),
            len(entries(control, merchants_id=other.merchants_id))) == (0, 1)
    control.ask("DELETE", f"/merchants/{other.merchants_id}")


def test_the_journal_has_what_is_refused_for_its_size_and_method(shop: Shop) -> None:
    for answer, verdict in ((shop.send("tgpayquery", {"a": "x" * 1_100_000}, "POST"), "REQUEST_TOO_LARGE"),
                            (shop.send("tgpayquery", {"a": "b"}, "DELETE"), "METHOD_NOT_ALLOWED")):
        entry = shop.journal(answer)
        assert (entry["verdict"], entry["status"], entry["answer"]) == (verdict, answer.status, answer.text)
