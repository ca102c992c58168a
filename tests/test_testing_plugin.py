"""The plugin for pytest, and the page about tests: a shop's suite as its users run it."""
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tgpay_emulator.testing import (
    Client, Clock, ControlError, Merchant, Notification, Receiver, Refused, Server)

from .tables import every_row
from .test_testing import CLOCK_BODY, answers, ends

ROOT = Path(__file__).parent.parent
EXAMPLE = re.compile(r"^```python\n# (\w+\.py)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TEST = re.compile(r"^def (test_\w+)\(.*?(?=^def |\Z)", re.MULTILINE | re.DOTALL)
HAS_MERCHANTS_CLOCK = "merchants_id" in CLOCK_BODY["properties"]
FAILING = """
def test_it(tgpay, tgpay_receiver):
    tgpay_receiver.reply(500)
    order = tgpay.order_number()
    tgpay.call("tgpayqrcode", out_trade_no=order, trans_amount="1.00", pay_type="alipay")
    tgpay_receiver.wait_for(order)
    tgpay.client.flush()
    tgpay.call("tgpayrefund", out_trade_no=order, refund_amount="1.00")
"""
TWO = """
import os, pathlib, time

def note(tgpay):
    pathlib.Path(f"{os.getpid()}.url").write_text(tgpay.client.url)
    end = time.monotonic() + 20
    while len(list(pathlib.Path().glob("*.url"))) < 2 and time.monotonic() < end:
        time.sleep(0.05)

def test_one(tgpay):
    note(tgpay)

def test_two(tgpay):
    note(tgpay)
"""
STRICT = """
def test_its_settings(tgpay):
    answer = tgpay.call("tgpayqrcode", check=False, out_trade_no="1", trans_amount="1.00")
    assert "it_b_pay" in answer["detail_error_des"]
"""
SLEEPING = """
import pathlib, time

def test_it(tgpay):
    pathlib.Path("new").write_text(tgpay.client.url)
    pathlib.Path("new").rename("url")
    time.sleep(60)
"""


def written(folder: Path) -> dict[str, str]:
    """The files of the page about tests; returns their texts by their names."""
    files = dict(EXAMPLE.findall((ROOT / "docs" / "testing.md").read_text(encoding="utf-8")))
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return files


def environment(url: str = "") -> dict[str, str]:
    """The environment of a user, whose emulator is at an address."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("TGPAY_", "PYTEST_"))}
    return {**plain, "TGPAY_URL": url} if url else plain


def run(folder: Path, *arguments: str, url: str = "") -> str:
    """What pytest prints for the tests of a folder."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:faker", *arguments]
    ran = subprocess.run(command, cwd=folder, env=environment(url), stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, timeout=100)
    return ran.stdout


def deselected(files: dict[str, str]) -> list[str]:
    """Flags that leave out the tests of a merchant's clock where the emulator has none."""
    tests = [(name, test) for name, text in files.items() for test in TEST.finditer(text)]
    return [f"--deselect={name}::{test[1]}" for name, test in tests
            if ".clock." in test[0] and not HAS_MERCHANTS_CLOCK]


def test_the_shop_of_the_page_has_15_tests_that_pass_without_a_conftest(tmp_path: Path,
                                                                        base_url: str) -> None:
    files = written(tmp_path)
    assert "conftest.py" not in files and len(TEST.findall(files["test_shop.py"])) == 15
    left_out = deselected(files)
    printed = run(tmp_path, "-q", "-W", "error", *left_out, url=base_url)
    number = sum(len(TEST.findall(text)) for text in files.values()) + 1  # and that of unittest
    assert f"{number - len(left_out)} passed" in printed, printed


@every_row("of", [Client, Merchant, Receiver, Notification, Server, Clock, ControlError, Refused], ids=str)
def test_the_page_names_every_public_method(of: type) -> None:
    page = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
    named = {word for span in re.findall(r"`([^`\n]+)`", page) for word in re.findall(r"\w+", span)}
    fields = {*vars(of), *getattr(of, "__annotations__", {})}
    assert {name for name in fields if not name.startswith("_")} - named == set()


def test_they_pass_side_by_side_on_a_server_that_is_started_for_them(tmp_path: Path) -> None:
    files = written(tmp_path)
    printed = run(tmp_path, "-q", "-n", "4", *deselected(files))
    assert re.search(r"^\d\d passed", printed, re.MULTILINE), printed


def test_the_classes_work_from_unittest(tmp_path: Path, base_url: str) -> None:
    written(tmp_path)
    ran = subprocess.run([sys.executable, "-W", "error", "-m", "unittest"], cwd=tmp_path,
                         env=environment(base_url), stderr=subprocess.PIPE, text=True, timeout=60)
    assert ran.returncode == 0 and "Ran 1 test" in ran.stderr, ran.stderr


def test_the_report_of_a_failed_test_shows_what_the_emulator_saw(tmp_path: Path, base_url: str) -> None:
    (tmp_path / "test_it.py").write_text(FAILING)
    printed = run(tmp_path, url=base_url)
    assert "Refused: tgpayrefund was refused: TRADE_STATUS_ERROR" in printed, printed
    report = printed.partition("TGPay Emulator: merchant 29")[2]
    for line in (r"2 requests:", r"POST tgpayqrcode 29\d+ OK",
                 "finding MANDATORY_MISSING: it_b_pay is missing",
                 r"POST tgpayrefund 29\d+ TRADE_STATUS_ERROR\n +\w", "1 notification:",
                 r"trans_qrcode_create_sync 29\d+ pending to http://127.0.0.1:\d+/notify, due ",
                 "answered 500 '', not delivered", "finding NOT_ANSWERED_SUCCESS"):
        assert re.search(line, report), f"{line} is not in\n{printed}"
    assert "calls.py" not in printed and "merchant.py" not in printed.partition("short test summary")[0]


def test_the_merchant_of_a_test_is_removed_unless_it_is_kept(tmp_path: Path, base_url: str) -> None:
    (tmp_path / "test_it.py").write_text(
        "def test_kept(tgpay): print(tgpay.number)\ndef test_removed(tgpay): tgpay.remove()\n")
    printed = run(tmp_path, "-s", "--tgpay-keep", f"--tgpay-url={base_url}")
    kept, = re.findall(r"\b29\d{10}\b", printed)
    printed = run(tmp_path, "-s", url=base_url)
    removed, = re.findall(r"\b29\d{10}\b", printed)
    there = [each["merchants_id"] for each in Client(base_url).merchants()]
    assert kept in there and removed not in there and "2 passed" in printed


@pytest.mark.parametrize("flags", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_a_server_has_the_settings_of_the_fixture_and_runs_on_where_it_is_kept(
        tmp_path: Path, flags: tuple[str, ...]) -> None:
    (tmp_path / "conftest.py").write_text("import pytest\n@pytest.fixture(scope='session')\n"
                                          "def tgpay_settings(): return {'strict': True}\n")
    (tmp_path / "test_it.py").write_text(STRICT)
    printed = run(tmp_path, "--tgpay-keep", *flags)
    url, number = re.findall(r"is still running: (http\S+)/console \(kill (\d+) ends it\)", printed)[0]
    try:
        assert "test_its_settings" in [each["name"] for each in Client(url).merchants()]
    finally:
        os.kill(int(number), signal.SIGTERM)
    assert "1 passed" in printed and ends(url)


@pytest.mark.parametrize("flags, servers", [
    pytest.param((), 1, id="shared"),
    pytest.param(("--tgpay-each",), 2, id="each", marks=pytest.mark.exhaustive)])
def test_processes_of_xdist_share_a_server_or_have_one_each(tmp_path: Path, servers: int,
                                                            flags: tuple[str, ...]) -> None:
    (tmp_path / "test_it.py").write_text(TWO)
    printed = run(tmp_path, "-n", "2", *flags)
    urls = {file.read_text() for file in tmp_path.glob("*.url")}
    assert "2 passed" in printed and len(urls) == servers, printed
    assert all(ends(url) for url in urls)


@pytest.mark.parametrize("flags", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_a_server_ends_with_pytest_that_is_killed(tmp_path: Path, flags: tuple[str, ...]) -> None:
    (tmp_path / "test_it.py").write_text(SLEEPING)
    process = subprocess.Popen([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *flags],
                               cwd=tmp_path, env=environment(), stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    end = time.monotonic() + 60
    while not (tmp_path / "url").exists() and time.monotonic() < end:
        time.sleep(0.05)
    url = (tmp_path / "url").read_text()
    assert answers(url)
    process.kill()
    process.wait(10)
    assert ends(url)
