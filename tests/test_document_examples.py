"""The example requests of TGPay Pro's document succeed, with the findings that its own tables give them."""
from collections.abc import Callable, Iterator

import pytest

from .driver import Answer, Clock, Control, Shop

BARCODE = ("tgpaybarcode", {
    "account_id": "20373", "buyer_identity_code": "280136483235977421", "merchants_id": "201807208001",
    "out_trade_no": "0607001_201807208001060718225942", "pay_type": "alipay", "reference": "0607001",
    "trans_amount": "0.01", "sign_type": "MD5"})
QR = ("tgpayqrcode", {
    "account_id": "20373", "it_b_pay": "1c", "merchants_id": "201807208001",
    "out_trade_no": "0607007_204901202", "pay_type": "alipay", "reference": "0607007", "trans_amount": "0.01",
    "sign_type": "MD5"})
QUERY = ("tgpayquery", {"merchants_id": "201807208001", "out_trade_no": "0607001_201807208001060718225942"})
REFUND = ("tgpayrefund", {
    "merchants_id": "201807208001", "out_refund_id": "201703200001_201707150001",
    "out_trade_no": "0607001_201807208001060718225942", "refund_amount": "0.01",
    "terminal_id": "80000000001"})
CANCEL = ("tgpaycancel", {
    "merchants_id": "201701010001", "account_id": "33", "out_trade_no": "TG201710150001",
    "terminal_id": "80000000001"})
WEBSITE = ("tgpayh5", {
    "merchants_id": "202012177001", "out_trade_no": "202012177001081117326713", "pay_type": "alipay",
    "return_url": "http://ro.tgpaypro.com/images/paysuccess.jpg", "scene_type": "WEBSITE_PAY",
    "trans_amount": "1", "sign_type": "MD5"})
WAP = ("tgpayh5", {
    "merchants_id": "202012177001", "out_trade_no": "20201217700108111765934", "pay_type": "alipay",
    "return_url": "http://ro.tgpaypro.com/images/paysuccess.jpg", "scene_type": "WAP_PAY",
    "trans_amount": "1", "sign_type": "MD5"})
LINK = ("tgpayapi", {
    "merchants_id": "202107207001", "out_trade_no": "202107207001091818492410", "service": "linktopost",
    "sign_type": "MD5"})
OPENID = ("tgpaygetopenid", {
    "merchants_id": "201701010001",
    "client_url": "http://sys.tgpaypro.com/tgpaycode/?m=2017010100011&s=201701010001&out_trade_no=201701010001001843211105205612"
                  "&reference=&total_fee=0.01&sign=ee88a2e3ad8346abb24c1709efdcba7b"})
PREPAY = ("tgpayprepay", {
    "openid": "011Mzno80qCyiD1SgGp80Adko80MznoZ", "merchants_id": "201807208001", "out_trade_no": "192408652",
    "pay_type": "wechat", "notify_url": "https://qr.tgpaypro.com/tgpayment.php", "trade_type": "MINI",
    "trans_amount": "0.01", "sign_type": "MD5"})
SETTLEMENT = ("export_settlement",
              {"end_date": "2018-04-29", "merchants_id": "201701010001", "start_date": "2018-04-23"})
USER = ("tgpayuserinfo", {"user": "wos.101", "password": "1234", "tgpay_product": "ACCOUNT_LOGIN"})
CASHIER = ("tgpaybankcard", {
    "access_type": "cashier", "language": "cn", "merchants_id": "202109200001",
    "out_trade_no": "202109200001051617242192", "pay_channel": "terminal", "pay_type": "bankcard",
    "service": "bankcard.pay", "terminal_id": "801", "terminal_type": "web",
    "trans_amount": "0.01", "trans_timeout": "20", "sign_type": "MD5"})
ONLINE = (CASHIER[0], {**CASHIER[1], "pay_channel": "online"})
CARD = ("tgpaybankcard", {
    "access_type": "s2s", "goods_info": "foods", "goods_name": "bankcard_test", "language": "cn",
    "merchants_id": "201701010001", "out_trade_no": "2017010100010714165955448",
    "pay_info": '{"cardNo":"5204740000001002","expirationMonth":"06","expirationYear":"28","cvv":"123","firstName":"Ken",'
                '"lastName":"Swift"}',
    "pay_type": "bankcard", "reference": "bankcard",
    "risk_info": '{"bill":{"city":"shanghai","country":"CN","postalCode":"201799","state":"shanghai","street":"shangchenglu 518"},'
                 '"buried":[{"code":"CB07","item":"50|42|paste||2|330|47|6|78|delete|1122|revocation"},'
                 '{"code":"CB08","item":"49|41|paste||2|330|47|6|78|delete|1122|revocation"}],'
                 '"cust":{"email":"ken@ipaylinks.com","emailLastModifyTime":"20210319183558","ip":"180.168.145.74",'
                 '"lastShoppingTime":"20210319183558","level":"9","phoneNum":"18761636957","registerUserId":"20210319183558",'
                 '"registrationTime":"20210319183558"},'
                 '"goods":[{"isGift":"","itemPrice":"800","quantity":"1","sku":"air ticket|shanghai to '
                 'chicago"},{"isGift":"","itemPrice":"40","quantity":"1","sku":"delay insurance"}],'
                 '"ship":{"addressLastModifyTime":"20210319183558","city":"long '
                 'beach","country":"US","firstName":"kent","lastName":"swiff","phoneLastModifyTime":"20210319183558","phoneNo":"15900558751","postalCode":"90601",'
                 '"state":"Illinois","street":"bali 2854"}}',
    "terminal_type": "web", "trans_amount": "0.01", "trans_timeout": "20", "sign_type": "MD5"})

TERMINAL = ("tgpaywebtoterminal", {
    "merchants_id": "201807208001", "operation": "sale", "out_trade_no": "201807208001050793242918",
    "pay_type": "webtoterminal", "trans_amount": "0.01", "sign_type": "MD5"})

# Orders that an example speaks of, and the document has no request that makes them.
CANCELLED = ("tgpaybarcode", {**BARCODE[1], "merchants_id": "201701010001", "out_trade_no": "TG201710150001"})
LINKED = ("tgpayh5", {**WEBSITE[1], "merchants_id": "202107207001",
                      "out_trade_no": "202107207001091818492410"})

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
    pytest.param(ONLINE, None, {"OTHER_NAME", "MANDATORY_MISSING"}, id="section 7.1, online"),
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


@pytest.mark.parametrize("strict", [False, True])
def test_that_example_makes_a_qr_order_with_a_finding_also_under_strict(control: Control, strict: bool):
    merchant = control.shop(strict=strict)
    number = f"{merchant.merchants_id}20170420003001"
    answer = merchant.ask("tgpayqrcode", out_trade_no=number, total_fee="0.01", pay_type=None, it_b_pay="15m")
    assert (answer["is_success"], answer["error"], merchant.findings(answer)) == ("T", "", {"OTHER_NAME"})
    assert merchant.query(number)["trans_amount"] == "0.01"


@pytest.mark.parametrize("ask_for", [
    lambda shop: shop.pay_by_barcode(trans_amount=None, total_fee="0.01"),
    lambda shop: shop.ask("tgpayqrcode", out_trade_no="1", total_fee="0.01", it_b_pay="15m")],
    ids=["total_fee elsewhere", "prefix"])
def test_strict_refuses_every_other_finding(control: Control, ask_for: Callable[[Shop], Answer]):
    answer = ask_for(control.shop(strict=True))
    assert (answer["is_success"], answer["error"]) == ("F", "ILLEGAL_ARGUMENT")
    assert "strict" in answer["detail_error_des"]


def test_the_cashier_example_begins_on_the_terminal_that_it_names(control: Control, clock: Clock):
    clock.freeze()
    answer, merchant = ask(control, CASHIER)
    assert (answer["is_success"], answer["result_code"]) == ("T", "SUCCESS")
    assert merchant.findings(answer) == {"OTHER_NAME", "MANDATORY_MISSING"}
    assert merchant.terminal("801")["transaction"]["out_trade_no"] == CASHIER[1]["out_trade_no"]


def test_the_terminal_example_is_accepted_by_the_merchants_first_terminal(control: Control, clock: Clock):
    clock.freeze()
    answer, merchant = ask(control, TERMINAL)
    serial, _, moment = answer["transactionResultId"].partition("-")
    assert (serial, len(moment)) == ("1850025030", 13)
    assert {**answer.fields, "sign": "", "transactionResultId": ""} == {
        "is_success": "T", "result_code": "202", "result_msg": "Operation Accepted",
        "transactionResultId": "", "merchants_id": "201807208001",
        "out_trade_no": "201807208001050793242918", "sign": "", "sign_type": "MD5"}
    assert merchant.findings(answer) == {"MANDATORY_MISSING"}


def test_the_card_example_pays_from_a_url(control: Control, clock: Clock):
    clock.freeze()
    clock.set("2028-06-30T12:00:00Z")  # its card is valid through that month
    answer, merchant = ask(control, CARD)
    assert (answer["is_success"], answer["result_code"], answer["status"]) == ("T", "0000", "success")
    missing = {finding["detail"] for finding in merchant.journal(answer)["findings"]
               if finding["code"] == "MANDATORY_MISSING"}
    assert missing == {"trans_channel is missing", "channel_type is missing"}
    assert merchant.findings(answer) == {"CARD_DATA_IN_URL", "MANDATORY_MISSING"}
    assert answer["order_time"] == "2028-06-30 20:00:00"
    # The order of the document's sample, which has no other fields than these.
    sample = ["is_success", "result_code", "result_msg", "status", "merchants_id", "order_time",
              "out_trade_no",
              "sign", "sign_type"]
    assert [name for name in answer.fields if name in sample] == sample


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
    assert answer.fields == {"is_success": "T", "error": "", "merchants_id": "201703200001",
                             "merchant_name": "Watches of Switzerland",
                             "account_id": "31", "account_login_name": "WoS.101"}
