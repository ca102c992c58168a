"""A request as it arrived, in order: what is known of how it was written beside what it was decoded to."""
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple
from urllib.parse import unquote, unquote_plus

from .signature import NEVER_SIGNED

LONGEST_WRITTEN = 65_536  # characters of a query or a body that is read a second time


class Part(NamedTuple):
    """A parameter that arrived. `segment` is the text that it was decoded from, None where unknown."""

    name: str
    value: str
    segment: str | None = None

    @property
    def text(self) -> str:
        """The segment, or what it may have been: without a value it may have been sent without `=`."""
        if self.segment is not None:
            return self.segment
        return f"{self.name}={self.value}" if self.value else self.name

    @property
    def written(self) -> str:
        """The text that the value was decoded from, the value itself where that is not known."""
        return self.value if self.segment is None else self.segment.partition("=")[2]


@dataclass(frozen=True)
class Arrival:
    """The parameters that arrived, `known` the names that the gateway has.

    `query` and `body` are the texts that they were decoded from, empty where they are not known; `fragment`
    is what a client sent behind a `#` of the URL, which is no part of the query.
    """

    params: Mapping[str, str]
    known: frozenset[str] = frozenset()
    query: str = ""
    body: str = ""
    fragment: str = ""

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Each parameter, those of a repeated name among them where it is known how they were written."""
        parts = self.written
        if parts and {part.name: part.value for part in parts} == dict(self.params):
            return parts
        return tuple(Part(name, value) for name, value in self.params.items())

    @cached_property
    def written(self) -> tuple[Part, ...]:
        """The parts of the texts, none where these are too long or not known."""
        if len(self.query) + len(self.body) > LONGEST_WRITTEN:
            return ()
        return (*parts_of(self.query), *parts_of(self.body))

    @cached_property
    def gapped(self) -> tuple[Part, ...]:
        """The parts, with an empty one between two `&` that stand beside each other, where this is known."""
        if not self.is_written:
            return self.parts
        return (*parts_of(self.query, gaps=True), *parts_of(self.body, gaps=True))

    @cached_property
    def is_written(self) -> bool:
        """Whether it is known how the parts were written."""
        return any(part.segment is not None for part in self.parts)

    def is_strange(self, name: str) -> bool:
        """Whether the gateway has no parameter of this name, as far as its names are known."""
        return bool(self.known) and name not in self.known and name not in NEVER_SIGNED


def parts_of(text: str, gaps: bool = False) -> tuple[Part, ...]:
    """The parts of a query string or a form's body; `gaps` keeps the empty ones behind the first."""
    segments = text.lstrip("&").split("&") if text else []
    split = [(segment, *segment.split("=", 1), "") for segment in segments if segment or gaps]
    return tuple(Part(decoded(name), decoded(value), segment) for segment, name, value, *_ in split)


def decoded(written: str) -> str:
    """A text of a query as it is decoded."""
    return unquote_plus(written, errors="surrogateescape")


def with_pluses(written: str) -> str:
    """A text of a query decoded by one who takes each + for a plus."""
    return unquote(written, errors="surrogateescape")
