"""The parameters of a request as they arrived: their order, and the text before decoding where it is known.
"""
from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple
from urllib.parse import unquote, unquote_plus

from msgspec import Struct

from .signature import NEVER_SIGNED

LONGEST_WRITTEN = 65_536  # characters of query and body together that are parsed again


class Part(NamedTuple):
    """A parameter that arrived.

    `segment` is the text from which it was decoded, None when that is not known.
    """

    name: str
    value: str
    segment: str | None = None

    @property
    def text(self) -> str:
        """The segment; when it is not known, the likeliest one (`name=value`, or `name` for an empty value).
        """
        if self.segment is not None:
            return self.segment
        return f"{self.name}={self.value}" if self.value else self.name

    @property
    def written(self) -> str:
        """The text from which the value was decoded; the value itself when that text is not known."""
        return self.value if self.segment is None else self.segment.partition("=")[2]


class Arrival(Struct, frozen=True, dict=True):
    """The parameters of a request and the texts from which they were decoded.

    `known` are the parameter names that the endpoint has. `query` and `body` are the texts, empty when they
    are not known. `fragment` is what the client sent behind a `#` in the URL, which is not part of the query.
    """

    params: Mapping[str, str]
    known: frozenset[str] = frozenset()
    query: str = ""
    body: str = ""
    fragment: str = ""

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """All parameters. A repeated name is in it several times, if the texts are known."""
        parts = self.written
        if parts and {part.name: part.value for part in parts} == dict(self.params):
            return parts
        return tuple(Part(name, value) for name, value in self.params.items())

    @cached_property
    def written(self) -> tuple[Part, ...]:
        """The parameters of query and body; none when these texts are not known or too long."""
        if len(self.query) + len(self.body) > LONGEST_WRITTEN:
            return ()
        return (*parts_of(self.query), *parts_of(self.body))

    @cached_property
    def gapped(self) -> tuple[Part, ...]:
        """The parts, with an empty part between two adjacent `&`, if the texts are known."""
        if not self.is_written:
            return self.parts
        return (*parts_of(self.query, gaps=True), *parts_of(self.body, gaps=True))

    @cached_property
    def is_written(self) -> bool:
        """Whether the texts are known from which the parameters were decoded."""
        return any(part.segment is not None for part in self.parts)

    def is_strange(self, name: str) -> bool:
        """Whether the endpoint has no parameter of this name. False when its names are not known."""
        return bool(self.known) and name not in self.known and name not in NEVER_SIGNED


def parts_of(text: str, gaps: bool = False) -> tuple[Part, ...]:
    """The parameters of a query string or a form body. With `gaps`, empty parts between two `&` are kept."""
    segments = text.lstrip("&").split("&") if text else []
    parts = []
    for segment in segments:
        if segment or gaps:
            name, _, value = segment.partition("=")
            parts.append(Part(decoded(name), decoded(value), segment))
    return tuple(parts)


def decoded(written: str) -> str:
    """A name or value of a query, decoded: `+` is a blank."""
    return unquote_plus(written, errors="surrogateescape")


def with_pluses(written: str) -> str:
    """A name or value of a query, decoded without turning `+` into a blank."""
    return unquote(written, errors="surrogateescape")
