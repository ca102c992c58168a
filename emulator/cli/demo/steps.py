"""The steps of the demo: each sends a request of the document and checks what follows."""
import csv
import json
from collections.abc import Mapping
from urllib.parse import urljoin

from ...base.http_client import Answer, fetch
from ...signing.merchant_client import forms, pay_sign, post_form, sign
from . import cards
from .examples import BARCODE, CANCEL, DAY, LINK, OPENID, PREPAY, QR, TERMINAL, USER, WAP, WEBSITE
from .stage import DESKTOP, PHONE, Stage

SHOWN = ("partner_transaction_id", "type", "amount", "fee", "settlement", "rmb_settlement")


def query(stage: Stage, order: Mapping[str, str]) -> Answer:
    """Query an order (section 3)."""
    return stage.ask("tgpayquery", {name: order[name] for name in ("merchants_id", "out_trade_no")})


def pay(stage: Stage, url: str, browser: Mapping[str, str]) -> Answer:
    """Open a wallet page and press its button `Pay`. Raises LookupError when there is none."""
    page = fetch(url, headers=browser)
    buttons = [form for form in forms(page.text) if form.button == "Pay"]
    stage.holds(buttons, f"{url} has a button that pays")
    if not buttons:
        raise LookupError("the page has no button that pays")
    stage.screen.code(f"POST {buttons[0].action}", "bash")
    return post_form(buttons[0], url, browser)


def prepared(stage: Stage) -> None:
    """Set the clock, and the receiver's address for notifications."""
    now = stage.control("POST", "/clock", {"set": DAY})["now"]
    stage.holds(now.startswith("2021-06-07T10:00"), f"the emulator's clock shows {now}, 18:00 in Shanghai")
    for order in (QR, WEBSITE, CANCEL, cards.CASHIER):
        changed = stage.control("PATCH", f"/merchants/{order['merchants_id']}",
                                {"notify_url": stage.receiver.url})
        stage.holds(changed["notify_url"] == stage.receiver.url,
                    f"notifications of {order['merchants_id']} go to {stage.receiver.url}")


def qr_order(stage: Stage) -> None:
    """Section 2."""
    answer = stage.ask("tgpayqrcode", QR)
    stage.answers["qr"] = answer.fields
    stage.holds((answer["is_success"], answer["result_code"]) == ("T", "SUCCESS"),
                "is_success is T, result_code SUCCESS")
    stage.holds(stage.is_signed(answer.fields, QR["merchants_id"]), "the response has the right signature")


def picture(stage: Stage) -> None:
    """Fetch the picture of the QR code."""
    url = stage.answers["qr"]["pic_url"]
    stage.screen.code(f"curl -o code.png '{url}'", "bash")
    answer = fetch(url)
    stage.holds(answer.body.startswith(b"\x89PNG\r\n\x1a\n"), "it is a PNG")
    width, height = (int.from_bytes(answer.body[place:place + 4], "big") for place in (16, 20))
    stage.holds((width, height) == (230, 230), f"it has {width} × {height} pixels")


def paid_on_the_page(stage: Stage) -> None:
    """The buyer scans the code and pays."""
    url = stage.answers["qr"]["qr_code"]
    receipt = urljoin(url, pay(stage, url, PHONE).headers.get("Location", ""))
    stage.holds("Paid" in fetch(receipt, headers=PHONE).text, "the wallet says that it is paid")


def qr_notifications(stage: Stage) -> None:
    """Check both notifications of a QR order (section 6)."""
    made = stage.heard("trans_qrcode_create_sync", QR["out_trade_no"], QR["merchants_id"])
    stage.holds(made.get("qr_code") == stage.answers["qr"]["qr_code"], "it contains the code of the response")
    paid = stage.heard("trade_status_sync", QR["out_trade_no"], QR["merchants_id"])
    stage.holds((paid.get("trade_status"), paid.get("total_fee")) == ("TRADE_SUCCESS", "0.09"),
                "it says TRADE_SUCCESS and 0.09 CNY")


def queried(stage: Stage) -> None:
    """Section 3."""
    answer = query(stage, QR)
    stage.holds(answer["trade_status"] == "TRADE_SUCCESS", "trade_status is TRADE_SUCCESS")
    stage.holds((answer["trans_amount"], answer["pay_amount"]) == ("0.01", "0.09"),
                "0.01 GBP at 9.0748 is 0.09 CNY")
    stage.holds(stage.is_signed(answer.fields, QR["merchants_id"]), "the response has the right signature")
    older = stage.ask("tgpaycheck", {name: QR[name] for name in ("merchants_id", "out_trade_no")})
    stage.holds(older["alipay_trans_id"] == answer["trans_id"],
                "its older name returns alipay_trans_id as well")


def barcode(stage: Stage) -> None:
    """Section 1."""
    answer = stage.ask("tgpaybarcode", BARCODE)
    stage.holds(answer["result_code"] == "SUCCESS", "paid at once")
    stage.holds(stage.is_signed(answer.fields, BARCODE["merchants_id"]),
                "the response has the right signature")
    notification = stage.heard("merchant_scan_status_sync", BARCODE["out_trade_no"], BARCODE["merchants_id"])
    stage.holds(notification.get("result_code") == "SUCCESS", "it says SUCCESS")


def no_money(stage: Stage) -> None:
    """A payment code whose buyer cannot pay."""
    answer = stage.ask("tgpaybarcode", {**BARCODE, "out_trade_no": "201807208001_no_money",
                                        "buyer_identity_code": "287777777777700002"})
    stage.holds((answer["is_success"], answer["result_code"]) == ("T", "FAIL"),
                "is_success is T, result_code FAIL")
    stage.holds(answer["detail_error_code"] == "BUYER_BALANCE_NOT_ENOUGH", "detail_error_code says why")


def wrong_sign(stage: Stage) -> None:
    """A signature with a mistake that clients make."""
    token = str(stage.merchant(QR["merchants_id"])["token"])
    answer = stage.send("tgpayqrcode", {**QR, "sign": sign(QR, f"&key={token}")})
    stage.holds((answer["is_success"], answer["error"]) == ("F", "ILLEGAL_SIGN"),
                "is_success is F, error ILLEGAL_SIGN")
    stage.holds("&key=" in answer["detail_error_des"],
                "detail_error_des names the mistake: the token was appended as &key=")


def terminal(stage: Stage) -> None:
    """Section 8: an unattended terminal taps the card by itself, and the client queries until there is a
    result.
    """
    asked = stage.ask("tgpaywebtoterminal", TERMINAL)
    stage.holds((asked["is_success"], asked["result_code"]) == ("T", "202"),
                "202: the terminal has accepted the transaction")
    busy = stage.ask("tgpaywebtoterminal", {**TERMINAL, "out_trade_no": "201807208001_busy"})
    stage.holds((busy["result_code"], busy["result_msg_code"]) == ("400", "1001"),
                "400, 1001: one transaction at a time")
    stage.holds("transactionResultId" not in asked.fields,
                "no transactionResultId: notify_url gets the result")
    number = {"merchants_id": TERMINAL["merchants_id"], "out_trade_no": TERMINAL["out_trade_no"]}
    stage.holds(stage.ask("tgpayquery", number)["result_code"] == "204", "204: there is no result yet")
    stage.control("POST", "/clock", {"advance": "5s"})
    result = stage.ask("tgpayquery", number)
    stage.holds((result["result_code"], result["trade_status"]) == ("200", "AUTHORISED"),
                "200, AUTHORISED, five seconds later")
    reversal = {**TERMINAL, "operation": "saleReversal", "out_trade_no": "201807208001_reversal",
                "original_out_trade_no":
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
    stage.holds(answer.headers.get("Location") == order["return_url"],
                f"the browser goes on to {order['return_url']}")
    notification = stage.heard("TGPay_MINI", order["out_trade_no"], order["merchants_id"])
    stage.holds((notification.get("pay_result"), notification.get("total_fee")) == ("SUCCESS", "100"),
                "it says SUCCESS and 100 pence")


def refund(stage: Stage) -> None:
    """Section 4."""
    asked = {"merchants_id": WAP["merchants_id"], "out_refund_id": "201703200001_201707150001",
             "out_trade_no": WAP["out_trade_no"],
             "refund_amount": "0.01", "terminal_id": "80000000001"}
    first, again = stage.ask("tgpayrefund", asked), stage.ask("tgpayrefund", asked)
    stage.holds((first["is_success"], first["refund_amount_cny"]) == ("T", "0.09"),
                "0.01 GBP, 0.09 CNY, are refunded")
    stage.holds(first.fields == again.fields, "the same out_refund_id gets the same response and is "
                                              "refunded once")
    state = query(stage, WAP)
    stage.holds((state["refund_status"], state["refund_amount"]) == ("PARTIAL_REFUND", ".01"),
                "the query says PARTIAL_REFUND, .01")


def cancel(stage: Stage) -> None:
    """Section 5."""
    stage.ask("tgpayqrcode",
              {**QR, "merchants_id": CANCEL["merchants_id"], "out_trade_no": CANCEL["out_trade_no"]})
    answer = stage.ask("tgpaycancel", CANCEL)
    stage.holds((answer["is_success"], answer["result_code"]) == ("T", "SUCCESS"),
                "is_success is T, result_code SUCCESS")
    notification = stage.heard("trade_status_sync", CANCEL["out_trade_no"], CANCEL["merchants_id"])
    stage.holds(notification.get("trade_status") == "TRADE_CLOSED", "it says TRADE_CLOSED")


def link_to_post(stage: Stage) -> None:
    """Section 11."""
    order = {**WEBSITE, "merchants_id": LINK["merchants_id"], "out_trade_no": LINK["out_trade_no"]}
    pay_url = stage.ask("tgpayh5", order)["pay_url"]
    found = forms(stage.ask("tgpayapi", LINK).text)
    stage.holds([form.action for form in found] == [pay_url],
                "the response is a page with a form that posts to pay_url")
    stage.holds("/qr/" in post_form(found[0], pay_url, DESKTOP).text,
                "pay_url accepts the POST and shows the payment page")


def openid(stage: Stage) -> None:
    """Section 12."""
    answer = stage.ask("tgpaygetopenid", OPENID)
    place = answer.headers.get("Location", "")
    stage.screen.code(f"Location: {place}", "http")
    stage.holds(answer.status == 302 and place.startswith(f"{OPENID['client_url']}&openid=o"),
                "302 to client_url with openid added")
    stage.holds(len(place.rpartition("=")[2]) == 28, "the openid has 28 characters")
    stage.holds(answer.headers.get("Set-Cookie", "").startswith("openid_"),
                "the browser gets a cookie that keeps it")


def prepay(stage: Stage) -> None:
    """Section 13."""
    answer = stage.ask("tgpayprepay", {**PREPAY, "notify_url": stage.receiver.url})
    parameters = json.loads(answer["jsapiparameters"])
    key = str(stage.merchant(PREPAY["merchants_id"])["wechat_key"])
    stage.holds(parameters["paySign"] == pay_sign(parameters, key),
                "paySign is the HMAC-SHA256 under the merchant's WeChat key")
    stage.control("POST", f"/orders/{PREPAY['merchants_id']}/{PREPAY['out_trade_no']}/pay")
    stage.heard("TGPay_MINI", PREPAY["out_trade_no"], PREPAY["merchants_id"])


def user(stage: Stage) -> None:
    """Section 15."""
    answer = stage.ask("tgpayuserinfo", USER, "201703200001")
    stage.holds(answer["merchant_name"] == "Watches of Switzerland",
                "the login belongs to Watches of Switzerland")


def next_days(stage: Stage) -> None:
    """Move the clock beyond the settlement."""
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
    stage.holds([(line["type"], line["amount"]) for line in lines]
                == [("P", "1.00"), ("P", "1.00"), ("R", "-0.01")],
                "two payments and the refund are settled")
    stage.holds({line["settlement_time"] for line in lines} == {"2021-06-08 15:00:00"},
                "at 15:00 on the day after, Shanghai time")
