"""tgpaycheck.php: an older name of the query, as a public client polls it."""
from dataclasses import replace

from tgpay_emulator.gateway.endpoints import ENDPOINTS
from tgpay_emulator.gateway.fidelity import endpoints_table

from ..driver import Answer, Clock, Shop
from ..tables import every_row


def check(shop: Shop, out_trade_no: str) -> Answer:
    """The poll of a public client: without sign_type."""
    return shop.ask("tgpaycheck", out_trade_no=out_trade_no, sign_type=None)


@every_row("pay", [Shop.pay_by_barcode, Shop.qr_order, Shop.card_payment, Shop.card_order])
def test_it_answers_as_the_query_with_the_trade_number_under_its_older_name_too(shop: Shop, pay) -> None:
    number = pay(shop)["out_trade_no"]
    answer, query = check(shop, number), shop.query(number)
    names = list(query.fields)
    place = names.index("trans_id") + 1
    assert list(answer.fields) == [*names[:place], "alipay_trans_id", *names[place:]]
    assert answer["alipay_trans_id"] == answer["trans_id"]
    assert {name for name in names if answer[name] != query[name]} <= {"sign"}
    assert shop.verifies(answer) and shop.findings(answer) == set()


def test_a_client_that_polls_learns_that_the_order_is_paid(shop: Shop) -> None:
    number = shop.qr_order()["out_trade_no"]
    polled = [check(shop, number)]
    shop.happens(number, "pay")
    polled.append(check(replace(shop, base="/api"), number))
    assert [(answer["is_success"], answer["trade_status"]) for answer in polled] == [
        ("T", "WAIT_BUYER_PAY"), ("T", "TRADE_SUCCESS")]
    assert [bool(answer["alipay_trans_id"]) for answer in polled] == [False, True]
    assert shop.findings(polled[1]) == {"OLD_ADDRESS"}


def test_a_sale_on_a_terminal_is_told_as_the_query_tells_it(shop: Shop, clock: Clock) -> None:
    clock.freeze()
    number = shop.at_terminal()["out_trade_no"]
    assert check(shop, number)["result_code"] == "204"
    clock.advance("10s")
    answer = check(shop, number)
    assert (answer["trade_status"], answer.fields) == ("AUTHORISED", shop.query(number).fields)


def test_to_ask_again_too_soon_is_a_finding_under_either_name(shop: Shop, clock: Clock) -> None:
    clock.freeze()
    number = shop.at_terminal(amount="37.68")["out_trade_no"]
    clock.advance("5s")
    assert check(shop, number)["trade_status"] == "UNDEFINED"
    assert shop.findings(shop.query(number)) == shop.findings(check(shop, number)) == {"QUERIED_TOO_SOON"}


def test_an_order_that_is_polled_was_not_left_open(shop: Shop, clock: Clock) -> None:
    clock.freeze()
    order = shop.qr_order(it_b_pay="1d")
    check(shop, order["out_trade_no"])
    clock.advance("16m")
    assert shop.findings(order) == set()


def test_an_order_number_is_needed_and_must_be_known(shop: Shop) -> None:
    missing = shop.ask("tgpaycheck", transactionResultId="1", sign_type=None)
    assert (missing["error"], missing["detail_error_des"]) == ("ILLEGAL_ARGUMENT", "out_trade_no is missing")
    assert check(shop, "unknown")["error"] == "TRADE_NOT_EXIST"


def test_it_is_marked_as_observed() -> None:
    table = ENDPOINTS["tgpaycheck"]
    assert {row.source.value for row in (*table.params, *table.answer)} == {"observed"}
    assert "| `/v2/tgpaycheck.php` | 3 | Query by its older name | observed |" in endpoints_table()
