"""Contract 2.4, with 1.4 on repetition: tgpayrefund.php gives money back, at once or in parts."""
import pytest

from ..driver import Clock, Receiver, Shop
from ..tables import every_row

FIELDS = ["is_success", "result_code", "error", "alipay_trans_id", "partner_refund_id", "partner_trans_id",
          "refund_amount", "currency",
          "exchange_rate", "refund_amount_cny", "trans_amount_cny"]


def refunded(shop: Shop, number: str) -> str:
    return shop.story(number)["refund_amount"]


def test_a_refund_answers_every_documented_field_in_order_and_unsigned(shop: Shop):
    paid = shop.pay_by_barcode("10.00")
    answer = shop.refund(paid["out_trade_no"], "1.5", out_refund_id="R1", refund_reson="broken",
                         account_id="wos.101", terminal_id="8")
    assert answer.xml.tag == "TGPayPro"
    assert list(answer.fields) == FIELDS
    assert answer.fields == {
        "is_success": "T", "result_code": "SUCCESS", "error": "", "alipay_trans_id": paid["trans_id"],
        "partner_refund_id": "R1", "partner_trans_id": paid["out_trade_no"], "refund_amount": "1.50",
        "currency": "GBP", "exchange_rate": "9.07480000", "refund_amount_cny": "13.61",
        "trans_amount_cny": "13.61"}
    assert shop.findings(answer) == set()


def test_a_refusal_has_the_same_root_and_is_unsigned(shop: Shop):
    answer = shop.refund("nothing", "1.00")
    assert answer.xml.tag == "TGPayPro"
    assert list(answer.fields) == ["is_success", "result_code", "error", "detail_error_code",
                                   "detail_error_des", "merchants_id",
                                   "out_trade_no"]
    assert (answer["is_success"], answer["result_code"], answer["error"]) == ("F", "FAIL", "TRADE_NOT_EXIST")


@every_row("name, error", [
    ("merchants_id", "ILLEGAL_PARTNER"), ("out_trade_no", "ILLEGAL_ARGUMENT"),
    ("refund_amount", "ILLEGAL_ARGUMENT")])
def test_a_required_parameter_is_refused_when_missing(shop: Shop, name: str, error: str):
    params = {"out_trade_no": shop.pay_by_barcode()["out_trade_no"], "refund_amount": "0.10", name: None}
    assert shop.ask("tgpayrefund", **params)["error"] == error


@every_row("amount", ["0", "0.00", "-0.10", "0.001", "1e-1", "all", "1000000.01"])
def test_a_refund_that_is_no_amount_is_refused(shop: Shop, amount: str):
    number = shop.pay_by_barcode()["out_trade_no"]
    assert shop.refund(number, amount)["error"] == "ILLEGAL_ARGUMENT"
    assert refunded(shop, number) == "0.00"


@every_row("order", [Shop.qr_order, Shop.h5_order, Shop.prepay_order])
def test_orders_of_every_wallet_endpoint_can_be_refunded(shop: Shop, order):
    number = order(shop)["out_trade_no"]
    shop.happens(number, "pay")
    assert shop.refund(number, "0.25")["result_code"] == "SUCCESS"
    assert shop.query(number)["refund_amount"] == ".25"


def test_part_refunds_leave_the_order_paid_and_the_last_one_closes_it(shop: Shop):
    number = shop.pay_by_barcode("1.00")["out_trade_no"]
    for amount, status in (("0.01", "TRADE_SUCCESS"), ("0.98", "TRADE_SUCCESS"), ("0.01", "TRADE_CLOSED")):
        assert shop.refund(number, amount)["result_code"] == "SUCCESS"
        assert shop.query(number)["trade_status"] == status


@every_row("before, amount", [((), "1.01"), (("0.50",), "0.51"), (("0.99",), "1.00")])
def test_refunds_never_exceed_the_payment(shop: Shop, before: tuple[str, ...], amount: str):
    number = shop.pay_by_barcode("1.00")["out_trade_no"]
    for part in before:
        shop.refund(number, part)
    so_far = refunded(shop, number)
    assert shop.refund(number, amount)["error"] == "REASON_TRADE_REFUND_FEE_ERR"
    assert refunded(shop, number) == so_far


def test_an_order_that_is_not_paid_cannot_be_refunded(shop: Shop):
    assert shop.refund(shop.qr_order()["out_trade_no"], "1.00")["error"] == "TRADE_STATUS_ERROR"


@pytest.mark.parametrize("event", ["expire", "close"])
def test_an_order_closed_unpaid_cannot_be_refunded(shop: Shop, event: str):
    number = shop.qr_order()["out_trade_no"]
    shop.happens(number, event)
    assert shop.refund(number, "1.00")["error"] == "TRADE_HAS_CLOSE"


def test_an_order_refunded_in_full_or_cancelled_cannot_be_refunded(shop: Shop):
    given_back, cancelled = shop.pay_by_barcode()["out_trade_no"], shop.pay_by_barcode()["out_trade_no"]
    shop.refund(given_back, "1.00")
    shop.cancel(cancelled)
    assert [shop.refund(number, "0.01")["error"]
            for number in (given_back, cancelled)] == ["TRADE_HAS_CLOSE"] * 2


def test_refunds_end_with_the_refund_period(shop: Shop, clock: Clock):
    clock.freeze()
    number = shop.pay_by_barcode()["out_trade_no"]
    clock.advance(f"{90 * 86_400_000 - 1}ms")
    assert shop.refund(number, "0.10", out_refund_id="in time")["result_code"] == "SUCCESS"
    clock.advance("1ms")
    assert shop.refund(number, "0.10")["error"] == "TRADE_HAS_FINISHED"
    assert shop.refund(number, "0.10", out_refund_id="in time")["result_code"] == "SUCCESS"
    assert refunded(shop, number) == "0.10"


@every_row("amount", ["0.50", "0.5", "1.00"], apart=True)
def test_the_same_out_refund_id_answers_as_the_first_time_and_refunds_once(shop: Shop, amount: str):
    number = shop.pay_by_barcode("1.00")["out_trade_no"]
    first = shop.refund(number, "1.00" if amount == "1.00" else "0.50", out_refund_id="once")
    again = shop.refund(number, amount, out_refund_id="once", refund_reson="told differently")
    assert again.raw == first.raw
    assert len(shop.story(number)["refunds"]) == 1


def test_an_out_refund_id_with_another_amount_or_order_is_discordant(shop: Shop):
    number, other = shop.pay_by_barcode()["out_trade_no"], shop.pay_by_barcode()["out_trade_no"]
    shop.refund(number, "0.50", out_refund_id="taken")
    assert shop.refund(number, "0.40", out_refund_id="taken")["error"] == "DISCORDANT_REPEAT_REQUEST"
    assert shop.refund(other, "0.50", out_refund_id="taken")["error"] == "DISCORDANT_REPEAT_REQUEST"
    assert (refunded(shop, number), refunded(shop, other)) == ("0.50", "0.00")


def test_a_refused_refund_does_not_use_its_id_up(shop: Shop):
    number = shop.pay_by_barcode("1.00")["out_trade_no"]
    assert shop.refund(number, "2.00", out_refund_id="again")["error"] == "REASON_TRADE_REFUND_FEE_ERR"
    assert shop.refund(number, "0.20", out_refund_id="again")["result_code"] == "SUCCESS"


def test_another_merchant_may_use_the_same_out_refund_id(shop: Shop, notified: Shop):
    for merchant in (shop, notified):
        assert merchant.refund(merchant.pay_by_barcode()["out_trade_no"], "0.50",
                               out_refund_id="mine")["result_code"] == "SUCCESS"


def test_without_an_out_refund_id_each_call_is_a_new_refund_with_an_id_of_the_gateways(
        shop: Shop, clock: Clock):
    clock.freeze()
    number = shop.pay_by_barcode("1.00")["out_trade_no"]
    made = {shop.refund(number, "0.10")["partner_refund_id"] for _ in range(4)}
    assert len(made) == 4 and "" not in made
    assert refunded(shop, number) == "0.40"


@pytest.mark.parametrize("give_back", [lambda shop: shop.refund("A", "0.10"), lambda shop: shop.cancel("A")],
                         ids=["refund", "cancel"])
def test_the_gateways_id_is_never_one_that_the_merchant_has_used(shop: Shop, clock: Clock, give_back):
    clock.freeze()
    shop.pay_by_barcode(out_trade_no="A")
    made = shop.refund("A", "0.10")["partner_refund_id"]
    shop.control.post("/reset", merchants_id=shop.merchants_id)
    for number in ("A", "B"):
        shop.pay_by_barcode(out_trade_no=number)
    assert shop.refund("B", "0.20", out_refund_id=made)["result_code"] == "SUCCESS"
    assert give_back(shop)["result_code"] == "SUCCESS"


@pytest.mark.parametrize("length, error", [(64, ""), (65, "ILLEGAL_ARGUMENT")])
def test_an_out_refund_id_has_at_most_64_characters(shop: Shop, length: int, error: str):
    assert shop.refund(shop.pay_by_barcode()["out_trade_no"], "0.10",
                       out_refund_id="r" * length)["error"] == error


def test_the_rate_of_a_refund_is_that_of_its_payment(shop: Shop):
    number = shop.pay_by_barcode()["out_trade_no"]
    shop.control.ask("PATCH", f"/merchants/{shop.merchants_id}", {"rate": "1.00000000"})
    answer = shop.refund(number, "1.00")
    assert (answer["exchange_rate"], answer["refund_amount_cny"]) == ("9.07480000", "9.07")


def test_a_refund_sends_no_notification(notified: Shop, receiver: Receiver):
    number = notified.pay_by_barcode()["out_trade_no"]
    notified.refund(number, "0.50")
    notified.refund(number, "0.50")
    notified.control.post("/notifications/flush")
    assert [notification.fields["notify_type"]
            for notification in receiver.heard] == ["merchant_scan_status_sync"]
