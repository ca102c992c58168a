"""Contract 4: what a merchant's server asks of a card terminal, and what it is told, on the emulator's clock.
"""
import re
import threading
from collections.abc import Callable
from typing import Any

import pytest

from ..driver import Answer, Clock, Control, Shop
from ..tables import every_row

ACCEPTED = ["is_success", "result_code", "result_msg", "merchants_id", "out_trade_no", "sign", "sign_type"]
WITH_NUMBER = [*ACCEPTED[:3], "transactionResultId", *ACCEPTED[3:]]
REFUSED = [*ACCEPTED[:3], "result_msg_code", "error", *ACCEPTED[3:]]
SENTENCES = {"1001": "The device is busy",
             "1002": "No device listening at the other end of the secure channel",
             "1003": "Cancel operation not allowed"}
RESULT = ["is_success", "result_code", "result_msg", "merchants_id", "out_trade_no", "transactionResultId",
          "operation", "trade_status",
          "trans_amount", "requested_amount", "trans_currency", "terminal_sn", "terminal_type",
          "transactionID", "authorisationCode", "issuerResponseCode", "cardSchemeName", "maskedCardNumber",
          "cardEntryType", "verificationMethod", "statusMessage", "originalTransactionID", "efttimestamp",
          "recoveredTransaction", "reference", "sign", "sign_type"]
BUSY, OFFLINE, TOO_LATE = "1001", "1002", "1003"
TRIGGERS = {"DECLINED": "37.84", "FAILED": "37.41", "PARTIAL_APPROVAL": "37.57", "UNDEFINED": "37.68",
            "AUTHORISED": "12.00"}


@pytest.fixture(autouse=True)
def frozen(clock: Clock) -> None:
    """Time passes when a test says so."""
    clock.freeze()


def accepted(answer: Answer) -> Answer:
    told = answer["is_success"], answer["result_code"], answer["result_msg"]
    assert told == ("T", "202", "Operation Accepted"), answer.text
    assert list(answer.fields) in (ACCEPTED, WITH_NUMBER)
    return answer


def rejected(answer: Answer) -> str:
    """The code of a transaction that was not handed to the terminal; nothing was written down."""
    assert (answer["is_success"], answer["result_code"]) == ("F", "400"), answer.text
    assert list(answer.fields) == REFUSED
    assert answer["result_msg"] == answer["error"] == SENTENCES[answer["result_msg_code"]]
    return answer["result_msg_code"]


def ended(shop: Shop, clock: Clock, amount: str | None = "12.00", operation: str = "sale",
          **params: Any) -> Answer:
    """The result of a transaction, some seconds after it was asked for."""
    asked = accepted(shop.at_terminal(operation, amount, **params))
    clock.advance("4s")
    told = shop.query(asked["out_trade_no"])
    assert told["result_code"] == "200", told.text
    return told


def test_a_sale_is_accepted_then_has_no_result_then_has_one(shop: Shop, clock: Clock) -> None:
    asked = accepted(shop.at_terminal(reference="table 7"))
    number = asked["transactionResultId"]
    assert list(asked.fields) == WITH_NUMBER and shop.verifies(asked)
    assert re.fullmatch(rf"{shop.first_terminal}-\d{{13}}", number)
    waits = shop.transaction(number)
    assert list(waits.fields) == RESULT and shop.verifies(waits)
    assert (waits["is_success"], waits["result_code"], waits["trade_status"],
            waits["trans_amount"]) == ("T", "204", "", "")
    clock.advance("1999ms")
    assert shop.transaction(number)["result_code"] == "204"
    clock.advance("1ms")
    told = shop.transaction(number)
    assert list(told.fields) == RESULT and shop.verifies(told)
    assert {name: told[name] for name in RESULT[:13] if name not in ("result_msg", "terminal_type")} == {
        "is_success": "T", "result_code": "200", "merchants_id": shop.merchants_id,
        "out_trade_no": asked["out_trade_no"], "transactionResultId": number, "operation": "sale",
        "trade_status": "AUTHORISED", "trans_amount": "12.00", "requested_amount": "12.00",
        "trans_currency": "GBP", "terminal_sn": shop.first_terminal}
    assert (told["issuerResponseCode"], told["reference"], told["recoveredTransaction"]) == (
        "00", "table 7", "false")
    assert (re.fullmatch(r"\*{12}\d{4}", told["maskedCardNumber"])
            and re.fullmatch(r"\d{6}", told["authorisationCode"]))
    assert int(told["efttimestamp"]) == int(number.partition("-")[2]) + 2_000
    assert shop.query(asked["out_trade_no"]).fields == told.fields


@every_row("status, amount", TRIGGERS.items())
def test_an_amount_decides_the_result(shop: Shop, clock: Clock, status: str, amount: str) -> None:
    told = ended(shop, clock, amount)
    approved = {"AUTHORISED": amount, "PARTIAL_APPROVAL": "11.00"}.get(status, "0.00")
    assert (told["trade_status"], told["trans_amount"], told["requested_amount"]) == (
        status, approved, amount)
    assert bool(told["authorisationCode"]) == (approved != "0.00")


@every_row("amount, code", [("37.79", "01"), ("37.84", "05"), ("37.93", "04")])
def test_a_decline_has_the_issuers_code(shop: Shop, clock: Clock, amount: str, code: str) -> None:
    told = ended(shop, clock, amount)
    assert (told["trade_status"], told["issuerResponseCode"]) == ("DECLINED", code)


def test_an_unknown_result_is_authorised_10_seconds_later_and_asking_sooner_is_a_finding(
         shop: Shop, clock: Clock) -> None:
    asked = accepted(shop.at_terminal(amount="37.68"))
    clock.advance("2s")
    first = shop.transaction(asked["transactionResultId"])
    assert (first["trade_status"], shop.findings(first)) == ("UNDEFINED", set())
    clock.advance("9s")
    again = shop.transaction(asked["transactionResultId"])
    assert (again["trade_status"], shop.findings(again)) == ("UNDEFINED", {"QUERIED_TOO_SOON"})
    clock.advance("10s")
    known = shop.transaction(asked["transactionResultId"])
    assert (known["trade_status"], known["trans_amount"], known["issuerResponseCode"]) == (
        "AUTHORISED", "37.68", "00")
    assert shop.findings(known) == set()


def test_a_strict_merchant_must_not_ask_sooner(control: Control, clock: Clock) -> None:
    shop = control.shop(strict=True)
    asked = accepted(shop.at_terminal(amount="37.68"))
    clock.advance("2s")
    for expected in ("T", "F"):
        told = shop.query(asked["out_trade_no"])
        assert told["is_success"] == expected
    assert told["error"] == "ILLEGAL_ARGUMENT" and "QUERIED_TOO_SOON" in told["detail_error_des"]


@pytest.mark.parametrize("number", ["no-such-transaction", "801-1623060148000"])
def test_an_unknown_transaction_is_404(shop: Shop, number: str) -> None:
    told = shop.transaction(number)
    assert (told["is_success"], told["result_code"], told["error"]) == ("F", "404", "TRADE_NOT_EXIST")


def test_a_transaction_is_its_merchants_own(shop: Shop, control: Control) -> None:
    number = accepted(shop.at_terminal())["transactionResultId"]
    stranger = control.shop()
    assert stranger.transaction(number)["result_code"] == "404"
    assert rejected(stranger.at_terminal(terminal_sn=shop.first_terminal)) == OFFLINE


@pytest.mark.parametrize("whose", ["the request's", "the merchant's"])
def test_with_a_notify_url_no_number_is_told(control: Control, whose: str) -> None:
    told = {"notify_url": "http://127.0.0.1:9/notify"}
    shop = control.shop(**({} if whose == "the request's" else told))
    asked = accepted(shop.at_terminal(**(told if whose == "the request's" else {})))
    assert list(asked.fields) == ACCEPTED and shop.verifies(asked)
    assert shop.query(asked["out_trade_no"])["result_code"] == "204"


def test_a_stop_is_accepted_without_a_number(shop: Shop) -> None:
    accepted(shop.at_terminal())
    for number in (None, shop.number()):
        stopped = shop.at_terminal("stopCurrentTransaction", None, out_trade_no=number)
        assert list(stopped.fields) in (ACCEPTED, REFUSED) and shop.verifies(stopped)
        assert stopped["out_trade_no"] == (number or "")


def test_an_ordinary_refusal_has_the_fields_of_every_refusal(shop: Shop) -> None:
    names = ["is_success", "result_code", "error", "detail_error_code", "detail_error_des", "merchants_id",
             "out_trade_no", "sign", "sign_type"]
    for wrong, error in (({"sign": "0" * 32}, "ILLEGAL_SIGN"), ({"trans_amount": "0"}, "ILLEGAL_ARGUMENT")):
        told = shop.at_terminal(**wrong)
        assert list(told.fields) == names and shop.verifies(told)
        assert [told[name] for name in names[:4]] == ["F", "400", error, error]


def test_a_terminal_at_work_is_busy_and_free_again_with_the_result(shop: Shop, clock: Clock) -> None:
    accepted(shop.at_terminal())
    assert rejected(shop.at_terminal()) == BUSY
    accepted(shop.at_terminal(terminal_sn=shop.terminals[1]))
    clock.advance("1999ms")
    assert rejected(shop.at_terminal()) == BUSY
    clock.advance("1ms")
    accepted(shop.at_terminal())


def test_what_is_rejected_leaves_nothing_behind(shop: Shop) -> None:
    first = accepted(shop.at_terminal())["out_trade_no"]
    number = shop.number()
    assert rejected(shop.at_terminal(out_trade_no=number)) == BUSY
    assert shop.query(number)["error"] == "TRADE_NOT_EXIST"
    assert [item["out_trade_no"]
            for item in shop.control.get("/orders", merchants_id=shop.merchants_id)["items"]] == [first]


@pytest.mark.parametrize("same_number", [True, False])
def test_of_many_requests_at_one_instant_exactly_one_is_accepted(shop: Shop, same_number: bool) -> None:
    shop.terminals, shop.first_terminal  # asked for before the race
    number, answers = shop.number(), []
    start = threading.Barrier(8)

    def ask() -> None:
        start.wait()
        answers.append(shop.at_terminal(out_trade_no=number if same_number else shop.number()))
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer["result_code"] for answer in answers) == ["202", *["400"] * 7]
    assert {answer.fields.get("result_msg_code", "") for answer in answers} == {"", BUSY}


def test_an_offline_or_unknown_terminal_does_not_respond(shop: Shop) -> None:
    assert rejected(shop.at_terminal(terminal_sn="no such terminal")) == OFFLINE
    shop.control.ask("PUT", f"/terminals/{shop.first_terminal}", {"online": False})
    assert rejected(shop.at_terminal()) == OFFLINE
    assert rejected(shop.at_terminal("stopCurrentTransaction", None, out_trade_no=None)) == OFFLINE
    shop.control.ask("PUT", f"/terminals/{shop.first_terminal}", {"online": True})
    accepted(shop.at_terminal())


def test_without_a_serial_number_it_is_the_terminal_made_first_as_lists_show_it(control: Control) -> None:
    shop = control.shop()
    made = [f"{serial}{shop.merchants_id}" for serial in "9A1"]
    for serial in made:
        known = {"merchants_id": shop.merchants_id, "terminal_type": "PAX920"}
        assert control.ask("PUT", f"/terminals/{serial}", known).status == 201
    assert shop.terminals[2:] == made
    asked = accepted(shop.at_terminal(terminal_sn=None, terminal_type=None))
    assert shop.query(asked["out_trade_no"])["terminal_sn"] == shop.terminals[0]
    assert shop.findings(asked) == {"MANDATORY_MISSING"}


STOP: dict[str, tuple[str, str, str]] = {  # amount, time that passes, what becomes of a stop
    "while it waits for a card": ("12.00", "900ms", ""), "while it reads the card": ("12.00", "1s", TOO_LATE),
    "while the host answers": ("12.00", "1500ms", TOO_LATE),
    "when it has a result": ("12.00", "2s", TOO_LATE), "while the PIN is typed": ("120.00", "1500ms", "")}


@every_row("amount, passes, code", STOP.values(), ids=STOP, apart=True)
def test_a_stop(shop: Shop, clock: Clock, amount: str, passes: str, code: str) -> None:
    asked = accepted(shop.at_terminal(amount=amount))
    clock.advance(passes)
    stopped = shop.at_terminal("stopCurrentTransaction", None, out_trade_no=None)
    if code:
        assert rejected(stopped) == code
        assert shop.terminal()["transaction"]["trade_status"] in ("", "AUTHORISED")
    else:
        assert list(accepted(stopped).fields) == ACCEPTED
        told = shop.query(asked["out_trade_no"])
        assert (told["result_code"], told["trade_status"], told["trans_amount"]) == (
            "200", "CANCELLED", "0.00")
        accepted(shop.at_terminal())


def test_there_is_nothing_to_stop_at_an_idle_terminal(shop: Shop) -> None:
    assert rejected(shop.at_terminal("stopCurrentTransaction", None, out_trade_no=None)) == TOO_LATE


def test_nobody_presents_a_card(shop: Shop, clock: Clock) -> None:
    shop.attend()
    asked = accepted(shop.at_terminal())
    clock.advance("59999ms")
    assert shop.query(asked["out_trade_no"])["result_code"] == "204"
    clock.advance("1ms")
    told = shop.query(asked["out_trade_no"])
    assert (told["trade_status"], told["maskedCardNumber"], told["cardEntryType"]) == (
        "CANCELLED", "", "UNDEFINED")


@pytest.mark.parametrize("status, amount", [(status, TRIGGERS[status]) for status in ("DECLINED", "FAILED")])
def test_after_these_results_the_number_may_be_used_again(shop: Shop, clock: Clock, status: str,
                                                          amount: str) -> None:
    first = ended(shop, clock, amount)
    again = ended(shop, clock, "12.00", out_trade_no=first["out_trade_no"])
    assert (again["trade_status"], again["trans_amount"]) == ("AUTHORISED", "12.00")
    assert (again["transactionResultId"] != first["transactionResultId"]
            and again["transactionID"] != first["transactionID"])
    # the first one stays what it was
    assert shop.transaction(first["transactionResultId"]).fields == first.fields
    assert [line["event"] for line in shop.story(first["out_trade_no"])["history"]] == [
        "create", "start", "fail", "retry", "start", "pay"]


def test_after_a_stop_the_number_may_be_used_again(shop: Shop, clock: Clock) -> None:
    number = accepted(shop.at_terminal())["out_trade_no"]
    accepted(shop.at_terminal("stopCurrentTransaction", None, out_trade_no=None))
    assert ended(shop, clock, out_trade_no=number)["trade_status"] == "AUTHORISED"


@pytest.mark.parametrize("status", ["AUTHORISED", "PARTIAL_APPROVAL"])
def test_after_an_approval_the_number_is_spent(shop: Shop, clock: Clock, status: str) -> None:
    number = ended(shop, clock, TRIGGERS[status])["out_trade_no"]
    again = shop.at_terminal(amount=TRIGGERS[status], out_trade_no=number)
    assert (again["is_success"], again["result_code"], again["error"]) == ("F", "400", "TRADE_HAS_SUCCESS")
    assert shop.at_terminal(amount="9.99", out_trade_no=number)["error"] == "CONTEXT_INCONSISTENT"


def test_while_a_result_is_unknown_the_number_must_not_be_used_again(shop: Shop, clock: Clock) -> None:
    number = ended(shop, clock, TRIGGERS["UNDEFINED"])["out_trade_no"]
    assert shop.at_terminal(amount=TRIGGERS["UNDEFINED"],
                            out_trade_no=number)["error"] == "CONTEXT_INCONSISTENT"
    clock.advance("10s")
    assert shop.at_terminal(amount=TRIGGERS["UNDEFINED"], out_trade_no=number)["error"] == "TRADE_HAS_SUCCESS"


def test_a_number_in_progress_on_another_terminal_is_not_begun_twice(shop: Shop) -> None:
    number = accepted(shop.at_terminal())["out_trade_no"]
    again = shop.at_terminal(out_trade_no=number, terminal_sn=shop.terminals[1])
    assert (again["error"], shop.terminal(shop.terminals[1])["state"]) == ("CONTEXT_INCONSISTENT", "IDLE")


@pytest.mark.parametrize("make, error", [
    (lambda shop: shop.qr_order("12.00"), "CONTEXT_INCONSISTENT"),
    (lambda shop: shop.pay_by_barcode("12.00"), "CONTEXT_INCONSISTENT")])
def test_the_number_of_an_order_of_another_kind_is_refused(
        shop: Shop, make: Callable[[Shop], Answer], error: str) -> None:
    number = make(shop)["out_trade_no"]
    assert shop.at_terminal(out_trade_no=number)["error"] == error
    assert shop.terminal()["state"] == "IDLE"


def test_the_number_of_a_terminals_order_is_refused_elsewhere(shop: Shop) -> None:
    number = accepted(shop.at_terminal())["out_trade_no"]
    assert shop.pay_by_barcode("12.00", out_trade_no=number)["error"] == "CONTEXT_INCONSISTENT"


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no operation": ({"operation": None}, "operation is missing"),
    "an unknown one": ({"operation": "Sale"}, "operation"),
    "another pay_type": ({"pay_type": "alipay"}, "pay_type"), "no pay_type": ({"pay_type": None}, "pay_type"),
    "a sale without amount": ({"amount": None}, "trans_amount"),
    "a refund without": ({"operation": "refund", "amount": None}, "trans_amount"),
    "no number": ({"out_trade_no": None}, "out_trade_no"),
    "a bad amount": ({"amount": "1,00"}, "trans_amount"), "nothing": ({"amount": "0.00"}, "trans_amount"),
    "a currency of four letters": ({"trans_currency": "EURO"}, "trans_currency"),
    "another currency": ({"trans_currency": "EUR"}, "GBP"),
    "a bad address": ({"notify_url": "shop"}, "notify_url"),
    "a reversal of nothing": ({"operation": "saleReversal", "amount": None},
                              "original_out_trade_no or original_transaction_id"),
    "a reversed refund of nothing": ({"operation": "refundReversal", "amount": None},
                                     "original_transaction_id"),
    "a long number": ({"out_trade_no": "1" * 65}, "out_trade_no"),
    "a long serial": ({"terminal_sn": "1" * 33}, "terminal_sn")}


@every_row("params, named", WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_refused_by_name(shop: Shop, params: dict[str, Any], named: str) -> None:
    answer = shop.at_terminal(**params)
    assert (answer["is_success"], answer["result_code"], answer["error"]) == ("F", "400", "ILLEGAL_ARGUMENT")
    assert named in answer["detail_error_des"]
    assert shop.verifies(answer)


@every_row("alter, error", [({"sign": "0" * 32}, "ILLEGAL_SIGN"), ({"sign_type": "RSA"}, "ILLEGAL_SIGN_TYPE"),
                            ({"merchants_id": "nobody"}, "ILLEGAL_PARTNER")])
def test_every_refusal_of_this_endpoint_is_a_400(shop: Shop, alter: dict[str, str], error: str) -> None:
    params = shop.signed(pay_type="webtoterminal", operation="sale", out_trade_no=shop.number(),
                         trans_amount="1.00")
    answer = shop.send("tgpaywebtoterminal", {**params, **alter})
    assert (answer["result_code"], answer["error"]) == ("400", error)


def test_the_product_can_be_switched_off(control: Control) -> None:
    assert control.shop(products=["qrcode"]).at_terminal()["error"] == "HAS_NO_PRIVILEGE"


def test_total_fee_is_another_name_of_the_amount(shop: Shop, clock: Clock) -> None:
    asked = accepted(shop.at_terminal(amount=None, total_fee="3.20"))
    assert shop.findings(asked) == {"OTHER_NAME"}
    clock.advance("2s")
    assert shop.query(asked["out_trade_no"])["trans_amount"] == "3.20"


def test_the_same_run_gives_the_same_card_codes_and_numbers(control: Control, clock: Clock) -> None:
    told = []
    for _ in range(2):
        control.post("/reset", merchants_id="201807208001")
        clock.set("2026-05-05T10:00:00Z")
        seeded = Shop(control, "201807208001", control.get("/merchants/201807208001")["token"])
        told.append(ended(seeded, clock, out_trade_no="201807208001050793242918").fields)
    assert told[0] == told[1]


def test_a_polling_client_in_real_time(shop: Shop, clock: Clock) -> None:
    clock.reset()
    asked = accepted(shop.at_terminal())
    waited = threading.Event()
    codes = []
    while not codes or codes[-1] == "204":
        codes.append(shop.transaction(asked["transactionResultId"])["result_code"])
        waited.wait(0.2)
    assert len(codes) > 3 and codes[-1] == "200"
