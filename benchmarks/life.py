"""Databases in which much has happened: a day of trade at a real server, repeated with other numbers until
there are enough orders.

A day has every kind of order, paid, refunded, declined, cancelled, closed and waiting, with its requests,
history, notifications, attempts, transactions of terminals and entries of the ledger. The repetitions are
spread over the last days, so that a page of settlement has all of them; what would fall due by then has
fallen due: it is not to be done while somebody measures.
"""
import json
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

from tgpay_emulator.base import durations

from . import servers
from .servers import Server
from .signing import MERCHANTS_ID, TOKEN, sign

DAYS = 10
CARDS = {"paid": "4000020951595032", "declined": "4000023084000003"}
_NEW_NUMBER = "t.out_trade_no || substr('00000' || k, -5)"
_INSTANTS = ("at", "created_at", "paid_at", "closed_at")
# What a repetition has in a column, where that is not the same with the order's new number in it: `k` counts
# the repetitions, `ago` is how many milliseconds before the last one it was. A settlement is at its time of
# the day, on another day.
_OTHERWISE: Mapping[str, str] = {
    "id": "t.id + (k + 1) * stride", "notification_id": "t.notification_id + (k + 1) * stride",
    "out_trade_no": _NEW_NUMBER, "page_token": "t.page_token || k", "result_id": "t.result_id || '-' || k",
    "partner_refund_id": "t.partner_refund_id || '-' || k",
    "settles_at": f"t.settles_at - ago / {durations.DAY} * {durations.DAY}",
    **{name: f"t.{name} - ago" for name in _INSTANTS}}
_LOGS = ("history", "refunds", "ledger", "notifications", "attempts", "journal", "transactions", "orders")


@contextmanager
def receiver() -> Iterator[str]:
    """A shop's receiver, which takes three notifications of four; its address."""
    heard = count()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(200 if next(heard) % 4 else 500)
            self.send_header("Content-Length", "7")
            self.end_headers()
            self.wfile.write(b"success")

        do_POST = do_GET

        def log_message(self, *told: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/notify"
        server.shutdown()


class Shop:
    """A merchant's server: it signs what it sends."""

    def __init__(self, server: Server, merchants_id: str, token: str) -> None:
        self.merchants_id = merchants_id
        self._server = server
        self._token = token
        self._numbers = count(1)

    def ask(self, endpoint: str, **params: str) -> tuple[str, str]:
        """The parameters, signed, of a new order unless they name one; answers its number and the answer."""
        named = {"merchants_id": self.merchants_id,
                 "out_trade_no": f"{self.merchants_id}{next(self._numbers):06d}", **params}
        query = urlencode({**named, "sign": sign(named, self._token)})
        answer = self._server.ask("GET", f"/v2/{endpoint}.php?{query}")[1]
        return named["out_trade_no"], answer.decode()

    def happens(self, number: str, event: str) -> None:
        """Something happens to an order."""
        self._server.ask("POST", f"/_emulator/orders/{self.merchants_id}/{number}/{event}")

    def sells(self, endpoint: str, **params: str) -> str:
        """An order that is paid; its number."""
        number = self.ask(endpoint, **params)[0]
        self.happens(number, "pay")
        return number

    def card(self, **params: str) -> tuple[str, str]:
        """A card payment."""
        return self.ask("tgpaybankcard", pay_type="bankcard", trans_amount="12.00", trans_timeout="20",
                        goods_name="Watch, steel",
                        language="en", channel_type="online", terminal_type="web", **params)


def day(shop: Shop, terminal: str) -> None:
    """A day's trade: eighteen of twenty orders are paid or over, as in most shops."""
    qr = {"trans_amount": "8.00", "pay_type": "alipay", "reference": "Watch, steel"}
    for place in range(6):
        number = shop.sells("tgpayqrcode", **{**qr, "trans_amount": f"{place + 3}.50"})
        shop.ask("tgpayquery", out_trade_no=number)
    for _ in range(4):
        shop.ask("tgpaybarcode", trans_amount="3.20", pay_type="alipay",
                 buyer_identity_code="280136483235977421")
    for place in range(3):
        number = shop.sells("tgpayh5", total_fee="129.00", pay_type="wechat", scene_type="WAP_PAY",
                            return_url="http://127.0.0.1:9/back")
        if place:
            shop.ask("tgpayrefund", out_trade_no=number, refund_amount="29.00" if place == 1 else "129.00")
    for number in CARDS.values():
        pay_info = {"cardNo": number, "expirationMonth": "12", "expirationYear": "49", "cvv": "123",
                    "firstName": "Ken", "lastName": "Swift"}
        shop.card(access_type="s2s", device_channel="browser", trans_channel="credit_card",
                  pay_info=json.dumps(pay_info))
    shop.ask("tgpaywebtoterminal", pay_type="webtoterminal", operation="sale", trans_amount="12.00",
             terminal_type="PAX920",
             terminal_sn=terminal)
    shop.happens(shop.ask("tgpayqrcode", **qr)[0], "expire")
    shop.ask("tgpaycancel", out_trade_no=shop.sells("tgpayqrcode", **qr), account_id="33")
    shop.ask("tgpayqrcode", **qr, it_b_pay="15d")
    shop.ask("tgpayprepay", trans_amount="2.00", pay_type="wechat", trade_type="JSAPI", openid="o-test",
             it_b_pay="15d")
    shop.ask("tgpayqrcode", **{**qr, "trans_amount": "free of charge"})


def lived(directory: Path, orders: int, merchants: int) -> Path:
    """A fresh copy of a database with so many orders of so many merchants; it is made the first time that it
    is wanted.
    """
    original = directory / f"life-{orders}-{merchants}.db"
    if not original.exists():
        shutil.copy(_day(directory, merchants), original)
        _repeat(original, orders)
    copy = directory / f"copy-{time.monotonic_ns()}.db"
    shutil.copy(original, copy)
    return copy


def _day(directory: Path, merchants: int) -> Path:
    """A database with a day of so many merchants."""
    path = directory / f"day-{merchants}.db"
    if not path.exists():
        _trade(path, merchants)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def _trade(path: Path, merchants: int) -> None:
    """A day of each merchant at a real server; the first is the one whose requests everything here sends."""
    with receiver() as notify_url, servers.emulator(path) as server:
        server.ask("PATCH", f"/_emulator/merchants/{MERCHANTS_ID}",
                   json.dumps({"notify_url": notify_url}).encode())
        shops = [Shop(server, MERCHANTS_ID, TOKEN)]
        for _ in range(merchants - 1):
            made = json.loads(server.ask("POST", "/_emulator/merchants",
                                         json.dumps({"notify_url": notify_url}).encode())[1])
            shops.append(Shop(server, made["merchants_id"], made["token"]))
        for shop in shops:
            listed = server.ask("GET", f"/_emulator/terminals?merchants_id={shop.merchants_id}")[1]
            day(shop, json.loads(listed)["items"][0]["terminal_sn"])
        # terminals come to an end, and notifications go out
        server.ask("POST", "/_emulator/clock", b'{"advance": "1m"}')
        server.ask("POST", "/_emulator/notifications/flush")


def _repeat(path: Path, orders: int) -> None:
    """Repeat the day, each time with other numbers and later, until there are so many orders."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        made = connection.execute("SELECT count(*) FROM orders").fetchone()[0]
        stride = max(connection.execute(f"SELECT max(rowid) FROM {table}").fetchone()[0] for table in _LOGS)
        times = -(-orders // made)
        connection.execute("CREATE TEMP TABLE days AS WITH RECURSIVE d(k) AS (SELECT 0 UNION ALL SELECT k + "
                           "1 FROM d WHERE k + 1 < :times) SELECT k, (:times - 1 - k) * :gap AS ago, :stride "
                           "AS stride FROM d",
                           {"times": times, "gap": DAYS * durations.DAY // times, "stride": stride})
        connection.execute("BEGIN")
        for table in _LOGS:
            _copy(connection, table)
        connection.execute("UPDATE notifications SET status = 'failed', due_at = NULL WHERE status = "
                           "'pending' AND id <= :last",
                           {"last": times * stride})
        connection.execute("UPDATE orders SET due_at = due_at + :day", {"day": durations.DAY})
        connection.execute("UPDATE terminals SET order_id = order_id + :all", {"all": times * stride})
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _copy(connection: sqlite3.Connection, table: str) -> None:
    """The rows of a table, repeated in the order of time; those that were repeated go."""
    columns = [(row[1], row[2]) for row in connection.execute(f"PRAGMA table_info({table})")]
    numbered = any(name == "out_trade_no" for name, _ in columns)
    last = connection.execute(f"SELECT max(rowid) FROM {table}").fetchone()[0]
    shown = [_OTHERWISE.get(name) or (f"replace(t.{name}, t.out_trade_no, {_NEW_NUMBER})" if kind == "TEXT"
                                      and numbered else f"t.{name}")
             for name, kind in columns]
    connection.execute(f"INSERT INTO {table} ({', '.join(name for name, _ in columns)}) SELECT "
                       f"{', '.join(shown)} FROM days CROSS JOIN {table} AS t WHERE t.rowid <= :last ORDER "
                       f"BY k, t.rowid", {"last": last})
    connection.execute(f"DELETE FROM {table} WHERE rowid <= :last", {"last": last})
