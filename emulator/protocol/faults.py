"""Injected faults of a scenario: each function returns a faulty response for a correct one.

A fault changes the content of the response, or names in `Wire` what is to happen on the connection; the code
that owns the socket does that. With the faults of `NOTHING_HAPPENS` the request is not carried out. With all
others it is carried out and journalled as usual.
"""
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from itertools import chain
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from ..signing import signature
from .replies import Response, Wire

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


class Fault(Struct, frozen=True):
    """A row: what it makes of a response, its name in a list, what arrives, and whether the request is
    carried out.

    `is_kept_whole` is true if the journal has the response that would have been sent without the fault, and
    not what arrived.
    """

    act: Callable[[Response], Response]
    title: str
    arrives: str
    happens: bool = True
    is_kept_whole: bool = False

    @property
    def meaning(self) -> str:
        """What arrives, and that nothing has happened where that is so."""
        return self.arrives if self.happens else f"{self.arrives}; nothing has happened"


FAULTS: Mapping[str, Fault] = {
    "drop_before": Fault(drop, "Request dropped", "the connection is closed without a byte", happens=False),
    "http_500": Fault(http_error(500, "Internal Server Error"), "HTTP 500",
                      "a page of the web server says 500 Internal Server Error", happens=False),
    "http_503": Fault(http_error(503, "Service Unavailable"), "HTTP 503",
                      "a page of the web server says 503 Service Unavailable", happens=False),
    "drop_after": Fault(drop, "Response dropped", "the connection is closed without a byte",
                        is_kept_whole=True),
    "reset": Fault(reset, "Connection reset", "the connection is reset (RST) without a byte",
                   is_kept_whole=True),
    "empty": Fault(empty, "Empty response", "the response is 200 with an empty body", is_kept_whole=True),
    "truncate": Fault(truncate, "Response truncated",
                      "the connection is closed in the middle of the body, whose length was announced",
                      is_kept_whole=True),
    "malformed": Fault(malformed, "Malformed response",
                       "the response is XML that no parser accepts; a file ends in an open quote"),
    "wrong_sign": Fault(wrong_sign, "Wrong signature sent",
                        "the response is correct except for its signature, if it has one"),
    "wrong_type": Fault(wrong_type, "Wrong Content-Type",
                        "the response is correct except for its Content-Type, which says HTML"),
    "slow": Fault(slow, "Slow response", "the bytes of the response arrive slowly, over 4 seconds"),
}
NOTHING_HAPPENS = tuple(name for name, fault in FAULTS.items() if not fault.happens)


def fault_of(explanation: Mapping[str, Any]) -> str:
    """The name of the fault that the response to a journalled request had; empty if it arrived whole."""
    return str((explanation.get("then") or {}).get("fault", ""))


class Discrepancy(StrEnum):
    """A fault of the settlement file, which `domain.discrepancies` makes; the order is that of making."""

    MISSING = "missing"
    DUPLICATE = "duplicate"
    NEXT_DAY = "next_day"
    FEE_OFF = "fee_off"
    AMOUNT_OFF = "amount_off"
    UNKNOWN_ROW = "unknown_row"


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
