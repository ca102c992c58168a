"""Contract 3.3: the test cards, what each of the 71 response codes makes of a payment, and cards that are
wrong.
"""
import json

import pytest

from ..driver import RESPONSE_CODES, VISA, Answer, Clock, Shop, card_of, luhn_digit
from ..tables import every_row

REFUSALS = ("1000", "1003", "0348", "0349", "3105")
ISSUER_PAGE = ("3200", "3152", "3085", "3106")
FINAL = ("success", "failed", "expired", "canceled")
TRADE_STATUS = {"success": "TRADE_SUCCESS", **dict.fromkeys(FINAL[1:], "TRADE_CLOSED")}
PLAIN = {
    "4000020951595032": "visa", "5204740000001002": "mastercard", "4111111111111111": "visa",
    "4242424242424242": "visa", "5555555555554444": "mastercard", "378282246310005": "american express",
    "3530111333300000": "jcb", "6011111111111117": "discover", "30569309025904": "diners"}
NOWHERE = "http://127.0.0.1:9/notify"
DAY = 86_400_000


def query_agrees(shop: Shop, answer: Answer) -> None:
    """The query tells what the payment was answered."""
    told = shop.query(answer["out_trade_no"])
    assert (told["status"], told["resp_code"], told["resp_msg"]) == (
        answer["status"], answer["result_code"], answer["result_msg"])
    assert (told["order_id"], told["complete_time"]) == (answer["order_id"], answer["complete_time"])
    assert told["trade_status"] == TRADE_STATUS.get(answer["status"], "WAIT_BUYER_PAY")
    assert (told["trans_id"], told["pay_time"]) == ((answer["order_id"], answer["complete_time"])
                                                    if answer["status"] == "success"
                                                    else ("", ""))


def state(shop: Shop, number: str) -> tuple[str, str, str]:
    told = shop.query(number)
    return told["trade_status"], told["status"], told["resp_code"]


def test_the_contract_has_71_codes():
    assert len(RESPONSE_CODES) == 71


# The 71 codes.

@every_row("code", [code for code in RESPONSE_CODES if code not in (*REFUSALS, *ISSUER_PAGE)])
def test_the_test_card_of_a_code_gives_that_code_with_its_message_and_status(shop: Shop, code: str):
    row = RESPONSE_CODES[code]
    answer = shop.card_payment(card_of(code), notify_url=NOWHERE)
    assert (answer["is_success"], answer["error"]) == ("T", "")
    assert (answer["result_code"], answer["result_msg"], answer["status"]) == (
        code, row["message"], row["status"])
    assert (answer["complete_time"] != "") == (row["status"] in FINAL)
    assert json.loads(answer["payMethodResp"]) == {"isRedirect": "no"}
    assert shop.verifies(answer)
    query_agrees(shop, answer)
    assert len(shop.story(answer["out_trade_no"])["notifications"]) == (row["status"] in FINAL)


@every_row("code", ISSUER_PAGE)
def test_the_codes_of_the_issuers_page_begin_as_pending_3200(shop: Shop, code: str):
    answer = shop.card_payment(card_of(code), notify_url=NOWHERE)
    assert (answer["is_success"], answer["result_code"],
            answer["result_msg"]) == ("T", "3200", RESPONSE_CODES["3200"]["message"])
    assert (answer["status"], answer["complete_time"]) == ("pending", "")
    assert json.loads(answer["payMethodResp"])["isRedirect"] == "yes"
    query_agrees(shop, answer)
    assert shop.story(answer["out_trade_no"])["notifications"] == []


@every_row("code", REFUSALS)
def test_the_codes_that_are_refusals_leave_no_order(shop: Shop, code: str):
    number = shop.number()
    answer = shop.card_payment(card_of(code), out_trade_no=number, notify_url=NOWHERE)
    assert (answer["is_success"], answer["result_code"]) == ("F", code)
    assert shop.query(number)["error"] == "TRADE_NOT_EXIST"
    assert shop.control.get("/notifications", merchants_id=shop.merchants_id)["items"] == []
    assert shop.card_payment(out_trade_no=number)["status"] == "success"


@every_row("code, variant", [("3084", "00001"), ("3020", "99999"), ("0000", "12345"), ("0503", "00002")])
def test_a_variant_that_means_nothing_gives_the_code_too(shop: Shop, code: str, variant: str):
    answer = shop.card_payment(card_of(code, variant))
    assert (answer["result_code"], answer["status"]) == (code, RESPONSE_CODES[code]["status"])


def test_3151_declines_at_once(shop: Shop):
    answer = shop.card_payment(card_of("3151"))
    assert (answer["status"], json.loads(answer["payMethodResp"])) == ("failed", {"isRedirect": "no"})


def test_every_card_of_the_list_does_what_the_list_says(shop: Shop):
    said = {card["number"]: card["status"] for card in shop.control.get("/cards")["items"]}
    did = {}
    for number in said:
        answer = shop.card_payment(number)
        did[number] = answer["status"] if answer["is_success"] == "T" else "refused"
    assert did == said


# Variants and time.

@every_row("code", ["3150", "3095"])
@every_row("variant, status", [("00001", "success"), ("00002", "failed")])
def test_a_payment_that_takes_5_seconds_is_pending_until_then(
        shop: Shop, clock: Clock, code: str, variant: str, status: str):
    clock.freeze()
    clock.set("2027-03-01T12:00:00Z")
    answer = shop.card_payment(card_of(code, variant))
    number = answer["out_trade_no"]
    assert (answer["result_code"], answer["result_msg"],
            answer["status"]) == (code, RESPONSE_CODES[code]["message"], "pending")
    clock.advance("4999ms")
    assert state(shop, number) == ("WAIT_BUYER_PAY", "pending", code)
    clock.advance("1ms")
    after = shop.query(number)
    assert (after["trade_status"], after["status"], after["complete_time"]) == (
        TRADE_STATUS[status], status, "20270301200005")
    assert (RESPONSE_CODES[after["resp_code"]]["status"],
            RESPONSE_CODES[after["resp_code"]]["message"]) == (status, after["resp_msg"])
    assert after["order_id"] == answer["order_id"]


def test_what_takes_5_seconds_happens_while_nobody_asks(shop: Shop, clock: Clock):
    paid = shop.card_payment(card_of("3150", "00001"))["out_trade_no"]
    clock.advance("1h")
    last = shop.story(paid)["history"][-1]
    assert (last["event"], last["status"]) == ("pay", "TRADE_SUCCESS")


@every_row("code", ["3150", "3095", "0300"])
def test_a_payment_that_is_processed_stays_pending_until_the_control_interface_decides(
        shop: Shop, clock: Clock, code: str):
    numbers = [shop.card_payment(card_of(code))["out_trade_no"] for _ in range(2)]
    clock.advance("30d")
    assert [state(shop, number) for number in numbers] == [("WAIT_BUYER_PAY", "pending", code)] * 2
    assert [shop.happens(number, event).status for number,
            event in zip(numbers, ("approve", "refuse"))] == [200, 200]
    assert [state(shop, number)[1] for number in numbers] == ["success", "failed"]


def test_a_3_d_payment_that_nobody_completes_expires_with_its_time_limit(shop: Shop, clock: Clock):
    clock.freeze()
    number = shop.card_payment(card_of("3200"), trans_timeout="20")["out_trade_no"]
    clock.advance(f"{20 * 60_000 - 1}ms")
    assert state(shop, number) == ("WAIT_BUYER_PAY", "pending", "3200")
    clock.advance("1ms")
    assert state(shop, number) == ("TRADE_CLOSED", "expired", "3300")


def test_a_payment_pending_review_is_canceled_after_24_hours(shop: Shop, clock: Clock):
    clock.freeze()
    answer = shop.card_payment(card_of("3200", "00001"), trans_timeout="20")
    assert (answer["result_code"], answer["status"], answer["complete_time"]) == (
        "3200", "pending_review", "")
    query_agrees(shop, answer)
    clock.advance(f"{DAY - 1}ms")
    assert state(shop, answer["out_trade_no"]) == ("WAIT_BUYER_PAY", "pending_review", "3200")
    clock.advance("1ms")
    assert state(shop, answer["out_trade_no"]) == ("TRADE_CLOSED", "canceled", "0055")


def test_a_chargeback_comes_after_a_day_and_leaves_the_status_success(shop: Shop, clock: Clock):
    clock.freeze()
    answer = shop.card_payment(card_of("3200", "00002"))
    number = answer["out_trade_no"]
    assert (answer["result_code"], answer["status"]) == ("0000", "success")
    clock.advance(f"{DAY - 1}ms")
    assert state(shop, number) == ("TRADE_SUCCESS", "success", "0000")
    clock.advance("1ms")
    after = shop.query(number)
    assert (after["trade_status"], after["status"], after["resp_code"]) == (
        "TRADE_SUCCESS", "success", "3200")
    assert after["complete_time"] == answer["complete_time"]
    for refused in (shop.refund(number, "0.10"), shop.cancel(number)):
        assert (refused["is_success"], refused["error"],
                refused["detail_error_code"]) == ("F", "TRADE_STATUS_ERROR", "0340")
    assert shop.query(number)["refund_amount"] == ".00"


def test_before_its_chargeback_a_payment_can_be_refunded_and_then_no_more(shop: Shop, clock: Clock):
    part, whole = (shop.card_payment(card_of("3200", "00002"))["out_trade_no"] for _ in range(2))
    assert [shop.refund(part, "0.40")["is_success"], shop.refund(whole, "1.00")["is_success"]] == ["T", "T"]
    clock.advance("2d")
    assert shop.refund(part, "0.10")["detail_error_code"] == "0340"
    assert state(shop, part) == ("TRADE_SUCCESS", "success", "3200")
    assert state(shop, whole) == ("TRADE_CLOSED", "success", "0000")


# Plain cards of each brand.

def cvv_of(number: str) -> str:
    return "1234" if PLAIN[number] == "american express" else "123"


@every_row("number", PLAIN)
def test_a_plain_card_of_each_brand_pays_and_only_its_first_six_and_last_four_digits_are_kept(
        shop: Shop, number: str):
    answer = shop.card_payment(number, card={"cvv": cvv_of(number)})
    assert (answer["result_code"], answer["status"]) == ("0000", "success")
    query_agrees(shop, answer)
    card = shop.story(answer["out_trade_no"])["card"]
    assert (card["first6"], card["last4"], PLAIN[number] in card["brand"].lower()) == (
        number[:6], number[-4:], True)


@pytest.mark.parametrize("number", ["4111111111111111", "378282246310005"])
def test_a_card_of_json_numbers_is_a_card_too(shop: Shop, number: str):
    card = {"cardNo": int(number), "expirationMonth": 12, "expirationYear": 49, "cvv": int(cvv_of(number))}
    assert shop.card_payment(card=card)["status"] == "success"


# Cards that are wrong are declined: processed, with an attempt in the history and a notification.

def declined(shop: Shop, code: str, number: str = VISA, **card: object) -> Answer:
    answer = shop.card_payment(number, card=card, notify_url=NOWHERE)
    assert (answer["is_success"], answer["result_code"],
            answer.fields.get("status")) == ("T", code, "failed"), answer.text
    assert answer["result_msg"].startswith(RESPONSE_CODES[code]["message"])
    assert answer["order_id"] and answer["complete_time"]
    query_agrees(shop, answer)
    story = shop.story(answer["out_trade_no"])
    assert [(line["event"], line["detail"].get("code")) for line in story["history"]] == [
        ("create", None), ("fail", code)]
    assert (len(story["notifications"]) == 1
            and f"result_code={code}" in story["notifications"][0]["request"]["body"])
    return answer


@every_row("number", [
    "4012888888881881", "4111111111111129", "5105105105105100", "371449635398431", "6200000000000005",
    "4000020951595040", "4222222222222", card_of("9998"), card_of("0001"), "30569309025912",
    "9" * 29 + luhn_digit("9" * 29)])
def test_a_number_that_is_no_test_card_is_declined_with_3101_and_told_to_use_one(shop: Shop, number: str):
    answer = declined(shop, "3101", number, cvv="1234" if number.startswith("37") else "123")
    assert "test card" in answer["result_msg"].lower()
    assert number not in answer.text


@every_row("number", [
    "4111111111111112", "378282246310004", card_of("3084")[:-1] + str((int(card_of("3084")[-1]) + 1) % 10),
    "1", "card", "4" * 31, "4111111111111111x", "٤١١١١١١١١١١١١١١١", "4111 1111 1111 1111",
    "4111-1111-1111-1111", f" {VISA}", f"{VISA} ", f"{VISA}\n",
    "\uff14" + VISA[1:], VISA + "\u200b", f"+{VISA}", "4" * 65, " "])
def test_a_number_that_fails_the_luhn_check_or_is_none_is_declined_with_3101(shop: Shop, number: str):
    assert "test card" in declined(shop, "3101", number)["result_msg"].lower()


@every_row("month, year",
           [("13", "30"), ("00", "30"), ("1x", "30"), ("12", "2030"), ("12", "3"), ("12", "xx"), ("12", "20"),
            ("-1", "30"), ("١٢", "30"), ("1", "30"), (" 1", "30"), ("12 ", "30"),
            ("001", "30"), (1, "30"), ("Jan", "30"), ("12", "203"),
            ("12", " 30"), ("12", "30\n"), ("1" * 65, "30")])
def test_a_validity_that_is_past_or_none_is_declined_with_3096(shop: Shop, month: str, year: str):
    declined(shop, "3096", expirationMonth=month, expirationYear=year)


@every_row("month, year, status", [("02", "27", "failed"), ("12", "26", "failed"), ("03", "27", "success"),
                                   ("04", "27", "success"), ("01", "28", "success")])
def test_a_card_is_valid_through_its_month(shop: Shop, clock: Clock, month: str, year: str, status: str):
    clock.set("2027-03-15T12:00:00Z")
    answer = shop.card_payment(card={"expirationMonth": month, "expirationYear": year})
    assert (answer["status"], answer["result_code"]) == (status, "0000" if status == "success" else "3096")


@every_row("number", PLAIN)
@every_row("wrong", ["12", "of another brand", "12345", "12a", "1 3", "١٢٣"])
def test_a_verification_code_that_is_none_of_the_brand_is_declined_with_3104(
        shop: Shop, number: str, wrong: str):
    other = "123" if len(cvv_of(number)) == 4 else "1234"
    declined(shop, "3104", number, cvv=other if wrong == "of another brand" else wrong)


@every_row("number", [card_of("3084"), card_of("3200"), card_of("0000")])
def test_a_test_card_with_wrong_data_is_declined_for_the_data(shop: Shop, number: str):
    declined(shop, "3096", number, expirationYear="20")
    declined(shop, "3104", number, cvv="1234")


@every_row("voucher", ["unknown", "x" * 64, "' OR 1=1 --"])
def test_a_card_voucher_that_is_unknown_is_declined_with_0452(shop: Shop, voucher: str):
    declined(shop, "0452", cardVoucher=voucher, cardNo=None, expirationMonth=None, expirationYear=None,
             cvv=None)
