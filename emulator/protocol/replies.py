"""What an endpoint may return, and what goes out over HTTP."""
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ..base.slots import Place
from .endpoint_tables import Field
from .findings import Finding


@dataclass(frozen=True)
class Answer:
    """Fields of an XML answer; documented fields that are not here are sent empty. `why` tells the journal how it came about.

    `rows` are the fields in their order where they are not those of the endpoint's table; `findings` are rules of the document that the
    request breaks, as far as only the endpoint can know.
    """

    fields: Mapping[str, str]
    why: Mapping[str, str] = field(default_factory=dict)
    rows: tuple[Field, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Redirect:
    """302 to `url`; `cookies` are kept by the browser for the endpoint's path."""

    url: str
    cookies: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PostForm:
    """A page that posts `fields` to `url` by itself."""

    url: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Download:
    """A file sent as it is produced, piece by piece; `pieces` is read after the request's transaction has ended."""

    filename: str
    content_type: str
    pieces: Iterable[str]


Reply = Answer | Redirect | PostForm | Download


class Wire(StrEnum):
    """What happens on the connection."""

    WHOLE = "whole"  # the response is sent
    DROPPED = "dropped"  # it is closed without a byte
    RESET = "reset"  # it is reset without a byte
    TRUNCATED = "truncated"  # it is closed in the middle of the body
    SLOW = "slow"  # the body trickles


@dataclass(frozen=True)
class Response:
    """What goes out: the reply as it is on the wire, and the journal's id of the request. `kept` is what the journal keeps of it.

    `rule` is the scenario's that fitted; `delay` is how many milliseconds the answer is held back.
    An answer that is held back or trickles has a `place` to wait in until it is sent.
    """

    status: int
    content_type: str
    body: str = ""
    kept: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)
    pieces: Iterable[str] | None = None
    form: PostForm | None = None
    journal_id: int = 0
    wire: Wire = Wire.WHOLE
    rule: str = ""
    delay: int = 0
    place: Place | None = None
