"""From the start of the process to the first answer, beside the floor and beside localstripe, a sandbox of
another gateway.
"""
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from . import localstripe, servers
from .servers import Server
from .table import Row

OF_FLOOR = 1.2


def start(directory: Path, rounds: int, requests: int) -> Iterator[Row]:
    """Process start to the first 200, in turns."""
    place = localstripe.installed(directory)
    ours, floors, others = [], [], []
    for number in range(rounds + 1):
        ours.append(started(servers.emulator(directory / servers.TEMPORARY)))
        floors.append(started(servers.floor(directory / f"start-{number}.db")))
        if place:
            others.append(started(localstripe.server(place)))
    yield compared("floor's", "<=", OF_FLOOR, ours[1:], floors[1:])
    if place:
        yield compared("localstripe's", "<", 1, ours[1:], others[1:])
    else:
        yield Row("start", "start ÷ localstripe's", None, "×", "<", 1,
                  localstripe.MISSING)


def started(server: Server) -> tuple[float, float]:
    """How long a server takes to serve, and how much processor time, in milliseconds."""
    with server:
        return server.started_in * 1_000, server.cpu() * 1_000


def compared(whose: str, relation: str, target: float, ours: list[tuple[float, float]],
             others: list[tuple[float, float]]) -> Row:
    """The median of the rounds' ratios."""
    ratios = [own / other for (own, _), (other, _) in zip(ours, others)]
    (own, own_cpu), (other, other_cpu) = (map(median, zip(*each)) for each in (ours, others))
    return Row("start", f"start ÷ {whose}", median(ratios), "×", relation, target,
               f"{own:.0f} ms, {other:.0f} ms; {own_cpu:.0f} and {other_cpu:.0f} ms of processor time",
               (min(ratios), max(ratios)))
