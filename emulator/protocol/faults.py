"""Where the line breaks (contract 8): each fault makes another response of the one that was to be sent.

What the answer says and what happens on the connection are different things: `Wire` names the latter, and whoever holds the socket
does it. Before these faults nothing happens: `NOTHING_HAPPENS`; with all others the request has been carried out and written down.
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
    """The connection is closed without a byte."""
    return replace(response, wire=Wire.DROPPED)


def reset(response: Response) -> Response:
    """The connection is reset: RST instead of FIN."""
    return replace(response, wire=Wire.RESET)


def empty(response: Response) -> Response:
    """200 with nothing in it."""
    return Response(200, response.content_type, kept=response.kept)


def truncate(response: Response) -> Response:
    """The connection is closed in the middle of the body, whose length was announced."""
    return replace(response, wire=Wire.TRUNCATED)


def malformed(response: Response) -> Response:
    """XML that no parser takes: characters that had to be escaped stand before the last end tag. A file ends in an open quote."""
    if response.pieces is not None:
        return replace(response, pieces=chain(response.pieces, ('"<&',)))
    before, tag, root = response.body.rpartition("</")
    return _of(response, f"{before}<&{tag}{root}")


def http_error(status: int, title: str) -> Callable[[Response], Response]:
    """A page of the web server in front of the gateway."""
    page = _PAGE.format(title=f"{status} {title}")
    return lambda response: Response(status, HTML, page, page, journal_id=response.journal_id)


def wrong_sign(response: Response) -> Response:
    """The signature, where there is one, is one of 32 digits, and wrong."""
    forgery = re.sub(r"(?<=<sign>)[0-9a-f]{32}(?=</sign>)", lambda found: forged(found[0]), response.body)
    return response if forgery == response.body else _of(response, forgery)


def wrong_type(response: Response) -> Response:
    """The answer says of itself that it is HTML, and a page that it is text."""
    return replace(response, content_type=TEXT if response.content_type == HTML else HTML)


def slow(response: Response) -> Response:
    """The bytes trickle."""
    return replace(response, wire=Wire.SLOW)


FAULTS: Mapping[str, Callable[[Response], Response]] = {
    "drop_before": drop, "drop_after": drop, "reset": reset, "empty": empty, "truncate": truncate, "malformed": malformed,
    "http_500": http_error(500, "Internal Server Error"), "http_503": http_error(503, "Service Unavailable"), "wrong_sign": wrong_sign,
    "wrong_type": wrong_type, "slow": slow}


def forged(sign: str) -> str:
    """A signature that differs from this one."""
    return signature.digest(f"forged {sign}")


def altered(fields: Mapping[str, str]) -> dict[str, str]:
    """The fields of a notification with another amount, and the signature of the right one."""
    name = next((name for name in ("trans_amount", "total_fee") if fields.get(name)), "")
    return {**fields, **({name: f"9{fields[name]}"} if name else {})}


def _of(response: Response, body: str) -> Response:
    """The response with another body."""
    return replace(response, body=body, kept=body, form=None)
