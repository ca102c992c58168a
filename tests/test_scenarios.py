"""Contract 8, the language of scenario files: what fits and why not, what is wrong with a file, lists in
turn, chance, files shipped.
"""
import configparser
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgpay_emulator import scenarios
from tgpay_emulator.gateway.endpoints import ENDPOINTS
from tgpay_emulator.protocol.response_codes import RESPONSE_CODES
from tgpay_emulator.scenarios import (
    Buyer, Facts, Invalid, Notify, Scenario, Terminal, Then, from_json, outcomes)

from .tables import every_row

ROOT = Path(__file__).parent.parent
CARD = "4000023084000003"
PARAMS = {"merchants_id": "201703200001", "out_trade_no": "201703200001-7", "trans_amount": "12.00",
          "reference": "late lunch"}


def request(endpoint: str = "tgpaybankcard", attempt: int = 1, card: str = "", seed: str = "tgpay",
            **params: str) -> Facts:
    sent = {**PARAMS, **params}
    return Facts(sent, sent, endpoint, attempt, seed, (sent["merchants_id"], sent["out_trade_no"]), card)


def scenario(*rules: dict[str, Any]) -> Scenario:
    return from_json({"rules": list(rules)})


def rule(when: dict[str, Any] | None = None, then: Any = None, name: str = "it") -> dict[str, Any]:
    return {"name": name, "when": when or {}, "then": {} if then is None else then}


def difference(when: dict[str, Any], facts: Facts, then: Any = None, **uses: int) -> str | None:
    """The difference between a rule and a request; that the same request is picked says the same."""
    one = scenario(rule(when, then))
    found = scenarios.differences(one.rules[0], facts, uses)
    judged = scenarios.match(one, facts, uses)
    assert (judged.picked is None) == (found is not None)
    elsewhere = not one.rules[0].fits_endpoint(facts.endpoint)
    assert (judged.reasons(facts), judged.elsewhere) == ([("it", found)] if found and not elsewhere else [],
                                                         int(elsewhere))
    return found


def pick(one: Scenario, facts: Facts, uses: dict[str, int]) -> scenarios.Picked | None:
    return scenarios.match(one, facts, uses).picked


def explain(one: Scenario, facts: Facts, uses: dict[str, int]) -> list[tuple[str, str]]:
    return scenarios.match(one, facts, uses).reasons(facts)


def problems(*rules: Any, **more: Any) -> list[str]:
    with pytest.raises(Invalid) as caught:
        from_json({"rules": list(rules), **more}, "lunch.json")
    assert str(caught.value) == "\n".join(caught.value.problems)
    return caught.value.problems


FITS = [
    ({}, {}),
    ({"endpoint": "tgpaybankcard"}, {}),
    ({"endpoint__in": ["tgpayqrcode", "tgpaybankcard"]}, {}),
    ({"endpoint__startswith": "tgpaybank"}, {}),
    ({"reference": "late lunch"}, {}),
    ({"reference": 1}, {"reference": "1"}),
    ({"reference": 12.5}, {"reference": "12.5"}),
    ({"trans_amount": "30.84"}, {"trans_amount": "30.84"}),
    ({"trans_amount": 30.84}, {"trans_amount": "30.84"}),
    ({"trans_amount": "1"}, {"trans_amount": "1.00"}),
    ({"trans_amount": 1}, {"trans_amount": "1.00"}),
    ({"refund_amount__in": [1, 2]}, {"refund_amount": "2.0"}),
    ({"total_fee": 12}, {}),
    ({"total_fee__above": 11}, {}),
    ({"trans_amount__above": "11.99"}, {}),
    ({"trans_amount__below": "12.01"}, {}),
    ({"trans_amount__above": "0.1"}, {"trans_amount": "0.10000000000000000001"}),
    ({"trans_amount__above": 11, "trans_amount__below": 13}, {}),
    ({"out_trade_no__startswith": "201703200001"}, {}),
    ({"out_trade_no__endswith": -7}, {}),
    ({"out_trade_no__contains": "0001-"}, {}),
    ({"out_trade_no__matches": r"-\d$"}, {}),
    ({"reference__matches": "LUNCH|lunch"}, {}),
    ({"reference__matches": "(?i)LATE"}, {}),
    ({"reference__matches": "^手表$"}, {"reference": "手表"}),
    ({"reference__matches": "end$"}, {"reference": "x" * 4_093 + "end"}),
    ({"attempt": 2}, {"attempt": 2}),
    ({"attempt": "02"}, {"attempt": 2}),
    ({"attempt__in": [1, 3]}, {"attempt": 3}),
    ({"attempt__above": 9}, {"attempt": 10}),
    ({"card": CARD}, {"card": CARD}),
    ({"card": "4000 0230 8400 0003"}, {"card": "4000-0230-8400-0003"}),
    ({"card__startswith": 400002}, {"card": CARD}),
    ({"card__in": [CARD, "1"]}, {"card": CARD}),
    ({"chance": 1}, {}),
]
DIFFERS = [
    ({"endpoint": "tgpayqrcode"}, {}, "endpoint tgpaybankcard is not tgpayqrcode"),
    ({"endpoint__in": ["tgpayqrcode", "tgpayh5"]}, {},
     "endpoint tgpaybankcard is none of tgpayqrcode, tgpayh5"),
    ({"endpoint": "tgpaybankcard", "reference": "x"}, {}, "reference late lunch is not x"),
    ({"reference": "x", "attempt": 2}, {}, "reference late lunch is not x"),
    ({"reference": "1"}, {"reference": "1.00"}, "reference 1.00 is not 1"),
    ({"trans_amount__above": 100}, {}, "trans_amount 12.00 is not above 100"),
    ({"trans_amount__above": 12}, {}, "trans_amount 12.00 is not above 12"),
    ({"trans_amount__below": "12.00"}, {}, "trans_amount 12.00 is not below 12.00"),
    ({"total_fee": 13}, {}, "total_fee 12.00 is not 13"),
    ({"refund_amount__below": 100}, {}, "refund_amount is missing"),
    ({"reference__above": 1}, {}, "reference late lunch is not a number"),
    ({"reference__above": 1}, {"reference": "１２"}, "reference １２ is not a number"),
    ({"reference__below": 1}, {"reference": "-Infinity"}, "reference -Infinity is not a number"),
    ({"reference__above": 1}, {"reference": "9" * 5000}, f"reference {'9' * 60}… is not a number"),
    ({"trans_amount__in": ["1", 2]}, {}, "trans_amount 12.00 is none of 1, 2"),
    ({"reference__startswith": "lunch"}, {}, "reference late lunch does not begin with lunch"),
    ({"reference__endswith": "late"}, {}, "reference late lunch does not end in late"),
    ({"reference__contains": "L"}, {}, "reference late lunch does not contain L"),
    ({"reference__matches": "^lunch"}, {}, "reference late lunch does not match ^lunch"),
    ({"reference__matches": "^lunch$"}, {"reference": "lunch\n"}, "reference lunch\n does not match ^lunch$"),
    ({"reference__matches": "end"}, {"reference": "x" * 4_094 + "end"},
     f"reference {'x' * 60}… does not match end"),
    ({"attempt": 2}, {}, "attempt 1 is not 2"),
    ({"attempt__above": 9}, {"attempt": 9}, "attempt 9 is not above 9"),
    ({"card": CARD}, {}, "card is missing"),
    ({"chance": 0}, {}, "chance 0 was drawn as "),
]


@every_row("when, sent", FITS, ids=str)
def test_a_rule_fits_when_all_of_its_conditions_do(when: dict[str, Any], sent: dict[str, Any]) -> None:
    assert difference(when, request(**sent)) is None


@every_row("when, sent, sentence", DIFFERS, ids=[row[2] for row in DIFFERS])
def test_the_first_difference_is_a_sentence(when: dict[str, Any], sent: dict[str, Any],
                                            sentence: str) -> None:
    found = difference(when, request(**sent))
    assert found == sentence if "chance" not in when else found is not None and found.startswith(sentence)


@every_row("when, words", [
    ({"card": "4111111111111111"}, "card is not 4111111111111111"),
    ({"card__startswith": "5"}, "card does not begin with 5"),
    ({"card__endswith": "4"}, "card does not end in 4"), ({"card__matches": "^5"}, "card does not match ^5"),
    ({"card__in": ["1", "2"]}, "card is none of 1, 2"),
    ({"card__above": "9" * 17}, "card is not above 99999999999999999")])
def test_the_number_of_a_card_is_compared_and_never_told(when: dict[str, Any], words: str) -> None:
    facts = request(card=CARD, pay_info=json.dumps({"cardNo": CARD}))
    assert difference(when, facts) == words
    assert CARD not in repr(Facts(facts.params, {}, "tgpaybankcard", 1, "", ("", ""), CARD))


def test_a_parameter_named_like_a_fact_does_not_take_its_place() -> None:
    sent = {"card": "1", "endpoint": "tgpayqrcode", "attempt": "7"}
    facts = Facts(sent, sent, "tgpaybankcard", 1, "", ("", ""))
    assert facts.values == {"endpoint": "tgpaybankcard", "attempt": "1"}
    assert facts.descriptions == {"endpoint": "endpoint tgpaybankcard", "attempt": "attempt 1",
                                  "card": "card"}


def test_a_value_is_told_as_it_may_be_kept() -> None:
    facts = Facts({"pay_info": "secret"}, {"pay_info": "***"}, "tgpaybankcard", 1, "", ("", ""))
    assert difference({"pay_info__contains": "411111"}, facts) == "pay_info *** does not contain 411111"


@every_row("uses, code", [(0, "3084"), (1, "3020"), (2, None), (3, None)])
def test_a_list_is_taken_in_turn_and_then_used_up(uses: int, code: str | None) -> None:
    one = scenario(rule(then=[{"code": "3084"}, {"code": "3020"}]))
    picked = pick(one, request(), {"it": uses, "other": 7})
    assert (picked.then.code if picked else None) == code
    assert one.rules[0].in_turn
    if picked is None:
        assert explain(one, request(), {"it": uses}) == [("it", f"used up: {uses} of 2")]


def test_one_table_is_for_ever() -> None:
    one = scenario(rule(then={"code": "3084"}))
    assert not one.rules[0].in_turn
    assert pick(one, request(), {"it": 10**9}) == scenarios.Picked(one.rules[0], Then(code="3084"))


def test_the_first_rule_that_fits_wins_and_those_before_it_say_why_they_did_not() -> None:
    many = scenario(rule({"endpoint": "tgpayqrcode"}, name="a"), rule({"attempt": 2}, name="b"),
                    rule({}, {"code": 53}, "c"),
                    rule(name="d"))
    picked = pick(many, request(), {})
    assert picked and (picked.rule.name, picked.then) == ("c", Then(code="0053"))
    judged = scenarios.match(many, request(), {})
    assert (judged.reasons(request()), judged.elsewhere) == ([("b", "attempt 1 is not 2")], 1)


def test_of_many_rules_those_are_told_that_fit_best() -> None:
    many = scenario(*(rule({"reference": str(place)}, name=f"{place}") for place in range(100)),
                    rule({"trans_amount": 12, "attempt": 2}, name="near"))
    told = explain(many, request(), {})
    assert told == [*((f"{place}", f"reference late lunch is not {place}") for place in range(9)),
                    ("near", "attempt 1 is not 2")]


def test_when_none_fits_every_rule_says_why() -> None:
    many = scenario(rule({"attempt": 3}, name="a"), rule({"attempt": 2}, name="b"))
    assert pick(many, request(), {}) is None
    assert explain(many, request(), {}) == [("a", "attempt 1 is not 3"), ("b", "attempt 1 is not 2")]


def test_rules_of_other_endpoints_are_not_looked_at() -> None:
    many = scenario(*(rule({"endpoint": name}, name=name) for name in ENDPOINTS))
    for name in ENDPOINTS:
        assert [found.name for found in many.part(name).rules] == [name]
        assert scenarios.match(many, request(name, attempt=3), {}).elsewhere == list(ENDPOINTS).index(name)


@every_row("amount, code",
           [("30.84", "3084"), ("0.53", "0053"), ("31", "3100"), ("30.2", "3020"), ("130.84", None),
            ("12.34", None), ("soon", None)])
def test_the_digits_of_the_amount_can_be_the_code(amount: str, code: str | None) -> None:
    computed = scenario(rule(then={"code": "from:trans_amount"}))
    picked = pick(computed, request(trans_amount=amount), {})
    assert (picked.then.code if picked else None) == code
    found = difference({}, request(trans_amount=amount), {"code": "from:trans_amount"})
    assert found == (None if code else f"trans_amount {amount} is not a response code")


DRAWS = """
from tgpay_emulator.scenarios import Facts, from_json, match
one = from_json({"rules": [{"name": "it", "when": {"chance": 0.3}, "then": {}}]})
print([match(one, Facts({}, {}, "tgpayqrcode", attempt, "tgpay", ("1", str(order))), {}).picked is not None
       for order in range(50) for attempt in (1, 2)])
"""


def test_chance_is_the_same_in_every_process() -> None:
    printed = {subprocess.run([sys.executable, "-c", DRAWS], capture_output=True, text=True, check=True,
                              env={"PYTHONHASHSEED": seed},
                              cwd=ROOT).stdout for seed in ("1", "2")}
    assert len(printed) == 1
    assert 10 < printed.pop().count("True") < 50


@every_row("chance", [0.02, 0.2, 0.5, 0.9])
def test_chance_fits_as_often_as_it_says(chance: float) -> None:
    one = scenario(rule({"chance": chance}))
    drawn = [pick(one, request(out_trade_no=str(order)), {}) is not None for order in range(3_000)]
    assert abs(sum(drawn) / len(drawn) - chance) < 0.03


@every_row("other", [{"seed": "lunch"}, {"attempt": 2}, {"endpoint": "tgpayqrcode"}, {"merchants_id": "2"}],
           ids=str)
def test_chance_is_drawn_anew_for_another_seed_attempt_endpoint_and_merchant(other: dict[str, Any]) -> None:
    one = scenario(rule({"chance": 0.5}))
    pairs = Counter((pick(one, request(out_trade_no=str(order)), {}) is None,
                     pick(one, request(out_trade_no=str(order), **other), {}) is None)
                    for order in range(200))
    assert min(pairs[both] for both in ((True, True), (True, False), (False, True), (False, False))) > 20


def test_rules_with_the_same_chance_draw_for_themselves() -> None:
    two = scenario(rule({"chance": 0.5}, name="a"), rule({"chance": 0.5}, name="b"))
    picked = [pick(two, request(out_trade_no=str(order)), {}) for order in range(400)]
    names = Counter(one.rule.name if one else "" for one in picked)
    assert abs(names["a"] - 200) < 50 and abs(names["b"] - 100) < 40 and abs(names[""] - 100) < 40


def test_a_draw_that_is_lost_is_told() -> None:
    found = difference({"chance": 0.000001}, request())
    assert found and found.startswith("chance 0.000001 was drawn as 0.")


THENS = [
    ({"code": 3084}, Then(code="3084")), ({"code": "0000", "delay": 5}, Then(code="0000", delay=5_000)),
    ({"error": "BEYOND_PAY_RESTRICTION"}, Then(error="BEYOND_PAY_RESTRICTION")),
    ({"result": "PARTIAL_APPROVAL", "approves": "50%"}, Then(result="PARTIAL_APPROVAL", approves=50)),
    ({"pending": True}, Then(pending=True)),
    ({"settles_after": "2m"}, Then(settles_after=120_000, settles_as="paid")),
    ({"code": 3150, "settles_after": 0.5, "settles_as": "3020"},
     Then(code="3150", settles_after=500, settles_as="3020")),
    ({"settles_after": "1s", "settles_as": 55}, Then(settles_after=1_000, settles_as="0055")),
    ({"result": "UNDEFINED", "settles_after": "1s", "settles_as": "DECLINED"},
     Then(result="UNDEFINED", settles_after=1_000, settles_as="DECLINED")),
    ({"three_d": True, "code": "3152"}, Then(three_d=True, code="3152")),
    ({"review": True, "code": "3200"}, Then(review=True, code="3200")),
    ({"chargeback_after": "1d"}, Then(chargeback_after=86_400_000)), ({"delay": "0ms"}, Then(delay=0)),
    ({"settlement": "fee_off"}, Then(settlement=("fee_off",))),
    ({"settlement": ["missing", "unknown_row"]}, Then(settlement=("missing", "unknown_row"))),
    ({"notify": {"duplicate": True, "times": 3, "drop": 2, "shuffle": True, "delay": "1s", "wrong_sign": True,
                 "altered": True}},
     Then(notify=Notify(delay=1_000, times=3, drop=2, wrong_sign=True, shuffle=True, duplicate=2,
                        altered=True))),
    ({"notify": {"duplicate": 5, "before_answer": True}},
     Then(notify=Notify(duplicate=5, before_answer=True))),
    ({"notify": {"duplicate": False}}, Then()),
    ({"terminal": {"at": "PIN_ENTRY"}}, Then(terminal=Terminal(at="PIN_ENTRY"))),
    ({"terminal": {"busy": True}}, Then(terminal=Terminal(busy=True))),
    ({"buyer": {"pays_after": "3s"}}, Then(buyer=Buyer(pays_after=3_000))),
    ({"buyer": {"declines_after": "3s"}, "error": "BUYER_BALANCE_NOT_ENOUGH"},
     Then(buyer=Buyer(declines_after=3_000), error="BUYER_BALANCE_NOT_ENOUGH")),
    ({"buyer": {"never": True}}, Then(buyer=Buyer(never=True))),
    ({"fault": "http_503", "delay": "1s"}, Then(fault="http_503", delay=1_000)),
    ({"code": "from:trans_amount"}, Then(code="from:trans_amount")), ({}, Then()),
    *(({"fault": fault}, Then(fault=fault)) for fault in outcomes.FAULTS)]


@every_row("written, then", THENS, ids=str)
def test_then_is_read_and_written_again(written: dict[str, Any], then: Then) -> None:
    one = scenario(rule(then=written))
    assert one.rules[0].then == then
    assert from_json(json.loads(json.dumps(one.as_json()))) == one


@every_row("code", RESPONSE_CODES)
def test_every_response_code_can_be_written_as_text_and_as_a_number(code: str) -> None:
    one, other = (scenario(rule(then={"code": written})) for written in (code, int(code)))
    assert one == other and one.rules[0].then == Then(code=code)


WRONG_WHEN = [
    ({"trans_amount__abov": 3}, "when.trans_amount__abov has the lookup 'abov', none of above, below, in, "
                                "startswith, endswith, contains, matches; did you mean above?"),
    ({"trans_amount__": 3}, "when.trans_amount__ has the lookup '', none of above"),
    ({"__above": 3}, "when.__above is not a parameter"),
    ({"endpiont": "x"}, "when.endpiont is not a parameter; did you mean endpoint?"),
    ({"tran_amount": 3}, "when.tran_amount is not a parameter; did you mean trans_amount?"),
    ({"endpoint": "tgpaybarcod"}, "when.endpoint is 'tgpaybarcod', none of tgpaybarcode, tgpayqrcode"),
    ({"endpoint__in": ["tgpaybarcode", "tgpayqr"]}, "when.endpoint__in is 'tgpayqr', none of"),
    ({"endpoint__startswith": "pay"}, "when.endpoint matches no endpoint; the endpoints are tgpaybarcode"),
    ({"endpoint": "tgpayh5", "endpoint__contains": "qr"}, "when.endpoint matches no endpoint"),
    ({"trans_amount__above": "much"}, "when.trans_amount__above is 'much', not a number"),
    ({"trans_amount__below": "1e3"}, "when.trans_amount__below is '1e3', not a number"),
    ({"reference__in": "x"}, "when.reference__in is a text, not a list of texts or numbers"),
    ({"reference__in": []}, "when.reference__in is an empty list, not a list"),
    ({"reference__in": [[]]}, "when.reference__in is a list, not a text or a number"),
    ({"reference": ["x"]}, "when.reference is a list, not a text or a number"),
    ({"reference": True}, "when.reference is true or false, not a text or a number"),
    ({"reference": None}, "when.reference is nothing, not a text or a number"),
    ({"reference": ""}, "when.reference is empty"),
    ({"reference": "\ud800"}, "when.reference is '\\ud800', with a character that no request can have"),
    ({"reference__matches": "("}, "when.reference__matches is not a regular expression of RE2: missing )"),
    ({"reference__matches": "x{1001}"}, "when.reference__matches is not a regular expression of RE2"),
    ({"reference__matches": "(.{0,30}){30}x"},
     "when.reference__matches is not a regular expression of RE2: pattern too large"),
    ({"reference__matches": "a(?=b)"}, "it has no lookahead"),
    ({"reference__matches": "(?<!a)b"}, "it has no lookbehind"),
    ({"reference__matches": r"(a)\1"}, "invalid escape sequence: \\1"),
    ({"reference__matches": "a++"}, "it has no possessive repetition"),
    ({"reference__matches": "x" * 201},
     "when.reference__matches has 201 characters, at most 200 are allowed"),
    ({"chance": 1.1}, "when.chance is '1.1', not a number from 0 to 1"),
    ({"chance": -1}, "when.chance is '-1', not a number from 0 to 1"),
    ({"chance": "often"}, "when.chance is 'often', not a number"),
    ({"chance__above": 0.5}, "when.chance__above takes no lookup"),
    ({"chance": float("nan")}, "when.chance is 'nan', not a number"),
    ({"attempt": 0}, "when.attempt is '0', not an attempt; they count from 1"),
    ({"attempt": "first"}, "when.attempt is 'first', not an attempt"),
]
WRONG_THEN = [
    ({"falt": "reset"}, "then.falt is not a key; the keys are code, error, "),
    ({"falt": "reset"}, "; did you mean fault?"),
    ({"fault": "drop_befor"}, "then.fault is 'drop_befor', none of drop_before, "),
    ({"fault": "drop_befor"}, "; did you mean drop_before?"),
    ({"fault": ["reset"]}, "then.fault is a list, not a text or a number"),
    ({"code": "3048"}, "then.code is '3048', neither a response code"),
    ({"code": 10**5}, "then.code is '100000', neither a response code"),
    ({"code": "33000"}, "; did you mean 3300?"),
    ({"code": "from:amount"}, "did you mean from:trans_amount?"),
    ({"error": "BUYER_BALANCE"}, "then.error is 'BUYER_BALANCE', none of BUYER_BALANCE_NOT_ENOUGH"),
    ({"result": "APPROVED"}, "then.result is 'APPROVED', none of UNDEFINED"),
    ({"settles_after": 1, "settles_as": "payed"},
     "then.settles_as is 'payed', neither a response code nor one of paid, "),
    ({"settles_after": 1, "settles_as": "payed"}, "; did you mean paid?"),
    ({"pending": "yes"}, "then.pending is 'yes', not true or false"),
    ({"delay": "soon"}, "then.delay is wrong: 'soon' is not a duration; write 500ms, 5s, 15m, 2h or 1d, or "
                        "seconds as a number"),
    ({"delay": True}, "then.delay is true or false, not a text or a number"),
    ({"delay": "11m"}, "then.delay is '11m', more than 10m"),
    ({"delay": -1}, "then.delay is wrong: '-1' is not a duration"),
    ({"approves": "0%"}, "then.approves is '0%', not 1% to 99%"),
    ({"settlement": []}, "then.settlement is an empty list"),
    ({"settlement": ["missin"]}, "did you mean missing?"),
    ({"settlement": ["fee_off", "fee_off"]}, "then.settlement has a word twice"),
    ({"notify": {"tmes": 3}}, "then.notify.tmes is not a key; the keys are delay, times, "),
    ({"notify": {"times": 0}}, "then.notify.times is '0', not a whole number from 1 to 100"),
    ({"notify": {"times": 2.5}}, "then.notify.times is '2.5', not a whole number"),
    ({"notify": 3}, "then.notify is a number, not a table"),
    ({"notify": {"duplicate": 21}}, "then.notify.duplicate is '21', not a whole number from 1 to 20"),
    ({"terminal": {"at": "PIN"}},
     "then.terminal.at is 'PIN', none of WAITING_FOR_CARD, READING_CARD, PIN_ENTRY, AUTHORISING"),
    ([], "then is an empty list"), (None, "then is missing"), ("0000", "then is a text, not a table"),
    ([{}, {"code": "x"}], "then[1].code is 'x', neither a response code"),
    ([{}, 3], "then[1] is a number, not a table"),
]
CONTRADICTIONS = [
    ({"code": "3084", "error": "BUYER_BALANCE_NOT_ENOUGH"}, "code and error exclude each other"),
    ({"code": "3084", "result": "DECLINED"}, "code and result exclude each other"),
    ({"error": "BUYER_BALANCE_NOT_ENOUGH", "terminal": {"busy": True}},
     "error and terminal exclude each other"),
    ({"three_d": True, "error": "BUYER_BALANCE_NOT_ENOUGH"}, "three_d and error exclude each other"),
    ({"three_d": True, "review": True}, "three_d and review exclude each other"),
    ({"review": True, "chargeback_after": 1}, "review and chargeback_after exclude each other"),
    ({"error": "BUYER_BALANCE_NOT_ENOUGH", "pending": True}, "error and pending exclude each other"),
    ({"buyer": {"never": True}, "settles_after": 1}, "buyer and settles_after exclude each other"),
    ({"buyer": {"never": True}, "result": "DECLINED"}, "buyer and result exclude each other"),
    ({"buyer": {"pays_after": 1, "never": True}},
     "then.buyer contradicts itself: pays_after and never exclude each other"),
    ({"buyer": {"pays_after": 1, "declines_after": 1}}, "pays_after and declines_after exclude each other"),
    ({"terminal": {"busy": True, "offline": True}}, "offline and busy exclude each other"),
    ({"terminal": {"busy": True, "at": "PIN_ENTRY"}}, "busy and at exclude each other"),
    ({"notify": {"before_answer": True, "delay": 1}}, "before_answer and delay exclude each other"),
    ({"notify": {"before_answer": True, "shuffle": True}}, "before_answer and shuffle exclude each other"),
    ({"settles_as": "3020"}, "settles_as needs settles_after"),
    ({"result": "AUTHORISED", "approves": 50}, "approves needs result = PARTIAL_APPROVAL"),
    ({"code": "3084", "pending": True}, "the code is final"),
    ({"code": "from:trans_amount", "settles_after": 1}, "the code is final"),
    ({"result": "DECLINED", "settles_after": 1}, "the result is final"),
    ({"code": "3150", "settles_after": 1, "settles_as": "DECLINED"},
     "a card payment settles as a code or as paid"),
    ({"result": "UNDEFINED", "settles_after": 1, "settles_as": "3084"},
     "a transaction settles as a result or as paid"),
    ({"review": True, "code": "0000"}, "review needs code 3200"),
    ({"chargeback_after": 1, "code": "3084"}, "chargeback_after needs a code that is paid"),
    ({"error": "BUYER_BALANCE_NOT_ENOUGH", "buyer": {"pays_after": 1}}, "a buyer who fails does not pay"),
    ({"result": "DECLINED", "terminal": {"offline": True}}, "a terminal that cannot be reached has no"),
    ({"fault": "drop_before", "code": "3084"}, "with this fault nothing is processed"),
    ({"settlement": ["missing", "fee_off"]}, "a missing row cannot have another discrepancy"),
]


@every_row("when, sentence", WRONG_WHEN, ids=[row[1] for row in WRONG_WHEN])
def test_a_condition_that_cannot_be_is_named_with_file_rule_and_key(
         when: dict[str, Any], sentence: str) -> None:
    found, = problems(rule(when, name="lunch"))
    assert found.startswith("lunch.json, rule 1 (lunch): ") and sentence in found


@every_row("then, sentence", WRONG_THEN, ids=[row[1] for row in WRONG_THEN])
def test_an_outcome_that_cannot_be_is_named_with_file_rule_and_key(then: Any, sentence: str) -> None:
    found, = problems({"name": "lunch", "then": then})
    assert found.startswith("lunch.json, rule 1 (lunch): ") and sentence in found


@every_row("then, sentence", CONTRADICTIONS, ids=[row[1] for row in CONTRADICTIONS])
def test_contradictions_are_problems_too(then: dict[str, Any], sentence: str) -> None:
    found, = problems(rule(then=then))
    assert "contradicts itself: " in found and sentence in found


@every_row("endpoint, then, sentence", [
    ("tgpayqrcode", {"code": "0000"}, "then.code has an effect only at tgpaybankcard, not at tgpayqrcode"),
    ("tgpaybankcard", [{}, {"error": "BEYOND_PAY_RESTRICTION"}],
     "then.error has an effect only at tgpaybarcode, "),
    ("tgpayquery", {"notify": {"drop": 1}}, "then.notify has an effect only at "),
    ("tgpaybarcode", {"terminal": {"busy": True}},
     "then.terminal has an effect only at tgpaywebtoterminal, tgpaybankcard")])
def test_a_key_that_has_no_effect_at_the_rules_endpoint_is_a_problem(
         endpoint: str, then: Any, sentence: str) -> None:
    assert scenario(rule({"endpoint": endpoint}, {"delay": 1}))
    found, = problems(rule({"endpoint": endpoint}, then))
    assert sentence in found


@every_row("document, sentence", [
    ([], "lunch.json: it is a list, not a table with rules"), ("x", "it is a text"), (None, "it is nothing"),
    ({}, "lunch.json: rules is missing; there must be a list of 1 to 1000 rules"),
    ({"rules": []}, "rules has 0 rules; "), ({"rules": {}}, "rules is a table; "),
    ({"rules": [rule()] * 1001}, "rules has 1001 rules"),
    ({"rules": [3]}, "lunch.json: rule 1 is a number, not a table with name, when and then"),
    ({"rules": [{"then": {}, "wen": {}}]},
     "lunch.json, rule 1: wen is not a key; the keys are name, when, then; did you mean when?"),
    ({"rules": [{"then": {}, "when": []}]}, "lunch.json, rule 1: when is a list, not a table"),
    ({"rules": [{"then": {}, "name": ""}]},
     "lunch.json, rule 1: name is '', not a line of 1 to 100 printable characters"),
    ({"rules": [{"then": {}, "name": "a\nb"}]}, "name is 'a\\nb', not a line"),
    ({"rules": [{"then": {}, "name": "x" * 101}]}, "not a line of 1 to 100"),
    ({"rules": [rule(), rule()]}, "lunch.json: rule 2 has the same name as rule 1, 'it'"),
    ({"rules": [{"then": {}, "name": "rule 2"}, {"then": {}}]},
     "rule 2 has the same name as rule 1, 'rule 2'"),
    ({"rules": [rule()], "sumary": "x"},
     "lunch.json: sumary is not a key; the keys are name, summary, rules; did you mean summary?"),
    ({"rules": [rule()], "a\nb": 3}, "lunch.json: 'a\\nb' is not a key; the keys are name, summary, rules"),
    ({"rules": [rule()], "summary": 3}, "summary is '3', not a line of 1 to 300"),
    ({"rules": [rule()], "name": None}, "name is nothing, not a line of 1 to 100"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_a_document_that_cannot_be_is_told_in_one_sentence(document: Any, sentence: str) -> None:
    with pytest.raises(Invalid) as caught:
        from_json(document, "lunch.json")
    found, = caught.value.problems
    assert sentence in found


def test_all_problems_are_told_at_once() -> None:
    found = problems(rule({"chance": 2, "attempt": 0}, {"fault": "x", "delay": "x"}, "a"), {"name": "b"},
                     extra=1)
    assert [sentence.split(": ")[1].split(" ")[0] for sentence in found] == [
        "extra", "when.chance", "when.attempt", "then.delay", "then.fault", "then"]


BAD_FILES = [
    ("summary = 'x'\nrule = ", "lunch.toml is not TOML: Invalid value"),
    ("x = " + "[" * 5_000, "lunch.toml is not TOML: "), ("x = " + "9" * 5_000, "lunch.toml is not TOML: "),
    ("[[rule]]\nthen = {}", "lunch.toml: summary is missing; describe the scenario"),
    (f"summary = 0x{'f' * 5_000}\n[[rule]]\nthen = {{}}", "lunch.toml: summary is a number, not a line"),
    (f"summary = 'x'\n[[rule]]\nthen = {{ code = 0x{'f' * 5_000} }}",
     "lunch.toml, rule 1: then.code is a number that is too long"),
    ("summary = ''\n[[rule]]\nthen = {}", "lunch.toml: summary is '', not a line"),
    ("summary = 'x'", "lunch.toml: rule is missing; there must be a list of 1 to 1000 rules"),
    ("summary = 'x'\n[rule]\nthen = {}", "lunch.toml: rule is a table; "),
    ("summary = 'x'\n[[rules]]\nthen = {}",
     "lunch.toml: rules is not a key; the keys are summary, rule; did you mean rule?"),
    ("summary = 'x'\n[[rule]]\nwhen = { end_date = 2026-03-01 }\nthen = {}",
     "lunch.toml, rule 1: when.end_date is a date or a time, not a text or a number; put it in quotes"),
    ("summary = 'x'\n[[rule]]\nwhen = { trans_amount__above = inf }\nthen = {}",
     "when.trans_amount__above is 'Infinity', not a number"),
    ("summary = 'x'\n[[rule]]\nwhen = { chance = 1e99999999999999999999 }\nthen = {}",
     "when.chance is '1e99999999999999999999', not a number"),
]


@every_row("text, sentence", BAD_FILES, ids=[row[1] for row in BAD_FILES])
def test_a_file_that_cannot_be_is_told_in_sentences(text: str, sentence: str) -> None:
    with pytest.raises(Invalid) as caught:
        scenarios.parse(text, "lunch.toml")
    assert any(sentence in found for found in caught.value.problems)


def test_numbers_of_a_file_are_exact() -> None:
    one = scenarios.parse("summary = 'x'\n[[rule]]\nwhen = { reference = 30.10 }\nthen = {}", "lunch.toml")
    assert one == Scenario("lunch", "x", one.rules)
    assert pick(one, request(reference="30.10"), {})
    assert not pick(one, request(reference="30.1"), {})


def test_a_file_is_named_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "lunch.toml").write_text("summary = '午餐'\n[[rule]]\nthen = {}", encoding="utf-8")
    assert scenarios.load(tmp_path / "lunch.toml").as_json() == {
        "name": "lunch", "summary": "午餐", "rules": [{"name": "rule 1", "when": {}, "then": {}}]}


@pytest.mark.parametrize("name, content",
                         [("none.toml", None), ("gbk.toml", "summary = '午餐'".encode("gbk")),
                          ("nul\0.toml", None)])
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, name: str, content: bytes | None) -> None:
    if content:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(Invalid, match="cannot be read: "):
        scenarios.load(tmp_path / name)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(
    [*outcomes.FAULTS, *outcomes.RESULTS, "3084", "3200", "paid", "5s", "from:trans_amount", "tgpaybankcard",
     "["])
JSON = st.recursive(SCALARS,
                    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
                    max_leaves=12)
WHEN = st.dictionaries(st.sampled_from(["endpoint", "attempt", "card", "chance", "trans_amount",
                                        "reference"]).flatmap(
    lambda name: st.sampled_from(
        [name, *(f"{name}__{lookup}" for lookup in ("above", "in", "startswith", "matches", "nope"))])),
    JSON, max_size=3)
NOTIFY = st.fixed_dictionaries({}, optional={name: SCALARS for name in Notify.__dataclass_fields__})
THEN = st.fixed_dictionaries({}, optional={name: JSON if name != "notify" else NOTIFY | JSON
                                           for name in Then.__dataclass_fields__})
DOCUMENTS = st.fixed_dictionaries({"rules": st.lists(
    st.fixed_dictionaries({"then": THEN | st.lists(THEN, max_size=3) | JSON},
                          optional={"name": st.text() | JSON, "when": WHEN | JSON}),
    max_size=3) | JSON}, optional={"name": JSON, "summary": JSON})


def check(read: Any) -> None:
    """A document is a scenario that survives being written, and every request has an answer; or Invalid says
    why, printably.
    """
    try:
        found = read()
    except Invalid as invalid:
        assert invalid.problems
        "\n".join(invalid.problems).encode()
    else:
        assert from_json(json.loads(json.dumps(found.as_json()))) == found
        for facts in (request(), request(card=CARD, trans_amount="30.84")):
            judged = scenarios.match(found, facts, {})
            place = found.rules.index(judged.picked.rule) if judged.picked else len(found.rules)
            assert len(judged.reasons(facts)) + judged.elsewhere == place


@given(DOCUMENTS | JSON)
def test_whatever_json_is_sent_it_is_a_scenario_or_invalid(document: Any) -> None:
    check(lambda: from_json(document))


GOOD_THEN = st.sampled_from([written for written, _ in THENS if written])
GOOD_RULES = st.fixed_dictionaries({
    "when": st.lists(st.sampled_from([row[0] for row in (*FITS, *DIFFERS) if "endpoint" not in str(row[0])]),
                     max_size=3).map(
        lambda whens: {key: value for when in whens for key, value in when.items()}),
    "then": GOOD_THEN | st.lists(GOOD_THEN, min_size=1, max_size=3)})


@given(st.lists(GOOD_RULES, min_size=1, max_size=6))
def test_a_good_scenario_is_written_and_read_again_and_its_first_rule_without_a_difference_wins(
         rules: list[dict[str, Any]]) -> None:
    assert len(from_json({"rules": rules}).rules) == len(rules)
    check(lambda: from_json({"rules": rules}))


PIECES = st.sampled_from([
    'summary = "x"\n', "[[rule]]\n", 'name = "a"\n', "then = {}\n", "when = { chance = 0.5 }\n",
    "then = [{}, { delay = 1 }]\n", "[rule.then]\n", "code = 3084\n", "when.endpoint = 'tgpaybankcard'\n",
    "x = 1979-05-27\n", "x = [[1], {a = nan}]\n"])


@given(st.text() | st.lists(PIECES | st.text(max_size=5)).map("".join))
def test_whatever_text_a_file_has_it_is_a_scenario_or_invalid(text: str) -> None:
    check(lambda: scenarios.parse(text, "lunch.toml"))


@every_row("name", scenarios.shipped())
def test_a_shipped_file_has_a_summary_and_no_problems(name: str) -> None:
    found = scenarios.shipped_scenario(name)
    assert found == scenarios.load(ROOT / "scenarios" / f"{name}.toml")
    assert (found.name, found.summary[-1:]) == (name, ".")
    assert from_json(json.loads(json.dumps(found.as_json()))) == found


@every_row("name", scenarios.shipped())
def test_every_rule_of_a_shipped_file_has_a_name_of_its_own_words(name: str) -> None:
    assert [found.name for found in scenarios.shipped_scenario(name).rules
            if found.name.startswith("rule ")] == []


def test_the_shipped_files_are_those_of_the_folder() -> None:
    assert scenarios.shipped() == sorted(path.stem for path in (ROOT / "scenarios").iterdir())
    assert len(scenarios.shipped()) == 21


@every_row("name", ["../setup", "/etc/passwd", "chaos.toml", "", ".", "files/chaos", "chaos\0", "CHAOS"])
def test_no_other_file_can_be_reached_by_name(name: str) -> None:
    with pytest.raises(Invalid, match="there is no scenario"):
        scenarios.shipped_scenario(name)


def test_the_nearest_name_is_suggested() -> None:
    with pytest.raises(Invalid, match="did you mean happy-path?"):
        scenarios.shipped_scenario("happypath")


USES: list[tuple[str, Facts, dict[str, int], Then | None]] = [
    ("magic-amounts", request(trans_amount="30.84"), {}, Then(code="3084")),
    ("magic-amounts", request(trans_amount="12.34"), {}, None),
    ("magic-amounts", request("tgpaybarcode", trans_amount="10.01"), {},
     Then(error="BUYER_BALANCE_NOT_ENOUGH")),
    ("insufficient-then-approved", request(), {}, Then(code="3084")),
    ("insufficient-then-approved", request(attempt=2), {}, Then(code="0000")),
    ("insufficient-then-approved", request("tgpaybarcode"), {"first wallet payment: not enough money": 1},
     None),
    ("issuer-outage", request(), {"the issuer is not there": 7}, Then(code="3131")),
    ("issuer-outage", request(), {"the issuer is not there": 8}, None),
    ("lost-answer", request("tgpaybarcode"), {}, Then(fault="drop_after")),
    ("lost-answer", request("tgpayquery"), {}, None),
    ("three-d-everywhere", request(), {}, Then(code="3200", three_d=True)),
    ("review-queue", request(trans_amount="99.99"), {}, None),
    ("review-queue", request(trans_amount="100"), {}, Then(code="3200", review=True)),
    ("autopay", request("tgpayqrcode"), {}, Then(buyer=Buyer(pays_after=3_000))),
    ("partial-approval", request("tgpaywebtoterminal", operation="sale", trans_amount="21"), {},
     Then(result="PARTIAL_APPROVAL", approves=50)),
    ("chargeback-day", request(trans_amount="50.01"), {}, Then(code="0000", chargeback_after=86_400_000)),
]


@every_row("name, facts, uses, then", USES, ids=[row[0] for row in USES])
def test_a_shipped_file_does_what_it_says(name: str, facts: Facts, uses: dict[str, int],
                                          then: Then | None) -> None:
    picked = pick(scenarios.shipped_scenario(name), facts, uses)
    assert (picked.then if picked else None) == then


@pytest.mark.exhaustive
@every_row("endpoint", ["tgpaybarcode", "tgpaybankcard", "tgpaywebtoterminal"])
def test_chaos_disturbs_about_one_payment_in_three(endpoint: str) -> None:
    chaos = scenarios.shipped_scenario("chaos")
    disturbed = [pick(chaos, request(endpoint, out_trade_no=str(order)), {}) for order in range(2_000)]
    assert 0.25 < sum(picked is not None for picked in disturbed) / len(disturbed) < 0.45


def test_the_endpoints_of_rules_are_those_of_the_gateway() -> None:
    assert set(ENDPOINTS) <= set(outcomes.ENDPOINTS)
    assert set(outcomes.ENDPOINTS) - set(ENDPOINTS) <= {"tgpaywebtoterminal"}


def test_the_reference_has_every_key_once() -> None:
    names = [name for name, _, _ in scenarios.then_rows()]
    own = [name for name in Then.__dataclass_fields__ if name not in ("notify", "terminal", "buyer")]
    tables = ("notify", Notify), ("terminal", Terminal), ("buyer", Buyer)
    inner = [f"{table}.{name}" for table, of in tables for name in of.__dataclass_fields__]
    assert names == own + inner
    lookups = ("above", "below", "in", "startswith", "endswith", "contains", "matches")
    assert [name for name, _, _ in scenarios.when_rows()] == [
        "any parameter", "endpoint", "attempt", "card", "chance", *(f"…__{lookup}" for lookup in lookups)]
    assert all(all(row) for row in scenarios.then_rows() + scenarios.when_rows())


def test_the_package_takes_every_folder_and_the_files_along() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    packages = setup["options"]["packages"].split()
    folders = {".".join(["tgpay_emulator", *path.parent.relative_to(ROOT / "emulator").parts])
               for path in (ROOT / "emulator").rglob("__init__.py")}
    beside = {"tgpay_emulator.scenarios.files": "scenarios",
              "tgpay_emulator.web.documentation.files": "docs"}
    assert packages == sorted({*folders, *beside})
    assert setup["options"]["package_dir"].split("\n")[1:] == [
        "tgpay_emulator = emulator", *(f"{name} = {folder}" for name, folder in beside.items())]
    assert "!scenarios" in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
