"""QR creations while a hundred terminals work.

As a program (`python -m benchmarks.terminals PORT`) it keeps them at work until it is ended.
"""
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from itertools import cycle
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

from . import databases, servers
from .load import ROOT, Job, run
from .signing import MERCHANTS_ID, sign
from .table import Row

TERMINALS, EVERY_S, FEW = 100, 2.5, 1_000  # an unattended transaction within the contactless limit takes 2 s
SLOWED_BY = 0.8  # a quarter more time for each


def terminals(directory: Path, rounds: int, requests: int) -> Iterator[Row]:
    """QR creations a second while a hundred terminals work, beside those while none does."""
    with servers.emulator(databases.filled(directory, FEW)) as emulator:
        job = Job(emulator.port, "qr", requests, FEW)
        _install(emulator.port)
        ratios, rates = [], []
        for _ in range(rounds):
            idle = run(job)
            with at_work(emulator.port):
                busy = run(job)
            ratios.append(busy.rate / idle.rate)
            rates.append((busy.rate, idle.rate))
        told = "/s, ".join(f"{median(each):.0f}" for each in zip(*rates))
        yield Row("terminals", f"qr requests/s with {TERMINALS} terminals at work ÷ with none",
                  median(ratios), "×", ">=", SLOWED_BY,
                  f"{told}/s")


def _serials() -> list[str]:
    return [f"bench-{number:03d}" for number in range(TERMINALS)]


def _install(port: int) -> None:
    """A hundred terminals of the merchant."""
    connection = HTTPConnection("127.0.0.1", port)
    for serial in _serials():
        connection.request("PUT", f"/_emulator/terminals/{serial}", f'{{"merchants_id": "{MERCHANTS_ID}"}}')
        if (answer := connection.getresponse()).status not in (200, 201):
            raise SystemExit(f"no terminal was made: {answer.read().decode()}")
        answer.read()
    connection.close()


@contextmanager
def at_work(port: int) -> Iterator[None]:
    """Terminals that have a transaction each, again and again."""
    working = subprocess.Popen([sys.executable, "-m", "benchmarks.terminals", str(port)], cwd=ROOT,
                               stdout=subprocess.PIPE)
    try:
        assert working.stdout is not None
        working.stdout.readline()  # each has had its first
        yield
    finally:
        working.kill()
        working.communicate()


def keep_at_work(port: int) -> None:
    """Give every terminal a new transaction when it must be done with the last, for ever."""
    connection = HTTPConnection("127.0.0.1", port)
    for count, serial in enumerate(cycle(_serials())):
        begun = time.monotonic()
        params = {"merchants_id": MERCHANTS_ID, "pay_type": "webtoterminal", "operation": "sale",
                  "out_trade_no": uuid.uuid4().hex,
                  "trans_amount": "1.00", "terminal_type": "PAX920", "terminal_sn": serial,
                  "sign_type": "MD5"}
        connection.request("GET", f"/v2/tgpaywebtoterminal.php?{urlencode({**params, 'sign': sign(params)})}")
        connection.getresponse().read()
        if count == TERMINALS:
            print("at work", flush=True)
        time.sleep(max(0.0, EVERY_S / TERMINALS - (time.monotonic() - begun)))


if __name__ == "__main__":
    keep_at_work(int(sys.argv[1]))
