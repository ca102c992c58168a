"""Contract 7: who may use the control interface, the headers that every answer has, and problem documents."""
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from tgpay_emulator.base.settings import Settings
from tgpay_emulator.server.process import guarded

from ..driver import Control, Server, Shop, exchange
from ..tables import every_row

TOKEN = "s3cret"
PATHS = [("GET", "/merchants"), ("POST", "/reset"), ("POST", "/clock"), ("DELETE", "/journal"),
         ("GET", "/events"),
         ("GET", "/openapi.json"), ("GET", "/nothing")]


@pytest.fixture(scope="module")
def locked() -> Iterator[str]:
    with Server(control_token=TOKEN) as server:
        yield server.url


# The token.

@every_row("given", [None, "", "Bearer", "Bearer ", "Bearer wrong", f"Bearer {TOKEN}x", f"Basic {TOKEN}",
                     TOKEN,
                     "Bearer s\u00e9cret"])
@every_row("method, path", PATHS)
def test_without_the_token_the_answer_is_401(locked: str, method: str, path: str, given: str | None) -> None:
    headers = {} if given is None else {"Authorization": given}
    answer = Control(locked).ask(method, path, headers=headers)
    assert (answer.status, answer.headers["Content-Type"]) == (401, "application/problem+json")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert TOKEN not in answer.text


def test_with_the_token_everything_is_answered(locked: str) -> None:
    control = Control(locked, TOKEN)
    assert control.shop().pay_by_barcode()["is_success"] == "T"
    assert control.ask("DELETE", "/journal").status == 204


def test_health_and_the_gateway_need_no_token(locked: str) -> None:
    assert Control(locked).ask("GET", "/health").status == 200
    assert exchange(f"{locked}/livez").status == exchange(f"{locked}/readyz").status == 200
    assert Shop(Control(locked), "201703200001",
                "14b0be26d00fbc6dcf20ed1f0a3516df").pay_by_barcode()["is_success"] == "T"


@every_row("host, token, expected", [
    ("127.0.0.1", "", "none"), ("127.8.9.1", "", "none"), ("::1", "", "none"), ("localhost", "", "none"),
    ("127.0.0.1", "own", "own"), ("0.0.0.0", "", "made"), ("::", "", "made"), ("192.0.2.1", "", "made"),
    ("emulator.example", "", "made"), ("0.0.0.0", "own", "own"),
    ("0.0.0.0", "off", "off"),
])
def test_a_token_is_required_on_anything_but_loopback_unless_switched_off(
        host: str, token: str, expected: str) -> None:
    in_force = guarded(Settings({"host": host, "control_token": token})).control_token
    assert {"": "none", "own": "own", "off": "off"}.get(in_force, "made") == expected
    assert expected != "made" or len(in_force) >= 20


# Pages of other sites.

@every_row("method, path", [("POST", "/clock"), ("PATCH", "/merchants/201703200001"), ("DELETE", "/journal")])
@every_row("origin", ["https://evil.example", "http://127.0.0.1", "http://127.0.0.1:1",
                      "http://localhost.evil.example",
                      "null", "file://", "http://[bad", ""])
def test_a_page_of_another_site_changes_nothing(locked: str, method: str, path: str, origin: str) -> None:
    answer = Control(locked, TOKEN).ask(method, path, headers={"Origin": origin})
    assert (answer.status, answer.headers["Content-Type"]) == (403, "application/problem+json")


def test_a_page_of_its_own_may_post(locked: str) -> None:
    answer = Control(locked, TOKEN).ask("POST", "/clock", {"reset": True}, headers={"Origin": locked})
    assert answer.status == 200


def test_a_page_under_the_public_url_may_post() -> None:
    with Server(public_url="https://pay.example:8443/", control_token="off") as server:
        control = Control(server.url)
        for origin, status in (("https://pay.example:8443", 200), ("https://pay.example", 403)):
            assert control.ask("POST", "/clock", {"reset": True}, headers={"Origin": origin}).status == status


def test_no_page_of_another_site_may_read_the_control_interface(control: Control) -> None:
    answer = control.ask("GET", "/merchants", headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in answer.headers


# Headers and problem documents.

@every_row("path", ["/", "/livez", "/_emulator/health", "/_emulator/merchants", "/_emulator/nothing",
                    "/v2/tgpayquery.php",
                    "/v2/nothing.php", "/wallet/nobody", "/static/style.css", "/nothing"])
def test_every_answer_names_the_emulator(control: Control, path: str) -> None:
    version = control.get("/health")["version"]
    assert exchange(f"{control.url}{path}").headers["X-TGPay-Emulator"] == version


def test_every_answer_of_the_gateway_names_its_journal_entry(shop: Shop) -> None:
    answers = [
        shop.qr_order(), shop.qr_order("free"), shop.query("none"), shop.ask("tgpaynothing"),
        shop.send("tgpayquery", {}, "PUT"), shop.send("tgpayquery", {"a": "x" * 1_100_000}, "POST"),
        shop.settlement("2026-01-01", "2026-01-02"),
        shop.ask("tgpaygetopenid", client_url="http://shop.example/", sign_type=None),
        shop.ask("tgpayapi", service="linktopost", out_trade_no=shop.h5_order()["out_trade_no"],
                 sign_type=None)]
    assert [answer.status for answer in answers] == [200, 200, 200, 404, 405, 413, 200, 302, 200]
    assert [str(shop.journal(answer)["id"]) for answer in answers] == [
        answer.headers["X-TGPay-Request"] for answer in answers]
    assert len({answer.headers["X-TGPay-Request"] for answer in answers}) == len(answers)


@every_row("method, path, body, status", [
    ("GET", "/nothing", None, 404), ("PUT", "/clock", {}, 405),
    ("GET", "/orders/201703200001/none", None, 404), ("POST", "/clock", {}, 422),
    ("POST", "/merchants", {"rate": "x"}, 422), ("GET", "/orders?limit=x", None, 400),
    ("GET", "/wait?merchants_id=201703200001&out_trade_no=none&timeout=0", None, 408),
    ("GET", "/journal/0", None, 404), ("GET", "/journal/x", None, 404),
])
def test_an_error_is_a_problem_document(control: Control, method: str, path: str, body: dict | None,
                                        status: int) -> None:
    answer = control.ask(method, path, body)
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert {"type", "title", "status", "detail"} <= set(answer.json)
    assert answer.json["status"] == status
    assert all(isinstance(answer.json[name], str) and answer.json[name]
               for name in ("type", "title", "detail"))


def test_a_body_that_is_no_json_is_a_problem_document(control: Control) -> None:
    answer = exchange(f"{control.url}/_emulator/clock", "POST", b"{advance: 5m}",
                      {"Content-Type": "application/json"})
    assert (answer.status, answer.headers["Content-Type"]) == (400, "application/problem+json")


@pytest.mark.sqlite
def test_health_is_503_when_the_database_cannot_be_written() -> None:
    with Server(workers=1) as server:
        shop = Control(server.url).shop()
        assert server.process is not None
        worker, = map(int, Path(
            f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split())
        resource.prlimit(worker, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        assert shop.pay_by_barcode()["error"] == "SYSTEM_ERROR"
        full = [exchange(f"{server.url}{path}") for path in ("/_emulator/health", "/readyz", "/livez")]
        resource.prlimit(worker, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        mended = exchange(f"{server.url}/_emulator/health")
        assert shop.pay_by_barcode()["is_success"] == "T"
    assert [answer.status for answer in (*full, mended)] == [503, 503, 200, 200]
    assert full[0].headers["Content-Type"] == "application/problem+json"
