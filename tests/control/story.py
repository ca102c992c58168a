"""One real call of each operation of the control interface, and more where its answers differ.

The examples of the OpenAPI document are recorded from it: `python -m tests.control.story` writes them.
"""
import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib import request as http_client

import tgpay_emulator
from tgpay_emulator.web.control.interface import OPERATIONS
from tgpay_emulator.web.control.openapi import EXAMPLES, identifier

from ..driver import Answer, Control, Receiver, Server, Shop, card_of, exchange

TOKEN = "s3cret"
NOON = "2026-05-04T12:00:00Z"
MERCHANT, OTHER = "202605040001", "202605040002"
QR, BARCODE, REFUSED, ALTERED, CARD, DECLINED, SALE = (f"{MERCHANT}{place:04d}" for place in range(1, 8))
TERMINAL = "EXAMPLE-1"
RULES = [{"name": "slow issuer", "when": {"endpoint": "tgpayh5"}, "then": [{"buyer": {"never": True}}]},
         {"name": "no money", "when": {"endpoint": "tgpaybarcode", "trans_amount__above": 5},
          "then": {"error": "BUYER_BALANCE_NOT_ENOUGH", "settlement": ["fee_off"]}},
         {"name": "fee", "when": {}, "then": {"settlement": ["fee_off"]}}]
MOST_ITEMS = 2  # of a list in an example
LARGE = 33 * 1024 * 1024  # bytes; more than a body may have
# What differs from one run to the next.
VOLATILE = {"took_ms": 1, "offset_s": 0, "cursor": "23-12-11", "version": tgpay_emulator.__version__,
            "made_at": "2026-05-04T12:00:00.000Z"}
PORT = re.compile(r"(http://127\.0\.0\.1:)\d+/notify")
PUBLIC_URL = "http://127.0.0.1:8472"  # is in addresses of pages, which are signed


@dataclass
class Told:
    """One call and its answer."""

    operation: str
    request: Any
    answer: Answer
    is_example: bool

    @property
    def kind(self) -> str:
        """The content type of the answer, without its parameters."""
        return str(self.answer.headers.get("Content-Type", "")).partition(";")[0]


@dataclass
class Story:
    """The calls so far."""

    control: Control
    receiver: Receiver
    told: list[Told] = field(default_factory=list)

    def call(self, operation: str, method: str, path: str, body: Any = None,
             headers: dict[str, str] | None = None, is_example: bool = True, **query: object) -> Any:
        """Make a call; the first that succeeds is the example of its operation."""
        answer = self.control.ask(method, path, body, headers, **query)
        self.told.append(Told(operation, body, answer, is_example))
        return answer.json if answer.raw and "json" in answer.headers["Content-Type"] else answer.raw

    def again(self, operation: str, method: str, path: str, body: Any = None, **query: object) -> Any:
        """Make a call whose answer is no example."""
        return self.call(operation, method, path, body, is_example=False, **query)

    def delivered(self, out_trade_no: str) -> Any:
        """Wait until the notifications of an order are delivered."""
        return self.call("waitForOrder", "GET", "/wait", merchants_id=MERCHANT, out_trade_no=out_trade_no,
                         notification="delivered")


def told_by_real_servers() -> list[Told]:
    """The whole story; the second server has a control token and a rate limit."""
    receiver = Receiver()
    with Server(seed="openapi", public_url=PUBLIC_URL) as server:
        told = _all_operations(Story(Control(server.url), receiver))
    receiver.close()
    with Server(control_token=TOKEN, rate_limit="1/m") as server:
        return told + _refusals(Story(Control(server.url), receiver))


def _all_operations(story: Story) -> list[Told]:
    """Each operation, on a server where nothing has happened yet, and each with an unknown parameter."""
    story.control.post("/clock", {"freeze": True})
    story.control.post("/clock", {"set": NOON})
    shop = _the_merchant(story)
    _an_order(story, shop)
    _a_failing_receiver(story, shop)
    _an_inbox_and_a_listener(story)
    _wrong_signatures(story, shop)
    _scenarios(story, shop)
    _cards(story, shop)
    _terminals(story, shop)
    _time_and_settlement(story, shop)
    _tables(story)
    _export(story)
    _the_end(story)
    for row in OPERATIONS:
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"\1", re.sub(r"<id:\w+>", "1", row.path))
        story.again(identifier(row), row.method, path, nonsense="1")
    return story.told


def _refusals(story: Story) -> list[Told]:
    """A request without the control token, and one too many."""
    story.call("getClock", "GET", "/clock")
    story.control.headers = {"Authorization": f"Bearer {TOKEN}"}
    for _ in range(2):
        story.call("getMerchant", "GET", "/merchants/201703200001")
    return story.told


def _the_merchant(story: Story) -> Shop:
    story.call("getHealth", "GET", "/health")
    made = story.call("createMerchant", "POST", "/merchants", {
        "merchants_id": MERCHANT, "name": "Example shop", "notify_url": story.receiver.url, "strict": False,
        "users": [{"login": "example", "password": "4321"}]})
    story.call("updateMerchant", "PATCH", f"/merchants/{MERCHANT}", {"rate": "9.10000000"})
    story.call("getMerchant", "GET", f"/merchants/{MERCHANT}")
    story.call("listMerchants", "GET", "/merchants", limit=1)
    story.call("listMerchants", "GET", "/merchants", merchant=MERCHANT)
    story.call("createMerchant", "POST", "/merchants", {"merchants_id": MERCHANT})
    story.call("createMerchant", "POST", "/merchants", {"rate": "much"})
    story.call("getMerchant", "GET", "/merchants/209901010001")
    return Shop(story.control, MERCHANT, made["token"])


def _an_order(story: Story, shop: Shop) -> None:
    order = f"/orders/{MERCHANT}/{QR}"
    shop.qr_order("25.00", out_trade_no=QR, reference="table 4")
    story.again("waitForOrder", "GET", "/wait", merchants_id=MERCHANT, out_trade_no=QR,
                notification="delivered")
    story.call("waitForOrder", "GET", "/wait", merchants_id=MERCHANT, out_trade_no=QR,
               status="TRADE_SUCCESS", timeout="1ms")
    story.call("triggerOrderEvent", "POST", f"{order}/decline", {"error": "BUYER_BALANCE_NOT_ENOUGH"})
    story.call("triggerOrderEvent", "POST", f"{order}/pay")
    story.delivered(QR)
    shop.refund(QR, "5.00", out_refund_id="R1", refund_reson="one cup was cold")
    story.call("getOrder", "GET", order)
    story.call("triggerOrderEvent", "POST", f"{order}/pay")
    story.call("listOrders", "GET", "/orders", merchants_id=MERCHANT, limit=1)


def _a_failing_receiver(story: Story, shop: Shop) -> None:
    story.receiver.answers = [(500, b"no")]
    shop.pay_by_barcode("3.00", out_trade_no=BARCODE)
    story.control.post("/notifications/flush")
    pending = story.call("listNotifications", "GET", "/notifications", merchants_id=MERCHANT,
                         status="pending", limit=1)
    story.receiver.answers = [(200, b"success")]
    number = pending["items"][0]["id"]
    story.call("replayNotification", "POST", f"/notifications/{number}/replay")
    story.call("getNotification", "GET", f"/notifications/{number}")
    story.call("flushNotifications", "POST", "/notifications/flush", {"merchants_id": MERCHANT})


def _an_inbox_and_a_listener(story: Story) -> None:
    story.control.post("/merchants", {"merchants_id": OTHER, "notify_url": "inbox"})
    shop = Shop(story.control, OTHER, story.control.get(f"/merchants/{OTHER}")["token"])
    inbox, listen = f"/merchants/{OTHER}/inbox", f"/merchants/{OTHER}/listen"
    story.call("setInboxAnswer", "PUT", inbox, {"answer": [{"status": 500, "body": "busy"}, "success"]})
    story.call("setInboxAnswer", "PUT", inbox, {"answer": 99})
    shop.pay_by_barcode("6.00", out_trade_no=f"{OTHER}0001")
    story.control.post("/notifications/flush")
    story.call("listInbox", "GET", inbox)
    story.control.ask("PATCH", f"/merchants/{OTHER}", {"notify_url": "listen"})
    story.call("takeAttempts", "POST", listen, {"listener": "example", "takes_over": True, "timeout": "1ms"})
    shop.pay_by_barcode("7.00", out_trade_no=f"{OTHER}0002")
    given = story.again("takeAttempts", "POST", listen, {"listener": "example", "timeout": "10s"})["items"]
    report = f"{listen}/{given[0]['id']}"
    for _ in range(2):
        story.call("reportAttempt", "POST", report, {"status": 200, "body": "success", "took_ms": 12})
    story.again("takeAttempts", "POST", listen, {"listener": "example", "leaves": True})
    story.control.ask("DELETE", f"/merchants/{OTHER}")


def _wrong_signatures(story: Story, shop: Shop) -> None:
    params = {"merchants_id": MERCHANT, "out_trade_no": QR}
    signed = story.call("signParameters", "POST", "/sign", {"merchants_id": MERCHANT, "params": params})
    without_token = {**params, "sign": hashlib.md5(signed["canonical"].encode()).hexdigest()}
    for sign in (without_token["sign"], signed["sign"], "0" * 32):
        story.call("explainSignature", "POST", "/sign/explain", {
            "merchants_id": MERCHANT, "params": {**params, "sign": sign}})
    shop.send("tgpayquery", without_token)
    shop.ask("tgpayquery", out_trade_no=QR, sign_type="SHA1")
    entries = story.call("listJournalEntries", "GET", "/journal", merchants_id=MERCHANT,
                         verdict="ILLEGAL_SIGN", limit=1)
    story.call("getJournalEntry", "GET", f"/journal/{entries['items'][0]['id']}")
    story.call("listFindings", "GET", "/findings", merchants_id=MERCHANT)


def _scenarios(story: Story, shop: Shop) -> None:
    story.call("listScenarios", "GET", "/scenarios")
    story.call("getScenario", "GET", "/scenarios/autopay")
    story.call("getScenario", "GET", "/scenarios/nothing")
    story.again("getActiveScenario", "GET", "/scenario")
    story.call("activateScenario", "PUT", "/scenario", {"merchants_id": MERCHANT, "rules": RULES})
    story.call("activateScenario", "PUT", "/scenario", {"rules": [{"then": {"code": "none"}}]})
    shop.pay_by_barcode("7.00", out_trade_no=REFUSED)
    shop.pay_by_barcode("4.00", out_trade_no=ALTERED)
    story.call("getActiveScenario", "GET", "/scenario", merchants_id=MERCHANT)
    story.call("deactivateScenario", "DELETE", "/scenario", merchants_id=MERCHANT)


def _cards(story: Story, shop: Shop) -> None:
    shop.card_payment(out_trade_no=CARD)
    shop.card_payment(card_of("3084"), out_trade_no=DECLINED)
    story.again("triggerOrderEvent", "POST", f"/orders/{MERCHANT}/{CARD}/chargeback")
    for number in (CARD, DECLINED):
        story.again("getOrder", "GET", f"/orders/{MERCHANT}/{number}")


def _terminals(story: Story, shop: Shop) -> None:
    story.call("putTerminal", "PUT", f"/terminals/{TERMINAL}", {"merchants_id": MERCHANT, "attended": True})
    story.again("putTerminal", "PUT", f"/terminals/{TERMINAL}", {"terminal_type": "PAX920"})
    story.call("putTerminal", "PUT", f"/terminals/{TERMINAL}", {"online": "yes"})
    shop.at_terminal(amount="12.00", out_trade_no=SALE, terminal_sn=TERMINAL)
    for event in ("tap", "tap", "approve"):
        story.call("triggerTerminalEvent", "POST", f"/terminals/{TERMINAL}/{event}")
    story.call("getTerminal", "GET", f"/terminals/{TERMINAL}")
    story.call("listTerminals", "GET", "/terminals", merchants_id=MERCHANT, limit=1)
    story.again("getOrder", "GET", f"/orders/{MERCHANT}/{SALE}")
    story.again("listTerminals", "GET", "/terminals")


def _time_and_settlement(story: Story, shop: Shop) -> None:
    story.call("moveClock", "POST", "/clock", {"advance": "15m"})
    story.call("moveClock", "POST", "/clock", {"advance": "soon"})
    story.again("moveClock", "POST", "/clock", {"advance": "4d"})
    story.call("getClock", "GET", "/clock")
    story.again("moveClock", "POST", "/clock", {"advance": "1m", "merchants_id": MERCHANT})
    story.again("getClock", "GET", "/clock", merchants_id=MERCHANT)
    story.again("moveClock", "POST", "/clock", {"reset": True, "merchants_id": MERCHANT})
    story.again("flushNotifications", "POST", "/notifications/flush")
    story.call("verifyMerchant", "GET", "/verify", merchants_id=MERCHANT, order=QR, refunds=2, signed="true",
               status="TRADE_SUCCESS")
    story.again("verifyMerchant", "GET", "/verify", merchants_id=MERCHANT, notifications_at_most=1)
    story.again("verifyMerchant", "GET", "/verify", merchants_id=MERCHANT)
    story.call("verifyMerchant", "GET", "/verify", merchants_id=MERCHANT, refund=1)
    story.call("listSettlementRows", "GET", "/settlement", merchants_id=MERCHANT, limit=2)
    story.again("listSettlementRows", "GET", "/settlement")
    rows = [{"out_trade_no": QR, "amount": "25.00"}, {"out_trade_no": BARCODE, "amount": "2.00"}]
    story.call("checkSettlement", "POST", "/settlement/check", {"merchants_id": MERCHANT, "rows": rows})
    for operation, path in (("listOrders", "/orders"), ("listNotifications", "/notifications"),
                            ("listJournalEntries", "/journal"), ("listFindings", "/findings")):
        story.again(operation, "GET", path)


def _tables(story: Story) -> None:
    story.call("listResponseCodes", "GET", "/codes")
    story.call("listTestCards", "GET", "/cards")
    story.call("getMetrics", "GET", "/metrics", is_example=False)
    story.call("getOpenapi", "GET", "/openapi.json", is_example=False)
    story.told.append(Told("streamEvents", None, _streamed(story.control.url), False))
    strange = {"Origin": "http://shop.example"}
    story.call("resetState", "POST", "/reset", headers=strange)
    story.call("resetState", "POST", "/reset", headers={"Host": "shop.example"})
    story.call("signParameters", "POST", "/sign", {}, {"Content-Type": "text/plain"})
    story.call("signParameters", "POST", "/sign", {"params": "x" * LARGE})


def _streamed(url: str) -> Answer:
    """The stream of all events so far, cut off after the last."""
    asked = http_client.Request(f"{url}/_emulator/events", headers={"Last-Event-ID": "0-0-0"})
    lines: list[bytes] = []
    with http_client.urlopen(asked, timeout=10) as stream:
        while len(set(map(kind_of_event, lines)) - {b""}) < 3 or lines[-1].strip():
            lines.append(stream.readline())
        return Answer(stream.status, stream.headers, b"".join(lines))


def kind_of_event(line: bytes) -> bytes:
    """The kind of the event that a line of a stream names; empty for another line."""
    name, _, value = line.strip().partition(b": ")
    return value if name == b"event" else b""


def _export(story: Story) -> None:
    """A merchant goes out into a file and comes in again; without `replace` it is refused."""
    file = story.again("exportMerchants", "GET", "/export", merchants_id=MERCHANT, secrets="true")
    address = f"{story.control.url}/_emulator/import"
    for query in ("?replace=true", ""):
        answer = exchange(f"{address}{query}", "POST", file, {"Content-Type": "application/gzip"})
        story.told.append(Told("importMerchants", None, answer, True))


def _the_end(story: Story) -> None:
    story.call("clearJournal", "DELETE", "/journal", merchants_id=MERCHANT)
    story.call("resetState", "POST", "/reset", merchants_id=MERCHANT)
    story.call("deleteMerchant", "DELETE", f"/merchants/{MERCHANT}")


def examples(told: list[Told]) -> dict[str, Any]:
    """The examples of the OpenAPI document: of each operation, and of each status of a problem."""
    operations: dict[str, Any] = {}
    problems: dict[str, Any] = {}
    for each in told:
        if each.answer.status >= 400:
            problems.setdefault(str(each.answer.status), settled(each.answer.json))
        elif each.is_example and each.operation not in operations:
            request = {} if each.request is None else {"request": settled(each.request)}
            answer = {"answer": settled(_short(each.answer.json))} if each.answer.raw else {}
            operations[each.operation] = {**request, **answer}
    return {"operations": operations, "problems": dict(sorted(problems.items()))}


def _short(answer: Any) -> Any:
    """An answer, with few items of a list."""
    return {**answer, "items": answer["items"][:MOST_ITEMS]} if "items" in answer else answer


def settled(value: Any, name: str = "") -> Any:
    """A value without what differs from one run to the next."""
    if name in VOLATILE:
        return VOLATILE[name]
    if isinstance(value, dict):
        return {key: settled(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [settled(inner) for inner in value]
    if not isinstance(value, str):
        return value
    return PORT.sub(r"\g<1>3000/notify", value)


def main() -> None:
    """Record the examples."""
    written = json.dumps(examples(told_by_real_servers()), ensure_ascii=False, indent=1)
    EXAMPLES.write_text(f"{written}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
