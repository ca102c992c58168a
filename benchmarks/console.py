"""The pages of the console over many orders: how soon each is answered."""
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from . import databases, servers
from .servers import Server
from .signing import MERCHANTS_ID, order_number
from .table import Row

MOST_MS = {10_000: 50, 100_000: 300}
PAGES = {
    "orders": "/orders", "orders of a merchant": f"/orders?merchants_id={MERCHANTS_ID}", "orders, an old page": "/orders?before=100",
    "orders of a merchant without any": "/orders?merchants_id=201807208001",
    "orders in a state that none has": "/orders?status=TRADE_FINISHED",
    "search for an order": f"/orders?search={order_number(7)}", "search that finds nothing": "/orders?search=nowhere",
    "one order": "/orders/77", "notifications": "/notifications", "notifications, given up": "/notifications?status=failed",
    "journal": "/journal", "journal, everything refused": "/journal?verdict=refused", "journal, search": "/journal?search=nowhere",
    "one request": "/journal/77", "try it": "/try", "try a refund": f"/try?table=tgpayrefund&merchants_id={MERCHANTS_ID}",
    "terminals": "/terminals", "scenarios": "/scenarios", "clock": "/clock",
    "clock of a merchant without any": "/clock?merchants_id=201807208001", "cards and codes": "/cards",
    "settlement": f"/settlement?merchants_id={MERCHANTS_ID}", "merchants": "/merchants"}


def console(directory: Path, rounds: int, requests: int) -> Iterator[Row]:
    """The time of each page of the console, with 10,000 and with 100,000 orders."""
    for orders, most in MOST_MS.items():
        with servers.emulator(databases.filled(directory, orders)) as server:
            for name, path in PAGES.items():
                taken = [answered(server, f"/console{path}") for _ in range(rounds + 2)][2:]
                yield Row("console", f"{name}, {orders:,} orders", median(taken), "ms", "<", most,
                          f"median of {len(taken)}, slowest {max(taken):.1f} ms")


def answered(server: Server, path: str) -> float:
    """The milliseconds until a page is there."""
    begun = time.perf_counter()
    status, answer = server.ask("GET", path)
    if status != 200:
        raise RuntimeError(answer.decode())
    return (time.perf_counter() - begun) * 1_000
