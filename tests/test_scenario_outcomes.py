"""Contract 8, outcomes seen from outside: lookups, cards, wallets, buyers and terminals do what a rule says,
on the emulator's clock.
"""
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from .driver import RESPONSE_CODES, VISA, Answer, Clock, Control, Receiver, Shop, card_of
from .payer import events, outcome
from .scripted import NOON, after, happened, rule
from .tables import every_row
from .test_cashier_http import CARD, post, presented

FAILURES = ("BUYER_BALANCE_NOT_ENOUGH", "BUYER_ENABLE_STATUS_FORBID", "BEYOND_PAY_RESTRICTION",
            "PAYMENT_AUTH_CODE_INVALID")
PAGES: dict[str, Callable[..., Answer]] = {"tgpayqrcode": Shop.qr_order, "tgpayh5": Shop.h5_order,
                                           "tgpayprepay": Shop.prepay_order}
WALLETS: dict[str, Callable[..., Answer]] = {"tgpaybarcode": Shop.pay_by_barcode, **PAGES}


# Lookups: a condition, a request that it fits, and one that it does not fit with the difference that the
# journal tells.

LOOKUPS: list[tuple[dict[str, Any], dict[str, str], dict[str, str], str]] = [
    ({"reference": "tea"}, {"reference": "tea"}, {"reference": "Tea"}, "reference Tea is not tea"),
    ({"reference": "茶"}, {"reference": "茶"}, {}, "reference is missing"),
    ({"trans_amount": 1}, {"trans_amount": "1.00"}, {"trans_amount": "1.01"}, "trans_amount 1.01 is not 1"),
    ({"total_fee": "1.00"}, {"trans_amount": "1"}, {"trans_amount": "2"}, "total_fee 2 is not 1.00"),
    ({"trans_amount__above": 100}, {"trans_amount": "100.01"}, {"trans_amount": "100"},
     "trans_amount 100 is not above 100"),
    ({"trans_amount__below": "0.02"}, {"trans_amount": "0.01"}, {"trans_amount": "0.02"},
     "trans_amount 0.02 is not below 0.02"),
    ({"trans_amount__in": [1, "2.50"]}, {"trans_amount": "2.5"}, {"trans_amount": "3"},
     "trans_amount 3 is none of 1, 2.50"),
    ({"reference__startswith": "a&b"}, {"reference": "a&b c"}, {"reference": "b"},
     "reference b does not begin with a&b"),
    ({"reference__endswith": "."}, {"reference": "x."}, {"reference": ".x"},
     "reference .x does not end in ."),
    ({"reference__contains": "50%"}, {"reference": "at 50% off"}, {"reference": "50"},
     "reference 50 does not contain 50%"),
    ({"reference__matches": r"^\d+$"}, {"reference": "123"}, {"reference": "12a"},
     r"reference 12a does not match ^\d+$"),
    ({"endpoint__contains": "barcode"}, {}, {}, ""),
    ({"colour": "red"}, {"colour": "red"}, {"colour": "blue"}, "colour blue is not red"),
    ({"attempt": 1}, {}, {}, ""),
    ({"chance": 1}, {}, {}, ""),
    ({"trans_amount__above": 1, "reference": "x"}, {"trans_amount": "2", "reference": "x"},
     {"trans_amount": "2", "reference": "y"},
     "reference y is not x"),
]


@every_row("when, fits, differs, difference", LOOKUPS, ids=[str(row[0]) for row in LOOKUPS])
def test_a_lookup_fits_a_request_or_the_journal_says_why_not(
        shop: Shop, when: dict[str, Any], fits: dict[str, str], differs: dict[str, str],
        difference: str) -> None:
    shop.plays({"name": "it", "when": when, "then": {"error": FAILURES[0]}})
    told = shop.pay_by_barcode(**fits)
    assert (rule(told), told["result_code"]) == ("it", "FAIL")
    if difference:
        told = shop.pay_by_barcode(**differs)
        assert (rule(told), told["result_code"]) == (None, "SUCCESS")
        explanation = shop.journal(told)["explanation"]
        assert (explanation["rule"], explanation["passed"]) == (None, [["it", difference]])


# Cards.

def answered(told: Answer) -> tuple[Any, ...]:
    """What an answer says of a card, apart from numbers that differ for each order."""
    if told["is_success"] == "F":
        return told["error"], told["result_code"]
    return told["result_code"], told["result_msg"], told["status"], json.loads(told["payMethodResp"])[
        "isRedirect"]


@pytest.mark.exhaustive
def test_a_code_answers_like_the_test_card_of_this_code(shop: Shop) -> None:
    plain = {code: answered(shop.card_payment(card_of(code))) for code in RESPONSE_CODES}
    shop.plays(*({"name": code, "when": {"reference": code}, "then": {"code": code}}
                 for code in RESPONSE_CODES))
    scripted = {code: answered(shop.card_payment(VISA, reference=code)) for code in RESPONSE_CODES}
    assert scripted == plain


@every_row("number", [VISA, card_of("3084"), card_of("3150")])
def test_the_answer_to_a_payment_that_was_made_can_say_f_as_the_sample_does(shop: Shop, number: str) -> None:
    plain = shop.card_payment(number)
    shop.plays({"name": "it", "then": {"is_success": "F"}})
    told = shop.card_payment(number)
    assert list(told.fields) == list(plain.fields) and shop.verifies(told)
    assert told["is_success"] == "F"
    assert (told["result_code"], told["status"]) == (plain["result_code"], plain["status"])
    assert outcome(shop, told["out_trade_no"]) == outcome(shop, plain["out_trade_no"])
    assert shop.card_order()["is_success"] == shop.pay_by_barcode()["is_success"] == "T"


@every_row("code", ["0000", "3084", "3118", "3150", "0503", "3300"], apart=True)
def test_a_code_is_the_issuers_answer_on_the_cashiers_page_too(shop: Shop, code: str) -> None:
    plain, scripted = shop.card_order(), shop.card_order()
    presented(plain, card_of(code))
    shop.plays({"name": "it", "then": {"code": code}})
    for order in (shop.card_order(), scripted):  # also when the order was there before the rule
        presented(order, VISA)
        assert outcome(shop, order["out_trade_no"]) == outcome(shop, plain["out_trade_no"])
    assert outcome(shop, plain["out_trade_no"])[0] == code
    assert "rule it of the scenario matched" in json.dumps(shop.story(scripted["out_trade_no"])["history"])


@every_row("fields, code", [
    ({"cardNo": "4111111111111112"}, "3101"), ({"expirationYear": "24"}, "3096"), ({"cvv": "1"}, "3104")])
def test_what_no_issuer_would_take_is_declined_whatever_a_rule_says(
        shop: Shop, fields: dict[str, str], code: str) -> None:
    shop.plays({"then": {"code": "0000"}})
    assert shop.card_payment(card=fields)["result_code"] == code
    order = shop.card_order()
    post(f"{order['pay_url']}/card", {**CARD, **fields})
    assert outcome(shop, order["out_trade_no"])[0] == code


@every_row("amount, code", [("30.84", "3084"), ("0.53", "0053"), ("31", "3100"), ("12.34", "0000")])
def test_the_amount_can_be_the_code(shop: Shop, amount: str, code: str) -> None:
    shop.plays({"name": "it", "when": {"endpoint": "tgpaybankcard"}, "then": {"code": "from:trans_amount"}})
    told = shop.card_payment(trans_amount=amount)
    assert (told["result_code"], rule(told)) == (code, None if amount == "12.34" else "it")
    order = shop.card_order(amount)
    presented(order)
    assert outcome(shop, order["out_trade_no"])[0] == code


@every_row("card_rule, number, code", [
    ({"card": VISA}, VISA, "3084"), ({"card": "4111 1111 1111 1111"}, "4111-1111-1111-1111", "3084"),
    ({"card__startswith": "5"}, VISA, "0000"),
    ({"card__in": [VISA, "1"]}, VISA, "3084"), ({"card__endswith": "1111"}, VISA, "3084"),
    ({"card__matches": "^3[47]"}, VISA, "0000")])
def test_the_card_can_be_asked_for_on_both_ways(shop: Shop, card_rule: dict[str, Any], number: str,
                                                code: str) -> None:
    shop.plays({"name": "it", "when": card_rule, "then": {"code": "3084"}})
    assert shop.card_payment(number.replace("-", ""))["result_code"] == code  # only people may type dashes
    order = shop.card_order()
    presented(order, number)
    assert outcome(shop, order["out_trade_no"])[0] == code


ENDS = [
    ({"settles_after": "20s"}, "3150", [("pend", 0), ("pay", 20)], "0000"),
    ({"settles_after": "20s", "settles_as": "3084"}, "3150", [("pend", 0), ("fail", 20)], "3084"),
    ({"code": "3095", "settles_after": "1h", "settles_as": "0503"}, "3095", [("pend", 0), ("revoke", 3600)],
     "0503"),
    ({"settles_after": "90d", "settles_as": "3300"}, "3150", [("pend", 0), ("expire", 90 * 86400)], "3300"),
    ({"chargeback_after": "36h"}, "0000", [("pay", 0), ("chargeback", 36 * 3600)], "3200"),
    ({"chargeback_after": "0s"}, "0000", [("pay", 0), ("chargeback", 0)], "3200"),
    ({"review": True}, "3200", [("review", 0), ("revoke", 86400)], "0055"),
]


@pytest.mark.parametrize("page", [False, True], ids=["from the server", "on the page"])
@pytest.mark.parametrize("then, first, steps, last", ENDS, ids=[str(row[0]) for row in ENDS])
def test_what_becomes_of_a_card_payment_happens_at_its_own_instant(
        shop: Shop, noon: Clock, then: dict[str, Any], first: str, steps: list[tuple[str, float]], last: str,
        page: bool) -> None:
    shop.plays({"then": then})
    if page:
        order = shop.card_order()
        number, waited = order["out_trade_no"], 60
        noon.advance("1m")
        presented(order)
    else:
        number, waited = shop.card_payment()["out_trade_no"], 0
    assert shop.query(number)["resp_code"] == (first if steps[-1][1] else last)
    noon.advance("100d")
    assert happened(shop, number)[1:len(steps) + 1] == [(event, after(seconds + waited)) for event,
                                                        seconds in steps]
    assert shop.query(number)["resp_code"] == last


def test_a_pending_payment_waits_for_the_control_interface(shop: Shop, noon: Clock) -> None:
    shop.plays({"then": {"pending": True}})
    number = shop.card_payment()["out_trade_no"]
    noon.advance("30d")
    assert outcome(shop, number) == ("3150", "pending")
    assert shop.happens(number, "decline", code="3020").status == 200
    assert outcome(shop, number) == ("3020", "failed")


@every_row("then, typed, code", [
    ({"three_d": True}, "123456", "0000"), ({"three_d": True, "code": "3200"}, "123456", "0000"),
    ({"three_d": True, "code": "3152"}, "123456", "3152"),
    ({"three_d": True, "code": "0000"}, "000000", "0000")])
def test_three_d_opens_the_issuers_page_for_any_card(shop: Shop, then: dict[str, Any], typed: str,
                                                     code: str) -> None:
    shop.plays({"then": then})
    told = shop.card_payment(VISA, risk_info="")
    method = json.loads(told["payMethodResp"])
    assert (told["result_code"], told["status"], method["isRedirect"]) == ("3200", "pending", "yes")
    post(f"{method['termUrl']}/answer", {"code": typed})
    assert outcome(shop, told["out_trade_no"])[0] == code


@pytest.mark.parametrize("decision, code", [("approved", "0000"), ("refused", "0055")])
def test_a_payment_in_review_is_the_merchants_to_decide(shop: Shop, decision: str, code: str) -> None:
    shop.plays({"when": {"access_type": "s2s"}, "then": {"review": True}})
    number = shop.card_payment()["out_trade_no"]
    assert outcome(shop, number) == ("3200", "pending_review")
    assert shop.card_service(decision, number)["result_code"] == code


# Wallets.

@pytest.mark.parametrize("error", FAILURES)
def test_a_buyer_fails_at_the_counter(notified: Shop, receiver: Receiver, error: str) -> None:
    notified.plays({"then": {"error": error}})
    told = notified.pay_by_barcode()
    assert (told["is_success"], told["result_code"], told["error"],
            told["detail_error_code"]) == ("T", "FAIL", "", error)
    assert notified.query(told["out_trade_no"])["trade_status"] == "TRADE_CLOSED"
    heard, = receiver.wait_for(1)
    assert (heard.fields["result_code"], heard.fields["error"]) == ("FAIL", error)


@pytest.mark.exhaustive
@every_row("error", FAILURES)
@every_row("endpoint", PAGES)
def test_a_buyer_fails_on_the_wallet_page_as_often_as_they_try(shop: Shop, endpoint: str, error: str) -> None:
    shop.plays({"when": {"endpoint": endpoint}, "then": {"error": error}})
    number = PAGES[endpoint](shop)["out_trade_no"]
    page = f"{shop.control.url}{shop.story(number)['page']}"
    for _ in range(2):
        assert post(f"{page}/pay").status == 303
        assert (shop.story(number)["error"], shop.query(number)["trade_status"]) == (error, "WAIT_BUYER_PAY")
    assert events(shop, number) == ["create", "decline", "decline"]


SETTLE = [({"settles_after": "20s"}, "pay"), ({"settles_after": "20s", "settles_as": FAILURES[1]}, "fail"),
          ({"buyer": {"pays_after": "20s"}}, "pay"), ({"buyer": {"declines_after": "20s"}}, "fail"),
          ({"buyer": {"declines_after": "20s"}, "error": FAILURES[2]}, "fail")]


@pytest.mark.sampled
@pytest.mark.parametrize("endpoint", WALLETS)
@pytest.mark.parametrize("then, event", SETTLE, ids=[str(row[0]) for row in SETTLE])
def test_a_buyer_acts_unasked_at_the_instant_that_a_rule_says(
        shop: Shop, noon: Clock, endpoint: str, then: dict[str, Any], event: str) -> None:
    shop.plays({"then": then})
    told = WALLETS[endpoint](shop)
    number = told["out_trade_no"]
    assert told["result_code"] == ("UNKNOWN" if endpoint == "tgpaybarcode" else "SUCCESS")
    noon.advance("19999ms")
    assert shop.query(number)["trade_status"] == "WAIT_BUYER_PAY"
    noon.advance("1ms")
    expected = event if event == "pay" or endpoint == "tgpaybarcode" else "decline"
    assert happened(shop, number) == [("create", NOON), (expected, after(20))]
    error = "" if event == "pay" else then.get("error") or then.get("settles_as") or FAILURES[0]
    assert shop.story(number)["error"] == error
    noon.advance("5m")
    assert len(events(shop, number)) == 2


@pytest.mark.parametrize("endpoint", WALLETS)
@pytest.mark.parametrize("then", [{"buyer": {"never": True}}, {"pending": True}], ids=str)
def test_a_buyer_who_never_acts_lets_the_time_run_out(shop: Shop, noon: Clock, endpoint: str,
                                                      then: dict[str, Any]) -> None:
    shop.plays({"then": then})
    number = WALLETS[endpoint](shop)["out_trade_no"]
    noon.advance("2d")
    assert [event for event, _ in happened(shop, number)] == ["create", "expire"]


@pytest.mark.parametrize("endpoint", WALLETS)
def test_a_buyer_may_pay_at_once(shop: Shop, noon: Clock, endpoint: str) -> None:
    shop.plays({"then": {"buyer": {"pays_after": "0s"}}})
    number = WALLETS[endpoint](shop)["out_trade_no"]
    assert shop.query(number)["trade_status"] == "TRADE_SUCCESS"


def test_a_buyer_who_declined_unasked_may_pay_all_the_same(shop: Shop, noon: Clock) -> None:
    shop.plays({"then": {"buyer": {"declines_after": "20s"}}})
    number = shop.qr_order()["out_trade_no"]
    noon.advance("1m")
    post(f"{shop.control.url}{shop.story(number)['page']}/pay")
    assert events(shop, number) == ["create", "decline", "pay"]


def test_a_buyer_who_pays_before_a_rule_makes_them_does_not_pay_twice(shop: Shop, noon: Clock) -> None:
    shop.plays({"then": {"buyer": {"pays_after": "20s"}}})
    number = shop.qr_order()["out_trade_no"]
    assert shop.happens(number, "pay").status == 200
    noon.advance("10m")
    assert events(shop, number) == ["create", "pay"]


BUYERS = [
    ({"buyer": {"pays_after": "20s"}, "code": "0000"}, [("pay", 20)], ("0000", "success")),
    ({"buyer": {"pays_after": "20s"}}, [("pay", 20)], ("0000", "success")),
    ({"buyer": {"declines_after": "20s"}}, [("fail", 20)], ("3020", "failed")),
    ({"buyer": {"declines_after": "20s"}, "code": "3084"}, [("fail", 20)], ("3084", "failed")),
    ({"buyer": {"never": True}}, [("expire", 1200)], ("3300", "expired")),
]


@pytest.mark.parametrize("then, steps, last", BUYERS, ids=[str(row[0]) for row in BUYERS])
def test_a_payer_presents_a_card_unasked_on_the_cashiers_page(
        shop: Shop, noon: Clock, then: dict[str, Any], steps: list[tuple[str, float]],
        last: tuple[str, str]) -> None:
    shop.plays({"then": then})
    number = shop.card_order()["out_trade_no"]
    noon.advance("1d")
    assert happened(shop, number)[1:] == [(event, after(seconds)) for event, seconds in steps]
    assert outcome(shop, number) == last


def test_a_scripted_payer_makes_no_second_attempt(shop: Shop, noon: Clock) -> None:
    shop.plays({"when": {"attempt": 1}, "then": {"buyer": {"declines_after": "20s"}}})
    order = shop.card_order()
    noon.advance("1m")
    presented(shop.card_order(out_trade_no=order["out_trade_no"]))
    noon.advance("1h")
    assert events(shop, order["out_trade_no"]) == ["create", "fail", "retry", "pay"]


# Terminals.

def result(shop: Shop, number: str) -> tuple[str, str]:
    told = shop.query(number)
    return told["result_code"], told.fields.get("trade_status", "")


RESULTS = [
    ({"result": "AUTHORISED"}, "AUTHORISED", "12.00"), ({"result": "SUCCESS"}, "SUCCESS", "12.00"),
    ({"result": "DECLINED"}, "DECLINED", "0.00"), ({"result": "FAILED"}, "FAILED", "0.00"),
    ({"result": "CANCELLED"}, "CANCELLED", "0.00"),
    ({"result": "PARTIAL_APPROVAL"}, "PARTIAL_APPROVAL", "6.00"),
    ({"result": "PARTIAL_APPROVAL", "approves": "25%"}, "PARTIAL_APPROVAL", "3.00"),
]


@pytest.mark.parametrize("then, ends, amount", RESULTS, ids=[str(row[0]) for row in RESULTS])
def test_a_transaction_on_a_terminal_ends_as_a_rule_says(shop: Shop, noon: Clock, then: dict[str, Any],
                                                         ends: str, amount: str) -> None:
    shop.plays({"then": then})
    number = shop.at_terminal()["out_trade_no"]
    assert result(shop, number)[0] == "204"
    noon.advance("10s")
    told = shop.query(number)
    assert (told["trade_status"], told["trans_amount"]) == (ends, amount)


@pytest.mark.parametrize("amount", ["37.79", "37.84", "37.57", "37.68", "37.41"])
def test_a_rule_goes_before_what_an_amount_stands_for(shop: Shop, noon: Clock, amount: str) -> None:
    shop.plays({"then": {"result": "AUTHORISED"}})
    number = shop.at_terminal("sale", amount)["out_trade_no"]
    noon.advance("10s")
    assert result(shop, number) == ("200", "AUTHORISED")


UNKNOWN = [
    ({"result": "UNDEFINED"}, 10, "AUTHORISED"), ({"settles_after": "45s"}, 45, "AUTHORISED"),
    ({"settles_after": "0s"}, 0, "AUTHORISED"),
    ({"result": "UNDEFINED", "settles_after": "3h", "settles_as": "DECLINED"}, 10800, "DECLINED"),
    ({"settles_after": "20s", "settles_as": "PARTIAL_APPROVAL"}, 20, "PARTIAL_APPROVAL"),
    ({"settles_after": "20s", "settles_as": "FAILED"}, 20, "FAILED"),
]


@pytest.mark.parametrize("then, seconds, later", UNKNOWN, ids=[str(row[0]) for row in UNKNOWN])
def test_a_result_that_is_not_known_turns_out_when_a_rule_says(
        shop: Shop, noon: Clock, then: dict[str, Any], seconds: float, later: str) -> None:
    shop.plays({"then": then})
    number = shop.at_terminal()["out_trade_no"]
    noon.advance("1d")
    (_, ended), (_, known) = happened(shop, number)[-2:]
    assert datetime.fromisoformat(known) - datetime.fromisoformat(ended) == timedelta(seconds=seconds)
    told = shop.query(number)
    assert (told["trade_status"], told["trans_amount"]) == (later,
                                                            {"AUTHORISED": "12.00",
                                                             "PARTIAL_APPROVAL": "6.00"}.get(later, "0.00"))


def test_a_pending_transaction_stays_unknown_until_somebody_says(shop: Shop, noon: Clock) -> None:
    shop.plays({"then": {"pending": True}})
    number = shop.at_terminal()["out_trade_no"]
    noon.advance("3d")
    assert result(shop, number) == ("200", "UNDEFINED")
    assert shop.happens(number, "pay").status == 200
    assert result(shop, number) == ("200", "AUTHORISED")


@pytest.mark.parametrize("then, code",
                         [({"terminal": {"busy": True}}, "1001"), ({"terminal": {"offline": True}}, "1002")])
def test_a_terminal_is_busy_or_offline_once_and_then_takes_the_same_number(
        shop: Shop, then: dict[str, Any], code: str) -> None:
    shop.plays({"then": [then]})
    number = shop.number()
    told = shop.at_terminal(out_trade_no=number)
    assert (told["is_success"], told["result_code"], told["result_msg_code"]) == ("F", "400", code)
    assert shop.at_terminal(out_trade_no=number)["result_code"] == "202"


STUCK = [("WAITING_FOR_CARD", "CANCELLED"), ("READING_CARD", "FAILED"), ("PIN_ENTRY", "CANCELLED"),
         ("AUTHORISING", "FAILED")]


@pytest.mark.parametrize("state, ends", STUCK)
def test_a_terminal_stays_in_a_state_until_it_loses_patience(
        shop: Shop, noon: Clock, state: str, ends: str) -> None:
    shop.plays({"then": {"terminal": {"at": state}}})
    number = shop.at_terminal("sale", "150.00")["out_trade_no"]
    noon.advance("50s")
    assert (shop.terminal()["state"], result(shop, number)[0]) == (state, "204")
    noon.advance("15s")
    assert result(shop, number) == ("200", ends)


@pytest.mark.parametrize("then, code", [
    ({"result": "DECLINED"}, "3100"), ({"result": "PARTIAL_APPROVAL"}, "3118"),
    ({"result": "AUTHORISED"}, "0000")])
def test_a_card_order_on_a_terminal_ends_as_a_rule_says(shop: Shop, noon: Clock, then: dict[str, Any],
                                                        code: str) -> None:
    shop.plays({"when": {"channel_type": "terminal"}, "then": then})
    number = shop.card_order("37.79", channel_type="terminal",
                             terminal_id=shop.first_terminal)["out_trade_no"]
    noon.advance("10s")
    assert outcome(shop, number)[0] == code


# Whatever is due is done in its order.

def test_what_several_rules_say_happens_in_one_advance_each_at_its_instant(
        notified: Shop, receiver: Receiver, control: Control, noon: Clock) -> None:
    notified.plays({"when": {"reference": "late"},
                    "then": {"buyer": {"pays_after": "10m"}, "notify": {"delay": "3m"}}},
                   {"when": {"reference": "soon"}, "then": {"buyer": {"pays_after": "11m"}}})
    late = notified.h5_order(reference="late")["out_trade_no"]
    soon = notified.h5_order(reference="soon")["out_trade_no"]
    noon.advance("1h")
    assert [heard.fields["out_trade_no"] for heard in receiver.wait_for(2)] == [soon, late]
    attempts = [attempt["at"] for number in (soon, late) for notification in notified.notifications(number)
                for attempt in notification["attempts"]]
    assert (happened(notified, late)[-1], happened(notified, soon)[-1]) == (
        ("pay", after(600)), ("pay", after(660)))
    assert attempts == [after(660), after(780)]
