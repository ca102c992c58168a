"""`/v2`: HTTP in, the gateway's answer out (contract 1.1)."""
import errno
import socket
import struct
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, quote

from flask import Blueprint, Response, render_template, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from .. import durations, gateway
from ..replies import Response as Answered
from ..replies import Wire
from . import base_url, emulator, pages

blueprint = Blueprint("api", __name__)
FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
ALL_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
PRINTED = " !#$&'()*+,-./:;<=>?@[]^_`{|}~"
DRIPS, BETWEEN_DRIPS_S = 20, 0.2
MOST_DISCARDED = 64 * 1024 * 1024


@blueprint.app_errorhandler(404)
@blueprint.app_errorhandler(405)
def nothing_here(error: HTTPException) -> Response:
    """What routing does not know, `/v2//x.php` and invented methods among it, is answered as its place is: XML or a page."""
    if request.path == "/v2" or request.path.startswith("/v2/"):
        return answer(request.path[4:])
    return pages.not_found() if error.code == 404 else Response(error.description, 405)


@blueprint.route("/v2/<path:path>", methods=ALL_METHODS, provide_automatic_options=False)
def answer(path: str) -> Response:
    """Answer whatever is asked of the gateway; each answer is XML, unless the endpoint's is something else."""
    answered = emulator().gateway.answer(_read(path))
    if answered.delay:
        emulator().closing.wait(answered.delay / durations.SECOND)
    response = _made(answered)
    return response if answered.wire is Wire.WHOLE else _broken(response, answered.wire)


def _made(answered: Answered) -> Response:
    """The response as a whole."""
    if answered.form:
        body: Any = render_template("post_form.html", form=answered.form, texts=pages.texts())
    else:
        body = _encoded(answered.pieces) if answered.pieces is not None else answered.body
    response = Response(body, answered.status, {**_headers(answered), **answered.headers}, content_type=answered.content_type)
    response.autocorrect_location_header = False
    if answered.form:
        pages.secure(response)
    for name, value in answered.cookies.items():
        response.set_cookie(name, value, max_age=10 * 365 * 86400, path="/v2/", httponly=True, samesite="Lax")
    return response


def _headers(answered: Answered) -> dict[str, str]:
    headers = {"Access-Control-Allow-Origin": "*", "X-TGPay-Request": str(answered.journal_id), "Cache-Control": "no-store"}
    # A rule may have any name; a header is ASCII.
    return {**headers, "X-TGPay-Rule": quote(answered.rule, safe=PRINTED)} if answered.rule else headers


def _broken(response: Response, wire: Wire) -> Response:
    """The response on a connection that breaks, or drips, as a scenario's rule says.

    Raised while the body is sent, EPIPE makes the server close the connection and go on.
    """
    whole = response.get_data()
    if wire is Wire.RESET and "gunicorn.socket" in request.environ:
        connection = request.environ["gunicorn.socket"]
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close at once, by RST
        connection.close()
    response.response = {Wire.TRUNCATED: _cut(whole), Wire.SLOW: _dripping(whole, emulator().closing)}.get(wire, _cut(b""))
    response.headers["Content-Length"] = str(len(whole))
    return response


def _cut(whole: bytes) -> Iterator[bytes]:
    if whole:
        yield whole[:len(whole) // 2]
    raise BrokenPipeError(errno.EPIPE, "the line breaks as the scenario says")


def _dripping(whole: bytes, closing: threading.Event) -> Iterator[bytes]:
    size = max(1, -(-len(whole) // DRIPS))
    for place in range(0, len(whole), size):
        closing.wait(BETWEEN_DRIPS_S)
        yield whole[place:place + size]


def _encoded(pieces: Any) -> Iterator[bytes]:
    for piece in pieces:
        yield piece.encode()


def _read(path: str) -> gateway.Request:
    query = _pairs(request.environ.get("QUERY_STRING", ""))
    form, body = dict[str, str](), ""
    too_large = max(request.content_length or 0, len(request.query_string)) > gateway.MOST_BYTES
    hint = ""
    if too_large:
        _read_to_the_end()
    elif request.method == "POST":
        form, body, too_large, hint = _body()
    name = path[:-4] if path.endswith(".php") else f"{path} "
    written = (request.environ.get("QUERY_STRING", ""), request.environ.get("RAW_URI", "").partition("#")[2], body)
    return gateway.Request(
        name, request.method, {**query, **form}, request.remote_addr or "", base_url(), frozenset(query),
        request.cookies, too_large, hint, *map(_text, () if too_large else written))


def _body() -> tuple[dict[str, str], str, bool, str]:
    """The body's parameters, its text where that is a form, whether it is too large, and what to tell a client
    whose body is of another kind."""
    if request.mimetype == MULTIPART:
        request.max_content_length = request.max_form_memory_size = request.max_form_parts = gateway.MOST_BYTES
        try:
            return {name: values[-1] for name, values in request.form.lists()}, "", False, ""
        except RequestEntityTooLarge:
            return {}, "", True, ""
    # The stream makes room for as much as it is asked for, so it is not asked for a MiB each time.
    length = gateway.MOST_BYTES if request.content_length is None else request.content_length
    raw = request.stream.read(length + 1)
    if len(raw) > gateway.MOST_BYTES:
        _read_to_the_end()
        return {}, "", True, ""
    if raw and request.mimetype not in ("", FORM):
        return {}, "", False, f"the body is {request.mimetype}, which is not read; send {FORM}"
    return _pairs(raw.decode("latin-1")), raw.decode("latin-1"), False, ""


def _read_to_the_end() -> None:
    """Let a client finish sending, within bounds: one that still sends when the answer comes sees a broken connection instead."""
    request.max_content_length = None
    left = MOST_DISCARDED
    while left > 0 and (piece := request.stream.read(min(left, 65_536))):
        left -= len(piece)


def _pairs(raw: str) -> dict[str, str]:
    """The parameters of a query string or form, the last of a repeated name; what is not UTF-8 becomes surrogate escapes."""
    return dict(parse_qsl(_text(raw), keep_blank_values=True, errors="surrogateescape"))


def _text(raw: str) -> str:
    """The text of bytes that WSGI hands over as Latin-1."""
    return raw.encode("latin-1").decode("utf-8", "surrogateescape")
