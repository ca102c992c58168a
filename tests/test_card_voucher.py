"""cardVoucher: a card exchanged in the browser for a text that pays once (contract 3.3)."""
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from playwright.sync_api import expect

from .browser import Visitor
from .documents import only
from .driver import VISA, Answer, Clock, Control, Receiver, Shop, card_of, exchange
from .payer import outcome, shop_page
from .tables import every_row

CARD = {"cardNo": VISA, "expirationMonth": "12", "expirationYear": "49", "cvv": "123", "firstName": "Ken",
        "lastName": "Swift"}
ELSEWHERE = "https://shop.example"


def exchanged(control: Control, card: Any = None, raw: bytes | None = None, **fields: Any) -> Answer:
    """The answer of the address that makes vouchers."""
    body = raw if raw is not None else json.dumps(card if card is not None else {**CARD, **fields}).encode()
    return exchange(f"{control.url}/sdk/card-voucher", "POST", body,
                    {"Content-Type": "application/json", "Origin": ELSEWHERE})


def voucher(control: Control, number: str = VISA) -> str:
    made = exchanged(control, cardNo=number)
    assert (made.status, list(made.json)) == (200, ["cardVoucher"])
    return str(made.json["cardVoucher"])


def paid_with(shop: Shop, made: str, **params: Any) -> Answer:
    """A payment of the shop's server with a voucher in place of the card."""
    return shop.card_payment(pay_info=json.dumps({"cardVoucher": made}), **params)


def result(payment: Answer) -> tuple[str, str, str]:
    return payment["is_success"], payment["result_code"], payment["status"]


PAID, DECLINED = ("T", "0000", "success"), ("T", "0452", "failed")


# What a voucher does.

def test_a_voucher_is_short_and_has_nothing_of_the_card_in_it(control: Control) -> None:
    made = [voucher(control) for _ in range(3)]
    assert len(set(made)) == 3
    assert all(0 < len(text) <= 64 and text.isascii() and VISA[-4:] not in text for text in made)


@every_row("number, code, status", [
    (VISA, "0000", "success"), (card_of("3084"), "3084", "failed"), (card_of("3150"), "3150", "pending"),
    (card_of("3200"), "3200", "pending"), (card_of("3200", "00001"), "3200", "pending_review")])
def test_a_voucher_pays_as_its_card_does(control: Control, shop: Shop, number: str, code: str,
                                         status: str) -> None:
    payment = paid_with(shop, voucher(control, number))
    assert result(payment) == ("T", code, status)
    assert shop.verifies(payment) and shop.findings(payment) == set()
    assert outcome(shop, payment["out_trade_no"]) == (code, status)


def test_the_order_tells_the_brand_and_the_last_digits_of_the_vouchers_card(
         control: Control, shop: Shop) -> None:
    card = shop.story(paid_with(shop, voucher(control))["out_trade_no"])["card"]
    assert (card["brand"], card["first6"], card["last4"]) == ("Visa", VISA[:6], VISA[-4:])


def test_a_voucher_pays_once(control: Control, shop: Shop) -> None:
    made = voucher(control)
    assert (result(paid_with(shop, made)), result(paid_with(shop, made))) == (PAID, DECLINED)


def test_a_voucher_sent_many_times_at_once_pays_once(control: Control, shop: Shop) -> None:
    made = voucher(control)
    with ThreadPoolExecutor(4) as many:
        results = list(many.map(lambda _: result(paid_with(shop, made)), range(4)))
    assert sorted(results) == sorted([PAID, DECLINED, DECLINED, DECLINED])


def test_an_unknown_voucher_is_declined_and_the_decline_is_an_attempt_with_a_notification(
         notified: Shop, receiver: Receiver) -> None:
    payment = paid_with(notified, "unknown")
    assert result(payment) == DECLINED
    assert outcome(notified, payment["out_trade_no"]) == ("0452", "failed")
    assert (receiver.wait_for(1)[0].fields["result_code"], receiver.heard[0].fields["status"]) == (
        "0452", "failed")


def test_an_order_declined_for_its_voucher_can_be_paid_with_another(control: Control, shop: Shop) -> None:
    payment = paid_with(shop, "unknown")
    assert result(paid_with(shop, voucher(control), out_trade_no=payment["out_trade_no"])) == PAID


def test_a_voucher_is_good_for_30_minutes(control: Control, shop: Shop, clock: Clock) -> None:
    clock.freeze()
    in_time, late = voucher(control), voucher(control)
    clock.advance(f"{30 * 60_000 - 1}ms")
    assert result(paid_with(shop, in_time)) == PAID
    clock.advance("1ms")
    assert result(paid_with(shop, late)) == DECLINED


# What is wrong with a card.

@every_row("fields, error, named", [
    ({"cardNo": "4111111111111112"}, "3101", ""), ({"cardNo": "4012888888881881"}, "3101", "test card"),
    ({"cardNo": "abc"}, "3101", ""), ({"cardNo": "4111 1111 1111 1111"}, "3101", ""),
    ({"expirationMonth": "1"}, "3096", ""), ({"expirationMonth": "01", "expirationYear": "24"}, "3096", ""),
    ({"expirationMonth": "13"}, "3096", ""), ({"expirationYear": "2049"}, "3096", ""),
    ({"cvv": "12"}, "3104", ""), ({"cvv": "1234"}, "3104", ""), ({"cardNo": "378282246310005"}, "3104", ""),
    ({"cardNo": None}, "1000", "cardNo"), ({"cardNo": ""}, "1000", "cardNo"),
    ({"expirationMonth": None}, "1000", "expirationMonth"),
    ({"expirationYear": None}, "1000", "expirationYear"), ({"cvv": None}, "1000", "cvv"),
    ({"cardNo": [VISA]}, "1000", "cardNo"), ({"cardNo": {"x": 1}}, "1000", "cardNo"),
    ({"cvv": True}, "1000", "cvv"), ({"cvv": 1.5}, "1000", "cvv"),
    ({"firstName": "x" * 129}, "1000", "firstName"), ({"cardVoucher": "x"}, "1000", "cardVoucher")])
def test_a_wrong_field_is_422_with_error_and_message(control: Control, fields: dict[str, Any], error: str,
                                                     named: str) -> None:
    refused = exchanged(control, **fields)
    assert (refused.status, refused.headers["Content-Type"]) == (422, "application/json")
    assert refused.json["error"] == error
    assert refused.json["message"] and named in refused.json["message"]
    number = fields.get("cardNo")
    assert not isinstance(number, str) or len(number) < 12 or number not in refused.text


@every_row("raw", [b"", b"{", b"null", b"[]", b'"text"', b"cardNo=4111111111111111&cvv=123", b"\xff\xfe",
                   b'{"cardNo": NaN}',
                   b"[" * 50_000])
def test_a_body_that_is_no_card_is_422_with_error_and_message(control: Control, raw: bytes) -> None:
    refused = exchanged(control, raw=raw)
    assert (refused.status, sorted(refused.json)) == (422, ["error", "message"])
    assert refused.json["error"] == "1000" and VISA not in refused.text


def test_a_body_that_is_too_large_is_refused_in_a_form_that_the_script_reads(control: Control) -> None:
    refused = exchanged(control, firstName="x" * 2_000_000)
    assert refused.status == 413
    assert refused.headers["Access-Control-Allow-Origin"] == "*"
    assert refused.json["message"]


def test_whole_numbers_are_taken_for_texts(control: Control) -> None:
    assert exchanged(control, cardNo=int(VISA), expirationMonth=12, expirationYear=49, cvv=123).status == 200


def test_nothing_of_a_card_is_kept_in_the_journal(control: Control, shop: Shop) -> None:
    paid_with(shop, voucher(control))
    assert VISA not in str(control.get("/journal", merchants_id=shop.merchants_id))


# Who may ask.

@every_row("method, path, status", [
    ("GET", "/sdk/tgpay.js", 200), ("POST", "/sdk/card-voucher", 422), ("OPTIONS", "/sdk/card-voucher", 204)])
def test_any_site_may_use_the_sdk(base_url: str, method: str, path: str, status: int) -> None:
    headers = {"Origin": ELSEWHERE, "Access-Control-Request-Method": "POST",
               "Access-Control-Request-Headers": "content-type"}
    answer = exchange(base_url + path, method, headers=headers)
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (status, "*")


def test_the_preflight_allows_json_to_be_posted(base_url: str) -> None:
    headers = {"Origin": ELSEWHERE, "Access-Control-Request-Method": "POST",
               "Access-Control-Request-Headers": "content-type"}
    answer = exchange(f"{base_url}/sdk/card-voucher", "OPTIONS", headers=headers)
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert "content-type" in answer.headers["Access-Control-Allow-Headers"].lower()
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.exhaustive
@every_row("method", ["GET", "POST", "OPTIONS"])
@every_row("path", ["/", "/pay", "/pay/card", "/pay/state", "/3ds", "/3ds/answer", "/_emulator/health",
                    "/_emulator/orders",
                    "/_emulator/reset", "/static/cashier.js"])
def test_no_other_page_lets_another_site_in(shop: Shop, base_url: str, path: str, method: str) -> None:
    pay_url = shop.card_order()["pay_url"]
    url = path.replace("/pay", pay_url).replace("/3ds", f"{pay_url.replace('/pay/', '/3ds/')}/1")
    headers = {"Origin": ELSEWHERE, "Access-Control-Request-Method": "POST",
               "Access-Control-Request-Headers": "content-type"}
    answer = exchange(url if url.startswith("http") else base_url + url, method, headers=headers)
    assert [name for name in answer.headers if name.lower().startswith("access-control-")] == []


def test_the_script_is_one_and_small(base_url: str) -> None:
    script = exchange(f"{base_url}/sdk/tgpay.js")
    assert script.headers["Content-Type"].startswith(("text/javascript", "application/javascript"))
    assert "createCardVoucher" in script.text and len(script.raw) < 4096


@every_row("method", ["GET", "PUT", "DELETE"])
def test_a_voucher_is_made_by_post_only(base_url: str, method: str) -> None:
    assert exchange(f"{base_url}/sdk/card-voucher", method).status == 405


# In a browser, on the shop's own page.

def checkout(base_url: str) -> str:
    """The shop's page: its own form, the emulator's script, the voucher or the refusal shown."""
    inputs = "".join(f"<label>{name} <input name={name}></label>" for name in CARD)
    return (
        f"""<form>{inputs}<button>Pay</button></form><output></output><script src="{base_url}/sdk/tgpay.js"></script><script>
        document.forms[0].addEventListener("submit", async (event) => {{
          event.preventDefault();
          const shown = document.querySelector("output");
          try {{
            shown.textContent = await TGPay.createCardVoucher(Object.fromEntries(new FormData(event.target)));
          }} catch (refused) {{
            shown.textContent = `refused: ${{refused.message}}`;
            shown.dataset.error = refused instanceof Error;
          }}
        }});
    </script>""")


def test_a_page_of_the_shop_makes_a_voucher_of_what_is_typed_and_the_shop_is_paid_with_it(
         visitor: Visitor, shop: Shop, receiver: Receiver, base_url: str) -> None:
    shop_page(receiver, checkout(base_url))
    with visitor.at(visitor.knows(receiver, "/checkout")) as page:
        for name, value in CARD.items():
            page.get_by_label(name).fill(value)
        page.get_by_role("button", name="Pay").click()
        expect(page.locator("output")).not_to_be_empty()
        made = page.locator("output").inner_text()
    assert result(paid_with(shop, made)) == PAID
    assert all(VISA.encode() not in heard.body + heard.query.encode() for heard in receiver.heard)


@pytest.mark.exhaustive
def test_the_page_of_the_documentation_prints_a_voucher_that_ends_as_its_card_does(
         visitor: Visitor, shop: Shop, receiver: Receiver, base_url: str) -> None:
    example = only("docs/cards.md", "html")
    assert "http://127.0.0.1:8472/sdk/tgpay.js" in example
    shop_page(receiver, example.replace("http://127.0.0.1:8472", base_url))
    with visitor.at(visitor.knows(receiver, "/checkout")) as page:
        page.get_by_role("button", name="Pay").click()
        expect(page.locator("output")).not_to_be_empty()
        made = page.locator("output").inner_text()
    assert result(paid_with(shop, made)) == ("T", "3084", "failed")


@pytest.mark.parametrize("fields, told",
                         [({"cardNo": "4012888888881881"}, "Invalid card number"),
                          ({"cvv": "12"}, "verification code"),
                          ({"cvv": ""}, "cvv")])
def test_a_refused_card_rejects_the_promise_with_the_message(
         visitor: Visitor, base_url: str, receiver: Receiver, fields: dict[str, str], told: str) -> None:
    visitor.expects(422)
    shop_page(receiver, checkout(base_url))
    with visitor.at(visitor.knows(receiver, "/checkout")) as page:
        for name, value in {**CARD, **fields}.items():
            page.get_by_label(name).fill(value)
        page.get_by_role("button", name="Pay").click()
        expect(page.locator("output")).to_contain_text("refused: ")
        expect(page.locator("output")).to_contain_text(told)
        expect(page.locator("output")).to_have_attribute("data-error", "true")
