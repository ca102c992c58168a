"""Requests that are broken on the wire have a clear answer in the form of their place, never a traceback."""
import json
import random
import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest
from lxml import etree

from .driver import Server
from .tables import every_row

CHUNKED = "Transfer-Encoding: chunked"
MULTIPART = "Content-Type: multipart/form-data; boundary=x"
PART = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb'
# What the body is called, the headers that announce it, and what comes of it before the client ends.
BROKEN = [
    ("shorter than announced", "Content-Length: 50", b"a=b"),
    ("nothing of what is announced", "Content-Length: 50", b""),
    ("letters for a chunk's size", CHUNKED, b"zz\r\nabc\r\n0\r\n\r\n"),
    ("a negative chunk", CHUNKED, b"-3\r\nabc\r\n"),
    ("no size", CHUNKED, b"\r\nabc\r\n0\r\n\r\n"),
    ("a chunk that breaks off", CHUNKED, b"30\r\nabc"),
    ("a chunk without an end", CHUNKED, b"3\r\nabcXX0\r\n\r\n"),
    ("no last chunk", CHUNKED, b"3\r\nabc\r\n"),
    ("a huge chunk", CHUNKED, b"f" * 20 + b"\r\nabc"),
    ("a broken trailer", CHUNKED, b"3\r\nabc\r\n0\r\nx y\r\n\r\n"),
    ("a broken extension", CHUNKED, b"3;\x00\r\nabc\r\n0\r\n\r\n"),
    ("half of a form", f"{MULTIPART}\r\nContent-Length: 500", PART),
    ("a form in a bad chunk", f"{MULTIPART}\r\n{CHUNKED}", b"3\r\n--xzz"),
    ("letters for a length", "Content-Length: abc", b"a=b"),
    ("a negative length", "Content-Length: -1", b"a=b"),
    ("two lengths", "Content-Length: 3\r\nContent-Length: 4", b"a=b"),
    ("length and chunks", f"Content-Length: 3\r\n{CHUNKED}", b"a=b"),
    ("an unknown coding", "Transfer-Encoding: nonsense", b"a=b"),
    ("a header that is none", "no header", b""),
]
PLACES = ("/v2/tgpayquery.php", "/api/tgpayquery.php", "/_emulator/clock", "/_emulator/sign/explain",
          "/sdk/card-voucher")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server of its own, whose log has no traceback when all is over."""
    with Server() as started:
        yield started
        _, log = started.stop()
        assert "Traceback" not in log


def exchanged(server: Server, request: bytes, leave: bool = False) -> bytes:
    """What comes back for bytes that no HTTP library would send.

    The client says that nothing more will come, or leaves at once.
    """
    with socket.create_connection(("127.0.0.1", int(str(server.settings["port"]))), timeout=20) as connection:
        answer = b""
        with suppress(ConnectionError, OSError):  # it may be turned away before it has sent everything
            connection.sendall(request)
            if leave:
                return b""
            connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65536):
                answer += piece
        return answer


def posted(path: str, headers: str, body: bytes) -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n\r\n".encode() + body


@every_row("headers, body", [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_a_body_that_does_not_arrive_whole_is_a_400_in_the_form_of_its_place(
         server: Server, headers: str, body: bytes) -> None:
    for path in PLACES:
        head, _, document = exchanged(server, posted(path, headers, body)).partition(b"\r\n\r\n")
        # A form is turned away by the control interface without a look at it.
        status = 415 if path.startswith("/_emulator") and MULTIPART in headers else 400
        assert head.startswith(b"HTTP/1.1 %d " % status), (path, head)
        if path.endswith(".php"):
            assert b"Access-Control-Allow-Origin: *" in head
            assert b"Content-Type: text/xml; charset=utf-8" in head
            refusal = {element.tag: element.text or "" for element in etree.fromstring(document)}
            assert (refusal["is_success"], refusal["error"]) == ("F", "BAD_REQUEST")
            assert refusal["detail_error_des"]
        elif path.startswith("/_emulator"):
            assert b"Content-Type: application/problem+json" in head
            assert b"Access-Control-Allow-Origin" not in head
            assert json.loads(document)["status"] == status
        else:
            assert document


def test_a_client_that_leaves_in_the_middle_costs_one_line_at_most() -> None:
    with Server() as server:
        requests = [posted(path, headers, body) for path in PLACES for _, headers, body in BROKEN]
        for request in requests:
            exchanged(server, request, leave=True)
        exchanged(server, b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        _, log = server.stop()
    assert "Traceback" not in log
    assert len(log.splitlines()) <= len(requests) + 1  # and the line that it begins with


METHODS = ["GET"] * 5 + ["POST"] * 5 + [
    "PUT", "HEAD", "OPTIONS", "TRACE", "CONNECT", "BREW", "get", "G\xe9T", "PRI", ""]
PATHS = [
    "/v2/tgpayquery.php", "/v2/tgpaybankcard.php", "/api/tgpayapi.php?service=linktopost", "/v2/", "/v2",
    "/api", "/v2//", "/v2/%00.php",
    "/v2/%ff%fe.php", "/v2/../v2/x", "/v2/tgpayquery.php;x=1", "/v2/x.php?%", "*", "",
    "/v2/x.php?&&=&=&x", "http://h/v2/x.php", "http://[/v2/x.php", "/v2/\xe9.php?\xe9=\xff", "//v2/x.php",
    "/v2/" + "a/" * 2000, "/v2/x?" + "a=1&" * 3000]
HEADERS = [
    "Host: [", "Host: a b", "Host:", "Host: \xff", "Host: x:99999", "Content-Length: 5", "Content-Length: +5",
    "Content-Length: " + "9" * 20, "Content-Length: " + "9" * 5000, "Content-Length: \xb2", CHUNKED,
    "A:\x00b", MULTIPART, "Transfer-Encoding: chunked, chunked", "Transfer-Encoding: gzip, chunked",
    "Content-Encoding: ,,",
    "Content-Type: application/x-www-form-urlencoded; charset=\xff", "Content-Type: ;;;", "no header", ": x",
    "Content-Type: multipart/form-data; boundary*=utf-8''%ff", "Content-Type: a/b; charset*0=x", "X: \x7f",
    "Content-Encoding: gzip", "Cookie: openid_x=\xff\x01; a=\"", "Expect: 100-continue", "Expect: x",
    "Accept-Language: \xff;q=x", "Connection: upgrade", "Upgrade: h2c", "SCRIPT_NAME: /x", "Path-Info: /x",
    "X-Forwarded-Proto: y", "Authorization: Basic \xff", "Origin: http://[", "A: " + "b" * 9000]
BODIES = [
    b"", b"a=b&c", b"5\r\nhello\r\n0\r\n\r\n", b"zz\r\n", b"\xff" * 50, PART + b"\r\n--x--\r\n",
    b"--x\r\n" * 200, b"%", b"&" * 3000, b"0\r\nA: b\r\n\r\n", b"f" * 12 + b"\r\n",
    PART.replace(b'"a"', b'"\xff"; filename*=x') + b"\r\n--x--"]


def test_no_request_however_it_is_made_up_gives_a_failure(server: Server) -> None:
    chance = random.Random(20260)
    for _ in range(400):
        headers = [*chance.sample(HEADERS, chance.randrange(4)), "Connection: close"]
        body = chance.choice(BODIES)
        if chance.random() < 0.6:
            headers.append(f"Content-Length: {len(body)}")
        version = chance.choice(["HTTP/1.1"] * 8 + ["HTTP/1.0", "HTTP/9", ""])
        line = f"{chance.choice(METHODS)} {chance.choice(PATHS)} {version}"
        request = "\r\n".join([line, *headers, "", ""]).encode("latin-1") + body
        answer = exchanged(server, request)
        assert not answer or answer[9:10] in b"1234", (request, answer)
        assert b"SYSTEM_ERROR" not in answer, request


@every_row("end, status", [
    (b"", b"400"), (b"\r\n", b"400"), (b"\r\n--x", b"400"),
    (b"\r\n--x\r\nContent-Disp", b"400"), (b"\r\n--x--", b"200"), (b"\r\n--x--\r\nmore", b"200")])
def test_a_form_in_parts_ends_with_its_boundary(server: Server, end: bytes, status: bytes) -> None:
    body = PART + end
    answer = exchanged(server, posted(PLACES[0], f"{MULTIPART}\r\nContent-Length: {len(body)}", body))
    assert answer.startswith(b"HTTP/1.1 " + status) and b"<tgpaypro>" in answer
