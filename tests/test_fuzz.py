"""No request to the control interface, the console or the pages gives a 5xx, or a traceback in the log."""
import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib import parse

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from .driver import Control, Server, card_of
from .routes import routes

# The gateway is asked in tests of its own; the demo plays with its own shop.
ELSEWHERE = ("/v2/", "/api/", "/static/", "/demo/")
MAY_BE_FULL = ("/events", "/wait", "/health", "/readyz")  # so many may wait, and no more
NUMBERS = ["0", "1", "-1", "+1", "007", "1.5", "1e400", "9" * 19, "9" * 5_000, str(2**63), "\u0663", "NaN"]
TEXTS = ["", " ", "x", "nobody", "201703200001", "0821032398", "..", "%00", "\x00", "a\nb", "\ud7ff",
         "\xe9\u2028", '\'"<b>&', "x" * 5_000, "[", "http://[bad", "0001-01-01", "9999-12-31", "2027-02-31",
         "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "autopay", "WAIT_BUYER_PAY", "pay",
         "decline", "tap", "1ms", "on", "set", "advance"]
NAMES = ["merchants_id", "out_trade_no", "status", "endpoint", "verdict", "notify_type", "after", "before",
         "limit", "search", "lang", "start", "end", "start_date", "end_date", "table", "name", "token",
         "order_id", "new", "onwards", "do", "by", "to", "text", "params", "attempt", "card", "amount",
         "reason", "number", "serial", "terminal_type", "online", "attended", "notify_url", "rate",
         "products", "advance", "freeze", "reset", "rules", "rows", "error", "code", "failed", "here",
         "_method", "_name", "_value", "x", ""]
values = st.one_of(st.sampled_from(NUMBERS), st.sampled_from(TEXTS), st.text(max_size=20))
pairs = st.lists(st.tuples(st.one_of(st.sampled_from(NAMES), st.text(max_size=5)), values), max_size=4)
names = st.sampled_from(NAMES)
trees = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), values),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)),
    max_leaves=8)
objects = st.dictionaries(names, trees, max_size=3).map(lambda tree: json.dumps(tree).encode())
forms = pairs.map(lambda form: parse.urlencode(form, errors="replace").encode())
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
bodies = st.one_of(
    st.just((None, "")), st.tuples(objects, st.just(JSON)), st.tuples(forms, st.just(FORM)),
    st.tuples(st.binary(max_size=40),
              st.sampled_from([JSON, "text/plain", "multipart/form-data; boundary=x", ""])),
    st.sampled_from([(b"[" * 1_000, JSON), (b'{"rules":' * 100_000, JSON), (b"\xef\xbb\xbf{}", "")]))


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str]]:
    """Each method and path that the application has, the places of a path in angle brackets."""
    return [(method, path) for method, path in routes(tmp_path_factory.mktemp("rules"), without=())
            if not path.startswith(ELSEWHERE)]


class Fuzzed(Server):
    """A server with `words`: numbers, serials and tokens of things that it has."""

    words: list[str]


@pytest.fixture(scope="module")
def server() -> Iterator[Fuzzed]:
    """A server whose log has no traceback when all is over."""
    with Fuzzed(notify_timeout="200ms") as running:
        shop = Control(running.url).shop(notify_url="http://127.0.0.1:9/")
        for make in (shop.qr_order, shop.pay_by_barcode, shop.h5_order, shop.card_order, shop.at_terminal):
            make()
        shop.card_payment(card_of("3200"))
        orders = shop.control.get("/orders", merchants_id=shop.merchants_id)["items"]
        running.words = [shop.merchants_id, *shop.terminals, *(order["out_trade_no"] for order in orders),
                         *(order["page"].rpartition("/")[2] for order in orders)]
        yield running
        status, printed = running.stop()
    assert (status, "Traceback" in printed) == (0, False), printed[-4_000:]


def asked(server: Server, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> int:
    """The status of an answer; its body is not read, since some never end."""
    line = http.client.HTTPConnection("127.0.0.1", int(server.url.rpartition(":")[2]), timeout=30)
    try:
        line.request(method, path, body, headers)
        return line.getresponse().status
    finally:
        line.close()


def filled(path: str, words: Iterator[str]) -> str:
    """A path with a word in each of its places."""
    pieces = (next(words) if piece.startswith("<") else piece for piece in path.split("/"))
    return "/".join(parse.quote(piece, safe="%;", errors="replace") for piece in pieces)


@seed(20_180_325)
@settings(max_examples=160, database=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), query=pairs, body=bodies)
def test_no_request_gives_a_5xx(rules: list[tuple[str, str]], server: Fuzzed, data: st.DataObject, query: Any,
                                body: Any) -> None:
    method, path = data.draw(st.sampled_from(rules))
    word = st.one_of(st.sampled_from(server.words), st.integers(1, 9).map(str), values)
    words = iter(data.draw(st.lists(word, min_size=4, max_size=4)))
    if data.draw(st.booleans()):
        query = [*query, ("merchants_id", data.draw(st.sampled_from(server.words)))]
    others = st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "BREW"])
    method = data.draw(st.one_of(st.just(method), others))
    limits = [("timeout", "1ms")] if path.endswith("/wait") else []
    address = f"{filled(path, words)}?{parse.urlencode([*query, *limits], errors='replace')}"
    status = asked(server, method, address, body[0], {"Content-Type": body[1]} if body[1] else {})
    may_be_full = status == 503 and path.endswith(MAY_BE_FULL)
    assert status < 500 or may_be_full, (method, address[:300], body, status)


def test_rules_are_those_of_every_face(rules: list[tuple[str, str]], tmp_path: Path) -> None:
    assert len(rules) > 100
    for begin in ("/_emulator/", "/console/", "/terminal/", "/wallet/", "/pay/", "/3ds/", "/sdk/", "/qr/"):
        assert any(path.startswith(begin) for _, path in rules), begin
