"""Contract 8: each of the bundled scenarios does what its summary promises, seen from a shop."""
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPException

import pytest

from .driver import Answer, Clock, Control, Receiver, Shop, card_of, md5_sign
from .payer import outcome
from .scripted import after, happened
from .test_cashier_http import post, presented

POOR = "287777777777700002"
PAGES: dict[str, Callable[..., Answer]] = {"qr": Shop.qr_order, "h5": Shop.h5_order,
                                           "prepay": Shop.prepay_order}


@contextmanager
def destined(control: Control, **settings: str) -> Iterator[Shop]:
    """A merchant of always the same number: what chance decides for its orders is the same in each run."""
    made = control.shop(merchants_id="299000000001", **settings)
    yield made
    control.ask("DELETE", f"/merchants/{made.merchants_id}")


def numbers_of(shop: Shop, count: int) -> list[str]:
    """Order numbers that are the same in each run too."""
    return [f"{shop.merchants_id}{place}" for place in range(count)]


def on_pages(shop: Shop) -> list[str]:
    """An order of each kind that waits for its buyer."""
    return [make(shop)["out_trade_no"] for make in PAGES.values()]


def statuses(shop: Shop, numbers: list[str]) -> set[str]:
    return {shop.query(number)["trade_status"] for number in numbers}


def test_autopay(shop: Shop, noon: Clock) -> None:
    shop.plays(name="autopay")
    numbers = [*on_pages(shop), shop.card_order()["out_trade_no"]]
    noon.advance("2s")
    assert statuses(shop, numbers) == {"WAIT_BUYER_PAY"}
    noon.advance("1s")
    assert {happened(shop, number)[-1] for number in numbers} == {("pay", after(3))}


def test_settlement_each_discrepancy(shop: Shop) -> None:
    shop.plays(name="settlement-each-discrepancy")
    for _ in range(7):
        shop.pay_by_barcode()
    entries = shop.control.get("/settlement", merchants_id=shop.merchants_id)["items"]
    assert [entry["injected"] for entry in entries] == [
        ["missing"], ["duplicate"], ["next_day"], ["fee_off"], ["amount_off"], ["unknown_row"], []]


def test_chargeback_day(shop: Shop, noon: Clock) -> None:
    shop.plays(name="chargeback-day")
    large, small = (shop.card_payment(trans_amount=amount)["out_trade_no"] for amount in ("50.01", "50.00"))
    noon.advance("86399s")
    assert (outcome(shop, large), outcome(shop, small)) == (("0000", "success"), ("0000", "success"))
    noon.advance("1s")
    assert (outcome(shop, large), outcome(shop, small)) == (("3200", "success"), ("0000", "success"))
    assert shop.refund(large, "1.00")["detail_error_code"] == "0340"


def test_duplicate_notifications(notified: Shop, receiver: Receiver, noon: Clock) -> None:
    receiver.delay = 0.5
    notified.plays(name="duplicate-notifications")
    number = notified.pay_by_barcode()["out_trade_no"]
    heard = receiver.wait_for(3)
    assert heard[2].at - heard[0].at < receiver.delay
    notified.control.post("/notifications/flush")
    noon.advance("299s")
    assert (len(receiver.heard), notified.notifications(number)[0]["status"]) == (3, "delivered")
    noon.advance("1s")
    assert len(receiver.heard) == 4
    noon.advance("3d")
    assert (len(receiver.heard), len({one.query for one in receiver.heard})) == (4, 1)


def test_expired_qr(notified: Shop, receiver: Receiver, noon: Clock) -> None:
    notified.plays(name="expired-qr")
    qr, h5, prepay = on_pages(notified)
    card = notified.card_order()["out_trade_no"]
    noon.advance("2d")
    assert statuses(notified, [qr, h5, prepay]) == {"TRADE_CLOSED"}
    last = {heard.fields["out_trade_no"]: heard.fields for heard in receiver.heard}
    assert last[qr]["trade_status"] == "TRADE_CLOSED"
    assert last[h5]["pay_result"] == last[prepay]["pay_result"] == "PAYERROR"
    assert (outcome(notified, card), last[card]["status"]) == (("3300", "expired"), "expired")


def test_forged_notifications(control: Control, receiver: Receiver) -> None:
    kinds: Counter[str] = Counter()
    with destined(control, notify_url=receiver.url) as shop:
        shop.plays(name="forged-notifications")
        for number in numbers_of(shop, 20):
            shop.pay_by_barcode("1.00", out_trade_no=number)
        shop.card_payment()
        control.post("/notifications/flush")
        for heard in receiver.wait_for(21):
            assert heard.fields["sign"] != md5_sign(heard.fields, shop.token)
            kinds[heard.fields.get("total_fee") or heard.fields["trans_amount"]] += 1
    assert set(kinds) == {"1.00", "91.00"} and min(kinds.values()) > 4


def test_happy_path(shop: Shop, noon: Clock) -> None:
    shop.plays(name="happy-path")
    assert statuses(shop, on_pages(shop)) == {"TRADE_SUCCESS"}
    assert shop.pay_by_barcode(buyer_identity_code=POOR)["result_code"] == "SUCCESS"
    assert shop.card_payment(card_of("3084"))["result_code"] == "0000"
    order = shop.card_order()
    presented(order, card_of("3100"))
    assert outcome(shop, order["out_trade_no"]) == ("0000", "success")
    transaction = shop.at_terminal("sale", "37.79")["out_trade_no"]
    noon.advance("10s")
    assert shop.query(transaction)["trade_status"] == "AUTHORISED"
    on_terminal = shop.card_order("37.84", channel_type="terminal",
                                  terminal_id=shop.first_terminal)["out_trade_no"]
    noon.advance("10s")
    assert outcome(shop, on_terminal) == ("0000", "success")
    assert shop.pay_by_barcode("free")["error"] == "ILLEGAL_ARGUMENT"


def test_insufficient_then_approved(shop: Shop) -> None:
    shop.plays(name="insufficient-then-approved")
    number = shop.number()
    assert [shop.card_payment(out_trade_no=number)["result_code"] for _ in range(2)] == ["3084", "0000"]
    order = shop.card_order()
    codes = []
    for _ in range(2):
        presented(order)
        codes.append(outcome(shop, order["out_trade_no"])[0])
    assert codes == ["3084", "0000"]
    first, second = shop.pay_by_barcode(), shop.pay_by_barcode()
    assert (first["detail_error_code"], second["result_code"]) == ("BUYER_BALANCE_NOT_ENOUGH", "SUCCESS")


def test_late_buyer(notified: Shop, receiver: Receiver, noon: Clock) -> None:
    notified.plays(name="late-buyer")
    numbers = [*on_pages(notified), notified.card_order()["out_trade_no"]]
    noon.advance("5m")
    receiver.heard.clear()  # of the QR code's creation
    noon.advance("839s")
    assert {happened(notified, number)[-1] for number in numbers} == {("pay", after(840))}
    assert receiver.heard == []
    noon.advance("1s")
    assert sorted(heard.fields["out_trade_no"] for heard in receiver.heard) == sorted(numbers)


def test_lost_answer(shop: Shop, noon: Clock) -> None:
    shop.plays(name="lost-answer")
    number, card, transaction, refund = (shop.number() for _ in range(4))
    for pay in (lambda: shop.pay_by_barcode(out_trade_no=number),
                lambda: shop.card_payment(out_trade_no=card),
                lambda: shop.at_terminal(out_trade_no=transaction),
                lambda: shop.refund(number, "0.40", out_refund_id=refund)):
        with pytest.raises(OSError):
            pay()
    noon.advance("10s")
    assert (shop.query(number)["trade_status"], shop.query(number)["refund_amount"]) == (
        "TRADE_SUCCESS", ".40")
    assert (outcome(shop, card), shop.query(transaction)["trade_status"]) == (
        ("0000", "success"), "AUTHORISED")
    assert shop.pay_by_barcode(out_trade_no=number)["result_code"] == "SUCCESS"
    assert shop.refund(number, "0.40", out_refund_id=refund)["is_success"] == "T"
    assert shop.query(number)["refund_amount"] == ".40"


def test_magic_amounts(shop: Shop, noon: Clock) -> None:
    shop.plays(name="magic-amounts")
    for amount, code in (("30.84", "3084"), ("0.53", "0053"), ("31.42", "3142"), ("12.34", "0000"),
                         ("10.00", "1000"), ("31.05", "3105")):
        assert shop.card_payment(trans_amount=amount)["result_code"] == code
    for amount, error in (("10.01", "BUYER_BALANCE_NOT_ENOUGH"), ("10.02", "BUYER_ENABLE_STATUS_FORBID"),
                          ("10.03", "BEYOND_PAY_RESTRICTION"), ("10.04", "PAYMENT_AUTH_CODE_INVALID"),
                          ("10.06", "")):
        assert shop.pay_by_barcode(amount).fields.get("detail_error_code", "") == error
    told = shop.pay_by_barcode("10.05")
    noon.advance("10s")
    assert (told["result_code"], happened(shop, told["out_trade_no"])[-1]) == ("UNKNOWN", ("pay", after(10)))


def test_notification_storm(notified: Shop, receiver: Receiver, noon: Clock) -> None:
    notified.plays(name="notification-storm")
    number = notified.qr_order()["out_trade_no"]
    assert notified.happens(number, "pay").status == 200
    noon.advance("1999ms")
    assert receiver.heard == []
    noon.advance("3s")
    assert [heard.fields["notify_type"] for heard in receiver.heard] == ["trade_status_sync"] * 100 + [
        "trans_qrcode_create_sync"] * 100


def test_partial_approval(shop: Shop, noon: Clock) -> None:
    shop.plays(name="partial-approval")
    for amount, status, approved in (("20.02", "PARTIAL_APPROVAL", "10.01"),
                                     ("20.00", "AUTHORISED", "20.00")):
        number = shop.at_terminal("sale", amount)["out_trade_no"]
        noon.advance("10s")
        assert (shop.query(number)["trade_status"], shop.query(number)["trans_amount"]) == (status, approved)
    assert [shop.card_payment(trans_amount=amount)["result_code"]
            for amount in ("20.01", "20.00")] == ["3118", "0000"]


def test_review_queue(shop: Shop, noon: Clock) -> None:
    shop.plays(name="review-queue")
    assert shop.card_payment(trans_amount="99.99")["status"] == "success"
    taken, refused, forgotten = (shop.card_payment(trans_amount="100")["out_trade_no"] for _ in range(3))
    assert outcome(shop, taken) == ("3200", "pending_review")
    assert shop.card_service("approved", taken)["status"] == "success"
    assert shop.card_service("refused", refused)["status"] == "canceled"
    noon.advance("24h")
    assert outcome(shop, forgotten) == ("0055", "canceled")


def test_terminal_busy_hour(control: Control, noon: Clock) -> None:
    tries: list[int] = []
    ends: Counter[str] = Counter()
    with destined(control) as shop:
        shop.plays(name="terminal-busy-hour")
        for number in numbers_of(shop, 25):
            codes = [shop.at_terminal("sale", "5.00", out_trade_no=number).fields.get("result_msg_code", "")]
            while codes[-1]:
                codes.append(shop.at_terminal("sale", "5.00",
                                              out_trade_no=number).fields.get("result_msg_code", ""))
            tries.append(len(codes))
            assert set(codes) <= {"1001", ""}
            noon.advance("2m")
            ends[shop.query(number)["trade_status"]] += 1
    assert 1.5 < sum(tries) / len(tries) < 4
    assert set(ends) >= {"AUTHORISED"} and len(ends) > 1


def test_terminal_offline(shop: Shop) -> None:
    shop.plays(name="terminal-offline")
    for operation in ("sale", "refund", "stopCurrentTransaction"):
        told = shop.at_terminal(operation)
        assert (told["is_success"], told["result_code"], told["result_msg_code"]) == ("F", "400", "1002")


def test_three_d_everywhere(shop: Shop) -> None:
    shop.plays(name="three-d-everywhere")
    for amount, code in (("1.00", "0000"), ("1.99", "3152")):
        told = shop.card_payment(trans_amount=amount)
        assert (told["result_code"], told["status"]) == ("3200", "pending")
        post(f"{json.loads(told['payMethodResp'])['termUrl']}/answer", {"code": "123456"})
        assert outcome(shop, told["out_trade_no"])[0] == code
        order = shop.card_order(amount)
        assert "/3ds/" in presented(order).headers["Location"]


# Those that take real time do so at the same moment.

def through_an_outage(shop: Shop) -> None:
    """The issuer is down for eight payments, whoever comes first, and back for the others."""
    shop.plays(name="issuer-outage")
    with ThreadPoolExecutor(12) as pool:
        codes = Counter(pool.map(lambda _: shop.card_payment()["result_code"], range(12)))
    assert codes == Counter(["3142", "3142", "3145", "3145", "3139", "3140", "3146", "3131"] + ["0000"] * 4)


def with_a_slow_acquirer(shop: Shop) -> None:
    """Every payment takes 8 seconds, and large ones are decided later."""
    shop.plays(name="slow-acquirer")
    asks: list[Callable[[], Answer]] = [
        lambda: shop.card_payment(trans_amount="500.01"), lambda: shop.pay_by_barcode("500.01"),
        shop.pay_by_barcode, shop.qr_order, lambda: shop.query("none")]

    def timed(ask: Callable[[], Answer]) -> tuple[float, Answer]:
        begun, answer = time.monotonic(), ask()
        return time.monotonic() - begun, answer
    with ThreadPoolExecutor(len(asks)) as pool:
        told = list(pool.map(timed, asks))
    assert [seconds >= least for (seconds, _), least in zip(told, (8, 8, 8, 8, 2))] == [True] * 5
    large, confirmed, small = (answer for _, answer in told[:3])
    assert (large["status"], confirmed["result_code"], small["result_code"]) == (
        "pending", "UNKNOWN", "SUCCESS")
    assert told[4][0] < 8


def in_chaos(shop: Shop) -> None:
    """About one payment in three is disturbed, and whatever came back, a query tells the truth of each."""
    shop.plays(name="chaos")
    numbers = numbers_of(shop, 60)

    def pay(number: str) -> str:
        try:
            return shop.pay_by_barcode(out_trade_no=number).text
        except (OSError, HTTPException):
            return ""
    with ThreadPoolExecutor(12) as pool:
        told = dict(zip(numbers, pool.map(pay, numbers)))
    assert shop.control.ask("DELETE", "/scenario", merchants_id=shop.merchants_id).status == 204
    paid = {number for number in numbers if shop.query(number).fields.get("trade_status") == "TRADE_SUCCESS"}
    assert {number for number, text in told.items() if "<result_code>SUCCESS</result_code>" in text} < paid
    disturbed = [number for number in numbers if shop.requests(number)[0]["explanation"]["rule"]]
    assert 8 <= len(disturbed) <= 35


@pytest.mark.exhaustive
def test_issuer_outage_slow_acquirer_and_chaos(control: Control) -> None:
    with destined(control) as shop, ThreadPoolExecutor(3) as pool:
        for done in (pool.submit(in_chaos, shop), pool.submit(through_an_outage, control.shop()),
                     pool.submit(with_a_slow_acquirer, control.shop())):
            done.result()
