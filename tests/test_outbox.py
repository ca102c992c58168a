"""Contract 6: what an attempt makes of a notice, as a table."""
import json

import pytest

from tgpay_emulator.operations.outbox import Sent, next_step
from tgpay_emulator.store.post import Posted

MINUTE = 60_000
SCHEDULE = (4 * MINUTE, 10 * MINUTE)
AT, DUE = 1_000_000, 1_234_567


def posted(status: str, attempts: int, **how: int) -> Posted:
    return Posted(1, "m", "o", "trade_status_sync", "GET", "http://shop.example/", "", "", "", json.dumps(how) if how else "", 0, status,
                  attempts, DUE if status == "waiting" or how else None)


@pytest.mark.parametrize("status, attempts, taken, replay, after", [
    ("waiting", 0, True, False, ("taken", 1, None)),
    ("waiting", 0, False, False, ("waiting", 1, AT + 4 * MINUTE)),
    ("waiting", 1, False, False, ("waiting", 2, AT + 10 * MINUTE)),
    ("waiting", 2, False, False, ("failed", 3, None)),
    ("waiting", 2, True, False, ("taken", 3, None)),
    ("waiting", 1, True, True, ("taken", 1, None)),
    ("waiting", 1, False, True, ("waiting", 1, DUE)),
    ("failed", 3, False, True, ("failed", 3, None)),
    ("failed", 3, True, True, ("taken", 3, None)),
    ("taken", 1, False, True, ("taken", 1, None)),
    ("taken", 1, True, True, ("taken", 1, None)),
    ("taken", 1, False, False, ("taken", 2, None)),
])
def test_an_attempt_makes_this_of_a_notice(status: str, attempts: int, taken: bool, replay: bool, after: tuple) -> None:
    assert next_step(posted(status, attempts), taken, AT, SCHEDULE, replay) == after


@pytest.mark.parametrize("status, attempts, taken, replay, after", [
    ("waiting", 0, False, False, ("waiting", 1, AT + 4 * MINUTE)),
    ("waiting", 1, True, False, ("taken", 2, AT)),
    ("waiting", 1, False, False, ("waiting", 2, AT)),
    ("taken", 2, False, False, ("taken", 3, AT)),
    ("taken", 3, True, False, ("taken", 4, None)),
    ("taken", 3, False, False, ("taken", 4, None)),
    ("waiting", 3, False, False, ("waiting", 4, AT + 10 * MINUTE)),
    ("waiting", 4, False, False, ("failed", 5, None)),
    ("waiting", 4, True, False, ("taken", 5, None)),
    ("waiting", 1, True, True, ("taken", 1, DUE)),
    ("taken", 2, False, True, ("taken", 2, DUE)),
])
def test_of_one_that_is_lost_once_and_then_sent_three_times(status: str, attempts: int, taken: bool, replay: bool, after: tuple) -> None:
    assert next_step(posted(status, attempts, drop=1, times=3), taken, AT, SCHEDULE, replay) == after


@pytest.mark.parametrize("status, attempts, taken, replay, after", [
    ("waiting", 0, False, False, ("waiting", 1, AT + 4 * MINUTE)),
    ("waiting", 1, False, False, ("waiting", 2, AT + 10 * MINUTE)),
    ("waiting", 2, True, False, ("taken", 3, None)),
    ("waiting", 2, False, False, ("failed", 3, None)),
    ("waiting", 1, True, True, ("taken", 1, None)),
])
def test_of_one_that_is_lost_twice(status: str, attempts: int, taken: bool, replay: bool, after: tuple) -> None:
    assert next_step(posted(status, attempts, drop=2), taken, AT, SCHEDULE, replay) == after


def test_without_a_schedule_the_first_failure_is_the_last() -> None:
    assert next_step(posted("waiting", 0), False, AT, (), False) == ("failed", 1, None)


@pytest.mark.parametrize("status_code, answer, taken", [
    (200, "success", True), (200, "\tSuccess \r\n", True), (202, "SUCCESS", True), (299, "success", True),
    (199, "success", False), (300, "success", False), (404, "success", False), (None, "success", False),
    (200, "", False), (200, "successful", False), (200, "<b>success</b>", False),
])
def test_an_answer_takes_a_notice_when_it_is_a_2xx_that_says_success(status_code: int | None, answer: str, taken: bool) -> None:
    assert Sent(1, status_code, answer).taken("trade_status_sync") is taken
