"""`tgpay-emulator demo`: as it is started, and what happens when something does not hold."""
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from tgpay_emulator.cli import demo
from tgpay_emulator.cli.demo.program import STEPS
from tgpay_emulator.cli.demo.screen import Screen
from tgpay_emulator.cli.demo.stage import Stage, Step
from tgpay_emulator.gateway.endpoints import ENDPOINTS
from tgpay_emulator.signing.merchant_client import Receiver

from .tables import every_row

COMMAND = [sys.executable, "-m", "tgpay_emulator", "demo"]
# Ctrl-C works, also where the tests themselves run in the background, which ignores it.
FROM_A_TERMINAL = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from tgpay_emulator.cli import main
main(["demo"])
"""


@pytest.fixture(scope="module")
def printed() -> str:
    ended = subprocess.run([*COMMAND, "--once"], stdout=subprocess.PIPE, text=True, timeout=100,
                           env={**os.environ, "COLUMNS": "80"})
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


@pytest.fixture
def stage(receiver: Receiver) -> Stage:
    return Stage("http://127.0.0.1:1", Screen(), receiver)


@every_row("step", STEPS, ids=lambda step: step.title)
def test_each_step_is_shown_and_says_what_to_notification(printed: str, step: Step) -> None:
    assert f"] {step.title}" in printed
    assert step.notification in printed


@every_row("endpoint", ENDPOINTS.values(), ids=lambda endpoint: endpoint.name)
def test_each_endpoint_is_part_of_the_demo(printed: str, endpoint) -> None:
    assert f"{endpoint.path}?" in printed


def test_a_pipe_gets_plain_text_with_one_line_for_each_request(printed: str) -> None:
    assert "\x1b" not in printed
    assert all(line.endswith("'") for line in printed.splitlines() if line.startswith("curl"))


def test_everything_holds(printed: str) -> None:
    assert "✗" not in printed
    assert printed.rstrip().endswith(f"in {len(STEPS)} steps passed")


def test_a_check_that_does_not_hold_gives_status_1(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    steps = (Step("2", "Broken", lambda here: here.holds(1 + 1 == 3, "the sum is right"), "Look at it."),
             Step("3", "Sound", lambda here: here.holds(True, "the world is there"), "Also look at it."))
    assert demo.perform(stage, steps) == 1
    assert "✗ the sum is right" in (shown := capsys.readouterr().out)
    assert "✓ the world is there" in shown and "✗ 1 of 2 checks in 2 steps passed" in shown


def test_a_step_that_breaks_gives_status_1_and_the_others_go_on(
        stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    steps = (Step("2", "No server", lambda here: here.control("GET", "/health"), ""),
             Step("3", "Sound", lambda here: here.holds(True, "the world is there"), ""))
    assert demo.perform(stage, steps) == 1
    assert "✗ URLError" in (shown := capsys.readouterr().out)
    assert "✓ the world is there" in shown


@pytest.mark.exhaustive
def test_run_ends_with_the_status_of_its_steps() -> None:
    assert demo.run(True, (Step("", "Broken", lambda here: here.holds(False, "never"), ""),)) == 1
    assert demo.run(True, (Step("", "Sound",
                                lambda here: here.holds(here.control("GET", "/clock"), "the clock is told"),
                                ""),)) == 0


@pytest.mark.exhaustive
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 0), (signal.SIGTERM, 128 + signal.SIGTERM)])
def test_without_once_the_server_stays_until_it_is_told_to_end(number: signal.Signals, status: int) -> None:
    with subprocess.Popen([sys.executable, "-c", FROM_A_TERMINAL], stdout=subprocess.PIPE, text=True,
                          start_new_session=True) as running:
        assert running.stdout is not None
        try:
            lines = []
            while "Press Ctrl-C to stop." not in (line := running.stdout.readline()):
                assert line, "the demo ended by itself"
                lines.append(line)
            assert any("an order to pay in the wallet" in line for line in lines)
            for line, path in zip(lines[-2:], ("/demo", "/console"), strict=True):
                assert line.split()[0].endswith(path)
            running.send_signal(number)
            running.wait(30)
            assert running.returncode == status
            assert group_is_empty(running.pid)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)


def group_is_empty(group: int) -> bool:
    """Whether every process of the demo, its server included, has ended."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False
