"""docs/SECURITY.md: each of its promises, tried once against a real server. Their details are tested where
they are built.
"""
import json
import os
import re
import socket
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

import tgpay_emulator

from .driver import Answer, Control, Receiver, Server, Shop, card_of, exchange, line_to, pay_info, raw_request
from .tables import every_row

PAGE = (Path(tgpay_emulator.__file__).parent.parent / "docs/SECURITY.md").read_text(encoding="utf-8")
PROMISES = re.findall(r"^\* \*\*([a-z-]+)\*\*: ", PAGE, re.MULTILINE)
TOKEN = "control-s3cret"


def test_every_promise_has_a_test() -> None:
    tests = {name.removeprefix("test_").replace("_", "-") for name in globals() if name.startswith("test_")}
    assert sorted(PROMISES) == sorted(tests - {"every-promise-has-a-test"})


@pytest.fixture(scope="module")
def shared() -> Iterator[Server]:
    """A server that others reach, with the log that it would have there."""
    with Server(host="0.0.0.0", control_token=TOKEN, log_level="debug") as server:
        yield server


def state(control: Control) -> str:
    """Merchants, orders and clock, as text."""
    clock = {name: value for name, value in control.get("/clock").items()
             if name in ("frozen", "offset", "offset_s")}
    return json.dumps([control.get("/merchants"), control.get("/orders"), clock])


def is_served(control: Control) -> bool:
    """A payment goes through."""
    return bool(control.shop().pay_by_barcode()["is_success"] == "T")


def attempts(shop: Shop, number: str) -> Any:
    """How the first notification of an order fared."""
    shop.control.post("/notifications/flush")
    return shop.story(number)["notifications"][0]["attempts"]


# Control.

@every_row("path", ["/_emulator/merchants", "/console/orders", "/demo"])
def test_foreign_host(base_url: str, path: str) -> None:
    head = f"GET {path} HTTP/1.1\r\nHost: rebound.example\r\nConnection: close\r\n\r\n"
    assert raw_request(base_url, head.encode()).startswith(b"HTTP/1.1 421 ")
    assert raw_request(base_url, head.replace(path, "/wallet/nobody").encode()).startswith(b"HTTP/1.1 404 ")


def test_foreign_page(base_url: str, control: Control) -> None:
    before = state(control)
    strange = {"Origin": "https://shop.example", "Sec-Fetch-Site": "cross-site"}
    for path in ("/_emulator/reset", "/_emulator/merchants", "/console/clock", "/demo/next"):
        for headers in (strange, {**strange, "Content-Type": "text/plain"},
                        {"Content-Type": "application/x-www-form-urlencoded"}):
            assert exchange(f"{base_url}{path}", "POST", b"a=b", headers).status in (403, 415)
    read = exchange(f"{base_url}/_emulator/merchants", headers=strange)
    assert "Access-Control-Allow-Origin" not in read.headers
    assert state(control) == before


def test_reading_changes_nothing(control: Control, shop: Shop) -> None:
    number = shop.pay_by_barcode()["out_trade_no"]
    before = state(control)
    paths = control.get("/openapi.json")["paths"]
    assert len(paths) > 20
    given = {"merchants_id": shop.merchants_id, "out_trade_no": number, "serial": shop.first_terminal,
             "name": "autopay"}
    for path in paths:
        if path.endswith(("/events", "/wait")):
            continue  # they answer when something changes
        asked = re.sub(r"{(\w+)}", lambda found: given.get(found[1], "1"), path.removeprefix("/_emulator"))
        assert control.ask("GET", asked).status < 500
        assert control.ask("HEAD", asked).status < 500
    assert state(control) == before


def test_control_token(shared: Server) -> None:
    open_to_all = Control(shared.url)
    assert open_to_all.ask("GET", "/health").status == 200
    for path in ("/merchants", "/orders", "/journal", "/clock", "/events", "/nothing"):
        assert open_to_all.ask("GET", path).status == 401
    assert open_to_all.ask("POST", "/reset").status == 401
    assert exchange(f"{shared.url}/console/orders").status in (302, 303, 401)
    assert Control(shared.url, TOKEN).get("/merchants")["items"]


def test_token_in_no_log() -> None:
    with Server(host="0.0.0.0", control_token=TOKEN, log_level="debug") as server:
        told = [Control(server.url, TOKEN).ask("GET", path).text
                for path in ("/merchants", "/health", "/nothing", "/orders")]
        told += [Control(server.url, f"{TOKEN}x").ask("GET", "/merchants").text,
                 exchange(f"{server.url}/console").text]
        status, log = server.stop()
    assert status == 0 and log
    assert TOKEN not in "".join(told)
    assert TOKEN not in log


def test_separate_teams() -> None:
    tokens = "red:team:red-token-00001,blue:team:blue-token-0001"
    with Server(control_token=TOKEN, tokens=tokens) as server:
        red, blue = (Control(server.url, row.rpartition(":")[2]) for row in tokens.split(","))
        shop, admin = blue.shop(), Control(server.url, TOKEN)
        number = shop.pay_by_barcode()["out_trade_no"]
        before = state(admin)
        for method, path in (("GET", f"/orders/{shop.merchants_id}/{number}"),
                             ("DELETE", f"/merchants/{shop.merchants_id}"),
                             ("POST", f"/orders/{shop.merchants_id}/{number}/chargeback"),
                             ("GET", f"/journal?merchants_id={shop.merchants_id}")):
            assert red.ask(method, path, {} if method == "POST" else None).status == 404
        assert red.ask("POST", "/reset").status == red.ask("POST", "/clock", {"reset": True}).status == 403
        assert [red.get(path)["items"] for path in ("/orders", "/journal", "/merchants")] == [[], [], []]
        assert state(admin) == before


def test_own_notifications(control: Control, shop: Shop) -> None:
    before = {row["merchants_id"] for row in control.get("/merchants")["items"]}
    for path in ("/_emulator/reset", "/console/clock", "/demo/next"):
        number = shop.pay_by_barcode(notify_url=f"{control.url}{path}")["out_trade_no"]
        assert not attempts(shop, number)[0]["delivered"]
    assert {row["merchants_id"] for row in control.get("/merchants")["items"]} == before


# Merchants.

def test_signed_requests(shop: Shop) -> None:
    number = shop.qr_order()["out_trade_no"]
    for change in ({"sign": "0" * 32}, {"sign": ""}, {"sign": None}):
        params = {name: value for name, value in {**shop.signed(out_trade_no=number), **change}.items()
                  if value is not None}
        answer = shop.send("tgpaycancel", params)
        assert answer["error"] == "ILLEGAL_SIGN"
        assert shop.token not in answer.text + json.dumps(shop.journal(answer))
    assert shop.query(number)["trade_status"] == "WAIT_BUYER_PAY"


def test_drawn_seed(shared: Server, base_url: str) -> None:
    theirs, ours = ({row["merchants_id"]: row["token"] for row in control.get("/merchants")["items"]}
                    for control in (Control(shared.url, TOKEN), Control(base_url)))
    same = {number for number in theirs if theirs[number] == ours.get(number)}
    assert same == {"201703200001"}


def test_separate_merchants(control: Control, shop: Shop) -> None:
    number, other = shop.pay_by_barcode()["out_trade_no"], control.shop()
    assert other.query(number)["error"] == "TRADE_NOT_EXIST"
    assert other.refund(number, "1.00")["error"] == "TRADE_NOT_EXIST"
    assert other.cancel(number)["error"] == "TRADE_NOT_EXIST"
    forged = other.signed(merchants_id=shop.merchants_id, out_trade_no=number)
    assert shop.send("tgpaycancel", forged)["error"] == "ILLEGAL_SIGN"
    assert shop.query(number)["trade_status"] == "TRADE_SUCCESS"
    assert number not in json.dumps(control.get("/orders", merchants_id=other.merchants_id))


# Data.

def test_secrets(tmp_path: Path) -> None:
    with Server(database=tmp_path / "emulator.db", log_level="debug") as server:
        control = Control(server.url)
        shop = control.shop(notify_url="http://clerk:pass-w0rd@127.0.0.1:9/n")
        shop.pay_by_barcode()
        shop.pay_by_barcode(notify_url="http://clerk:pass-w0rd@127.0.0.1:9/m")
        shop.ask("tgpayuserinfo", user="WoS.101", password="pass-w0rd", tgpay_product="ACCOUNT_LOGIN")
        control.post("/notifications/flush")
        paths = ("/merchants", "/orders", "/notifications", "/journal", "/findings", "/health")
        told = "".join(control.ask("GET", path).text for path in paths)
        told += "".join(exchange(f"{server.url}/console/{page}?merchants_id={shop.merchants_id}").text
                        for page in ("orders", "notifications", "journal"))
        told += server.stop()[1]
    assert "pass-w0rd" not in told and "clerk" not in told


@pytest.mark.sqlite
def test_database_file(tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        with Server(database=tmp_path / "emulator.db") as server:
            Control(server.url).shop().pay_by_barcode()
            modes = {file.name: file.stat().st_mode & 0o777
                     for file in tmp_path.iterdir() if file.name.startswith("emulator")}
    finally:
        os.umask(umask)
    assert modes and set(modes.values()) == {0o600}, modes


def test_injection(shop: Shop) -> None:
    hostile = "=1+1<script>alert('1')</script>\";DROP TABLE orders;--"
    answer = shop.pay_by_barcode(reference=hostile)
    number = answer["out_trade_no"]
    answer.xml  # is well-formed
    for page in (f"orders/{shop.story(number)['id']}", "orders", "journal"):
        text = exchange(f"{shop.control.url}/console/{page}?merchants_id={shop.merchants_id}").text
        assert "<script>alert" not in text
    day = shop.query(number)["pay_time"][:10].replace("-", "")
    cells = shop.settlement(day, day).text.replace('"', "").split(",")
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))]
    assert shop.query(number)["trade_status"] == "TRADE_SUCCESS"


@pytest.mark.parametrize("written", ["{}", "{:.4}-{:.4}", "b64"], ids=["plain", "in groups", "in base64"])
def test_card_data(tmp_path: Path, receiver: Receiver, written: str) -> None:
    number, paid = card_of("0000", "81234"), card_of("0000", "85678")
    groups = re.findall("....", number)
    shown = {"{}": number, "{:.4}-{:.4}": " - ".join(groups),
             "b64": b64encode(number.encode()).decode()}[written]
    with Server(database=tmp_path / "emulator.db", log_level="debug") as server:
        shop = Control(server.url).shop(notify_url=receiver.url)
        refused = shop.card_payment(pay_info=pay_info(cardNo=paid, cvv="987"), reference=shown)
        assert refused["result_code"] == "1000" and "reference" in refused["detail_error_des"]
        assert shop.pay_by_barcode(reference=shown)["error"] == "ILLEGAL_ARGUMENT"
        assert shop.qr_order(**{shown: "1"})["error"] == "ILLEGAL_ARGUMENT"
        assert shop.card_payment(pay_info=pay_info(cardNo=paid, cvv="987"))["is_success"] == "T"
        shop.control.post("/notifications/flush")
        told = refused.text + shop.control.ask("GET", "/journal").text + "".join(
            heard.query for heard in receiver.heard)
        log = server.stop()[1]
    kept = told.encode() + log.encode() + b"".join(file.read_bytes()
                                                   for file in tmp_path.iterdir() if file.is_file())
    assert [text for text in (number, shown, paid) if text.encode() in kept] == []
    assert re.findall(rb"(?i)cvv\W{1,8}987", kept) == []


# Network.

@pytest.mark.parametrize("host", ["169.254.169.254", "[fd00:ec2::254]", "[::ffff:169.254.169.254]",
                                  "2852039166", "100.100.100.200"])
def test_egress(shop: Shop, receiver: Receiver, host: str) -> None:
    number = shop.pay_by_barcode(notify_url=f"http://{host}/latest/meta-data")["out_trade_no"]
    assert "must not go to" in attempts(shop, number)[0]["error"]
    receiver.answers, receiver.headers = [(302, b"")], {"Location": f"http://{host}/"}
    number = shop.pay_by_barcode(notify_url=receiver.url)["out_trade_no"]
    assert attempts(shop, number)[0]["status_code"] == 302


def test_egress_from_a_shared_machine(shared: Server, receiver: Receiver) -> None:
    shop = Control(shared.url, TOKEN).shop()
    for url in (receiver.url, receiver.url.replace("127.0.0.1", "localhost"), "http://203.0.113.9/n"):
        number = shop.pay_by_barcode(notify_url=url)["out_trade_no"]
        assert "must not go to" in attempts(shop, number)[0]["error"]
    assert receiver.heard == []


# Staying up.

def test_slow_clients(base_url: str, control: Control) -> None:
    with ExitStack() as opened:
        for _ in range(200):
            connection = opened.enter_context(line_to(base_url))
            connection.sendall(b"GET /v2/tgpayquery.php HTTP/1.1\r\nHo")
        assert is_served(control)


def test_waiting_requests(control: Control, shop: Shop) -> None:
    with ExitStack() as opened:
        query = urlencode({"merchants_id": shop.merchants_id, "out_trade_no": shop.qr_order()["out_trade_no"],
                           "timeout": "20s"})
        for _ in range(100):
            connection = opened.enter_context(line_to(control.url))
            connection.sendall(f"GET /_emulator/wait?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        begun = time.monotonic()
        assert is_served(control)
        assert time.monotonic() - begun < 10  # before any of them ends


def test_expressions(shop: Shop) -> None:
    shop.plays({"when": {"reference__matches": "^(a+)+$"}, "then": {"error": "BUYER_BALANCE_NOT_ENOUGH"}})
    short, long = (shortest(lambda size=size: shop.pay_by_barcode(reference="a" * size + "!"))
                   for size in (10, 200))
    assert long < 50 * short  # a backtracking engine would need 2 to the power of 190 times as long


def shortest(ask: Callable[[], Answer]) -> float:
    """The least time, in seconds, that a request takes of three."""
    took = []
    for _ in range(3):
        begun = time.monotonic()
        ask()
        took.append(time.monotonic() - begun)
    return min(took)


def test_large_requests(base_url: str, shop: Shop) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert exchange(f"{base_url}/v2/tgpayquery.php", "POST", b"a=" + b"x" * 2**20, form).status == 413
    many = "&".join(f"p{number}=1" for number in range(100_000)).encode()
    answer = exchange(f"{base_url}/v2/tgpayquery.php", "POST",
                      b"merchants_id=201703200001&" + many[:2**20 - 100], form)
    assert "1,000" in answer["detail_error_des"] or "1000" in answer["detail_error_des"]


@pytest.mark.exhaustive
def test_growth(tmp_path: Path) -> None:
    with Server(database=tmp_path / "emulator.db", keep_entries=100) as server:
        control = Control(server.url)
        shop = control.shop()
        for number in range(130):
            sign = {"sign": "0" * 32} if number % 10 == 0 else {}  # to explain a wrong one takes longest
            params = {"merchants_id": shop.merchants_id, "reference": "x" * 20_000, **sign}
            shop.send("tgpayquery", params, "POST")
        page = control.ask("GET", "/journal", limit=1000)
        assert len(page.text) < 6 * 2**20
        end = time.monotonic() + 20
        while len(control.get("/journal", limit=1000)["items"]) > 100 and time.monotonic() < end:
            time.sleep(0.2)
        assert len(control.get("/journal", limit=1000)["items"]) <= 100
        assert (tmp_path / "emulator.db").stat().st_size < 10 * 2**20


@pytest.mark.exhaustive
def test_silent_receivers() -> None:
    with Server(notify_timeout="1s") as server, socket.create_server(("127.0.0.1", 0), backlog=200) as silent:
        control = Control(server.url)
        shop = control.shop(notify_url=f"http://127.0.0.1:{silent.getsockname()[1]}/n")
        for _ in range(20):
            shop.pay_by_barcode()
        begun = time.monotonic()
        moved = control.post("/clock", {"advance": "30m"})
        assert time.monotonic() - begun < 10  # each of 80 attempts would take a second
        assert moved["skipped"]["attempts"] > 0
        assert is_served(control)


@pytest.mark.sqlite
def test_lost_database(tmp_path: Path) -> None:
    path = tmp_path / "emulator.db"
    with Server(database=path) as server:
        control = Control(server.url)
        shop = control.shop()
        number = shop.pay_by_barcode()["out_trade_no"]
        path.rename(tmp_path / "away.db")
        assert control.ask("GET", "/health").status == 503
        refused = shop.pay_by_barcode()
        assert (refused.status, refused["error"]) == (200, "SYSTEM_ERROR")
        (tmp_path / "away.db").rename(path)
        end = time.monotonic() + 20
        while control.ask("GET", "/health").status != 200 and time.monotonic() < end:
            time.sleep(0.1)
        assert shop.query(number)["trade_status"] == "TRADE_SUCCESS"
        assert is_served(control)
