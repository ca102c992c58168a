"""The floor: `python -m benchmarks.floor`, the least that a Flask server could do for the same answers.

It has gunicorn's settings, the tables and the rows of the emulator, and nothing else: one view that reads the
parameters, checks their signature, writes or reads with plain sqlite3, and answers the same XML. It keeps no
rule of the document.
"""
import argparse
import hmac
import json
import secrets
import sqlite3
import threading
import time
from pathlib import Path

from flask import Flask, Response, request
from gunicorn.app.base import BaseApplication
from lxml import etree

from .signing import sign

SCHEMA = Path(__file__).parents[1] / "emulator" / "store" / "schema.sql"
ORDER = ("merchants_id", "out_trade_no", "endpoint", "pay_type", "amount", "currency", "rate", "fee_rate",
         "created_at", "expires_at",
         "page_token", "notify_url", "create_ip", "details", "watched", "status", "trans_id", "buyer_id",
         "buyer_login", "buyer_email", "paid_at", "finishes_at", "closed_at", "closed_by", "failure",
         "refunded", "due_at")
ADD_ORDER = f"INSERT INTO orders ({', '.join(ORDER)}) VALUES ({', '.join('?' * len(ORDER))})"
ADD_HISTORY = ("INSERT INTO history (merchants_id, out_trade_no, at, event, cause, status, detail) VALUES "
               "(?, ?, ?, ?, ?, ?, ?)")
ADD_JOURNAL = ("INSERT INTO journal (at, merchants_id, endpoint, out_trade_no, ip, method, params, status, "
               "answer, verdict, findings, explanation) VALUES (?, ?, ?, ?, ?, ?, ?, 200, ?, 'OK', '[]', "
               "'{}')")
FIND = "SELECT * FROM orders WHERE merchants_id = ? AND out_trade_no = ?"
QUERY_FIELDS = ("error", "pay_type", "result_code", "trans_amount", "trade_status", "out_trade_no",
                "buyer_id", "buyer_login_id",
                "pay_time", "trans_id", "trans_rate", "trans_amount_type", "pay_amount", "pay_amount_type",
                "refund_status", "refund_amount", "attach", "merchants_id", "create_ip")
MINUTE = 60_000


def connect(path: str) -> sqlite3.Connection:
    """A connection with the emulator's pragmas."""
    connection = sqlite3.connect(path, timeout=20, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def prepare(path: str) -> None:
    """Make the tables, unless they are there."""
    connection = connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        connection.executescript(SCHEMA.read_text(encoding="utf-8"))
    connection.close()


def xml(fields: dict[str, str]) -> str:
    """The answer, signed."""
    top = etree.Element("tgpaypro")
    top.text = "\n    "
    for name, value in {**fields, "sign": sign(fields), "sign_type": "MD5"}.items():
        element = etree.SubElement(top, name)
        element.text, element.tail = value, "\n    "
    return f'<?xml version="1.0" encoding="utf-8" ?>\n{etree.tostring(top, encoding="unicode")}\n'


def create(connection: sqlite3.Connection, params: dict[str, str], now: int) -> dict[str, str]:
    """Write a new order and its history; answers the fields of the answer."""
    merchant, number, place = params["merchants_id"], params["out_trade_no"], secrets.token_hex(11)
    whole, _, part = params["trans_amount"].partition(".")
    details = json.dumps({name: params[name] for name in ("reference", "account_id") if name in params})
    connection.execute(ADD_ORDER, (
        merchant, number, "tgpayqrcode", params["pay_type"], int(whole) * 100 + int(part), "GBP", 907480000,
        600000, now, now + 15 * MINUTE, place, "", request.remote_addr, details, 1, "WAIT_BUYER_PAY", "", "",
        "", "", None, None, None, "", "", 0, now + 15 * MINUTE))
    connection.execute(ADD_HISTORY, (merchant, number, now, "create", "tgpayqrcode", "WAIT_BUYER_PAY",
                                     json.dumps({"amount": params["trans_amount"]})))
    pictures = {f"{name}pic_url": f"{request.host_url}qr/{place}/{size}.png" for name,
                size in (("big_", "L"), ("", "M"), ("small_", "S"))}
    return {"is_success": "T", "error": "", "out_trade_no": number, "result_code": "SUCCESS", **pictures,
            "qr_code": f"{request.host_url}wallet/{place}"}


def query(connection: sqlite3.Connection, params: dict[str, str]) -> dict[str, str]:
    """Read an order; answers the fields of the answer."""
    order = connection.execute(FIND, (params["merchants_id"], params["out_trade_no"])).fetchone()
    known = {"pay_type": order["pay_type"], "result_code": "SUCCESS",
             "trans_amount": f"{order['amount'] / 100:.2f}",
             "trade_status": order["status"], "out_trade_no": order["out_trade_no"],
             "trans_amount_type": order["currency"], "refund_amount": f"{order['refunded'] / 100:.2f}",
             "attach": json.loads(order["details"]).get("attach", ""), "merchants_id": order["merchants_id"],
             "create_ip": order["create_ip"]}
    return {"is_success": "T", **{name: known.get(name, "") for name in QUERY_FIELDS}}


def answered(connection: sqlite3.Connection, name: str, params: dict[str, str]) -> str:
    """Act and write the request down; answers the answer's body."""
    now = time.time_ns() // 1_000_000
    if name == "tgpayqrcode":
        connection.execute("BEGIN IMMEDIATE")
        body = xml(create(connection, params, now))
    else:
        body = xml(query(connection, params))
    connection.execute(ADD_JOURNAL,
                       (now, params["merchants_id"], name, params["out_trade_no"], request.remote_addr, "GET",
                        json.dumps(params), body))
    if connection.in_transaction:
        connection.execute("COMMIT")
    return body


def create_app(path: str) -> Flask:
    """The application on a database; each thread has a connection of its own."""
    app, local = Flask(__name__), threading.local()

    @app.get("/v2/<name>.php")
    def answer(name: str) -> Response:
        params = request.args.to_dict()
        if not hmac.compare_digest(params["sign"], sign(params)):
            return Response("<is_success>F</is_success>", 403)
        if not hasattr(local, "connection"):
            local.connection = connect(path)
        return Response(answered(local.connection, name, params), content_type="text/xml; charset=utf-8")

    @app.get("/health")
    def health() -> str:
        return "ok"

    return app


class Floor(BaseApplication):
    """gunicorn with the emulator's settings."""

    def __init__(self, options: dict[str, object], path: str) -> None:
        self.options = options
        prepare(path)
        self.application = create_app(path)
        super().__init__()

    def load_config(self) -> None:
        """Hand the settings over."""
        fixed = {"worker_class": "gthread", "preload_app": True, "loglevel": "warning", "keepalive": 75,
                 "timeout": 60,
                 "limit_request_line": 0, "control_socket_disable": True}
        for name, value in {**fixed, **self.options}.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The WSGI application."""
        return self.application


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--workers", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    given = parser.parse_args()
    Floor({"bind": f"127.0.0.1:{given.port}", "workers": given.workers, "threads": given.threads},
          given.database).run()


if __name__ == "__main__":
    main()
