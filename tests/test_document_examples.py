"""Contract, first principle: the example requests of TGPay Pro's document succeed, with the findings that 1.5 predicts."""
from collections.abc import Iterator

import pytest

from .driver import Answer, Control, Shop

BARCODE = ("tgpaybarcode", {
    "account_id": "20373", "buyer_identity_code": "280136483235977421", "merchants_id": "201807208001",
    "out_trade_no": "0607001_201807208001060718225942", "pay_type": "alipay", "reference": "0607001", "trans_amount": "0.01",
    "sign_type": "MD5"})
QR = ("tgpayqrcode", {
    "account_id": "20373", "it_b_pay": "1c", "merchants_id": "201807208001", "out_trade_no": "0607007_204901202", "pay_type": "alipay",
    "reference": "0607007", "trans_amount": "0.01", "sign_type": "MD5"})
QUERY = ("tgpayquery", {"merchants_id": "201807208001", "out_trade_no": "0607001_201807208001060718225942"})
REFUND = ("tgpayrefund", {
    "merchants_id": "201807208001", "out_refund_id": "201703200001_201707150001", "out_trade_no": "0607001_201807208001060718225942",
    "refund_amount": "0.01", "terminal_id": "8000000001"})
CANCEL = ("tgpaycancel", {
    "merchants_id": "201701010001", "account_id": "33", "out_trade_no": "TG201710150001", "terminal_id": "8000000001"})
WEBSITE = ("tgpayh5", {
    "merchants_id": "202012177001", "out_trade_no": "202012177001081117326713", "pay_type": "alipay",
    "return_url": "http://ro.tgpaypro.com/images/paysuccess.jpg", "scene_type": "WEBSITE_PAY", "trans_amount": "1", "sign_type": "MD5"})
WAP = ("tgpayh5", {
    "merchants_id": "202012177001", "out_trade_no": "20201217700108111765934", "pay_type": "alipay",
    "return_url": "http://ro.tgpaypro.com/images/paysuccess.jpg", "scene_type": "WAP_PAY", "trans_amount": "1", "sign_type": "MD5"})
LINK = ("tgpayapi", {
    "merchants_id": "202107207001", "out_trade_no": "202107207001091818492410", "service": "linktopost", "sign_type": "MD5"})
OPENID = ("tgpaygetopenid", {
    "merchants_id": "201701010001",
    "client_url": "http://sys.tgpaypro.com/tgpaycode/?m=2017010100011&s=201701010001&out_trade_no=201701010001001843211105205612"
                  "&reference=&total_fee=0.01&sign=ee88a2e3ad8346abb24c1709efdcba7b"})
PREPAY = ("tgpayprepay", {
    "openid": "011Mzno80qCyiD1SgGp80Adko80MznoZ", "merchants_id": "201807208001", "out_trade_no": "192408652", "pay_type": "wechat",
    "notify_url": "https://qr.tgpaypro.com/tgpayment.php", "trade_type": "MINI", "trans_amount": "0.01", "sign_type": "MD5"})
SETTLEMENT = ("export_settlement", {"end_date": "2018-04-29", "merchants_id": "201701010001", "start_date": "2018-04-23"})
USER = ("tgpayuserinfo", {"user": "wos.101", "password": "1234", "tgpay_product": "ACCOUNT_LOGIN"})

# Orders that an example speaks of, and the document has no request that makes them.
CANCELLED = ("tgpaybarcode", {**BARCODE[1], "merchants_id": "201701010001", "out_trade_no": "TG201710150001"})
LINKED = ("tgpayh5", {**WEBSITE[1], "merchants_id": "202107207001", "out_trade_no": "202107207001091818492410"})

Example = tuple[str, dict[str, str]]
MERCHANTS = ("201703200001", "201807208001", "201701010001", "202012177001", "202107207001", "202109200001")


@pytest.fixture(autouse=True)
def seeded(control: Control) -> Iterator[None]:
    """The merchants of the examples as they were seeded, before and after."""
    reset(control)
    yield
    reset(control)


def reset(control: Control) -> None:
    for merchants_id in MERCHANTS:
        control.post("/reset", merchants_id=merchants_id)


def ask(control: Control, example: Example) -> tuple[Answer, Shop]:
    endpoint, params = example
    merchants_id = params.get("merchants_id", "201703200001")
    merchant = Shop(control, merchants_id, control.get(f"/merchants/{merchants_id}")["token"])
    return merchant.ask(endpoint, **{"merchants_id": None, "sign_type": None, **params}), merchant


@pytest.mark.parametrize("example, before, findings", [
    pytest.param(BARCODE, None, set(), id="section 1"),
    pytest.param(QR, None, {"ORDER_NUMBER_PREFIX"}, id="section 2"),
    pytest.param(QUERY, BARCODE, set(), id="section 3"),
    pytest.param(REFUND, BARCODE, set(), id="section 4"),
    pytest.param(CANCEL, CANCELLED, set(), id="section 5"),
    pytest.param(WEBSITE, None, {"OTHER_NAME"}, id="section 9"),
    pytest.param(WAP, None, {"OTHER_NAME"}, id="section 10"),
    pytest.param(PREPAY, None, set(), id="section 13"),
    pytest.param(USER, None, set(), id="section 15")])
def test_an_example_request_re_signed_succeeds_with_the_predicted_findings(
        control: Control, example: Example, before: Example | None, findings: set[str]):
    if before:
        assert ask(control, before)[0]["is_success"] == "T"
    answer, merchant = ask(control, example)
    assert (answer["is_success"], answer["error"]) == ("T", "")
    assert merchant.findings(answer) == findings


def test_the_example_of_the_signature_is_that_of_a_seeded_merchant(control: Control):
    params = {"merchants_id": "201703200001", "out_trade_no": "20170420003001", "total_fee": "0.01"}
    signed = control.post("/sign", {"merchants_id": "201703200001", "params": params})
    assert signed == {"canonical": "merchants_id=201703200001&out_trade_no=20170420003001&total_fee=0.01",
                      "sign": "ad8e46d0144bc1498b87e858f753fcdb"}


def test_the_prepay_example_succeeds_without_sign_type(control: Control):
    answer, merchant = ask(control, (PREPAY[0], {**PREPAY[1], "sign_type": None}))
    assert (answer["result_code"], merchant.findings(answer)) == ("SUCCESS", {"SIGN_TYPE_MISSING"})


def test_the_link_of_the_example_answers_a_page_that_posts(control: Control):
    ask(control, LINKED)
    answer, merchant = ask(control, LINK)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert 'method="post"' in answer.text
    assert merchant.findings(answer) == set()


def test_the_openid_example_sends_the_browser_back_with_an_openid(control: Control):
    answer, merchant = ask(control, OPENID)
    assert answer.status == 302
    assert answer.headers["Location"].startswith(f"{OPENID[1]['client_url']}&openid=o")
    assert merchant.findings(answer) == {"SIGN_TYPE_MISSING"}


def test_the_settlement_example_answers_a_file(control: Control):
    answer, merchant = ask(control, SETTLEMENT)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert "201701010001_settlement_2018-04-23_2018-04-29.csv" in answer.headers["Content-Disposition"]
    assert merchant.findings(answer) == set()


def test_the_user_of_the_example_belongs_to_the_merchant_of_the_example(control: Control):
    answer, _ = ask(control, USER)
    assert answer.fields == {"is_success": "T", "error": "", "merchants_id": "201703200001", "merchant_name": "Watches of Switzerland",
                             "account_id": "31", "account_login_name": "WoS.101"}
