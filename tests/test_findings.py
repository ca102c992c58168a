"""Contract 1.5: findings, the rules that a request or a receiver breaks without being refused, and the report
of them.
"""
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tgpay_emulator.protocol.findings import RULES
from tgpay_emulator.store import Reader
from tgpay_emulator.store.sqlite.connection import connect
from tgpay_emulator.store.sqlite.schema import prepare

from .driver import Answer, Clock, Receiver, Shop, card_of, exchange, md5_sign
from .tables import every_row

Ask = Callable[[Shop], Answer]
PAY_INFO = '{"cardNo":"4111111111111111","cvv":"123"}'


def qr_order(shop: Shop, **more: Any) -> Answer:
    """A QR order with nothing to find fault with."""
    return shop.qr_order(**{"it_b_pay": "1d", **more})


def in_capitals(shop: Shop) -> Answer:
    params = shop.signed(out_trade_no=f"{shop.merchants_id}-1", trans_amount="1.00", pay_type="alipay",
                         it_b_pay="1d")
    return shop.send("tgpayqrcode", {**params, "sign": params["sign"].upper()})


def at_the_old_address(shop: Shop) -> Shop:
    """The shop, whose base address ends in /api/."""
    return replace(shop, base="/api")


BREACHES: list[tuple[str, str, Ask]] = [
    ("ORDER_NUMBER_PREFIX", "QR", lambda shop: qr_order(shop, out_trade_no="0607001")),
    ("SIGN_TYPE_MISSING", "barcode", lambda shop: shop.pay_by_barcode(sign_type=None)),
    ("SIGN_TYPE_MISSING", "QR", lambda shop: qr_order(shop, sign_type=None)),
    ("SIGN_TYPE_MISSING", "H5", lambda shop: shop.h5_order(sign_type=None)),
    ("SIGN_TYPE_MISSING", "prepay", lambda shop: shop.prepay_order(sign_type=None)),
    ("SIGN_TYPE_MISSING", "openid",
     lambda shop: shop.ask("tgpaygetopenid", client_url="http://shop.example/", sign_type=None)),
    ("SIGN_UPPER_CASE", "QR", in_capitals),
    ("MANDATORY_MISSING", "barcode pay_type", lambda shop: shop.pay_by_barcode(pay_type=None)),
    ("MANDATORY_MISSING", "QR it_b_pay", lambda shop: shop.qr_order()),
    ("MANDATORY_MISSING", "card language", lambda shop: shop.card_order(language=None)),
    ("MANDATORY_MISSING", "cancel account_id", lambda shop: shop.ask(
        "tgpaycancel", out_trade_no=shop.qr_order(it_b_pay="1d")["out_trade_no"], sign_type=None)),
    ("TOO_LONG", "goods_info", lambda shop: shop.prepay_order(goods_info="茶" * 129)),
    ("OTHER_NAME", "barcode", lambda shop: shop.pay_by_barcode(trans_amount=None, total_fee="1.00")),
    ("OTHER_NAME", "QR", lambda shop: qr_order(shop, trans_amount=None, total_fee="1.00")),
    ("OTHER_NAME", "prepay", lambda shop: shop.prepay_order(trans_amount=None, total_fee="1.00")),
    ("OTHER_NAME", "H5", lambda shop: shop.h5_order(total_fee=None, trans_amount="1.00")),
    ("LEADING_ZEROS", "barcode", lambda shop: shop.pay_by_barcode("025")),
    ("LEADING_ZEROS", "QR", lambda shop: qr_order(shop, amount="00.50")),
    ("LEADING_ZEROS", "H5", lambda shop: shop.h5_order("000000000000000025.5")),
    ("LEADING_ZEROS", "prepay", lambda shop: shop.prepay_order("01")),
    ("OLD_ADDRESS", "barcode", lambda shop: at_the_old_address(shop).pay_by_barcode()),
    ("OLD_ADDRESS", "prepay", lambda shop: at_the_old_address(shop).prepay_order()),
    ("OLD_ADDRESS", "check", lambda shop: at_the_old_address(shop).ask(
        "tgpaycheck", out_trade_no=shop.prepay_order()["out_trade_no"], sign_type=None)),
    ("NOTIFY_URL_QUERY", "prepay",
     lambda shop: shop.prepay_order(notify_url="http://127.0.0.1:9/notify?order=1")),
    ("URL_NOT_ESCAPED", "QR", lambda shop: qr_order(shop, notify_url="http://127.0.0.1:9/Watches of")),
    ("URL_NOT_ESCAPED", "H5", lambda shop: shop.h5_order(return_url="http://127.0.0.1:9/Watches of")),
    ("CARD_DATA_IN_URL", "QR", lambda shop: qr_order(shop, pay_info=PAY_INFO)),
    ("CARD_DATA_IN_URL", "prepay", lambda shop: shop.prepay_order(pay_info=PAY_INFO)),
]
NOT_REFUSED = ("OTHER_NAME", "QR")  # the document's own example of section 1.2 sends total_fee
each_breach = every_row(
    "code, ask", [(code, ask) for code, _, ask in BREACHES], ids=[f"{code}-{on}" for code, on, _ in BREACHES])


@each_breach
def test_a_breach_is_answered_and_kept_with_the_request(shop: Shop, code: str, ask: Ask) -> None:
    answer = ask(shop)
    assert answer.status == 302 or answer["is_success"] == "T", answer.text
    found, = shop.journal(answer)["findings"]
    assert found["code"] == code
    assert (found["section"], found["rule"]) == (RULES[code].section, RULES[code].sentence)
    assert found["detail"]


@pytest.mark.parametrize("code, ask",
                         [pytest.param(code, ask, id=f"{code}-{on}") for code, on, ask in BREACHES
                          if (code, on) != NOT_REFUSED])
def test_with_strict_a_breach_is_an_illegal_argument(shop: Shop, code: str, ask: Ask) -> None:
    assert shop.control.ask("PATCH", f"/merchants/{shop.merchants_id}", {"strict": True}).status == 200
    answer = ask(shop)
    assert (answer["is_success"], answer["error"]) == ("F", "ILLEGAL_ARGUMENT")
    assert code in shop.findings(answer)
    orders = shop.control.get("/orders", merchants_id=shop.merchants_id)["items"]
    assert not [order for order in orders if order["endpoint"] == shop.journal(answer)["endpoint"]
                or order["status"] != "WAIT_BUYER_PAY"]


@every_row("ask", [
    lambda shop: qr_order(shop), lambda shop: shop.pay_by_barcode(), lambda shop: shop.h5_order(),
    lambda shop: shop.prepay_order(), lambda shop: shop.query(qr_order(shop)["out_trade_no"]),
    lambda shop: shop.cancel(qr_order(shop)["out_trade_no"]),
    lambda shop: shop.refund(shop.pay_by_barcode()["out_trade_no"], "0.10"),
    lambda shop: shop.settlement("2026-01-01", "2026-01-01"),
    lambda shop: shop.ask("tgpaygetopenid", client_url="http://shop.example/?a=1"),
    lambda shop: qr_order(shop, reference="x" * 512, out_trade_no=shop.merchants_id.ljust(64, "9")),
    lambda shop: shop.pay_by_barcode(out_trade_no="no prefix is asked for here"),
    lambda shop: qr_order(shop, pay_type=None), lambda shop: shop.h5_order(return_url=None),
    lambda shop: shop.card_order(sign_type=None),
    lambda shop: shop.card_payment(sign_type=None, device_channel=None),
    lambda shop: shop.card_service("approved", shop.card_payment(card_of("3200", "00001"))["out_trade_no"],
                                   sign_type=None)])
def test_a_request_by_the_document_has_no_findings_and_passes_strict(shop: Shop, ask: Ask) -> None:
    assert shop.control.ask("PATCH", f"/merchants/{shop.merchants_id}", {"strict": True}).status == 200
    answer = ask(shop)
    assert shop.journal(answer)["verdict"] == "OK"
    assert shop.findings(answer) == set()


def test_several_breaches_are_all_kept(shop: Shop) -> None:
    answer = shop.qr_order(out_trade_no="1", trans_amount=None, total_fee="1", pay_type=None, sign_type=None,
                           pay_info=PAY_INFO)
    assert answer["is_success"] == "T"
    codes = [finding["code"] for finding in shop.journal(answer)["findings"]]
    assert sorted(codes) == ["CARD_DATA_IN_URL", "MANDATORY_MISSING", "ORDER_NUMBER_PREFIX", "OTHER_NAME",
                             "SIGN_TYPE_MISSING"]


def test_a_refused_request_keeps_its_findings_too(shop: Shop) -> None:
    answer = shop.h5_order(out_trade_no=shop.pay_by_barcode()["out_trade_no"], sign_type=None)
    assert answer["error"] == "CONTEXT_INCONSISTENT"
    assert shop.findings(answer) == {"SIGN_TYPE_MISSING"}


def test_two_names_of_the_amount_that_differ_are_refused(shop: Shop) -> None:
    answer = qr_order(shop, total_fee="2.00")
    assert answer["error"] == "ILLEGAL_ARGUMENT"
    assert "trans_amount" in answer["detail_error_des"] and "total_fee" in answer["detail_error_des"]
    assert qr_order(shop, total_fee="1.00")["is_success"] == "T"


@every_row("name, ask", [
    ("out_trade_no", lambda shop: qr_order(shop, out_trade_no=shop.merchants_id.ljust(65, "9"))),
    ("out_trade_no", lambda shop: shop.pay_by_barcode(out_trade_no="茶" * 65)),
    ("out_trade_no", lambda shop: shop.query("9" * 65)),
    ("out_refund_id", lambda shop: shop.refund(shop.pay_by_barcode()["out_trade_no"], "0.10",
                                               out_refund_id="9" * 65))])
def test_an_identifier_over_its_length_is_refused(shop: Shop, name: str, ask: Ask) -> None:
    answer = ask(shop)
    assert answer["error"] == "ILLEGAL_ARGUMENT"
    assert name in answer["detail_error_des"]


def test_card_data_in_a_body_is_no_finding_and_in_url_and_body_it_is(shop: Shop) -> None:
    params = shop.signed(out_trade_no=shop.number(), trans_amount="1.00", pay_type="alipay", it_b_pay="1d",
                         pay_info=PAY_INFO)
    assert shop.findings(shop.send("tgpayqrcode", params, "POST")) == set()
    url = f"{shop.control.url}/v2/tgpayqrcode.php?{urlencode({'pay_info': PAY_INFO})}"
    answer = exchange(url, "POST", urlencode(params).encode(),
                      {"Content-Type": "application/x-www-form-urlencoded"})
    assert shop.findings(answer) == {"CARD_DATA_IN_URL"}


def test_card_data_is_never_journalled(shop: Shop) -> None:
    for answer in (qr_order(shop, pay_info=PAY_INFO), qr_order(shop, pay_info=PAY_INFO, sign="0"),
                   shop.ask("tgpayqrcode", "POST", pay_info=PAY_INFO)):
        told = shop.control.ask("GET", f"/journal/{answer.headers['X-TGPay-Request']}").text + answer.text
        assert "4111111111111111" not in told
        assert "pay_info" in told


def open_order(shop: Shop, clock: Clock, **more: Any) -> Answer:
    clock.freeze()
    return qr_order(shop, **more)


@every_row("it_b_pay", ["1m", "15m", "1h", "1d"])
def test_a_qr_order_left_open_for_15_minutes_is_found(shop: Shop, clock: Clock, it_b_pay: str) -> None:
    order = open_order(shop, clock, it_b_pay=it_b_pay)
    clock.advance("14m")
    assert shop.findings(order) == set()
    clock.advance("1m")
    assert shop.findings(order) == {"QR_ORDER_LEFT_OPEN"}
    clock.advance("1d")
    assert len(shop.journal(order)["findings"]) == 1


@every_row("attend", [
    lambda shop, number: shop.query(number)["is_success"], lambda shop,
    number: shop.cancel(number)["is_success"], lambda shop,
    number: "T" if shop.happens(number, "pay").status == 200 else "F"], ids=["queried", "cancelled", "paid"])
def test_a_qr_order_that_is_attended_to_within_15_minutes_is_fine(
        shop: Shop, clock: Clock, attend: Callable[[Shop, str], str]) -> None:
    order = open_order(shop, clock)
    clock.advance("14m")
    assert attend(shop, order["out_trade_no"]) == "T"
    clock.advance("1d")
    assert shop.findings(order) == set()


def test_a_query_that_comes_too_late_or_is_refused_does_not_count(shop: Shop, clock: Clock) -> None:
    late, refused = open_order(shop, clock), qr_order(shop)
    assert shop.ask("tgpayquery", out_trade_no=refused["out_trade_no"], sign="0")["error"] == "ILLEGAL_SIGN"
    clock.advance("16m")
    assert shop.query(late["out_trade_no"])["is_success"] == "T"
    assert shop.findings(late) == shop.findings(refused) == {"QR_ORDER_LEFT_OPEN"}


def test_the_15_minutes_are_a_duty_of_qr_orders_only(shop: Shop, clock: Clock) -> None:
    clock.freeze()
    orders = shop.h5_order(), shop.prepay_order(), shop.pay_by_barcode()
    clock.advance("1h")
    assert [shop.findings(order) for order in orders] == [set()] * 3


def test_the_request_that_made_the_order_bears_the_finding_and_not_its_repetition(
        shop: Shop, clock: Clock) -> None:
    order = open_order(shop, clock)
    again = qr_order(shop, out_trade_no=order["out_trade_no"])
    clock.advance("16m")
    assert (shop.findings(order), shop.findings(again)) == ({"QR_ORDER_LEFT_OPEN"}, set())


def test_a_wrong_sign_is_no_finding(shop: Shop) -> None:
    params = {"merchants_id": shop.merchants_id, "out_trade_no": "1", "trans_amount": "1.00"}
    answer = shop.send("tgpayqrcode", {**params, "sign": md5_sign(params, "0" * 32).upper()})
    assert answer["error"] == "ILLEGAL_SIGN"
    assert "SIGN_UPPER_CASE" not in shop.findings(answer)


# The report.

def report(shop: Shop) -> dict[str, Any]:
    """The merchant's broken rules, by code."""
    told = shop.control.get("/findings", merchants_id=shop.merchants_id)
    assert told["next"] is None
    return {item["code"]: item for item in told["items"]}


def test_every_rule_that_is_broken_is_reported_with_its_section_and_what_to_change(
         shop: Shop, clock: Clock, receiver: Receiver) -> None:
    receiver.answers = [(200, b"thank you")]
    shop.control.ask("PATCH", f"/merchants/{shop.merchants_id}", {"notify_url": receiver.url})
    clock.freeze()
    for _, _, ask in BREACHES:
        ask(shop)
    unknown = shop.at_terminal(amount="37.68")["out_trade_no"]
    clock.advance("5s")
    assert [shop.query(unknown)["trade_status"] for _ in range(2)] == ["UNDEFINED"] * 2
    clock.advance("15m")
    receiver.answers = [(200, b"success")]
    shop.plays({"then": {"notify": {"wrong_sign": True}}})
    shop.pay_by_barcode()
    shop.control.post("/notifications/flush")
    found = report(shop)
    assert list(found) == list(RULES)
    for code, item in found.items():
        rule = RULES[code]
        assert (item["section"], item["rule"], item["change"]) == (rule.section, rule.sentence, rule.change)
        assert item["times"] > 0 and item["example"]["detail"]


def test_a_rule_is_reported_with_how_often_first_and_last_time_and_the_newest_request(
        shop: Shop, clock: Clock) -> None:
    clock.set("2026-01-31T12:00:00Z")
    clock.freeze()
    shop.pay_by_barcode(sign_type=None)
    shop.pay_by_barcode()
    clock.advance("5m")
    shop.pay_by_barcode(sign_type=None, pay_type=None)
    clock.advance("5m")
    last = shop.journal(shop.qr_order(pay_type=None, out_trade_no=f"{shop.merchants_id}a"))
    found = report(shop)
    assert {code: item["times"] for code, item in found.items()} == {
        "SIGN_TYPE_MISSING": 2, "MANDATORY_MISSING": 2}
    moments = {code: (item["first"][11:16], item["last"][11:16]) for code, item in found.items()}
    assert moments == {"SIGN_TYPE_MISSING": ("12:00", "12:05"), "MANDATORY_MISSING": ("12:05", "12:10")}
    example = found["MANDATORY_MISSING"]["example"]
    assert (example["journal_id"], example["notification_id"], example["attempt"]) == (last["id"], None, None)
    assert example["detail"] in [finding["detail"] for finding in last["findings"]]


def test_a_receiver_is_reported_with_the_attempt_of_its_notification(
        notified: Shop, receiver: Receiver) -> None:
    receiver.answers = [(200, b"success"), (200, b"no"), (200, b"never")]
    notified.pay_by_barcode()
    notified.control.post("/notifications/flush")
    notification, = notified.control.get("/notifications", merchants_id=notified.merchants_id)["items"]
    for _ in range(2):
        notified.control.post(f"/notifications/{notification['id']}/replay")
    item, = report(notified).values()
    assert (item["code"], item["times"]) == ("NOT_ANSWERED_SUCCESS", 2)
    assert item["example"] == {"journal_id": None, "notification_id": notification["id"], "attempt": 3,
                               "detail": "answered 200 with 'never'"}


def test_merchants_do_not_see_each_other_s_findings_and_without_one_all_are_counted(shop: Shop) -> None:
    other = shop.control.shop()
    before = {item["code"]: item["times"] for item in shop.control.get("/findings")["items"]}
    for each in (shop, other, other):
        each.pay_by_barcode(sign_type=None)
    assert (report(shop)["SIGN_TYPE_MISSING"]["times"], report(other)["SIGN_TYPE_MISSING"]["times"]) == (1, 2)
    after = {item["code"]: item["times"] for item in shop.control.get("/findings")["items"]}
    assert after["SIGN_TYPE_MISSING"] >= before.get("SIGN_TYPE_MISSING", 0) + 3
    other.control.ask("DELETE", f"/merchants/{other.merchants_id}")


def test_a_client_by_the_document_has_an_empty_report_and_an_unknown_merchant_is_a_problem(
         shop: Shop) -> None:
    qr_order(shop)
    assert report(shop) == {}
    assert shop.control.ask("GET", "/findings", merchants_id="nobody").status == 404


@pytest.mark.sqlite
def test_the_report_is_read_from_the_index_of_findings_alone(tmp_path: Path) -> None:
    """Rows without findings, which are nearly all, and what rows have beside them are not touched, however
    many there are.
    """
    path = tmp_path / "emulator.db"
    prepare(path)
    asked: list[str] = []
    with closing(connect(path, "rw")) as connection:
        connection.set_trace_callback(asked.append)
        reader = Reader(connection)
        for merchants_id in (None, "1"):
            assert [*reader.journal.breaches(merchants_id),
                    *reader.notifications.breaches(merchants_id)] == []
        connection.set_trace_callback(None)
        plans = [" ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}"))
                 for statement in asked]
    assert len(plans) == 4
    assert all("COVERING INDEX" in plan and "_findings" in plan and "TEMP B-TREE" not in plan
               for plan in plans), plans
