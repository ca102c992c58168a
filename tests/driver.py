"""What the tests drive: a real server, the shops that call it and the receivers that hear from it, in the
words of the domain.
"""
import csv
import hashlib
import http.server
import itertools
import json
import os
import random
import signal
import socket
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib import error, parse
from urllib import request as http_client

from lxml import etree

from . import postgres
from .warm import STARTER, Started

ALIPAY_CODE = "280136483235977421"
WECHAT_CODE = "134567890123456789"
TEMPORARY = ":temporary:"
NEVER_SIGNED = ("sign", "sign_type")
with (Path(__file__).parent / "vectors" / "response-codes.csv").open(encoding="utf-8", newline="") as _table:
    # the 71 codes of cards, as the contract has them
    RESPONSE_CODES = {row["code"]: row for row in csv.DictReader(_table)}
VISA = "4111111111111111"
CHANCE = random.SystemRandom()  # hypothesis makes the other repeat itself
SERVERS_PORTS = 10_000, 32_000  # Linux takes others for outgoing connections


def md5_sign(params: dict[str, str], token: str) -> str:
    """Section 1.2, written a second time: nothing of the emulator's is used to check it."""
    counted = sorted((name.encode(), value.encode()) for name,
                     value in params.items() if value and name not in NEVER_SIGNED)
    text = b"&".join(name + b"=" + value for name, value in counted) + token.encode()
    return hashlib.md5(text).hexdigest()


def luhn_digit(partial: str) -> str:
    """The digit that makes a card number of what stands before it."""
    places = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(partial), 1))
    return str(-sum(place // 10 + place % 10 for place in places) % 10)


def card_of(code: str, variant: str = "00000") -> str:
    """The number of the test card that gives a response code (contract 3.3)."""
    partial = f"400002{code}{variant}"
    return partial + luhn_digit(partial)


def pay_info(number: str = VISA, **fields: Any) -> str:
    """A card as section 7.2 sends it; None leaves a field out."""
    card = {"cardNo": number, "expirationMonth": "12", "expirationYear": "49",
            "cvv": "1234" if number[:2] in ("34", "37") else "123",
            "firstName": "Ken", "lastName": "Swift", **fields}
    return json.dumps({name: value for name, value in card.items() if value is not None})


def assert_illegal(answer: "Answer", *named: str) -> None:
    """A card request was refused with 1000, and the sentence names all of these."""
    said = answer["is_success"], answer["result_code"], answer["error"]
    assert said == ("F", "1000", "ILLEGAL_ARGUMENT"), answer.text
    assert [name for name in named if name not in answer["detail_error_des"]] == [], answer[
        "detail_error_des"]


class _NoRedirect(http_client.HTTPRedirectHandler):
    def redirect_request(self, *args: Any) -> None:
        return None


_OPENER = http_client.build_opener(_NoRedirect)


@dataclass
class Answer:
    """An HTTP answer; `answer["field"]` reads its XML."""

    status: int
    headers: Any
    raw: bytes

    @property
    def text(self) -> str:
        return self.raw.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.raw)

    @property
    def xml(self) -> Any:
        return etree.fromstring(self.raw)

    @property
    def fields(self) -> dict[str, str]:
        return {element.tag: element.text or "" for element in self.xml}

    def __getitem__(self, name: str) -> str:
        return self.fields[name]


def exchange(url: str, method: str = "GET", body: bytes | None = None, headers: dict[str, str] | None = None,
             timeout: float = 60) -> Answer:
    """One request, redirects not followed, whatever its status."""
    asked = http_client.Request(url, body, headers or {}, method=method)
    try:
        with _OPENER.open(asked, timeout=timeout) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except error.HTTPError as refused:
        with refused:
            return Answer(refused.code, refused.headers, refused.read())


def stream_at(url: str, headers: dict[str, str] | None = None, patience_s: float = 10) -> Any:
    """A stream of events; refused, it is asked for again a moment later, as a page does: those of other tests
    may not be missed yet.
    """
    end = time.monotonic() + patience_s
    while True:
        try:
            return http_client.urlopen(http_client.Request(url, headers=headers or {}), timeout=10)
        except error.HTTPError as refused:
            with refused:
                if refused.code != 503 or time.monotonic() > end:
                    raise
            time.sleep(0.1)


def line_to(url: str) -> socket.socket:
    """A connection to the server at an address."""
    place = parse.urlsplit(url)
    return socket.create_connection((place.hostname or "", place.port or 80), timeout=20)


def all_of(connection: socket.socket) -> bytes:
    """Everything that comes until the other side closes the connection."""
    pieces = []
    while piece := connection.recv(65_536):
        pieces.append(piece)
    return b"".join(pieces)


def raw_request(url: str, request: bytes) -> bytes:
    """What comes back for bytes that no HTTP library would send."""
    with line_to(url) as connection:
        connection.sendall(request)
        return all_of(connection)


def free_port() -> int:
    """A port that nobody listens on, and that the system gives to no outgoing connection: a server that is
    started again gets it again.
    """
    while True:
        port = CHANCE.randrange(*SERVERS_PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def is_listened_on(port: int) -> bool:
    """Whether a process listens on a port of this machine; connections that have ended do not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def plain_environment() -> dict[str, str]:
    """The environment without settings of the emulator."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TGPAY_")}


def command(*arguments: str, timeout: float = 30, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `tgpay-emulator` to its end; its output and its errors are files, as they may be a pipe."""
    with (tempfile.TemporaryFile("w+", newline="") as output,
          tempfile.TemporaryFile("w+", newline="") as errors):
        started = STARTER.start([*map(str, arguments)], output.fileno(),
                                {**plain_environment(), **environment}, errors.fileno())
        try:
            status = started.wait(timeout)
        except subprocess.TimeoutExpired:
            started.send_signal(signal.SIGKILL)
            started.wait(10)
            raise
        printed = [os.pread(file.fileno(), 1 << 24, 0).decode() for file in (output, errors)]
    return subprocess.CompletedProcess(list(arguments), status, *printed)


def database_of(path: object) -> object:
    """The database of a server: what the test says, or one of PostgreSQL for it if the tests run on that."""
    cluster = os.environ.get(postgres.CLUSTER)
    if not cluster or str(path).startswith("postgresql://"):
        return path
    return postgres.database(cluster, next(_numbers) + os.getpid() * 1_000 if path == TEMPORARY else path)


class Server:
    """A real `tgpay-emulator serve` of its own; `settings` are flags by the setting's name."""

    def __init__(self, **settings: object) -> None:
        self.settings = {"port": free_port(), "database": TEMPORARY, "log_level": "warning", **settings}
        self.settings["database"] = database_of(self.settings["database"])
        self.url = f"http://127.0.0.1:{self.settings['port']}"
        self.process: Started | None = None
        self.output: Any = None

    def start(self, wait: bool = True) -> "Server":
        flags = [f"--{name.replace('_', '-')}={value}" for name, value in self.settings.items()]
        # a pipe that nobody reads would fill up and stop the server
        self.output = tempfile.TemporaryFile("w+")
        self.process = STARTER.start(["serve", *flags], self.output.fileno(), plain_environment())
        if wait:
            self.wait_until_healthy()
        return self

    def wait_until_healthy(self, seconds: float = 20) -> None:
        end = time.monotonic() + seconds
        while True:
            try:
                if exchange(f"{self.url}/_emulator/health").status == 200:
                    return
            except OSError:
                if time.monotonic() > end:
                    raise
            if self.process is None or self.process.poll() is not None:
                raise AssertionError(f"the server has ended: {os.pread(self.output.fileno(), 4096, 0)!r}")
            time.sleep(0.02)

    def announced(self, seconds: float = 20, lines: int = 1) -> str:
        """The first line that the server prints, as soon as there are so many."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            printed = os.pread(self.output.fileno(), 4096, 0).decode().split("\n")
            if len(printed) > lines:
                return printed[0]
            time.sleep(0.02)
        raise AssertionError("the server printed nothing")

    def end(self, seconds: float = 30) -> tuple[int, str]:
        """Wait until the process has ended; answers the exit status and what was printed."""
        assert self.process is not None
        status = self.process.wait(seconds)
        self.output.seek(0)
        with self.output:
            return status, self.output.read()

    def stop(self) -> tuple[int, str]:
        """SIGTERM; answers the exit status and what was printed."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.end()

    def kill(self) -> None:
        """SIGKILL to every process of the server at once."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.end(10)
        end = time.monotonic() + 10
        while is_listened_on(int(str(self.settings["port"]))) and time.monotonic() < end:
            time.sleep(0.005)  # the other processes of the server die a moment later

    def __enter__(self) -> "Server":
        return self.start()

    def __exit__(self, *failure: object) -> None:
        if self.process is not None and self.process.poll() is None:
            self.stop()


class Control:
    """The control interface of a server."""

    def __init__(self, url: str, token: str = "") -> None:
        self.url = url
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None,
            **query: object) -> Answer:
        address = f"{self.url}/_emulator{path}{'?' + parse.urlencode(query) if query else ''}"
        data = None if body is None else json.dumps(body).encode()
        return exchange(address, method, data,
                        {"Content-Type": "application/json", **self.headers, **(headers or {})})

    def get(self, path: str, **query: object) -> Any:
        answer = self.ask("GET", path, **query)
        assert answer.status == 200, answer.text
        return answer.json

    def post(self, path: str, body: Any = None, **query: object) -> Any:
        answer = self.ask("POST", path, body, **query)
        assert answer.status in (200, 201), answer.text
        return answer.json

    def shop(self, **settings: Any) -> "Shop":
        """A merchant of the test's own."""
        made = self.post("/merchants", settings)
        return Shop(self, made["merchants_id"], made["token"], made)


class Clock:
    """The emulator's clock."""

    def __init__(self, control: Control) -> None:
        self.control = control

    def advance(self, duration: str) -> None:
        self.control.post("/clock", {"advance": duration})

    def set(self, instant: str) -> None:
        self.control.post("/clock", {"set": instant})

    def freeze(self) -> None:
        self.control.post("/clock", {"freeze": True})

    def reset(self) -> None:
        self.control.post("/clock", {"reset": True})


_numbers = itertools.count(1)


@dataclass
class Shop:
    """A merchant's server: signs what it sends, and knows how to ask for each kind of payment."""

    control: Control
    merchants_id: str
    token: str
    made: dict[str, Any] = field(default_factory=dict)
    base: str = "/v2"

    def number(self) -> str:
        """A new order number, with the prefix that QR note 1 asks for."""
        return f"{self.merchants_id}{next(_numbers):08d}"

    def signed(self, **params: str) -> dict[str, str]:
        """The parameters with merchants_id, sign_type and sign, where they are not given; None leaves one
        out.
        """
        named = {"merchants_id": self.merchants_id, "sign_type": "MD5", **params}
        named = {name: value for name, value in named.items() if value is not None}
        return {"sign": md5_sign(named, self.token), **named}

    def send(self, endpoint: str, params: dict[str, str], method: str = "GET",
             headers: dict[str, str] | None = None) -> Answer:
        """The parameters as they are."""
        query = parse.urlencode(params).encode()
        url = f"{self.control.url}{self.base}/{endpoint}.php"
        if method == "GET":
            return exchange(f"{url}?{query.decode()}", headers=headers)
        return exchange(url, method, query,
                        {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})})

    def ask(self, endpoint: str, method: str = "GET", **params: Any) -> Answer:
        """The parameters, signed."""
        return self.send(endpoint, self.signed(**params), method)

    def qr_order(self, amount: str = "1.00", **params: Any) -> Answer:
        return self.ask("tgpayqrcode", **{"out_trade_no": self.number(), "trans_amount": amount,
                                          "pay_type": "alipay", **params})

    def pay_by_barcode(self, amount: str = "1.00", **params: Any) -> Answer:
        return self.ask("tgpaybarcode", **{"out_trade_no": self.number(), "trans_amount": amount,
                                           "buyer_identity_code": ALIPAY_CODE,
                                           "pay_type": "alipay", **params})

    def h5_order(self, amount: str = "1.00", **params: Any) -> Answer:
        return self.ask("tgpayh5", **{"out_trade_no": self.number(), "total_fee": amount,
                                      "pay_type": "alipay", "scene_type": "WAP_PAY",
                                      "return_url": "http://127.0.0.1:9/back", **params})

    def prepay_order(self, amount: str = "1.00", **params: Any) -> Answer:
        return self.ask("tgpayprepay",
                        **{"out_trade_no": self.number(), "trans_amount": amount, "pay_type": "wechat",
                           "trade_type": "JSAPI", "openid": "o-test", **params})

    def card_order(self, amount: str = "1.00", **params: Any) -> Answer:
        """A card payment on the cashier's page, with every parameter that the document calls mandatory."""
        return self.ask("tgpaybankcard", **{**self.bankcard(amount), "access_type": "cashier", **params})

    def card_payment(self, number: str = VISA, card: dict[str, Any] | None = None, method: str = "POST",
                     **params: Any) -> Answer:
        """A card charged from the merchant's server; `card` are other values of pay_info's fields."""
        return self.ask("tgpaybankcard", method, **{
            **self.bankcard("1.00"), "access_type": "s2s", "pay_info": pay_info(number, **(card or {})),
            "device_channel": "browser", "trans_channel": "credit_card", **params})

    def bankcard(self, amount: str) -> dict[str, str]:
        """What both kinds of card payment send."""
        return {"out_trade_no": self.number(), "trans_amount": amount, "pay_type": "bankcard",
                "trans_timeout": "20",
                "goods_name": "bankcard_test", "language": "en", "channel_type": "online",
                "terminal_type": "web"}

    def card_service(self, decision: str, out_trade_no: str, **params: Any) -> Answer:
        """The merchant's review of a card payment: approved or refused."""
        return self.ask("tgpaybankcard", "POST", service=f"bankcard.{decision}", out_trade_no=out_trade_no,
                        **params)

    @property
    def terminals(self) -> list[str]:
        """The serial numbers of this merchant's terminals."""
        return [item["terminal_sn"] for item in self.control.get("/terminals",
                                                                 merchants_id=self.merchants_id)["items"]]

    def at_terminal(self, operation: str = "sale", amount: str | None = "12.00", **params: Any) -> Answer:
        """A transaction on a card terminal, the merchant's first unless `terminal_sn` names another."""
        return self.ask("tgpaywebtoterminal", **{
            "pay_type": "webtoterminal", "operation": operation, "out_trade_no": self.number(),
            "trans_amount": amount, "terminal_type": "PAX920", "terminal_sn": self.first_terminal, **params})

    @cached_property
    def first_terminal(self) -> str:
        """The serial number of the terminal that requests name unless told otherwise."""
        return self.terminals[0]

    def person(self, event: str, serial: str = "") -> Answer:
        """Somebody does something at a terminal."""
        return self.control.ask("POST", f"/terminals/{serial or self.first_terminal}/{event}")

    def terminal(self, serial: str = "") -> Any:
        """A terminal as the control interface shows it."""
        return self.control.get(f"/terminals/{serial or self.first_terminal}")

    def attend(self, serial: str = "", attended: bool = True) -> None:
        """From its next transaction on, people drive the terminal."""
        assert self.control.ask("PUT", f"/terminals/{serial or self.first_terminal}",
                                {"attended": attended}).status == 200

    def transaction(self, number: str, **params: Any) -> Answer:
        """The query of a terminal transaction by its transactionResultId."""
        return self.ask("tgpayquery", transactionResultId=number, sign_type=None, **params)

    def query(self, out_trade_no: str) -> Answer:
        return self.ask("tgpayquery", out_trade_no=out_trade_no, sign_type=None)

    def refund(self, out_trade_no: str, amount: str, **params: Any) -> Answer:
        return self.ask("tgpayrefund", out_trade_no=out_trade_no, refund_amount=amount, sign_type=None,
                        **params)

    def cancel(self, out_trade_no: str) -> Answer:
        return self.ask("tgpaycancel", out_trade_no=out_trade_no, account_id="33", sign_type=None)

    def settlement(self, start: str, end: str) -> Answer:
        return self.ask("export_settlement", start_date=start, end_date=end, sign_type=None)

    def happens(self, out_trade_no: str, event: str, **body: str) -> Answer:
        """A control event of an order: pay, decline, expire, close; of a card order also approve, refuse,
        chargeback.
        """
        return self.control.ask("POST",
                                f"/orders/{self.merchants_id}/{parse.quote(out_trade_no, safe='')}/{event}",
                                body or None)

    def plays(self, *rules: dict[str, Any], name: str = "") -> None:
        """Put a scenario in force for this merchant: rules, or by its name a bundled scenario."""
        asked = self.control.ask("PUT", "/scenario", {"name": name} if name else {"rules": list(rules)},
                                 merchants_id=self.merchants_id)
        assert asked.status == 200, asked.text

    def requests(self, out_trade_no: str) -> Any:
        """The journal's entries of an order, oldest first: also of requests whose answer was lost."""
        return self.control.get("/journal", merchants_id=self.merchants_id,
                                out_trade_no=out_trade_no)["items"]

    def story(self, out_trade_no: str) -> Any:
        """The order with its history, refunds and notifications."""
        return self.control.get(f"/orders/{self.merchants_id}/{parse.quote(out_trade_no, safe='')}")

    def notifications(self, out_trade_no: str) -> Any:
        """The notifications of an order, with every attempt."""
        return self.story(out_trade_no)["notifications"]

    def journal(self, answer: Answer) -> Any:
        """The journal's entry of an answer."""
        return self.control.get(f"/journal/{answer.headers['X-TGPay-Request']}")

    def findings(self, answer: Answer) -> set[str]:
        """The codes of the findings of a request."""
        return {finding["code"] for finding in self.journal(answer)["findings"]}

    def verifies(self, answer: Answer) -> bool:
        """Whether the answer is signed with this merchant's token over its own fields."""
        return answer["sign"] == md5_sign(answer.fields, self.token) and answer["sign_type"] == "MD5"


@dataclass
class Heard:
    """One request that a receiver got."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def fields(self) -> dict[str, str]:
        """The notification's fields as they are signed, whatever the form."""
        if "xml" in self.headers.get("content-type", ""):
            return {element.tag: element.text or "" for element in etree.fromstring(self.body)}
        if "json" in self.headers.get("content-type", ""):
            raw = json.loads(self.body, parse_int=str, parse_float=str)
            return {name: str(value) for name, value in raw.items()}
        text = self.body.decode() if self.method == "POST" else self.query
        return dict(parse.parse_qsl(text, keep_blank_values=True))


class Receiver:
    """A merchant's receiver: a real HTTP server that keeps what it hears.

    `answers` is what it says: (status, body), used one after another, the last one for ever; `delay` is
    seconds before it answers.
    """

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.answers: list[tuple[int, bytes]] = [(200, b"success")]
        self.delay = 0.0
        self.headers: dict[str, str] = {}
        self.changed = threading.Condition()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def handle_one(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                path, _, query = self.path.partition("?")
                with receiver.changed:
                    receiver.heard.append(Heard(self.command, path, query,
                                                {name.lower(): value for name, value in self.headers.items()},
                                                self.rfile.read(length), time.monotonic()))
                    status, body = (receiver.answers.pop(0) if len(receiver.answers) > 1
                                    else receiver.answers[0])
                    receiver.changed.notify_all()
                time.sleep(receiver.delay)
                self.send_response(status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with suppress(ConnectionError):  # a server that was killed has hung up
                    self.wfile.write(body)

            do_GET = do_POST = handle_one

            def log_message(self, *args: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/notify"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05},
                         daemon=True).start()

    def wait_for(self, count: int, seconds: float = 10) -> list[Heard]:
        """The first `count` requests, as soon as they are there."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.heard) >= count,
                                         seconds), f"heard {len(self.heard)} of {count} notifications"
            return self.heard[:count]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
