"""Contract 6: what a merchant's server is told, in which form, and how often it is told again."""
import json
import re
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from .driver import ALIPAY_CODE, Clock, Control, Heard, Receiver, Server, Shop, md5_sign

CREATED, BARCODE = "trans_qrcode_create_sync", "merchant_scan_status_sync"
STATUS, MINI = "trade_status_sync", "TGPay_MINI"
FIELDS = {
    CREATED: "merchants_id out_trade_no total_fee currency result_code error big_pic_url pic_url "
             "small_pic_url qr_code store_id store_name notify_time notify_type create_ip sign sign_type",
    BARCODE: "merchants_id out_trade_no total_fee currency result_code error store_id store_name notify_time "
             "notify_type create_ip sign sign_type",
    STATUS: "out_trade_no trade_no notify_type subject currency trans_amount trade_status gmt_payment "
            "forex_rate buyer_id buyer_email total_fee sign sign_type",
    MINI: "notify_type pay_result out_trade_no total_fee currency_type mid pay_channel third_order_no "
          "user_identify transaction_id exchange_rate settlement_amount attach sign sign_type",
}
RETRIES = ("4m", "10m", "10m", "1h", "2h", "6h", "15h")
MINUTES = {"m": 1, "h": 60}
CONFIRMS, POOR = "287777777777700001", "287777777777700002"
MAKE = {"barcode": Shop.pay_by_barcode, "qr": Shop.qr_order, "h5": Shop.h5_order, "prepay": Shop.prepay_order}


def flush(control: Control) -> None:
    control.post("/notifications/flush")


def outcome(notification: dict[str, str]) -> str:
    return notification.get("trade_status") or notification.get("pay_result") or notification["result_code"]


def step(shop: Shop, number: str, what: str) -> None:
    if what.startswith("refund"):
        assert shop.refund(number, what.split()[1])["is_success"] == "T"
    elif what == "cancel":
        assert shop.cancel(number)["is_success"] == "T"
    else:
        assert shop.happens(number, what).status == 200


def notification_of(shop: Shop, answer_or_number: object) -> dict:
    number = answer_or_number if isinstance(answer_or_number, str) else answer_or_number["out_trade_no"]
    return shop.story(number)["notifications"][-1]


# Which causes send a notification, and which do not.

PAID = f"{STATUS} TRADE_SUCCESS"
OPENED, CLOSED = f"{CREATED} SUCCESS", f"{STATUS} TRADE_CLOSED"
MINI_PAID, MINI_ERROR = f"{MINI} SUCCESS", f"{MINI} PAYERROR"
STORIES = [
    ("barcode", {}, "", [f"{BARCODE} SUCCESS"]),
    ("barcode", {"buyer_identity_code": POOR}, "", [f"{BARCODE} FAIL"]),
    ("barcode", {"buyer_identity_code": CONFIRMS}, "", []),
    ("barcode", {"buyer_identity_code": CONFIRMS}, "pay", [f"{BARCODE} SUCCESS"]),
    ("barcode", {"buyer_identity_code": CONFIRMS}, "decline", [f"{BARCODE} FAIL"]),
    ("barcode", {}, "refund 0.40", [f"{BARCODE} SUCCESS"]),
    ("barcode", {}, "cancel", [f"{BARCODE} SUCCESS"]),
    ("qr", {}, "", [OPENED]),
    ("qr", {}, "pay", [OPENED, PAID]),
    ("qr", {}, "decline", [OPENED]),
    ("qr", {}, "decline, pay", [OPENED, PAID]),
    ("qr", {}, "expire", [OPENED, CLOSED]),
    ("qr", {}, "close", [OPENED, CLOSED]),
    ("qr", {}, "cancel", [OPENED, CLOSED]),
    ("qr", {}, "pay, refund 0.40", [OPENED, PAID]),
    ("qr", {}, "pay, refund 1.00", [OPENED, PAID]),
    ("qr", {}, "pay, refund 0.40, cancel", [OPENED, PAID]),
    *((kind, {}, steps, told) for kind in ("h5", "prepay") for steps, told in (
        ("", []), ("pay", [MINI_PAID]), ("decline", [MINI_ERROR]), ("decline, pay", [MINI_ERROR, MINI_PAID]),
        ("expire", [MINI_ERROR]), ("close", [MINI_ERROR]), ("cancel", [MINI_ERROR]),
        ("pay, refund 0.40", [MINI_PAID]), ("pay, refund 1.00", [MINI_PAID]),
        ("pay, cancel", [MINI_PAID]))),
]


@pytest.mark.parametrize("kind, params, steps, told", STORIES,
                         ids=[f"{kind} {steps}" for kind, _, steps, _ in STORIES])
def test_these_causes_send_a_notification_and_no_others(notified: Shop, receiver: Receiver, kind: str,
                                                        params: dict, steps: str,
                                                        told: list[str]) -> None:
    number = notified.number()
    MAKE[kind](notified, out_trade_no=number, **params)
    for what in filter(None, steps.split(", ")):
        step(notified, number, what)
    flush(notified.control)
    assert [f"{heard.fields['notify_type']} {outcome(heard.fields)}" for heard in receiver.heard] == told


def test_a_repeated_qr_request_sends_no_second_notification(notified: Shop, receiver: Receiver) -> None:
    number = notified.number()
    notified.qr_order(out_trade_no=number)
    notified.qr_order(out_trade_no=number)
    flush(notified.control)
    assert len(receiver.heard) == 1


def test_a_refused_request_sends_no_notification(notified: Shop, receiver: Receiver) -> None:
    assert notified.pay_by_barcode("0.00")["is_success"] == "F"
    flush(notified.control)
    assert receiver.heard == []


def test_without_an_address_there_is_no_notification(shop: Shop) -> None:
    assert shop.story(shop.pay_by_barcode()["out_trade_no"])["notifications"] == []


# Form and content.

def cause(shop: Shop, notify_type: str, **params: str) -> str:
    """Bring about one notification of a kind as the last of an order; answers the order's number."""
    kind = {CREATED: "qr", BARCODE: "barcode", STATUS: "qr", MINI: "h5"}[notify_type]
    number = MAKE[kind](shop, **params)["out_trade_no"]
    if notify_type in (STATUS, MINI):
        step(shop, number, "pay")
    return number


def heard_of(receiver: Receiver, notify_type: str) -> Heard:
    return receiver.wait_for(2 if notify_type == STATUS else 1)[-1]


@pytest.mark.parametrize("notify_type", FIELDS)
def test_each_notification_has_its_fields_in_documented_order_and_a_right_signature(
        notified: Shop, receiver: Receiver, notify_type: str) -> None:
    cause(notified, notify_type)
    fields = heard_of(receiver, notify_type).fields
    assert list(fields) == FIELDS[notify_type].split()
    assert fields["sign"] == md5_sign(fields, notified.token)
    assert (fields["notify_type"], fields["sign_type"]) == (notify_type, "MD5")


@pytest.mark.parametrize("notify_type", FIELDS)
@pytest.mark.parametrize("setting", ["GET", "POST"])
def test_query_string_notifications_follow_the_notify_method_and_json_is_always_posted(
        control: Control, receiver: Receiver, notify_type: str, setting: str) -> None:
    shop = control.shop(notify_url=receiver.url, notify_method=setting)
    cause(shop, notify_type)
    heard = heard_of(receiver, notify_type)
    method = "POST" if notify_type == MINI else setting
    kind = {"GET": None, "POST": "application/json" if notify_type == MINI
            else "application/x-www-form-urlencoded"}[method]
    assert (heard.method, heard.path, heard.headers.get("content-type")) == (method, "/notify", kind)
    assert (heard.query == "", heard.body == b"") == (method == "POST", method == "GET")
    assert heard.fields["sign"] == md5_sign(heard.fields, shop.token)


def unsigned(fields: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if name not in ("sign", "sign_type")}


def test_the_notification_of_a_new_code_has_the_pictures_of_the_answer(
        notified: Shop, receiver: Receiver, clock: Clock) -> None:
    clock.freeze()
    answer = notified.qr_order("12.30")
    store, = notified.made["stores"]
    assert unsigned(receiver.wait_for(1)[0].fields) == {
        "merchants_id": notified.merchants_id, "out_trade_no": answer["out_trade_no"], "total_fee": "12.30",
        "currency": "GBP", "result_code": "SUCCESS", "error": "",
        **{name: answer[name] for name in ("big_pic_url", "pic_url", "small_pic_url", "qr_code")},
        **store, "notify_time": receiver.heard[0].fields["notify_time"], "notify_type": CREATED,
        "create_ip": "127.0.0.1"}


@pytest.mark.parametrize("code, result, error",
                         [(ALIPAY_CODE, "SUCCESS", ""), (POOR, "FAIL", "BUYER_BALANCE_NOT_ENOUGH")])
def test_the_notification_of_a_barcode_says_paid_or_why_not(
        control: Control, receiver: Receiver, code: str, result: str, error: str) -> None:
    shop = control.shop(notify_url=receiver.url, currency="EUR",
                        stores=[{"store_id": "s1", "store_name": "北京 & Söhne"}])
    answer = shop.pay_by_barcode("3", buyer_identity_code=code)
    fields = receiver.wait_for(1)[0].fields
    assert {**fields, "sign": "", "notify_time": ""} == {
        "merchants_id": shop.merchants_id, "out_trade_no": answer["out_trade_no"], "total_fee": "3.00",
        "currency": "EUR", "result_code": result, "error": error, "store_id": "s1",
        "store_name": "北京 & Söhne", "notify_time": "", "notify_type": BARCODE,
        "create_ip": "127.0.0.1", "sign": "", "sign_type": "MD5"}
    assert fields["sign"] == md5_sign(fields, shop.token)


def test_the_notification_of_a_paid_code_says_what_the_query_says(notified: Shop, receiver: Receiver) -> None:
    number = cause(notified, STATUS, reference="茶 = 50% & more", amount="1.00")
    paid = notified.query(number)
    fields = heard_of(receiver, STATUS).fields
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", fields["gmt_payment"])
    assert unsigned(fields) == {
        "out_trade_no": number, "trade_no": paid["trans_id"], "notify_type": STATUS,
        "subject": "茶 = 50% & more", "currency": "GBP", "trans_amount": "1.00",
        "trade_status": "TRADE_SUCCESS", "gmt_payment": fields["gmt_payment"], "forex_rate": "9.07480000",
        "buyer_id": paid["buyer_id"], "buyer_email": fields["buyer_email"], "total_fee": "9.07"}
    assert re.sub(r"\D", "", fields["gmt_payment"]) == paid["pay_time"]


@pytest.mark.parametrize("end", ["expire", "close", "cancel"])
def test_the_notification_of_an_unpaid_end_has_empty_payment_fields(
        notified: Shop, receiver: Receiver, end: str) -> None:
    number = notified.qr_order()["out_trade_no"]
    step(notified, number, end)
    fields = receiver.wait_for(2)[1].fields
    assert {name for name, value in fields.items() if value == ""} == {
        "trade_no", "gmt_payment", "forex_rate", "buyer_id", "buyer_email", "total_fee"}
    assert fields["sign"] == md5_sign(fields, notified.token)


@pytest.mark.parametrize("kind, params, channel", [
    ("h5", {}, "A"), ("h5", {"pay_type": "wechat"}, "W"), ("prepay", {"attach": "table 7, 茶 \"+\" &"}, "W")])
def test_the_json_notification_has_whole_minor_units_and_the_attach(
        notified: Shop, receiver: Receiver, kind: str, params: dict, channel: str) -> None:
    number = MAKE[kind](notified, "1.05", **params)["out_trade_no"]
    step(notified, number, "pay")
    raw = json.loads(receiver.wait_for(1)[0].body)
    paid = notified.query(number)
    assert unsigned(raw) == {
        "notify_type": MINI, "pay_result": "SUCCESS", "out_trade_no": number, "total_fee": 105,
        "currency_type": "GBP", "mid": notified.merchants_id, "pay_channel": channel,
        "third_order_no": paid["trans_id"], "user_identify": paid["buyer_id"],
        "transaction_id": paid["trans_id"], "exchange_rate": 9.0748, "settlement_amount": 953,
        "attach": params.get("attach", "")}


@pytest.mark.parametrize("rate, printed",
                         [("9.07480000", "9.0748"), ("8.273999", "8.273999"), ("9", "9"), ("10", "10"),
                          ("0.5", "0.5")])
def test_json_numbers_are_signed_as_they_are_printed(control: Control, receiver: Receiver, rate: str,
                                                     printed: str) -> None:
    shop = control.shop(notify_url=receiver.url, rate=rate)
    cause(shop, MINI)
    heard = receiver.wait_for(1)[0]
    assert f'"exchange_rate":{printed},' in heard.body.decode()
    assert heard.fields["sign"] == md5_sign(heard.fields, shop.token)


def test_a_json_notification_of_a_failure_is_signed_too(notified: Shop, receiver: Receiver) -> None:
    number = notified.prepay_order()["out_trade_no"]
    step(notified, number, "decline")
    fields = receiver.wait_for(1)[0].fields
    assert list(fields) == FIELDS[MINI].split()
    assert (fields["pay_result"], fields["total_fee"], fields["sign"]) == (
        "PAYERROR", "100", md5_sign(fields, notified.token))


@pytest.mark.parametrize("instant, london, shanghai", [
    ("2018-03-25T11:11:52Z", "2018-03-25 12:11:52", "2018-03-25 19:11:52"),
    ("2018-03-25T00:59:59Z", "2018-03-25 00:59:59", "2018-03-25 08:59:59"),
    ("2026-12-31T23:30:00Z", "2026-12-31 23:30:00", "2027-01-01 07:30:00"),
])
def test_notify_time_is_londons_and_gmt_payment_shanghais(notified: Shop, receiver: Receiver, clock: Clock,
                                                          instant: str, london: str,
                                                          shanghai: str) -> None:
    clock.freeze()
    clock.set(instant)
    cause(notified, STATUS)
    created, paid = receiver.wait_for(2)
    assert (created.fields["notify_time"], paid.fields["gmt_payment"]) == (london, shanghai)


# Where it goes.

@pytest.mark.parametrize("notify_type", FIELDS)
def test_the_requests_notify_url_comes_before_the_merchants(
        notified: Shop, receiver: Receiver, notify_type: str) -> None:
    cause(notified, notify_type, notify_url=receiver.url.replace("/notify", "/of/this/order"))
    heard_of(receiver, notify_type)
    assert {heard.path for heard in receiver.heard} == {"/of/this/order"}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("notify_type", [BARCODE, MINI])
def test_the_query_of_a_notify_url_is_kept(control: Control, receiver: Receiver, notify_type: str,
                                           method: str) -> None:
    shop = control.shop(notify_url=f"{receiver.url}?route=pay&n=%26", notify_method=method)
    cause(shop, notify_type)
    heard = receiver.wait_for(1)[0]
    assert heard.query.split("&merchants_id=")[0] == "route=pay&n=%26"
    own = {name: value for name, value in heard.fields.items() if name not in ("route", "n")}
    assert own["sign"] == md5_sign(own, shop.token)


# Taken, repeated, given up.

@pytest.mark.parametrize("status, body, delivered", [
    (200, b"success", True), (200, b" \r\n\tSUCCESS\n", True), (201, b"Success", True),
    (299, b"success", True), (200, b"", False), (204, b"", False), (200, b"ok", False),
    (200, b"success!", False), (200, b'"success"', False), (200, b"fail", False), (200, b"suc cess", False),
    (302, b"success", False), (400, b"success", False), (500, b"success", False),
])
def test_a_notification_is_taken_when_a_2xx_says_success(notified: Shop, receiver: Receiver, status: int,
                                                         body: bytes, delivered: bool) -> None:
    receiver.answers = [(status, body)]
    number = cause(notified, BARCODE)
    flush(notified.control)
    notification = notification_of(notified, number)
    attempt, = notification["attempts"]
    assert (notification["status"], attempt["delivered"]) == (
        "delivered" if delivered else "pending", delivered)
    assert (attempt["status_code"], attempt["answer"].encode()) == (status, body)


def test_the_waits_before_a_repetition_are_the_schedule_and_then_it_has_failed(
        notified: Shop, receiver: Receiver, clock: Clock) -> None:
    clock.freeze()
    receiver.answers = [(500, b"down")]
    number = cause(notified, BARCODE)
    flush(notified.control)
    for count, wait in enumerate(RETRIES, 1):
        minutes = int(wait[:-1]) * MINUTES[wait[-1]]
        clock.advance(f"{minutes * 60 - 1}s")
        assert len(receiver.heard) == count, f"before {wait}"
        assert notification_of(notified, number)["status"] == "pending"
        clock.advance("1s")
        assert len(receiver.heard) == count + 1, f"after {wait}"
    assert notification_of(notified, number)["status"] == "failed"
    clock.advance("10d")
    assert len(receiver.heard) == len(RETRIES) + 1


def test_repetitions_end_when_the_notification_is_taken(notified: Shop, receiver: Receiver,
                                                        clock: Clock) -> None:
    receiver.answers = [(500, b""), (200, b"wait"), (200, b"success")]
    number = cause(notified, BARCODE)
    flush(notified.control)
    clock.advance("2d")
    notification = notification_of(notified, number)
    assert (notification["status"], notification["due_at"]) == ("delivered", None)
    assert [attempt["delivered"] for attempt in notification["attempts"]] == [False, False, True]


@pytest.mark.parametrize("notify_type", [BARCODE, MINI])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_repetitions_have_the_same_bytes_whatever_has_changed(
        control: Control, receiver: Receiver, clock: Clock, notify_type: str, method: str) -> None:
    receiver.answers = [(500, b"")]
    shop = control.shop(notify_url=receiver.url, notify_method=method)
    cause(shop, notify_type)
    flush(control)
    control.ask("PATCH", f"/merchants/{shop.merchants_id}",
                {"token": "0" * 32, "rate": "5", "notify_url": f"{receiver.url}/new",
                 "notify_method": "POST", "stores": []})
    clock.advance("2d")
    sent = {(heard.method, heard.path, heard.query, heard.body)
            for heard in receiver.wait_for(1 + len(RETRIES))}
    assert len(sent) == 1


def test_a_notification_says_success_to_its_own_address_only(notified: Shop, receiver: Receiver) -> None:
    elsewhere = Receiver()
    receiver.answers, receiver.headers = [(302, b"success")], {"Location": elsewhere.url}
    notification = notification_of(notified, cause(notified, BARCODE))
    flush(notified.control)
    assert (notified.control.get(f"/notifications/{notification['id']}")["status"],
            elsewhere.heard) == ("pending", [])
    elsewhere.close()


def test_each_attempt_is_kept_with_its_request_and_answer(notified: Shop, receiver: Receiver,
                                                          clock: Clock) -> None:
    clock.freeze()
    receiver.answers = [(503, "später".encode()), (200, b"success")]
    number = cause(notified, BARCODE)
    flush(notified.control)
    clock.advance("4m")
    notification = notification_of(notified, number)
    assert notification["request"] == {"method": "GET", "url": f"{receiver.url}?{receiver.heard[0].query}",
                                       "content_type": "", "body": ""}
    assert [(attempt["status_code"], attempt["answer"], attempt["error"])
            for attempt in notification["attempts"]] == [
        (503, "später", ""), (200, "success", "")]
    assert all(0 <= attempt["took_ms"] < 10_000 for attempt in notification["attempts"])


def test_a_receiver_that_is_not_there_is_a_failed_attempt(control: Control) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    shop = control.shop(notify_url=address)
    number = cause(shop, BARCODE)
    flush(control)
    attempt, = notification_of(shop, number)["attempts"]
    assert (attempt["status_code"], attempt["delivered"]) == (None, False)
    assert "refused" in attempt["error"].lower()


def test_an_answer_other_than_success_is_a_finding(notified: Shop, receiver: Receiver) -> None:
    receiver.answers = [(200, b"thank you"), (200, b"success")]
    numbers = [cause(notified, BARCODE) for _ in range(2)]
    flush(notified.control)
    found = sorted([finding["code"] for finding in notification_of(
        notified, number)["attempts"][0]["findings"]]
                   for number in numbers)
    assert found == [[], ["NOT_ANSWERED_SUCCESS"]]


# By hand.

def replay(control: Control, notification: dict) -> dict:
    return control.post(f"/notifications/{notification['id']}/replay")


def test_a_replay_repeats_a_taken_notification_and_leaves_it_taken(
        notified: Shop, receiver: Receiver) -> None:
    receiver.answers = [(200, b"success"), (500, b"no")]
    number = cause(notified, BARCODE)
    flush(notified.control)
    after = replay(notified.control, notification_of(notified, number))
    assert (after["status"], [attempt["replay"] for attempt in after["attempts"]]) == (
        "delivered", [False, True])
    assert receiver.heard[0].query == receiver.heard[1].query


def test_a_replay_that_is_not_taken_leaves_the_schedule_as_it_was(
        notified: Shop, receiver: Receiver, clock: Clock) -> None:
    clock.freeze()
    receiver.answers = [(500, b"")]
    number = cause(notified, BARCODE)
    flush(notified.control)
    before = notification_of(notified, number)
    clock.advance("1m")
    after = replay(notified.control, before)
    assert (after["status"], after["due_at"]) == ("pending", before["due_at"])
    clock.advance("2d")
    assert len(receiver.heard) == len(RETRIES) + 2


def test_a_failed_notification_can_be_replayed_and_taken(notified: Shop, receiver: Receiver,
                                                         clock: Clock) -> None:
    receiver.answers = [(500, b"")]
    number = cause(notified, BARCODE)
    flush(notified.control)
    clock.advance("2d")
    assert notification_of(notified, number)["status"] == "failed"
    receiver.answers = [(200, b"success")]
    assert replay(notified.control, notification_of(notified, number))["status"] == "delivered"


@pytest.mark.exhaustive
def test_each_replay_is_one_attempt_however_many_are_asked_for_at_once(
        notified: Shop, receiver: Receiver) -> None:
    numbers = [cause(notified, BARCODE) for _ in range(8)]
    flush(notified.control)
    receiver.heard.clear()
    notifications = [notification_of(notified, number) for number in numbers] * 25
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda notification: replay(notified.control, notification), notifications))
    assert len(receiver.heard) == len(notifications)
    assert {len(notification_of(notified, number)["attempts"]) for number in numbers} == {1 + 25}


# Order, and who waits for whom.

def test_the_first_attempts_of_an_order_go_out_one_after_the_other(
        notified: Shop, receiver: Receiver) -> None:
    receiver.delay = 0.3
    number = notified.qr_order()["out_trade_no"]
    step(notified, number, "pay")
    first, second = receiver.wait_for(2)
    assert [first.fields["notify_type"], second.fields["notify_type"]] == [CREATED, STATUS]
    assert second.at - first.at >= receiver.delay


def test_a_notification_that_was_not_taken_does_not_hold_up_the_later_ones(
        notified: Shop, receiver: Receiver, clock: Clock) -> None:
    receiver.answers = [(500, b""), (200, b"success")]
    number = notified.qr_order()["out_trade_no"]
    step(notified, number, "pay")
    flush(notified.control)
    statuses = [notification["status"] for notification in notified.story(number)["notifications"]]
    assert statuses == ["pending", "delivered"]
    clock.advance("4m")
    assert [heard.fields["notify_type"] for heard in receiver.heard] == [CREATED, STATUS, CREATED]


def test_notifications_of_different_orders_do_not_wait_for_each_other(
        notified: Shop, receiver: Receiver) -> None:
    receiver.delay = 0.5
    for _ in range(4):
        cause(notified, BARCODE)
    first, *_, last = receiver.wait_for(4)
    assert last.at - first.at < receiver.delay


def test_a_notification_starts_within_50_ms_of_the_answer(notified: Shop, receiver: Receiver) -> None:
    def delays() -> Iterator[float]:
        for _ in range(11):
            receiver.heard.clear()
            notified.pay_by_barcode()
            answered = time.monotonic()
            yield receiver.wait_for(1)[0].at - answered

    assert min(statistics.median(delays()) for _ in range(3)) < 0.05


# Receivers that behave badly, on a server with little patience.

Speak = Callable[[socket.socket, threading.Event], None]


@pytest.fixture(scope="module")
def brisk() -> Iterator[Control]:
    with Server(notify_timeout="500ms", timezone="UTC", notify_timezone="Asia/Tokyo") as server:
        yield Control(server.url)


@contextmanager
def raw_receiver(speak: Speak) -> Iterator[str]:
    """A receiver that reads what comes first and then says to the socket whatever it likes."""
    over = threading.Event()

    def converse(connection: socket.socket) -> None:
        with connection:
            try:
                connection.recv(65536)
                speak(connection, over)
            except OSError:
                pass

    def listen() -> None:
        while not over.is_set():
            try:
                threading.Thread(target=converse, args=(listener.accept()[0],), daemon=True).start()
            except TimeoutError:
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        over.set()
        thread.join()


def dripping(beginning: bytes, drop: bytes) -> Speak:
    def speak(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(beginning)
        while not over.wait(0.1):
            connection.sendall(drop)
    return speak


def silent(connection: socket.socket, over: threading.Event) -> None:
    over.wait(10)


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.sampled
@pytest.mark.parametrize("speak", [
    silent, dripping(HEAD, b"X-Drop: 1\r\n"), dripping(HEAD + b"X-Drop: ", b"1"),
    dripping(HEAD + b"\r\nsuccess", b" "), dripping(HEAD + b"Content-Length: 1000\r\n\r\n", b"s"),
    dripping(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
], ids=["nothing", "headers", "one header", "body", "body of a length", "continue"])
def test_an_attempt_ends_in_time_however_slowly_the_receiver_drips(brisk: Control, speak: Speak) -> None:
    with raw_receiver(speak) as url:
        shop = brisk.shop(notify_url=url)
        number = cause(shop, BARCODE)
        begun = time.monotonic()
        flush(brisk)
        took = time.monotonic() - begun
        attempt, = notification_of(shop, number)["attempts"]
    assert (attempt["status_code"], attempt["delivered"]) == (None, False)
    assert "within 0.5 s" in attempt["error"]
    assert took < 5


@pytest.mark.parametrize("beginning", [HEAD + b"\r\n", HEAD + b"Content-Length: 100000000\r\n\r\n"],
                         ids=["endless", "huge"])
def test_an_answer_is_read_to_64_kib(brisk: Control, beginning: bytes) -> None:
    def speak(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(beginning)
        while not over.is_set():
            connection.sendall(b"x" * 8192)

    with raw_receiver(speak) as url:
        shop = brisk.shop(notify_url=url)
        number = cause(shop, BARCODE)
        flush(brisk)
        attempt, = notification_of(shop, number)["attempts"]
    assert attempt["answer"] == "x" * 4096 + "… (61,440 characters more)"


@pytest.mark.parametrize("answer", [b"", b"\x16\x03\x01\x00", b"success",
                                    b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsuccess",
                                    b"HTTP/1.1 huh\r\n\r\nsuccess"])
def test_an_answer_that_is_no_complete_http_is_a_failed_attempt(brisk: Control, answer: bytes) -> None:
    with raw_receiver(lambda connection, over: connection.sendall(answer)) as url:
        shop = brisk.shop(notify_url=url)
        number = cause(shop, BARCODE)
        flush(brisk)
        notification = notification_of(shop, number)
    assert (notification["status"], notification["attempts"][0]["delivered"]) == ("pending", False)
    assert notification["attempts"][0]["error"]


def test_a_body_that_is_not_text_does_no_harm(brisk: Control) -> None:
    with raw_receiver(lambda connection, over: connection.sendall(HEAD + b"\r\n\x00\xff\xfe")) as url:
        shop = brisk.shop(notify_url=url)
        number = cause(shop, BARCODE)
        flush(brisk)
        assert notification_of(shop, number)["attempts"][0]["status_code"] == 200


def test_a_silent_receiver_delays_no_other_merchants_notifications(
        brisk: Control, receiver: Receiver) -> None:
    with raw_receiver(silent) as url:
        slow, quick = brisk.shop(notify_url=url), brisk.shop(notify_url=receiver.url)
        for _ in range(30):
            slow.pay_by_barcode()
        delays = []
        for _ in range(9):
            receiver.heard.clear()
            quick.pay_by_barcode()
            answered = time.monotonic()
            delays.append(receiver.wait_for(1)[0].at - answered)
        brisk.ask("DELETE", f"/merchants/{slow.merchants_id}")
    assert statistics.median(delays) < 0.3


def test_a_slow_receiver_delays_no_other_merchants_notifications_while_the_clock_moves(
         brisk: Control, receiver: Receiver) -> None:
    with raw_receiver(silent) as url:
        slow, quick = brisk.shop(notify_url=url), brisk.shop(notify_url=receiver.url)
        slow.pay_by_barcode()
        moving = threading.Thread(target=brisk.post, args=("/clock", {"advance": "1m"}))
        moving.start()
        time.sleep(0.05)
        quick.pay_by_barcode()
        answered = time.monotonic()
        delay = receiver.wait_for(1)[0].at - answered
        moving.join()
        brisk.post("/clock", {"reset": True})
    assert delay < 0.45


def test_the_zones_are_settings(brisk: Control, receiver: Receiver) -> None:
    brisk.post("/clock", {"freeze": True})
    brisk.post("/clock", {"set": "2026-06-30T20:00:00Z"})
    shop = brisk.shop(notify_url=receiver.url)
    cause(shop, STATUS)
    created, paid = receiver.wait_for(2)
    brisk.post("/clock", {"reset": True})
    assert (created.fields["notify_time"], paid.fields["gmt_payment"]) == (
        "2026-07-01 05:00:00", "2026-06-30 20:00:00")
