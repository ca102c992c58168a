"""The settlement file of a million rows: how fast it is downloaded, and what memory that takes."""
import csv
import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

from . import databases, servers
from .databases import MARK
from .load import Job, run
from .servers import Server
from .signing import MERCHANTS_ID, order_number, sign
from .table import Row

ROWS = 1_000_000
ROUNDS = 3
OF_CSV, MOST_GROWTH_MB = 0.3, 30
PIECE = 1 << 18
WARM_UP = 400


def settlement(directory: Path, rounds: int, requests: int) -> Iterator[Row]:
    """Rows a second of the export, beside csv.writer writing the same rows to a file."""
    path = directory / "settlement.db"
    first, last = databases.settled(path, ROWS)
    params = {"merchants_id": MERCHANTS_ID, "start_date": str(first), "end_date": str(last)}
    query = f"/v2/export_settlement.php?{urlencode({**params, 'sign': sign(params)})}"
    fields = sample(directory)
    downloads, writings = [], []
    with servers.emulator(path) as server:
        # every thread has its connection and what it loads at its first request
        run(Job(server.port, "qr", WARM_UP))
        before = server.pss()
        with watched(server) as sizes:
            for _ in range(ROUNDS):
                downloads.append(download(server, query))
                writings.append(write(directory / "settlement.csv", fields))
    own, plain = median(downloads), median(writings)
    yield Row("settlement", f"export of {ROWS:,} rows ÷ csv.writer", plain / own, "×", ">=", OF_CSV,
              f"{ROWS / own:,.0f} rows/s, {ROWS / plain:,.0f} rows/s")
    yield Row("settlement", "memory growth during the export", max(sizes) - before, "MB", "<", MOST_GROWTH_MB,
              f"{before:.1f} MB before, {max(sizes):.1f} MB at most")


def sample(directory: Path) -> list[str]:
    """The fields of a row, with a mark where the order's number belongs."""
    with databases.opened(directory / "sample.db") as store:
        merchant = store.read().merchants.find(MERCHANTS_ID)
        assert merchant
        return next(csv.reader([databases.sample_line(store.read(), merchant)[1]]))


def download(server: Server, query: str) -> float:
    """The seconds that it takes to fetch the whole file, which is counted and thrown away."""
    begun, lines = time.perf_counter(), 0
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
    connection.request("GET", query)
    answer = connection.getresponse()
    with open("/dev/null", "wb") as nowhere:
        while piece := answer.read1(PIECE):
            lines += piece.count(b"\n")
            nowhere.write(piece)
    connection.close()
    if lines != ROWS + 1:
        raise RuntimeError(f"{lines} lines came, not {ROWS + 1}")
    return time.perf_counter() - begun


def write(path: Path, fields: list[str]) -> float:
    """The seconds that csv.writer takes for as many rows."""
    places = [place for place, value in enumerate(fields) if value == MARK]
    begun = time.perf_counter()
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows(fields, places))
    return time.perf_counter() - begun


def rows(fields: list[str], places: list[int]) -> Iterator[list[str]]:
    """The same rows, split into fields already."""
    row = list(fields)
    for number in range(ROWS):
        for place in places:
            row[place] = order_number(number)
        yield row


@contextmanager
def watched(server: Server) -> Iterator[list[float]]:
    """The memory of a server, looked at again and again in the meantime."""
    sizes, over = [server.pss()], threading.Event()

    def look() -> None:
        while not over.wait(0.1):
            sizes.append(server.pss())

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield sizes
    finally:
        over.set()
        thread.join()
