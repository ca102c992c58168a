"""An order's page: its whole story in the order of time, and what can be done to it (contract 5.5)."""
import shlex
import subprocess
from typing import Any

import pytest

from ..driver import VISA, Clock, Receiver, Shop, card_of, exchange
from ..tables import every_row
from .desk import Desk, misjoined, told, words


def happened(page: Any) -> list[Any]:
    """The items of the timeline, without the days between them."""
    return list(page.xpath("//ol[@id='timeline']/li[not(starts-with(@class, 'day'))]"))


def moments(page: Any) -> list[str]:
    """What the timeline tells, each without its time."""
    return [words(item.find("div")) for item in happened(page)]


def acts(page: Any) -> list[str]:
    """The buttons of the page that let something happen."""
    return [words(button) for button in page.get_element_by_id("acts").iter("button")]


def test_the_story_has_requests_moves_notifications_refunds_and_settlement_in_the_order_of_time(
         desk: Desk, notified: Shop, receiver: Receiver, clock: Clock) -> None:
    clock.freeze()
    receiver.answers = [(500, b"oops"), (200, b"success")]
    number = notified.qr_order("10.00", reference="Watch")["out_trade_no"]
    receiver.wait_for(1)
    clock.advance("1m")
    notified.happens(number, "pay")
    clock.advance("4m")
    notified.refund(number, "4.00", refund_reson="too big")
    clock.advance("1m")
    page = desk.page(desk.order(notified, number))
    story = moments(page)
    expected = ["tgpayqrcode OK", "Order created By tgpayqrcode",
                "trans_qrcode_create_sync Attempt 1 Not acknowledged", "Paid Manually",
                "trade_status_sync Attempt 1 Delivered", "trans_qrcode_create_sync Attempt 2 Delivered",
                "tgpayrefund OK", "Partially refunded By tgpayrefund Amount £4.00 = ¥36.30",
                "Payment settled £10.00 · fee £0.06", "Refund settled -£4.00 · fee £0.00 · -¥36.30"]
    places = [next((place for place, moment in enumerate(story) if moment.startswith(begin)), begin)
              for begin in expected]
    assert places == sorted(places)
    assert "oops" in story[places[2]] and "too big" in story[places[7]]
    times = [item.find("time").get("datetime") for item in happened(page)]
    assert times == sorted(times)
    top = words(page.get_element_by_id("main"))
    assert all(text in top for text in ("£10.00 = ¥90.75", "1 GBP = 9.0748 CNY", "Partially refunded",
                                        "Watch"))


def test_what_is_still_to_come_stands_after_now(desk: Desk, shop: Shop) -> None:
    page = desk.page(desk.order(shop, shop.h5_order()["out_trade_no"]))
    upcoming, = page.find_class("upcoming")
    assert "Expires Automatically" in words(upcoming)
    assert len(upcoming.xpath("preceding-sibling::li[@class='day now']")) == 1


def test_a_terminals_steps_are_told_also_of_the_attempt_before(desk: Desk, shop: Shop, clock: Clock) -> None:
    clock.freeze()
    number = shop.at_terminal(amount="37.84")["out_trade_no"]
    clock.advance("30s")
    shop.at_terminal(amount="12.00", out_trade_no=number)
    clock.advance("30s")
    story = moments(desk.page(desk.order(shop, number)))
    steps = [moment.split(": ")[0].split(" ", 2)[2] for moment in story if moment.startswith("Terminal ")]
    assert [step for step in steps if step in ("declined", "approved")] == ["declined", "approved"]
    assert steps.count("waiting for card") == 2


def test_a_refused_signature_is_explained_in_the_story(desk: Desk, shop: Shop) -> None:
    number = shop.qr_order()["out_trade_no"]
    shop.send("tgpayqrcode", misjoined(shop, out_trade_no=number))
    story = moments(desk.page(desk.order(shop, number)))
    assert any("ILLEGAL_SIGN" in moment and "the token was appended as &key=; append only its value" in moment
               for moment in story)


def test_the_rule_that_fitted_is_told_and_of_others_why_not(desk: Desk, shop: Shop) -> None:
    rules = [{"name": "dear ones", "when": {"trans_amount": "900.00"}, "then": {"delay": "1ms"}},
             {"name": "all of them", "when": {"endpoint": "tgpayqrcode"}, "then": {"delay": "1ms"}}]
    assert shop.control.ask("PUT", "/scenario", {"rules": rules},
                            merchants_id=shop.merchants_id).status == 200
    number = shop.qr_order()["out_trade_no"]
    first = moments(desk.page(desk.order(shop, number)))[0]
    assert "Matched rule: all of them {\"delay\": \"1ms\"}" in first
    assert "dear ones" in first and "900.00" in first


@every_row("injected, told", [
    ("fee_off", "Injected: fee off by a penny"), ("missing", "Injected: row missing"),
    ("next_day", "Injected: one day late")])
def test_what_a_scenario_has_injected_in_the_settlement_is_told(
        desk: Desk, shop: Shop, injected: str, told: str) -> None:
    rules = [{"name": "off", "when": {"endpoint": "tgpaybarcode"}, "then": {"settlement": injected}}]
    assert shop.control.ask("PUT", "/scenario", {"rules": rules},
                            merchants_id=shop.merchants_id).status == 200
    page = desk.page(desk.order(shop, shop.pay_by_barcode("8.00")["out_trade_no"]))
    settled, = (moment for moment in moments(page) if moment.startswith("Payment settled"))
    assert told in settled
    assert ("Row in the settlement file" in settled) == (injected != "missing")
    assert ("correct:" in settled) == (injected == "next_day")


def test_a_request_is_copied_as_a_command_that_answers_as_it_did(desk: Desk, shop: Shop) -> None:
    order = shop.qr_order("8.00", reference="it's \"quoted\" & more")
    page = desk.page(desk.order(shop, order["out_trade_no"]))
    command, = (button.get("data-copy") for button in page.find_class("copy")
                if words(button) == "Copy as curl")
    again = subprocess.run(shlex.split(command), capture_output=True, text=True, check=True).stdout
    assert order["qr_code"] in again
    assert shop.token not in command


@pytest.mark.parametrize("ask", ["s2s", "url"])
def test_card_data_is_left_out_of_the_command_with_a_note(desk: Desk, shop: Shop, ask: str) -> None:
    paid = shop.card_payment(method={"s2s": "POST", "url": "GET"}[ask])
    text = desk.ask("GET", desk.order(shop, paid["out_trade_no"])).text
    assert VISA not in text and "4111 1111" not in text
    command = next(part.get("data-copy")
                   for part in desk.page(desk.order(shop, paid["out_trade_no"])).find_class("copy")
                   if "curl" in part.get("data-copy"))
    assert command.startswith("# without pay_info, which is not kept\n")
    assert "pay_info" not in command.partition("\n")[2]


# What can be done.

def wallet(shop: Shop) -> str:
    return shop.qr_order("8.00")["out_trade_no"]


def paid(shop: Shop) -> str:
    return shop.pay_by_barcode("8.00")["out_trade_no"]


def cashier(shop: Shop) -> str:
    return shop.card_order("8.00")["out_trade_no"]


def charged(shop: Shop) -> str:
    return shop.card_payment()["out_trade_no"]


def challenged(shop: Shop) -> str:
    return shop.card_payment(card_of("3200", "00000"))["out_trade_no"]


def reviewed(shop: Shop) -> str:
    return shop.card_payment(card_of("3200", "00001"))["out_trade_no"]


def at_terminal(shop: Shop) -> str:
    shop.attend()
    return shop.at_terminal()["out_trade_no"]


def declined(shop: Shop) -> str:
    return shop.card_payment(card_of("3084", "00000"))["out_trade_no"]


@pytest.mark.parametrize("make", [wallet, paid, cashier, charged, reviewed, at_terminal, declined])
def test_a_chinese_timeline_has_no_names_of_the_program(desk: Desk, shop: Shop, make: Any) -> None:
    number = make(shop)
    page = Desk(desk.url, "zh").page(desk.order(shop, number))
    names = [words(name) for name in page.xpath("//dl[@class='told-of']//dt")]
    assert names and [name for name in names if name.replace("_", "").isascii()] == []
    if make is declined:
        assert "出示了返回码 3084 的测试卡" in words(page.get_element_by_id("timeline"))


ACTS = [
    (wallet, "pay", {}, "The order was paid.", "TRADE_SUCCESS"),
    (wallet, "decline", {"reason": "BEYOND_PAY_RESTRICTION"}, "The payment was declined.", "WAIT_BUYER_PAY"),
    (wallet, "expire", {}, "The order expired.", "TRADE_CLOSED"),
    (wallet, "close", {}, "The order was closed.", "TRADE_CLOSED"),
    (wallet, "cancel", {}, "The order was cancelled.", "TRADE_CLOSED"),
    (paid, "cancel", {}, "The order was cancelled.", "TRADE_CLOSED"),
    (paid, "refund", {"amount": "3.00", "reason": "too big"}, "Refunded: £3.00", "TRADE_SUCCESS"),
    (paid, "refund", {"amount": "8"}, "Refunded: £8.00", "TRADE_CLOSED"),
    (cashier, "pay", {}, "The order was paid.", "TRADE_SUCCESS"),
    (cashier, "decline", {"reason": "3084"}, "The payment was declined.", "TRADE_CLOSED"),
    (reviewed, "approve", {}, "The payment was approved.", "TRADE_SUCCESS"),
    (reviewed, "refuse", {}, "The payment was refused.", "TRADE_CLOSED"),
    (charged, "chargeback", {}, "The payment was charged back.", "TRADE_SUCCESS"),
    (at_terminal, "pay", {}, "The order was paid.", "TRADE_SUCCESS"),
    (at_terminal, "decline", {}, "The payment was declined.", "TRADE_CLOSED"),
    (at_terminal, "cancel", {}, "The order was cancelled.", "TRADE_CLOSED"),
]


@pytest.mark.exhaustive
@every_row("make, act, fields, sentence, status", ACTS)
def test_an_act_is_offered_done_and_told(desk: Desk, shop: Shop, make: Any, act: str, fields: dict[str, str],
                                         sentence: str,
                                         status: str) -> None:
    number = make(shop)
    path = desk.order(shop, number)
    assert any(f"{path}/{act}" in form.get("action")
               for form in desk.page(path).get_element_by_id("acts").iter("form"))
    assert desk.post(f"{path}/{act}", **fields) == sentence
    story = shop.story(number)
    assert story["status"] == status
    if "reason" in fields and act != "refund":
        assert fields["reason"] in (story["error"], story["card"] and story["card"]["resp_code"])
    assert told(desk.page(path)) == ""  # it is said once


@every_row("make, act, fields, sentence", [
    (paid, "pay", {}, "TRADE_HAS_SUCCESS: order {} is paid already"),
    (paid, "chargeback", {}, "chargeback is for card orders; this one was created by tgpaybarcode"),
    (paid, "refund", {"amount": "8.01"},
     "REASON_TRADE_REFUND_FEE_ERR: refund_amount 8.01 exceeds the 8.00 that is left of the payment"),
    (paid, "refund", {"amount": "-1"}, "refund_amount: '-1' is not a decimal number with at most two places"),
    (wallet, "refund", {"amount": "1"}, "TRADE_STATUS_ERROR: order {} is not paid"),
    (wallet, "dance", {}, "dance is not an event; the events are pay, decline, expire, close, approve, "
                          "refuse, "
                          "chargeback"),
    (wallet, "decline", {"reason": "BORED"}, "error must be one of BUYER_BALANCE_NOT_ENOUGH"),
])
def test_what_is_impossible_changes_nothing_and_is_told(desk: Desk, shop: Shop, make: Any, act: str,
                                                        fields: dict[str, str],
                                                        sentence: str) -> None:
    number = make(shop)
    before = shop.story(number)
    assert desk.post(f"{desk.order(shop, number)}/{act}", **fields).startswith(sentence.format(number))
    assert shop.story(number) == before


def test_a_refund_sent_twice_from_the_same_page_gives_back_once(desk: Desk, shop: Shop) -> None:
    number = paid(shop)
    path = desk.order(shop, number)
    once, = (field.get("value") for field in desk.page(path).xpath("//input[@name='number']"))
    for _ in range(2):
        assert desk.post(f"{path}/refund", amount="3.00", number=once) == "Refunded: £3.00"
    assert shop.story(number)["refund_amount"] == "3.00"
    again, = (field.get("value") for field in desk.page(path).xpath("//input[@name='number']"))
    desk.post(f"{path}/refund", amount="3.00", number=again)
    assert shop.story(number)["refund_amount"] == "6.00"


@every_row("make, offered", [
    (wallet, {"Pay": "The buyer pays", "Decline": "fails for this reason", "Expire": "time limit passes",
              "Close": "The gateway closes", "Cancel (merchant)": "as tgpaycancel does"}),
    (cashier, {"Pay": "The payer presents a card and the issuer approves it",
               "Decline": "the issuer declines it", "Expire": "", "Close": "", "Cancel (merchant)": ""}),
    (challenged, {"Approve": "The issuer approves", "Refuse": "The issuer declines",
                  "Expire": "time limit passes", "Close": "", "Cancel (merchant)": ""}),
    (reviewed, {"Approve": "The merchant accepts", "Refuse": "The merchant refuses",
                "Expire": "time for the review passes", "Close": "", "Cancel (merchant)": ""}),
    (at_terminal, {"Pay": "presented at the terminal", "Decline": "declined", "Expire": "No card is",
                   "Close": "ends on the terminal", "Cancel (merchant)": ""}),
    (charged, {"Refund": "", "Charge back": "code 3200, without a notification",
               "Cancel (merchant)": "is refunded"})], apart=True)
def test_each_action_says_what_it_stands_for(desk: Desk, shop: Shop, make: Any,
                                             offered: dict[str, str]) -> None:
    forms = desk.page(desk.order(shop, make(shop))).get_element_by_id("acts").iter("form")
    told = {words(next(form.iter("button"))): words(form) for form in forms}
    assert list(told) == list(offered)
    for name, sentence in offered.items():
        assert sentence in told[name], told[name]


@every_row("make, first", [
    (wallet, ["Pay", "Decline"]), (reviewed, ["Approve", "Refuse"]), (at_terminal, ["Pay", "Decline"]),
    (charged, ["Refund"])])
def test_the_likely_actions_come_first_and_the_others_open_with_a_click(
        desk: Desk, shop: Shop, make: Any, first: list[str]) -> None:
    shown = desk.page(desk.order(shop, make(shop))).get_element_by_id("acts")
    more = [words(button) for button in shown.xpath(".//details//button")]
    assert [words(summary) for summary in shown.iter("summary")] == ["More actions"]
    assert [words(button) for button in shown.iter("button")] == [*first, *more]
    assert "Cancel (merchant)" in more


@pytest.mark.parametrize("make, reason", [(wallet, "买家余额不足"), (cashier, "3084 账户余额不足")])
def test_reasons_of_a_failure_are_in_the_language_of_the_page(
        desk: Desk, shop: Shop, make: Any, reason: str) -> None:
    page = Desk(desk.url, "zh").page(desk.order(shop, make(shop)))
    assert reason in [words(option) for option in page.xpath("//select[@name='reason']/option")]


def test_the_history_of_a_payment_without_a_review_claims_none(desk: Desk, shop: Shop) -> None:
    for event in ("approve", "refuse", "expire"):
        number = challenged(shop)
        assert shop.happens(number, event).status == 200
        for language, review in (("en", "eview"), ("zh", "审核")):
            page = Desk(desk.url, language).page(desk.order(shop, number))
            changes = [words(item) for item in page.find_class("change")]
            assert not [change for change in changes if review in change]


def test_a_chargeback_explains_itself(desk: Desk, shop: Shop) -> None:
    number = charged(shop)
    shop.happens(number, "chargeback")
    page = desk.page(desk.order(shop, number))
    top = words(page.get_element_by_id("order"))
    assert all(text in top for text in ("3200", "no notification is sent", "the payment is still settled"))
    assert "3200 Charged back" in words(page.get_element_by_id("facts"))


def test_a_partial_approval_has_both_amounts_at_the_top(desk: Desk, shop: Shop, clock: Clock) -> None:
    number = shop.at_terminal(amount="37.57")["out_trade_no"]
    clock.advance("30s")
    top = words(desk.page(desk.order(shop, number)).get_element_by_id("order"))
    assert "£11.00 of £37.57 requested" in top and "Partially approved" in top


def test_a_failed_order_offers_what_may_be_done_with_its_number(
        desk: Desk, shop: Shop, clock: Clock) -> None:
    failed = cashier(shop)
    shop.happens(failed, "decline")
    at_counter = shop.at_terminal(amount="37.79")["out_trade_no"]
    clock.advance("30s")
    for number, links in ((failed, ["Present another card", "Send the request again"]),
                          (declined(shop), ["Send the request again"]),
                          (at_counter, ["Send the request again"])):
        acts_of = desk.page(desk.order(shop, number)).get_element_by_id("acts")
        assert [words(link) for link in acts_of.iter("a")] == links
        assert "No actions available" not in words(acts_of)
        again = desk.page(list(acts_of.iter("a"))[-1].get("href"))
        sent = {field.get("name"): field.get("value") for field in again.xpath("//form[@id='send']//input")}
        endpoint = again.xpath("//form[@id='send']/@action")[0].rpartition("/")[2].removesuffix(".php")
        answer = shop.send(endpoint, sent, "POST")
        assert (answer["is_success"], answer["out_trade_no"]) == ("T", number), answer.text
    cards = desk.page(desk.order(shop, failed)).get_element_by_id("acts")
    assert "Pay" in [words(button) for button in cards.iter("button")]  # it is open again


def test_only_an_open_order_says_when_it_expires(desk: Desk, shop: Shop) -> None:
    number = shop.qr_order()["out_trade_no"]
    facts = words(desk.page(desk.order(shop, number)).get_element_by_id("facts"))
    assert "Expires 20" in facts and "Closed" not in facts
    shop.happens(number, "expire")
    facts = words(desk.page(desk.order(shop, number)).get_element_by_id("facts"))
    assert "Expires" not in facts and "Closed 20" in facts


def test_only_what_is_possible_is_offered(desk: Desk, shop: Shop) -> None:
    number = wallet(shop)
    path = desk.order(shop, number)
    assert acts(desk.page(path)) == ["Pay", "Decline", "Expire", "Close", "Cancel (merchant)"]
    desk.post(f"{path}/pay")
    assert acts(desk.page(path)) == ["Refund", "Cancel (merchant)"]
    desk.post(f"{path}/refund", amount="8.00")
    assert acts(desk.page(path)) == []
    assert "No actions available." in words(desk.page(path).get_element_by_id("acts"))


@every_row("origin, status", [("https://evil.example", 403), ("null", 403), (None, 303), ("own", 303)])
def test_a_page_of_another_site_changes_nothing(desk: Desk, shop: Shop, origin: str | None,
                                                status: int) -> None:
    number = wallet(shop)
    headers = {} if origin is None else {"Origin": desk.url if origin == "own" else origin}
    assert desk.ask("POST", f"{desk.order(shop, number)}/pay", {}, headers).status == status
    assert shop.story(number)["status"] == ("TRADE_SUCCESS" if status == 303 else "WAIT_BUYER_PAY")


def test_an_act_is_no_get(desk: Desk, shop: Shop) -> None:
    number = wallet(shop)
    assert desk.ask("GET", f"{desk.order(shop, number)}/pay").status in (404, 405)
    assert shop.story(number)["status"] == "WAIT_BUYER_PAY"


def test_what_the_payer_sees_is_a_link_that_leads_there(desk: Desk, shop: Shop) -> None:
    for make in (wallet, cashier, at_terminal):
        page = desk.page(desk.order(shop, make(shop)))
        link, = page.xpath("//a[@target]")
        assert exchange(f"{desk.url}{link.get('href')}").status == 200
