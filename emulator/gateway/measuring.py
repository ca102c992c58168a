"""Counts requests by endpoint and verdict, and measures how long they took, in all processes of a server."""
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate

from msgspec import Struct
from msgspec.structs import astuple, fields

from ..base.tallies import Tallies
from ..protocol.codes import REFUSALS
from ..protocol.faults import NOTHING_HAPPENS
from .endpoints import ENDPOINTS

OK, UNKNOWN, OTHER = "OK", "unknown", "other"
ENDPOINT_NAMES = (*ENDPOINTS, UNKNOWN)
VERDICTS = (OK, *REFUSALS, *NOTHING_HAPPENS, OTHER)
BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_ENDPOINTS = {name: place for place, name in enumerate(ENDPOINT_NAMES)}
_VERDICTS = {name: place for place, name in enumerate(VERDICTS)}
_BUCKETS = len(BOUNDS_S) + 1  # the last one is for all that took longer
_DURATIONS = len(ENDPOINT_NAMES) * len(VERDICTS)  # the column at which the durations begin
_SECONDS = _DURATIONS + len(ENDPOINT_NAMES) * _BUCKETS  # the column at which the sums of seconds begin
_COLUMNS = _SECONDS + len(ENDPOINT_NAMES)


class InUse(Struct, frozen=True):
    """What one process has in use, or all processes together."""

    slots: int  # requests that are being worked on
    queued: int  # requests that wait for a slot
    waiting: int  # requests that wait for an event, a delay or a change of an order
    connections: int  # of clients
    database_connections: int  # for reading


class Duration(Struct, frozen=True):
    """How long the requests to an endpoint took: `numbers` are those within each bound, then all of them."""

    endpoint: str
    numbers: Sequence[int]
    seconds: float


def label(name: str) -> str:
    """The endpoint's name; `unknown` if there is no such endpoint, so that the labels stay few."""
    return name if name in _ENDPOINTS else UNKNOWN


class Measurements:
    """The measurements of a server whose processes each `take` one of `rows` rows."""

    def __init__(self, rows: int = 1) -> None:
        self._tallies = Tallies(_COLUMNS, len(fields(InUse)), rows)
        self.rows = rows
        self.take = self._tallies.take

    def record(self, name: str, verdict: str, seconds: float) -> None:
        """Count a request, which took so many seconds."""
        endpoint = _ENDPOINTS.get(name, _ENDPOINTS[UNKNOWN])
        counted = endpoint * len(VERDICTS) + _VERDICTS.get(verdict, _VERDICTS[OTHER])
        bucket = _DURATIONS + endpoint * _BUCKETS + bisect_left(BOUNDS_S, seconds)
        self._tallies.add((counted, 1), (bucket, 1), (_SECONDS + endpoint, seconds))

    def report(self, in_use: InUse) -> None:
        """Store what this process has in use; it counts until it is too long ago."""
        self._tallies.report(astuple(in_use))

    def requests(self) -> Iterable[tuple[str, str, int]]:
        """The endpoint, the verdict and the number of requests that had them, of those that there were."""
        totals = self._tallies.totals()
        for endpoint, name in enumerate(ENDPOINT_NAMES):
            for verdict, said in enumerate(VERDICTS):
                number = int(totals[endpoint * len(VERDICTS) + verdict])
                if number:
                    yield name, said, number

    def durations(self) -> Iterable[Duration]:
        """The durations of the requests to each endpoint that was asked."""
        totals = self._tallies.totals()
        for endpoint, name in enumerate(ENDPOINT_NAMES):
            first = _DURATIONS + endpoint * _BUCKETS
            numbers = [int(number) for number in accumulate(totals[first:first + _BUCKETS])]
            if numbers[-1]:
                yield Duration(name, numbers, totals[_SECONDS + endpoint])

    def in_use(self) -> tuple[int, InUse]:
        """The number of processes, and what they have in use together."""
        reported = self._tallies.reported()
        sums = [int(sum(column)) for column in zip(*reported)] or [0] * len(fields(InUse))
        return len(reported), InUse(*sums)
