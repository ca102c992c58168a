"""What an endpoint may return."""
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .contract import Field
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
