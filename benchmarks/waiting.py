"""Payments beside many who wait: they must not take the threads of those who pay."""
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from . import databases, servers
from .load import Job
from .servers import Server
from .signing import MERCHANTS_ID, order_number
from .speed import FEW, Runner
from .table import Row

WAITS, STREAMS = 100, 20
OF_ALONE = 0.9
SETTLED_S = 0.5
WAIT_PATH = (f"/_emulator/wait?merchants_id={MERCHANTS_ID}&out_trade_no={order_number(0)}"
             "&status=TRADE_SUCCESS&timeout=60s")


def waiting(directory: Path, rounds: int, requests: int) -> Iterator[Row]:
    """QR creations a second beside 100 clients in wait and 20 streams of events, beside none."""
    with servers.emulator(databases.filled(directory, FEW)) as emulator:
        runner = Runner(emulator, Job(emulator.port, "qr", requests))
        runner.run()
        ratios, rates = [], []
        for _ in range(rounds):
            alone = runner.run().rate
            with waiters(emulator):
                rates.append((alone, runner.run().rate))
            ratios.append(rates[-1][1] / alone)
    beside = "/s, ".join(f"{median(each):.0f}" for each in zip(*rates))
    what = f"qr requests/s beside {WAITS} waits and {STREAMS} streams ÷ without"
    yield Row("waiting", what, median(ratios), "×", ">=", OF_ALONE, f"{beside}/s",
              (min(ratios), max(ratios)))


@contextmanager
def waiters(server: Server) -> Iterator[None]:
    """Clients that wait, each over its own connection.

    Nobody reads the streams: a round is too short to fill their buffers.
    """
    with ExitStack() as open_lines:
        for path in [WAIT_PATH] * WAITS + ["/_emulator/events"] * STREAMS:
            line = open_lines.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            line.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode())
        time.sleep(SETTLED_S)
        yield
