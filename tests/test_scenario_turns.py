"""Contract 8: lists in turn, attempts, whose scenario is in force, what the journal tells, and that the same
run gives the same bytes.
"""
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from typing import Any
from urllib.parse import unquote

import pytest

from .control.test_wait_and_events import stream, take
from .driver import VISA, Answer, Clock, Control, Server, Shop, card_of, pay_info
from .scripted import NOON, rule
from .tables import every_row
from .test_cashier_http import presented

POOR = {"error": "BUYER_BALANCE_NOT_ENOUGH"}
COUNTER = {"endpoint": "tgpaybarcode"}


@pytest.fixture
def everybody(control: Control) -> Iterator[Callable[..., None]]:
    """Puts a scenario in force for everybody, until the end of the test."""
    def put(*rules: dict[str, Any]) -> None:
        assert control.ask("PUT", "/scenario", {"rules": list(rules)}).status == 200
    yield put
    assert control.ask("DELETE", "/scenario").status == 204


def uses(shop: Shop) -> dict[str, int]:
    """How often each rule with a list was used by a merchant."""
    told: dict[str, int] = shop.control.get("/scenario", merchants_id=shop.merchants_id)["uses"]
    return told


def results(shop: Shop, count: int) -> list[str]:
    return [shop.pay_by_barcode()["result_code"] for _ in range(count)]


# Lists in turn.

def test_a_list_is_taken_in_turn_and_the_next_rule_follows(shop: Shop) -> None:
    shop.plays({"name": "a", "when": COUNTER, "then": [POOR, {}, POOR]},
               {"name": "b", "when": COUNTER, "then": [{}]})
    told = [shop.pay_by_barcode() for _ in range(5)]
    assert [answer["result_code"] for answer in told] == ["FAIL", "SUCCESS", "FAIL", "SUCCESS", "SUCCESS"]
    assert [rule(answer) for answer in told] == ["a", "a", "a", "b", None]
    assert shop.journal(told[-1])["explanation"]["passed"] == [
        ["a", "used up: 3 of 3"], ["b", "used up: 1 of 1"]]
    assert uses(shop) == {"a": 3, "b": 1}


def test_of_twenty_requests_at_once_exactly_the_first_fails(shop: Shop) -> None:
    shop.plays({"name": "first", "when": COUNTER, "then": [POOR]})
    with ThreadPoolExecutor(20) as pool:
        told = list(pool.map(lambda _: shop.pay_by_barcode()["result_code"], range(20)))
    assert Counter(told) == {"FAIL": 1, "SUCCESS": 19}
    assert uses(shop) == {"first": 1}


def test_no_expression_and_no_value_takes_long(shop: Shop, control: Control) -> None:
    hostile = ["^(a+)+$", "(a|aa)+$", "^(([a-z])+.)+[A-Z]([a-z])+$", "(x+x+)+y", "^(a?){60}a{60}$"]
    shop.plays(*({"name": f"{place}", "when": {"reference__matches": hostile[place % len(hostile)]},
                  "then": POOR}
                 for place in range(100)))
    other = control.shop()
    reference = "a" * 4_000 + "!"
    begun = time.perf_counter()
    other.pay_by_barcode(reference=reference)
    usual = time.perf_counter() - begun
    begun = time.perf_counter()
    assert shop.pay_by_barcode(reference=reference)["result_code"] == "SUCCESS"
    assert time.perf_counter() - begun < 20 * usual + 1  # an engine that tries every way would take years
    control.ask("DELETE", f"/merchants/{other.merchants_id}")


def test_a_refused_request_uses_a_rule_up_and_is_refused(shop: Shop) -> None:
    shop.plays({"name": "once", "then": [{"delay": "0s"}]})
    told = shop.query("none")
    assert (told["error"], rule(told), uses(shop)) == ("TRADE_NOT_EXIST", "once", {"once": 1})
    assert (shop.journal(told)["verdict"], shop.journal(told)["explanation"]["rule"]) == (
        "TRADE_NOT_EXIST", "once")
    assert rule(shop.query("none")) is None


@every_row("params", [{"trans_amount": "free"}, {"sign": "0" * 32}, {"sign_type": "RSA"}], ids=str)
def test_a_request_that_is_not_admitted_uses_nothing(shop: Shop, params: dict[str, str]) -> None:
    shop.plays({"name": "once", "then": [{"fault": "http_500"}]})
    told = shop.pay_by_barcode(**params)
    assert (told["is_success"], rule(told), uses(shop)) == ("F", None, {})


def test_a_refusal_under_a_scenario_leaves_nothing_behind(shop: Shop) -> None:
    number = shop.qr_order()["out_trade_no"]
    shop.plays({"then": {"delay": "0s"}})
    before = shop.story(number)
    assert shop.refund(number, "0.10")["error"] == "TRADE_STATUS_ERROR"
    assert shop.qr_order(out_trade_no=number, trans_amount="9.00")["error"] == "CONTEXT_INCONSISTENT"
    assert shop.story(number) == before


# Attempts.

def test_attempts_are_counted_for_each_order_and_endpoint(shop: Shop) -> None:
    shop.plays({"name": "first", "when": {"attempt": 1}, "then": {}},
               {"name": "third", "when": {"attempt": 3}, "then": {}})
    one, other = shop.number(), shop.number()
    assert [rule(shop.qr_order(out_trade_no=one)) for _ in range(4)] == ["first", None, "third", None]
    assert rule(shop.qr_order(out_trade_no=other)) == "first"
    assert [rule(shop.query(one)), rule(shop.query(one))] == ["first", None]


@pytest.mark.parametrize("fault", ["drop_before", "http_503"])
def test_a_request_to_which_nothing_happened_counts_as_an_attempt(shop: Shop, fault: str) -> None:
    shop.plays({"name": "twice", "when": {"attempt__below": 3}, "then": {"fault": fault}})
    number = shop.number()
    for _ in range(2):
        try:
            assert shop.pay_by_barcode(out_trade_no=number).status == 503
        except OSError:
            pass
    assert shop.pay_by_barcode(out_trade_no=number)["result_code"] == "SUCCESS"


def test_cards_on_the_page_are_attempts_of_their_order(shop: Shop) -> None:
    shop.plays({"name": "first", "when": {"attempt": 1}, "then": {"code": "3084"}},
               {"name": "second", "when": {"attempt": 2}, "then": {"code": "3100"}})
    order = shop.card_order()
    for code in ("3084", "3100", "0000"):
        presented(order)
        assert shop.query(order["out_trade_no"])["resp_code"] == code


# Whose scenario is in force.

def test_two_merchants_have_scenarios_of_their_own_side_by_side(shop: Shop, control: Control) -> None:
    other = control.shop()
    shop.plays({"name": "mine", "when": COUNTER, "then": [POOR]})
    other.plays({"name": "mine", "when": COUNTER, "then": [{}, POOR]})
    assert [rule(shop.pay_by_barcode()), *results(other, 2)] == ["mine", "SUCCESS", "FAIL"]
    assert (uses(shop), uses(other)) == ({"mine": 1}, {"mine": 2})
    assert (results(shop, 1), results(control.shop(), 1)) == (["SUCCESS"], ["SUCCESS"])


def test_uses_are_per_merchant_also_where_the_scenario_is_everybodys(
         shop: Shop, control: Control, everybody: Callable[..., None]) -> None:
    everybody({"name": "first", "when": COUNTER, "then": [POOR]})
    other = control.shop()
    assert (results(shop, 2), results(other, 2)) == (["FAIL", "SUCCESS"], ["FAIL", "SUCCESS"])
    assert (uses(shop), uses(other)) == ({"first": 1}, {"first": 1})


def test_a_merchants_own_scenario_goes_before_everybodys(
        shop: Shop, control: Control, everybody: Callable[..., None]) -> None:
    everybody({"name": "all", "when": COUNTER, "then": POOR})
    assert rule(shop.pay_by_barcode()) == "all"
    shop.plays({"name": "own", "when": {"reference": "x"}, "then": {}})
    told = shop.pay_by_barcode()
    assert (rule(told), told["result_code"]) == (None, "SUCCESS")
    assert control.ask("DELETE", "/scenario", merchants_id=shop.merchants_id).status == 204
    assert rule(shop.pay_by_barcode()) == "all"


def test_another_scenario_for_everybody_leaves_what_a_merchants_own_has_counted(
         shop: Shop, control: Control, everybody: Callable[..., None]) -> None:
    everybody({"name": "first", "when": COUNTER, "then": [POOR]})
    other = control.shop()
    shop.plays({"name": "once", "when": COUNTER, "then": [POOR]})
    assert (results(shop, 1), results(other, 1)) == (["FAIL"], ["FAIL"])
    everybody({"name": "first", "when": COUNTER, "then": [POOR]})
    assert (results(shop, 1), results(other, 1)) == (["SUCCESS"], ["FAIL"])


def test_a_reset_of_a_merchant_takes_its_scenario_and_a_new_one_counts_anew(
         shop: Shop, control: Control) -> None:
    shop.plays({"name": "once", "when": COUNTER, "then": [POOR]})
    assert results(shop, 2) == ["FAIL", "SUCCESS"]
    shop.plays({"name": "once", "when": COUNTER, "then": [POOR]})
    assert results(shop, 1) == ["FAIL"]
    control.post("/reset", merchants_id=shop.merchants_id)
    told = shop.pay_by_barcode()
    assert (rule(told), shop.journal(told)["explanation"]) == (None, None)


# What the journal and the header tell.

def test_the_journal_tells_the_rule_and_why_not_those_before_it(shop: Shop) -> None:
    shop.plays({"name": "elsewhere", "when": {"endpoint": "tgpayh5"}, "then": {}},
               {"name": "large", "when": {"trans_amount__above": 100}, "then": {}},
               {"name": "it", "when": COUNTER, "then": POOR}, {"name": "never reached", "then": {}})
    assert shop.journal(shop.pay_by_barcode())["explanation"] == {
        "scenario": "custom", "rule": "it", "then": POOR,
        "passed": [["large", "trans_amount 1.00 is not above 100"]], "untold": 0,
        "elsewhere": 1}


def test_of_hundreds_of_rules_the_journal_counts_what_it_does_not_tell(shop: Shop) -> None:
    shop.plays(*({"name": f"{cents}", "when": {**COUNTER, "trans_amount": cents}, "then": POOR}
                 for cents in range(1000, 1200)),
               *({"name": f"h5 {place}", "when": {"endpoint": "tgpayh5"}, "then": {}} for place in range(30)),
               {"name": "near", "when": {**COUNTER, "trans_amount__below": 5, "attempt": 2}, "then": POOR})
    explanation = shop.journal(shop.pay_by_barcode())["explanation"]
    assert (explanation["rule"], explanation["untold"],
            explanation["elsewhere"]) == (None, 201 - len(explanation["passed"]), 30)
    assert explanation["passed"][0] == ["1000", "trans_amount 1.00 is not 1000"]
    assert explanation["passed"][-1] == ["near", "attempt 1 is not 2"]
    assert len(json.dumps(explanation)) < 2_500
    assert rule(shop.pay_by_barcode("1100.00")) == "1100"


@every_row("name", ["余额不足", "Überlauf: 100 % \"sicher\"", "a\\b", "🙂", "x" * 100], ids=range(5))
def test_a_rule_of_any_name_is_told_in_a_header(shop: Shop, name: str) -> None:
    shop.plays({"name": name, "then": {}})
    told = shop.pay_by_barcode()
    written = rule(told)
    assert written is not None and written.isascii() and unquote(written) == name
    assert shop.journal(told)["explanation"]["rule"] == name


@every_row("when", [{"card": VISA}, {"card__startswith": "411111111111"}, {"card__in": [VISA]},
                    {"card__matches": "^4"},
                    {"card": card_of("3084")}, {"card__above": 10}, {"card__endswith": "0003"}], ids=str)
def test_the_number_of_a_card_is_told_nowhere(shop: Shop, when: dict[str, Any]) -> None:
    shop.plays({"name": "it", "when": when, "then": {"code": "3100"}})
    with stream(shop.control, merchants_id=shop.merchants_id) as coming:
        told = shop.card_payment(VISA)
        order = shop.card_order()
        presented(order, VISA)
        heard = take(coming, 4)  # two requests, and a decline or a payment of each order
    entries = [entry for number in (told["out_trade_no"], order["out_trade_no"])
               for entry in shop.requests(number)]
    stories = [shop.story(number) for number in (told["out_trade_no"], order["out_trade_no"])]
    assert VISA not in json.dumps([entries, stories, heard, told.text, str(told.headers)])
    assert VISA[:11] not in json.dumps([entries, stories]).replace(VISA[:6] + "******", "")


# The same run gives the same bytes.

def chaos(control: Control) -> list[dict[str, Any]]:
    """The rules of the shipped chaos but for those that take time, each five times as likely."""
    rules = control.get("/scenarios/chaos")["rules"]
    return [{**each, "when": {**each["when"], "chance": 5 * float(each["when"]["chance"])}} for each in rules
            if each["then"].get("fault") != "slow" and "delay" not in each["then"]]


def asked(shop: Shop, place: int) -> str:
    """One of many requests, and all that comes of it."""
    number = f"{shop.merchants_id}{place:06d}"
    makes: list[Callable[[], Answer]] = [
        lambda: shop.pay_by_barcode(out_trade_no=number), lambda: shop.qr_order(out_trade_no=number),
        lambda: shop.card_payment(out_trade_no=number, pay_info=pay_info()),
        lambda: shop.prepay_order(out_trade_no=number), lambda: shop.h5_order(out_trade_no=number)]
    told = []
    for make in (makes[place % len(makes)], lambda: shop.query(number), lambda: shop.refund(number, "0.10")):
        try:
            answer = make()
            told.append(f"{answer.status} {rule(answer)} {answer.headers['Content-Type']} {answer.raw!r}")
        except (OSError, HTTPException) as failure:
            told.append(f"nothing came, or a part: {type(failure).__name__} "
                        f"{getattr(failure, 'partial', b'')!r}")
    return "\n".join(told)


def run(at_once: int) -> tuple[list[str], str]:
    """What 100 orders came to on a server of its own, and the settlement file of the next day."""
    with Server(seed="lunch", public_url="http://gateway.example", control_token="off") as server:
        control = Control(server.url)
        clock = Clock(control)
        clock.freeze()
        clock.set(NOON)
        shop = control.shop()
        shop.plays(*chaos(control))
        with ThreadPoolExecutor(at_once) as pool:
            told = list(pool.map(lambda place: asked(shop, place), range(100)))
        clock.advance("3d")
        assert control.ask("DELETE", "/scenario", merchants_id=shop.merchants_id).status == 204
        return told, shop.settlement("2027-03-01", "2027-03-04").text


def test_the_same_seed_and_requests_give_the_same_bytes_whatever_comes_first() -> None:
    with ThreadPoolExecutor(2) as pool:
        (one, file), (other, same_file) = pool.map(run, (1, 8))
    assert one == other
    assert sorted(file.splitlines()) == sorted(same_file.splitlines()) and file.count("\n") > 30
    used = set(re.findall(r"^\d+ ((?!None)\w.*) text", "\n".join(one), re.MULTILINE))
    assert len(used) > 8 and sum("nothing came" in each for each in one) > 10
