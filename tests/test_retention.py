"""Orders are deleted when they are old and nothing can happen to them any more; everything else stays."""
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tgpay_emulator.base.clock import real_now
from tgpay_emulator.domain.orders import Event, Status
from tgpay_emulator.domain.wallet_orders import WalletOrder
from tgpay_emulator.store.sqlite.schema import prepare
from tgpay_emulator.store.sqlite.store import Store

from .driver import Clock, Control, Receiver, Server, Shop, card_of, exchange

pytestmark = pytest.mark.sqlite

HOUR = 3_600_000
KEEP = 30 * 24 * HOUR
TABLES = ("orders", "history", "refunds", "ledger", "transactions", "notifications", "counts")
Make = Callable[[Shop], str]


def paid(shop: Shop, **params: str) -> str:
    return shop.pay_by_barcode("2.00", **params)["out_trade_no"]


def then(make: Make, *acts: Callable[[Shop, str], object]) -> Make:
    """An order that is made, and what happens to it afterwards."""
    def made(shop: Shop) -> str:
        number = make(shop)
        for act in acts:
            act(shop, number)
        return number
    return made


def unpaid(shop: Shop) -> str:
    return shop.qr_order()["out_trade_no"]


def sold(shop: Shop) -> str:
    number = shop.number()
    shop.at_terminal(out_trade_no=number)
    shop.happens(number, "pay")
    return number


def given_back_at_a_terminal(shop: Shop) -> str:
    number = shop.number()
    shop.at_terminal("refund", out_trade_no=number)
    shop.happens(number, "pay")
    return number


def notified_much_later(shop: Shop) -> str:
    """An order whose notification is not sent yet; requests for later ones are counted and not changed."""
    shop.plays({"then": {"notify": {"delay": "250d"}}})
    number = paid(shop)
    shop.plays({"when": {"attempt": 9}, "then": {"delay": "1ms"}})
    return number


close = lambda shop, number: shop.happens(number, "close")  # noqa: E731
cancel = lambda shop, number: shop.cancel(number)  # noqa: E731
refund_all = lambda shop, number: shop.refund(number, "2.00")  # noqa: E731
refund_a_part = lambda shop, number: shop.refund(number, "0.50")  # noqa: E731
LONG_AGO: dict[str, Make] = {
    "expired": unpaid, "closed": then(unpaid, close), "cancelled unpaid": then(unpaid, cancel),
    "paid and finished": paid, "refunded": then(paid, refund_all), "cancelled": then(paid, cancel),
    "refunded in part": then(paid, refund_a_part),
    "card paid": lambda shop: shop.card_payment()["out_trade_no"],
    "card declined": lambda shop: shop.card_payment(card_of("3100"))["out_trade_no"],
    "sold at a terminal": sold, "given back at a terminal": given_back_at_a_terminal}
PENDING = "notification pending"
LATELY: dict[str, Make] = {
    "waiting": unpaid, "paid": paid, "cancelled just now": then(unpaid, cancel),
    "refunded just now": then(paid, refund_all), "sold just now": sold,
    "given back just now": given_back_at_a_terminal}


def rows(path: Path, number: str) -> dict[str, int]:
    """How many rows of each table belong to an order; tables without any are left out."""
    with closing(sqlite3.connect(path)) as connection:
        found = {table: connection.execute(
            f"SELECT count(*) FROM {table} WHERE {'name' if table == 'counts' else 'out_trade_no'} = ?",
            [number]).fetchone()[0] for table in TABLES}
    return {table: count for table, count in found.items() if count}


def tidied(path: Path, real: int, numbers: dict[str, str]) -> set[str]:
    """Which of the orders are left after the upkeep at an instant of real time."""
    store = Store(path)
    store.tidy(real, KEEP, None)
    store.close()
    return {name for name, number in numbers.items() if "orders" in rows(path, number)}


def test_what_goes_and_what_stays(tmp_path: Path, receiver: Receiver) -> None:
    path, numbers = tmp_path / "emulator.db", dict[str, str]()
    with Server(database=path) as server:
        shop = Control(server.url).shop(notify_url=receiver.url)
        numbers[PENDING] = notified_much_later(shop)
        numbers |= {name: make(shop) for name, make in LONG_AGO.items()}
        page = shop.story(numbers["expired"])["page"]
        assert exchange(f"{server.url}{page}").status == 200
        Clock(shop.control).advance("200d")
        assert shop.story(numbers["paid and finished"])["status"] == Status.TRADE_FINISHED
        numbers |= {name: make(shop) for name, make in LATELY.items()}
    assert {name: rows(path, number) for name, number in numbers.items() if not rows(path, number)} == {}
    assert rows(path, numbers["expired"])["counts"] == 1
    began = real_now() + 2 * HOUR
    assert tidied(path, began, numbers) == numbers.keys(), "nothing is old in real time yet"
    assert tidied(path, began + KEEP - 3 * HOUR, numbers) == numbers.keys()
    assert tidied(path, began + KEEP, numbers) == {PENDING, *LATELY}
    assert {name: rows(path, numbers[name]) for name in LONG_AGO} == dict.fromkeys(LONG_AGO, {})
    with Server(database=path) as server:
        shop = Shop(Control(server.url), shop.merchants_id, shop.token)
        gone = numbers["paid and finished"]
        assert shop.query(gone)["error"] == "TRADE_NOT_EXIST"
        assert exchange(f"{server.url}{page}").status == 404
        assert shop.pay_by_barcode("3.00", out_trade_no=gone)["is_success"] == "T"
        assert shop.query(numbers["refunded just now"])["trade_status"] == Status.TRADE_CLOSED
        Clock(shop.control).advance("120d")
    left = tidied(path, began + KEEP + 2 * HOUR, numbers)
    assert left == {"paid and finished", "waiting", "paid", "sold just now"}, "their last event is young"


def test_what_is_kept_for_ever_stays(tmp_path: Path) -> None:
    path = tmp_path / "emulator.db"
    filled(path, 3)
    store = Store(path)
    store.tidy(real_now() + 90 * KEEP, None, None)
    store.close()
    assert count(path) == 3


def filled(path: Path, number: int) -> None:
    """A database with orders that were closed long ago, and a mark that they are old."""
    prepare(path)
    store = Store(path)
    with store.write() as tables:
        for place in range(number):
            order = tables.orders.add(WalletOrder(
                "1", f"order{place}", "tgpayqrcode", "alipay", 100, "GBP", 907_480_000, 600_000, 1, 2,
                f"token{place}", "", "127.0.0.1", status=Status.TRADE_CLOSED, closed_at=2,
                closed_by="expire"))
            for event in (Event.CREATE, Event.EXPIRE):
                tables.orders.note(order, 1, event, "clock", {})
        tables.upkeep.mark(real_now() - KEEP - HOUR)
    store.close()


def count(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT count(*) FROM orders WHERE merchants_id = '1'").fetchone()[0])


@pytest.mark.timeout(180)
@pytest.mark.exhaustive
def test_payments_go_on_while_very_many_orders_are_deleted(tmp_path: Path) -> None:
    path, over = tmp_path / "emulator.db", threading.Event()
    filled(path, 20_000)
    with Server(database=path) as server:
        shop = Control(server.url).shop()
        took: list[float] = []

        def pay() -> None:
            while not over.is_set():
                begun = time.monotonic()
                assert shop.pay_by_barcode()["is_success"] == "T"
                if 0 < count(path) < 20_000:
                    took.append(time.monotonic() - begun)

        payer = threading.Thread(target=pay)
        payer.start()
        begun = time.monotonic()
        while count(path) and time.monotonic() < begun + 120:
            time.sleep(0.05)
            if count(path) == 20_000:
                begun = time.monotonic()
        seconds = time.monotonic() - begun
        over.set()
        payer.join()
        assert count(path) == 0
        assert len(took) > 20 and max(took) < seconds / 4, (len(took), max(took), seconds)
