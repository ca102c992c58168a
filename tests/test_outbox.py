"""Contract 6: what an attempt makes of a notification, as a table."""
import json

from tgpay_emulator.operations.outbox import DeliveryResult, next_step
from tgpay_emulator.store.notifications import StoredNotification

from .tables import every_row

MINUTE = 60_000
SCHEDULE = (4 * MINUTE, 10 * MINUTE)
AT, DUE = 1_000_000, 1_234_567


def posted(status: str, attempts: int, **how: int) -> StoredNotification:
    return StoredNotification(1, "m", "o", "trade_status_sync", "GET", "http://shop.example/", "", "", "",
                              json.dumps(how) if how else "", 0, status,
                              attempts, *[DUE if status == "pending" or how else None] * 2)


@every_row("status, attempts, delivered, replay, after", [
    ("pending", 0, True, False, ("delivered", 1, None)),
    ("pending", 0, False, False, ("pending", 1, AT + 4 * MINUTE)),
    ("pending", 1, False, False, ("pending", 2, AT + 10 * MINUTE)),
    ("pending", 2, False, False, ("failed", 3, None)),
    ("pending", 2, True, False, ("delivered", 3, None)),
    ("pending", 1, True, True, ("delivered", 1, None)),
    ("pending", 1, False, True, ("pending", 1, DUE)),
    ("failed", 3, False, True, ("failed", 3, None)),
    ("failed", 3, True, True, ("delivered", 3, None)),
    ("delivered", 1, False, True, ("delivered", 1, None)),
    ("delivered", 1, True, True, ("delivered", 1, None)),
    ("delivered", 1, False, False, ("delivered", 2, None)),
])
def test_an_attempt_makes_this_of_a_notification(status: str, attempts: int, delivered: bool, replay: bool,
                                                 after: tuple) -> None:
    assert next_step(posted(status, attempts), delivered, AT, SCHEDULE, replay) == after


@every_row("status, attempts, delivered, replay, after", [
    ("pending", 0, False, False, ("pending", 1, AT + 4 * MINUTE)),
    ("pending", 1, True, False, ("delivered", 2, AT)),
    ("pending", 1, False, False, ("pending", 2, AT)),
    ("delivered", 2, False, False, ("delivered", 3, AT)),
    ("delivered", 3, True, False, ("delivered", 4, None)),
    ("delivered", 3, False, False, ("delivered", 4, None)),
    ("pending", 3, False, False, ("pending", 4, AT + 10 * MINUTE)),
    ("pending", 4, False, False, ("failed", 5, None)),
    ("pending", 4, True, False, ("delivered", 5, None)),
    ("pending", 1, True, True, ("delivered", 1, DUE)),
    ("delivered", 2, False, True, ("delivered", 2, DUE)),
])
def test_of_one_that_is_lost_once_and_then_sent_three_times(
        status: str, attempts: int, delivered: bool, replay: bool, after: tuple) -> None:
    assert next_step(posted(status, attempts, drop=1, times=3), delivered, AT, SCHEDULE, replay) == after


@every_row("status, attempts, delivered, replay, after", [
    ("pending", 0, False, False, ("pending", 1, AT + 4 * MINUTE)),
    ("pending", 1, False, False, ("pending", 2, AT + 10 * MINUTE)),
    ("pending", 2, True, False, ("delivered", 3, None)),
    ("pending", 2, False, False, ("failed", 3, None)),
    ("pending", 1, True, True, ("delivered", 1, None)),
])
def test_of_one_that_is_lost_twice(status: str, attempts: int, delivered: bool, replay: bool,
                                   after: tuple) -> None:
    assert next_step(posted(status, attempts, drop=2), delivered, AT, SCHEDULE, replay) == after


def test_without_a_schedule_the_first_failure_is_the_last() -> None:
    assert next_step(posted("pending", 0), False, AT, (), False) == ("failed", 1, None)


@every_row("status_code, answer, delivered", [
    (200, "success", True), (200, "\tSuccess \r\n", True), (202, "SUCCESS", True), (299, "success", True),
    (199, "success", False), (300, "success", False), (404, "success", False), (None, "success", False),
    (200, "", False), (200, "successful", False), (200, "<b>success</b>", False),
])
def test_an_answer_takes_a_notification_when_it_is_a_2xx_that_says_success(
        status_code: int | None, answer: str, delivered: bool) -> None:
    assert DeliveryResult(1, status_code, answer).delivered("trade_status_sync") is delivered
