"""The pages over many orders: how soon each is answered, of a merchant who has all of them, and of one among
several.
"""
import json
import time
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree

from tgpay_emulator.base.urls import with_query

from . import servers
from .life import Shop, lived
from .servers import Server
from .signing import MERCHANTS_ID, TOKEN
from .table import Row

MOST_MS = {10_000: 50, 100_000: 300}
SEVERAL = 8
NOBODY = "201807208001"
# What follows the merchant filter: lists as they are, narrowed and searched.
LISTS: Mapping[str, str] = {
    "orders": "/orders", "orders, paid": "/orders?status=TRADE_SUCCESS",
    "orders, in a state that none has": "/orders?status=TRADE_FINISHED",
    "orders, of an endpoint": "/orders?endpoint=tgpaywebtoterminal",
    "orders, an amount": "/orders?search=129.00", "orders, a reference": "/orders?search=Watch",
    "orders, nothing found": "/orders?search=nowhere", "notifications": "/notifications",
    "notifications, given up": "/notifications?status=failed",
    "notifications, nothing found": "/notifications?search=nowhere",
    "journal": "/journal", "journal, everything refused": "/journal?verdict=refused",
    "journal, refunds": "/journal?endpoint=tgpayrefund",
    "journal, a verdict that none has": "/journal?verdict=ILLEGAL_SIGN",
    "journal, nothing found": "/journal?search=nowhere", "clock": "/clock", "settlement": "/settlement",
    "terminals": "/terminals"}
OTHERS: Mapping[str, str] = {
    "try it": "/console/try", "try a refund": "/console/try?table=tgpayrefund",
    "scenarios": "/console/scenarios", "a scenario": "/console/scenarios/desk?name=lost-answer",
    "cards and codes": "/console/cards", "merchants": "/console/merchants",
    "one merchant": f"/console/merchants/{MERCHANTS_ID}", "how far it is": "/console/pulse",
    "documentation": "/docs", "a long page of the documentation": "/docs/fidelity",
    "search in the documentation": "/docs?q=token",
    "front page": "/", "demo": "/demo", "payment code": "/code/alipay"}


def pages(directory: Path, rounds: int, requests: int) -> Iterator[Row]:
    """The time of each page, with 10,000 and with 100,000 orders."""
    for orders, most in MOST_MS.items():
        for merchants in (1, SEVERAL):
            with servers.emulator(lived(directory, orders, merchants), **{"keep-entries": "off"}) as server:
                whose = "of one merchant" if merchants == 1 else f"of {SEVERAL} merchants"
                for name, path in addresses(server, merchants).items():
                    taken = [answered(server, path) for _ in range(rounds + 2)][2:]
                    yield Row("pages", f"{name}, {orders:,} orders {whose}", median(taken), "ms", "<", most,
                              f"median of {len(taken)}, 95th percentile "
                              f"{sorted(taken)[len(taken) * 95 // 100]:.1f} ms")


def addresses(server: Server, merchants: int) -> dict[str, str]:
    """Every page by its name; the lists are narrowed to the one merchant that has everything, else also to
    one who has nothing.
    """
    if merchants == 1:
        return narrowed({**LISTS, **of_orders(server), **of_settlement(server)}, MERCHANTS_ID)
    whole, nothing = narrowed({**LISTS, **of_orders(server)}, ""), narrowed(LISTS, NOBODY)
    return {**whole, **{f"{name} (nobody's)": path for name, path in nothing.items()}, **of_payers(server),
            **OTHERS}


def narrowed(pages_of: Mapping[str, str], merchants_id: str) -> dict[str, str]:
    """Addresses of the console's pages, narrowed to a merchant when that is asked."""
    wanted = {"merchants_id": merchants_id or None}
    return {name: with_query(f"/console{path}", wanted) for name, path in pages_of.items()}


def of_orders(server: Server) -> dict[str, str]:
    """Pages of one thing, and old pages of lists: what the control interface lists first is the oldest."""
    first = {name: _first(server, name) for name in ("orders", "notifications", "journal")}
    number = quote(first["orders"]["out_trade_no"])
    return {
        "one order": f"/orders/{first['orders']['id']}",
        "one notification": f"/notifications/{first['notifications']['id']}",
        "one request": f"/journal/{first['journal']['id']}",
        **{f"{name}, an old page": f"/{name}?before={row['id'] + 200}" for name, row in first.items()},
        **{f"{name}, the number of an old one": f"/{name}?search={number}" for name in first}}


def of_settlement(server: Server) -> dict[str, str]:
    """The page of the day on which the oldest order was settled, which is always of one merchant."""
    paid = date.fromisoformat(_first(server, "orders")["paid_at"][:10])
    return {"a day of settlement": f"/settlement/{paid + timedelta(days=2)}"}


def _first(server: Server, name: str) -> dict[str, Any]:
    listed = json.loads(server.ask("GET", f"/_emulator/{name}?merchants_id={MERCHANTS_ID}&limit=1")[1])
    first: dict[str, Any] = listed["items"][0]
    return first


def of_payers(server: Server) -> dict[str, str]:
    """The pages of orders that wait, and the screen of a terminal."""
    shop = Shop(server, MERCHANTS_ID, TOKEN)
    wallet = ElementTree.fromstring(shop.ask("tgpayqrcode", trans_amount="8.00",
                                             pay_type="alipay")[1]).findtext("qr_code", "")
    cashier = ElementTree.fromstring(shop.card(access_type="cashier")[1]).findtext("pay_url", "")
    serial = json.loads(server.ask("GET", f"/_emulator/terminals?merchants_id={MERCHANTS_ID}")[1])["items"][
        0]["terminal_sn"]
    return {"wallet": urlsplit(wallet).path, "cashier": urlsplit(cashier).path,
            "terminal": f"/terminal/{serial}"}


def answered(server: Server, path: str) -> float:
    """The milliseconds until a page is there."""
    begun = time.perf_counter()
    status, answer = server.ask("GET", path)
    if status != 200:
        raise RuntimeError(f"{path}: {answer.decode()}")
    return (time.perf_counter() - begun) * 1_000
