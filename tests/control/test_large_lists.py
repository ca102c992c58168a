"""Lists of large entries: each page is bounded by its text, and none of them loses or repeats an entry."""
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from ..driver import Answer, Control, Server, exchange
from ..tables import every_row

pytestmark = pytest.mark.sqlite

MERCHANT = "2900000000001"
LARGE = "茶" * 40_000  # six characters each in JSON
PAGE = 4 * 1024 * 1024
ENTRY = ("INSERT INTO journal (at, merchants_id, endpoint, out_trade_no, ip, method, params, status, answer, "
         "verdict, findings, explanation) VALUES (?, ?, 'tgpayquery', ?, '', 'GET', '{}', 200, ?, 'OK', "
         "'[]', '{}')")
NOTIFICATION = ("INSERT INTO notifications (merchants_id, out_trade_no, notify_type, method, url, "
                "content_type, body, created_at, status, attempts, "
                "due_at) VALUES (?, ?, 'trade_status_sync', 'POST', 'http://127.0.0.1:9/', '', ?, ?, "
                "'failed', 1, NULL)")
ATTEMPT = ("INSERT INTO attempts (notification_id, merchants_id, at, took_ms, status_code, answer, error, "
           "delivered, replay, findings) VALUES (?, ?, ?, 1, 500, ?, '', 0, 1, '[]')")
HISTORY = ("INSERT INTO history (merchants_id, out_trade_no, at, event, cause, status, detail) "
           "VALUES (?, ?, ?, 'refund', 'tgpayrefund', 'TRADE_SUCCESS', '{\"amount\": \"0.01\"}')")
REFUND = ("INSERT INTO refunds (merchants_id, out_trade_no, partner_refund_id, amount, reason, kind, at) "
          "VALUES (?, ?, ?, 1, '', 'refund', ?)")
LISTS = {"/journal": 30, "/orders": 10, "/notifications": 30, "/merchants": 15}


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Control, str]]:
    """A server with large entries in all lists, and an order to which very much has happened."""
    database = tmp_path_factory.mktemp("crowded") / "emulator.db"
    with Server(database=database, workers=1) as server:
        control = Control(server.url)
        shop = control.shop(merchants_id=MERCHANT)
        numbers = [shop.number() for _ in range(LISTS["/orders"])]
        for number in numbers:
            shop.send("tgpayqrcode", shop.signed(out_trade_no=number, trans_amount="1.00", it_b_pay="1h",
                                                 reference="x" * 900_000), "POST")
        for place in range(LISTS["/merchants"]):
            control.shop(stores=[{"store_id": f"{place}-{number}", "store_name": "y" * 100}
                                 for number in range(4_000)])
        _fill(database, numbers[0])
        yield control, numbers[0]


def _fill(database: Path, number: str) -> None:
    with sqlite3.connect(database) as connection:
        connection.executemany(ENTRY, [(at, MERCHANT, number, LARGE) for at in range(LISTS["/journal"])])
        connection.executemany(NOTIFICATION,
                               [(MERCHANT, number, LARGE, at) for at in range(LISTS["/notifications"])])
        last = connection.execute("SELECT max(id) FROM notifications").fetchone()[0]
        connection.executemany(ATTEMPT, [(last, MERCHANT, at, "z" * 4_096) for at in range(3_000)])
        connection.executemany(HISTORY, [(MERCHANT, number, at) for at in range(30_000)])
        connection.executemany(REFUND, [(MERCHANT, number, f"R{at}", at) for at in range(30_000)])
    connection.close()


def _walk(control: Control, path: str) -> Iterator[Answer]:
    """The pages of a list, one after another."""
    following: dict[str, Any] = {}
    while True:
        answer = control.ask("GET", path, limit=1_000, **following)
        assert answer.status == 200, answer.text
        yield answer
        if answer.json["next"] is None:
            return
        following = {"after": answer.json["next"]}


@pytest.mark.exhaustive
@every_row("path", list(LISTS))
def test_each_page_is_bounded_and_no_entry_is_lost_or_repeated(
         crowded: tuple[Control, str], path: str) -> None:
    pages = list(_walk(crowded[0], path))
    ids = [item.get("id", item["merchants_id"]) for page in pages for item in page.json["items"]]
    assert len(pages) > 1 and max(len(page.raw) for page in pages) < PAGE * 1.01
    assert ids == sorted(set(ids)) and len(ids) >= LISTS[path]


@pytest.mark.exhaustive
def test_an_entry_that_is_larger_than_a_page_comes_alone(crowded: tuple[Control, str]) -> None:
    control, _ = crowded
    stores = [{"store_id": str(number), "store_name": "茶" * 100} for number in range(9_000)]
    large = [control.shop(merchants_id=f"99999999{place}", stores=stores).merchants_id for place in range(2)]
    pages = list(_walk(control, "/merchants"))
    assert [[item["merchants_id"] for item in page.json["items"]]
            for page in pages[-2:]] == [[number] for number in large]
    assert len(pages[-1].raw) > PAGE
    for number in large:
        control.ask("DELETE", f"/merchants/{number}")


@pytest.mark.exhaustive
def test_of_an_order_with_very_much_the_newest_is_told_and_how_much_more_there_is(
         crowded: tuple[Control, str]) -> None:
    control, number = crowded
    answer = control.ask("GET", f"/orders/{MERCHANT}/{number}")
    told = answer.json
    assert len(answer.raw) < 2 * PAGE
    for name, total in (("history", 30_001), ("refunds", 30_000), ("notifications", 30)):
        assert 0 < told["left_out"][name] == total - len(told[name]), name
    assert (told["refunds"][-1]["partner_refund_id"], told["refunds"][0]["partner_refund_id"]) == \
        ("R29999", f"R{told['left_out']['refunds']}")
    newest = told["notifications"][-1]
    assert 0 < newest["left_out"]["attempts"] == 3_000 - len(newest["attempts"])


@pytest.mark.exhaustive
def test_what_waits_for_an_order_with_very_much_is_answered(crowded: tuple[Control, str]) -> None:
    control, number = crowded
    asked = {"merchants_id": MERCHANT, "out_trade_no": number}
    ready = control.ask("GET", "/wait", status="WAIT_BUYER_PAY", **asked)
    assert ready.status == 200 and ready.json["left_out"]["notifications"] > 0
    assert control.ask("GET", "/wait", notification="delivered", timeout="0s", **asked).status == 408


@pytest.mark.exhaustive
@every_row("path, link",
           [("journal", "before"), ("orders", "before"), ("notifications", "before"), ("merchants", "after")])
def test_a_page_of_the_console_is_bounded_and_leads_on(crowded: tuple[Control, str], path: str,
                                                       link: str) -> None:
    answer = exchange(f"{crowded[0].url}/console/{path}")
    assert answer.status == 200 and len(answer.raw) < 2 * PAGE
    assert f"{link}=" in answer.text.partition('class="pager"')[2]


def test_the_page_of_an_order_with_very_much_is_bounded(crowded: tuple[Control, str]) -> None:
    control, number = crowded
    order = control.get("/orders", merchants_id=MERCHANT, limit=1)["items"][0]
    assert order["out_trade_no"] == number
    page = exchange(f"{control.url}/console/orders/{order['id']}?{urlencode({'lang': 'en'})}")
    assert page.status == 200 and len(page.raw) < 2 * PAGE
    assert "Older entries not shown" in page.text
