"""The demo's steps about cards: requests of sections 7.1 and 7.2, the cashier's and the issuer's page, and a
review.
"""
import json
from urllib.parse import parse_qsl, urljoin, urlsplit

from ...base.http_client import Answer, fetch
from ...signing.merchant_client import forms, post_form
from .stage import DESKTOP, Stage

# The document's example sends pay_channel=terminal: the cardholder would pay at the counter. On a page it is
# online.
CASHIER = {"access_type": "cashier", "language": "en", "merchants_id": "202109200001",
           "out_trade_no": "202109200001051617242192",
           "pay_channel": "online", "pay_type": "bankcard", "service": "bankcard.pay", "terminal_type": "web",
           "trans_amount": "0.01", "trans_timeout": "20", "sign_type": "MD5"}
SERVER = {"access_type": "s2s", "goods_info": "foods", "goods_name": "bankcard_test", "language": "en",
          "merchants_id": "201701010001",
          "out_trade_no": "2017010100010714165955448", "pay_type": "bankcard", "reference": "bankcard",
          "terminal_type": "web", "trans_amount": "0.01", "trans_timeout": "20", "sign_type": "MD5"}
GOOD, NO_MONEY = "5204740000001002", "4000023084000003"
THREE_D, REVIEW = "4000023200000002", "4000023200000010"
EXPIRY = {"expirationMonth": "06", "expirationYear": "28", "cvv": "123"}


def _pay_info(number: str) -> str:
    return json.dumps({"cardNo": number, **EXPIRY, "firstName": "Ken", "lastName": "Swift"})


def _card_on_the_page(stage: Stage, url: str, number: str) -> Answer:
    """Submit a card in the cashier's form and return the page that follows."""
    form = forms(fetch(url, headers=DESKTOP).text)[0]
    form.fields.update({"cardNo": number, **EXPIRY})
    stage.screen.code(f"POST {form.action}", "bash")
    return fetch(urljoin(url, post_form(form, url, DESKTOP).headers.get("Location", "")), headers=DESKTOP)


def cashier(stage: Stage) -> None:
    """Section 7.1: a decline, then another card."""
    url = stage.ask("tgpaybankcard", CASHIER)["pay_url"]
    stage.holds("&" not in url and url, "pay_url can be cut out of the raw text")
    declined = _card_on_the_page(stage, url, NO_MONEY).text
    stage.holds("Please confirm the card has enough money" in declined,
                "the payer reads the document's text for 3084")
    paid = _card_on_the_page(stage, f"{url}?again=1", GOOD).text
    stage.holds("Payment successful" in paid, "another card pays")
    for status, code in (("failed", "3084"), ("success", "0000")):
        notification = stage.heard("", CASHIER["out_trade_no"], CASHIER["merchants_id"], status=status)
        stage.holds(notification.get("result_code") == code, f"the notification has {status}, {code}")


def server_to_server(stage: Stage) -> None:
    """Section 7.2: the document's example, and a declined card, which is a processed request."""
    answer = stage.ask("tgpaybankcard", {**SERVER, "pay_info": _pay_info(GOOD)})
    stage.holds((answer["is_success"], answer["status"], answer["result_code"]) == ("T", "success", "0000"),
                "paid: success, 0000")
    declined = stage.ask("tgpaybankcard",
                         {**SERVER, "out_trade_no": "201701010001_no_money", "pay_info": _pay_info(NO_MONEY)})
    stage.holds((declined["is_success"], declined["status"], declined["result_code"])
                == ("T", "failed", "3084"),
                "declined: is_success is T nevertheless, status is failed")


def three_d(stage: Stage) -> None:
    """Section 7.2: the payer proves to be the cardholder on the issuer's page."""
    order = {**SERVER, "out_trade_no": "201701010001_three_d", "redirect_url": f"{stage.url}/"}
    answer = stage.ask("tgpaybankcard", {**order, "pay_info": _pay_info(THREE_D)})
    method = json.loads(answer["payMethodResp"])
    stage.holds((answer["status"], method["isRedirect"]) == ("pending", "yes"),
                "pending, and payMethodResp names the issuer's page")
    form = forms(fetch(method["termUrl"], headers=DESKTOP).text)[0]
    form.fields["code"] = "123456"
    shop = post_form(form, method["termUrl"], DESKTOP).headers.get("Location", "")
    result = dict(parse_qsl(urlsplit(shop).query))
    stage.holds(result.get("status") == "success" and stage.is_signed(result, order["merchants_id"]),
                "after the code 123456 the browser goes to redirect_url with the signed result")


def review(stage: Stage) -> None:
    """Section 7.2: the merchant accepts a payment that is pending review."""
    order = {"merchants_id": SERVER["merchants_id"], "out_trade_no": "201701010001_review"}
    held = stage.ask("tgpaybankcard", {**SERVER, **order, "pay_info": _pay_info(REVIEW)})
    stage.holds(held["status"] == "pending_review", "the payment is pending review")
    taken = stage.ask("tgpaybankcard", {**order, "service": "bankcard.approved"})
    stage.holds((taken["status"], taken["result_code"]) == ("success", "0000"),
                "bankcard.approved accepts it")
