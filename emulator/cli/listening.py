"""The command `listen`."""
import signal
import threading
import time
from datetime import datetime
from typing import Any
from urllib.parse import quote

import click

from ..base import clock, durations, urls
from .command import examples, main
from .forwards import Item, Listener, Report, Told
from .layout import printable
from .output import console
from .remote import Control, address_of, fail, settings_of, trust_file, trust_own

LOOK_S, FAREWELL_S = 0.1, 2.0
SHOWN = 60  # characters of an answer in its line
LONGEST_SHOWN = 10_000  # characters of a body with --print
EXAMPLES = (
    "tgpay-emulator listen --merchant 201703200001 --forward-to localhost:3000/notify",
    "tgpay-emulator listen --merchant 201703200001 --set --forward-to …")


@main.command(epilog=examples(*EXAMPLES))
@click.option("--forward-to", "target", required=True, metavar="URL",
              help="the address of your application: its notify_url, as this machine reaches it")
@click.option("--merchant", "merchants", required=True, multiple=True, metavar="NUMBER",
              help="merchant whose notifications to forward; repeat it for several")
@click.option("--set", "sets", is_flag=True, help="set notify_url of these merchants to listen first")
@click.option("--print", "prints", is_flag=True, help="print each request and response in full")
@click.option("--notify-ca", metavar="FILE",
              help="certificate authorities (PEM) to trust in addition to the system's")
@click.option("--notify-insecure/--no-notify-insecure", default=None,
              help="do not check the application's certificate")
@click.option("--url", envvar="TGPAY_URL", metavar="URL", help="address of the emulator [TGPAY_URL]")
@click.option("--ca", metavar="FILE",
              help="the emulator's certificate to trust, or that of its authority (PEM) [SSL_CERT_FILE]")
@click.option("--token", metavar="TEXT", help="control token [TGPAY_CONTROL_TOKEN]")
def listen(target: str, merchants: tuple[str, ...], sets: bool, prints: bool, notify_ca: str | None,
           notify_insecure: bool | None, url: str | None, ca: str | None, token: str | None) -> None:
    """Forward notifications to an application on this machine.

    Use it when the emulator cannot reach your machine. Notifications of a merchant whose notify_url is
    `listen` are forwarded to your application as the emulator would send them, and the application's
    response is reported back, until you press Ctrl-C. Without a listener an attempt fails and is retried
    later. If a second listener starts for the same merchant, it takes over.
    """
    target = target if "://" in target else f"http://{target}"
    if wrong := urls.problem(target):
        fail(f"--forward-to is not an http or https address: {wrong}")
    checks = {None: None, True: "on", False: "off"}
    trust = {"notify_ca": notify_ca, "notify_insecure": checks[notify_insecure]}
    trust_file(ca)
    settings = settings_of({})
    if not url:
        trust_own(settings)
    server = (url or address_of(settings)).rstrip("/")
    control, stop = Control(server, None, token), _stop()
    output = Output(prints, len(set(merchants)) > 1, stop)
    forward = Application(target, settings_of(trust), output).forward
    told = Told(server, output.say)
    listeners = [Listener(control, number, forward, told, output.say, stop)
                 for number in dict.fromkeys(merchants)]
    for listener in listeners:
        output.begin(_ready(control, listener.merchants_id, sets))
        listener.begin()
    output.begin(f"Forwarding to {urls.discreet(target)}; press Ctrl-C to stop.")
    while not stop.wait(LOOK_S) and not all(listener.ended.is_set() for listener in listeners):
        continue
    _end(listeners, stop)
    output.check()


def _stop() -> threading.Event:
    """An event that is set by Ctrl-C and by SIGTERM."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: stop.set())
    return stop


def _ready(control: Control, merchants_id: str, sets: bool) -> str:
    """The sentence about a merchant that is listened to. With `sets`, its notify_url becomes listen."""
    path = f"/merchants/{quote(merchants_id, safe='')}"
    merchant = control("PATCH", path, {"notify_url": "listen"}) if sets else control("GET", path)
    if merchant["notify_url"] == "listen":
        return f"Listening for notifications of merchant {merchants_id} at {control.url}."
    present = merchant["notify_url"] or "empty"
    return (f"Listening for merchant {merchants_id} at {control.url}, but its notify_url is {present}: only "
            "notifications sent to listen arrive here. --set changes it.")


def _end(listeners: list[Listener], stop: threading.Event) -> None:
    """Tell the emulator that nobody listens; status 1 if the listeners have ended by themselves."""
    was_stopped = stop.is_set()
    stop.set()
    end = time.monotonic() + FAREWELL_S
    for listener in listeners:
        if not listener.ended.is_set():
            listener.leave(max(LOOK_S, end - time.monotonic()))
    if not was_stopped:
        raise SystemExit(1)


class Application:
    """The application that notifications are forwarded to."""

    def __init__(self, target: str, settings: Any, output: "Output") -> None:
        self._target = target.partition("#")[0]
        self._settings = settings
        self._output = output
        from ..operations.sender import Sender  # slow to load, which another command need not wait for
        from ..store.notifications import StoredNotification

        self._sender, self._notification = Sender, StoredNotification

    def forward(self, item: Item) -> Report:
        """Send a notification as the emulator would, print what came of it, and return the report."""
        settings = self._settings.replaced(notify_timeout=item["timeout_ms"])
        outgoing = self._outgoing(item)
        result = self._sender(settings, item["user_agent"], anywhere=True)(outgoing)
        self._output.forwarded(item, outgoing, result)
        report = {"took_ms": result.took_ms, "timed_out": result.timed_out, "with_user": result.with_user}
        if result.status_code is None:
            return {**report, "error": result.error, "advice": result.advice}
        return {**report, "status": result.status_code, "body": result.answer, "location": result.location}

    def _outgoing(self, item: Item) -> Any:
        """The notification as the sender takes it, with the application's address."""
        joint = "&" if "?" in self._target else "?"
        url = f"{self._target}{joint}{item['query']}" if item["query"] else self._target
        same = {name: item[name] for name in (
            "merchants_id", "out_trade_no", "notify_type", "method", "content_type", "body")}
        return self._notification(**same, id=item["notification"], url=url, repeated_body="", altered="",
                                  created_at=0, status="pending", attempts=0, due_at=None,
                                  shared_due_at=None)


class Output:
    """What `listen` prints: a line for each notification, and with `prints` requests and answers whole.

    When nothing can be printed any more, `stop` is set.
    """

    def __init__(self, prints: bool, names_merchants: bool, stop: threading.Event) -> None:
        self._prints = prints
        self._names_merchants = names_merchants
        self._lock = threading.Lock()
        self._console = console()
        self._stop = stop
        self._failure: OSError | UnicodeError | None = None

    def check(self) -> None:
        """Raise OSError or UnicodeError if something could not be printed."""
        if self._failure:
            raise self._failure

    def begin(self, sentence: str) -> None:
        """Print a sentence of the beginning. Raises OSError or UnicodeError."""
        self._print(printable(sentence), "")
        self.check()

    def say(self, sentence: str, good: bool) -> None:
        """Print a sentence with the time."""
        self._print(f"{_now()}  {printable(sentence)}", "" if good else "yellow")

    def forwarded(self, item: Item, outgoing: Any, result: Any) -> None:
        """Print what came of a notification."""
        whose = f"{item['merchants_id']}  " if self._names_merchants else ""
        came = (f"{result.status_code} {printable(result.answer)[:SHOWN]}".rstrip()
                if result.status_code is not None else result.error)
        line = (f"{_now()}  {whose}{item['event']}  {item['out_trade_no']}  -> {came}  {result.took_ms} ms"
                + (f"  (attempt {item['attempt']})" if item["attempt"] > 1 else ""))
        whole = self._whole(item, outgoing, result) if self._prints else []
        good = result.delivered(item["notify_type"])
        self._print("\n".join([printable(line), *whole]), "green" if good else "red")

    @staticmethod
    def _whole(item: Item, outgoing: Any, result: Any) -> list[str]:
        """The lines of a request and its answer."""
        target = urls.split(outgoing.url).target
        lines = [f"  > {item['method']} {target}", f"  > User-Agent: {item['user_agent']}",
                 f"  > X-TGPay-Notification: {item['notification']}"]
        if item["content_type"]:
            lines.append(f"  > Content-Type: {item['content_type']}")
        lines += [f"  > {line}" for line in item["body"][:LONGEST_SHOWN].splitlines()]
        failure = f"{result.error}; {result.advice}"
        answer = failure if result.status_code is None else str(result.status_code)
        lines += [f"  < {line}" for line in (answer, *result.answer[:LONGEST_SHOWN].splitlines())]
        return list(map(printable, lines))

    def _print(self, text: str, style: str) -> None:
        with self._lock:
            try:
                self._console.print(text, style=style or None)
            except (OSError, UnicodeError) as failure:
                self._failure = failure
                self._stop.set()


def _now() -> str:
    """The time of day on this machine, with its zone."""
    now = datetime.fromtimestamp(clock.real_now() / durations.SECOND).astimezone()
    return now.isoformat(" ", "seconds")[len("2026-01-31 "):]
