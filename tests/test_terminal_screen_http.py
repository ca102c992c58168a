"""The screen of a card terminal for a plain HTTP client: its acts, its stream, its receipt (contract 4 and
5.4).
"""
import json
import re
import sqlite3
import threading
import time
import unicodedata
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any
from urllib import request as http_client

import pytest
from lxml import html

from .driver import Answer, Clock, Control, Server, Shop, exchange, stream_at
from .tables import every_row

TOKEN = "s3cret"
ELSEWHERE = "https://elsewhere.example"
JSON = {"Accept": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ACTS = ("tap", "insert", "swipe", "pin", "approve", "decline", "cancel")
SWITCHES = ("attended", "unattended", "online", "offline")


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    """A server whose unattended terminals are quick."""
    with Server(autopilot="300ms,500ms,300ms,300ms") as server:
        yield server.url


def address(shop: Shop, path: str = "") -> str:
    return f"{shop.control.url}/terminal/{shop.first_terminal}{path}"


def get(shop: Shop, path: str = "", **headers: str) -> Answer:
    return exchange(address(shop, path), headers=headers)


def do(shop: Shop, act: str, headers: dict[str, str] = FORM) -> Answer:
    """An act as a form of the page posts it, or with JSON as headers as the page's script does."""
    return exchange(address(shop, f"/{act}"), "POST", b"", headers)


def begun(shop: Shop, amount: str = "12.00", **params: Any) -> str:
    """The number of an order whose transaction waits for people."""
    shop.attend()
    answer = shop.at_terminal(amount=amount, **params)
    assert answer["result_code"] == "202", answer.text
    return answer["out_trade_no"]


def told(shop: Shop) -> Any:
    """What the screen shows."""
    answer = get(shop, "/state")
    assert answer.status == 200
    return answer.json


# Acts.

def test_a_form_leads_back_to_the_page_and_the_script_is_told_what_is_shown(shop: Shop, clock: Clock) -> None:
    clock.freeze()
    begun(shop)
    answer = do(shop, "insert")
    assert (answer.status, answer.headers["Location"]) == (303, f"/terminal/{shop.first_terminal}")
    assert told(shop)["state"] == "READING_CARD"
    clock.advance("500ms")
    answer = do(shop, "pin", JSON)
    assert (answer.status, answer.json["state"], answer.json["possible"]) == (
        200, "AUTHORISING", ["approve", "decline"])


def test_a_form_keeps_the_language(shop: Shop) -> None:
    begun(shop)
    answer = do(shop, "cancel?lang=zh")
    assert (answer.status, answer.headers["Location"]) == (303, f"/terminal/{shop.first_terminal}?lang=zh")


# What brings the terminal into a state, on a clock that stands still, and what people can do then.
STATES: dict[str, tuple[list[str], set[str]]] = {
    "IDLE": ([], set()), "WAITING_FOR_CARD": (["sale"], {"tap", "insert", "swipe", "cancel"}),
    "READING_CARD": (["sale", "insert"], set()),
    "PIN_ENTRY": (["sale", "insert", "500ms"], {"pin", "cancel"}),
    "AUTHORISING": (["sale", "tap", "500ms"], {"approve", "decline"}),
    "APPROVED": (["sale", "tap", "500ms", "approve"], set()),
    "DECLINED": (["sale", "tap", "500ms", "decline"], set()), "CANCELLED": (["sale", "60s"], set()),
    "FAILED": (["sale", "tap", "500ms", "60s"], set())}


def brought(shop: Shop, clock: Clock, steps: list[str]) -> None:
    """The terminal after a sale, acts and durations."""
    clock.freeze()
    for step in steps:
        if step == "sale":
            begun(shop)
        elif step in ACTS:
            assert do(shop, step).status == 303
        else:
            clock.advance(step)


@every_row("state", STATES, apart=True)
def test_an_impossible_act_answers_409_changes_nothing_and_shows_what_is(
         shop: Shop, clock: Clock, state: str) -> None:
    steps, possible = STATES[state]
    brought(shop, clock, steps)
    before = told(shop)
    assert (before["state"], set(before["possible"])) == (state, possible)
    for act in set(ACTS) - possible:
        by_script, by_form = do(shop, act, JSON), do(shop, act)
        assert (by_script.status, by_script.json["state"], set(by_script.json["possible"])) == (
            409, state, possible), act
        assert (by_form.status, by_form.headers["Content-Type"]) == (409, "text/html; charset=utf-8"), act
        assert html.fromstring(by_form.text).find_class("device")[0].get("data-view") == state
    assert told(shop) == before


def test_at_a_terminal_that_is_offline_nothing_can_be_done(shop: Shop) -> None:
    begun(shop)
    do(shop, "offline")
    assert (told(shop)["online"], told(shop)["possible"], do(shop, "tap").status) == (False, [], 409)


@every_row("switch, field, value", [("attended", "attended", True), ("unattended", "attended", False),
                                    ("offline", "online", False), ("online", "online", True)])
def test_a_switch_is_turned_as_often_as_one_likes(shop: Shop, switch: str, field: str, value: bool) -> None:
    assert [do(shop, switch).status for _ in range(2)] == [303, 303]
    assert do(shop, switch, JSON).json[field] is value
    assert shop.terminal()[field] is value


def test_what_a_person_did_is_in_the_orders_history(shop: Shop, clock: Clock) -> None:
    brought(shop, clock, [])
    number = begun(shop)
    do(shop, "insert")
    clock.advance("500ms")
    do(shop, "pin")
    do(shop, "approve")
    history = [(line["event"], line["cause"]) for line in shop.story(number)["history"]]
    assert history[-3:] == [("present", "payer"), ("pin", "payer"), ("pay", "payer")]


# Who may.

@every_row("act", [*ACTS, *SWITCHES])
@every_row("origin", [ELSEWHERE, "null", "http://127.0.0.1:1"], apart=True)
def test_a_page_of_another_site_changes_nothing(shop: Shop, act: str, origin: str) -> None:
    begun(shop)
    before = shop.terminal()
    assert do(shop, act, {**FORM, "Origin": origin}).status == 403
    assert shop.terminal() == before


@every_row("method, path", [("GET", ""), ("GET", "/state"), ("GET", "/events"), ("GET", "/receipt.txt"),
                            *(("POST", f"/{act}") for act in (*ACTS, *SWITCHES))])
def test_a_terminal_that_is_none_is_not_found(control: Control, method: str, path: str) -> None:
    answers = [exchange(f"{control.url}/terminal/nobody{path}", method, headers=headers)
               for headers in (FORM, JSON)]
    assert [answer.status for answer in answers] == [404, 404]


def test_what_is_no_act_is_not_found_and_acts_are_not_done_by_following_a_link(shop: Shop) -> None:
    begun(shop)
    assert (do(shop, "kick").status, get(shop, "/tap").status, told(shop)["state"]) == (
        404, 405, "WAITING_FOR_CARD")


@pytest.fixture(scope="module")
def locked() -> Iterator[Control]:
    with Server(control_token=TOKEN) as server:
        yield Control(server.url, TOKEN)


def test_with_a_control_token_people_may_act_but_the_switches_are_for_its_holder(locked: Control) -> None:
    shop = locked.shop()
    begun(shop)
    page = html.fromstring(get(shop).text)
    assert not page.xpath("//button[@role='switch']") and page.xpath("//button[@data-act='tap']")
    assert [do(shop, switch).status for switch in SWITCHES] == [401] * 4
    assert (told(shop)["online"], told(shop)["attended"]) == (True, True)
    assert do(shop, "offline", {**FORM, "Authorization": f"Bearer {TOKEN}"}).status == 303
    assert told(shop)["online"] is False
    do(shop, "online", {**FORM, "Authorization": f"Bearer {TOKEN}"})
    assert do(shop, "cancel").status == 303


def test_the_page_has_a_strict_policy_and_no_inline_script_or_style(shop: Shop) -> None:
    page = get(shop)
    policy = dict(rule.strip().split(" ", 1) for rule in page.headers["Content-Security-Policy"].split(";"))
    assert (policy["default-src"], policy["script-src"], policy["style-src"],
            policy["connect-src"]) == ("'none'", *["'self'"] * 3)
    root = html.fromstring(page.text)
    assert not root.xpath("//style | //@style | //script[not(@src)] | //@onclick")


# The stream.

@contextmanager
def stream(shop: Shop, patience_s: float = 10) -> Iterator[Iterator[Any]]:
    """What the screen is sent, as it comes."""
    with stream_at(address(shop, "/events"), patience_s=patience_s) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        yield (json.loads(line[len("data: "):]) for line in answer if line.startswith(b"data: "))


def shown(event: Any) -> tuple[str, str]:
    transaction = event["transaction"]
    return event["state"], transaction["trade_status"] if transaction else ""


def test_the_stream_tells_at_once_what_the_control_interface_tells_and_how_long_people_have(
         shop: Shop, clock: Clock) -> None:
    brought(shop, clock, ["sale", "20s"])
    with stream(shop) as events:
        first = next(events)
    assert first == {**shop.terminal(), "left_ms": 40_000, "frozen": True}
    assert "first6" not in str(first["transaction"]["card"])


def test_the_stream_tells_every_change_once(shop: Shop, clock: Clock) -> None:
    clock.freeze()
    with stream(shop) as events:
        seen = [shown(next(events))]
        for act in (lambda: begun(shop), lambda: shop.person("insert"), lambda: clock.advance("500ms"),
                    lambda: shop.person("pin"),
                    lambda: shop.person("approve"), lambda: clock.advance("3s")):
            act()
            seen.append(shown(next(events)))
            # the terminal was made attended before its transaction began
            if seen[-1][0] == "IDLE" and len(seen) == 2:
                seen[-1] = shown(next(events))
    assert seen == [("IDLE", ""), ("WAITING_FOR_CARD", ""), ("READING_CARD", ""), ("PIN_ENTRY", ""),
                    ("AUTHORISING", ""),
                    ("APPROVED", "AUTHORISED"), ("IDLE", "AUTHORISED")]


def test_the_stream_of_an_unattended_terminal_moves_by_itself(shop: Shop) -> None:
    with stream(shop) as events:
        next(events)
        shop.at_terminal(amount="150.00")
        seen = ["WAITING_FOR_CARD"]
        while seen[-1] != "APPROVED":
            seen.append(shown(next(events))[0])
    course = ["WAITING_FOR_CARD", "READING_CARD", "PIN_ENTRY", "AUTHORISING", "APPROVED"]
    # a busy machine may miss one
    assert sorted(set(seen), key=course.index) == list(dict.fromkeys(seen)) and len(set(seen)) > 2


def test_the_stream_tells_when_the_clock_is_moved(shop: Shop, clock: Clock) -> None:
    begun(shop)
    with stream(shop) as events:
        assert 59_000 <= next(events)["left_ms"] <= 60_000
        clock.advance("30s")  # it may be told of instants on the way too
        event = next(event for event in events if event["left_ms"] < 50_000)
        assert (event["state"], 29_000 <= event["left_ms"] <= 30_000) == ("WAITING_FOR_CARD", True)
        clock.advance("31s")
        event = next(event for event in events if event["state"] != "WAITING_FOR_CARD")
        assert shown(event) == ("CANCELLED", "CANCELLED")


def test_a_stream_that_broke_goes_on_with_what_is_shown_then(shop: Shop, clock: Clock) -> None:
    brought(shop, clock, ["sale"])
    with stream(shop) as events:
        assert shown(next(events))[0] == "WAITING_FOR_CARD"
    do(shop, "tap")
    clock.advance("500ms")
    with stream(shop) as events:
        assert shown(next(events))[0] == "AUTHORISING"


def test_all_streams_of_a_terminal_tell_what_happened_through_any_process(shop: Shop, clock: Clock) -> None:
    brought(shop, clock, ["sale"])
    with ExitStack() as open_ones:
        screens = [open_ones.enter_context(stream(shop)) for _ in range(4)]  # two processes answer them
        assert {shown(next(events))[0] for events in screens} == {"WAITING_FOR_CARD"}
        do(shop, "swipe")
        assert [shown(next(events))[0] for events in screens] == ["READING_CARD"] * 4


def test_the_stream_of_a_terminal_that_is_removed_ends(control: Control) -> None:
    shop = control.shop()
    with stream(shop) as events:
        next(events)
        control.ask("DELETE", f"/merchants/{shop.merchants_id}")
        assert list(events) == []


def rows(path: Path) -> list[str]:
    """Everything in a database but the marks by which the emulator itself tidies it up."""
    with closing(sqlite3.connect(path)) as connection:
        return [line for line in connection.iterdump() if "upkeep_marks" not in line]


def test_a_screen_that_is_open_writes_nothing(tmp_path: Path) -> None:
    with Server(database=tmp_path / "db") as server, ExitStack() as open_ones:
        shop = Control(server.url).shop()
        begun(shop)
        for _ in range(3):
            next(open_ones.enter_context(stream(shop)))
        before = rows(tmp_path / "db")
        time.sleep(0.6)  # each screen looks six times
        assert rows(tmp_path / "db") == before


def test_streams_do_not_hold_up_payments_and_too_many_are_refused() -> None:
    with Server(waiting_limit=6) as server:
        shop = Control(server.url).shop()
        begun(shop)
        answers, done = [], threading.Event()

        def watch() -> None:
            try:
                with stream(shop, patience_s=0) as events:
                    answers.append(shown(next(events))[0])
                    done.wait(20)
            except http_client.HTTPError as refused:
                answers.append(str(refused.code))
                refused.close()

        watching = [threading.Thread(target=watch) for _ in range(30)]
        for thread in watching:
            thread.start()
        begin = time.monotonic()
        while len(answers) < 30 and time.monotonic() < begin + 10:
            time.sleep(0.01)
        paid = [shop.pay_by_barcode()["is_success"] for _ in range(5)]
        states = [told(shop)["state"] for _ in range(5)]
        took = time.monotonic() - begin
        done.set()
        for thread in watching:
            thread.join()
    assert (paid, states) == (["T"] * 5, ["WAITING_FOR_CARD"] * 5)
    assert set(answers) == {"WAITING_FOR_CARD", "503"}
    assert 6 <= answers.count("WAITING_FOR_CARD") <= 12  # six of each of two processes
    assert took < 5


# The receipt.

RULE = "-" * 32


def receipt(shop: Shop, language: str = "en") -> list[str]:
    answer = get(shop, f"/receipt.txt?lang={language}")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    return answer.text.split("\n")


def columns(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line)


# where the query's cardSchemeName is not the brand's own name
BRANDS = {"MasterCard": "Mastercard", "Diners": "Diners Club"}
NOON = "2026-01-31T12:00:00Z", "2026-01-31 20:00:"  # and how Shanghai, the zone of the settings, writes it


def ended(shop: Shop, clock: Clock, *steps: str, amount: str = "12.00", **params: Any) -> Answer:
    """The query of a transaction that went through acts and durations at noon."""
    clock.set(NOON[0])
    clock.freeze()
    number = begun(shop, amount, **params)
    for step in steps:
        if step in ACTS:
            assert do(shop, step).status == 303
        else:
            clock.advance(step)
    return shop.query(number)


def line(name: str, value: str) -> str:
    return name + value.rjust(32 - columns(name) + len(value) - columns(value))


def pair(name: str, value: str) -> list[str]:
    """A name and its value: on two lines where no blank would be left between them."""
    return [line(name, value)] if columns(name) + columns(value) < 32 else [name, line("", value)]


def card(result: Answer) -> str:
    return (f"{BRANDS.get(result['cardSchemeName'], result['cardSchemeName'])} **** "
            f"{result['maskedCardNumber'][-4:]}")


PAID = ("insert", "500ms", "pin", "approve")
READ = {
    "chip": (PAID, "Chip", "PIN"), "stripe": (("swipe", *PAID[1:]), "Magnetic stripe", "PIN"),
    "contactless": (("tap", "500ms", "approve"), "Contactless", "Contactless, no PIN")}


@every_row("steps, entry, verified", READ.values(), ids=READ)
def test_the_receipt_of_a_sale(shop: Shop, clock: Clock, steps: tuple[str, ...], entry: str,
                               verified: str) -> None:
    result = ended(shop, clock, *steps)
    merchant = shop.control.get(f"/merchants/{shop.merchants_id}")["name"]
    printed = receipt(shop)
    assert printed[0].strip() == merchant and printed[1].strip().startswith(NOON[1])
    assert printed[2:] == [
        "       *** SIMULATOR ***", RULE, line("Terminal", shop.first_terminal), line("Operation", "Sale"),
        line("Amount", "GBP 12.00"), line("Card", card(result)), line("Entry mode", entry),
        line("Verified by", verified), line("Authorisation", result["authorisationCode"]),
        line("Order", result["out_trade_no"]), "Transaction", line("", result["transactionResultId"]), RULE,
        "            Approved", "    Simulator: no real money", ""]


def test_the_receipt_in_chinese_counts_wide_characters_twice(control: Control, clock: Clock) -> None:
    shop = control.shop(name="海港街茶馆")
    result = ended(shop, clock, *PAID)
    printed = receipt(shop, "zh")
    control.ask("DELETE", f"/merchants/{shop.merchants_id}")
    assert printed[0] == "           海港街茶馆" and printed[1].strip().startswith(NOON[1])
    assert printed[2:] == [
        "        *** 模拟环境 ***", RULE, line("终端号", shop.first_terminal), line("交易类型", "消费"),
        line("金额", "GBP 12.00"), *pair("银行卡", card(result)), line("读卡方式", "芯片"), line("验证方式", "密码"),
        line("授权码", result["authorisationCode"]), line("订单号", result["out_trade_no"]), "交易参考号",
        line("", result["transactionResultId"]), RULE, "            交易成功",
        "    模拟环境，不涉及真实资金", ""]


ENDS: dict[str, tuple[str, tuple[str, ...], str, list[tuple[str, str]], str]] = {
    "declined": ("12.00", ("tap", "500ms", "decline"), "DECLINED",
                 [("Requested", "GBP 12.00"), ("Approved", "GBP 0.00")], "Declined"),
    "in part": ("37.57", ("tap", "500ms", "approve"), "PARTIAL_APPROVAL",
                [("Requested", "GBP 37.57"), ("Approved", "GBP 11.00")],
                "Partially approved"),
    "cancelled": ("12.00", ("cancel",), "CANCELLED", [("Requested", "GBP 12.00"), ("Approved", "GBP 0.00")],
                  "Cancelled"),
    "nobody came": ("12.00", ("61s",), "CANCELLED", [("Requested", "GBP 12.00"), ("Approved", "GBP 0.00")],
                    "Cancelled"),
    "failed": ("37.41", ("tap", "500ms", "approve"), "FAILED",
               [("Requested", "GBP 37.41"), ("Approved", "GBP 0.00")], "Failed"),
    "unknown": ("37.68", ("tap", "500ms", "approve"), "UNDEFINED",
                [("Requested", "GBP 37.68"), ("Approved", "GBP 0.00")],
                "Result unknown"),
    "known later": ("37.68", ("tap", "500ms", "approve", "10s"), "AUTHORISED", [("Amount", "GBP 37.68")],
                    "Approved")}


@every_row("amount, steps, status, amounts, says", ENDS.values(), ids=ENDS)
def test_the_receipt_says_how_it_ended(shop: Shop, clock: Clock, amount: str, steps: tuple[str, ...],
                                       status: str,
                                       amounts: list[tuple[str, str]], says: str) -> None:
    result = ended(shop, clock, *steps, amount=amount)
    printed = receipt(shop)
    assert result["trade_status"] == status
    assert [line(*pair) for pair in amounts] == [row for row in printed if "GBP" in row]
    assert printed[-4:-2] == [RULE, f"{' ' * ((32 - len(says)) // 2)}{says}"]
    assert any(row.startswith("Authorisation")
               for row in printed) is (status in ("AUTHORISED", "PARTIAL_APPROVAL"))
    assert any(row.startswith("Card") for row in printed) is ("tap" in steps)


def test_the_receipt_of_a_reversal_names_the_card_but_no_entry(shop: Shop, clock: Clock) -> None:
    sale = ended(shop, clock, *PAID)
    shop.at_terminal("saleReversal", None, original_out_trade_no=sale["out_trade_no"])
    clock.advance("1s")
    printed = receipt(shop)
    assert {line("Operation", "Sale reversal"), line("Amount", "GBP 12.00"),
            line("Card", card(sale))} <= set(printed)
    assert not [row for row in printed if row.startswith(("Entry mode", "Verified by"))]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_nothing_is_wider_than_the_paper(control: Control, clock: Clock, language: str) -> None:
    shop = control.shop(name="An extraordinarily long name of a 商店 that sells extraordinarilylongthings of "
                             "all kinds")
    number = shop.merchants_id + "x" * (64 - len(shop.merchants_id))
    ended(shop, clock, *PAID, amount="1000000.00", out_trade_no=number)
    printed = receipt(shop, language)
    control.ask("DELETE", f"/merchants/{shop.merchants_id}")
    assert max(map(columns, printed)) == 32
    assert number in "".join(row.strip() for row in printed)
    assert re.sub(" +", " ", " ".join(row.strip() for row in printed)).startswith(
        "An extraordinarily long name of a 商店 that sells")


def test_the_receipt_knows_nothing_of_the_card_but_brand_and_last_four(shop: Shop, clock: Clock) -> None:
    result = ended(shop, clock, *PAID)
    first6 = shop.terminal()["transaction"]["card"]["first6"]
    text = "\n".join(receipt(shop)).replace(result["transactionResultId"], "").replace(
        result["out_trade_no"], "")
    assert first6 not in text and result["maskedCardNumber"][-4:] in text


def test_there_is_no_receipt_before_the_first_result_nor_when_the_next_transaction_has_begun(
         shop: Shop, clock: Clock) -> None:
    assert get(shop, "/receipt.txt").status == 404
    result = ended(shop, clock, *PAID)
    clock.advance("1h")  # the terminal has been idle for long
    answer = get(shop, "/receipt.txt")
    assert answer.headers[
        "Content-Disposition"] == f"attachment; filename=receipt-{result['transactionResultId']}.txt"
    begun(shop)
    assert get(shop, "/receipt.txt").status == 404


def test_the_page_shows_the_receipts_text(shop: Shop, clock: Clock) -> None:
    ended(shop, clock, *PAID)
    for language in ("en", "zh"):
        paper, = html.fromstring(get(shop, f"?lang={language}").text).find_class("paper")
        assert paper.text.split("\n") == receipt(shop, language)
