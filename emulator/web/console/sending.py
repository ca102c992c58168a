"""Sends the request of the page "Try it" to the gateway, and tells the page what arrived.

The browser does not send it: browsers repeat a request whose connection is closed without an answer, and
would show the second answer. The request goes to this process's own application and nowhere else.
"""
import json
from collections.abc import Iterable
from io import BytesIO
from time import perf_counter
from typing import Any
from urllib.parse import urlencode
from wsgiref.types import WSGIEnvironment
from xml.etree import ElementTree

from flask import Response, current_app, request
from msgspec import Struct
from werkzeug.http import HTTP_STATUS_CODES

from ...protocol.endpoint_tables import Endpoint
from ..current import WHOLE, emulator
from ..pages import secure
from ..received import FORM
from . import entries
from .frame import as_number, texts

OF_THE_SERVER = ("wsgi.", "SERVER_", "REMOTE_")
KEPT = ("HTTP_HOST", "HTTP_COOKIE", "HTTP_ACCEPT_LANGUAGE", "HTTP_USER_AGENT", "SCRIPT_NAME")
LONGEST_SHOWN = 256 * 1024  # characters of a response that the page shows


class Arrived(Struct):
    """What arrived of a response: its status line, headers and body, and whether the connection broke."""

    status: str = ""
    headers: list[tuple[str, str]] = []
    body: bytes = b""
    is_broken: bool = False

    @property
    def journal_id(self) -> int | None:
        """The number of the request in the journal."""
        return as_number(dict(self.headers).get("X-TGPay-Request", ""))


def send(table: Endpoint, method: str, params: dict[str, str]) -> Response:
    """Send a signed request, and answer what arrived as JSON."""
    began = perf_counter()
    arrived = _exchange(_environ(table.path, method, urlencode(params)))
    took_ms = round((perf_counter() - began) * 1000)
    return secure(Response(json.dumps({**_told(arrived), "took_ms": took_ms}),
                           content_type="application/json"))


def _environ(path: str, method: str, written: str) -> WSGIEnvironment:
    """A request to the gateway by the sender of the current request, under the same host."""
    environ = {name: value for name, value in request.environ.items()
               if name.startswith(OF_THE_SERVER) or name in KEPT}
    is_post = method == "POST"
    body = written.encode() if is_post else b""
    query = "" if is_post else written
    return {**environ, "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query,
            "RAW_URI": f"{path}?{query}", "wsgi.input": BytesIO(body), "wsgi.input_terminated": True,
            **({"CONTENT_TYPE": FORM, "CONTENT_LENGTH": str(len(body))} if is_post else {})}


def _exchange(environ: WSGIEnvironment) -> Arrived:
    """The response of the application to a request, as far as it arrives."""
    arrived = Arrived()

    def start(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        arrived.status, arrived.headers = status, headers
        return None

    pieces: Iterable[bytes] = current_app.extensions[WHOLE](environ, start)
    try:
        for piece in pieces:
            arrived.body += piece
    except BrokenPipeError:  # a scenario's fault breaks the connection here
        arrived.is_broken = True
    finally:
        close = getattr(pieces, "close", None)
        if close:
            close()
    return arrived


def _told(arrived: Arrived) -> dict[str, Any]:
    """What the page shows: the status line and headers unless not a byte has arrived, the text, the fault."""
    entry = _entry(arrived.journal_id)
    has_arrived = not arrived.is_broken or bool(arrived.body)
    code = arrived.status.partition(" ")[0]
    headers = [f"{name}: {value}" for name, value in arrived.headers]
    return {
        "status": f"{code} {HTTP_STATUS_CODES.get(int(code or 0), '')}".strip() if has_arrived else "",
        "headers": "\n".join(headers) if has_arrived else "",
        "is_xml": has_arrived and _is_xml(arrived),
        "text": arrived.body.decode("utf-8", "replace")[:LONGEST_SHOWN],
        "location": dict(arrived.headers).get("Location", ""),
        "entry": arrived.journal_id, "fault": _fault(entry), "has_order": _has_order(entry)}


def _is_xml(arrived: Arrived) -> bool:
    """Whether a response is a document that the page can lay out; browsers draw an error for others."""
    try:
        ElementTree.fromstring(arrived.body)
    except ElementTree.ParseError:
        return False
    return "xml" in dict(arrived.headers).get("Content-Type", "")


def _entry(journal_id: int | None) -> entries.Entry | None:
    tables = emulator().store.read()
    row = tables.journal.find(journal_id) if journal_id else None
    return entries.read(tables, row) if row else None


def _has_order(entry: entries.Entry | None) -> bool:
    """Whether the order that a request names exists after it: a refused request creates none."""
    if entry is None or not entry.row["out_trade_no"]:
        return False
    orders = emulator().store.read().orders
    return orders.find(entry.row["merchants_id"], entry.row["out_trade_no"]) is not None


def _fault(entry: entries.Entry | None) -> dict[str, str] | None:
    """The fault of a scenario that the response had, in words; None if it had none."""
    if entry is None or not entry.fault:
        return None
    said = texts()
    return {"title": said[f"fault_{entry.fault}"], "more": said[f"fault_more_{entry.fault}"],
            "colour": entry.colour}
