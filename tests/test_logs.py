"""What a server prints: with `--log-format json` every line is one JSON object, and nothing secret is in it.
"""
import json
import logging
import os
import re
import signal
import socket
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from tgpay_emulator.server.logs import JsonLines

from .driver import (
    VISA, Control, Receiver, Server, command, exchange, plain_environment, raw_request, stream_at)
from .warm import STARTER

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
REQUEST = {"endpoint", "merchants_id", "out_trade_no", "verdict", "ms", "request", "response", "delay_ms"}
ATTEMPT = {"notification", "merchants_id", "out_trade_no", "event", "attempt", "result", "status", "answer",
           "ms"}


def lines_of(printed: str) -> list[dict[str, Any]]:
    """The objects that a server printed, one on each line."""
    lines = [json.loads(line) for line in printed.splitlines()]
    for line in lines:
        assert {"time", "level", "logger", "message"} <= line.keys(), line
        assert INSTANT.fullmatch(line["time"]), line
        told = datetime.fromisoformat(line["time"])
        assert abs(datetime.now(UTC) - told) < timedelta(minutes=5), line
    return lines


def named(lines: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [line for line in lines if line["logger"].endswith(name)]


def members(line: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: line[name] for name in names - {"ms"}}


@pytest.mark.sqlite
def test_every_line_is_an_object_and_has_no_secrets(tmp_path: Path, receiver: Receiver) -> None:
    path = tmp_path / "emulator.db"
    with Server(log_format="json", log_level="info", workers=1, database=path,
                notify_ca="", control_token="") as server:
        raw_request(server.url, f"{VISA} http://dev:secret@shop.example/\r\n\r\n".encode())
        Control(server.url).shop(notify_url=receiver.url).pay_by_barcode()
        receiver.wait_for(1)
        assert server.process is not None
        worker = int(Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
                     .read_text().split()[0])
        os.kill(worker, signal.SIGKILL)
        server.wait_until_healthy()
        path.rename(tmp_path / "away.db")
        assert exchange(f"{server.url}/_emulator/health").status == 503
        _, printed = server.stop()
    lines = lines_of(printed)
    assert f"answers at {server.url}/v2/" in lines[0]["message"] and lines[0]["level"] == "info"
    gunicorn = named(lines, "gunicorn.error")
    assert [line for line in gunicorn if "Invalid request" in line["message"]], printed
    assert [line for line in gunicorn if "SIGKILL" in line["message"]], printed
    assert [line for line in lines if "requests are refused" in line["message"]
            and line["level"] == "error"], printed
    assert VISA not in printed and "secret" not in printed


def test_requests_and_attempts_have_a_line_each(receiver: Receiver) -> None:
    with Server(log_format="json", log_level="info", notify_retries="") as server:
        shop = Control(server.url).shop(notify_url=receiver.url)
        number = shop.pay_by_barcode()["out_trade_no"]
        receiver.wait_for(1)
        receiver.answers = [(500, b"no")]
        shop.pay_by_barcode(out_trade_no=f"{number}9")
        receiver.wait_for(2)
        refused = shop.send("tgpayquery", {**shop.signed(out_trade_no=number), "sign": "0" * 32})
        exchange(f"{server.url}/v2/{VISA}.php?merchants_id=nobody%0A")
        _, printed = server.stop()
    lines = lines_of(printed)
    requests = named(lines, "traffic.requests")
    attempts = sorted(named(lines, "traffic.attempts"), key=lambda line: line["notification"])
    sent = {"response": "sent", "delay_ms": 0, "merchants_id": shop.merchants_id}
    assert [members(line, REQUEST) for line in requests] == [
        {**sent, "endpoint": "tgpaybarcode", "out_trade_no": number, "verdict": "OK", "request": 1},
        {**sent, "endpoint": "tgpaybarcode", "out_trade_no": f"{number}9", "verdict": "OK", "request": 2},
        {**sent, "endpoint": "tgpayquery", "out_trade_no": number, "verdict": "ILLEGAL_SIGN",
         "request": int(refused.headers["X-TGPay-Request"])},
        {**sent, "endpoint": "unknown", "merchants_id": "", "out_trade_no": "", "verdict": "NOT_FOUND",
         "request": 4}]
    assert [members(line, ATTEMPT) for line in attempts] == [
        {"notification": place, "merchants_id": shop.merchants_id, "out_trade_no": order, "attempt": 1,
         "event": "merchant_scan_status_sync", "result": result, "status": status, "answer": answer}
        for place, order, result, status, answer in (
            (1, number, "delivered", 200, "success"), (2, f"{number}9", "answered 500", 500, "no"))]
    assert all(line["level"] == "info" and 0 < line["ms"] < 60_000 for line in requests)
    assert VISA not in printed


@pytest.mark.parametrize("settings", [
    {"log_level": "warning", "log_requests": "on"}, {"log_level": "info", "log_requests": "off"}])
def test_without_the_level_or_the_setting_there_are_no_such_lines(settings: dict[str, str],
                                                                  receiver: Receiver) -> None:
    with Server(**settings) as server:
        Control(server.url).shop(notify_url=receiver.url).pay_by_barcode()
        receiver.wait_for(1)
        _, printed = server.stop()
    assert "tgpaybarcode" not in printed and len(printed.splitlines()) == 1


def test_the_lines_of_requests_can_be_text_too() -> None:
    with Server(log_level="info") as server:
        shop = Control(server.url).shop()
        shop.query("nothing")
        _, printed = server.stop()
    head = r"[\d-]{10} [\d:]{8},\d{3} INFO tgpay_emulator\.traffic\.requests"
    said = rf"tgpayquery of merchant {shop.merchants_id}, order nothing: TRADE_NOT_EXIST in [\d.]+ ms"
    assert re.search(rf"^{head}: {said}, request 1$", printed, re.MULTILINE)


def test_other_requests_have_their_path_and_status(receiver: Receiver) -> None:
    with Server(log_format="json", log_level="info", control_token="a-secret-token") as server:
        control = Control(server.url, "a-secret-token")
        shop = control.shop()
        exchange(f"{server.url}/nowhere/{VISA}?token=a-secret-token")
        exchange(f"{server.url}/console?{VISA}")
        raw_request(server.url, b"GET /a%0Ab%1b[2J\xe2\x80\xa8 HTTP/1.1\r\nHost: x\r\n"
                                b"Connection: close\r\n\r\n")
        with stream_at(f"{server.url}/_emulator/events", control.headers):
            time.sleep(0.3)
        control.get("/orders")
        time.sleep(1)  # until it is seen that the client of the stream has left
        shop.query("nothing")
        _, printed = server.stop()
    pages = named(lines_of(printed), "traffic.pages")
    pages = [line for line in pages if line["path"] != "/_emulator/health"]
    assert sorted((line["path"], line["method"], line["status"]) for line in pages) == [
        ("/_emulator/events", "GET", 200), ("/_emulator/merchants", "POST", 201),
        ("/_emulator/orders", "GET", 200), ("/a%0Ab%1b[2J%E2%80%A8", "GET", 404), ("/console", "GET", 401),
        ("/nowhere/***", "GET", 404)]
    assert all(0 < line["ms"] < 60_000 for line in pages)
    assert [line["ms"] > 300 for line in pages if line["path"] == "/_emulator/events"] == [True]
    assert VISA not in printed and "a-secret-token" not in printed


@pytest.mark.parametrize("fault, response, words", [
    ("drop_after", "dropped", "response dropped"), ("drop_before", "dropped", "response dropped"),
    ("reset", "reset", "response dropped"), ("truncate", "truncated", "response cut off"),
    ("slow", "slow", "response slow"), ("http_503", "sent", "http_503")])
def test_a_response_that_did_not_arrive_is_said_to_be_so(fault: str, response: str, words: str) -> None:
    with Server(log_format="json", log_level="info") as server:
        shop = Control(server.url).shop()
        shop.plays({"then": {"fault": fault, "delay": "200ms"}})
        with suppress(OSError, HTTPException):
            shop.query("nothing")
        _, printed = server.stop()
    (line,) = named(lines_of(printed), "traffic.requests")
    assert (line["response"], line["delay_ms"], words in line["message"]) == (response, 200, True), line
    assert "200 " not in line["message"].replace("200 ms", "")


def test_a_line_has_no_line_breaks_and_no_secrets_of_a_request(receiver: Receiver) -> None:
    evil = f"A1\n2026-01-01 00:00:00,000 CRITICAL root: \x1b[31mforged\u2028{VISA}" + "x" * 5_000
    for log_format in ("text", "json"):
        with Server(log_format=log_format, log_level="info", notify_retries="", workers=1) as server:
            shop = Control(server.url).shop(notify_url=receiver.url)
            shop.query(evil)
            receiver.answers = [(500, evil.encode())]
            shop.pay_by_barcode()
            receiver.wait_for(1)
            shop.card_payment()
            _, printed = server.stop()
        assert len([line for line in printed.splitlines() if "tgpayquery" in line]) == 1
        assert not [line for line in printed.splitlines()
                    if line.startswith("2026-01-01") or len(line) > 2_000]
        assert VISA not in printed and "\x1b" not in printed and "\u2028" not in printed


def test_a_pipe_that_nobody_reads_stops_no_request() -> None:
    reading, writing = os.pipe()
    started = STARTER.start(["serve", "--port=0", "--database=:temporary:"], os.dup(writing),
                            plain_environment(), writing)
    try:
        address = os.read(reading, 4_096).decode().split()[4].removesuffix("/console")
        for _ in range(1_200):  # lines of about 100 bytes each; a pipe has 64 KiB
            assert exchange(f"{address}/_emulator/health", timeout=10).status == 200
    finally:
        started.send_signal(signal.SIGTERM)
        assert started.wait(20) == 0
        os.close(reading)
        os.close(writing)


def test_a_start_that_fails_says_why_in_the_same_format() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for flags in ((f"--port={port}", "--log-format=json"), ("--port=http", "--log-format=JSON")):
            ended = command("serve", "--database=:temporary:", *flags)
            (line,) = lines_of(ended.stderr)
            assert (ended.returncode, ended.stdout, line["level"]) == (1, "", "critical")
            assert flags[0].partition("=")[2] in line["message"]
        ended = command("serve", "--database=:temporary:", "--port=http", TGPAY_LOG_FORMAT="json")
        assert len(lines_of(ended.stderr)) == 1


@pytest.mark.sqlite
def test_a_token_that_is_made_is_printed_in_the_same_format() -> None:
    with Server(log_format="json", host="0.0.0.0", lan="on") as server:
        server.announced(lines=2)
        _, printed = server.stop()
    said = [line["message"] for line in lines_of(printed)]
    token = next(sentence for sentence in said if sentence.startswith("Control token: "))
    assert len(token.removeprefix("Control token: ")) > 20


def test_an_exception_is_a_member_of_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    log, handler = logging.getLogger("tests.logs"), logging.StreamHandler()
    handler.setFormatter(JsonLines())
    log.addHandler(handler)
    try:
        raise ValueError(f"http://dev:secret@shop.example/ took\n{VISA}")
    except ValueError:
        log.exception("no %s", "luck")
    finally:
        log.removeHandler(handler)
    (line,) = lines_of(capsys.readouterr().err)
    assert (line["level"], line["message"]) == ("error", "no luck")
    assert line["exception"].startswith("Traceback") and "ValueError: http://***@" in line["exception"]
    assert "secret" not in line["exception"] and VISA not in line["exception"]
