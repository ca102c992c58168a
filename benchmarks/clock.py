"""Moves of the clock over many orders: how long a person waits for them."""
import json
import time
from collections.abc import Iterator
from pathlib import Path

from . import databases, servers
from .life import receiver
from .table import Row

ORDERS = 10_000
MOST_S = 60


def clock(directory: Path, rounds: int, requests: int) -> Iterator[Row]:
    """The time of a move by which 10,000 orders expire, and of a year in which 10,000 notifications are
    sent.
    """
    waiting, paid = directory / "waiting.db", directory / "paid.db"
    databases.waiting(waiting, ORDERS)
    yield moved("orders expire", waiting, "30d")
    with receiver() as url:
        databases.paid(paid, ORDERS, url)
        yield moved("paid orders are notified and finish", paid, "365d")


def moved(what: str, database: Path, step: str) -> Row:
    """How long a move takes, and what was done in it."""
    with servers.emulator(database) as server:
        begun = time.perf_counter()
        status, answer = server.ask("POST", "/_emulator/clock", json.dumps({"advance": step}).encode())
        seconds = time.perf_counter() - begun
    if status != 200:
        raise RuntimeError(answer.decode())
    done = ", ".join(f"{count:,} {name}" for name, count in json.loads(answer)["done"].items())
    return Row("clock", f"{step}, {ORDERS:,} {what}", seconds, "s", "<", MOST_S, done)
