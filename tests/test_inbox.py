"""The inbox of a merchant: the emulator itself receives, verifies, keeps and answers its notifications."""
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from .console.desk import Desk, words
from .driver import VISA, Clock, Control, Receiver, Server, Shop, md5_sign
from .tables import every_row

ADMIN, RED, BLUE = "admin-token-of-this-test", "red-token-of-this-test", "blue-token-of-this-test"


@pytest.fixture
def inbox(control: Control) -> Iterator[Shop]:
    """A merchant whose notifications go to its inbox."""
    made = control.shop(notify_url="inbox")
    yield made
    control.ask("DELETE", f"/merchants/{made.merchants_id}")


def arrived(shop: Shop, **query: object) -> list[dict[str, Any]]:
    """What is in a merchant's inbox, newest first."""
    items: list[dict[str, Any]] = shop.control.get(f"/merchants/{shop.merchants_id}/inbox", **query)["items"]
    return items


def tell(shop: Shop, answer: Any) -> Any:
    """Have the inbox answer so."""
    told = shop.control.ask("PUT", f"/merchants/{shop.merchants_id}/inbox", {"answer": answer})
    assert told.status == 200, told.text
    return told.json["answer"]


def paid(shop: Shop) -> str:
    """An order that was paid at once, and whose notification has been tried."""
    number = shop.pay_by_barcode()["out_trade_no"]
    shop.control.post("/notifications/flush")
    return str(number)


@every_row("order, notify_type, method", [
    (lambda shop: shop.pay_by_barcode(), "merchant_scan_status_sync", "GET"),
    (lambda shop: shop.h5_order(), "TGPay_MINI", "POST"),
    (lambda shop: shop.card_payment(), "bankcard", "POST"),
    (lambda shop: shop.at_terminal(), "webtoterminal", "POST")])
def test_each_kind_arrives_whole_verified_and_answered(inbox: Shop, clock: Clock, order: Any,
                                                       notify_type: str, method: str) -> None:
    number = order(inbox)["out_trade_no"]
    if notify_type == "TGPay_MINI":
        inbox.happens(number, "pay")
    clock.advance("1m")
    [item] = [each for each in arrived(inbox) if each["out_trade_no"] == number]
    assert (item["notify_type"], item["request"]["method"], item["attempt"]) == (notify_type, method, 1)
    assert item["fields"]["sign"] == md5_sign(item["fields"], inbox.token)
    assert (item["verified"], item["explanation"], item["delivered"]) == (True, None, True)
    assert item["answer"] == {"status": 200, "body": "success", "error": ""}
    [sent] = inbox.notifications(number)
    assert sent["status"] == "delivered"
    assert sent["request"]["url"].startswith(f"inbox://{inbox.merchants_id}")


def test_a_notify_url_of_the_request_wins_and_must_be_an_address(inbox: Shop, receiver: Receiver) -> None:
    inbox.pay_by_barcode(notify_url=receiver.url)
    receiver.wait_for(1)
    assert arrived(inbox) == []
    for word in ("inbox", "listen", f"inbox://{inbox.merchants_id}"):
        assert inbox.pay_by_barcode(notify_url=word)["error"] == "ILLEGAL_ARGUMENT"


@every_row("answer, told", [
    ("fail", [{"status": 200, "body": "fail"}]), (204, [{"status": 204, "body": "success"}]),
    (500, [{"status": 500, "body": ""}]),
    ({"status": 503, "body": "busy", "delay": "20ms"}, [{"status": 503, "body": "busy", "delay": "20ms"}]),
    (["no", 500, "success"], [{"status": 200, "body": "no"}, {"status": 500, "body": ""},
                              {"status": 200, "body": "success"}])])
def test_it_answers_what_it_is_told(inbox: Shop, answer: Any, told: Any) -> None:
    assert tell(inbox, answer) == told
    number = paid(inbox)
    [notification] = inbox.notifications(number)
    [attempt] = notification["attempts"]
    assert (attempt["status_code"], attempt["answer"]) == (told[0]["status"], told[0]["body"])
    assert attempt["delivered"] is (told[0]["status"] < 300 and told[0]["body"] == "success")
    assert attempt["findings"] == []


def test_an_answer_of_several_is_used_once_by_each_attempt_of_the_schedule(inbox: Shop, clock: Clock) -> None:
    tell(inbox, [500, "not yet", "success"])
    number = paid(inbox)
    clock.advance("15m")
    assert [(item["attempt"], item["answer"]["status"], item["answer"]["body"]) for item in arrived(inbox)
            if item["out_trade_no"] == number] == [
        (3, 200, "success"), (2, 200, "not yet"), (1, 500, "")]
    assert inbox.notifications(number)[0]["status"] == "delivered"


def test_one_that_takes_too_long_is_an_attempt_without_an_answer() -> None:
    with Server(notify_timeout="200ms") as server:
        shop = Control(server.url).shop(notify_url="inbox")
        tell(shop, {"delay": "10s"})
        [notification] = shop.notifications(paid(shop))
        assert "no complete answer within 0.2 s" in notification["attempts"][0]["error"]
        assert arrived(shop)[0]["answer"]["status"] is None


@every_row("answer", [None, [], {}, True, 99, 600, 2**70, {"status": "200"}, {"body": 7}, {"colour": "red"},
                      {"delay": "soon"}, {"delay": "2m"}, {"delay": -1}, "x" * 1_001, ["success"] * 21,
                      [["success"]], "\0", f"card {VISA}"])
def test_what_cannot_be_an_answer_is_refused_and_changes_nothing(inbox: Shop, answer: Any) -> None:
    if answer == {}:  # nothing in it differs from the usual answer
        assert tell(inbox, answer) == [{"status": 200, "body": "success"}]
        return
    refused = inbox.control.ask("PUT", f"/merchants/{inbox.merchants_id}/inbox", {"answer": answer})
    assert refused.status == 422 and "answer" in refused.json["errors"], refused.text
    assert VISA not in refused.text
    inbox.control.post("/reset", merchants_id=inbox.merchants_id)


@every_row("notify, reason", [({"wrong_sign": True}, "forged"), ({"altered": True}, "amount")])
def test_a_notification_that_a_scenario_forges_is_marked_with_the_reason(
        inbox: Shop, notify: Any, reason: str) -> None:
    inbox.plays({"name": "forged", "then": {"notify": notify}})
    number = paid(inbox)
    [item] = [each for each in arrived(inbox) if each["out_trade_no"] == number]
    assert item["verified"] is False and reason in item["explanation"]
    right = md5_sign(item["fields"], inbox.token)
    assert right != item["fields"]["sign"] and right in item["explanation"]


def test_lost_attempts_do_not_arrive_and_copies_arrive_each(inbox: Shop, clock: Clock) -> None:
    inbox.plays({"name": "twice", "then": {"notify": {"drop": 1, "duplicate": 2}}})
    number = paid(inbox)
    assert arrived(inbox) == []
    clock.advance("5m")
    assert [item["out_trade_no"] for item in arrived(inbox)] == [number, number]


def test_the_console_calls_an_injected_copy_a_duplicate_and_not_another_attempt(
        base_url: str, inbox: Shop, clock: Clock) -> None:
    inbox.plays({"name": "twice", "then": {"notify": {"drop": 1, "duplicate": 2}}})
    number = paid(inbox)
    clock.advance("5m")
    page = Desk(base_url).page("/inbox", merchants_id=inbox.merchants_id)
    told = [words(row) for row in page.xpath("//tbody/tr") if number in words(row)]
    assert ["Injected duplicate" in row for row in told] == [True, False] and "Attempt 2" in told[1]
    shown = Desk(base_url).page(page.xpath("//tbody/tr//a/@href")[0])
    assert "Injected duplicate" in words(shown.get_element_by_id("main"))


def test_the_body_of_a_later_attempt_is_shown_as_it_was_sent(inbox: Shop, clock: Clock) -> None:
    tell(inbox, [500, 200])
    number = inbox.at_terminal()["out_trade_no"]
    clock.advance("1m")
    found = [item for item in arrived(inbox) if item["out_trade_no"] == number]
    assert [(item["fields"]["recoveredTransaction"], item["verified"]) for item in found] == [
        ("true", True), ("false", True)]


def test_the_list_comes_in_pages_newest_first(inbox: Shop) -> None:
    numbers = [inbox.pay_by_barcode()["out_trade_no"] for _ in range(5)]
    inbox.control.post("/notifications/flush")
    seen, after = [], 0
    while after is not None:
        page = inbox.control.get(f"/merchants/{inbox.merchants_id}/inbox", after=after, limit=2)
        seen += [item["out_trade_no"] for item in page["items"]]
        after = page["next"]
    assert sorted(seen) == sorted(numbers) and len(seen) == len(set(seen))
    ids = [item["id"] for item in arrived(inbox)]
    assert ids == sorted(ids, reverse=True)


def test_a_reset_empties_it_and_restores_its_answer(inbox: Shop) -> None:
    tell(inbox, 500)
    paid(inbox)
    inbox.control.post("/reset", merchants_id=inbox.merchants_id)
    assert arrived(inbox) == []
    paid(inbox)
    assert arrived(inbox)[0]["answer"]["status"] == 200


def test_a_team_has_the_inboxes_of_its_own_merchants_only() -> None:
    with Server(control_token=ADMIN, tokens=f"red:team:{RED},blue:team:{BLUE}") as server:
        red, blue = Control(server.url, RED), Control(server.url, BLUE)
        shop = red.shop(notify_url="inbox")
        shop.pay_by_barcode()
        Control(server.url, ADMIN).post("/notifications/flush")
        assert len(arrived(shop)) == 1
        for method, body in (("GET", None), ("PUT", {"answer": 500})):
            assert blue.ask(method, f"/merchants/{shop.merchants_id}/inbox", body).status == 404


# In the console.

def test_a_merchant_made_in_the_console_has_the_inbox_and_one_made_by_a_program_has_none(
        base_url: str, control: Control, shop: Shop) -> None:
    desk = Desk(base_url)
    field = desk.page("/merchants").xpath("//input[@name='notify_url']")[0]
    assert field.get("value") == "inbox"
    made = desk.ask("POST", "/merchants", {"name": "QA", "notify_url": "inbox"}).headers["Location"]
    number = made.partition("?")[0].rpartition("/")[2]
    assert control.get(f"/merchants/{number}")["notify_url"] == "inbox"
    assert shop.made["notify_url"] == ""
    control.ask("DELETE", f"/merchants/{number}")


@every_row("language, right, wrong", [("en", "Signature valid", "Signature invalid"),
                                      ("zh", "签名正确", "签名错误")])
def test_the_console_shows_what_arrived_and_whether_it_may_be_believed(
        base_url: str, inbox: Shop, language: str, right: str, wrong: str) -> None:
    desk = Desk(base_url, language)
    good = paid(inbox)
    inbox.plays({"name": "forged", "then": {"notify": {"wrong_sign": True}}})
    forged = paid(inbox)
    page = desk.page("/inbox", merchants_id=inbox.merchants_id)
    shown = {words(row.xpath("td[4]")[0]): words(row.xpath("td[2]")[0]) for row in page.xpath("//tbody/tr")}
    assert (shown[good], shown[forged]) == (right, wrong)
    [link] = [row.xpath(".//a/@href")[0] for row in page.xpath("//tbody/tr")
              if words(row.xpath("td[4]")[0]) == forged]
    told = words(desk.page(link).xpath("//main")[0])
    item = next(each for each in arrived(inbox) if each["out_trade_no"] == forged)
    assert item["explanation"] in told and item["fields"]["sign"] in told
    inbox.control.ask("DELETE", "/scenario", merchants_id=inbox.merchants_id)


def test_the_code_that_the_console_shows_verifies_what_arrived(base_url: str, inbox: Shop) -> None:
    paid(inbox)
    item = arrived(inbox)[0]
    page = Desk(base_url).page(f"/inbox/{item['id']}")
    code = next(each for each in page.xpath("//details") if words(each.xpath("summary")[0]) == "Python")
    for fields, verified in ((item["fields"], True), ({**item["fields"], "total_fee": "9.99"}, False)):
        lines = code.xpath(".//pre")[0].text_content()
        program = f"import hashlib, hmac, os\nparams = {fields!r}\n{lines}\nprint(verified)"
        ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60,
                             env={"TGPAY_TOKEN": inbox.token})
        assert ran.stdout == f"{verified}\n", ran.stderr


def test_somebody_tells_the_inbox_in_the_console_what_to_answer(base_url: str, inbox: Shop) -> None:
    desk = Desk(base_url)
    said = desk.post(f"/inbox?merchants_id={inbox.merchants_id}", answer="500")
    assert said == "The inbox response was changed."
    paid(inbox)
    assert arrived(inbox)[0]["answer"]["status"] == 500


def test_a_number_that_is_no_status_is_refused_however_long_it_is(base_url: str, inbox: Shop) -> None:
    before = inbox.control.ask("PUT", f"/merchants/{inbox.merchants_id}/inbox", {"answer": 503}).json
    for answer in ("99", "9" * 10, "9" * 5_000):
        said = Desk(base_url).post(f"/inbox?merchants_id={inbox.merchants_id}", answer=answer)
        assert "status from 200 to 599" in said or "at most 1000 characters" in said
    paid(inbox)
    assert arrived(inbox)[0]["answer"]["status"] == before["answer"][0]["status"]


def test_what_is_not_there_is_not_found(control: Control, base_url: str, inbox: Shop) -> None:
    assert Desk(base_url).ask("GET", "/inbox/999999999").status == 404
    assert control.ask("GET", "/merchants/nobody/inbox").status == 404
    assert control.ask("PUT", "/merchants/nobody/inbox", {"answer": "success"}).status == 404
