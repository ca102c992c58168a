"""`tgpay_emulator.testing`: what users' tests import, against the real server."""
import inspect
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tgpay_emulator import testing
from tgpay_emulator.gateway.endpoints import ENDPOINTS
from tgpay_emulator.testing import (
    CLOSED, NOTHING, Client, ControlError, EmulatorError, Merchant, NoAnswer, Receiver, Refused, Server,
    ServerError, UnusableAnswer, WaitTimeout, WrongSignature, slow)
from tgpay_emulator.testing.answers import UNSIGNED
from tgpay_emulator.web.control.interface import OPERATIONS

from .driver import ALIPAY_CODE, VISA, Clock, exchange, free_port, md5_sign
from .tables import every_row

ROOT = Path(__file__).parent.parent
CLOCK_BODY: Any = next(row.body for row in OPERATIONS if (row.method, row.path) == ("POST", "/clock"))
merchants_clock = pytest.mark.skipif("merchants_id" not in CLOCK_BODY["properties"],
                                     reason="this emulator has one clock for all merchants")
CARD = {"cardNo": VISA, "expirationMonth": "12", "expirationYear": "49", "cvv": "123", "firstName": "Ken",
        "lastName": "Swift"}
WAIT_S = 10


@pytest.fixture
def server(base_url: str) -> Iterator[Server]:
    with Server(base_url) as attached:
        yield attached


@pytest.fixture
def merchant(server: Server) -> Iterator[Merchant]:
    with server.merchant() as made:
        yield made


@pytest.fixture
def hears(merchant: Merchant) -> Iterator[Receiver]:
    """The receiver of the merchant's notifications."""
    with Receiver(merchant) as receiver:
        yield receiver


def qr_order(merchant: Merchant, **params: object) -> str:
    """A new QR order; returns its number."""
    number = merchant.order_number()
    merchant.call("tgpayqrcode", out_trade_no=number, trans_amount="12.50", pay_type="alipay", it_b_pay="15m",
                  **params)
    return number


def by_barcode(merchant: Merchant, **params: object) -> testing.Answer:
    return merchant.call("tgpaybarcode", **{
        "out_trade_no": merchant.order_number(), "trans_amount": "1.00", "pay_type": "alipay",
        "buyer_identity_code": ALIPAY_CODE, **params})


def by_card(merchant: Merchant, **params: object) -> testing.Answer:
    return merchant.call("tgpaybankcard", out_trade_no=merchant.order_number(), trans_amount="1.00",
                         pay_type="bankcard", access_type="s2s", pay_info=CARD, trans_channel="credit_card",
                         **params)


def on_terminal(merchant: Merchant, **params: object) -> testing.Answer:
    return merchant.call("tgpaywebtoterminal", out_trade_no=merchant.order_number(), trans_amount="12.00",
                         pay_type="webtoterminal", operation="sale", terminal_type="PAX920",
                         terminal_sn=merchant.terminals()[0]["terminal_sn"], **params)


def python(code: str, **environment: str) -> "subprocess.Popen[str]":
    """A process that runs a program and tells its first line."""
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stdin=subprocess.PIPE,
                            text=True, env={**os.environ, **environment})


def line_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def answers(url: str) -> bool:
    with suppress(OSError):
        return exchange(f"{url}/livez", timeout=5).status == 200
    return False


def ends(url: str, seconds: float = WAIT_S) -> bool:
    """Whether the server at an address ends in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not answers(url):
            return True
        time.sleep(0.05)
    return False


# ---- the package

def test_the_classes_need_neither_the_server_nor_its_libraries() -> None:
    code = ("import sys\nfrom tgpay_emulator.testing import *\n"
            "Server, Client, Merchant, Receiver, Clock, Reply, Refused\n"
            "print(*sorted(name for name in sys.modules if name.partition('.')[0] in "
            "('flask', 'werkzeug', 'faker', 'gunicorn', 'httpcore', 'click', 'sqlite3', 'lxml', 'rich')))")
    with python(code) as process:
        assert line_of(process) == ""
    assert process.returncode == 0


def test_a_plugin_that_no_test_uses_imports_nothing() -> None:
    code = ("import sys, pytest, tgpay_emulator.testing.plugin\n"
            "print(*sorted(name for name in sys.modules if name.startswith('tgpay_emulator.')))")
    with python(code) as process:
        assert line_of(process) == "tgpay_emulator.testing tgpay_emulator.testing.plugin"


def test_the_package_has_what_it_names_and_nothing_else() -> None:
    assert all(getattr(testing, name) is not None for name in testing.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'Sever'"):
        getattr(testing, "Sever")


# ---- client

class Recorded(Client):
    """A client that notes which calls it makes."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.calls: set[tuple[str, str]] = set()

    def address(self, path: str, **query: object) -> str:
        self.path = path
        return super().address(path, **query)

    def exchange(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        self.calls.add((method, path))
        return super().exchange(method, path, body, **more)


def test_the_client_has_a_method_for_each_call_of_the_control_interface(server: Server) -> None:
    client = Recorded(server.url)
    with server.merchant() as merchant, Receiver(merchant):
        mid, order, terminal = merchant.number, qr_order(merchant), merchant.terminals()[0]["terminal_sn"]
        signed = merchant.signed(out_trade_no=order)
        assert client.health()["status"] == "ok" and client.openapi()["openapi"].startswith("3.1")
        assert "now" in client.clock() and client.move_clock(reset=True)["offset_s"] == 0
        assert client.merchant(mid)["merchants_id"] in [each["merchants_id"] for each in client.merchants()]
        assert client.change_merchant(mid, name="New")["name"] == "New"
        assert client.trigger(mid, order, "pay")["status"] == "TRADE_SUCCESS"
        assert client.wait(mid, order, "TRADE_SUCCESS", delivered=True)["order"]["out_trade_no"] == order
        assert client.order(mid, order)["history"] and len(client.orders(mid, "TRADE_SUCCESS")) == 1
        first, *_ = client.notifications(mid, order, "delivered")
        assert client.notification(first["id"])["attempts"] and client.flush()["flushed"]
        assert len(client.replay(first["id"])["attempts"]) == 2
        entry, = client.journal(mid, "tgpayqrcode", order, "OK")
        assert client.journal_entry(entry["id"]) == entry and client.findings(mid) == []
        assert client.verify(mid, payments=1, signed=True)["verified"]
        assert client.bundled_scenario(client.scenarios()[0]["name"])["rules"]
        assert client.use_scenario([{"name": "a", "then": {"delay": "1ms"}}], mid)["merchants_id"] == mid
        assert client.scenario(mid)["scenario"]["rules"][0]["name"] == "a"
        client.end_scenario(mid)
        assert client.terminal(terminal) in client.terminals(mid)
        assert client.put_terminal(terminal, attended=True)["attended"]
        with pytest.raises(ControlError, match="409"):
            client.act_at_terminal(terminal, "tap")
        assert client.settlement(mid)[0]["out_trade_no"] == order
        assert not client.check_settlement(mid, [{"out_trade_no": "1", "amount": "1.00"}])["right"]
        assert len(client.codes()) == 71 and client.cards() and "tgpay_" in client.metrics()
        assert client.import_file(client.export(mid, with_secrets=True), replace=True)["merchants"][0][
            "token"] == merchant.token
        assert client.sign(signed, mid)["sign"] == signed["sign"] and client.explain(signed, mid)["right"]
        stream = client.events(mid)
        client.calls.add(("GET", client.path))
        by_barcode(merchant)
        assert next(stream)[0] == "order"
        client.clear_journal(mid)
        client.reset(mid)
        assert client.orders(mid) == [] and client.journal(mid) == []
        made = client.make_merchant(name="Other", notify_url="inbox")
        other = Merchant(client, made["merchants_id"], made["token"])
        assert client.set_inbox_answer(other.number, ["no", "success"])["answer"][0]["body"] == "no"
        by_barcode(other)
        client.flush(other.number)
        assert [each["answer"]["body"] for each in client.inbox(other.number)] == ["no"]
        client.change_merchant(other.number, notify_url="listen")
        assert client.take_attempts(other.number, "me", takes_over=True, timeout="1ms") == []
        by_barcode(other)
        taken, = client.take_attempts(other.number, "me", timeout="10s")
        assert client.report_attempt(other.number, taken["id"], status=200, body="success")["stored"]
        client.remove_merchant(made["merchants_id"])
    assert {row for row in OPERATIONS if not any(
        method == row.method and re.fullmatch(re.sub("<[^>]*>", "[^/]+", row.path), path)
        for method, path in client.calls)} == set()


def test_a_list_is_complete_whatever_its_pages_and_ends_at_a_limit(merchant: Merchant,
                                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tgpay_emulator.testing.calls.MOST_ROWS", 2)
    numbers = [qr_order(merchant) for _ in range(5)]
    assert [each["out_trade_no"] for each in merchant.orders()] == numbers
    assert [each["out_trade_no"] for each in merchant.client.orders(merchant.number, limit=3)] == numbers[:3]


@every_row("path, sentence", [("merchants/1", "no merchant 1"), ("orders/1/2", "no merchant 1"),
                              ("journal?verdict=x", "verdict must be one of"),
                              ("terminals/x?a=1", "a is not a parameter")], ids=str)
def test_a_problem_carries_its_detail(server: Server, path: str, sentence: str) -> None:
    with pytest.raises(ControlError) as refused:
        server.client.call("GET", f"/{path}")
    assert sentence in refused.value.detail and sentence in str(refused.value)
    assert refused.value.document["status"] == refused.value.status >= 400


def test_a_client_of_something_else_says_so(hears: Receiver) -> None:
    hears.reply("<html></html>")
    with pytest.raises(UnusableAnswer, match="is not an emulator"):
        Client(hears.url).health()
    with pytest.raises(NoAnswer, match="no emulator answers at http://127.0.0.1:1: "):
        Client("http://127.0.0.1:1").health()


# ---- merchant

def test_a_merchant_signs_as_the_document_says(merchant: Merchant) -> None:
    params = {"b": "2", "a": "茶&", "empty": "", "sign_type": "MD5"}
    assert merchant.sign(params) == md5_sign(params, merchant.token)
    signed = merchant.signed(trans_amount=1, pay_info={"a": "é"}, reference=None, sign_type=None)
    assert signed == {"sign": md5_sign(signed, merchant.token), "merchants_id": merchant.number,
                      "trans_amount": "1", "pay_info": '{"a": "é"}'}
    assert merchant.verify(signed) and not merchant.verify({**signed, "trans_amount": "2"})
    assert not merchant.verify({})


def test_the_answers_that_need_no_signature_are_those_of_the_tables() -> None:
    assert UNSIGNED == {name for name, table in ENDPOINTS.items() if not table.signed}


def test_no_parameter_of_the_gateway_has_the_name_of_an_argument() -> None:
    own = {name for name, row in inspect.signature(Merchant.call).parameters.items()
           if row.kind is row.KEYWORD_ONLY}
    assert own == {"check", "method", "patience"}
    assert [name for name, table in ENDPOINTS.items() if own & table.all_names] == []


@every_row("endpoint, params, code, sentence", [
    ("tgpayqrcode", {"trans_amount": "0"}, "ILLEGAL_ARGUMENT", "trans_amount"),
    ("tgpayquery", {"out_trade_no": "1"}, "TRADE_NOT_EXIST", "has no order 1"),
    ("tgpayrefund", {"out_trade_no": "1", "refund_amount": "1"}, "TRADE_NOT_EXIST", "has no order 1"),
    ("tgpayquery", {"merchants_id": "1", "out_trade_no": "1"}, "ILLEGAL_PARTNER", "1"),
    ("tgpayquery", {"out_trade_no": "1", "sign_type": "RSA"}, "ILLEGAL_SIGN_TYPE", "RSA"),
    ("tgpaywebtoterminal", {"pay_type": "webtoterminal", "operation": "sale", "trans_amount": "1.00",
                            "out_trade_no": "1", "terminal_sn": "0"}, "1002", "No device"),
    ("tgpaybankcard", {"out_trade_no": "1"}, "ILLEGAL_ARGUMENT", "trans_amount"),
    ("tgpayapi", {"service": "linktopost", "out_trade_no": "1"}, "TRADE_NOT_EXIST", "has no order 1"),
    ("export_settlement", {"end_date": "x"}, "ILLEGAL_ARGUMENT", "end_date"),
    ("tgpaynothing", {}, "NOT_FOUND", "unknown endpoint")], ids=str)
def test_a_refusal_is_an_error_with_code_and_sentence(merchant: Merchant, endpoint: str, params: Any,
                                                      code: str, sentence: str) -> None:
    with pytest.raises(Refused) as refused:
        merchant.call(endpoint, **params)
    assert (refused.value.code, refused.value.fields["is_success"]) == (code, "F")
    assert sentence in refused.value.sentence and sentence in str(refused.value)
    answer = merchant.call(endpoint, check=False, **params)
    assert not answer.ok and answer.is_refusal


def test_a_refusal_explains_a_wrong_signature(merchant: Merchant) -> None:
    wrong = {"merchants_id": merchant.number, "out_trade_no": "1"}
    wrong["sign"] = md5_sign(wrong, f"&key={merchant.token}")
    with pytest.raises(Refused) as refused:
        merchant.call("tgpayquery", out_trade_no="1", sign_type=None, sign=wrong["sign"])
    assert refused.value.explanation["mistakes"] == ["TOKEN_NAMED"]
    assert "append only its value" in str(refused.value)


@every_row("fault, error", [
    ("drop_before", NoAnswer), ("drop_after", NoAnswer), ("reset", NoAnswer), ("truncate", NoAnswer),
    ("empty", UnusableAnswer), ("malformed", UnusableAnswer), ("http_500", UnusableAnswer),
    ("http_503", UnusableAnswer), ("wrong_sign", WrongSignature), ("wrong_type", None)], ids=str)
def test_a_fault_on_the_line_is_an_error_of_its_own(merchant: Merchant, fault: str,
                                                    error: type[EmulatorError] | None) -> None:
    merchant.scenario([{"name": fault, "then": {"fault": fault}}])
    try:
        answer = by_barcode(merchant)
    except EmulatorError as raised:
        assert type(raised) is error
    else:
        assert error is None and answer.rule == fault


def test_pages_files_and_redirects_are_answers_without_fields(merchant: Merchant) -> None:
    number = merchant.order_number()
    merchant.call("tgpayh5", out_trade_no=number, total_fee="1.00", pay_type="alipay", scene_type="WAP_PAY")
    page = merchant.call("tgpayapi", service="linktopost", out_trade_no=number)
    assert page.ok and page == {} and "<form" in page.text
    redirect = merchant.call("tgpaygetopenid", client_url="http://shop.example/", method="GET")
    assert redirect.status == 302 and "openid=o" in redirect.headers["location"]


def test_buyers_issuers_and_time_do_what_a_test_says(merchant: Merchant) -> None:
    assert merchant.pay(qr_order(merchant))["status"] == "TRADE_SUCCESS"
    assert merchant.decline(qr_order(merchant), error="BEYOND_PAY_RESTRICTION")["status"] == "WAIT_BUYER_PAY"
    assert merchant.expire(qr_order(merchant))["status"] == "TRADE_CLOSED"
    assert merchant.close(qr_order(merchant))["closed_by"]
    merchant.scenario([{"name": "review", "when": {"endpoint": "tgpaybankcard"}, "then": {"review": True}}])
    reviewed = [by_card(merchant)["out_trade_no"] for _ in range(2)]
    assert merchant.approve(reviewed[0])["card"]["status"] == "success"
    assert merchant.refuse(reviewed[1])["card"]["status"] == "canceled"
    assert merchant.charge_back(reviewed[0])["out_trade_no"] == reviewed[0]
    with pytest.raises(ControlError, match="409"):
        merchant.charge_back(qr_order(merchant))


def test_next_requests_are_declined_and_lost_once_beside_what_is_in_force(merchant: Merchant) -> None:
    twice = {"name": "twice", "when": {"endpoint": "tgpaybarcode"},
             "then": [{"error": "BEYOND_PAY_RESTRICTION"}, {"error": "PAYMENT_AUTH_CODE_INVALID"}]}
    merchant.scenario([twice, {"name": "always", "when": {"endpoint": "tgpaybarcode"},
                               "then": {"error": "BUYER_ENABLE_STATUS_FORBID"}}])
    assert by_barcode(merchant)["detail_error_code"] == "BEYOND_PAY_RESTRICTION"
    merchant.decline_next("BUYER_BALANCE_NOT_ENOUGH")
    merchant.lose_next_answer(endpoint="tgpayquery")
    merchant.decline_next("3084")
    merchant.decline_next("3020")
    merchant.decline_next("DECLINED")
    assert [by_barcode(merchant)["detail_error_code"] for _ in range(3)] == [
        "BUYER_BALANCE_NOT_ENOUGH", "PAYMENT_AUTH_CODE_INVALID", "BUYER_ENABLE_STATUS_FORBID"]
    assert [by_card(merchant)["result_code"] for _ in range(3)] == ["3084", "3020", "0000"]
    order = qr_order(merchant)
    with pytest.raises(NoAnswer):
        merchant.call("tgpayquery", out_trade_no=order)
    assert merchant.call("tgpayquery", out_trade_no=order)["trade_status"] == "WAIT_BUYER_PAY"
    assert on_terminal(merchant).rule.startswith("next request")
    merchant.lose_next_answer()
    with pytest.raises(NoAnswer):
        by_barcode(merchant)
    with pytest.raises(ControlError, match="BUYER_BALANCE_NOT_ENOUGH"):
        merchant.decline_next("BUYER_BALANCE_NOT_ENUF")


def test_a_wait_in_vain_says_how_far_the_order_got(merchant: Merchant, hears: Receiver) -> None:
    hears.reply(500)
    order = qr_order(merchant)
    hears.wait_for(order)
    with pytest.raises(WaitTimeout) as failed:
        merchant.wait_for(order, status="TRADE_SUCCESS", timeout=0.2)
    assert f"{order} is not TRADE_SUCCESS after 0.2 s: it is WAIT_BUYER_PAY" in str(failed.value)
    assert "trans_qrcode_create_sync" in str(failed.value)
    with pytest.raises(WaitTimeout, match="is not delivered(.|\n)*answered 500"):
        merchant.wait_for(order, delivered=True, timeout=0.2)
    with pytest.raises(WaitTimeout, match="there is no such order"):
        merchant.wait_for("1", status="TRADE_SUCCESS", timeout=0.1)
    with pytest.raises(ControlError, match="status must be one of"):
        merchant.wait_for(order, status="PAID")


def test_order_numbers_are_new_also_for_a_merchant_that_is_there_already(server: Server) -> None:
    seeded = [server.existing_merchant("201703200001") for _ in range(2)]
    numbers = [merchant.order_number() for merchant in seeded for _ in range(3)]
    assert len(set(numbers)) == 6 and all(number.startswith("201703200001") for number in numbers)
    assert seeded[0].token == "14b0be26d00fbc6dcf20ed1f0a3516df"


def test_the_settlement_file_comes_as_rows(merchant: Merchant, clock: Clock) -> None:
    paid = by_barcode(merchant, trans_amount="100.00", reference='a "b",\nc')["out_trade_no"]
    clock.advance("2d")
    day = merchant.client.settlement(merchant.number)[0]["settles_at"][:10]
    row, = merchant.settlement(day)
    assert (row["partner_transaction_id"], row["fee"], row["remarks"]) == (paid, "0.60", 'a "b",\nc')
    assert merchant.settlement("2001-01-01", "2001-02-01") == []


@merchants_clock
def test_a_merchants_clock_is_its_own(server: Server, merchant: Merchant) -> None:
    by_barcode(merchant)
    with server.merchant() as other:
        before = other.clock.now()
        merchant.clock.advance("2d")
        assert (merchant.clock.now() - before).days == 2 and (other.clock.now() - before).days == 0
        merchant.clock.freeze()
        assert merchant.clock.now() == merchant.clock.now()
        assert len(merchant.settlement()) == 1
        merchant.clock.reset()
        assert abs((merchant.clock.now() - other.clock.now()).total_seconds()) < 60


# ---- receiver

def test_every_form_of_notification_is_read_and_verified(merchant: Merchant, hears: Receiver,
                                                         clock: Clock) -> None:
    merchant.pay(qr_order(merchant))
    assert hears.wait_for(trade_status="TRADE_SUCCESS").method == "GET"
    merchant.change(notify_method="POST")
    assert hears.wait_for(by_barcode(merchant)["out_trade_no"]).method == "POST"
    prepaid = merchant.order_number()
    merchant.call("tgpayprepay", out_trade_no=prepaid, trans_amount="1.00", pay_type="alipay",
                  trade_type="APP", attach="茶")
    merchant.pay(prepaid)
    assert hears.wait_for(prepaid, attach="茶").headers["content-type"].startswith("application/json")
    assert hears.wait_for(by_card(merchant)["out_trade_no"], status="success").kind == ""
    on_terminal(merchant)
    clock.advance("10s")
    assert hears.wait_for(trade_status="AUTHORISED").headers["content-type"].startswith("text/xml")
    assert {each.merchants_id for each in hears.notifications} == {merchant.number}


def test_a_notify_url_may_have_a_query_of_its_own(merchant: Merchant, hears: Receiver) -> None:
    hears.serve(merchant, f"{hears.url}?shop=1&out_trade_no=x")
    received = hears.wait_for(qr_order(merchant))
    assert received.query.startswith("shop=1&") and "shop" not in received.fields


def test_a_forged_notification_is_told_from_a_right_one(merchant: Merchant, hears: Receiver) -> None:
    merchant.scenario([{"name": "forged", "then": {"notify": {"wrong_sign": True}}}])
    order = qr_order(merchant)
    assert not hears.wait_for(order, verified=False).verified
    with pytest.raises(WaitTimeout, match="its signature is wrong"):
        hears.wait_for(order, timeout=0.1)


def test_a_receiver_without_a_merchant_says_that_it_can_verify_nothing(merchant: Merchant) -> None:
    with Receiver() as stranger:
        merchant.change(notify_url=stranger.url)
        order = qr_order(merchant)
        assert not stranger.wait_for(order, verified=None).verified
        with pytest.raises(WaitTimeout, match="knows no merchant's token"):
            stranger.wait_for(order, timeout=0.1)


def test_one_receiver_serves_several_merchants(server: Server, merchant: Merchant, hears: Receiver) -> None:
    with server.merchant() as other:
        hears.serve(other)
        orders = [qr_order(merchant), qr_order(other)]
        assert [hears.wait_for(order).merchants_id for order in orders] == [merchant.number, other.number]


@every_row("reply, comes, error", [
    ("success", 200, ""), ("SUCCESS\n", 200, ""), ("fail", 200, ""), (500, 500, ""), (204, 204, ""),
    (slow(0.3), 200, ""), (slow(0.1, "no", 404), 404, ""), (CLOSED, None, "disconnected"),
    (lambda notification: notification.order and "success", 200, ""),
    (lambda notification: notification.fields["nothing"], 500, "")], ids=str)
def test_a_reply_is_what_the_emulator_gets(merchant: Merchant, hears: Receiver, reply: Any, comes: int | None,
                                           error: str) -> None:
    hears.reply(reply)
    order = qr_order(merchant)
    hears.wait_for(order)
    merchant.client.flush()
    attempt, = merchant.notifications(order)[0]["attempts"]
    assert attempt["status_code"] == comes and error in (attempt["error"] or "")
    assert attempt["delivered"] == (comes == 200 and "fail" != reply)
    assert attempt["took_ms"] >= (300 if reply == slow(0.3) else 0)


def test_a_receiver_that_answers_nothing_lets_the_emulator_wait_until_it_is_closed(
        merchant: Merchant) -> None:
    with Receiver(merchant) as silent:
        silent.reply(NOTHING)
        order = qr_order(merchant)
        silent.wait_for(order)
        time.sleep(0.3)
        assert merchant.notifications(order)[0]["attempts"] == []
    merchant.client.flush()
    assert merchant.notifications(order)[0]["attempts"][0]["status_code"] is None


def test_replies_come_one_after_the_other_and_the_last_for_ever(merchant: Merchant, hears: Receiver) -> None:
    hears.reply(500, "success", 404)
    codes = []
    for order in [qr_order(merchant) for _ in range(4)]:
        merchant.client.flush()
        codes.append(merchant.notifications(order)[0]["attempts"][0]["status_code"])
    assert sorted(codes) == [200, 404, 404, 500]


def test_a_wait_in_vain_lists_what_came(merchant: Merchant, hears: Receiver) -> None:
    with pytest.raises(WaitTimeout, match=f"none arrived at all. The merchant's notify_url must be "
                                          f"{hears.url}"):
        hears.wait_for("1", timeout=0.1)
    order = qr_order(merchant)
    hears.wait_for(order)
    with pytest.raises(WaitTimeout) as failed:
        hears.wait_for(order, trade_status="TRADE_SUCCESS", timeout=0.1)
    wanted = f"out_trade_no={order} trade_status=TRADE_SUCCESS"
    assert f"no correctly signed notification {wanted} arrived" in str(failed.value)
    assert f"1 arrived:\n  trans_qrcode_create_sync {order}, result_code=SUCCESS" in str(failed.value)
    with pytest.raises(WaitTimeout, match="1 of 3 notifications"):
        hears.wait_for_count(3, timeout=0.1)


@every_row("kind, body", [("application/json", b"[1]"), ("application/json", b"{"), ("text/xml", b"<a>"),
                          ("text/plain", b"\xff\xfe"), ("", b"")], ids=str)
def test_what_is_no_notification_is_kept_unverified(hears: Receiver, kind: str, body: bytes) -> None:
    hears.clear()
    with urlopen(Request(hears.url, body, {"Content-Type": kind}), timeout=10) as answer:
        assert answer.read() == b"success"
    received, = hears.wait_for_count(1)
    assert not received.verified and received.order == ""


# ---- server

def test_a_server_of_ones_own_has_its_settings_and_none_of_the_environment(
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TGPAY_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("TGPAY_STRICT", "nonsense")
    with Server(control_token="secret", strict=True, notify_retries=["1s", "2s"], workers=1) as server:
        assert "answers at" in server.printed and server.is_own
        with server.merchant() as merchant, pytest.raises(Refused, match="it_b_pay"):
            merchant.call("tgpayqrcode", out_trade_no=merchant.order_number(), trans_amount="1.00")
        with pytest.raises(ControlError, match="401"):
            Client(server.url).orders()
    assert not answers(server.url)


@every_row("settings, sentence", [({"strct": True}, "--strct"), ({"notify_retries": "x"}, "notify_retries"),
                                  ({"port": 1, "host": "192.0.2.1"}, "192.0.2.1")], ids=str)
def test_a_server_that_does_not_start_says_why(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ServerError, match=sentence):
        Server(**settings).start()


def test_a_server_that_runs_is_found_by_its_variable(base_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TGPAY_URL", f"{base_url}/")
    with Server() as server:
        assert (server.url, server.is_own, server.printed) == (base_url, False, "")
    assert answers(base_url)
    with pytest.raises(ServerError, match="no emulator answers"):
        Server(f"http://127.0.0.1:{free_port()}").start()
    with pytest.raises(ValueError, match="has its settings already: strict"):
        Server(base_url, strict=True)
    with pytest.raises(ServerError, match="is not started"):
        Server(strict=True).client


def test_processes_share_a_server_which_ends_with_the_last_of_them(tmp_path: Path) -> None:
    code = ("import sys\nfrom tgpay_emulator.testing import Server\n"
            f"with Server(shared={str(tmp_path / 'place')!r}, workers=1) as server:\n"
            "    print(server.url, flush=True)\n    sys.stdin.read()\n")
    first, second = python(code), python(code)
    try:
        url = line_of(first)
        assert line_of(second) == url != ""
        first.kill()
        assert first.wait(10) == -signal.SIGKILL
        time.sleep(0.3)
        assert answers(url)
        with python(code) as third:
            assert line_of(third) == url
            assert third.stdin is not None
            third.stdin.close()
        second.kill()
        assert ends(url)
    finally:
        for process in (first, second):
            process.kill()
            process.communicate()
    with Server(shared=tmp_path / "place", workers=1) as anew:
        assert anew.url != url and anew.health()["status"] == "ok"


# ---- types

@pytest.mark.sqlite
def test_the_examples_and_the_package_are_right_under_mypy_strict(tmp_path: Path) -> None:
    """As a user has it: from the installed package, which says that it is typed."""
    from .test_testing_plugin import written

    build = "from setuptools import setup; setup()"
    subprocess.run([sys.executable, "-c", build, "-q", "build", "--build-base", str(tmp_path / "base"),
                    "build_py", "--build-lib", str(tmp_path / "built")], cwd=ROOT, check=True, timeout=60,
                   capture_output=True)
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True, timeout=60)
    packages, = environment.glob("lib/python*/site-packages")
    known = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "user.pth").write_text("\n".join([str(tmp_path / "built"), *known]))
    written(tmp_path / "shop")
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"),
               "--python-executable", str(environment / "bin" / "python"), "."]
    checked = subprocess.run(command, cwd=tmp_path / "shop", capture_output=True, text=True, timeout=100)
    assert checked.returncode == 0, checked.stdout + checked.stderr
