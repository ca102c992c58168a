"""Contract 6: what an attempt makes of a notice, as a table."""
import pytest

from emulator.outbox import Sent, next_step
from emulator.store.post import Posted

MINUTE = 60_000
SCHEDULE = (4 * MINUTE, 10 * MINUTE)
AT, DUE = 1_000_000, 1_234_567


def posted(status: str, attempts: int) -> Posted:
    return Posted(1, "m", "o", "trade_status_sync", "GET", "http://shop.example/", "", "", "", "", 0, status, attempts,
                  DUE if status == "waiting" else None)


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


def test_without_a_schedule_the_first_failure_is_the_last() -> None:
    assert next_step(posted("waiting", 0), False, AT, (), False) == ("failed", 1, None)


@pytest.mark.parametrize("status_code, answer, taken", [
    (200, "success", True), (200, "\tSuccess \r\n", True), (202, "SUCCESS", True), (299, "success", True),
    (199, "success", False), (300, "success", False), (404, "success", False), (None, "success", False),
    (200, "", False), (200, "successful", False), (200, "<b>success</b>", False),
])
def test_an_answer_takes_a_notice_when_it_is_a_2xx_that_says_success(status_code: int | None, answer: str, taken: bool) -> None:
    assert Sent(1, status_code, answer).taken("trade_status_sync") is taken
