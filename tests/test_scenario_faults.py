"""Contract 8, `fault` and `delay`: what arrives on the socket, what has happened, what the journal has, and
that nothing else suffers.
"""
import re
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from lxml import etree

from .driver import Answer, Clock, Control, Server, Shop
from .scripted import rule
from .tables import every_row

NOTHING_HAPPENS = ("drop_before", "http_500", "http_503")
LOST = ("drop_before", "drop_after", "reset")
AT_ONCE = (*NOTHING_HAPPENS, "drop_after", "reset", "empty", "truncate", "malformed", "wrong_sign",
           "wrong_type")
FAULTS = (*AT_ONCE, "slow")
PAGES = {"http_500": (500, b"500 Internal Server Error"), "http_503": (503, b"503 Service Unavailable")}
OPEN, FIN, RST = "open", "FIN", "RST"
ENDINGS = {"drop_before": FIN, "drop_after": FIN, "reset": RST, "truncate": FIN}
RULES = [{"name": f"a fault: {fault}", "when": {"probe": fault}, "then": {"fault": fault}}
         for fault in FAULTS]


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    """A server of its own, whose log has nothing to complain of in the end."""
    with Server() as server:
        yield server.url
        printed = server.stop()[1]
        assert len(printed.splitlines()) == 1, printed


@pytest.fixture
def shop(control: Control) -> Shop:
    """A merchant whose requests break as their parameter `probe` says."""
    made = control.shop()
    made.plays(*RULES)
    return made


@dataclass
class Arrived:
    """What came over a connection: the head, the body, how often something came, and what became of the
    connection.
    """

    head: bytes
    body: bytes
    pieces: int
    ending: str

    @property
    def status(self) -> int:
        return int(self.head.split()[1])

    def header(self, name: str) -> str:
        found = re.search(rb"^%s: (.*?)\r$" % name.encode(), self.head, re.MULTILINE | re.IGNORECASE)
        assert found, f"no header {name} in {self.head!r}"
        return found[1].decode()

    @property
    def as_answer(self) -> Answer:
        return Answer(self.status, {}, self.body)


class Line:
    """A connection to the server, on which everything is seen that a client library would hide."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.socket = socket.create_connection(("127.0.0.1", urlsplit(shop.control.url).port or 0),
                                               timeout=20)

    def close(self) -> None:
        self.socket.close()

    def ask(self, endpoint: str, **params: str) -> Arrived:
        """One signed request, and all that comes of it."""
        self.send(endpoint, **params)
        return self.arrived()

    def send(self, endpoint: str, **params: str) -> None:
        """One signed request."""
        body = urlencode(self.shop.signed(**params)).encode()
        self.socket.sendall(b"POST /v2/%s.php HTTP/1.1\r\nHost: gateway.example\r\nContent-Type: "
                            b"application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s" % (
                                endpoint.encode(), len(body), body))

    def arrived(self) -> Arrived:
        """Read until the answer is complete or the connection ends."""
        came, pieces, ending = b"", 0, OPEN
        while not self._complete(came):
            try:
                piece = self.socket.recv(65536)
            except ConnectionResetError:
                ending = RST
                break
            if not piece:
                ending = FIN
                break
            came, pieces = came + piece, pieces + 1
        head, _, body = came.partition(b"\r\n\r\n")
        return Arrived(head + b"\r\n", _dechunked(head, body), pieces, ending)

    @staticmethod
    def _complete(came: bytes) -> bool:
        head, parted, body = came.partition(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", head)
        if not parted:
            return False
        return len(body) >= int(length[1]) if length else body.endswith(b"0\r\n\r\n")


def _dechunked(head: bytes, body: bytes) -> bytes:
    """The body without the sizes of its pieces."""
    if b"chunked" not in head.lower():
        return body
    whole, rest = b"", body
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        whole, rest = whole + rest[:int(size, 16)], rest[int(size, 16) + 2:]
    return whole


@pytest.fixture
def line(shop: Shop) -> Iterator[Line]:
    with closing(Line(shop)) as made:
        yield made


PAYMENT = {"trans_amount": "1.00", "buyer_identity_code": "280136483235977421", "pay_type": "alipay"}


def paid(shop: Shop, number: str) -> bool:
    """What a query tells of a payment: it is made, or nobody knows of it."""
    told = shop.query(number)
    assert (told["trade_status"] if told["is_success"] == "T" else told["error"]) in (
        "TRADE_SUCCESS", "TRADE_NOT_EXIST")
    return told["is_success"] == "T"


# A payment at the counter.

@pytest.mark.parametrize("fault", AT_ONCE)
def test_a_payment_breaks_where_the_rule_says_and_a_query_tells_the_truth(
        shop: Shop, line: Line, fault: str) -> None:
    number = shop.number()
    came = line.ask("tgpaybarcode", out_trade_no=number, probe=fault, **PAYMENT)
    assert came.ending == ENDINGS.get(fault, OPEN)
    assert paid(shop, number) == (fault not in NOTHING_HAPPENS)
    if fault in LOST:
        assert (came.head.strip(), came.body) == (b"", b"")
        return
    assert came.header("X-TGPay-Rule") == f"a fault: {fault}"
    assert came.status == PAGES.get(fault, (200, b""))[0]
    if fault in PAGES:
        assert (came.header("Content-Type"), PAGES[fault][1] in came.body) == (
            "text/html; charset=utf-8", True)
    elif fault == "empty":
        assert (came.body, came.header("Content-Length")) == (b"", "0")
    elif fault == "truncate":
        assert len(came.body) == int(came.header("Content-Length")) // 2 > 0
    elif fault == "malformed":
        assert b"<result_code>SUCCESS</result_code>" in came.body
        with pytest.raises(etree.XMLSyntaxError):
            etree.fromstring(came.body)
    else:
        assert came.header("Content-Type") == ("text/html; charset=utf-8" if fault == "wrong_type"
                                               else "text/xml; charset=utf-8")
        assert (came.as_answer["result_code"], came.as_answer["out_trade_no"]) == ("SUCCESS", number)
        assert re.fullmatch("[0-9a-f]{32}", came.as_answer["sign"])
        assert shop.verifies(came.as_answer) == (fault != "wrong_sign")


@pytest.mark.parametrize("fault", AT_ONCE)
def test_the_journal_has_what_was_lost_and_the_rule(shop: Shop, line: Line, fault: str) -> None:
    number = shop.number()
    came = line.ask("tgpaybarcode", out_trade_no=number, probe=fault, **PAYMENT)
    entry, = shop.requests(number)
    told = entry["explanation"]
    assert (told["rule"], told["then"], entry["verdict"]) == (
        f"a fault: {fault}", {"fault": fault}, fault if fault in NOTHING_HAPPENS else "OK")
    if fault in ("drop_after", "reset", "empty", "truncate"):
        assert (entry["answer"].encode().startswith(came.body)
                and "<result_code>SUCCESS</result_code>" in entry["answer"])
    else:
        assert entry["answer"] == came.body.decode()


@pytest.mark.parametrize("fault", AT_ONCE)
def test_a_broken_answer_does_not_disturb_the_next_on_the_same_connection(
        shop: Shop, line: Line, fault: str) -> None:
    if fault in ENDINGS:
        with closing(Line(shop)) as other:
            assert line.ask("tgpaybarcode", out_trade_no=shop.number(), probe=fault, **PAYMENT).ending != OPEN
            assert other.ask("tgpaybarcode", out_trade_no=shop.number(),
                             **PAYMENT).as_answer["result_code"] == "SUCCESS"
        return
    for number in (shop.number(), shop.number()):
        line.ask("tgpaybarcode", out_trade_no=shop.number(), probe=fault, **PAYMENT)
        came = line.ask("tgpaybarcode", out_trade_no=number, **PAYMENT)
        assert (came.ending, came.as_answer["out_trade_no"], shop.verifies(came.as_answer)) == (
            OPEN, number, True)


@pytest.mark.parametrize("fault", [fault for fault in AT_ONCE if fault not in NOTHING_HAPPENS])
def test_the_same_request_again_answers_as_paid_and_charges_once(shop: Shop, line: Line, fault: str) -> None:
    shop.plays({"when": {"attempt": 1}, "then": {"fault": fault}})
    number = shop.number()
    line.ask("tgpaybarcode", out_trade_no=number, **PAYMENT)
    again = shop.pay_by_barcode(out_trade_no=number)
    assert (again["result_code"], shop.verifies(again), again.headers["X-TGPay-Rule"]) == (
        "SUCCESS", True, None)
    assert [row["event"] for row in shop.story(number)["history"]] == ["create", "pay"]


@pytest.mark.parametrize("fault", NOTHING_HAPPENS)
def test_where_nothing_happened_the_same_request_again_is_the_first(
        shop: Shop, line: Line, fault: str) -> None:
    shop.plays({"when": {"attempt": 1}, "then": {"fault": fault}})
    number = shop.number()
    line.ask("tgpaybarcode", out_trade_no=number, **PAYMENT)
    with pytest.raises(AssertionError):
        shop.story(number)
    assert shop.pay_by_barcode(out_trade_no=number)["result_code"] == "SUCCESS"
    assert len(shop.requests(number)) == 2


def test_a_lost_refund_gives_back_once(shop: Shop, line: Line) -> None:
    number = shop.pay_by_barcode()["out_trade_no"]
    refund = {"out_trade_no": number, "refund_amount": "0.40", "out_refund_id": shop.number()}
    assert line.ask("tgpayrefund", probe="drop_after", **refund).ending == FIN
    assert shop.ask("tgpayrefund", **refund)["is_success"] == "T"
    assert shop.query(number)["refund_amount"] == ".40"


@every_row("fault", LOST)
def test_a_client_library_sees_a_broken_connection(shop: Shop, fault: str) -> None:
    with pytest.raises(OSError):
        shop.pay_by_barcode(probe=fault)


# Every kind of reply.

KINDS = ("file", "redirect", "page", "refusal")


@pytest.fixture(scope="module")
def asked(base_url: str) -> tuple[Shop, dict[str, tuple[str, dict[str, str]]]]:
    """A merchant, and of each kind of reply a request that is answered with it."""
    made = Control(base_url).shop()
    made.plays(*RULES)
    clock = Clock(made.control)
    clock.set("2027-03-01T04:00:00Z")
    made.pay_by_barcode("2.50", reference="茶")
    clock.set("2027-03-03T04:00:00Z")
    return made, {
        "file": ("export_settlement", {"end_date": "2027-03-02"}),
        "redirect": ("tgpaygetopenid", {"client_url": "https://shop.example/?a=1"}),
        "page": ("tgpayapi", {"service": "linktopost", "out_trade_no": made.card_order()["out_trade_no"]}),
        "refusal": ("tgpayquery", {"out_trade_no": "nobody's"})}


@every_row("kind", KINDS)
@every_row("fault", AT_ONCE)
def test_every_kind_of_reply_breaks(asked: Any, kind: str, fault: str) -> None:
    shop, (endpoint, params) = asked[0], asked[1][kind]
    with closing(Line(shop)) as line, closing(Line(shop)) as other:
        whole, came = line.ask(endpoint, **params), other.ask(endpoint, probe=fault, **params)
    assert whole.body or kind == "redirect"
    if kind == "redirect" and fault == "truncate":
        assert (came.ending, came.head.strip()) == (FIN, b"")  # it has no body that could be cut
        return
    assert came.ending == ENDINGS.get(fault, OPEN)
    if fault in LOST:
        assert came.head.strip() == b""
        return
    assert came.status == PAGES[fault][0] if fault in PAGES else 200 if fault == "empty" else whole.status
    if fault in PAGES:
        assert PAGES[fault][1] in came.body
    elif fault == "empty":
        assert (came.body, b"Location" in came.head) == (b"", False)
    elif fault == "truncate":
        assert came.body == whole.body[:len(whole.body) // 2] != b""
    elif fault == "malformed":
        assert b"<&" in came.body
    elif fault == "wrong_type":
        assert came.header("Content-Type") != whole.header("Content-Type")
        assert came.body == whole.body
    elif kind == "refusal":
        assert came.as_answer["sign"] != whole.as_answer["sign"]
    else:
        assert came.body == whole.body


@pytest.mark.exhaustive
def test_the_bytes_of_every_kind_of_reply_drip(asked: Any) -> None:
    shop, requests = asked

    def drip(kind: str) -> tuple[str, Arrived, Arrived, float]:
        endpoint, params = requests[kind]
        with closing(Line(shop)) as line:
            whole, begun = line.ask(endpoint, **params), time.monotonic()
            return kind, whole, line.ask(endpoint, probe="slow", **params), time.monotonic() - begun
    with ThreadPoolExecutor(len(KINDS)) as pool:
        for kind, whole, came, seconds in pool.map(drip, KINDS):
            assert (came.status, came.body, came.ending) == (whole.status, whole.body, OPEN)
            if kind != "redirect":
                assert came.pieces >= 10 and seconds > 3


@pytest.mark.parametrize("fault", ["slow", "http_503"])
@pytest.mark.exhaustive
def test_a_client_that_does_not_wait_for_the_end_disturbs_nobody(shop: Shop, fault: str) -> None:
    shop.plays({"when": {"attempt": 1}, "then": {"fault": fault, "delay": "200ms"}})
    number = shop.number()
    with closing(Line(shop)) as line:
        line.send("tgpaybarcode", out_trade_no=number, **PAYMENT)
    again = shop.pay_by_barcode(out_trade_no=number)
    while rule(again):  # what is sent last may be read first
        again = shop.pay_by_barcode(out_trade_no=number)
    assert again["result_code"] == "SUCCESS"


# Delay.

def test_an_answer_is_held_back_and_the_payment_made_at_once(shop: Shop) -> None:
    shop.plays({"when": {"endpoint": "tgpaybarcode"}, "then": {"delay": "700ms"}})
    number, begun = shop.number(), time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(shop.pay_by_barcode, out_trade_no=number)
        while not paid(shop, number):
            assert not answer.done()
        assert not answer.done()
        assert answer.result()["result_code"] == "SUCCESS"
    assert time.monotonic() - begun >= 0.7


@pytest.mark.parametrize("fault, ends",
                         [("drop_before", lambda came: came.ending == FIN),
                          ("http_503", lambda came: came.status == 503)])
def test_a_line_may_break_late(shop: Shop, line: Line, fault: str, ends: Callable[[Arrived], bool]) -> None:
    shop.plays({"then": {"fault": fault, "delay": "300ms"}})
    begun = time.monotonic()
    came = line.ask("tgpayquery", out_trade_no="1")
    assert ends(came) and time.monotonic() - begun >= 0.3


def test_a_delay_is_on_the_real_clock(shop: Shop, clock: Clock) -> None:
    clock.freeze()
    shop.plays({"then": {"delay": "200ms"}})
    begun = time.monotonic()
    assert shop.query("1")["error"] == "TRADE_NOT_EXIST"
    assert 0.2 <= time.monotonic() - begun < 5
