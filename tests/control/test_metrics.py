"""GET /_emulator/metrics: what Prometheus reads is what was sent, whichever process answered it."""
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib import request as http_client

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ..driver import Control, Receiver, Server, exchange
from ..tables import every_row

Samples = dict[tuple[str, ...], float]


def scraped(server: Server) -> Samples:
    """Each number by the name of its metric and the values of its labels."""
    answer = exchange(f"{server.url}/_emulator/metrics")
    assert answer.status == 200, answer.text
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {(sample.name, *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(answer.text) for sample in family.samples}


def requests_in(samples: Samples) -> dict[tuple[str, str], int]:
    return {(key[1], key[2]): int(number) for key, number in samples.items()
            if key[0] == "tgpay_requests_total"}


def until(server: Server, holds: Callable[[Samples], bool], seconds: float = 15) -> Samples:
    """The metrics as soon as they are like this."""
    end = time.monotonic() + seconds
    while not holds(samples := scraped(server)) and time.monotonic() < end:
        time.sleep(0.1)
    return samples


def children(server: Server) -> list[int]:
    """The worker processes of a server."""
    assert server.process is not None
    found = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text()
    return [int(pid) for pid in found.split()]


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(workers=2) as started:
        yield started


def test_the_requests_to_all_processes_are_counted_and_measured(server: Server) -> None:
    control = Control(server.url)
    shop, sent = control.shop(), Counter[tuple[str, str]]()
    kinds = [
        (("tgpayqrcode", "OK"), lambda: shop.qr_order()),
        (("tgpayquery", "TRADE_NOT_EXIST"), lambda: shop.query("nothing")),
        (("tgpayquery", "ILLEGAL_SIGN"),
         lambda: shop.send("tgpayquery", {**shop.signed(), "sign": "0" * 32})),
        (("tgpaybarcode", "METHOD_NOT_ALLOWED"),
         lambda: exchange(f"{server.url}/v2/tgpaybarcode.php", "DELETE")),
        (("unknown", "NOT_FOUND"), lambda: exchange(f"{server.url}/v2/{shop.number()}.php"))]
    with ThreadPoolExecutor(8) as pool:
        for place in range(200):
            said, send = kinds[place % 7 % len(kinds)]
            sent[said] += 1
            pool.submit(send)
    samples = scraped(server)
    assert requests_in(samples) == sent
    assert samples["tgpay_processes",] == 2
    for endpoint in {endpoint for endpoint, _ in sent}:
        number = sum(count for (name, _), count in sent.items() if name == endpoint)
        buckets = {float(key[2]): count for key, count in samples.items()
                   if key[:2] == ("tgpay_request_duration_seconds_bucket", endpoint)}
        ascending = [buckets[bound] for bound in sorted(buckets)]
        assert ascending == sorted(ascending) and ascending[-1] == number
        assert samples["tgpay_request_duration_seconds_count", endpoint] == number
        seconds = samples["tgpay_request_duration_seconds_sum", endpoint]
        most = sum((count - before) * bound for before, count, bound in zip(
            [0, *ascending], ascending, sorted(buckets)) if count > before)
        assert 0 < seconds <= most


def test_what_a_process_counted_stays_when_it_is_killed(server: Server) -> None:
    shop = Control(server.url).shop()
    for _ in range(30):
        shop.query("nothing")
    for pid in children(server):
        os.kill(pid, signal.SIGKILL)
        server.wait_until_healthy()
    for _ in range(12):
        shop.query("nothing")
    assert requests_in(scraped(server)) == {("tgpayquery", "TRADE_NOT_EXIST"): 42}


@pytest.mark.exhaustive
def test_the_outbox_tells_what_is_pending_and_for_how_long(server: Server, receiver: Receiver) -> None:
    control = Control(server.url)
    receiver.delay = 3
    assert scraped(server)["tgpay_outbox_pending",] == 0
    control.shop(notify_url=receiver.url).pay_by_barcode()
    samples = until(server, lambda found: found["tgpay_outbox_lag_seconds",] >= 1)
    assert 1 <= samples["tgpay_outbox_lag_seconds",] < 10
    assert (samples["tgpay_outbox_pending",], samples["tgpay_outbox_due",]) == (1, 1)
    assert (samples["tgpay_orders_due",], samples["tgpay_commands_open",]) == (0, 0)
    samples = until(server, lambda found: not found["tgpay_outbox_pending",])
    assert (samples["tgpay_outbox_pending",], samples["tgpay_outbox_lag_seconds",]) == (0, 0)


def test_open_connections_and_waiting_requests_are_told(server: Server) -> None:
    with http_client.urlopen(f"{server.url}/_emulator/events", timeout=10):
        samples = until(server, lambda found: found["tgpay_requests_waiting",] == 1)
        assert samples["tgpay_requests_waiting",] == 1
        assert samples["tgpay_connections",] >= 1
        assert samples["tgpay_slots",] == 2 * 4 and samples["tgpay_slots_used",] <= 8
        assert samples["tgpay_database_connections",] >= 1
    assert until(server, lambda found: not found["tgpay_requests_waiting",])["tgpay_requests_waiting",] == 0


@pytest.mark.sqlite
def test_without_its_database_a_server_still_tells_what_it_counted(tmp_path: Path) -> None:
    path = tmp_path / "emulator.db"
    with Server(database=path) as server:
        shop = Control(server.url).shop()
        assert shop.query("nothing")["error"] == "TRADE_NOT_EXIST"
        path.rename(tmp_path / "away.db")
        assert shop.query("nothing")["error"] == "SYSTEM_ERROR"
        samples = scraped(server)
        assert samples["tgpay_database_up",] == 0 and ("tgpay_outbox_pending",) not in samples
        assert requests_in(samples) == {("tgpayquery", "TRADE_NOT_EXIST"): 1,
                                        ("tgpayquery", "SYSTEM_ERROR"): 1}


@pytest.fixture
def guarded() -> Iterator[Server]:
    with Server(control_token="s3cret") as started:
        yield started


@every_row("headers, status", [
    ({}, 401), ({"Authorization": "Bearer wrong"}, 401), ({"Authorization": "Bearer s3cret"}, 200),
    ({"Authorization": "Bearer s3cret", "Host": "elsewhere.example"}, 421)])
def test_access_is_that_of_the_control_interface(guarded: Server, headers: dict[str, str],
                                                 status: int) -> None:
    assert exchange(f"{guarded.url}/_emulator/metrics", headers=headers).status == status


def test_the_openapi_document_says_that_the_answer_is_text(control: Control) -> None:
    told = control.get("/openapi.json")["paths"]["/_emulator/metrics"]["get"]["responses"]["200"]
    assert told["content"] == {"text/plain": {"schema": {"type": "string"}}}
