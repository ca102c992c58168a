"""A call of an operation: its request, and the emulator as its sender may use it."""
from collections.abc import Callable, Mapping
from typing import Any

from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Request

from ...base import durations
from ...store import Reader
from .. import streams
from ..emulator import Emulator
from .bodies import MOST_BYTES, read_object
from .queries import DEFAULT_ROWS, NEWEST_FIRST


class Call:
    """A call of an operation. `place` are the values in its path by their names."""

    def __init__(self, request: Request, emulator: Emulator, place: Mapping[str, Any]) -> None:
        self.request = request
        self.emulator = emulator
        self.place = place
        self._body: dict[str, Any] | None = None

    @property
    def query(self) -> "MultiDict[str, str]":
        """The query of the request."""
        return self.request.args

    @property
    def order_number(self) -> str:
        """The order number in the path or the query; empty if there is none."""
        return str(self.query.get("out_trade_no") or self.place.get("out_trade_no", ""))

    def tables(self) -> Reader:
        """The database as it is now, as far as the sender may read it."""
        return self.emulator.store.read()

    def body(self) -> dict[str, Any]:
        """The JSON object in the body; an empty body is an empty object. Raises Problem."""
        if self._body is None:
            self._body = read_object(self.raw_body())
        return dict(self._body)

    def raw_body(self) -> bytes:
        """The body. Raises RequestEntityTooLarge or BadRequest."""
        self.request.max_content_length = MOST_BYTES
        return self.request.get_data()

    def paging(self) -> tuple[int, int]:
        """The values of `after` and `limit` in the query of a list."""
        return self.number("after", 0), self.number("limit", DEFAULT_ROWS)

    def is_newest_first(self) -> bool:
        """Whether the query of a list asks for the newest rows first."""
        return self.query.get(NEWEST_FIRST.name) == "true"

    def number(self, name: str, default: int) -> int:
        """A whole number in the query, checked by its `Query`."""
        return int(self.query.get(name, default))

    def duration(self, name: str, default: str, most: int) -> int:
        """A duration in the query, in milliseconds and at most `most`, checked by its `Query`."""
        return min(durations.parse(self.query.get(name, default)), most)

    def asked(self, *names: str) -> dict[str, str | None]:
        """The values of filters in the query; None for those that are missing."""
        return {name: self.query.get(name) or None for name in names}

    @property
    def merchants_id(self) -> str | None:
        """The merchant in the query; None if there is none."""
        return self.query.get("merchants_id") or None

    def has_left(self) -> Callable[[], bool]:
        """A function that returns whether the client has closed its connection."""
        return streams.has_left(self.request)
