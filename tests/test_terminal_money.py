"""Contract 4 with 1.4 and 2.10: refunds and reversals on a terminal, and what the settlement file says of
them.
"""
import csv
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from .driver import Answer, Clock, Control, Shop
from .tables import every_row

DAY = "2026-05-05"


@pytest.fixture(autouse=True)
def frozen(clock: Clock) -> Iterator[None]:
    """Time passes when a test says so, from a morning in Shanghai on."""
    clock.freeze()
    clock.set(f"{DAY}T02:00:00Z")
    yield


def done(shop: Shop, clock: Clock, operation: str = "sale", amount: str | None = "12.00",
         **params: Any) -> Answer:
    """The result of a transaction."""
    asked = shop.at_terminal(operation, amount, **params)
    assert asked["result_code"] == "202", asked.text
    clock.advance("4s")
    return shop.query(asked["out_trade_no"])


def original(answer: Answer) -> dict[str, str]:
    return {"original_out_trade_no": answer["out_trade_no"]}


def by_result_id(answer: Answer) -> dict[str, str]:
    return {"original_transaction_id": answer["transactionResultId"]}


def by_transaction_id(answer: Answer) -> dict[str, str]:
    return {"original_transaction_id": answer["transactionID"]}


def order(shop: Shop, answer: Answer) -> tuple[str, str]:
    """State and refunded amount of the order of a transaction."""
    story = shop.story(answer["out_trade_no"])
    return story["status"], story["refund_amount"]


def settled(shop: Shop, clock: Clock) -> list[tuple[str, str, str, str]]:
    """The lines of the day's settlement: number, type, amount and remarks."""
    clock.set("2026-05-20T12:00:00Z")
    rows = csv.DictReader(shop.settlement("2026-05-01", "2026-05-20").text.splitlines())
    return [(row["partner_transaction_id"], row["type"], row["amount"], row["remarks"]) for row in rows]


@pytest.mark.parametrize("named", [original, by_result_id, by_transaction_id,
                                   lambda sale: original(sale) | by_result_id(sale)])
def test_a_linked_refund_gives_a_part_of_its_sale_back(shop: Shop, clock: Clock,
                                                       named: Callable[[Answer], dict[str, str]]) -> None:
    sale = done(shop, clock)
    refund = done(shop, clock, "refund", "5.00", reference="scratched", **named(sale))
    assert (refund["trade_status"], refund["trans_amount"], refund["operation"]) == (
        "AUTHORISED", "5.00", "refund")
    assert order(shop, sale) == ("TRADE_SUCCESS", "5.00")
    assert settled(shop, clock) == [(sale["out_trade_no"], "P", "12.00", "TGPay"),
                                    (refund["out_trade_no"], "R", "-5.00", "scratched")]


def test_a_linked_refund_names_its_sale_in_the_result(shop: Shop, clock: Clock) -> None:
    sale = done(shop, clock)
    assert done(shop, clock, "refund", "5.00",
                **original(sale))["originalTransactionID"] == sale["transactionID"]


def test_a_linked_refund_of_more_than_is_left_is_declined(shop: Shop, clock: Clock) -> None:
    sale = done(shop, clock)
    for amount, status in (("8.00", "AUTHORISED"), ("4.01", "DECLINED"), ("4.00", "AUTHORISED"),
                           ("0.01", "DECLINED")):
        refund = done(shop, clock, "refund", amount, **original(sale))
        assert refund["trade_status"] == status
        assert bool(refund["authorisationCode"]) == (status == "AUTHORISED")
    assert order(shop, sale) == ("TRADE_CLOSED", "12.00")


def test_a_refund_counts_also_where_its_sale_is_finished_by_the_same_move_of_the_clock(
         shop: Shop, clock: Clock) -> None:
    sale = done(shop, clock)
    # the sale is finished half a minute later, the refund in some seconds
    clock.advance(f"{90 * 86_400 - 30}s")
    assert shop.at_terminal("refund", "5.00", **original(sale))["result_code"] == "202"
    assert order(shop, sale) == ("TRADE_SUCCESS", "0.00")
    clock.advance("1h")
    assert order(shop, sale) == ("TRADE_FINISHED", "5.00")


def test_two_refunds_at_once_never_give_back_more_than_there_is(shop: Shop, clock: Clock) -> None:
    sale = done(shop, clock)
    asked = [shop.at_terminal("refund", "8.00", terminal_sn=serial, **original(sale))
             for serial in shop.terminals]
    clock.advance("4s")
    assert sorted(shop.query(answer["out_trade_no"])["trade_status"] for answer in asked) == [
        "AUTHORISED", "DECLINED"]
    assert order(shop, sale) == ("TRADE_SUCCESS", "8.00")


def test_an_unlinked_refund_is_money_to_a_card(shop: Shop, clock: Clock) -> None:
    refund = done(shop, clock, "refund", "5.00")
    assert (refund["trade_status"], refund["originalTransactionID"]) == ("AUTHORISED", "")
    assert settled(shop, clock) == [(refund["out_trade_no"], "R", "-5.00", "")]


def test_a_partial_approval_settles_what_was_approved(shop: Shop, clock: Clock) -> None:
    sale = done(shop, clock, amount="37.57")
    assert settled(shop, clock) == [(sale["out_trade_no"], "P", "11.00", "TGPay")]


def test_of_a_partial_approval_no_more_than_was_approved_is_given_back(shop: Shop, clock: Clock) -> None:
    sale = done(shop, clock, amount="37.57")
    assert [done(shop, clock, "refund", amount, **original(sale))["trade_status"]
            for amount in ("11.01", "11.00")] == [
        "DECLINED", "AUTHORISED"]


@pytest.mark.parametrize("named", [original, by_result_id, by_transaction_id])
def test_a_sale_is_reversed_as_a_whole_without_a_card(shop: Shop, clock: Clock,
                                                      named: Callable[[Answer], dict[str, str]]) -> None:
    sale = done(shop, clock)
    asked = shop.at_terminal("saleReversal", None, **named(sale))
    assert shop.terminal()["state"] == "AUTHORISING"
    assert shop.at_terminal("stopCurrentTransaction", None, out_trade_no=None)["result_msg_code"] == "1003"
    clock.advance("500ms")
    reversal = shop.query(asked["out_trade_no"])
    assert (reversal["trade_status"], reversal["trans_amount"],
            reversal["cardEntryType"]) == ("AUTHORISED", "12.00", "UNDEFINED")
    assert reversal["maskedCardNumber"] == sale["maskedCardNumber"]
    assert order(shop, sale) == ("TRADE_CLOSED", "12.00")
    assert shop.query(sale["out_trade_no"]).fields == sale.fields
    assert settled(shop, clock) == [(sale["out_trade_no"], "P", "12.00", "TGPay"),
                                    (sale["transactionID"], "R", "-12.00", "cancel")]


IMPOSSIBLE: dict[str, Callable[[Shop, Clock, Answer], dict[str, Any]]] = {
    "a second time": lambda shop, clock, sale: done(shop, clock, "saleReversal", None, **original(sale))
    and {}, "after a refund": lambda shop, clock,
    sale: done(shop, clock, "refund", "0.01", **original(sale)) and {},
    "a day later": lambda shop, clock, sale: clock.advance("24h") or {},
    "in part": lambda shop, clock, sale: {"amount": "11.99"},
    "of nothing": lambda shop, clock, sale: {"original_out_trade_no": "no such order"},
    "of a transaction that is none": lambda shop, clock,
    sale: {"original_out_trade_no": None, "original_transaction_id": "801-1"},
    "of two that differ": lambda shop, clock,
    sale: {"original_transaction_id": done(shop, clock)["transactionID"]},
    "of a declined sale": lambda shop, clock, sale: original(done(shop, clock, amount="37.84")),
    "of a refund": lambda shop, clock, sale: original(done(shop, clock, "refund", "12.00")),
    "of a QR order": lambda shop, clock,
    sale: {"original_out_trade_no": shop.pay_by_barcode("12.00")["out_trade_no"]},
    "of a sale that the tgpayrefund has touched": lambda shop, clock,
    sale: shop.refund(sale["out_trade_no"], "0.01") and {}}


@every_row("impossible", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_a_reversal_that_is_impossible_is_declined(shop: Shop, clock: Clock,
                                                   impossible: Callable[..., dict[str, Any]]) -> None:
    sale = done(shop, clock)
    params = {"amount": None, **original(sale), **impossible(shop, clock, sale)}
    before = order(shop, sale)
    reversal = done(shop, clock, "saleReversal", **params)
    assert (reversal["trade_status"], reversal["trans_amount"],
            reversal["statusMessage"]) == ("DECLINED", "0.00", "Original not found")
    assert order(shop, sale) == before


def test_just_within_24_hours_a_sale_is_reversed(shop: Shop, clock: Clock) -> None:
    sale = done(shop, clock)
    clock.advance("23h")
    assert done(shop, clock, "saleReversal", None, **original(sale))["trade_status"] == "AUTHORISED"


@pytest.mark.parametrize("amount", ["5.00", "12.00"])
def test_a_reversed_refund_puts_the_money_back_into_its_sale(shop: Shop, clock: Clock, amount: str) -> None:
    sale = done(shop, clock)
    refund = done(shop, clock, "refund", amount, **original(sale))
    reversal = done(shop, clock, "refundReversal", None, **original(refund))
    assert (reversal["trade_status"], reversal["trans_amount"],
            order(shop, sale)) == ("AUTHORISED", amount, ("TRADE_SUCCESS", "0.00"))
    assert done(shop, clock, "refundReversal", None, **original(refund))["trade_status"] == "DECLINED"
    assert done(shop, clock, "refund", "12.00", **original(sale))["trade_status"] == "AUTHORISED"
    assert sum(float(line[2]) for line in settled(shop, clock)) == 0


def test_a_reversed_refund_without_a_sale_is_money_again(shop: Shop, clock: Clock) -> None:
    refund = done(shop, clock, "refund", "5.00")
    assert done(shop, clock, "refundReversal", None, **by_result_id(refund))["trade_status"] == "AUTHORISED"
    assert done(shop, clock, "refundReversal", None, **original(refund))["trade_status"] == "DECLINED"
    assert [line[1:3] for line in settled(shop, clock)] == [("R", "-5.00"), ("R", "5.00")]


@pytest.mark.parametrize("operation, make", [("refundReversal", "sale"), ("saleReversal", "refund")])
def test_a_reversal_of_the_other_kind_is_declined(shop: Shop, clock: Clock, operation: str,
                                                  make: str) -> None:
    first = done(shop, clock, make)
    assert done(shop, clock, operation, None, **original(first))["statusMessage"] == "Original not found"


def test_a_sale_can_be_given_back_through_tgpayrefund_and_tgpaycancel_too(shop: Shop, clock: Clock) -> None:
    sale = done(shop, clock)
    assert shop.refund(sale["out_trade_no"], "2.00", out_refund_id="r1")["is_success"] == "T"
    assert done(shop, clock, "refund", "10.01", **original(sale))["trade_status"] == "DECLINED"
    assert shop.cancel(sale["out_trade_no"])["is_success"] == "T"
    assert order(shop, sale) == ("TRADE_CLOSED", "12.00")


def test_a_cancel_stops_the_terminal_when_that_is_possible(shop: Shop, clock: Clock) -> None:
    number = shop.at_terminal()["out_trade_no"]
    assert shop.cancel(number)["is_success"] == shop.cancel(number)["is_success"] == "T"
    assert (shop.query(number)["trade_status"], shop.terminal()["state"]) == ("CANCELLED", "CANCELLED")
    number = shop.at_terminal()["out_trade_no"]
    clock.advance("1200ms")
    assert shop.cancel(number)["error"] == "TRADE_STATUS_ERROR"
    assert shop.query(number)["result_code"] == "204"


def test_what_is_not_known_yet_cannot_be_cancelled(shop: Shop, clock: Clock) -> None:
    number = shop.at_terminal(amount="37.68")["out_trade_no"]
    clock.advance("2s")
    assert shop.cancel(number)["error"] == "TRADE_STATUS_ERROR"
    clock.advance("10s")
    assert shop.cancel(number)["is_success"] == "T"


@pytest.mark.parametrize("operation", ["refund", "saleReversal"])
def test_what_is_no_payment_cannot_be_refunded_or_cancelled(shop: Shop, clock: Clock, operation: str) -> None:
    sale = done(shop, clock)
    back = done(shop, clock, operation, "12.00" if operation == "refund" else None, **original(sale))
    assert shop.refund(back["out_trade_no"], "1.00")["error"] == "REASON_TRADE_REFUND_FEE_ERR"
    assert shop.cancel(back["out_trade_no"])["error"] == "TRADE_STATUS_ERROR"


def test_the_settlement_line_of_a_terminal(shop: Shop, clock: Clock) -> None:
    sale = done(shop, clock, amount="100.00", reference="=table 7")
    clock.set("2026-05-20T12:00:00Z")
    row, = csv.DictReader(shop.settlement(DAY, "2026-05-06").text.splitlines())
    assert {name: row[name] for name in ("partner_transaction_id", "transaction_id", "fee", "settlement",
                                         "order_scene", "terminal_id",
                                         "remarks", "payment_time")} == {
        "partner_transaction_id": sale["out_trade_no"], "transaction_id": sale["transactionID"],
        "fee": "0.60", "settlement": "99.40", "order_scene": "posTerminal",
        "terminal_id": shop.first_terminal, "remarks": "'=table 7", "payment_time": f"{DAY} 10:00:02"}


def test_in_any_order_of_events_the_settlement_agrees_with_a_model(control: Control, clock: Clock) -> None:
    for seed in range(4):
        shop, chance, total = control.shop(), random.Random(seed), 0
        left: dict[str, int] = {}  # of each sale that is not reversed, in pence
        whole: dict[str, int] = {}
        refunds: dict[str, tuple[str, int]] = {}
        for _ in range(25):
            act = chance.choice(["sale", "refund", "saleReversal", "refundReversal", "unlinked"])
            pence = chance.randint(1, 3_000)
            about = chance.choice(list(whole) or ["none"])
            given = chance.choice(list(refunds) or ["none"])
            amount = f"{pence // 100}.{pence % 100:02d}"
            if act == "sale":
                number = done(shop, clock, "sale", amount)["out_trade_no"]
                left[number] = whole[number] = pence
                total += pence
            elif act == "unlinked":
                assert done(shop, clock, "refund", amount)["trade_status"] == "AUTHORISED"
                total -= pence
            elif act == "refund":
                fits = pence <= left.get(about, 0)
                told = done(shop, clock, "refund", amount, original_out_trade_no=about)
                assert told["trade_status"] == ("AUTHORISED" if fits else "DECLINED")
                if fits:
                    refunds[told["out_trade_no"]] = (about, pence)
                    left[about] -= pence
                    total -= pence
            elif act == "saleReversal":
                fits = about in left and left[about] == whole[about] > 0
                told = done(shop, clock, act, None, original_out_trade_no=about)
                assert told["trade_status"] == ("AUTHORISED" if fits else "DECLINED")
                total -= left.pop(about) if fits else 0
            else:
                told = done(shop, clock, act, None, original_out_trade_no=given)
                assert told["trade_status"] == ("AUTHORISED" if given in refunds else "DECLINED")
                if given in refunds:
                    sale, pence = refunds.pop(given)
                    left[sale] += pence
                    total += pence
        lines = settled(shop, clock)
        assert sum(round(float(line[2]) * 100) for line in lines) == total, seed
        clock.set(f"{DAY}T02:00:00Z")
        control.ask("DELETE", f"/merchants/{shop.merchants_id}")
