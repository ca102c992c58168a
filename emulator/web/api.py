"""`/v2`, and `/api` for older clients: reads the HTTP request and sends the gateway's answer (section 1)."""
import errno
import socket
import struct
from collections.abc import Iterator
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, quote

from flask import Blueprint, Response, render_template, request
from msgspec import Struct
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from ..base import durations
from ..gateway import incoming
from ..protocol.findings import Finding
from ..protocol.replies import Response as Answered, Wire
from . import pages
from .bodies import GATEWAY
from .control.interface import not_routed
from .current import Emulator, base_url, emulator, under_prefix
from .routing import Onward

blueprint = Blueprint("api", __name__)
PLACE, OLD_PLACE = GATEWAY
FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
ALL_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
PRINTED = " !#$&'()*+,-./:;<=>?@[]^_`{|}~"
DRIPS, BETWEEN_DRIPS_S = 20, 0.2
MOST_DISCARDED = 64 * 1024 * 1024


@blueprint.app_errorhandler(404)
@blueprint.app_errorhandler(405)
def nothing_here(error: HTTPException) -> Response:
    """The response to a path or method without a route, in the form of its place: XML, a problem or a page.

    `/v2//x.php` and unknown methods come here too.
    """
    for place in GATEWAY:
        if f"{request.path}/".startswith(f"{place}/"):
            return answer(request.path[len(place) + 1:])
    if f"/{request.path.lstrip('/')}/".startswith("/_emulator/"):
        return not_routed(error)
    return pages.not_found() if error.code == 404 else Response(error.description, 405)


@blueprint.route(f"{PLACE}/<path:path>", methods=ALL_METHODS, provide_automatic_options=False)
@blueprint.route(f"{OLD_PLACE}/<path:path>", methods=ALL_METHODS, provide_automatic_options=False)
def answer(path: str) -> Response:
    """The gateway's answer to a request: XML, unless the endpoint answers with another type."""
    answered = emulator().gateway.answer(_read(path))
    try:
        response = _on_time(answered)
    except BaseException:
        _leave(answered)
        raise
    response.call_on_close(lambda: _leave(answered))
    return response


def _leave(answered: Answered) -> None:
    if answered.place:
        answered.place.leave()


def _on_time(answered: Answered) -> Response:
    """The response, after the delay of a scenario rule, if there is one."""
    here = emulator()
    if answered.delay:
        with here.waiting.pause():
            here.waiting.closing.wait(answered.delay / durations.SECOND)
    response = _made(answered)
    return response if answered.wire is Wire.WHOLE else _broken(response, answered.wire)


def _made(answered: Answered) -> Response:
    """The complete response."""
    if answered.form:
        body: Any = render_template("post_form.html", form=answered.form, texts=pages.texts())
    else:
        body = _encoded(answered.pieces) if answered.pieces is not None else answered.body
    headers = {**_headers(answered), **answered.headers}
    response = Onward(body, answered.status, headers, content_type=answered.content_type)
    if answered.form:
        pages.secure(response)
    for name, value in answered.cookies.items():
        response.set_cookie(name, value, max_age=10 * 365 * 86400, path=under_prefix("/"), httponly=True,
                            samesite="Lax")
    return response


def _headers(answered: Answered) -> dict[str, str]:
    headers = {"Access-Control-Allow-Origin": "*", "X-TGPay-Request": str(answered.journal_id),
               "Cache-Control": "no-store"}
    # A rule may have any name; a header is ASCII.
    return {**headers, "X-TGPay-Rule": quote(answered.rule, safe=PRINTED)} if answered.rule else headers


def _broken(response: Response, wire: Wire) -> Response:
    """The response with the connection fault of a scenario rule: reset, cut off, empty or slow.

    The body raises EPIPE while it is sent. The server then closes the connection and serves the next one.
    """
    whole = response.get_data()
    if wire is Wire.RESET and "gunicorn.socket" in request.environ:
        connection = request.environ["gunicorn.socket"]
        # close the connection immediately, with RST
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    pieces = {Wire.TRUNCATED: _cut(whole), Wire.SLOW: _dripping(whole, emulator())}
    response.response = pieces.get(wire, _cut(b""))
    response.headers["Content-Length"] = str(len(whole))
    return response


def _cut(whole: bytes) -> Iterator[bytes]:
    if whole:
        yield whole[:len(whole) // 2]
    raise BrokenPipeError(errno.EPIPE, "the line breaks as the scenario says")


def _dripping(whole: bytes, here: Emulator) -> Iterator[bytes]:
    size = max(1, -(-len(whole) // DRIPS))
    for place in range(0, len(whole), size):
        with here.waiting.pause():
            here.waiting.closing.wait(BETWEEN_DRIPS_S)
        yield whole[place:place + size]


def _encoded(pieces: Any) -> Iterator[bytes]:
    for piece in pieces:
        yield piece.encode()


class _Body(Struct, frozen=True):
    """The parsed body of a request, or why it was not read.

    `text` is the raw text of a form. `hint` explains to the client why a body of another type was not read.
    """

    form: dict[str, str] = {}
    text: str = ""
    too_large: bool = False
    broken: bool = False
    hint: str = ""


def _read(path: str) -> incoming.Request:
    environ = request.environ
    written = environ.get("QUERY_STRING", "")
    query = _pairs(written)
    body = _body()
    name = path[:-4] if path.endswith(".php") else f"{path} "
    is_old = request.path.startswith(OLD_PLACE)
    findings = (Finding("OLD_ADDRESS", f"the address begins with {OLD_PLACE}/"),) if is_old else ()
    texts = {} if body.too_large else {
        "query": _text(written), "body": _text(body.text),
        "fragment": _text(environ.get("RAW_URI", "").partition("#")[2])}
    return incoming.Request(
        name, request.method, {**query, **body.form}, environ.get("REMOTE_ADDR", ""), base_url(),
        frozenset(query), request.cookies if "HTTP_COOKIE" in environ else {}, body.too_large, body.broken,
        body.hint, findings=findings, **texts)


def _body() -> _Body:
    """The body of a POST. The body of another method is not read."""
    environ = request.environ
    length = request.content_length or 0
    if max(length, len(environ.get("QUERY_STRING", ""))) > incoming.MOST_BYTES:
        _read_to_the_end()
        return _Body(too_large=True)
    try:
        if request.method == "POST":
            return _multipart() if request.mimetype == MULTIPART and not _encoding() else _plain()
    except RequestEntityTooLarge:
        return _Body(too_large=True)
    except BadRequest:
        return _Body(broken=True)
    unread = (f"the body of a {request.method} is not read; send the parameters in the URL, or with POST"
              if length or "HTTP_TRANSFER_ENCODING" in environ else "")
    return _Body(hint=unread)


def _multipart() -> _Body:
    """The fields of a multipart form. Raises RequestEntityTooLarge, BadRequest."""
    raw, boundary = _raw(), request.mimetype_params.get("boundary", "")
    if raw and boundary and f"--{boundary}--".encode("utf-8", "replace") not in raw:
        raise BadRequest  # its last part may be incomplete
    parser = FormDataParser(max_form_memory_size=incoming.MOST_BYTES, max_form_parts=incoming.MOST_BYTES)
    _, fields, files = parser.parse(BytesIO(raw), request.mimetype, len(raw), request.mimetype_params)
    form = {name: values[-1] for name, values in fields.lists()}
    hint = "" if form else f"no field was found in the {MULTIPART} body; send {FORM}"
    if files:
        hint = f"the {MULTIPART} body has files in it, which are not read; send values as fields"
    return _Body(form, hint=hint)


def _raw() -> bytes:
    """The bytes of the body. Raises RequestEntityTooLarge, BadRequest."""
    # The stream allocates as many bytes as it is asked for, so it is not asked for a MiB each time.
    length = incoming.MOST_BYTES if request.content_length is None else request.content_length
    raw = request.stream.read(length + 1)
    if len(raw) > incoming.MOST_BYTES:
        _read_to_the_end()
        raise RequestEntityTooLarge
    return raw


def _plain() -> _Body:
    """The parameters of a form. Raises RequestEntityTooLarge, BadRequest."""
    raw = _raw()
    wrong = _not_read(raw)
    return (_Body(hint=wrong) if wrong else _Body(_pairs(raw.decode("latin-1")), raw.decode("latin-1"),
                                                  hint=_looks_like(raw)))


def _not_read(raw: bytes) -> str:
    """Why a body is not read: it is compressed, or it is not a form. Empty when it is read."""
    if raw and _encoding():
        return f"the body is encoded as {_encoding()}, which is not read; send it as it is"
    if raw and request.mimetype not in ("", FORM):
        return f"the body is {request.mimetype}, which is not read; send {FORM}"
    return ""


def _looks_like(raw: bytes) -> str:
    """A hint when a body sent as a form looks like something else: JSON, XML or another charset."""
    charset = request.mimetype_params.get("charset", "utf-8")
    if charset.lower().replace("-", "") not in ("utf8", "usascii", "ascii"):
        return f"the body is read as UTF-8, whatever its charset says ({charset})"
    if raw.lstrip()[:1] in (b"{", b"[", b"<"):
        return f"the body begins like JSON or XML, which is not read; send {FORM}"
    return ""


def _encoding() -> str:
    """The encodings of the body, such as gzip; empty when it has none."""
    written = [request.headers.get(name, "") for name in ("Content-Encoding", "Transfer-Encoding")]
    codings = [coding.strip() for coding in ",".join(written).lower().split(",")]
    return ", ".join(coding for coding in codings if coding not in ("", "identity", "chunked"))


def _read_to_the_end() -> None:
    """Read and discard the rest of a body, up to `MOST_DISCARDED` bytes.

    A client that is still sending when the response arrives would see a broken connection instead of it.
    """
    request.max_content_length = None
    left = MOST_DISCARDED
    try:
        while left > 0 and (piece := request.stream.read(min(left, 65_536))):
            left -= len(piece)
    except BadRequest:  # the client has closed the connection
        pass


def _pairs(raw: str) -> dict[str, str]:
    """The parameters of a query string or form; of a repeated name the last value.

    Bytes that are not UTF-8 become surrogate escapes.
    """
    return dict(parse_qsl(_text(raw), keep_blank_values=True, errors="surrogateescape"))


def _text(raw: str) -> str:
    """Decode a WSGI string (bytes as Latin-1) as UTF-8; other bytes become surrogate escapes."""
    return raw.encode("latin-1").decode("utf-8", "surrogateescape")
