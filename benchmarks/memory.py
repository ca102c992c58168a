"""How much memory the server takes after some work, and whether it grows with the orders in the database."""
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from lxml import etree

from . import databases, servers
from .load import Job, run
from .servers import Server
from .signing import MERCHANTS_ID, sign
from .speed import FEW, MANY
from .table import Row

MOST_MB, MOST_GROWTH_MB = 110, 5
NOTIFICATIONS, PICTURES = 400, 30
PATIENCE_S = 60


def memory(directory: Path, rounds: int, requests: int) -> Iterator[Row]:
    """Proportional set size of all processes after orders, queries, notifications and pictures."""
    few, many = (after_work(servers.emulator(databases.filled(directory, count)), count, requests)
                 for count in (FEW, MANY))
    yield Row("memory", f"{servers.WORKERS} workers of {servers.THREADS} threads, after some work", few, "MB",
              "<=", MOST_MB,
              f"proportional set size, {FEW:,} orders")
    yield Row("memory", f"growth from {FEW:,} to {MANY:,} orders", many - few, "MB", "<", MOST_GROWTH_MB,
              f"{few:.1f} MB, {many:.1f} MB")


def after_work(server: Server, orders: int, requests: int) -> float:
    """The memory of a server that has done a bit of everything."""
    with server, receiver() as (address, heard):
        run(Job(server.port, "qr", requests, orders))
        run(Job(server.port, "query", requests, orders))
        notify_at(server, address)
        run(Job(server.port, "qr", NOTIFICATIONS, orders))
        wait_for(heard, NOTIFICATIONS)
        notify_at(server, "")
        look_at_pictures(server)
        return server.pss()


def notify_at(server: Server, address: str) -> None:
    """Have the merchant's notifications sent to an address, or nowhere."""
    status, answer = server.ask("PATCH", f"/_emulator/merchants/{MERCHANTS_ID}",
                                json.dumps({"notify_url": address}).encode())
    if status != 200:
        raise RuntimeError(answer.decode())


def look_at_pictures(server: Server) -> None:
    """Make orders and fetch their pictures in all sizes."""
    for number in range(PICTURES):
        params = {"merchants_id": MERCHANTS_ID, "out_trade_no": f"{MERCHANTS_ID}picture{number}",
                  "trans_amount": "1.00"}
        answer = etree.fromstring(
            server.ask("GET", f"/v2/tgpayqrcode.php?{urlencode({**params, 'sign': sign(params)})}")[1])
        for name in ("big_pic_url", "pic_url", "small_pic_url"):
            status, picture = server.ask("GET", urlsplit(answer.findtext(name)).path)
            if status != 200 or not picture.startswith(b"\x89PNG"):
                raise RuntimeError(f"{name} is no picture")


@contextmanager
def receiver() -> Iterator[tuple[str, list[str]]]:
    """A merchant's receiver: its address, and the list to which it adds what it hears."""
    heard: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", "7")
            self.end_headers()
            self.wfile.write(b"success")

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/notify", heard
    finally:
        server.shutdown()
        server.server_close()


def wait_for(heard: list[str], count: int) -> None:
    """Wait until so many notifications have been heard."""
    end = time.monotonic() + PATIENCE_S
    while len(heard) < count:
        if time.monotonic() > end:
            raise TimeoutError(f"{len(heard)} of {count} notifications were heard")
        time.sleep(0.05)
