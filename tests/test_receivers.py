"""Receivers that do not take a notification: each attempt has a finding: what came, and what to do."""
import datetime
import http.server
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from .driver import Control, Receiver, Server, Shop, free_port


def attempt_of(shop: Shop, number: str) -> dict[str, Any]:
    shop.control.post("/notifications/flush")
    made, = shop.notifications(number)[-1]["attempts"]
    return made


def attempt(shop: Shop, url: str) -> dict[str, Any]:
    """What came of a notification to an address."""
    return attempt_of(shop, shop.pay_by_barcode(notify_url=url)["out_trade_no"])


def said(made: dict[str, Any]) -> str:
    """The one finding of an attempt that was not taken."""
    found, = made["findings"]
    assert (made["delivered"], found["code"]) == (False, "NOT_ANSWERED_SUCCESS")
    return found["detail"]


NOT_FOLLOWED = "redirects are not followed: write"
ANSWERS = [
    (301, {"Location": "https://a.example/n"},
     f"answered 301, redirects to https://a.example/n; {NOT_FOLLOWED}"),
    (302, {"Location": "/login?next=茶"}, f"answered 302, redirects to /login?next=茶; {NOT_FOLLOWED}"),
    (308, {"location": "x"}, f"answered 308, redirects to x; {NOT_FOLLOWED}"),
    (304, {}, "answered 304; a notification is acknowledged with a 2xx"),
    (400, {}, "answered 400 with 'no'; the receiver refuses the request: see"),
    (401, {}, "answered 401 with 'no'; the receiver asks for credentials: write them into notify_url"),
    (403, {}, "answered 403 with 'no'; the receiver refuses it: if it asks for a session"),
    (404, {}, "answered 404 with 'no'; nothing is at this path: compare"),
    (405, {}, "answered 405 with 'no'; the receiver does not accept GET here"),
    (500, {}, "answered 500 with 'no'; the receiver failed: see"),
    (503, {}, "answered 503 with 'no'; the receiver, or an application behind it, is not ready"),
    (200, {}, "answered 200 with 'no'"),
    (204, {}, "answered 204 with ''"),
]


@pytest.mark.parametrize("status, headers, sentence", ANSWERS)
def test_an_answer_that_is_not_success_is_a_finding(notified: Shop, receiver: Receiver, status: int,
                                                    headers: dict[str, str], sentence: str) -> None:
    receiver.answers = [(status, b"" if status in (204, 304) else b"no")]
    receiver.headers = {name: value.encode().decode("latin-1") for name, value in headers.items()}
    made = attempt_of(notified, notified.pay_by_barcode()["out_trade_no"])
    assert (made["status_code"], made["error"]) == (status, "")
    assert said(made).startswith(sentence)
    item, = notified.control.get("/findings", merchants_id=notified.merchants_id)["items"]
    assert item["example"]["detail"] == said(made)


@pytest.mark.sampled
@pytest.mark.parametrize("status, taken", [(200, True), (202, True), (204, True), (302, False), (500, False)])
def test_a_terminals_result_is_taken_with_any_2xx(notified: Shop, receiver: Receiver, status: int,
                                                  taken: bool) -> None:
    receiver.answers = [(status, b"" if status == 204 else b"no")]
    number = notified.at_terminal(amount="37.79")["out_trade_no"]
    assert receiver.wait_for(1)[0].fields["out_trade_no"] == number
    made = attempt_of(notified, number)
    assert (made["delivered"], len(made["findings"])) == (taken, 0 if taken else 1)


def test_wrong_credentials_are_told_from_missing_ones(shop: Shop, receiver: Receiver) -> None:
    receiver.answers = [(401, b"")]
    made = attempt(shop, receiver.url.replace("://", "://dev:secret@"))
    assert said(made) == "answered 401; the receiver does not accept the user and password of notify_url"


def test_where_nobody_listens_or_the_host_is_unknown_it_says_so(shop: Shop, receiver: Receiver) -> None:
    nobody = said(attempt(shop, f"http://127.0.0.1:{free_port()}/"))
    assert "Connection refused; nothing listens there: start" in nobody
    assert "the host of notify_url is not known" in said(attempt(shop, "http://no-such-host.invalid/"))
    with_tls = receiver.url.replace("http:", "https:")
    assert "no TLS connection: if the receiver has no TLS" in said(attempt(shop, with_tls))
    assert "notify_allow" in said(attempt(shop, "http://169.254.169.254/"))


def test_what_a_scenario_loses_is_no_finding_of_the_receiver(notified: Shop) -> None:
    notified.plays({"name": "lost", "when": {"endpoint": "tgpaybarcode"}, "then": {"notify": {"drop": 1}}})
    made = attempt_of(notified, notified.pay_by_barcode()["out_trade_no"])
    assert (made["delivered"], made["findings"]) == (False, [])
    assert "lost on the way" in made["error"]


@pytest.mark.parametrize("host", ["localhost.", "LocalHost", "ｌocalhost"])
def test_hosts_of_all_kinds_are_reached(shop: Shop, receiver: Receiver, host: str) -> None:
    assert attempt(shop, f"{receiver.url.replace('127.0.0.1', host)}?a=é#fragment")["delivered"]
    assert (receiver.heard[0].path, receiver.heard[0].query.partition("&")[0]) == ("/notify", "a=%C3%A9")


def test_an_ipv6_address_is_reached(shop: Shop, receiver: Receiver) -> None:
    class Listener(http.server.ThreadingHTTPServer):
        address_family = socket.AF_INET6

    with Listener(("::1", 0), receiver.server.RequestHandlerClass) as listener:
        threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        assert attempt(shop, f"http://dev:secret@[::1]:{listener.server_port}")["delivered"]
        listener.shutdown()
    heard, = receiver.heard
    assert (heard.path, heard.headers["host"]) == ("/", f"[::1]:{listener.server_port}")


# Certificates.

AUTHORITY = trustme.CA()
OLD, OVER = datetime.datetime(2020, 1, 1), datetime.datetime(2021, 1, 1)
CERTIFICATES = {
    "right": AUTHORITY.issue_cert("127.0.0.1", "localhost"),
    "other name": AUTHORITY.issue_cert("shop.example"),
    "expired": AUTHORITY.issue_cert("127.0.0.1", not_before=OLD, not_after=OVER),
    "of nobody": trustme.CA().issue_cert("127.0.0.1")}


@pytest.fixture(scope="module")
def safe() -> Iterator[dict[str, str]]:
    """The addresses of https receivers, by what their certificates are."""
    receivers = {name: Receiver() for name in CERTIFICATES}
    for name, receiver in receivers.items():
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        CERTIFICATES[name].configure_cert(context)
        plain = receiver.server.socket
        receiver.server.socket = context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
    yield {name: receiver.url.replace("http:", "https:") for name, receiver in receivers.items()}
    for receiver in receivers.values():
        receiver.close()


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of the authority, with what else such files have in them."""
    path = tmp_path_factory.mktemp("certificates") / "authorities.pem"
    path.write_bytes("# Zürich\n".encode() + AUTHORITY.cert_pem.bytes())
    return path


def test_of_a_certificate_that_is_not_trusted_it_is_said_what_to_do(shop: Shop, safe: dict[str, str]) -> None:
    for name in ("right", "of nobody"):
        made = attempt(shop, safe[name])
        assert made["error"].startswith("the receiver's certificate is not trusted: ")
        assert all(flag in said(made) for flag in ("--notify-ca FILE", "--notify-insecure"))


def test_authorities_of_a_file_are_trusted_for_what_they_certify(pem: Path, safe: dict[str, str]) -> None:
    with Server(notify_ca=pem) as server:
        shop = Control(server.url).shop()
        assert attempt(shop, safe["right"])["delivered"]
        assert attempt(shop, safe["right"].replace("127.0.0.1", "localhost."))["delivered"]
        assert "write a host into notify_url" in said(attempt(shop, safe["other name"]))
        assert "renew it" in said(attempt(shop, safe["expired"]))
        assert "--notify-ca FILE" in said(attempt(shop, safe["of nobody"]))


def test_a_receivers_own_certificate_in_the_file_is_trusted(tmp_path: Path, safe: dict[str, str]) -> None:
    own = tmp_path / "own.pem"
    own.write_bytes(CERTIFICATES["of nobody"].cert_chain_pems[0].bytes())
    with Server(notify_ca=own) as server:
        assert attempt(Control(server.url).shop(), safe["of nobody"])["delivered"]


def test_insecure_takes_every_certificate(safe: dict[str, str]) -> None:
    with Server(notify_insecure="on") as server:
        shop = Control(server.url).shop()
        assert [attempt(shop, url)["delivered"] for url in safe.values()] == [True] * len(safe)


NONE_IN_IT = "has no certificates in PEM"


@pytest.mark.parametrize("content, problem", [
    (None, "cannot be read: No such file or directory"), (b"", NONE_IN_IT), (b"\x00\xff", NONE_IN_IT),
    (AUTHORITY.private_key_pem.bytes(), NONE_IN_IT),
    (AUTHORITY.cert_pem.bytes()[:200] + b"\n-----END CERTIFICATE-----\n", NONE_IN_IT)])
def test_a_missing_or_bad_file_of_authorities_is_one_line_at_the_start(
        tmp_path: Path, content: bytes | None, problem: str) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    assert Server(notify_ca=path).start(wait=False).end() == (1, f"Error: notify_ca: {path} {problem}\n")
