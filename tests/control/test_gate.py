"""Who may control the emulator: the hosts that are meant, no page of another site, and no notification."""
import http.client
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from ..driver import Control, Server, Shop, exchange
from ..tables import every_row

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
GUARDED = ["/_emulator/merchants", "/_emulator/health", "/_emulator/nothing", "/console", "/console/orders",
           "/demo"]
OPEN = ["/", "/livez", "/readyz", "/v2/tgpayquery.php", "/static/style.css", "/terminal/0821032398",
        "/wallet/nobody"]
MEANT = ["127.0.0.1", "127.0.0.1:1", "127.8.9.1", "localhost", "LOCALHOST:80", "localhost.", "[::1]",
         "[::1]:8472"]
FOREIGN = ["evil.example", "evil.example:8472", "localhost.evil.example", "127.0.0.1.evil.example",
           "127.0.0.1@evil.example",
           "evil.example@127.0.0.1", "192.0.2.1", "[2001:db8::1]", "tgpay", "", "a b", "127.0.0.1:port",
           "127.0.0.1/x", "2130706433"]


def asked(url: str, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, bytes]:
    """Status and body of one request with just these headers."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=10)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in {**headers, "Content-Length": str(len(body))}.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    told = answer.status, answer.read()
    connection.close()
    return told


# Hosts.

@every_row("host", MEANT)
@every_row("path", GUARDED)
def test_under_a_loopback_name_everything_answers(base_url: str, path: str, host: str) -> None:
    assert asked(base_url, "GET", path, {"Host": host})[0] in (200, 302, 303, 404)


@every_row("host", FOREIGN)
@every_row("path", GUARDED)
def test_under_another_name_nothing_that_controls_answers(base_url: str, path: str, host: str) -> None:
    status, body = asked(base_url, "GET", path, {"Host": host})
    assert status in (400, 421)
    assert b"token" not in body


def test_a_misdirected_request_says_what_to_do(base_url: str) -> None:
    status, body = asked(base_url, "POST", "/_emulator/reset", {"Host": "evil.example"})
    assert status == 421 and b"--allowed-hosts" in body and b"evil.example" in body


@every_row("path", ["/console", "/console/orders", "/demo"])
@every_row("language, words", [("en-GB,en", "Unknown host name"), ("zh-CN,zh", "未知的域名")])
def test_a_browser_under_another_name_is_shown_a_page_in_its_language(
        base_url: str, path: str, language: str, words: str) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Language": language,
               "Host": "evil.example"}
    status, body = asked(base_url, "GET", path, browser)
    assert status == 421 and words in body.decode() and b"<html" in body
    assert b"--allowed-hosts" in body and b"<code>evil.example</code>" in body
    for as_a_program in ({"Accept": "*/*"}, {}):
        assert asked(base_url, "GET", path, {**as_a_program, "Host": "evil.example"})[1].startswith(b"{")
    assert asked(base_url, "GET", "/_emulator/merchants", browser)[1].startswith(b"{")


@every_row("host", ["[bad", "a/b", "a:x"])
def test_a_host_header_that_names_no_host_is_said_to_be_one(base_url: str, host: str) -> None:
    status, body = asked(base_url, "GET", "/_emulator/clock", {"Host": host})
    assert status == 421 and b"Host header names no host" in body


def test_a_request_target_with_another_host_does_not_help(base_url: str) -> None:
    assert asked(base_url, "GET", "http://127.0.0.1/_emulator/merchants",
                 {"Host": "evil.example"})[0] in (400, 404, 421)
    told = asked(base_url, "GET", "/_emulator/merchants",
                 {"Host": "evil.example", "X-Forwarded-Host": "127.0.0.1"})
    assert told[0] == 421


@every_row("path", OPEN)
def test_payers_and_merchants_come_under_any_name(base_url: str, path: str) -> None:
    assert asked(base_url, "GET", path, {"Host": "pay.shop.example"})[0] in (200, 404)


def test_the_hosts_of_the_settings_are_meant() -> None:
    with Server(public_url="https://pay.example:8443", allowed_hosts="tgpay, Other.Example",
                control_token="off") as server:
        answers = {host: asked(server.url, "GET", "/_emulator/merchants", {"Host": host})[0]
                   for host in ("pay.example", "pay.example:8443", "tgpay:8472", "other.example",
                                "third.example", "127.0.0.1")}
    assert answers == {"pay.example": 200, "pay.example:8443": 200, "tgpay:8472": 200, "other.example": 200,
                       "third.example": 421,
                       "127.0.0.1": 200}


def own_address() -> str:
    """An address of this machine that is not loopback, without sending anything."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return ""
        return str(probe.getsockname()[0])


def test_on_all_interfaces_the_machines_own_address_is_meant() -> None:
    address = own_address()
    if not address or address.startswith("127."):
        pytest.skip("this machine has no address but loopback")
    with Server(host="0.0.0.0", control_token="off") as server:
        assert asked(server.url, "GET", "/_emulator/merchants", {"Host": f"{address}:1"})[0] == 200
        assert asked(server.url, "GET", "/_emulator/merchants", {"Host": "192.0.2.77"})[0] == 421


# Pages of other sites, and forms.

@every_row("kind", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x",
                    "text/plain;charset=UTF-8"])
@every_row("path", ["/_emulator/reset", "/_emulator/clock", "/console/clock", "/demo/next"])
def test_what_a_form_can_send_changes_nothing_unless_the_browser_says_whose_it_is(
        base_url: str, path: str, kind: str) -> None:
    for body in (b"", b"advance=1d", b'{"advance": "1d"}'):
        if body.startswith(b"{") and "urlencoded" in kind and "/_emulator" in path:
            continue  # curl and urllib call JSON so; no browser can write a brace in such a form
        assert asked(base_url, "POST", path, {"Host": "127.0.0.1", "Content-Type": kind}, body)[0] == 415


@every_row("path", ["/_emulator/clock", "/_emulator/merchants", "/console/clock", "/demo/next"])
def test_a_body_of_no_type_which_a_script_of_any_page_can_send_changes_nothing(
        base_url: str, path: str) -> None:
    status, told = asked(base_url, "POST", path, {"Host": "127.0.0.1"}, b'{"advance": "1d"}')
    assert status == 415 and b"Content-Type" in told
    assert asked(base_url, "POST", path, {"Host": "127.0.0.1", "Origin": base_url},
                 b'{"advance": "1d"}')[0] != 415


@every_row("headers", [{"Origin": "null"}, {"Origin": "https://evil.example"},
                       {"Sec-Fetch-Site": "cross-site"},
                       {"Sec-Fetch-Site": "same-site"}], ids=str)
def test_a_page_of_another_site_changes_nothing_whatever_it_sends(
        base_url: str, headers: dict[str, str]) -> None:
    for kind in ({}, FORM, {"Content-Type": "application/json"}):
        assert asked(base_url, "POST", "/_emulator/reset", {"Host": "127.0.0.1", **kind, **headers})[0] == 403


@every_row("headers", [{}, {"Content-Type": "application/json"}, {"Sec-Fetch-Site": "same-origin"},
                       {"Sec-Fetch-Site": "none"}], ids=str)
def test_programs_and_its_own_pages_may_change_it(base_url: str, headers: dict[str, str]) -> None:
    assert asked(base_url, "POST", "/_emulator/notifications/flush",
                 {"Host": "127.0.0.1", **headers})[0] == 200


@every_row("path", ["/_emulator/reset", "/_emulator/%72eset", "//_emulator/reset", "/_emulator/./reset",
                    "/console/clock",
                    "/demo/next"])
@every_row("method", ["GET", "POST"])
def test_a_notification_does_not_control_the_emulator(control: Control, shop: Shop, path: str,
                                                      method: str) -> None:
    known = shop.pay_by_barcode()["out_trade_no"]
    control.ask("PATCH", f"/merchants/{shop.merchants_id}",
                {"notify_url": f"{control.url}{path}", "notify_method": method})
    number = shop.pay_by_barcode()["out_trade_no"]
    control.post("/notifications/flush")
    notification, = shop.story(number)["notifications"]
    assert {attempt["status_code"] for attempt in notification["attempts"]} <= {403, 404, 405}
    assert shop.story(known)["out_trade_no"] == known


# What others could compute or reach.

@pytest.fixture(scope="module")
def reachable() -> Iterator[Server]:
    with Server(host="0.0.0.0", control_token="s3cret") as server:
        yield server


def merchants_of(control: Control) -> dict[str, str]:
    return {row["merchants_id"]: row["token"] for row in control.get("/merchants")["items"]}


def test_where_others_reach_it_nobody_can_compute_a_token(reachable: Server, base_url: str) -> None:
    theirs, ours = merchants_of(Control(reachable.url, "s3cret")), merchants_of(Control(base_url))
    # printed in the document
    assert theirs["201703200001"] == ours["201703200001"] == "14b0be26d00fbc6dcf20ed1f0a3516df"
    assert all(theirs[number] != ours[number] for number in ("201807208001", "202012177001"))


def test_a_seed_that_is_given_counts_and_a_drawn_one_stays(tmp_path: Any) -> None:
    tokens = []
    for _ in range(2):
        with Server(host="0.0.0.0", control_token="off", database=tmp_path / "drawn.db") as server:
            Control(server.url).post("/reset")
            tokens.append(merchants_of(Control(server.url)))
    assert tokens[0] == tokens[1]
    with Server(host="0.0.0.0", control_token="off", seed="tgpay") as server, Server() as usual:
        assert merchants_of(Control(server.url)) == merchants_of(Control(usual.url))


@every_row("url", ["http://127.0.0.1:9/", "http://localhost:9/", "http://[::1]:9/", "http://0.0.0.0:9/",
                   "http://127.1:9/",
                   "http://[::ffff:127.0.0.1]:9/", "http://203.0.113.9/"])
@every_row("own", [True, False])
def test_where_others_reach_it_no_notification_goes_to_its_other_services(
        reachable: Server, url: str, own: bool) -> None:
    control = Control(reachable.url, "s3cret")
    shop = control.shop(**({"notify_url": url} if own else {}))
    number = shop.pay_by_barcode(**({} if own else {"notify_url": url}))["out_trade_no"]
    if "203.0.113.9" in url and own:
        return  # a host of the merchant's own settings: the attempt may be made
    control.post("/notifications/flush")
    attempt, = shop.story(number)["notifications"][0]["attempts"]
    assert "must not go to" in attempt["error"] and "--notify-allow" in attempt["error"]


@pytest.mark.sqlite
def test_the_database_is_readable_for_its_owner_alone(tmp_path: Any) -> None:
    path = tmp_path / "emulator.db"
    path.touch(0o644)
    with Server(database=path) as server:
        Control(server.url).shop().pay_by_barcode()
        modes = {file.name: oct(file.stat().st_mode & 0o777) for file in tmp_path.iterdir()}
    assert set(modes.values()) == {"0o600"}, modes


@pytest.mark.sqlite
def test_behind_a_public_url_a_token_is_asked_for() -> None:
    with Server(public_url="https://pay.example") as server:
        assert exchange(f"{server.url}/_emulator/merchants").status == 401
    with Server(public_url="http://localhost:9000") as server:
        assert exchange(f"{server.url}/_emulator/merchants").status == 200
