"""The document's own example requests, in an order in which they make sense. Only `sign` and the receiver's address are ours."""
import csv
import json
from collections.abc import Mapping
from urllib.parse import urljoin

from ...signing.merchant_client import Answer, fetch, forms, pay_sign, post_form, sign
from . import cards
from .stage import DESKTOP, PHONE, Stage, Step

DAY = "2021-06-07T10:00:00Z"
SHOWN = ("partner_transaction_id", "type", "amount", "fee", "settlement", "rmb_settlement")

QR = {"account_id": "20373", "it_b_pay": "1c", "merchants_id": "201807208001", "out_trade_no": "0607007_204901202", "pay_type": "alipay",
      "reference": "0607007", "trans_amount": "0.01", "sign_type": "MD5"}
BARCODE = {"account_id": "20373", "buyer_identity_code": "280136483235977421", "merchants_id": "201807208001",
           "out_trade_no": "0607001_201807208001060718225942", "pay_type": "alipay", "reference": "0607001", "trans_amount": "0.01",
           "sign_type": "MD5"}
WEBSITE = {"merchants_id": "202012177001", "out_trade_no": "202012177001081117326713", "pay_type": "alipay",
           "return_url": "http://ro.tgpaypro.com/images/paysuccess.jpg", "scene_type": "WEBSITE_PAY", "trans_amount": "1",
           "sign_type": "MD5"}
WAP = {**WEBSITE, "out_trade_no": "20201217700108111765934", "scene_type": "WAP_PAY"}
LINK = {"merchants_id": "202107207001", "out_trade_no": "202107207001091818492410", "service": "linktopost", "sign_type": "MD5"}
CANCEL = {"merchants_id": "201701010001", "account_id": "33", "out_trade_no": "TG201710150001", "terminal_id": "80000000001"}
OPENID = {"merchants_id": "201701010001", "client_url": "http://sys.tgpaypro.com/tgpaycode/?m=2017010100011&s=201701010001&out_trade_no="
          "201701010001001843211105205612&reference=&total_fee=0.01&sign=ee88a2e3ad8346abb24c1709efdcba7b"}
PREPAY = {"openid": "011Mzno80qCyiD1SgGp80Adko80MznoZ", "merchants_id": "201807208001", "out_trade_no": "192408652", "pay_type": "wechat",
          "trade_type": "MINI", "trans_amount": "0.01"}
TERMINAL = {"merchants_id": "201807208001", "operation": "sale", "out_trade_no": "201807208001050793242918", "pay_type": "webtoterminal",
            "trans_amount": "0.01", "sign_type": "MD5"}
USER = {"user": "wos.101", "password": "1234", "tgpay_product": "ACCOUNT_LOGIN"}


def query(stage: Stage, order: Mapping[str, str]) -> Answer:
    """Section 3, for any order."""
    return stage.ask("tgpayquery", {name: order[name] for name in ("merchants_id", "out_trade_no")})


def pay(stage: Stage, url: str, browser: Mapping[str, str]) -> Answer:
    """Open a wallet page and press its button `Pay`."""
    page = fetch(url, headers=browser)
    button = next((form for form in forms(page.text) if form.button == "Pay"), None)
    stage.holds(button, f"{url} has a button that pays")
    assert button is not None
    stage.screen.code(f"POST {button.action}", "bash")
    return post_form(button, url, browser)


def prepared(stage: Stage) -> None:
    """The clock and the address of notifications."""
    now = stage.control("POST", "/clock", {"set": DAY})["now"]
    stage.holds(now.startswith("2021-06-07T10:00"), f"the emulator's clock shows {now}, 18:00 in Shanghai")
    for order in (QR, WEBSITE, CANCEL, cards.CASHIER):
        changed = stage.control("PATCH", f"/merchants/{order['merchants_id']}", {"notify_url": stage.receiver.url})
        stage.holds(changed["notify_url"] == stage.receiver.url, f"notifications of {order['merchants_id']} go to {stage.receiver.url}")


def qr_order(stage: Stage) -> None:
    """Section 2."""
    answer = stage.ask("tgpayqrcode", QR)
    stage.told["qr"] = answer.fields
    stage.holds((answer["is_success"], answer["result_code"]) == ("T", "SUCCESS"), "is_success is T, result_code SUCCESS")
    stage.holds(stage.is_signed(answer.fields, QR["merchants_id"]), "the answer's signature is right")


def picture(stage: Stage) -> None:
    """The picture of the code."""
    url = stage.told["qr"]["pic_url"]
    stage.screen.code(f"curl -o code.png '{url}'", "bash")
    answer = fetch(url)
    stage.holds(answer.body.startswith(b"\x89PNG\r\n\x1a\n"), "it is a PNG")
    width, height = (int.from_bytes(answer.body[place:place + 4], "big") for place in (16, 20))
    stage.holds((width, height) == (230, 230), f"it has {width} × {height} pixels")


def paid_on_the_page(stage: Stage) -> None:
    """The buyer scans the code and pays."""
    url = stage.told["qr"]["qr_code"]
    receipt = urljoin(url, pay(stage, url, PHONE).headers.get("Location", ""))
    stage.holds("Paid" in fetch(receipt, headers=PHONE).text, "the wallet says that it is paid")


def qr_notifications(stage: Stage) -> None:
    """Both notifications of a QR order."""
    made = stage.heard("trans_qrcode_create_sync", QR["out_trade_no"], QR["merchants_id"])
    stage.holds(made.get("qr_code") == stage.told["qr"]["qr_code"], "it carries the code of the answer")
    paid = stage.heard("trade_status_sync", QR["out_trade_no"], QR["merchants_id"])
    stage.holds((paid.get("trade_status"), paid.get("total_fee")) == ("TRADE_SUCCESS", "0.09"), "it says TRADE_SUCCESS and 0.09 CNY")


def queried(stage: Stage) -> None:
    """Section 3."""
    answer = query(stage, QR)
    stage.holds(answer["trade_status"] == "TRADE_SUCCESS", "trade_status is TRADE_SUCCESS")
    stage.holds((answer["trans_amount"], answer["pay_amount"]) == ("0.01", "0.09"), "0.01 GBP at 9.0748 is 0.09 CNY")
    stage.holds(stage.is_signed(answer.fields, QR["merchants_id"]), "the answer's signature is right")
    older = stage.ask("tgpaycheck", {name: QR[name] for name in ("merchants_id", "out_trade_no")})
    stage.holds(older["alipay_trans_id"] == answer["trans_id"], "its older name answers alipay_trans_id too")


def barcode(stage: Stage) -> None:
    """Section 1."""
    answer = stage.ask("tgpaybarcode", BARCODE)
    stage.holds(answer["result_code"] == "SUCCESS", "paid at once")
    stage.holds(stage.is_signed(answer.fields, BARCODE["merchants_id"]), "the answer's signature is right")
    notification = stage.heard("merchant_scan_status_sync", BARCODE["out_trade_no"], BARCODE["merchants_id"])
    stage.holds(notification.get("result_code") == "SUCCESS", "it says SUCCESS")


def no_money(stage: Stage) -> None:
    """A payment code whose buyer cannot pay."""
    answer = stage.ask("tgpaybarcode", {**BARCODE, "out_trade_no": "201807208001_no_money", "buyer_identity_code": "287777777777700002"})
    stage.holds((answer["is_success"], answer["result_code"]) == ("T", "FAIL"), "is_success is T, result_code FAIL")
    stage.holds(answer["detail_error_code"] == "BUYER_BALANCE_NOT_ENOUGH", "detail_error_code says why")


def wrong_sign(stage: Stage) -> None:
    """A signature with a mistake that clients make."""
    token = str(stage.merchant(QR["merchants_id"])["token"])
    answer = stage.send("tgpayqrcode", {**QR, "sign": sign(QR, f"&key={token}")})
    stage.holds((answer["is_success"], answer["error"]) == ("F", "ILLEGAL_SIGN"), "is_success is F, error ILLEGAL_SIGN")
    stage.holds("&key=" in answer["detail_error_des"], "detail_error_des names the mistake: the token was appended as &key=")


def terminal(stage: Stage) -> None:
    """Section 8: the cardholder taps by themselves, so the client asks until there is a result."""
    asked = stage.ask("tgpaywebtoterminal", TERMINAL)
    stage.holds((asked["is_success"], asked["result_code"]) == ("T", "202"), "202: the terminal has the transaction")
    busy = stage.ask("tgpaywebtoterminal", {**TERMINAL, "out_trade_no": "201807208001_busy"})
    stage.holds((busy["result_code"], busy["result_msg_code"]) == ("400", "1001"), "400, 1001: one transaction at a time")
    stage.holds("transactionResultId" not in asked.fields, "no transactionResultId: notify_url gets the result")
    number = {"merchants_id": TERMINAL["merchants_id"], "out_trade_no": TERMINAL["out_trade_no"]}
    stage.holds(stage.ask("tgpayquery", number)["result_code"] == "204", "204: there is no result yet")
    stage.control("POST", "/clock", {"advance": "5s"})
    told = stage.ask("tgpayquery", number)
    stage.holds((told["result_code"], told["trade_status"]) == ("200", "AUTHORISED"), "200, AUTHORISED, five seconds later")
    reversal = {**TERMINAL, "operation": "saleReversal", "out_trade_no": "201807208001_reversal", "original_out_trade_no":
                TERMINAL["out_trade_no"]}
    stage.ask("tgpaywebtoterminal", reversal)
    stage.control("POST", "/clock", {"advance": "5s"})
    stage.holds(query(stage, reversal)["trade_status"] == "AUTHORISED", "the sale is reversed without a card")


def website(stage: Stage) -> None:
    """Section 9."""
    answer = stage.ask("tgpayh5", WEBSITE)
    page = fetch(answer["pay_url"], headers=DESKTOP).text
    stage.holds("/qr/" in page, "on a desktop pay_url shows a code to scan")
    _paid_h5(stage, WEBSITE, f"{answer['pay_url']}?here=1", DESKTOP)


def wap(stage: Stage) -> None:
    """Section 10."""
    answer = stage.ask("tgpayh5", WAP)
    _paid_h5(stage, WAP, answer["pay_url"], PHONE)


def _paid_h5(stage: Stage, order: Mapping[str, str], url: str, browser: Mapping[str, str]) -> None:
    answer = pay(stage, url, browser)
    stage.holds(answer.headers.get("Location") == order["return_url"], f"the browser goes on to {order['return_url']}")
    notification = stage.heard("TGPay_MINI", order["out_trade_no"], order["merchants_id"])
    stage.holds((notification.get("pay_result"), notification.get("total_fee")) == ("SUCCESS", "100"), "it says SUCCESS and 100 pence")


def refund(stage: Stage) -> None:
    """Section 4."""
    asked = {"merchants_id": WAP["merchants_id"], "out_refund_id": "201703200001_201707150001", "out_trade_no": WAP["out_trade_no"],
             "refund_amount": "0.01", "terminal_id": "80000000001"}
    first, again = stage.ask("tgpayrefund", asked), stage.ask("tgpayrefund", asked)
    stage.holds((first["is_success"], first["refund_amount_cny"]) == ("T", "0.09"), "0.01 GBP, 0.09 CNY, are given back")
    stage.holds(first.fields == again.fields, "the same out_refund_id answers the same and refunds once")
    state = query(stage, WAP)
    stage.holds((state["refund_status"], state["refund_amount"]) == ("PARTIAL_REFUND", ".01"),
                "the query says PARTIAL_REFUND, .01")


def cancel(stage: Stage) -> None:
    """Section 5."""
    stage.ask("tgpayqrcode", {**QR, "merchants_id": CANCEL["merchants_id"], "out_trade_no": CANCEL["out_trade_no"]})
    answer = stage.ask("tgpaycancel", CANCEL)
    stage.holds((answer["is_success"], answer["result_code"]) == ("T", "SUCCESS"), "is_success is T, result_code SUCCESS")
    notification = stage.heard("trade_status_sync", CANCEL["out_trade_no"], CANCEL["merchants_id"])
    stage.holds(notification.get("trade_status") == "TRADE_CLOSED", "it says TRADE_CLOSED")


def link_to_post(stage: Stage) -> None:
    """Section 11."""
    order = {**WEBSITE, "merchants_id": LINK["merchants_id"], "out_trade_no": LINK["out_trade_no"]}
    pay_url = stage.ask("tgpayh5", order)["pay_url"]
    found = forms(stage.ask("tgpayapi", LINK).text)
    stage.holds([form.action for form in found] == [pay_url], "the answer is a page with a form that posts to pay_url")
    stage.holds("/qr/" in post_form(found[0], pay_url, DESKTOP).text, "pay_url takes the POST and shows the payment page")


def openid(stage: Stage) -> None:
    """Section 12."""
    answer = stage.ask("tgpaygetopenid", OPENID)
    place = answer.headers.get("Location", "")
    stage.screen.code(f"Location: {place}", "http")
    stage.holds(answer.status == 302 and place.startswith(f"{OPENID['client_url']}&openid=o"), "302 to client_url with openid added")
    stage.holds(len(place.rpartition("=")[2]) == 28, "the openid has 28 characters")
    stage.holds(answer.headers.get("Set-Cookie", "").startswith("openid_"), "the browser is given a cookie that keeps it")


def prepay(stage: Stage) -> None:
    """Section 13."""
    answer = stage.ask("tgpayprepay", {**PREPAY, "notify_url": stage.receiver.url})
    parameters = json.loads(answer["jsapiparameters"])
    key = str(stage.merchant(PREPAY["merchants_id"])["wechat_key"])
    stage.holds(parameters["paySign"] == pay_sign(parameters, key), "paySign is the HMAC-SHA256 under the merchant's WeChat key")
    stage.control("POST", f"/orders/{PREPAY['merchants_id']}/{PREPAY['out_trade_no']}/pay")
    stage.heard("TGPay_MINI", PREPAY["out_trade_no"], PREPAY["merchants_id"])


def user(stage: Stage) -> None:
    """Section 15."""
    answer = stage.ask("tgpayuserinfo", USER, "201703200001")
    stage.holds(answer["merchant_name"] == "Watches of Switzerland", "the login belongs to Watches of Switzerland")


def next_days(stage: Stage) -> None:
    """The clock moves over the settlement."""
    now = stage.control("POST", "/clock", {"advance": "2d"})["now"]
    stage.holds(now.startswith("2021-06-09"), f"the emulator's clock shows {now}")


def settlement(stage: Stage) -> None:
    """Section 14."""
    days = {"end_date": "2021-06-09", "start_date": "2021-06-07"}
    answer = stage.ask("export_settlement", {**days, "merchants_id": WAP["merchants_id"]})
    header, *rows = csv.reader(answer.text.splitlines())
    lines = [dict(zip(header, row)) for row in rows]
    stage.screen.table(SHOWN, [[line[name] for name in SHOWN] for line in lines])
    stage.holds(len(header) == 25, "the file has the 25 columns of the document")
    stage.holds([(line["type"], line["amount"]) for line in lines] == [("P", "1.00"), ("P", "1.00"), ("R", "-0.01")],
                "two payments and the refund are settled")
    stage.holds({line["settlement_time"] for line in lines} == {"2021-06-08 15:00:00"}, "at 15:00 on the day after, Shanghai time")


STEPS = (
    Step("", "The day of the examples", prepared, "The clock is the emulator's own: tests move it instead of waiting."),
    Step("2", "A code for the buyer to scan", qr_order, "Pictures and qr_code are pages of the emulator; the order waits until midnight "
         "(it_b_pay=1c)."),
    Step("2", "The picture of the code", picture, "It encodes qr_code, so a phone that reaches the emulator can scan it."),
    Step("2", "The buyer pays on the wallet page", paid_on_the_page, "The page also has buttons for a buyer who cannot or does not pay."),
    Step("6", "The notifications arrive", qr_notifications, "Verify the signature before you believe a notification, and answer success, or it is repeated."),
    Step("3", "Query", queried, "Ask when a notification does not come; the query never changes an order."),
    Step("1", "The shop scans the buyer's code", barcode, "The answer is final here; a notification follows all the same."),
    Step("1", "A buyer without money", no_money, "is_success says that the request was processed, only result_code that the money came."),
    Step("1.2", "A wrong signature", wrong_sign, "The emulator knows what clients do wrong; the real gateway says only that it is wrong."),
    Step("7.1", "Card on the cashier's page", cards.cashier, "A test card says in its number what the issuer answers: "
         "tgpay-emulator cards lists them."),
    Step("7.2", "Card from the merchant's server", cards.server_to_server, "The outcome is status; a client that looks at is_success "
         "alone finds that out here."),
    Step("7.2", "3-D", cards.three_d, "Send the browser to termUrl with redirectParam; wrong codes and giving up end as the issuer would "
         "have it."),
    Step("7.2", "Review", cards.review, "Not reviewed within 24 hours it is canceled."),
    Step("8", "Card terminal", terminal, "Watch it, or drive it, at /terminal/1850025030. Be told at notify_url, or "
         "ask by out_trade_no; without a notify_url the answer has a transactionResultId to ask with."),
    Step("9", "H5 on a desktop", website, "The document's example sends trans_amount where its table says total_fee; both are taken."),
    Step("10", "H5 on a phone", wap, "total_fee of this notification is in pence; sign the JSON's numbers as they are printed."),
    Step("4", "Part of it is refunded", refund, "Send an out_refund_id: without one each repetition refunds again."),
    Step("5", "Cancel", cancel, "A waiting order closes; one paid within 24 hours is given back. The answer is unsigned."),
    Step("11", "Link to post", link_to_post, "Send the payer's browser there; the page posts by itself."),
    Step("12", "Get openid", openid, "The same browser keeps its openid for this merchant."),
    Step("13", "Prepay order", prepay, "jsapiparameters go to WeChat's payment call as they are; here the control interface pays instead."),
    Step("15", "Merchant's user", user, "The request names no merchant; it is signed with the token of the user's."),
    Step("", "Two days pass", next_days, "What falls due in between (settlement, expiry, repeated notifications) is done before the answer."),
    Step("14", "Settlement file", settlement, "Money columns of a refund are negative and its fee is 0.00."),
)
