"""The rate limit of merchants: exact, each merchant for itself, the same for all processes of a server."""
import threading
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tgpay_emulator.base import rates
from tgpay_emulator.base.rates import Rate
from tgpay_emulator.store.sqlite.schema import prepare
from tgpay_emulator.store.sqlite.store import Store

from .driver import Control, Server, Shop, exchange
from .tables import every_row

BURST = 24
RED = "red-token-00001"
NOW = 1_800_000_000_000


@pytest.fixture(scope="module")
def limited() -> Iterator[Control]:
    """Three processes, and a rate that lets nothing through while a test runs, once the burst is used up."""
    with Server(rate_limit=f"1/h:{BURST}", workers=3, tokens=f"red:team:{RED}",
                control_token="admins-own-token") as server:
        yield Control(server.url, "admins-own-token")


@pytest.fixture(scope="module")
def silenced(limited: Control) -> Shop:
    """A merchant that has used up its burst."""
    shop = limited.shop()
    assert errors(shop, 5)["SYSTEM_ERROR"] > 0
    return shop


def errors(shop: Shop, times: int, many: int = 6) -> Counter[str]:
    """What the gateway answers to queries that several threads send at once, each so many."""
    found: list[str] = []

    def send() -> None:
        for _ in range(times):
            found.append(shop.query("none")["error"])
    threads = [threading.Thread(target=send) for _ in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(found)


def test_all_processes_together_let_through_exactly_the_burst_of_each_merchant(limited: Control) -> None:
    first, second = limited.shop(), limited.shop()
    assert errors(first, 3, 30) == {"TRADE_NOT_EXIST": BURST, "SYSTEM_ERROR": 90 - BURST}
    assert errors(second, 4) == {"TRADE_NOT_EXIST": 24}  # the other's requests are not its own


def test_the_gateway_says_why_in_its_own_words_and_so_does_the_journal(
        limited: Control, silenced: Shop) -> None:
    refused = silenced.pay_by_barcode()
    assert (refused.status, refused["is_success"], refused["error"]) == (200, "F", "SYSTEM_ERROR")
    assert "rate limit" in refused.text and f"1/h:{BURST}" in refused.text
    number = int(refused.headers["X-TGPay-Request"])
    entry = limited.get("/journal", after=number - 1, limit=1)["items"][0]
    assert (entry["id"], entry["verdict"], entry["merchants_id"]) == (
        number, "SYSTEM_ERROR", silenced.merchants_id)
    assert entry["explanation"]["rate_limit"] == f"1/h:{BURST}"
    assert 0 < entry["explanation"]["retry_after_ms"] <= 3_600_000
    assert limited.get("/orders")["items"] == []  # nothing was paid


@every_row("method, path, body", [
    ("GET", "/merchants/{id}", None), ("PATCH", "/merchants/{id}", {"name": "x"}),
    ("DELETE", "/merchants/{id}", None), ("GET", "/orders?merchants_id={id}", None),
    ("GET", "/orders/{id}/none", None), ("POST", "/orders/{id}/none/pay", {}),
    ("GET", "/terminals/{serial}", None), ("PUT", "/terminals/{serial}", {"online": False}),
    ("PUT", "/terminals/new-1", {"merchants_id": "{id}"}), ("GET", "/journal/{entry}", None),
    ("GET", "/wait?merchants_id={id}&out_trade_no=1&timeout=0", None),
    ("POST", "/reset?merchants_id={id}", None), ("GET", "/events?merchants_id={id}", None),
    ("PUT", "/scenario", {"name": "chaos", "merchants_id": "{id}"}),
    ("POST", "/sign", {"params": {"merchants_id": "{id}"}}),
    ("POST", "/sign", {"params": {"a": "b"}, "merchants_id": "{id}"}),
    ("POST", "/settlement/check", {"merchants_id": "{id}", "rows": []})])
def test_calls_that_concern_the_merchant_are_refused_with_the_time_to_wait(
        limited: Control, silenced: Shop, method: str, path: str, body: Any) -> None:
    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: filled(inner) for name, inner in value.items()}
        return value.format(**names) if isinstance(value, str) else value

    entry = silenced.query("none").headers["X-TGPay-Request"]
    names = {"id": silenced.merchants_id, "serial": serial_of(limited, silenced), "entry": entry}
    answer = limited.ask(method, filled(path), filled(body))
    assert (answer.status, answer.headers["Content-Type"]) == (429, "application/problem+json"), answer.text
    assert silenced.merchants_id in answer.json["detail"] and "rate limit" in answer.json["detail"]
    assert 0 < int(answer.headers["Retry-After"]) <= 3_600


def serial_of(control: Control, shop: Shop) -> str:
    return next(str(row["terminal_sn"]) for row in control.get("/terminals")["items"]
                if row["merchants_id"] == shop.merchants_id)


@pytest.mark.exhaustive
@every_row("path", ["/merchants", "/orders", "/journal", "/clock", "/codes", "/merchants/none", "/health"])
def test_calls_that_concern_no_merchant_are_not_counted(limited: Control, path: str) -> None:
    answers = {limited.ask("GET", path).status for _ in range(BURST + 2)}
    assert answers in ({200}, {404})


def test_a_team_does_not_use_up_the_rate_of_others(limited: Control) -> None:
    shop, team = limited.shop(), Control(limited.url, RED)
    assert {team.ask("GET", f"/merchants/{shop.merchants_id}").status for _ in range(BURST + 2)} == {404}
    assert errors(shop, 4) == {"TRADE_NOT_EXIST": 24}


def test_payers_pages_do_not_count(limited: Control) -> None:
    shop = limited.shop()
    page = shop.qr_order()["qr_code"]
    assert {exchange(page).status for _ in range(BURST + 2)} == {200}
    assert errors(shop, 4) == {"TRADE_NOT_EXIST": BURST - 1, "SYSTEM_ERROR": 1}


# The bucket itself, with instants instead of a clock.

@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    path: Path = tmp_path_factory.mktemp("rates") / "emulator.db"
    prepare(path)
    return Store(path)


@given(number=some.integers(1, 1_000), unit=some.sampled_from(["s", "min", "h"]), burst=some.integers(1, 9),
       pauses=some.lists(some.integers(0, 2_500), min_size=1, max_size=40))
@settings(max_examples=60)
def test_a_bucket_is_filled_exactly_at_its_rate(
        store: Store, number: int, unit: str, burst: int, pauses: list[int]) -> None:
    rate, now, level = rates.parse(f"{number}/{unit}:{burst}"), NOW, Fraction(burst)
    with store.write() as tables:
        tables.merchants.remove("shop")
        for pause in pauses:
            now += pause
            level = min(Fraction(burst), level + Fraction(pause * number, rate.period))
            wait = tables.limits.take("shop", rate, now)
            assert (wait == 0) is (level >= 1)
            if wait:  # it is the first whole millisecond at which there is room
                assert level + Fraction((wait - 1) * number, rate.period) < 1
                assert level + Fraction(wait * number, rate.period) >= 1
            else:
                level -= 1


@every_row("earlier, before", [
    ("1/h:1", NOW + 50 * 86_400_000), ("1000/s:1000", NOW), ("1/s:1", NOW + 10_000),
    ("20/min:2", NOW + 3_600_000)])
def test_a_clock_that_was_set_back_and_another_rate_silence_nobody(
        store: Store, earlier: str, before: int) -> None:
    rate = rates.parse("20/min:2")
    with store.write() as tables:
        tables.merchants.remove("shop")
        tables.limits.take("shop", rates.parse(earlier), before)
        assert [tables.limits.take("shop", rate, NOW) > 0 for _ in range(3)] == [False, False, True]


@every_row("late", [1, 20, 900])
def test_a_request_that_comes_late_with_an_earlier_instant_finds_the_bucket_as_it_is(
        store: Store, late: int) -> None:
    rate = rates.parse("1/h:5")
    with store.write() as tables:
        tables.merchants.remove("shop")
        assert [tables.limits.take("shop", rate, NOW) for _ in range(5)] == [0] * 5
        assert tables.limits.take("shop", rate, NOW - late) == 3_600_000 + late


@every_row("written, number, period, burst", [
    ("20/s", 20, 1_000, 20), ("600/min", 600, 60_000, 600), ("1000/h", 1_000, 3_600_000, 1_000),
    ("5/second:50", 5, 1_000, 50), (" 7 / M : 1 ", 7, 60_000, 1), ("1/hour", 1, 3_600_000, 1)])
def test_a_rate_is_written_in_the_usual_ways(written: str, number: int, period: int, burst: int) -> None:
    assert rates.parse(written) == Rate(number, period, burst, written.strip())
