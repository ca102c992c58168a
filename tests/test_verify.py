"""`GET /_emulator/verify` and `tgpay-emulator verify`: whether a merchant's traffic was right, in words of
payments.
"""
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tgpay_emulator.domain.verification import COUNTED
from tgpay_emulator.testing import Client, ControlError, Merchant, NotVerified

from .driver import VISA, Answer, Control, Receiver, Server, Shop, card_of, command
from .tables import every_row

TIME_WITH_ZONE = re.compile(r"  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+08:00 ")
COUNTS = {"requests": 17, "refused": 3, "unknown": 1, "findings": 2, "orders": 9, "payments": 4,
          "declines": 2, "refunds": 4, "cancels": 1, "expiries": 1, "chargebacks": 1, "notifications": 12,
          "delivered": 11, "undelivered": 1}


@dataclass
class Story:
    """A merchant that did, and suffered, one of everything; `numbers` are its orders by what they are."""

    shop: Shop
    receiver: Receiver
    numbers: dict[str, str]
    before_refunds: str = ""

    def ask(self, **checks: object) -> Answer:
        named = {name: str(value).format(**self.numbers) for name, value in checks.items()}
        return self.shop.control.ask("GET", "/verify", merchants_id=self.shop.merchants_id, **named)

    def verify(self, **checks: object) -> Any:
        answer = self.ask(**checks)
        assert answer.status == 200, answer.text
        return answer.json

    def check(self, **checks: object) -> Any:
        """The outcome of the only check."""
        check, = self.verify(**checks)["checks"]
        return check

    def delivered(self, name: str) -> None:
        self.shop.control.get("/wait", merchants_id=self.shop.merchants_id, out_trade_no=self.numbers[name],
                              notification="delivered")

    def advance(self, duration: str) -> None:
        """Move the clock of this merchant alone."""
        self.shop.control.post("/clock", {"advance": duration, "merchants_id": self.shop.merchants_id})


@pytest.fixture(scope="module")
def story(base_url: str) -> Iterator[Story]:
    control, receiver = Control(base_url), Receiver()
    shop = control.shop(notify_url=receiver.url)
    yield told(Story(shop, receiver, {}))
    control.ask("DELETE", f"/merchants/{shop.merchants_id}")
    receiver.close()


def told(story: Story) -> Story:
    shop, numbers = story.shop, story.numbers
    numbers["qr"] = shop.qr_order("5.00", it_b_pay="1h")["out_trade_no"]
    shop.happens(numbers["qr"], "pay")
    story.delivered("qr")
    story.before_refunds = story.verify()["cursor"]
    for number, amount in (("R1", "1.00"), ("R2", "1.50")):
        shop.refund(numbers["qr"], amount, out_refund_id=number)
    shop.refund(numbers["qr"], "9.00", out_refund_id="R3")  # more than is left
    numbers["open"] = shop.qr_order("7.00", it_b_pay="15m")["out_trade_no"]
    shop.query(numbers["open"])
    story.advance("16m")
    numbers["cancelled"] = shop.pay_by_barcode("3.00")["out_trade_no"]
    shop.cancel(numbers["cancelled"])
    for name, card in (("declined", card_of("3084")), ("card", VISA)):
        numbers[name] = shop.card_payment(card)["out_trade_no"]
    shop.happens(numbers["card"], "chargeback")
    shop.plays({"when": {"endpoint": "tgpaybarcode"}, "then": {"error": "BUYER_BALANCE_NOT_ENOUGH"}})
    numbers["poor"] = shop.pay_by_barcode("4.00")["out_trade_no"]
    at_the_counter(story)
    in_error(story)
    return story


def at_the_counter(story: Story) -> None:
    """A sale on a terminal, a refund of a part of it, and a refund that names no sale."""
    for name, operation, amount in (("sale", "sale", "12.00"), ("part", "refund", "4.00"),
                                    ("returned", "refund", "2.00")):
        of_sale = {"original_out_trade_no": story.numbers["sale"]} if name == "part" else {}
        story.numbers[name] = story.shop.at_terminal(operation, amount, **of_sale)["out_trade_no"]
        story.advance("1m")


def in_error(story: Story) -> None:
    """A wrong signature, an unknown endpoint, a rule that is broken, a receiver that fails."""
    shop = story.shop
    shop.ask("tgpayquery", out_trade_no=story.numbers["qr"], sign="0" * 32)
    shop.ask("tgpaynothing")
    shop.ask("tgpayquery", out_trade_no=story.numbers["qr"], sign=shop.signed(
        out_trade_no=story.numbers["qr"])["sign"].upper())
    shop.control.post("/notifications/flush", {"merchants_id": shop.merchants_id})
    story.receiver.answers = [(500, b"no")]
    newest = shop.notifications(story.numbers["cancelled"])[-1]["id"]
    shop.control.post(f"/notifications/{newest}/replay")


def told_of(check: Any) -> str:
    """The sentences of the nearest facts."""
    return "\n".join(fact["sentence"] for fact in check["nearest"])


def test_everything_can_be_counted(story: Story) -> None:
    assert list(COUNTS) == list(COUNTED)
    assert len(story.receiver.heard) == COUNTS["notifications"]


@every_row("name, number", COUNTS.items())
def test_what_is_counted_is_exactly_at_most_or_at_least_so_many(story: Story, name: str,
                                                                number: int) -> None:
    for end, right, wrong in (("", (number,), (number - 1, number + 1)),
                              ("_at_most", (number, number + 1), (number - 1,)),
                              ("_at_least", (number, number - 1, 0), (number + 1,))):
        for wanted in (*right, *wrong):
            check = story.check(**{f"{name}{end}": wanted})
            assert (check["check"], check["found"], check["ok"]) == (name, number, wanted in right), check
            assert bool(check["nearest"]) is (wanted in wrong), check


@every_row("checks, ok, sentence", [
    ({"refunds": 2, "order": "{qr}"}, True, "2 refunds of order {qr}, wanted exactly 2"),
    ({"refunds": 0, "order": "{returned}"}, False, "1 refund of order"),
    ({"payments": 0, "order": "{part}"}, True, "no payments of order"),
    ({"refunds": 1, "order": "{sale}"}, True, "1 refund of order"),
    ({"notifications_at_most": 1, "order": "{qr}"}, False, "notifications of order {qr}, wanted at most 1"),
    ({"requests": 3, "endpoint": "tgpayrefund"}, True, "3 requests at tgpayrefund"),
    ({"refused": 1, "endpoint": "tgpayrefund"}, True, "1 refused request at tgpayrefund"),
    ({"findings": 0, "endpoint": "tgpayrefund"}, True, "no findings at tgpayrefund"),
    ({"amount_refunded": "2.5", "order": "{qr}"}, True, "2.50 GBP refunded of order {qr}, wanted"),
    ({"amount_refunded_at_most": "2.49", "order": "{qr}"}, False, "wanted at most 2.49"),
    ({"amount_refunded": "11.50"}, True, "11.50 GBP refunded"),  # 2.50, a cancellation and two of a terminal
    ({"amount_paid": "21"}, True, "21.00 GBP paid"), ({"amount_paid_at_least": "21.01"}, False, "at least"),
    ({"amount_paid": 0, "order": "{poor}"}, True, "0.00 paid"),
    ({"signed": "true"}, False, "1 of 17 requests has a wrong signature, wanted none"),
    ({"signed": "false"}, True, "wanted at least 1"),
    ({"signed": "false", "endpoint": "tgpayrefund"}, False, "0 of 3 requests at tgpayrefund have a wrong"),
    ({"codes": "3084"}, True, "code 3084 was returned"), ({"codes": "3200"}, True, "code 3200 was returned"),
    ({"codes": "3150"}, False, "code 3150 was not returned"),
    ({"codes": "3084", "order": "{qr}"}, False, "was not returned in the traffic of order {qr}"),
    ({"codes": "3084", "endpoint": "tgpaybankcard"}, True, "was returned in the traffic at tgpaybankcard"),
    ({"codes": "BUYER_BALANCE_NOT_ENOUGH"}, True, ""), ({"codes": "REASON_TRADE_REFUND_FEE_ERR"}, True, ""),
    ({"codes": "AUTHORISED"}, True, ""), ({"codes": "DECLINED"}, False, ""),
    ({"status": "{qr}:TRADE_SUCCESS"}, True, "order {qr} is TRADE_SUCCESS"),
    ({"status": "{qr}:SUCCESS"}, True, ""),
    ({"status": "FINISHED", "order": "{qr}"}, False, "is TRADE_SUCCESS, wanted TRADE_FINISHED"),
    ({"status": "{open}:CLOSED"}, True, ""), ({"status": "{card}:success"}, True, "TRADE_SUCCESS success"),
    ({"status": "{declined}:failed"}, True, ""), ({"status": "none:CLOSED"}, False, "there is no order none"),
])
def test_a_check_has_a_sentence(story: Story, checks: dict[str, object], ok: bool, sentence: str) -> None:
    answer = story.verify(**checks)
    check, = answer["checks"]
    assert (check["ok"], answer["verified"]) == (ok, ok)
    assert sentence.format(**story.numbers) in check["sentence"], check["sentence"]
    assert ok is not bool(check["nearest"])


def test_checks_go_together_and_all_must_hold(story: Story) -> None:
    answer = story.verify(order="{qr}", refunds=1, codes="REASON_TRADE_REFUND_FEE_ERR,ILLEGAL_SIGN",
                          status="{card}:SUCCESS", signed="false")
    assert [(check["check"], check["ok"]) for check in answer["checks"]] == [
        ("refunds", False), ("codes", True), ("codes", True), ("status", True), ("signed", True)]
    assert not answer["verified"]


def test_two_refunds_are_shown_with_their_times_and_requests(story: Story) -> None:
    facts = story.check(refunds=1, order="{qr}")["nearest"]
    asked = {entry["id"]: entry for entry in story.shop.requests(story.numbers["qr"])}
    assert [asked[fact["journal_id"]]["params"]["out_refund_id"] for fact in facts] == ["R1", "R2"]
    assert [fact["at"] for fact in facts] == [asked[fact["journal_id"]]["at"] for fact in facts]
    assert ["1.00" in facts[0]["sentence"], "1.50" in facts[1]["sentence"]] == [True, True]


@every_row("checks, sentences", [
    ({"signed": "true"}, ["ILLEGAL_SIGN", "no known mistake"]), ({"unknown": 0}, ["tgpaynothing NOT_FOUND"]),
    ({"findings": 0}, ["SIGN_UPPER_CASE: ", "NOT_ANSWERED_SUCCESS: "]),
    ({"refunds": 3, "order": "{qr}"}, ["REASON_TRADE_REFUND_FEE_ERR", "R1", "R2"]),
    ({"undelivered": 0}, ["answered 500 'no'", "resent manually"]),
    ({"notifications": 1, "order": "{cancelled}"}, ["answered 200 'success'", "answered 500 'no'"]),
    ({"codes": "3150"}, ["code 3084", "code 3200"]),
    ({"amount_paid": 0, "order": "{sale}"}, ["amount 12.00"]),
    ({"status": "{open}:SUCCESS"}, ["event expire", "order tgpayqrcode", "closed by expire"]),
    ({"status": "none:SUCCESS"}, ["event create {returned}"])])
def test_a_failure_names_the_nearest_facts(story: Story, checks: dict[str, object],
                                           sentences: list[str]) -> None:
    said = told_of(story.check(**checks))
    assert [each for each in sentences if each.format(**story.numbers) not in said] == [], said


def test_facts_are_few_however_many_there_are(control: Control, shop: Shop) -> None:
    for _ in range(12):
        shop.query("none")
    check, = control.get("/verify", merchants_id=shop.merchants_id, requests=0)["checks"]
    newest = [entry["id"] for entry in shop.requests("none")][-10:]
    assert (check["found"], [fact["journal_id"] for fact in check["nearest"]]) == (12, newest)


def test_the_request_of_a_refund_is_found_while_time_stands_still(control: Control, shop: Shop) -> None:
    control.post("/clock", {"freeze": True, "merchants_id": shop.merchants_id})
    paid = shop.pay_by_barcode("9.00")["out_trade_no"]
    asked = [shop.refund(paid, "1.00", out_refund_id=number).headers["X-TGPay-Request"] for number in "ABA"]
    check, = control.get("/verify", merchants_id=shop.merchants_id, refunds=9)["checks"]
    events = [fact["journal_id"] for fact in check["nearest"] if fact["kind"] == "event"]
    assert (check["found"], events) == (2, list(map(int, asked[:2])))


def test_a_cursor_or_an_instant_limits_what_happened(story: Story) -> None:
    after = story.before_refunds
    assert story.check(refunds=4, since=after)["ok"] and story.check(payments=3, since=after)["ok"]
    assert story.check(requests=COUNTS["requests"] - 1, since=after)["ok"]
    newest = story.verify()["cursor"]
    for name in COUNTS:
        assert story.check(**{name: 0, "since": newest})["found"] == 0
    paid = story.check(payments=0, order="{sale}")["nearest"][0]["at"]
    assert story.check(payments=1, since=paid)["ok"]
    assert story.check(payments=0, since="2099-01-01")["ok"]


def test_without_a_check_a_good_client_is_verified(control: Control, shop: Shop) -> None:
    paid = shop.pay_by_barcode("2.00")["out_trade_no"]
    shop.refund(paid, "9.00")  # a refusal is no mistake
    answer = control.get("/verify", merchants_id=shop.merchants_id)
    assert (answer["verified"], [check["check"] for check in answer["checks"]]) == (
        True, ["signed", "unknown", "findings"])


def test_without_a_check_each_mistake_of_a_client_is_named(story: Story) -> None:
    assert [check["ok"] for check in story.verify()["checks"]] == [False] * 3


def test_one_merchant_is_not_verified_by_what_another_did(story: Story, shop: Shop) -> None:
    assert all(check["found"] == 0 for name in COUNTS for check in story.shop.control.get(
        "/verify", merchants_id=shop.merchants_id, **{name: 0})["checks"])


@every_row("checks, status, words", [
    ({"refund": 1}, 400, "did you mean refunds"), ({"out_trade_no": 1}, 400, "chargebacks_at_least"),
    ({"refunds": -1}, 400, "whole number"), ({"refunds": "x"}, 400, "whole number"),
    ({"refunds": ""}, 400, "refunds"), ({"refunds": 10**10}, 400, "whole number"),
    ({"amount_paid": "1.234"}, 400, "such as 2.50"), ({"amount_paid": "-1"}, 400, "such as 2.50"),
    ({"codes": "3985"}, 400, "did you mean"), ({"codes": "3084,"}, 400, "is not a code"),
    ({"status": "1:PAID"}, 400, "TRADE_FINISHED"), ({"status": "FINISHED"}, 422, "NUMBER:STATUS"),
    ({"signed": "yes"}, 400, "true, false"), ({"endpoint": "tgpayqr"}, 400, "tgpayqrcode"),
    ({"endpoint": "tgpayquery", "payments": 1}, 422, "refused"),
    ({"since": "noon"}, 400, "2026-01-31T12:00:00Z"),
    ({"since": "1-2"}, 400, "cursor"), ({"since": "1-2-3", "amount_paid": 1}, 422, "the present ones")])
def test_a_check_that_makes_no_sense_is_a_problem(story: Story, checks: dict[str, object], status: int,
                                                  words: str) -> None:
    answer = story.ask(**checks)
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert words in answer.json["detail"], answer.text


def test_a_merchant_must_be_named_and_exist(control: Control) -> None:
    assert control.ask("GET", "/verify").status == 400
    unknown = control.ask("GET", "/verify", merchants_id="29nobody", refunds=1)
    assert (unknown.status, unknown.json["detail"]) == (404, "there is no merchant 29nobody")


def test_amounts_in_several_currencies_need_an_order(control: Control, shop: Shop) -> None:
    first = shop.pay_by_barcode("2.00")["out_trade_no"]
    control.ask("PATCH", f"/merchants/{shop.merchants_id}", {"currency": "EUR"})
    shop.pay_by_barcode("3.00")
    asked = {"merchants_id": shop.merchants_id, "amount_paid": "2.00"}
    mixed = control.ask("GET", "/verify", **asked)
    assert (mixed.status, "EUR, GBP" in mixed.json["detail"]) == (422, True), mixed.text
    assert control.get("/verify", **asked, order=first)["verified"]


def test_a_team_verifies_its_own_merchants_only() -> None:
    with Server(control_token="boss-secret", tokens="red:team:r3d-secret blue:team:b1ue-secret") as server:
        red, blue = Control(server.url, "r3d-secret"), Control(server.url, "b1ue-secret")
        shop = red.shop()
        shop.pay_by_barcode("1.00")
        asked = {"merchants_id": shop.merchants_id, "payments": 1}
        assert red.get("/verify", **asked)["verified"] and Control(server.url, "boss-secret").get(
            "/verify", **asked)["verified"]
        foreign = blue.ask("GET", "/verify", **asked)
        assert (foreign.status, foreign.json["detail"]) == (404, f"there is no merchant {shop.merchants_id}")
        assert Control(server.url).ask("GET", "/verify", **asked).status == 401


@every_row("written, status, lines", [
    (("refunds=4", "--signed", "false"), 0, ["ok: refunds: 4 refunds, wanted exactly 4", "Verified."]),
    (("--refunds-at-most=1", "--order", "{qr}"), 1,
     ["failed: refunds: 2 refunds of order {qr}, wanted at most 1", "partner_refund_id R2", "Not verified."]),
    (("codes=3084", "--codes", "3200", "status={qr}:SUCCESS", "status={open}:CLOSED"), 0, ["Verified."]),
    ((), 1, ["failed: signed: ", "failed: unknown: ", "failed: findings: "]),
    (("refunds",), 1, ["'refunds' is not a check: write NAME=VALUE, such as refunds=1"]),
    (("refund=1",), 1, ["did you mean refunds?"]),
    (("merchants_id=1",), 1, ["--merchant"]), (("path=1",), 1, ["path is not a parameter"])])
def test_the_command_ends_with_1_when_a_check_fails(story: Story, written: tuple[str, ...], status: int,
                                                    lines: list[str]) -> None:
    shop = story.shop
    ran = command("verify", "--merchant", shop.merchants_id, "--url", shop.control.url,
                  *(each.format(**story.numbers) for each in written))
    printed = ran.stdout + ran.stderr
    missing = [each for each in lines if each.format(**story.numbers) not in printed]
    assert (ran.returncode, missing) == (status, []), printed


def test_the_command_prints_times_in_the_zone_of_the_console(story: Story) -> None:
    ran = command("verify", "--merchant", story.shop.merchants_id, "--url", story.shop.control.url,
                  "refunds=9")
    facts = [line for line in ran.stdout.splitlines() if line.startswith("  ")]
    assert facts and [line for line in facts if not TIME_WITH_ZONE.match(line)] == []


def test_the_command_prints_the_answer_as_json(story: Story) -> None:
    ran = command("verify", "--merchant", story.shop.merchants_id, "--url", story.shop.control.url, "--json",
                  "refunds=1")
    assert (ran.returncode, json.loads(ran.stdout)["checks"][0]["found"]) == (1, 4)


def test_a_merchant_of_the_testing_package_verifies_or_raises(story: Story) -> None:
    shop, qr = story.shop, story.numbers["qr"]
    merchant = Merchant(Client(shop.control.url), shop.merchants_id, shop.token)
    merchant.verify(order=qr, refunds=2, amount_refunded="2.50", signed=False, codes=["ILLEGAL_SIGN"],
                    status={qr: "SUCCESS", story.numbers["open"]: "CLOSED"})
    with pytest.raises(NotVerified, match="2 refunds of order") as failed:
        merchant.verify(order=qr, refunds=1)
    assert isinstance(failed.value, AssertionError) and failed.value.document["checks"][0]["found"] == 2
    assert "partner_refund_id R1" in str(failed.value) and "partner_refund_id R2" in str(failed.value)
    with pytest.raises(ControlError, match="did you mean refunds"):
        merchant.verify(refund=1)
    fields = merchant.signed(out_trade_no=qr)
    assert merchant.verify(fields) and not merchant.verify({**fields, "sign": "0" * 32})


def test_a_receiver_that_acknowledges_a_forgery_is_not_verified(notified: Shop) -> None:
    notified.plays({"then": {"notify": {"wrong_sign": True}}})
    notified.pay_by_barcode(out_trade_no=notified.number())
    notified.control.post("/notifications/flush")
    report = notified.control.get("/verify", merchants_id=notified.merchants_id, findings=0)
    assert report["verified"] is False and "FORGED_ACKNOWLEDGED" in str(report)
