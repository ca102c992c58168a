"""Whatever a command cannot read or write, it ends with one line and a status that says so: no traceback."""
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import click
import pytest

from tgpay_emulator.cli import main

from .driver import Shop, exchange, free_port, plain_environment
from .tables import every_row
from .warm import STARTER

SCENARIO = 'summary = "One."\n\n[[rule]]\nname = "only"\nthen = {}\n'
# What each command needs; {} are the shop's number, its order, a terminal and files.
ARGUMENTS = {
    "serve": None,  # it serves all the same: below
    "copy": None,  # it needs two databases that nobody serves: with PostgreSQL
    "demo": ["--once"], "healthcheck": [], "reset": ["--merchant", "{shop}"], "clock": [], "merchants": [],
    "listen": ["--merchant", "{shop}", "--forward-to", "http://127.0.0.1:9/"],
    "orders": [], "notify list": [], "notify show": ["{notification}"],
    "notify replay": ["{notification}"], "terminals list": [],
    "terminals show": ["{terminal}"], "terminals set": ["{terminal}", "--online"],
    "terminals do": ["{terminal}", "tap"], "cards": [], "reference": [], "sign": ["a=b", "--token", "t"],
    "journal": [], "findings": [], "scenarios list": [], "scenarios show": ["autopay"],
    "scenarios check": ["{scenario}"], "scenarios use": ["{scenario}", "--merchant", "{shop}"],
    "scenarios off": ["--merchant", "{shop}"], "settlement list": [],
    "settlement check": ["{list}", "--merchant", "{shop}"], "verify": ["--merchant", "{shop}"],
    "export": ["-", "--merchant", "{shop}"], "import": ["{export}", "--replace", "--clock", "shared"]}

# One command of each way to print: tables, one whole entry, sentences, text from a file, a walk that prints
# as it goes, bytes of a file.
QUICKLY_TRIED = ("demo", "export", "merchants", "notify replay", "scenarios check", "settlement list",
                 "terminals do")


def leaves(group: click.Group, path: str = "") -> Iterator[str]:
    """The commands of a group and of the groups in it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from leaves(command, f"{path}{name} ")
        else:
            yield f"{path}{name}"


COMMANDS = sorted(leaves(main))


def run(*arguments: Any, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command in a child of this process, which has loaded it: an interpreter of its own is slow."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if not child:
            _be_a_command(out.fileno(), err.fileno(), list(map(str, arguments)), environment)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        printed = [os.pread(file.fileno(), 1_000_000, 0).decode() for file in (out, err)]
    return subprocess.CompletedProcess(arguments, status, *printed)


def _be_a_command(out: int, err: int, arguments: list[str], environment: dict[str, str]) -> NoReturn:
    """Become the command, and end as an interpreter of its own would."""
    os.dup2(out, 1)
    os.dup2(err, 2)
    sys.stdout, sys.stderr = (open(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))
    for name in [name for name in os.environ if name.startswith("TGPAY_")]:
        del os.environ[name]
    os.environ.update(environment)
    status: Any = 1
    try:
        main(arguments, "tgpay-emulator")
    except SystemExit as end:
        status = end.code
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status or 0)


def run_alone(*arguments: str, stdout: Any, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own."""
    with tempfile.TemporaryFile("w+") as errors:
        started = STARTER.start([*arguments], stdout if isinstance(stdout, int) else stdout.fileno(),
                                {**plain_environment(), **environment}, errors.fileno())
        status = started.wait(60)
        errors.seek(0)
        return subprocess.CompletedProcess(arguments, status, None, errors.read())


def assert_one_line(ended: subprocess.CompletedProcess[str], *named: str) -> None:
    """The command failed, and said why on one line."""
    assert ended.returncode not in (0, -signal.SIGABRT, 120), ended.stderr
    lines = [line for line in ended.stderr.splitlines() if not line.startswith("Working on the ")]
    assert len(lines) == 1 and "Traceback" not in ended.stderr, ended.stderr
    assert [name for name in named if name not in lines[0]] == [], lines


@pytest.fixture
def words(notified: Shop, tmp_path: Path) -> dict[str, str]:
    """What arguments stand for."""
    notified.pay_by_barcode()
    notified.control.post("/notifications/flush")
    scenario, listed, file = tmp_path / "mine.toml", tmp_path / "list.csv", tmp_path / "case.tgpay.gz"
    scenario.write_text(SCENARIO)
    listed.write_text("out_trade_no,amount\n1,1.00\n")
    address = f"{notified.control.url}/_emulator/export?secrets=true&merchants_id={notified.merchants_id}"
    file.write_bytes(exchange(address).raw)
    notification = notified.control.get("/notifications",
                                        merchants_id=notified.merchants_id)["items"][0]["id"]
    return {"shop": notified.merchants_id, "terminal": notified.first_terminal,
            "notification": str(notification),
            "scenario": str(scenario), "list": str(listed), "export": str(file)}


def test_each_command_is_tried_here() -> None:
    assert sorted(ARGUMENTS) == COMMANDS


@pytest.mark.sampled
@pytest.mark.parametrize("command", [
    pytest.param(name, marks=[] if name in QUICKLY_TRIED else pytest.mark.exhaustive)
    for name in COMMANDS if ARGUMENTS[name] is not None])
@pytest.mark.exhaustive
def test_an_output_that_cannot_be_written_is_told(base_url: str, notified: Shop, words: dict[str, str],
                                                  command: str) -> None:
    if command == "terminals do":
        notified.attend()
        notified.at_terminal()
    arguments = [each.format(**words) for each in ARGUMENTS[command] or ()]
    with open("/dev/full", "w", encoding="utf-8") as full:
        ended = run_alone(*command.split(), *arguments, stdout=full, TGPAY_URL=base_url)
    assert_one_line(ended, "No space left on device")


@every_row("arguments", [["--help"], ["--version"], ["reference", "--format", "openapi"]])
def test_help_and_what_is_long_are_no_exception(arguments: list[str]) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        assert_one_line(run_alone(*arguments, stdout=full), "No space left on device")


@pytest.mark.parametrize("arguments", [["reference"], ["cards", "--json"]])
def test_a_reader_who_has_left_is_no_failure_to_speak_of(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ended = run_alone(*arguments, stdout=writing)
    os.close(writing)
    assert ended.stderr == ""


@pytest.mark.exhaustive
def test_a_server_whose_address_cannot_be_printed_serves_and_says_so() -> None:
    port = free_port()
    with open("/dev/full", "w", encoding="utf-8") as full:
        command = [sys.executable, "-m", "tgpay_emulator", "serve", f"--port={port}",
                   "--database=:temporary:", "--no-log-requests"]
        process = subprocess.Popen(command, stdout=full, stderr=subprocess.PIPE, text=True)
    try:
        end = time.monotonic() + 20
        while True:
            try:
                assert exchange(f"http://127.0.0.1:{port}/_emulator/health").status == 200
                break
            except OSError:
                assert time.monotonic() < end and process.poll() is None
                time.sleep(0.05)
    finally:
        process.terminate()
        said = process.communicate(timeout=30)[1]
    assert (process.returncode, said.count("\n"), "No space left on device" in said) == (0, 1, True), said


BAD_URLS = ["http://[bad", "http://127.0.0.1:abc", "http://127.0.0.1:99999", "http://a..b", "x", "http://",
            "ftp://127.0.0.1/", "file:///etc/passwd", "http://127.0.0.1:1", "http://a b/", "http://\n/",
            "9" * 5_000]


@pytest.mark.exhaustive
@every_row("url", BAD_URLS, ids=lambda url: repr(url[:30]))
def test_an_address_that_is_none_is_told_on_one_line(url: str) -> None:
    for command in (["orders", "--url", url], ["healthcheck", "--url", url]):
        assert_one_line(run(*command))


def test_an_address_of_another_server_is_told_on_one_line(base_url: str) -> None:
    assert_one_line(run("orders", "--url", f"{base_url}/console"), "without JSON")


@pytest.mark.exhaustive
@every_row("arguments", [
    ["sign", "--explain", "http://[bad"], ["sign", "http://[bad", "--token", "t"],
    ["sign", "x", "--token", "t"], ["orders", "\udcff/1"], ["orders", "--merchant", "\udcff"],
    ["orders", "--status", "PAID"], ["orders", "--limit", "9" * 30], ["journal", "9223372036854775808"],
    ["journal", "0"], ["journal", "--after", "9" * 30], ["journal", "--verdict", "FINE"],
    ["notify", "replay", "9223372036854775808"], ["notify", "list", "--merchant", "nobody"],
    ["terminals", "show", ".."], ["clock", "advance", "9" * 5_000], ["clock", "set", "9" * 5_000],
    ["scenarios", "use", "/nonexistent/x.toml"],
    ["scenarios", "use", "/"], ["settlement", "check", "/nonexistent/x.csv", "--merchant", "1"],
    ["settlement", "check", "/", "--merchant", "1"],
    ["settlement", "list", "--start", "9" * 5_000], ["reset", "--merchant", ""],
    ["reset", "--merchant", "nobody"],
    ["findings", "--merchant", "nobody"]], ids=lambda arguments: ascii(" ".join(arguments))[:40])
def test_an_argument_that_cannot_be_is_told_on_one_line(base_url: str, arguments: list[str]) -> None:
    assert_one_line(run(*arguments, TGPAY_URL=base_url))


@every_row("number", ["9" * 5_000, "\u0663", "-1", "1e3"], ids=lambda number: ascii(number[:8]))
def test_a_number_that_is_none_ends_with_a_usage_or_a_line(number: str) -> None:
    for arguments in (["journal", number], ["orders", "--after", number], ["serve", f"--port={number}"]):
        ended = run(*arguments, TGPAY_URL="http://127.0.0.1:1")
        assert (ended.returncode in (1, 2), "Traceback" in ended.stderr) == (True, False), ended.stderr


@pytest.mark.parametrize("name, content", [("latin-1", b"http://\xff"), ("no address", b"\x00\x01")])
def test_an_address_file_that_is_none_is_told_on_one_line(tmp_path: Path, name: str, content: bytes) -> None:
    written = tmp_path / "address"
    written.write_bytes(content)
    database = tmp_path / "none" / "x"
    (tmp_path / "none").write_text("a file")
    assert_one_line(run("orders", TGPAY_ADDRESS_FILE=str(written), TGPAY_DATABASE=str(database)))


# Files of other systems.

@pytest.mark.parametrize("content, sentence", [
    (b"\xef\xbb\xbf" + SCENARIO.encode(), ""), (SCENARIO.replace("\n", "\r\n").encode(), ""),
    (b"\xef\xbb\xbf" + SCENARIO.replace("\n", "\r\n").encode(), ""),
    (SCENARIO.encode("utf-16"), "it is not UTF-8"), (SCENARIO.encode("utf-16-le"), "is not TOML"),
    ("é".encode("latin-1"), "it is not UTF-8")])
def test_a_scenario_file_of_windows_is_read(base_url: str, shop: Shop, tmp_path: Path, content: bytes,
                                            sentence: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_bytes(content)
    checked = run("scenarios", "check", file)
    used = run("scenarios", "use", file, "--merchant", shop.merchants_id, TGPAY_URL=base_url)
    if sentence:
        assert (checked.returncode, sentence in checked.stdout) == (1, True)
        assert_one_line(used, sentence)
    else:
        assert (checked.returncode, used.returncode) == (0, 0), checked.stdout + used.stderr
        scenario = shop.control.get("/scenario", merchants_id=shop.merchants_id)["scenario"]
        assert (scenario["name"], scenario["summary"], len(scenario["rules"])) == ("mine", "One.", 1)
