"""What an endpoint returns (`Reply`), and the HTTP response that is made from it."""
from collections.abc import Iterable, Mapping
from enum import StrEnum

from msgspec import Struct

from ..base.slots import Place
from .endpoint_tables import Field
from .findings import Finding


class Answer(Struct, frozen=True):
    """The fields of an XML answer. Documented fields that are missing here are sent empty.

    `why` is an explanation for the journal. `rows` are the fields in their order, when they are not those of
    the endpoint's table. `findings` are those that only the endpoint itself can find.
    """

    fields: Mapping[str, str]
    why: Mapping[str, str] = {}
    rows: tuple[Field, ...] = ()
    findings: tuple[Finding, ...] = ()


class Redirect(Struct, frozen=True):
    """A redirect (302) to `url`. The `cookies` are set for the endpoint's path."""

    url: str
    cookies: Mapping[str, str] = {}


class PostForm(Struct, frozen=True):
    """An HTML page that posts `fields` to `url` as soon as it is open."""

    url: str
    fields: tuple[tuple[str, str], ...]


class Download(Struct, frozen=True):
    """A file that is streamed. `pieces` is iterated after the request's transaction has ended."""

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


class Response(Struct, frozen=True):
    """The HTTP response to a request.

    `kept` is the text that the journal stores of it, and `journal_id` the id of that entry. `rule` is the
    name of the scenario rule that was applied. `delay` is the time in milliseconds before the response is
    sent. A response that is delayed or sent slowly has a `place` to wait in.
    """

    status: int
    content_type: str
    body: str = ""
    kept: str = ""
    headers: Mapping[str, str] = {}
    cookies: Mapping[str, str] = {}
    pieces: Iterable[str] | None = None
    form: PostForm | None = None
    journal_id: int = 0
    wire: Wire = Wire.WHOLE
    rule: str = ""
    delay: int = 0
    place: Place | None = None
