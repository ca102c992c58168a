"""What an endpoint may return."""
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Answer:
    """Fields of an XML answer; documented fields that are not here are sent empty. `why` tells the journal how it came about."""

    fields: Mapping[str, str]
    why: Mapping[str, str] = field(default_factory=dict)


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
