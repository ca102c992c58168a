"""From the start of the process to the first answer, beside the floor and beside localstripe, a sandbox of
another gateway.
"""
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from . import servers
from .servers import Server
from .table import Row

OF_FLOOR = 1.7
INSTALL_S = 300


def start(directory: Path, rounds: int, requests: int) -> Iterator[Row]:
    """Process start to the first 200, in turns."""
    place = directory / "localstripe"
    has_other = installed(place)
    ours, floors, others = [], [], []
    for number in range(rounds + 1):
        ours.append(started(servers.emulator(directory / servers.TEMPORARY)))
        floors.append(started(servers.floor(directory / f"start-{number}.db")))
        if has_other:
            others.append(started(localstripe(place)))
    yield compared("floor's", "<=", OF_FLOOR, ours[1:], floors[1:])
    if has_other:
        yield compared("localstripe's", "<", 1, ours[1:], others[1:])
    else:
        yield Row("start", "start ÷ localstripe's", None, "×", "<", 1,
                  "localstripe is not installed: PyPI is not reachable")


def started(server: Server) -> tuple[float, float]:
    """How long a server takes to serve, and how much processor time, in milliseconds."""
    with server:
        return server.started_in * 1_000, server.cpu() * 1_000


def compared(whose: str, relation: str, target: float, ours: list[tuple[float, float]],
             others: list[tuple[float, float]]) -> Row:
    """The median of the rounds' ratios."""
    ratio = median(own / other for (own, _), (other, _) in zip(ours, others))
    (own, own_cpu), (other, other_cpu) = (map(median, zip(*each)) for each in (ours, others))
    return Row("start", f"start ÷ {whose}", ratio, "×", relation, target,
               f"{own:.0f} ms, {other:.0f} ms; {own_cpu:.0f} and {other_cpu:.0f} ms of processor time")


def installed(place: Path) -> bool:
    """Install localstripe into a directory of its own; False when that cannot be done."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target",
               str(place), "localstripe"]
    try:
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              timeout=INSTALL_S).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def localstripe(place: Path) -> Server:
    """localstripe; its script for browsers is what it answers without a key."""
    port = servers.free_port()
    return Server(port, "/js.stripe.com/v3/", ["localstripe", f"--port={port}", "--from-scratch"],
                  {"PYTHONPATH": str(place)}, silent=True)
