"""Databases as earlier versions left them: their schema, and a row or more in each table, in the words of
their time."""
import json
import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from tgpay_emulator.store.sqlite import schema

VECTORS = Path(__file__).parent / "vectors"
VERSIONS = (1, 2, 3, 4, 5, 6)
RENAMED = 6  # the version that has the present words
PRESENT_WORDS = {"notices": "notifications", "notice_id": "notification_id", "taken": "delivered",
                 "waiting": "pending", "spoiled": "altered", "planted": "injected"}
MERCHANT, ORDER, TOKEN = "290000000007", "29000000000700000001", "5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e"
NOW = 1_770_000_000_000  # at which the clock of such a database stands: 2026-02-02
SETTINGS = {
    "token": TOKEN, "name": "An older shop", "notify_url": "", "notify_method": "GET", "currency": "GBP",
    "rate": "9.07480000", "fee_rate": "0.006", "products": ["qrcode"], "strict": False, "stores": [],
    "wechat_key": "",
    "industry": "5399"}
PLANTED = {"amount": "1.00", "trans_id": "2026020222001412341234567890", "planted": "fee_off"}
REPLAYED = {"taken": True, "error": "", "status_code": 200}
MOVED = {"now": "2026-02-02T02:40:00Z", "done": {"changes": 2, "attempts": 3, "taken": 1},
         "skipped": {"attempts": 0, "receivers": []}}
SCENARIO = {"name": "older",
            "rules": [{"name": "first", "when": {"endpoint": "tgpayh5"}, "then": {"delay": "1ms"}}]}
LINE = f"{ORDER},2026020222001412341234567890,,1.00,0.01\r\n"
OWN = {"merchants_id": MERCHANT, "out_trade_no": ORDER}


def rows(url: str) -> dict[str, list[dict[str, Any]]]:
    """The rows of each table of the newest of these versions; `url` is where the notification goes that is
    not sent."""
    return {
        "clock": [{"id": 1, "offset_ms": 0, "frozen_ms": NOW}],
        "merchants": [{"merchants_id": MERCHANT, "settings": json.dumps(SETTINGS), "seeded": 0, "browsers": 2,
                       "made": json.dumps({"settings": SETTINGS, "users": []})}],
        "removed_merchants": [{"merchants_id": "290000000003"}],
        "users": [{"login_key": "ken", "merchants_id": MERCHANT, "login": "Ken", "account_id": "7",
                   "password_hash": "-"}],
        "orders": [{
            **OWN, "id": 1, "endpoint": "tgpayqrcode", "pay_type": "alipay", "amount": 100, "currency": "GBP",
            "rate": 907_480_000, "fee_rate": 600_000, "created_at": NOW - 9_000, "expires_at": NOW + 900_000,
            "page_token": "page", "notify_url": "", "create_ip": "127.0.0.1", "details": "{}", "watched": 0,
            "status": "TRADE_SUCCESS", "trans_id": PLANTED["trans_id"], "buyer_id": "2088",
            "buyer_login": "k**@example.com", "buyer_email": "", "paid_at": NOW - 5_000,
            "finishes_at": NOW + 900_000, "closed_at": None, "closed_by": "", "failure": "",
            "refunded": 30, "card": None, "terminal": None, "script": None,
            "due_at": NOW + 900_000}],
        "history": [
            {**OWN, "id": 1, "at": NOW - 9_000, "event": "create", "cause": "tgpayqrcode",
             "status": "WAIT_BUYER_PAY",
             "detail": "{}"},
            {**OWN, "id": 2, "at": NOW - 5_000, "event": "pay", "cause": "payer", "status": "TRADE_SUCCESS",
             "detail": json.dumps(PLANTED)}],
        "refunds": [{**OWN, "id": 1, "partner_refund_id": "R1", "amount": 30, "reason": "", "kind": "refund",
                     "at": NOW}],
        "ledger": [{**OWN, "id": 1, "kind": "P", "amount": 100, "fee": 1, "rmb_settlement": 902,
                    "settles_at": NOW,
                    "line": LINE, "partner_id": ORDER, "planted": "fee_off", "true_settles_at": None}],
        "notices": [{
            **OWN, "id": number, "notify_type": "trade_status_sync", "method": "GET",
            "url": f"{url}?notify_id={number}",
            "content_type": "", "body": "", "repeated_body": "", "spoiled": "", "created_at": NOW - 5_000,
            "status": status, "attempts": attempts, "due_at": due}
            for number, status, attempts, due in (
                (1, "taken", 1, None), (2, "failed", 8, None), (3, "waiting", 0, NOW))],
        "attempts": [{
            "id": number, "notice_id": number, "merchants_id": MERCHANT, "at": NOW - 4_000, "took_ms": 7,
            "status_code": 200, "answer": "success", "error": "", "taken": taken, "replay": 0,
            "findings": "[]",
            "skipped": 0} for number, taken in ((1, 1), (2, 0))],
        "journal": [{**OWN, "id": 1, "at": NOW, "endpoint": "tgpayqrcode", "ip": "127.0.0.1", "method": "GET",
                     "params": "{}", "status": 200, "answer": "", "verdict": "OK", "findings": "[]",
                     "explanation": "{}"}],
        "commands": [{"id": number, "name": name, "argument": "{}", "plan": "{}",
                      "result": json.dumps(result)}
                     for number, name, result in ((1, "replay", REPLAYED), (2, "clock", MOVED))],
        "idempotency_keys": [{"key": "-", "body": "-", "command_id": 2, "at": time.time_ns() // 1_000_000}],
        "vouchers": [{"id": 1, "voucher": "voucher", "card": "{}", "expires_at": NOW, "used": 1}],
        "terminals": [{"serial": "1900000007", "merchants_id": MERCHANT, "terminal_type": "PAX920",
                       "online": 1,
                       "attended": 0, "order_id": None, "number": 1}],
        "transactions": [{**OWN, "result_id": "1900000007-1", "transaction_id": "-", "state": None}],
        "scenarios": [{"merchants_id": MERCHANT, "digest": "-", "document": json.dumps(SCENARIO)}],
        "counts": [{"merchants_id": MERCHANT, "kind": "rule", "name": "first", "number": 2}],
        "notebook": [{"id": 1, "merchants_id": MERCHANT, "kind": "sent",
                      "entry": '{"endpoint": "tgpayqrcode"}'}],
        "upkeep_marks": [{"at": NOW, "journal_id": 1, "notice_id": 2}],
        "facts": [{"name": "seed", "value": "an older seed"}]}


def in_present_words(given: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """The same rows in the words of later versions."""
    renamed: dict[str, list[dict[str, Any]]] = json.loads(re.sub(
        rf"\b({'|'.join(PRESENT_WORDS)})\b", lambda word: PRESENT_WORDS[word[1]], json.dumps(given)))
    return renamed


def make(path: Path, version: int, url: str = "http://127.0.0.1:9/notify") -> None:
    """Make a database of a version."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript((VECTORS / f"schema-{version}.sql").read_text(encoding="utf-8"))
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {version}")
        given = rows(url) if version < RENAMED else in_present_words(rows(url))
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name <> "
                                           "'sqlite_sequence'").fetchall():
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            places = ", ".join(f":{name}" for name in columns)
            connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})",
                                   given[table])
