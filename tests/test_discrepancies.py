"""Contract 2.10 and 8: what a scenario injects in the settlement file, how the truth is told, and which lists
have noticed it.
"""
import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tgpay_emulator.base import durations
from tgpay_emulator.base.settings import Settings
from tgpay_emulator.cli import main
from tgpay_emulator.domain import discrepancies, reconciliation, settlement
from tgpay_emulator.domain.merchants import Merchant
from tgpay_emulator.domain.wallet_orders import WalletOrder
from tgpay_emulator.domain.reconciliation import Days, Truth
from tgpay_emulator.protocol.faults import Discrepancy
from tgpay_emulator.scenarios import outcomes

from .driver import VISA, Answer, Clock, Control, Server, Shop, exchange
from .tables import every_row

PAID_AT, DAY, NEXT_DAY = "2027-03-01T04:00:00Z", "2027-03-02", "2027-03-03"
MONEY = ("amount", "rmb_amount", "fee", "settlement", "rmb_settlement", "settlement_time", "trans_amount")
TRUE = ("10.00", "90.75", "0.06", "9.94", "90.21", f"{DAY} 15:00:00", "10.00")
LATER = (*TRUE[:5], f"{NEXT_DAY} 15:00:00", "10.00")
FEE_OFF = ("10.00", "90.75", "0.07", "9.93", "90.21", f"{DAY} 15:00:00", "10.00")
AMOUNT_OFF = ("10.01", "90.84", "0.06", "9.95", "90.29", f"{DAY} 15:00:00", "10.01")
GIVEN_BACK = ("-10.00", "-90.75", "0.00", "-10.00", "-90.75", f"{DAY} 15:00:00", "-10.00")

Row = dict[str, str]
Pay = Callable[[Shop, Clock], str]


@pytest.fixture(autouse=True)
def noon(clock: Clock) -> Iterator[None]:
    """Time stands still at noon in Shanghai on the day before the settlement."""
    clock.freeze()
    clock.set(PAID_AT)
    yield


def in_force(shop: Shop, *rules: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """Rules of a test's own: of each what it asks for, and what it does."""
    written = [{"name": f"rule {place}", "when": when, "then": then} for place,
               (when, then) in enumerate(rules, 1)]
    answer = shop.control.ask("PUT", "/scenario", {"merchants_id": shop.merchants_id, "rules": written})
    assert answer.status == 200, answer.text


def injecting(shop: Shop, *names: str, endpoint: str = "") -> None:
    in_force(shop, ({"endpoint": endpoint} if endpoint else {"endpoint__in": list(outcomes.PAYMENTS)},
                    {"settlement": list(names)}))


def exported(shop: Shop, start: str = DAY, end: str = "2027-03-31") -> list[Row]:
    return list(csv.DictReader(io.StringIO(shop.settlement(start, end).text, newline="")))


def settled(shop: Shop, clock: Clock) -> list[Row]:
    """The rows of the file when every row is in it."""
    clock.set("2027-03-05T00:00:00Z")
    return exported(shop)


def money(row: Row) -> tuple[str, ...]:
    return tuple(row[name] for name in MONEY)


def truth(shop: Shop, **query: object) -> Any:
    return shop.control.get("/settlement", merchants_id=shop.merchants_id, **query)["items"]


def check(shop: Shop, rows: list[dict[str, Any]], **days: str) -> Any:
    return shop.control.post("/settlement/check", {"merchants_id": shop.merchants_id, "rows": rows, **days})


def by_barcode(shop: Shop, clock: Clock) -> str:
    return shop.pay_by_barcode("10.00")["out_trade_no"]


def paid_by_control(order: Callable[[Shop, str], Answer]) -> Pay:
    def pay(shop: Shop, clock: Clock) -> str:
        number = order(shop, "10.00")["out_trade_no"]
        assert shop.happens(number, "pay").status == 200
        return number
    return pay


def by_card(shop: Shop, clock: Clock) -> str:
    return shop.card_payment(trans_amount="10.00")["out_trade_no"]


def at_terminal(shop: Shop, clock: Clock) -> str:
    number = shop.at_terminal(amount="10.00")["out_trade_no"]
    clock.advance("4s")
    return number


def by_card_at_terminal(shop: Shop, clock: Clock) -> str:
    number = shop.card_order("10.00", channel_type="terminal",
                             terminal_id=shop.first_terminal)["out_trade_no"]
    clock.advance("4s")
    return number


PAYMENTS = {
    "barcode": by_barcode, "qrcode": paid_by_control(Shop.qr_order), "h5": paid_by_control(Shop.h5_order),
    "prepay": paid_by_control(Shop.prepay_order), "card": by_card,
    "cashier": paid_by_control(Shop.card_order), "terminal": at_terminal,
    "card at a terminal": by_card_at_terminal}


# What the file shows.

def test_every_discrepancy_of_the_scenario_language_can_be_injected() -> None:
    assert tuple(discrepancies.INJECTIONS) == tuple(Discrepancy)


SHOWN = [
    (("missing",), []),
    (("duplicate",), [TRUE, TRUE]),
    (("next_day",), [LATER]),
    (("fee_off",), [FEE_OFF]),
    (("amount_off",), [AMOUNT_OFF]),
    (("duplicate", "fee_off"), [FEE_OFF, FEE_OFF]),
    (("fee_off", "amount_off"), [("10.01", "90.84", "0.07", "9.94", "90.29", f"{DAY} 15:00:00", "10.01")]),
    (("amount_off", "next_day", "duplicate"), [(*AMOUNT_OFF[:5], f"{NEXT_DAY} 15:00:00", "10.01")] * 2)]


@pytest.mark.sampled
@pytest.mark.parametrize("pay", PAYMENTS.values(), ids=PAYMENTS)
@pytest.mark.parametrize("injected, shown", SHOWN, ids=["+".join(injected) for injected, _ in SHOWN])
def test_of_a_payment_the_file_shows_what_is_injected_and_the_truth_is_kept(
        shop: Shop, clock: Clock, pay: Pay, injected: tuple[str, ...],
        shown: list[tuple[str, ...]]) -> None:
    injecting(shop, *injected)
    number = pay(shop, clock)
    entry, = truth(shop)
    assert (entry["out_trade_no"], entry["partner_transaction_id"], entry["type"]) == (number, number, "P")
    assert (entry["amount"], entry["fee"], entry["settles_at"]) == ("10.00", "0.06", f"{DAY}T07:00:00.000Z")
    assert entry["injected"] == list(injected)
    rows = settled(shop, clock)
    assert [money(row) for row in rows] == shown
    assert {row["partner_transaction_id"] for row in rows} <= {number}


@pytest.mark.sampled
@pytest.mark.parametrize("pay", PAYMENTS.values(), ids=PAYMENTS)
@pytest.mark.parametrize("beside, shown",
                         [((), [TRUE]), (("missing",), []), (("next_day",), [LATER]),
                          (("duplicate",), [TRUE, TRUE])])
def test_an_unknown_row_is_one_of_an_order_that_the_merchant_never_made(
        shop: Shop, clock: Clock, pay: Pay, beside: tuple[str, ...], shown: list[tuple[str, ...]]) -> None:
    injecting(shop, "unknown_row", *beside)
    number = pay(shop, clock)
    known, unknown = truth(shop)[0], settled(shop, clock)[-1]
    trans_id = shop.story(number)["trans_id"]
    assert [money(row) for row in exported(shop)[:-1]] == shown
    assert (unknown["partner_transaction_id"] == known["unknown"]
            and unknown["partner_transaction_id"].startswith(shop.merchants_id))
    assert shop.query(unknown["partner_transaction_id"])["error"] == "TRADE_NOT_EXIST"
    assert unknown["transaction_id"] != trans_id and len(unknown["transaction_id"]) == len(trans_id)
    assert 0 < float(unknown["amount"]) <= 20
    assert float(unknown["settlement"]) == pytest.approx(float(unknown["amount"]) - float(unknown["fee"]))
    assert (unknown["type"], unknown["remarks"],
            unknown["settlement_time"]) == ("P", "TGPay", shown[0][5] if shown else TRUE[5])


def test_a_refund_and_a_cancellation_follow_the_rule_of_their_order(shop: Shop, clock: Clock) -> None:
    injecting(shop, "amount_off", "fee_off", endpoint="tgpaybarcode")
    refunded, cancelled = by_barcode(shop, clock), by_barcode(shop, clock)
    shop.refund(refunded, "10.00", out_refund_id="back")
    shop.cancel(cancelled)
    rows = [row for row in settled(shop, clock) if row["type"] == "R"]
    assert [money(row)[:5] for row in rows] == [("-10.01", "-90.84", "0.01", "-10.02", "-90.84")] * 2
    assert [(entry["amount"], entry["fee"]) for entry in truth(shop)[2:]] == [("-10.00", "0.00")] * 2


@pytest.mark.parametrize("endpoint, act", [("tgpayrefund", lambda shop, number: shop.refund(number, "10.00")),
                                           ("tgpaycancel", Shop.cancel)])
def test_the_rule_of_a_refund_or_a_cancellation_goes_before_that_of_its_order(
        shop: Shop, clock: Clock, endpoint: str, act: Callable[[Shop, str], Answer]) -> None:
    in_force(shop, ({"endpoint": "tgpaybarcode"}, {"settlement": "fee_off"}),
             ({"endpoint": endpoint}, {"settlement": "duplicate"}))
    assert act(shop, by_barcode(shop, clock))["is_success"] == "T"
    assert [money(row) for row in settled(shop, clock)] == [FEE_OFF, GIVEN_BACK, GIVEN_BACK]


def test_a_refunds_rule_that_does_not_speak_of_settlement_leaves_that_of_the_order(
        shop: Shop, clock: Clock) -> None:
    in_force(shop, ({"endpoint": "tgpaybarcode"}, {"settlement": "missing"}),
             ({"endpoint": "tgpayrefund"}, {"delay": "1ms"}))
    shop.refund(by_barcode(shop, clock), "10.00")
    assert settled(shop, clock) == []
    assert [entry["amount"] for entry in truth(shop)] == ["10.00", "-10.00"]


@pytest.mark.parametrize("operation, reference", [("refund", "own refund"), ("saleReversal", "own reversal")])
def test_what_a_terminal_gives_back_follows_its_own_rule_before_that_of_the_sale(
        shop: Shop, clock: Clock, operation: str, reference: str) -> None:
    in_force(shop, ({"operation": "sale"}, {"settlement": "fee_off"}),
             ({"reference": reference}, {"settlement": "duplicate"}))
    for said in (None, reference):
        sale = at_terminal(shop, clock)
        amount = None if operation == "saleReversal" else "10.00"
        shop.at_terminal(operation, amount, original_out_trade_no=sale, reference=said)
        clock.advance("4s")
    rows = settled(shop, clock)
    assert [(row["type"], row["amount"], row["fee"]) for row in rows] == [
        ("P", "10.00", "0.07"), ("R", "-10.00", "0.01"), ("P", "10.00", "0.07"), ("R", "-10.00", "0.00"),
        ("R", "-10.00", "0.00")]


def test_an_unlinked_refund_of_a_terminal_follows_its_own_rule(shop: Shop, clock: Clock) -> None:
    injecting(shop, "next_day", endpoint="tgpaywebtoterminal")
    shop.at_terminal("refund", "10.00")
    clock.advance("4s")
    assert [money(row) for row in settled(shop, clock)] == [
        (*GIVEN_BACK[:5], f"{NEXT_DAY} 15:00:00", "-10.00")]


def test_a_rule_about_the_card_holds_for_a_card_that_is_presented_on_the_page(
        shop: Shop, clock: Clock) -> None:
    in_force(shop, ({"card__startswith": VISA[:6]}, {"settlement": "missing"}))
    order = shop.card_order("10.00")
    card = {"cardNo": VISA, "expirationMonth": "12", "expirationYear": "49", "cvv": "123"}
    exchange(f"{order['pay_url']}/card", "POST", urlencode(card).encode(),
             {"Content-Type": "application/x-www-form-urlencoded"})
    assert [(entry["amount"], entry["injected"]) for entry in truth(shop)] == [("10.00", ["missing"])]


def test_a_row_of_the_next_day_is_in_the_file_of_that_day_alone(shop: Shop, clock: Clock) -> None:
    injecting(shop, "next_day")
    number = by_barcode(shop, clock)
    clock.set(f"{DAY}T07:00:00Z")
    assert exported(shop) == []
    clock.set(f"{NEXT_DAY}T07:00:00Z")
    assert [row["partner_transaction_id"] for row in exported(shop, NEXT_DAY, NEXT_DAY)] == [number]
    assert exported(shop, DAY, DAY) == []


def test_without_a_rule_the_file_is_the_same_byte_for_byte(shop: Shop, clock: Clock) -> None:
    texts = []
    for _ in range(2):
        for number in ("a", "b"):
            shop.pay_by_barcode("10.00", out_trade_no=number)
        shop.refund("a", "1.00", out_refund_id="back")
        clock.set("2027-03-05T00:00:00Z")
        texts.append(shop.settlement(DAY, DAY).text)
        assert [entry["injected"] for entry in truth(shop)] == [[], [], []]
        shop.control.post("/reset", merchants_id=shop.merchants_id)
        clock.set(PAID_AT)
        in_force(shop, ({"out_trade_no": "c"}, {"settlement": "missing"}))
    assert texts[0] == texts[1] and texts[0].count("\r\n") == 4


def test_the_same_run_injects_the_same_bytes(shop: Shop, clock: Clock) -> None:
    texts = []
    for _ in range(2):
        injecting(shop, "unknown_row", "amount_off")
        shop.pay_by_barcode("10.00", out_trade_no="a")
        shop.refund("a", "1.00", out_refund_id="back")
        clock.set("2027-03-05T00:00:00Z")
        texts.append(shop.settlement(DAY, DAY).text)
        shop.control.post("/reset", merchants_id=shop.merchants_id)
        clock.set(PAID_AT)
    assert texts[0] == texts[1] and texts[0].count("\r\n") == 5


ORDER = WalletOrder("29", "29-1", "tgpayqrcode", "alipay", 1_000, "GBP", 907_480_000, 600_000, 0, 900_000,
                    "token", "", "127.0.0.1", paid_at=0)
ENTRY = settlement.Entry("29", "29-1", "P", "29-1", 1_000, 0, 0, "TGPay", ORDER,
                         Merchant("29", "t" * 32, "Shop"))


@every_row("other", [{"out_trade_no": "29-2"}, {"merchants_id": "30"}, {"kind": "R"}, {"partner_id": "back"},
                     {"seed": "x"}])
def test_every_entry_and_every_seed_has_an_unknown_row_of_its_own(other: dict[str, str]) -> None:
    other_seed = Settings({"seed": other.pop("seed")}) if "seed" in other else Settings()
    pairs = ((ENTRY, Settings()), (replace(ENTRY, **other), other_seed))
    one, two = (settlement.rows(discrepancies.shown(entry, ["missing", "unknown_row"], settings).lines)[0]
                for entry, settings in pairs)
    assert one["partner_transaction_id"] != two["partner_transaction_id"]


def test_words_are_injected_in_the_same_way_in_whatever_order_they_are_named() -> None:
    named = [discrepancies.shown(ENTRY, words, Settings())
             for words in (["unknown_row", "next_day", "duplicate"],
                           ["duplicate", "next_day", "unknown_row"])]
    assert named[0] == named[1] and named[0].lines.count("\r\n") == 3


# How it is told.

def test_the_history_of_an_order_and_its_json_tell_what_was_injected(shop: Shop, clock: Clock) -> None:
    in_force(shop, ({"endpoint": "tgpayqrcode"}, {"settlement": ["fee_off", "next_day"]}),
             ({"endpoint": "tgpayrefund"}, {"settlement": "missing"}))
    number = PAYMENTS["qrcode"](shop, clock)
    shop.refund(number, "4.00")
    shop.cancel(number)
    story = shop.story(number)
    assert [(line["event"], line["detail"].get("injected")) for line in story["history"]] == [
        ("create", None), ("pay", "fee_off next_day"), ("refund", "missing"), ("cancel", "fee_off next_day")]
    assert story["injected"] == ["fee_off", "next_day", "missing"]


@every_row("pay", PAYMENTS.values(), ids=PAYMENTS)
def test_the_event_that_moved_the_money_tells_it_whatever_the_channel(
        shop: Shop, clock: Clock, pay: Pay) -> None:
    injecting(shop, "amount_off")
    history = shop.story(pay(shop, clock))["history"]
    assert {line["event"] for line in history if "injected" in line["detail"]} == {"pay"}


def test_an_order_without_a_rule_tells_of_nothing(shop: Shop, clock: Clock) -> None:
    story = shop.story(by_barcode(shop, clock))
    assert story["injected"] == [] and all("injected" not in line["detail"] for line in story["history"])


def test_the_truth_is_listed_by_days_and_page_by_page(shop: Shop, notified: Shop, clock: Clock) -> None:
    injecting(shop, "next_day", endpoint="tgpayqrcode")
    early, late = by_barcode(shop, clock), PAYMENTS["qrcode"](shop, clock)
    notified.pay_by_barcode("1.00")
    clock.advance("1d")
    tomorrow = by_barcode(shop, clock)

    def numbers(**query: object) -> list[str]:
        return [entry["out_trade_no"] for entry in truth(shop, **query)]
    assert numbers() == [early, late, tomorrow]
    assert numbers(start_date=DAY, end_date=DAY) == numbers(end_date=DAY) == [early, late]
    assert numbers(start_date=NEXT_DAY) == numbers(start_date=NEXT_DAY, end_date="9999-12-31") == [tomorrow]
    first = shop.control.get("/settlement", merchants_id=shop.merchants_id, limit=2)
    assert [entry["out_trade_no"] for entry in first["items"]] == [early, late]
    assert numbers(after=first["next"]) == [tomorrow]
    assert shop.merchants_id in {entry["merchants_id"]
                                 for entry in shop.control.get("/settlement", limit=1000)["items"]}


@every_row("query, words", [
    ({"start_date": "2027-3-2"}, "start_date must be a date"),
    ({"end_date": "soon"}, "end_date must be a date"),
    ({"start_date": NEXT_DAY, "end_date": DAY}, "is after"), ({"merchants_id": "nobody"}, "nobody"),
    ({"limit": "x"}, "limit")])
def test_the_truth_of_what_cannot_be_is_a_problem(control: Control, query: dict[str, str],
                                                  words: str) -> None:
    answer = control.ask("GET", "/settlement", **query)
    assert (400 <= answer.status < 500, words in answer.json["detail"]) == (True, True), answer.text


# A list beside the truth.


JUDGED = [  # what is injected, the rows of the list, and what each shows
    ("missing", [{"amount": "10.00"}], "noticed"),
    ("missing", [], "missed"),
    ("duplicate", [{"amount": "10.00"}], "noticed"),
    ("duplicate", [{"amount": "10.00"}] * 2, "missed"),
    ("duplicate", [], "not told: the list does not have the row"),
    ("next_day", [{"amount": "10.00", "settlement_date": DAY}], "noticed"),
    ("next_day", [{"amount": "10.00", "settlement_date": NEXT_DAY}], "missed"),
    ("next_day", [{"amount": "10.00"}], "not told: the list has no settlement_date"),
    ("next_day", [{"amount": "10.00", "settlement_date": ""}], "not told: the list has no settlement_date"),
    ("next_day", [], "not told: the list does not have the row"),
    ("fee_off", [{"amount": "10.00", "fee": "0.06"}], "noticed"),
    ("fee_off", [{"amount": "10.00", "fee": "0.07"}], "missed"),
    ("fee_off", [{"amount": "10.00"}], "not told: the list has no fee"),
    ("fee_off", [{"amount": "10.00", "fee": "0.08"}],
     "not told: the list has the fee 0.08, the file has 0.07, the correct one is 0.06"),
    ("fee_off", [], "not told: the list does not have the row"),
    ("amount_off", [{"amount": "10.00"}], "noticed"),
    ("amount_off", [{"amount": 10}], "noticed"),
    ("amount_off", [{"amount": "10.01"}], "missed"),
    ("amount_off", [{"amount": 10.01, "fee": "0.06"}], "missed"),
    ("amount_off", [{"amount": "9.99"}],
     "not told: the list has the amount 9.99, the file has 10.01, the correct one is 10.00"),
    ("amount_off", [], "not told: the list does not have the row"),
    ("unknown_row", [{"amount": "10.00"}], "noticed")]


@pytest.mark.sampled
@pytest.mark.parametrize("named", ["out_trade_no", "partner_transaction_id"])
@pytest.mark.parametrize("injected, rows, told", JUDGED)
def test_a_list_shows_whether_a_discrepancy_was_noticed(shop: Shop, clock: Clock, named: str, injected: str,
                                                        rows: list[dict[str, Any]],
                                                        told: str) -> None:
    injecting(shop, injected)
    number = by_barcode(shop, clock)
    clock.set("2027-03-05T00:00:00Z")
    report = check(shop, [{named: number, **cells} for cells in rows])
    verdict, = report["injected"]
    assert (verdict["out_trade_no"], verdict["discrepancy"]) == (number, injected)
    assert f"{verdict['state']}: {verdict['sentence']}".startswith(told)
    differs = {difference["difference"] for difference in report["differences"]}
    kinds = {kind for kind, words in (("amount", "9.99"), ("fee", "0.08"), ("lacking", "not have the row"))
             if words in told}
    assert differs == kinds
    assert report["right"] == (not kinds and verdict["state"] != "missed")


def test_an_unknown_row_in_the_list_is_missed_and_no_other_difference(shop: Shop, clock: Clock) -> None:
    injecting(shop, "unknown_row")
    by_barcode(shop, clock)
    rows = [{"partner_transaction_id": row["partner_transaction_id"], "amount": row["amount"]}
            for row in settled(shop, clock)]
    report = check(shop, rows)
    assert [verdict["state"] for verdict in report["injected"]] == ["missed"]
    assert (rows[1]["partner_transaction_id"] in report["injected"][0]["sentence"]
            and report["differences"] == [])


@pytest.mark.parametrize("day, has_the_row, state",
                         [(DAY, True, "noticed"), (DAY, False, "missed"), (NEXT_DAY, True, "missed"),
                          (NEXT_DAY, False, "noticed")])
def test_a_list_of_one_of_the_two_days_shows_by_the_row_whether_next_day_was_noticed(
        shop: Shop, clock: Clock, day: str, has_the_row: bool, state: str) -> None:
    injecting(shop, "next_day", "fee_off")
    number = by_barcode(shop, clock)
    clock.set("2027-03-05T00:00:00Z")
    report = check(shop, [{"out_trade_no": number, "amount": "10.00"}] if has_the_row else [], start_date=day,
                   end_date=day)
    states = {verdict["discrepancy"]: verdict["state"] for verdict in report["injected"]}
    assert states == {"next_day": state, **({"fee_off": "not told"} if day == NEXT_DAY else {})}
    assert (report["differences"], report["true_rows"]) == ([], 1 if day == DAY else 0)


def test_an_amount_that_no_file_of_the_days_shows_is_a_difference(shop: Shop, clock: Clock) -> None:
    injecting(shop, "next_day", "amount_off")
    number = by_barcode(shop, clock)
    clock.set("2027-03-05T00:00:00Z")
    report = check(shop, [{"out_trade_no": number, "amount": "10.01"}], start_date=DAY, end_date=DAY)
    assert [(verdict["discrepancy"], verdict["state"])
            for verdict in report["injected"]] == [("next_day", "noticed")]
    assert [each["difference"] for each in report["differences"]] == ["amount"]


def test_what_is_not_settled_yet_is_in_no_list(shop: Shop, clock: Clock) -> None:
    injecting(shop, "missing")
    number = by_barcode(shop, clock)
    assert check(shop, [])["right"] and check(shop, [])["injected"] == []
    assert [each["difference"] for each in check(shop,
                                                 [{"out_trade_no": number, "amount": "10.00"}])[
                                                     "differences"]] == ["extra"]


# the rows of a list whose truth is one payment of 10.00 with a refund of 2.50, and how it differs
DIFFERENT = [
    ([], ["lacking", "lacking"]),
    ([("{}", "10.00", {})], ["lacking"]),
    ([("{}", "10.00", {}), ("{}", "-2.50", {})], []),
    ([("{}", "-2.5", {}), ("{}", "10", {})], []),
    ([("{}", "10.00", {}), ("back", "-2.50", {})], []),
    ([("{}", "10.00", {}), ("back", "-2.51", {})], ["amount"]),
    ([("{}", "10.01", {}), ("back", "-2.50", {})], ["amount"]),
    ([("{}", "10.00", {"fee": "0.06"}), ("back", "-2.50", {"fee": "0"})], []),
    ([("{}", "10.00", {"fee": "0.05"}), ("back", "-2.50", {"fee": "0.02"})], ["fee", "fee"]),
    ([("{}", "10.00", {"settlement_date": NEXT_DAY}), ("back", "-2.50", {"settlement_date": DAY})],
     ["settlement_date"]),
    ([("{}", "10.00", {}), ("back", "-2.50", {}), ("other", "1.00", {})], ["extra"]),
    ([("{}", "10.00", {}), ("{}", "10.00", {}), ("back", "-2.50", {})], ["extra"]),
    ([("other", "10.00", {}), ("back", "-2.50", {})], ["lacking", "extra"])]


@pytest.mark.parametrize("rows, kinds", DIFFERENT)
def test_a_list_differs_from_the_truth_where_nothing_is_injected(
        shop: Shop, clock: Clock, rows: list[tuple[str, str, dict[str, str]]], kinds: list[str]) -> None:
    number = by_barcode(shop, clock)
    shop.refund(number, "2.50", out_refund_id="back")
    clock.set("2027-03-05T00:00:00Z")
    report = check(shop, [{"out_trade_no": name.format(number), "amount": amount, **cells} for name, amount,
                          cells in rows])
    assert [each["difference"] for each in report["differences"]] == kinds
    assert (report["right"], report["rows"], report["true_rows"], report["injected"]) == (
        not kinds, len(rows), 2, [])


def test_a_third_row_is_more_than_a_duplicate(shop: Shop, clock: Clock) -> None:
    injecting(shop, "duplicate")
    row = {"out_trade_no": by_barcode(shop, clock), "amount": "10.00"}
    clock.set("2027-03-05T00:00:00Z")
    report = check(shop, [row] * 3)
    assert ([verdict["state"] for verdict in report["injected"]],
            [each["difference"] for each in report["differences"]]) == (
        ["missed"], ["extra"])


@every_row("body, words", [
    ({}, "merchants_id"), ({"merchants_id": "nobody", "rows": []}, "nobody"), ({"rows": None}, "rows"),
    ({"rows": ["x"]}, "rows"),
    ({"rows": [{"out_trade_no": "1", "amount": "1"}, {"amount": "1"}]}, "row 2 has neither"),
    ({"rows": [{"out_trade_no": "1"}]}, "row 1 has no amount"),
    ({"rows": [{"out_trade_no": "1", "amount": "1.234"}]}, "'1.234'"),
    ({"rows": [{"out_trade_no": "1", "amount": True}]}, "row 1: amount"),
    ({"rows": [{"out_trade_no": "1", "amount": "-"}]}, "'-'"),
    ({"rows": [{"out_trade_no": "1", "amount": "1", "fee": "x"}]}, "the fee 'x'"),
    ({"rows": [{"out_trade_no": "1", "amount": "1", "settlement_date": "02.03.2027"}]}, "'02.03.2027'"),
    ({"rows": [], "start_date": 7}, "start_date"),
    ({"rows": [], "start_date": NEXT_DAY, "end_date": DAY}, "is after")])
def test_a_list_that_is_none_is_a_problem_that_names_the_row(
        shop: Shop, body: dict[str, Any], words: str) -> None:
    given = {"merchants_id": shop.merchants_id, **body} if body else {}
    answer = shop.control.ask("POST", "/settlement/check", given)
    assert (400 <= answer.status < 500, words in answer.json["detail"]) == (True, True), answer.text


ALTERED = [word for word in Discrepancy if word not in ("missing", "unknown_row")]
INJECTED = st.one_of(st.lists(st.sampled_from([*ALTERED, "unknown_row"]), unique=True), st.just(["missing"]),
                     st.just(["missing", "unknown_row"]))
AMOUNTS = st.integers(1, 5_000)


def moved(place: int, kind: str, amount: int, day: int, words: list[str]) -> Truth:
    """An entry of the ledger as the emulator would write it, settled on a day of January 1970."""
    signed, at = (amount if kind == "P" else -amount), settlement.settles_at(day * durations.DAY, Settings())
    entry = replace(ENTRY, out_trade_no=f"29-{place}", partner_id=f"29-{place}", kind=kind, amount=signed,
                    settles_at=at)
    shown = discrepancies.shown(entry, words, Settings())
    return Truth(place, "29", entry.out_trade_no, entry.partner_id, kind, signed, entry.fee, at,
                 shown.settles_at, tuple(words),
                 shown.lines)


@pytest.mark.exhaustive
@given(st.lists(st.tuples(st.sampled_from("PR"), AMOUNTS, st.integers(1, 4), INJECTED), max_size=8),
       st.integers(1, 6), st.integers(1, 6))
def test_of_whatever_days_the_file_misses_all_that_is_injected_and_the_true_rows_miss_nothing(
         drawn: list[tuple[str, int, int, list[str]]], start: int, end: int) -> None:
    entries = [moved(place, *each) for place, each in enumerate(drawn)]
    days = Days(start * durations.DAY, end * durations.DAY, "UTC")
    shown = [row for entry in entries if days.have(entry.shown_at) for row in settlement.rows(entry.line)]
    true = [{"out_trade_no": entry.out_trade_no, "amount": f"{entry.amount / 100:.2f}",
             "fee": f"{entry.fee / 100:.2f}",
             "settlement_date": str(days.day(entry.settles_at))}
            for entry in entries if days.have(entry.settles_at)]
    concerned = [entry for entry in entries if days.have(entry.shown_at) or days.have(entry.settles_at)]
    naive, own = (reconciliation.check(concerned,
                                       [reconciliation.row(place, row) for place, row in enumerate(rows, 1)],
                                       days)
                  for rows in (shown, true))
    assert {verdict.state for verdict in naive.verdicts} <= {"missed"} and naive.differences == []
    assert (own.is_right and len(own.verdicts)
            == len(naive.verdicts) >= sum(bool(entry.injected) for entry in concerned))


# The bundled scenario: its first payment is a penny off, the others by chance.

INJECTED_AT = [0, 4, 6, 9, 13, 15, 16, 25, 26, 33, 34, 37, 40, 42, 44, 45, 47, 55, 57, 59, 61, 66, 68, 70,
               71, 72, 76, 77, 81, 82, 84, 88, 95,
               98]
NUMBERS = [f"29{place:04d}" for place in range(100)]


@pytest.fixture(scope="module")
def hundred() -> Iterator[Shop]:
    """A shop, on a server of its own under the shipped scenario, whose hundred payments of 1.37, 2.37 … are
    settled.
    """
    with Server(scenario="settlement-off-by-a-penny") as server:
        control = Control(server.url)
        Clock(control).freeze()
        Clock(control).set(PAID_AT)
        shop = Shop(control, "29", "t" * 32)
        control.post("/merchants", {"merchants_id": shop.merchants_id, "token": shop.token})
        for place, number in enumerate(NUMBERS, 1):
            shop.pay_by_barcode(f"{place}.37", out_trade_no=number)
        Clock(control).set("2027-03-05T00:00:00Z")
        yield shop


def own_books(*names: str) -> list[Row]:
    """What the shop knows of its payments without the emulator's help."""
    books = [{"out_trade_no": number, "amount": f"{place}.37", "settlement_date": DAY,
              "fee": str((Decimal(f"{place}.37") * Decimal("0.006")).quantize(
                  Decimal("0.01"), ROUND_HALF_UP))}
             for place, number in enumerate(NUMBERS, 1)]
    return [{name: row[name] for name in ("out_trade_no", *names)} for row in books]


def test_the_file_of_the_shipped_scenario_disagrees_with_the_shops_books_just_where_something_is_injected(
         hundred: Shop) -> None:
    rows, entries = exported(hundred), truth(hundred)
    files = {number: [(row["amount"], row["fee"], row["settlement_time"][:10])
                      for row in rows if row["partner_transaction_id"] == number]
             for number in NUMBERS}
    off = [number for number, row in zip(NUMBERS, own_books("amount", "fee", "settlement_date"))
           if files[number] != [(row["amount"], row["fee"], row["settlement_date"])]]
    assert off == [entry["out_trade_no"] for entry in entries
                   if entry["injected"]] == [NUMBERS[place] for place in INJECTED_AT]
    assert {row["partner_transaction_id"] for row in rows} - {*NUMBERS} == {
        entry["unknown"] for entry in entries if entry["unknown"]}
    assert {word for entry in entries for word in entry["injected"]} == {*Discrepancy}


def test_a_list_that_repeats_that_file_misses_all_of_it_and_nothing_else(hundred: Shop) -> None:
    report, injected = check(hundred, exported(hundred)), [(entry["out_trade_no"], word)
                                                           for entry in truth(hundred)
                                                           for word in entry["injected"]]
    assert sorted((verdict["out_trade_no"], verdict["discrepancy"])
                  for verdict in report["injected"]) == sorted(injected)
    assert (report["missed"], report["noticed"], report["not_told"], report["differences"]) == (
        len(injected), 0, 0, [])


@every_row("names, unseen", [
    (("amount",), {"fee_off", "next_day"}), (("amount", "fee"), {"next_day"}),
    (("amount", "settlement_date"), {"fee_off"}), (("amount", "fee", "settlement_date"), set())])
def test_the_shops_own_books_miss_nothing_that_they_can_show(
        hundred: Shop, names: tuple[str, ...], unseen: set[str]) -> None:
    report = check(hundred, own_books(*names))
    assert {verdict["discrepancy"] for verdict in report["injected"]
            if verdict["state"] != "noticed"} == unseen
    assert (report["missed"], report["differences"], report["right"]) == (0, [], True)


@pytest.mark.parametrize("days", [{"start_date": DAY, "end_date": DAY}, {"start_date": NEXT_DAY}])
def test_also_of_single_days_the_file_misses_what_the_books_notification(
        hundred: Shop, days: dict[str, str]) -> None:
    naive = check(hundred, exported(hundred, days["start_date"], days.get("end_date", "2027-03-31")), **days)
    own = check(hundred, own_books("amount", "fee") if "end_date" in days else [], **days)
    assert {verdict["state"] for verdict in naive["injected"]} == {"missed"} and naive["differences"] == []
    assert {verdict["state"] for verdict in own["injected"]} == {"noticed"} and own["right"]


# The command line.

def run(shop: Shop, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["settlement", *arguments], env={"TGPAY_URL": shop.control.url})


def written(path: Path, *lines: str) -> str:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def test_the_exported_file_itself_misses_everything(shop: Shop, clock: Clock, tmp_path: Path) -> None:
    injecting(shop, "duplicate", "fee_off", "unknown_row")
    shop.pay_by_barcode("10.00", out_trade_no="=1", reference="two\nlines")
    clock.set("2027-03-05T00:00:00Z")
    file = tmp_path / f"{shop.merchants_id}_settlement_{DAY}_{DAY}.csv"
    file.write_bytes(shop.settlement(DAY, DAY).raw)
    done = run(shop, "check", str(file))
    assert done.exit_code == 1
    assert (
        f"Merchant {shop.merchants_id}, from {DAY} to {DAY}: 3 rows in the list, 1 expected." in done.stdout)
    assert re.findall(r"^missed: =1 \((\w+)\):", done.stdout, re.MULTILINE) == [
        "duplicate", "fee_off", "unknown_row"]
    assert "differs" not in done.stdout and done.stdout.endswith("The list is not correct.\n")


def test_a_list_of_ones_own_that_is_right_ends_with_status_0(
        shop: Shop, clock: Clock, tmp_path: Path) -> None:
    injecting(shop, "amount_off", "unknown_row", "fee_off")
    number = by_barcode(shop, clock)
    clock.set("2027-03-05T00:00:00Z")
    file = written(tmp_path / "own.csv", "amount,customer,out_trade_no", f"10.00,somebody,{number}")
    done = run(shop, "check", file, "--merchant", shop.merchants_id)
    assert (done.exit_code, done.stdout.splitlines()[1:]) == (0, [
        f"undecided: {number} (fee_off): the list has no fee", "injected\ttimes\tnoticed\tmissed\tundecided",
        "amount_off\t1\t1\t0\t0", "unknown_row\t1\t1\t0\t0", "fee_off\t1\t0\t0\t1", "The list is correct."])
    report = json.loads(run(shop, "check", file, "--merchant", shop.merchants_id, "--json").stdout)
    assert report == check(shop, [{"out_trade_no": number, "amount": "10.00"}])


def test_days_of_the_command_go_before_those_of_the_files_name(
        shop: Shop, clock: Clock, tmp_path: Path) -> None:
    by_barcode(shop, clock)
    clock.set("2027-03-05T00:00:00Z")
    file = written(tmp_path / f"nobody_settlement_{DAY}_{DAY}.csv", "out_trade_no,amount")
    done = run(shop, "check", file, "--merchant", shop.merchants_id, "--start", NEXT_DAY, "--end", NEXT_DAY)
    assert (done.exit_code, "0 expected" in done.stdout) == (0, True)
    done = run(shop, "check", file, "--merchant", shop.merchants_id)
    assert (done.exit_code, "differs: the list does not have" in done.stdout) == (1, True)


def test_the_truth_is_listed_by_the_command(shop: Shop, clock: Clock) -> None:
    injecting(shop, "fee_off", "next_day")
    number = by_barcode(shop, clock)
    head, row = (line.split("\t") for line in run(shop, "--merchant", shop.merchants_id).stdout.splitlines())
    assert dict(zip(head[1:], row[1:])) == {
        "merchants_id": shop.merchants_id, "out_trade_no": number, "partner_transaction_id": number,
        "type": "P", "amount": "10.00", "fee": "0.06", "settles_at": f"{DAY}T07:00:00.000Z",
        "injected": "fee_off next_day"}
    told = json.loads(run(shop, "list", "--merchant", shop.merchants_id, "--end", DAY, "--json").stdout)
    assert told["items"] == truth(shop)


BAD_FILES = [
    (b"", "line 1: the first line must name the columns"),
    (b"number,sum\n1,2\n", "line 1: the first line must name"),
    (b"out_trade_no;amount\n1;2\n", "with commas between"),
    (b"out_trade_no,amount,amount\n", "line 1: the column amount is there twice"),
    (b"out_trade_no,amount\n1,1.00\n2\n", "line 3: has 1 cells, the first line has 2"),
    (b"out_trade_no,amount\n1,1.00\n\n2,1.005\n", "line 4: has the amount '1.005'"),
    (b"out_trade_no,amount\n1,\n", "line 2: has no amount"),
    (b"out_trade_no,amount\n,1.00\n", "line 2: has neither"),
    (b"out_trade_no,amount,fee\n1,1.00,free\n", "line 2: has the fee 'free'"),
    (b"out_trade_no,amount,settlement_date\n1,1.00,today\n", "line 2: has the settlement date 'today'"),
    (b"out_trade_no,amount\n1,1.00\n\xff,1\n", "line 3: is not UTF-8"),
    (b'out_trade_no,amount\n"1"x,1\n', "line 2: "), (b'out_trade_no,amount\n"1,1\n', "line 2: "),
    (None, "cannot be read: No such file")]


@pytest.mark.parametrize("content, words", BAD_FILES)
def test_a_file_that_is_no_list_is_told_in_one_sentence_with_the_line(
        shop: Shop, tmp_path: Path, content: bytes | None, words: str) -> None:
    file = tmp_path / "list.csv"
    if content is not None:
        file.write_bytes(content)
    done = run(shop, "check", str(file), "--merchant", shop.merchants_id)
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.output
    assert words in done.stderr and str(file) in done.stderr


def test_a_list_needs_a_merchant(shop: Shop, tmp_path: Path) -> None:
    done = run(shop, "check", written(tmp_path / "list.csv", "out_trade_no,amount"))
    assert (done.exit_code, "--merchant" in done.stderr) == (1, True)
