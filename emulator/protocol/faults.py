"""Injected faults of a scenario: each function returns a faulty response for a correct one.

A fault changes the content of the response, or names in `Wire` what is to happen on the connection; the code
that owns the socket does that. With the faults of `NOTHING_HAPPENS` the request is not carried out. With all
others it is carried out and journalled as usual.
"""
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import chain

from ..signing import signature
from .replies import Response, Wire

NOTHING_HAPPENS = ("drop_before", "http_500", "http_503")
HTML, TEXT = "text/html; charset=utf-8", "text/plain; charset=utf-8"
_PAGE = "<html>\n<head><title>{title}</title></head>\n<body><h1>{title}</h1></body>\n</html>\n"


def drop(response: Response) -> Response:
    """Close the connection without a byte."""
    return replace(response, wire=Wire.DROPPED)


def reset(response: Response) -> Response:
    """Reset the connection (RST instead of FIN) without a byte."""
    return replace(response, wire=Wire.RESET)


def empty(response: Response) -> Response:
    """Send status 200 with an empty body."""
    return Response(200, response.content_type, kept=response.kept)


def truncate(response: Response) -> Response:
    """Close the connection in the middle of the body. Content-Length is that of the whole body."""
    return replace(response, wire=Wire.TRUNCATED)


def malformed(response: Response) -> Response:
    """Send XML that no parser accepts: `<&` before the last end tag.

    A CSV file ends in an open quotation mark.
    """
    if response.pieces is not None:
        return replace(response, pieces=chain(response.pieces, ('"<&',)))
    before, tag, root = response.body.rpartition("</")
    return _of(response, f"{before}<&{tag}{root}")


def http_error(status: int, title: str) -> Callable[[Response], Response]:
    """A fault that sends the error page of a web server in front of the gateway."""
    page = _PAGE.format(title=f"{status} {title}")
    return lambda response: Response(status, HTML, page, page, journal_id=response.journal_id)


def wrong_sign(response: Response) -> Response:
    """Replace the signature, if there is one, by a wrong one of 32 hexadecimal digits."""
    forgery = re.sub(r"(?<=<sign>)[0-9a-f]{32}(?=</sign>)", lambda found: forged(found[0]), response.body)
    return response if forgery == response.body else _of(response, forgery)


def wrong_type(response: Response) -> Response:
    """Send a wrong Content-Type: HTML, or plain text for a page."""
    return replace(response, content_type=TEXT if response.content_type == HTML else HTML)


def slow(response: Response) -> Response:
    """Send the bytes slowly."""
    return replace(response, wire=Wire.SLOW)


FAULTS: Mapping[str, Callable[[Response], Response]] = {
    "drop_before": drop, "drop_after": drop, "reset": reset, "empty": empty, "truncate": truncate, "malformed": malformed,
    "http_500": http_error(500, "Internal Server Error"), "http_503": http_error(503, "Service Unavailable"), "wrong_sign": wrong_sign,
    "wrong_type": wrong_type, "slow": slow}


def forged(sign: str) -> str:
    """A wrong signature of 32 hexadecimal digits in place of `sign`."""
    return signature.digest(f"forged {sign}")


def altered(fields: Mapping[str, str]) -> dict[str, str]:
    """The signed fields of a notification with another amount, so that the signature is wrong."""
    for name in ("trans_amount", "total_fee"):
        if fields.get(name):
            return {**fields, name: f"9{fields[name]}"}
    return dict(fields)


def _of(response: Response, body: str) -> Response:
    """The response with another body."""
    return replace(response, body=body, kept=body, form=None)
