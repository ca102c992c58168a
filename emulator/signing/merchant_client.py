"""The merchant's side: signing, the forms of pages, and a receiver of notifications.

It signs and reads as a merchant would write it, with none of the emulator's own code.
"""
import hashlib
import hmac
import html.parser
import http.server
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib import parse

from ..base.http_client import PATIENCE_S, Answer, fetch, xml_fields


def sign(params: Mapping[str, str], token: str) -> str:
    """The signature of parameters (section 1.2). Empty values, `sign` and `sign_type` are not signed."""
    counted = sorted((name, value) for name,
                     value in params.items() if value and name not in ("sign", "sign_type"))
    text = "&".join(f"{name}={value}" for name, value in counted) + token
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def pay_sign(parameters: Mapping[str, str], key: str) -> str:
    """The `paySign` of the parameters of WeChat's payment call: HMAC-SHA256 in upper case (section 13)."""
    counted = sorted((name, value) for name, value in parameters.items() if name != "paySign")
    text = "&".join(f"{name}={value}" for name, value in counted) + f"&key={key}"
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest().upper()


@dataclass
class Form:
    """A form of a page: its action, its fields and the text of its button."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    button: str = ""


class _Forms(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._in_button = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a form, or a field of the last form."""
        named = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(named.get("action", "")))
        elif tag == "input" and self.found:
            self.found[-1].fields[named.get("name", "")] = named.get("value", "")
        self._in_button = tag == "button"

    def handle_endtag(self, tag: str) -> None:
        """Note the end of a button."""
        self._in_button = self._in_button and tag != "button"

    def handle_data(self, data: str) -> None:
        """Note the text of a button."""
        if self._in_button and self.found:
            self.found[-1].button += data.strip()


def forms(page: str) -> list[Form]:
    """The forms of a page."""
    reader = _Forms()
    reader.feed(page)
    return reader.found


def post_form(form: Form, page_url: str, headers: Mapping[str, str], patience: float = PATIENCE_S) -> Answer:
    """Submit a form as the browser that shows the page would, and return the answer. Raises like `fetch`."""
    parts = parse.urlsplit(page_url)
    sent = {**headers, "Origin": f"{parts.scheme}://{parts.netloc}",
            "Content-Type": "application/x-www-form-urlencoded"}
    return fetch(parse.urljoin(page_url, form.action), "POST", parse.urlencode(form.fields).encode(), sent,
                 patience)


class Receiver:
    """The server behind a merchant's notify_url: it keeps the notifications in `received` and answers
    `success`.
    """

    def __init__(self) -> None:
        self.received: list[dict[str, str]] = []
        self._changed = threading.Condition()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(self._receive))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/notify"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05},
                         daemon=True).start()

    def _receive(self, notification: dict[str, str]) -> None:
        with self._changed:
            self.received.append(notification)
            self._changed.notify_all()

    def wait_for(self, **fields: str) -> dict[str, str] | None:
        """Wait for a notification with these fields, at most `PATIENCE_S` seconds; None when none came.

        An empty value stands for a field that the notification must not have.
        """
        with self._changed:
            return self._changed.wait_for(lambda: self._first(fields), PATIENCE_S)

    def _first(self, fields: Mapping[str, str]) -> dict[str, str] | None:
        for notification in self.received:
            if all(notification.get(name, "") == value for name, value in fields.items()):
                return notification
        return None

    def close(self) -> None:
        """Stop the server."""
        self._server.shutdown()
        self._server.server_close()


def _handler(receive: Callable[[dict[str, str]], None]) -> type[http.server.BaseHTTPRequestHandler]:
    """A handler class that passes each notification to `receive`."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            receive(read_notification(self.path.partition("?")[2], body,
                                      self.headers.get("Content-Type", "")))
            self.send_response(200)
            self.send_header("Content-Length", "7")
            self.end_headers()
            self.wfile.write(b"success")

        do_GET = do_POST = answer

        def log_message(self, *args: Any) -> None:
            pass

    return Handler


def read_notification(query: str, body: str, content_type: str) -> dict[str, str]:
    """The fields of a notification as they are signed: from a query string, a form, XML or JSON.

    Numbers in JSON are kept as they are printed.
    """
    if "xml" in content_type:
        return xml_fields(body.encode())
    if "json" in content_type:
        return {name: str(value) for name, value in json.loads(body, parse_int=str, parse_float=str).items()}
    return dict(parse.parse_qsl(body or query, keep_blank_values=True))
