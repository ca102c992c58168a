"""Where the line breaks (contract 8): each fault makes another response of the one that was to be sent.

What the answer says and what happens on the connection are different things: `Wire` names the latter, and whoever holds the socket
does it. With the faults of `NOTHING_HAPPENS` the request is not carried out; with all others it has been.
"""
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain

from ..signing import signature
from .replies import Response, Wire

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


@dataclass(frozen=True)
class Fault:
    """A row: what it makes of a response, what arrives, and whether the request is carried out."""

    act: Callable[[Response], Response]
    arrives: str
    happens: bool = True

    @property
    def meaning(self) -> str:
        """What arrives, and that nothing has happened where that is so."""
        return self.arrives if self.happens else f"{self.arrives}; nothing has happened"


FAULTS: Mapping[str, Fault] = {
    "drop_before": Fault(drop, "the connection is closed without a byte", happens=False),
    "http_500": Fault(http_error(500, "Internal Server Error"),
                      "a page of the web server says 500 Internal Server Error", happens=False),
    "http_503": Fault(http_error(503, "Service Unavailable"),
                      "a page of the web server says 503 Service Unavailable", happens=False),
    "drop_after": Fault(drop, "the connection is closed without a byte"),
    "reset": Fault(reset, "the connection is reset (RST) without a byte"),
    "empty": Fault(empty, "the answer is 200 with nothing in it"),
    "truncate": Fault(truncate,
                      "the connection is closed in the middle of the body, whose length was announced"),
    "malformed": Fault(malformed, "the answer is XML that no parser takes; a file ends in an open quote"),
    "wrong_sign": Fault(wrong_sign, "the answer is right but for its signature, where it has one"),
    "wrong_type": Fault(wrong_type, "the answer is right but for its Content-Type, which says HTML"),
    "slow": Fault(slow, "the bytes of the answer trickle for 4 seconds"),
}
NOTHING_HAPPENS = tuple(name for name, fault in FAULTS.items() if not fault.happens)


class Discrepancy(StrEnum):
    """A fault of the settlement file, which `domain.discrepancies` makes; the order is that of making."""

    MISSING = "missing"
    DUPLICATE = "duplicate"
    NEXT_DAY = "next_day"
    FEE_OFF = "fee_off"
    AMOUNT_OFF = "amount_off"
    UNKNOWN_ROW = "unknown_row"


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
