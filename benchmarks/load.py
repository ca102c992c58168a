"""A load generator: `python -m benchmarks.load`, a job as JSON on standard input, what was measured as JSON
on standard output.

A process of its own, so that its work is not the servers' and theirs is not its. One thread watches all
connections with epoll and sends bytes that were made, signed and encoded before the time runs: about 20
microseconds for a request.
"""
import gc
import json
import random
import select
import socket
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlencode

from .signing import MERCHANTS_ID, TOKEN, order_number, sign

CONNECTIONS = 16
PATIENCE_S = 30
TEST_CARD = "5204740000001002"
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Job:
    """What to send: `count` requests of a `kind` (qr, card or query) over so many `connections`; a query asks
    for one of the first `orders` of a filled database. A `path` is asked for instead, at localstripe. New QR
    orders are those of a merchant.
    """

    port: int
    kind: str
    count: int
    orders: int = 0
    connections: int = CONNECTIONS
    path: str = ""
    merchants_id: str = MERCHANTS_ID
    token: str = TOKEN

    @property
    def warm_up(self) -> int:
        """How many requests are not counted."""
        return 8 * self.connections

    @property
    def done(self) -> bytes:
        """What an answer has in it that is no refusal."""
        return b'"object": "customer"' if self.path else b"<is_success>T</is_success>"


@dataclass(frozen=True)
class Measured:
    """What came of a job: requests a second, and latencies in milliseconds."""

    rate: float
    median: float
    p99: float


def run(job: Job) -> Measured:
    """Have a process of its own do the job."""
    done = subprocess.run([sys.executable, "-m", "benchmarks.load"], cwd=ROOT, input=json.dumps(asdict(job)),
                          text=True,
                          stdout=subprocess.PIPE, check=True)
    return Measured(**json.loads(done.stdout))


def requests_of(job: Job) -> Iterator[bytes]:
    """The requests of a job as they go over the wire; new orders have numbers that nobody used before."""
    prefix, chance = f"{job.merchants_id}{uuid.uuid4().hex[:8]}", random.Random(job.count)
    for place in range(job.count + job.warm_up):
        if job.path:
            yield _of_localstripe(job)
            continue
        if job.kind == "card":
            yield _card_payment(job, f"{prefix}{place:08d}")
            continue
        if job.kind == "qr":
            params = {"merchants_id": job.merchants_id, "out_trade_no": f"{prefix}{place:08d}",
                      "pay_type": "alipay", "trans_amount": "1.00",
                      "reference": "benchmark", "account_id": "31", "sign_type": "MD5"}
        else:
            params = {"merchants_id": MERCHANTS_ID,
                      "out_trade_no": order_number(chance.randrange(job.orders))}
        endpoint = "tgpayqrcode" if job.kind == "qr" else "tgpayquery"
        path = f"/v2/{endpoint}.php?{urlencode({**params, 'sign': sign(params, job.token)})}"
        yield f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{job.port}\r\nAccept: */*\r\n\r\n".encode()


def _of_localstripe(job: Job) -> bytes:
    """A request with the key of a test account."""
    return (f"GET {job.path} HTTP/1.1\r\nHost: 127.0.0.1:{job.port}\r\n"
            "Authorization: Bearer sk_test_1\r\n\r\n").encode()


def _card_payment(job: Job, number: str) -> bytes:
    """A payment from the merchant's server, in the body of a POST."""
    params = {"merchants_id": MERCHANTS_ID, "out_trade_no": number, "pay_type": "bankcard",
              "access_type": "s2s", "trans_amount": "1.00",
              "trans_timeout": "20", "goods_name": "benchmark", "language": "en", "channel_type": "online",
              "terminal_type": "web", "device_channel": "browser", "trans_channel": "credit_card",
              "reference": "benchmark", "sign_type": "MD5",
              "pay_info": json.dumps({"cardNo": TEST_CARD, "expirationMonth": "12", "expirationYear": "49",
                                      "cvv": "123"})}
    body = urlencode({**params, "sign": sign(params)}).encode()
    head = (f"POST /v2/tgpaybankcard.php HTTP/1.1\r\nHost: 127.0.0.1:{job.port}\r\nAccept: */*\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n")
    return head.encode() + body


def complete(answer: bytes) -> bool:
    """Whether an answer has arrived as a whole."""
    head, parted, body = answer.partition(b"\r\n\r\n")
    if not parted:
        return False
    length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    return len(body) >= int(length)


def send_all(connections: list[socket.socket], waiting: list[bytes], done: bytes) -> list[float]:
    """Send the requests, the next one of a connection as soon as its answer is there; answers the latencies
    in seconds. Every answer must have `done` in it.
    """
    by_number = {connection.fileno(): connection for connection in connections}
    begun, parts, latencies = {}, dict.fromkeys(by_number, b""), []
    watched = select.epoll()
    for number, connection in by_number.items():
        watched.register(number, select.EPOLLIN)
        begun[number] = time.perf_counter()
        connection.sendall(waiting.pop())
    while begun:
        for number, _ in watched.poll(PATIENCE_S) or stalled(len(begun)):
            parts[number] += by_number[number].recv(65536) or stalled(len(begun))
            if not complete(parts[number]):
                continue
            latencies.append(time.perf_counter() - begun.pop(number))
            verify(parts[number], done)
            parts[number] = b""
            if waiting:
                begun[number] = time.perf_counter()
                by_number[number].sendall(waiting.pop())
    watched.close()
    return latencies


def stalled(count: int) -> NoReturn:
    """Give up: a server does not answer, or has closed a connection."""
    raise SystemExit(f"{count} requests were not answered")


def verify(answer: bytes, done: bytes) -> None:
    """Give up when an answer is a refusal: a fast refusal would look like a fast server."""
    if done not in answer:
        raise SystemExit(f"refused: {answer.decode()}")


def measured(job: Job) -> Measured:
    """Do the job: some requests that are not counted, then those that are."""
    requests = list(requests_of(job))
    connections = [socket.create_connection(("127.0.0.1", job.port)) for _ in range(job.connections)]
    for connection in connections:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    gc.disable()
    send_all(connections, [requests.pop() for _ in range(job.warm_up)], job.done)
    begun = time.perf_counter()
    latencies = send_all(connections, requests, job.done)
    rate = len(latencies) / (time.perf_counter() - begun)
    for connection in connections:
        connection.close()
    return Measured(rate, statistics.median(latencies) * 1_000,
                    statistics.quantiles(latencies, n=100)[98] * 1_000)


if __name__ == "__main__":
    print(json.dumps(asdict(measured(Job(**json.load(sys.stdin))))))
