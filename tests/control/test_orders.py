"""Contract 7: orders through the control interface, listed, told and moved."""
from html import unescape
from typing import Any

from ..driver import Control, Receiver, Shop, exchange
from ..tables import every_row

CONFIRMS = "287777777777700001"
MAKE = {"barcode": Shop.pay_by_barcode, "qr": Shop.qr_order, "h5": Shop.h5_order, "prepay": Shop.prepay_order}


def pages(control: Control, path: str, limit: int, **query: str) -> list[list[dict[str, Any]]]:
    """All pages of a list, each with its rows."""
    found, after = [], 0
    while after is not None:
        page = control.get(path, limit=limit, after=after, **query)
        assert set(page) == {"items", "next"}
        found.append(page["items"])
        after = page["next"]
    return found


@every_row("limit", [1, 2, 3, 7, 1000], apart=True)
def test_a_list_is_read_page_by_page_each_order_once_and_the_oldest_first(
        control: Control, shop: Shop, limit: int) -> None:
    made = [shop.qr_order()["out_trade_no"] for _ in range(7)]
    read = pages(control, "/orders", limit, merchants_id=shop.merchants_id)
    assert [order["out_trade_no"] for page in read for order in page] == made
    assert all(len(page) <= limit for page in read)


def test_a_page_has_a_hundred_rows_unless_told(control: Control, shop: Shop) -> None:
    for _ in range(101):
        shop.qr_order()
    page = control.get("/orders", merchants_id=shop.merchants_id)
    assert (len(page["items"]), page["next"]) == (100, page["items"][-1]["id"])
    rest = control.get("/orders", merchants_id=shop.merchants_id, after=page["next"])
    assert (len(rest["items"]), rest["next"]) == (1, None)


@every_row("path", ["/orders", "/notifications", "/journal", "/settlement"])
def test_a_list_is_read_with_the_newest_first_page_by_page(control: Control, shop: Shop, receiver: Receiver,
                                                           path: str) -> None:
    control.ask("PATCH", f"/merchants/{shop.merchants_id}", {"notify_url": receiver.url})
    for _ in range(3):
        shop.pay_by_barcode()
    whole = control.get(path, merchants_id=shop.merchants_id)["items"]
    read = pages(control, path, 2, merchants_id=shop.merchants_id, newest_first="true")
    assert [row["id"] for page in read for row in page] == [row["id"] for row in reversed(whole)]
    assert len(whole) >= 3


@every_row("search, found", [("middle", ["a_middle_z", "middle"]), ("%", ["50%"]), ("_", ["a_middle_z"]),
                             ("none", [])])
def test_orders_are_found_by_a_part_of_their_number(control: Control, shop: Shop, search: str,
                                                    found: list[str]) -> None:
    for number in ("middle", "50%", "a_middle_z"):
        shop.qr_order(out_trade_no=number)
    listed = control.get("/orders", merchants_id=shop.merchants_id, search=search, newest_first="true")
    assert [order["out_trade_no"] for order in listed["items"]] == found


@every_row("name, value",
           [("limit", "1001"), ("limit", "many"), ("limit", "-1"), ("limit", "1.5"), ("after", "x"),
            ("after", "-1"), ("limit", ""), ("limit", "٣")])
@every_row("path", ["/orders", "/notifications", "/journal"])
def test_a_page_that_cannot_be_is_a_problem_that_names_it(control: Control, path: str, name: str,
                                                          value: str) -> None:
    answer = control.ask("GET", path, **{name: value})
    assert (answer.status, answer.headers["Content-Type"],
            name in answer.json["detail"]) == (400, "application/problem+json", True)


def test_orders_are_listed_by_their_state(control: Control, shop: Shop) -> None:
    waiting = shop.qr_order()["out_trade_no"]
    paid = shop.pay_by_barcode()["out_trade_no"]
    closed = shop.h5_order()["out_trade_no"]
    shop.happens(closed, "close")
    for status, number in (("WAIT_BUYER_PAY", waiting), ("TRADE_SUCCESS", paid), ("TRADE_CLOSED", closed)):
        listed = control.get("/orders", merchants_id=shop.merchants_id, status=status)["items"]
        assert [(order["out_trade_no"], order["status"]) for order in listed] == [(number, status)]


def test_an_order_is_told_with_its_history_refunds_and_notifications(
        notified: Shop, receiver: Receiver) -> None:
    number = notified.qr_order("1.00", reference="table 7")["out_trade_no"]
    notified.happens(number, "pay")
    notified.refund(number, "0.40", out_refund_id="r1", refund_reson="cold")
    story = notified.story(number)
    assert (story["trans_amount"], story["status"], story["refund_amount"]) == (
        "1.00", "TRADE_SUCCESS", "0.40")
    assert [line["event"] for line in story["history"]] == ["create", "pay", "refund"]
    assert [line["cause"] for line in story["history"]] == ["tgpayqrcode", "control", "tgpayrefund"]
    assert [(refund["partner_refund_id"], refund["amount"], refund["reason"])
            for refund in story["refunds"]] == [("r1", "0.40", "cold")]
    assert [notification["notify_type"] for notification in story["notifications"]] == [
        "trans_qrcode_create_sync", "trade_status_sync"]


@every_row("number", [
    "a/b", "a//b", "/a", "a/", "/", "pay", "a/pay", "50%", "%2F", "ä 茶", "谢谢🙏", "a?b#c", "..", "a/../b",
    "a+b", " a ", " ", "a\\b", "\"<'>"])
def test_an_order_of_any_number_can_be_told_and_paid(shop: Shop, number: str) -> None:
    assert shop.qr_order(out_trade_no=number)["is_success"] == "T"
    assert shop.happens(number, "pay").status == 200
    assert (shop.story(number)["status"], shop.story(number)["out_trade_no"]) == ("TRADE_SUCCESS", number)
    page = exchange(f"{shop.control.url}/console/orders/{shop.story(number)['id']}")
    assert (page.status, number in unescape(page.text)) == (200, True)


@every_row("merchant", ["known", "nobody"])
@every_row("method, path", [("GET", ""), ("POST", "/pay")])
def test_an_unknown_order_is_not_found(control: Control, shop: Shop, merchant: str, method: str,
                                       path: str) -> None:
    merchants_id = shop.merchants_id if merchant == "known" else merchant
    answer = control.ask(method, f"/orders/{merchants_id}/none{path}")
    assert (answer.status, answer.headers["Content-Type"]) == (404, "application/problem+json")


def order(shop: Shop, kind: str) -> str:
    params = {"buyer_identity_code": CONFIRMS} if kind == "barcode" else {}
    return MAKE[kind](shop, **params)["out_trade_no"]


@every_row("kind, event, status", [
    *((kind, event, status) for kind in MAKE for event, status in (
        ("pay", "TRADE_SUCCESS"), ("expire", "TRADE_CLOSED"), ("close", "TRADE_CLOSED"))),
    ("barcode", "decline", "TRADE_CLOSED"), ("qr", "decline", "WAIT_BUYER_PAY"),
    ("h5", "decline", "WAIT_BUYER_PAY"), ("prepay", "decline", "WAIT_BUYER_PAY"),
])
def test_an_event_moves_a_waiting_order(shop: Shop, kind: str, event: str, status: str) -> None:
    number = order(shop, kind)
    answer = shop.happens(number, event)
    assert (answer.status, answer.json["status"]) == (200, status)
    assert shop.query(number)["trade_status"] == status


@every_row("error", ["BUYER_BALANCE_NOT_ENOUGH", "BUYER_ENABLE_STATUS_FORBID", "BEYOND_PAY_RESTRICTION",
                     "PAYMENT_AUTH_CODE_INVALID"])
def test_a_decline_has_any_of_the_buyers_failures(shop: Shop, error: str) -> None:
    number = order(shop, "barcode")
    assert shop.happens(number, "decline", error=error).json["error"] == error


def test_a_decline_for_no_known_reason_is_a_problem(shop: Shop) -> None:
    number = order(shop, "qr")
    answer = shop.happens(number, "decline", error="BAD_MOOD")
    assert (answer.status, "BUYER_BALANCE_NOT_ENOUGH" in answer.json["detail"]) == (422, True)
    assert shop.story(number)["status"] == "WAIT_BUYER_PAY"


@every_row("before", ["pay", "close", "expire"])
@every_row("event", ["pay", "decline", "expire", "close"])
def test_an_impossible_event_is_a_conflict_that_names_the_possible_ones(
        shop: Shop, before: str, event: str) -> None:
    number = order(shop, "qr")
    shop.happens(number, before)
    history = shop.story(number)["history"]
    answer = shop.happens(number, event)
    assert (answer.status, answer.headers["Content-Type"]) == (409, "application/problem+json")
    assert (answer.json["possible"], number in answer.json["detail"]) == ([], True)
    assert shop.story(number)["history"] == history


@every_row("kind", MAKE)
@every_row("event", ["approve", "refuse", "chargeback"])
def test_the_events_of_cards_are_impossible_for_a_wallet(shop: Shop, kind: str, event: str) -> None:
    answer = shop.happens(order(shop, kind), event)
    assert (answer.status, set(answer.json["possible"])) == (409, {"pay", "decline", "expire", "close"})


def test_an_event_that_does_not_exist_is_not_found_and_the_events_are_named(shop: Shop) -> None:
    answer = shop.happens(order(shop, "qr"), "explode")
    assert (answer.status, "pay" in answer.json["detail"]) == (404, True)


def test_a_declined_order_can_still_be_paid(shop: Shop) -> None:
    number = order(shop, "qr")
    shop.happens(number, "decline")
    assert shop.happens(number, "pay").json["error"] == ""
    assert shop.query(number)["trade_status"] == "TRADE_SUCCESS"
