"""Notifications in the console: what was sent, every attempt, replay (contract 5.5)."""
import pytest

from ..driver import Clock, Receiver, Shop
from ..tables import every_row
from .desk import Desk, rows, words


def paid(shop: Shop) -> str:
    return shop.pay_by_barcode("8.00")["out_trade_no"]


def path_of(shop: Shop, number: str) -> str:
    """The page of an order's first notification."""
    return f"/notifications/{shop.notifications(number)[0]['id']}"


def test_notifications_are_listed_with_state_attempts_and_when_they_are_due_next(
         desk: Desk, notified: Shop, receiver: Receiver, clock: Clock) -> None:
    clock.set("2026-03-01T02:00:00Z")
    clock.freeze()
    receiver.answers = [(500, b"oops"), (200, b"success")]
    for _ in range(2):
        paid(notified)
        notified.control.post("/notifications/flush")
    taken, waiting = rows(desk.page("/notifications", merchants_id=notified.merchants_id))
    assert "merchant_scan_status_sync" in taken and "Delivered Attempts: 1" in taken
    assert "Not acknowledged, retrying HTTP 500 Attempts: 1" in waiting
    assert waiting.endswith(" 10:00:00 10:04:00")


def test_times_of_a_list_have_their_date_unless_it_is_today_and_the_head_of_the_column_names_the_zone(
        desk: Desk, notified: Shop, clock: Clock) -> None:
    clock.set("2026-03-01T02:00:00Z")
    clock.freeze()
    paid(notified)
    for view in ("orders", "notifications", "journal"):
        page = desk.page(f"/{view}", merchants_id=notified.merchants_id)
        assert "Time +08:00" in words(page.xpath("//thead")[0])
        time, *_ = page.xpath("//tbody//time")
        assert (words(time), time.get("title")) == ("10:00:00", "2026-03-01 10:00:00 +08:00")
    clock.set("2026-03-02T02:00:00Z")
    for view in ("orders", "notifications", "journal"):
        time, *_ = desk.page(f"/{view}", merchants_id=notified.merchants_id).xpath("//tbody//time")
        assert words(time) == "2026-03-01 10:00"


@pytest.mark.parametrize("status, count", [
    ("delivered", 1), ("retrying", 1), ("pending", 0), ("failed", 0), ("forged", 0), ("", 2)])
def test_the_state_narrows(desk: Desk, notified: Shop, receiver: Receiver, status: str, count: int) -> None:
    receiver.answers = [(500, b"oops"), (200, b"success")]
    for _ in range(2):
        paid(notified)
        notified.control.post("/notifications/flush")
    assert len(rows(desk.page("/notifications", merchants_id=notified.merchants_id, status=status))) == count


def test_a_notification_has_what_is_sent_and_every_attempt_with_its_answer(
         desk: Desk, notified: Shop, receiver: Receiver, clock: Clock) -> None:
    receiver.answers = [(500, b"<b>oops</b>"), (200, b"<html>thanks</html>"), (200, b"success")]
    number = paid(notified)
    clock.advance("4m")
    clock.advance("10m")
    page = desk.page(path_of(notified, number))
    attempts = [words(item) for item in page.get_element_by_id("attempts").iter("li")]
    assert [("Delivered" in attempt and "Not" not in attempt, "HTTP 500" in attempt)
            for attempt in attempts] == [(False, True), (False, False), (True, False)]
    assert "<b>oops</b>" in attempts[0] and "<html>thanks</html>" in attempts[1]
    assert f"GET {receiver.url}?" in words(page.xpath("//pre")[0]) and number in words(page.xpath("//pre")[0])


def test_a_replay_sends_it_once_more_and_shows_the_attempt(
        desk: Desk, notified: Shop, receiver: Receiver) -> None:
    number = paid(notified)
    receiver.wait_for(1)
    notified.control.post("/notifications/flush")  # the first attempt is written down
    path = path_of(notified, number)
    assert desk.post(f"{path}/replay").startswith("The notification was resent")
    assert len(receiver.wait_for(2)) == 2
    assert "resent manually" in words(list(desk.page(path).get_element_by_id("attempts").iter("li"))[-1])


def test_a_replay_from_an_orders_page_goes_back_to_it(desk: Desk, notified: Shop, receiver: Receiver) -> None:
    number = paid(notified)
    notified.control.post("/notifications/flush")
    form, = (form for form in desk.page(desk.order(notified, number)).iter("form")
             if "replay" in form.get("action"))
    answer = desk.ask("POST", form.get("action"), {})
    assert (answer.status, answer.headers["Location"]) == (303, f"/console{desk.order(notified, number)}")
    assert len(receiver.wait_for(2)) == 2


def test_a_notification_that_nobody_took_can_be_sent_again_when_it_is_given_up(
         desk: Desk, notified: Shop, receiver: Receiver, clock: Clock) -> None:
    receiver.answers = [(500, b"oops")]
    number = paid(notified)
    clock.advance("2d")
    failed = desk.page("/notifications", merchants_id=notified.merchants_id, status="failed")
    assert "Failed: retries exhausted" in rows(failed)[
        0]
    receiver.answers = [(200, b"success")]
    desk.post(f"{path_of(notified, number)}/replay")
    assert "Delivered" in rows(desk.page("/notifications", merchants_id=notified.merchants_id))[0]


def test_an_injected_duplicate_says_so_and_counts_as_no_further_attempt(
        desk: Desk, notified: Shop, receiver: Receiver, clock: Clock) -> None:
    clock.freeze()
    notified.plays(name="duplicate-notifications")
    number = paid(notified)
    notified.control.post("/notifications/flush")
    clock.advance("5m")
    page = desk.page(path_of(notified, number))
    told = [words(item) for item in page.get_element_by_id("attempts").iter("li")]
    assert [attempt.partition(" Delivered")[0].split(" ", 3)[3] for attempt in told] == [
        "Attempt 1", "Injected duplicate", "Injected duplicate", "Injected duplicate, sent later"]
    timeline = words(desk.page(desk.order(notified, number)).get_element_by_id("timeline"))
    assert "Attempt 2" not in timeline and timeline.count("Injected duplicate") == 3
    listed, = rows(desk.page("/notifications", merchants_id=notified.merchants_id))
    assert "Delivered Attempts: 4" in listed


def test_lost_attempts_and_retries_are_counted_beside_injected_duplicates(
        desk: Desk, notified: Shop, receiver: Receiver, clock: Clock) -> None:
    clock.freeze()
    receiver.answers = [(500, b"oops")]
    notified.plays({"then": {"notify": {"drop": 1, "times": 2, "duplicate": 2}}})
    number = paid(notified)
    clock.advance("15m")
    page = desk.page(path_of(notified, number))
    told = [words(item) for item in page.get_element_by_id("attempts").iter("li")]
    assert [attempt.partition(" Not")[0].split(" ", 3)[3] for attempt in told] == [
        "Attempt 1", "Attempt 2", *["Injected duplicate"] * 3, "Attempt 3", "Injected duplicate"]


@every_row("answer, listed, colour, told", [
    ((200, b"success"), "Forgery acknowledged", "bad", "does not check the signature"),
    ((400, b"bad sign"), "Forgery refused", "good", "Refused, as it should be")], apart=True)
def test_a_forgery_is_marked_and_to_acknowledge_it_is_wrong(
        desk: Desk, receiver: Receiver, shop: Shop, answer: tuple[int, bytes], listed: str, colour: str,
        told: str) -> None:
    shop.control.ask("PATCH", f"/merchants/{shop.merchants_id}", {"notify_url": receiver.url})
    receiver.answers = [answer]
    shop.plays({"then": {"notify": {"wrong_sign": True}}})
    number = paid(shop)
    shop.control.post("/notifications/flush")
    page = desk.page("/notifications", merchants_id=shop.merchants_id, status="forged")
    pill, = page.xpath("//td[contains(@class, 'state')]/span")
    assert (words(pill), pill.get("class")) == (listed, f"pill {colour}")
    shown = words(desk.page(path_of(shop, number)).get_element_by_id("main"))
    assert "A scenario forged this notification" in shown and told in shown
    codes = [item["code"] for item in shop.control.get("/findings", merchants_id=shop.merchants_id)["items"]]
    assert codes == (["FORGED_ACKNOWLEDGED"] if colour == "bad" else [])
    moment, = desk.page(desk.order(shop, number)).find_class("attempt")
    assert colour in moment.get("class").split()
