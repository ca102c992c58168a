"""Where the demo takes place: a real server, a real receiver, and what the steps tell each other."""
import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from os import environ
from typing import Any

from ...base.urls import with_query
from ...signing.merchant_client import Answer, Receiver, fetch, sign
from .screen import Screen

DESKTOP = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64)", "Accept-Language": "en"}
PHONE = {"User-Agent": "Mozilla/5.0 (Linux; Android 14) Mobile", "Accept-Language": "en"}


class NoServer(Exception):
    """The emulator did not start, and a sentence says so."""


@dataclass
class Stage:
    """What a step works with; `told` keeps answers that later steps need."""

    url: str
    screen: Screen
    receiver: Receiver
    told: dict[str, Mapping[str, str]] = field(default_factory=dict)
    checks: int = 0
    failures: int = 0

    def holds(self, condition: object, sentence: str) -> None:
        """What must be so: a tick, or a cross that the end remembers."""
        self.checks += 1
        self.failures += not condition
        self.screen.check(bool(condition), sentence)

    def ask(self, endpoint: str, params: Mapping[str, str], token_of: str = "") -> Answer:
        """One request of the document, signed and shown with its answer; `token_of` is the merchant when the request names none."""
        merchant = self.merchant(token_of or params["merchants_id"])
        return self.send(endpoint, {**params, "sign": sign(params, str(merchant["token"]))})

    def send(self, endpoint: str, params: Mapping[str, str]) -> Answer:
        """One request as it is, shown with its answer."""
        url = with_query(f"{self.url}/v2/{endpoint}.php", params)
        self.screen.code(f"curl '{url}'", "bash")
        answer = fetch(url)
        if "xml" in answer.headers.get("Content-Type", ""):
            self.screen.code(answer.text, "xml")
        return answer

    def is_signed(self, fields: Mapping[str, str], merchants_id: str) -> bool:
        """Whether fields of an answer or a notification carry the right signature of a merchant."""
        return fields.get("sign", "") == sign(fields, str(self.merchant(merchants_id)["token"]))

    def heard(self, notify_type: str, out_trade_no: str, merchants_id: str, **fields: str) -> Mapping[str, str]:
        """A notification that must have come with a right signature; shown field by field, as it is signed. Empty when it is missing."""
        notification = self.receiver.wait_for(notify_type=notify_type, out_trade_no=out_trade_no, **fields) or {}
        self.screen.code("\n".join(f"    {name} = {value}" for name, value in notification.items()), "ini")
        self.holds(notification, f"the notification {notify_type or 'of the card payment'} has come")
        self.holds(self.is_signed(notification, merchants_id), "its signature is right")
        return notification

    def merchant(self, merchants_id: str) -> Mapping[str, Any]:
        """A merchant with its token, as the operator of the emulator sees it."""
        found: Mapping[str, Any] = self.control("GET", f"/merchants/{merchants_id}")
        return found

    def control(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The control interface."""
        data = None if body is None else json.dumps(body).encode()
        return json.loads(fetch(f"{self.url}/_emulator{path}", method, data, {"Content-Type": "application/json"}).body)


@dataclass(frozen=True)
class Step:
    """A row of the demo: the document's section, a title, what is done, and what to notification."""

    section: str
    title: str
    act: Callable[[Stage], None]
    notification: str


@contextmanager
def server(receiver: Receiver) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """A real `serve` on a free port with a throw-away database, that sends notifications to this machine only. Raises NoServer."""
    flags = ["--port", "0", "--database", ":temporary:", "--log-level", "warning", "--notify-allow", "127.0.0.1"]
    plain = {name: value for name, value in environ.items() if not name.startswith("TGPAY_")}
    command = [sys.executable, "-m", "tgpay_emulator", "serve", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=plain) as process:
        try:
            assert process.stdout is not None
            announced = re.search(r"http://\S+(?=/v2/)", process.stdout.readline())
            if announced is None:
                raise NoServer("the emulator did not start")
            yield announced[0], process
        finally:
            process.terminate()
            _wait_quietly(process)


def _wait_quietly(process: "subprocess.Popen[str]") -> None:
    """Let the server end, however often Ctrl-C is pressed."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
    finally:
        signal.signal(signal.SIGINT, before)
