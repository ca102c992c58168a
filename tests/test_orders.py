"""Contract 1.4: orders and how they move, as tables without a clock."""
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.codes import Refused
from emulator.orders import MOVES, Event, Order, Status, at, falls_due, moved, refunded

MINUTE = 60_000
DAY = 1_440 * MINUTE
MADE, EXPIRES, PAID, FINISHES = 1_000_000, 1_000_000 + 30 * MINUTE, 1_500_000, 1_500_000 + 90 * DAY

WAIT, SUCCESS, CLOSED, FINISHED = Status.WAIT_BUYER_PAY, Status.TRADE_SUCCESS, Status.TRADE_CLOSED, Status.TRADE_FINISHED
ALLOWED = {
    (WAIT, Event.PAY): SUCCESS,
    (WAIT, Event.DECLINE): WAIT,
    (WAIT, Event.FAIL): CLOSED,
    (WAIT, Event.CANCEL): CLOSED,
    (WAIT, Event.CLOSE): CLOSED,
    (WAIT, Event.EXPIRE): CLOSED,
    (SUCCESS, Event.REFUND): SUCCESS,
    (SUCCESS, Event.REFUND_ALL): CLOSED,
    (SUCCESS, Event.CANCEL): CLOSED,
    (SUCCESS, Event.FINISH): FINISHED,
}
REFUSED = {WAIT: "TRADE_STATUS_ERROR", SUCCESS: "TRADE_HAS_SUCCESS", CLOSED: "TRADE_HAS_CLOSE", FINISHED: "TRADE_HAS_FINISHED"}

WAITING = Order("29", "29-1", "tgpayqrcode", "alipay", 1_000, "GBP", 907_480_000, 600_000, MADE, EXPIRES, "token", "", "127.0.0.1")
WATCHED = replace(WAITING, watched=True)
PAYED = replace(WAITING, status=SUCCESS, paid_at=PAID, finishes_at=FINISHES)
ORDERS = {
    WAIT: WAITING,
    SUCCESS: PAYED,
    CLOSED: replace(WAITING, status=CLOSED, closed_at=EXPIRES, closed_by="expire"),
    FINISHED: replace(PAYED, status=FINISHED),
}


@pytest.mark.parametrize("event", list(Event))
@pytest.mark.parametrize("status", list(Status))
def test_an_event_moves_an_order_as_the_contract_says_or_is_refused_with_the_code_of_its_state(status: Status, event: Event):
    if (status, event) in ALLOWED:
        assert moved(ORDERS[status], event, 5).status is ALLOWED[status, event]
    else:
        with pytest.raises(Refused) as refused:
            moved(ORDERS[status], event, 5)
        assert refused.value.code.name == REFUSED[status]


def test_there_are_no_other_moves():
    assert dict(MOVES) == ALLOWED


@pytest.mark.parametrize("status, event", [pair for pair, after in ALLOWED.items() if after is CLOSED])
def test_a_closed_order_knows_when_and_by_what_it_closed(status: Status, event: Event):
    closed = moved(ORDERS[status], event, 1_600_000)
    assert (closed.closed_at, closed.closed_by) == (1_600_000, event)


def test_a_move_leaves_the_order_it_was_given_as_it_was():
    moved(WAITING, Event.PAY, 5)
    assert WAITING.status is WAIT


@pytest.mark.parametrize("order, now, status", [
    (WAITING, EXPIRES - 1, WAIT), (WAITING, EXPIRES, CLOSED), (WAITING, EXPIRES + DAY, CLOSED),
    (PAYED, EXPIRES, SUCCESS), (PAYED, FINISHES - 1, SUCCESS), (PAYED, FINISHES, FINISHED), (PAYED, FINISHES + DAY, FINISHED),
    (ORDERS[CLOSED], FINISHES, CLOSED), (ORDERS[FINISHED], FINISHES + DAY, FINISHED)])
def test_what_time_decides_is_so_at_its_instant_and_not_a_millisecond_before(order: Order, now: int, status: Status):
    assert at(order, now).status is status


@pytest.mark.parametrize("now", [EXPIRES, EXPIRES + 1, EXPIRES + DAY])
def test_an_order_has_expired_at_its_time_limit_whenever_anybody_looks(now: int):
    assert (at(WAITING, now).closed_at, at(WAITING, now).closed_by) == (EXPIRES, Event.EXPIRE)


@pytest.mark.parametrize("order, due", [
    (WAITING, (EXPIRES, Event.EXPIRE)),
    (PAYED, (FINISHES, Event.FINISH)),
    (ORDERS[CLOSED], None),
    (ORDERS[FINISHED], None),
    (WATCHED, (MADE + 15 * MINUTE, None)),
    (replace(WATCHED, expires_at=MADE + MINUTE), (MADE + MINUTE, Event.EXPIRE)),
    (replace(WATCHED, expires_at=MADE + 15 * MINUTE), (MADE + 15 * MINUTE, None)),
    (replace(WATCHED, status=CLOSED), (MADE + 15 * MINUTE, None))])
def test_what_falls_due_next_is_the_earliest_of_expiry_end_of_refunds_and_the_15_minutes_of_a_qr_order(
        order: Order, due: tuple[int, Event | None] | None):
    assert falls_due(order) == due


@pytest.mark.parametrize("event, watched", [
    (Event.PAY, False), (Event.CANCEL, False), (Event.DECLINE, True), (Event.CLOSE, True), (Event.EXPIRE, True)])
def test_paying_or_cancelling_a_qr_order_fulfils_the_duty_of_the_15_minutes(event: Event, watched: bool):
    assert moved(WATCHED, event, MADE + 1).watched is watched


@pytest.mark.parametrize("before, amount, status, left", [
    (0, 1, SUCCESS, 999), (0, 1_000, CLOSED, 0), (400, 599, SUCCESS, 1), (400, 600, CLOSED, 0)])
def test_a_refund_leaves_the_order_paid_until_nothing_is_left(before: int, amount: int, status: Status, left: int):
    after, _ = refunded(replace(PAYED, refunded=before), amount, PAID)
    assert (after.status, after.left) == (status, left)


@pytest.mark.parametrize("order, amount, error", [
    (PAYED, 1_001, "REASON_TRADE_REFUND_FEE_ERR"),
    (replace(PAYED, refunded=400), 601, "REASON_TRADE_REFUND_FEE_ERR"),
    (WAITING, 1, "TRADE_STATUS_ERROR"),
    (WAITING, 1_001, "TRADE_STATUS_ERROR"),
    (ORDERS[CLOSED], 1, "TRADE_HAS_CLOSE"),
    (ORDERS[CLOSED], 1_001, "TRADE_HAS_CLOSE"),
    (ORDERS[FINISHED], 1, "TRADE_HAS_FINISHED")])
def test_a_refund_that_is_too_much_or_of_an_order_in_another_state_is_refused(order: Order, amount: int, error: str):
    with pytest.raises(Refused) as refused:
        refunded(order, amount, PAID)
    assert refused.value.code.name == error


@given(st.lists(st.integers(1, 1_200), max_size=30))
def test_no_sequence_of_refunds_gives_back_more_than_was_paid(amounts: list[int]):
    order, given_back = PAYED, 0
    for amount in amounts:
        try:
            order, _ = refunded(order, amount, PAID)
        except Refused:
            assert given_back + amount > 1_000
        else:
            given_back += amount
        assert order.refunded == given_back <= 1_000
        assert (order.status is CLOSED) == (given_back == 1_000)
