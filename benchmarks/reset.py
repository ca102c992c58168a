"""The reset of one merchant, as tests ask for it before each case, with many orders of others in the
database.
"""
import json
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

from . import databases, servers
from .servers import Server
from .signing import sign
from .table import Row

OTHERS, OWN = 10_000, 20
MOST_MS = 50


def reset(directory: Path, rounds: int, requests: int) -> Iterator[Row]:
    """The time of a reset, each time after some orders of the merchant's own."""
    with servers.emulator(databases.filled(directory, OTHERS)) as server:
        merchant = json.loads(server.ask("POST", "/_emulator/merchants", b"{}")[1])
        taken = []
        for _ in range(2 * rounds):
            make_orders(server, merchant["merchants_id"], merchant["token"])
            begun = time.perf_counter()
            status, answer = server.ask("POST", f"/_emulator/reset?merchants_id={merchant['merchants_id']}")
            taken.append((time.perf_counter() - begun) * 1_000)
            if status != 200:
                raise RuntimeError(answer.decode())
    yield Row("reset", f"one merchant, {OTHERS:,} orders of others", median(taken), "ms", "<", MOST_MS,
              f"median of {len(taken)}, slowest {max(taken):.1f} ms")


def make_orders(server: Server, merchants_id: str, token: str) -> None:
    """Some orders of a merchant."""
    for number in range(OWN):
        params = {"merchants_id": merchants_id, "out_trade_no": f"{merchants_id}{number:06d}",
                  "trans_amount": "1.00"}
        answer = server.ask("GET",
                            f"/v2/tgpayqrcode.php?{urlencode({**params, 'sign': sign(params, token)})}")[1]
        if b"<is_success>T<" not in answer:
            raise RuntimeError(answer.decode())
