"""Reads requests to the gateway: the parameters from query string and body, and how they were sent.

Nothing is refused here. A body that is not read leaves a hint, which the refusal of the gateway repeats.
"""
from io import BytesIO
from urllib.parse import parse_qsl

from msgspec import Struct
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.wrappers import Request

from ..gateway import incoming
from ..protocol.findings import Finding
from .bodies import GATEWAY

OLD_PLACE = GATEWAY[1]
FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
MOST_DISCARDED = 64 * 1024 * 1024


class _Body(Struct, frozen=True):
    """The parsed body of a request, or why it was not read.

    `text` is the raw text of a form. `hint` explains to the client why a body of another type was not read.
    """

    form: dict[str, str] = {}
    text: str = ""
    too_large: bool = False
    broken: bool = False
    hint: str = ""


def read(asked: Request, base_url: str) -> incoming.Request:
    """The request as the gateway handles it; `base_url` is the emulator's public address."""
    environ, place = asked.environ, asked.path
    path = place.split("/", 2)[2] if place.count("/") > 1 else ""
    written = environ.get("QUERY_STRING", "")
    query = _pairs(written)
    body = _body(asked)
    name = path[:-4] if path.endswith(".php") else f"{path} "
    is_old = place.startswith(f"{OLD_PLACE}/")
    findings = (Finding("OLD_ADDRESS", f"the address begins with {OLD_PLACE}/"),) if is_old else ()
    texts = {} if body.too_large else {
        "query": _text(written), "body": _text(body.text),
        "fragment": _text(environ.get("RAW_URI", "").partition("#")[2])}
    return incoming.Request(
        name, asked.method, {**query, **body.form}, environ.get("REMOTE_ADDR", ""), base_url,
        frozenset(query), asked.cookies if "HTTP_COOKIE" in environ else {}, body.too_large, body.broken,
        body.hint, findings=findings, **texts)


def _body(asked: Request) -> _Body:
    """The body of a POST. The body of another method is not read."""
    environ = asked.environ
    length = asked.content_length or 0
    if max(length, len(environ.get("QUERY_STRING", ""))) > incoming.MOST_BYTES:
        _read_to_the_end(asked)
        return _Body(too_large=True)
    try:
        if asked.method == "POST":
            is_multipart = asked.mimetype == MULTIPART and not _encoding(asked)
            return _multipart(asked) if is_multipart else _plain(asked)
    except RequestEntityTooLarge:
        return _Body(too_large=True)
    except BadRequest:
        return _Body(broken=True)
    unread = (f"the body of a {asked.method} is not read; send the parameters in the URL, or with POST"
              if length or "HTTP_TRANSFER_ENCODING" in environ else "")
    return _Body(hint=unread)


def _multipart(asked: Request) -> _Body:
    """The fields of a multipart form. Raises RequestEntityTooLarge, BadRequest."""
    raw, boundary = _raw(asked), asked.mimetype_params.get("boundary", "")
    if raw and boundary and f"--{boundary}--".encode("utf-8", "replace") not in raw:
        raise BadRequest  # its last part may be incomplete
    parser = FormDataParser(max_form_memory_size=incoming.MOST_BYTES, max_form_parts=incoming.MOST_BYTES)
    _, fields, files = parser.parse(BytesIO(raw), asked.mimetype, len(raw), asked.mimetype_params)
    form = {name: values[-1] for name, values in fields.lists()}
    hint = "" if form else f"no field was found in the {MULTIPART} body; send {FORM}"
    if files:
        hint = f"the {MULTIPART} body has files in it, which are not read; send values as fields"
    return _Body(form, hint=hint)


def _raw(asked: Request) -> bytes:
    """The bytes of the body. Raises RequestEntityTooLarge, BadRequest."""
    # The stream allocates as many bytes as it is asked for, so it is not asked for a MiB each time.
    length = incoming.MOST_BYTES if asked.content_length is None else asked.content_length
    raw = asked.stream.read(length + 1)
    if len(raw) > incoming.MOST_BYTES:
        _read_to_the_end(asked)
        raise RequestEntityTooLarge
    return raw


def _plain(asked: Request) -> _Body:
    """The parameters of a form. Raises RequestEntityTooLarge, BadRequest."""
    raw = _raw(asked)
    wrong = _not_read(asked, raw)
    return (_Body(hint=wrong) if wrong else _Body(_pairs(raw.decode("latin-1")), raw.decode("latin-1"),
                                                  hint=_looks_like(asked, raw)))


def _not_read(asked: Request, raw: bytes) -> str:
    """Why a body is not read: it is compressed, or it is not a form. Empty when it is read."""
    if raw and _encoding(asked):
        return f"the body is encoded as {_encoding(asked)}, which is not read; send it as it is"
    if raw and asked.mimetype not in ("", FORM):
        return f"the body is {asked.mimetype}, which is not read; send {FORM}"
    return ""


def _looks_like(asked: Request, raw: bytes) -> str:
    """A hint when a body sent as a form looks like something else: JSON, XML or another charset."""
    charset = asked.mimetype_params.get("charset", "utf-8")
    if charset.lower().replace("-", "") not in ("utf8", "usascii", "ascii"):
        return f"the body is read as UTF-8, whatever its charset says ({charset})"
    if raw.lstrip()[:1] in (b"{", b"[", b"<"):
        return f"the body begins like JSON or XML, which is not read; send {FORM}"
    return ""


def _encoding(asked: Request) -> str:
    """The encodings of the body, such as gzip; empty when it has none."""
    written = [asked.headers.get(name, "") for name in ("Content-Encoding", "Transfer-Encoding")]
    codings = [coding.strip() for coding in ",".join(written).lower().split(",")]
    return ", ".join(coding for coding in codings if coding not in ("", "identity", "chunked"))


def _read_to_the_end(asked: Request) -> None:
    """Read and discard the rest of a body, up to `MOST_DISCARDED` bytes.

    A client that is still sending when the response arrives would see a broken connection instead of it.
    """
    asked.max_content_length = None
    left = MOST_DISCARDED
    try:
        while left > 0 and (piece := asked.stream.read(min(left, 65_536))):
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
