"""What the demo's steps share: a real server, a real receiver, and answers that later steps need."""
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

from ...base.http_client import Answer, fetch
from ...base.urls import with_query
from ...signing.merchant_client import Receiver, sign
from .screen import Screen

DESKTOP = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64)", "Accept-Language": "en"}
PHONE = {"User-Agent": "Mozilla/5.0 (Linux; Android 14) Mobile", "Accept-Language": "en"}


class NoServer(Exception):
    """The emulator did not start."""


@dataclass
class Stage:
    """The means of a step, and the counts of checks and failures. `answers` are kept for later steps."""

    url: str
    screen: Screen
    receiver: Receiver
    answers: dict[str, Mapping[str, str]] = field(default_factory=dict)
    checks: int = 0
    failures: int = 0

    def holds(self, condition: object, sentence: str) -> None:
        """Check a condition, and print the sentence with a tick or a cross."""
        self.checks += 1
        self.failures += not condition
        self.screen.check(bool(condition), sentence)

    def ask(self, endpoint: str, params: Mapping[str, str], token_of: str = "") -> Answer:
        """Sign and send a request, and print it with its answer.

        `token_of` is the merchant whose token signs it, if the request names none.
        """
        merchant = self.merchant(token_of or params["merchants_id"])
        return self.send(endpoint, {**params, "sign": sign(params, str(merchant["token"]))})

    def send(self, endpoint: str, params: Mapping[str, str]) -> Answer:
        """Send a request as it is, and print it with its answer."""
        url = with_query(f"{self.url}/v2/{endpoint}.php", params)
        self.screen.code(f"curl '{url}'", "bash")
        answer = fetch(url)
        if "xml" in answer.headers.get("Content-Type", ""):
            self.screen.code(answer.text, "xml")
        return answer

    def is_signed(self, fields: Mapping[str, str], merchants_id: str) -> bool:
        """Whether the fields of an answer or a notification have the correct signature of a merchant."""
        return fields.get("sign", "") == sign(fields, str(self.merchant(merchants_id)["token"]))

    def heard(self, notify_type: str, out_trade_no: str, merchants_id: str,
              **fields: str) -> Mapping[str, str]:
        """Wait for a notification, print it field by field, and check that it came with a correct signature.

        Returns its fields, empty when it did not come.
        """
        notification = (self.receiver.wait_for(notify_type=notify_type, out_trade_no=out_trade_no, **fields)
                        or {})
        self.screen.code("\n".join(f"    {name} = {value}" for name, value in notification.items()), "ini")
        self.holds(notification, f"the notification {notify_type or 'of the card payment'} has arrived")
        self.holds(self.is_signed(notification, merchants_id), "its signature is correct")
        return notification

    def merchant(self, merchants_id: str) -> Mapping[str, Any]:
        """A merchant with its token, from the control interface."""
        found: Mapping[str, Any] = self.control("GET", f"/merchants/{merchants_id}")
        return found

    def control(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Call the control interface and return the JSON of its answer."""
        data = None if body is None else json.dumps(body).encode()
        return json.loads(fetch(f"{self.url}/_emulator{path}", method, data,
                                {"Content-Type": "application/json"}).body)


@dataclass(frozen=True)
class Step:
    """A step of the demo: the document's section, a title, the function, and a note."""

    section: str
    title: str
    act: Callable[[Stage], None]
    notification: str


@contextmanager
def server(receiver: Receiver) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """Run `serve` on a free port with a temporary database. Notifications go to this machine only.

    Yields the server's address and its process. Raises NoServer.
    """
    flags = ["--port", "0", "--database", ":temporary:", "--log-level", "warning", "--notify-allow",
             "127.0.0.1", "--end-with-parent"]
    plain = {name: value for name, value in environ.items() if not name.startswith("TGPAY_")}
    command = [sys.executable, "-m", "tgpay_emulator", "serve", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=plain) as process:
        try:
            announced = re.search(r"http://\S+(?=/v2/)", process.stdout.readline() if process.stdout else "")
            if announced is None:
                raise NoServer("the emulator did not start")
            yield announced[0], process
        finally:
            process.terminate()
            _wait_quietly(process)


def _wait_quietly(process: "subprocess.Popen[str]") -> None:
    """Wait for the end of the server. Ctrl-C is ignored meanwhile."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
    finally:
        signal.signal(signal.SIGINT, before)
