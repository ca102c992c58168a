"""Orders and their transitions, as tables without a clock."""
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tgpay_emulator.domain.card_orders import CardOrder, CardState, charged_back, retried
from tgpay_emulator.domain.orders import Event, Order, Status
from tgpay_emulator.domain.transitions import at, falls_due, moved, refunded
from tgpay_emulator.domain.wallet_orders import WalletOrder
from tgpay_emulator.protocol.codes import Refused
from tgpay_emulator.protocol.response_codes import CardStatus

from .tables import every_row

MINUTE = 60_000
DAY = 1_440 * MINUTE
MADE, EXPIRES, PAID, FINISHES = 1_000_000, 1_000_000 + 30 * MINUTE, 1_500_000, 1_500_000 + 90 * DAY

WAIT, SUCCESS = Status.WAIT_BUYER_PAY, Status.TRADE_SUCCESS
CLOSED, FINISHED = Status.TRADE_CLOSED, Status.TRADE_FINISHED
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
REFUSED = {WAIT: "TRADE_STATUS_ERROR", SUCCESS: "TRADE_HAS_SUCCESS", CLOSED: "TRADE_HAS_CLOSE",
           FINISHED: "TRADE_HAS_FINISHED"}

FACTS = ("alipay", 1_000, "GBP", 907_480_000, 600_000, MADE, EXPIRES, "token", "", "127.0.0.1")
WAITING = WalletOrder("29", "29-1", "tgpayqrcode", *FACTS)
WATCHED = replace(WAITING, watched=True)
PAYED = replace(WAITING, status=SUCCESS, paid_at=PAID, finishes_at=FINISHES)
ORDERS = {
    WAIT: WAITING,
    SUCCESS: PAYED,
    CLOSED: replace(WAITING, status=CLOSED, closed_at=EXPIRES, closed_by="expire"),
    FINISHED: replace(PAYED, status=FINISHED),
}


@every_row("event", list(Event))
@every_row("status", list(Status))
def test_an_event_moves_an_order_as_the_contract_says_or_is_refused_with_the_code_of_its_state(
         status: Status, event: Event):
    if (status, event) in ALLOWED:
        assert moved(ORDERS[status], event, 5).status is ALLOWED[status, event]
    else:
        with pytest.raises(Refused) as refused:
            moved(ORDERS[status], event, 5)
        assert refused.value.code.name == REFUSED[status]


def test_there_are_no_other_transitions():
    assert dict(WalletOrder.TRANSITIONS) == ALLOWED


@every_row("status, event", [pair for pair, after in ALLOWED.items() if after is CLOSED])
def test_a_closed_order_knows_when_and_by_what_it_closed(status: Status, event: Event):
    closed = moved(ORDERS[status], event, 1_600_000)
    assert (closed.closed_at, closed.closed_by) == (1_600_000, event)


def test_a_move_leaves_the_order_it_was_given_as_it_was():
    moved(WAITING, Event.PAY, 5)
    assert WAITING.status is WAIT


@every_row("order, now, status", [
    (WAITING, EXPIRES - 1, WAIT), (WAITING, EXPIRES, CLOSED), (WAITING, EXPIRES + DAY, CLOSED),
    (PAYED, EXPIRES, SUCCESS), (PAYED, FINISHES - 1, SUCCESS), (PAYED, FINISHES, FINISHED),
    (PAYED, FINISHES + DAY, FINISHED), (ORDERS[CLOSED], FINISHES, CLOSED),
    (ORDERS[FINISHED], FINISHES + DAY, FINISHED)])
def test_what_time_decides_is_so_at_its_instant_and_not_a_millisecond_before(
         order: Order, now: int, status: Status):
    assert at(order, now).status is status


@every_row("now", [EXPIRES, EXPIRES + 1, EXPIRES + DAY])
def test_an_order_has_expired_at_its_time_limit_whenever_anybody_looks(now: int):
    assert (at(WAITING, now).closed_at, at(WAITING, now).closed_by) == (EXPIRES, Event.EXPIRE)


@every_row("order, due", [
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


@every_row("event, watched", [
    (Event.PAY, False), (Event.CANCEL, False), (Event.DECLINE, True), (Event.CLOSE, True),
    (Event.EXPIRE, True)])
def test_paying_or_cancelling_a_qr_order_fulfils_the_duty_of_the_15_minutes(event: Event, watched: bool):
    assert moved(WATCHED, event, MADE + 1).watched is watched


@every_row("before, amount, status, left", [
    (0, 1, SUCCESS, 999), (0, 1_000, CLOSED, 0), (400, 599, SUCCESS, 1), (400, 600, CLOSED, 0)])
def test_a_refund_leaves_the_order_paid_until_nothing_is_left(
         before: int, amount: int, status: Status, left: int):
    after, _ = refunded(replace(PAYED, refunded=before), amount, PAID)
    assert (after.status, after.left) == (status, left)


@every_row("order, amount, error", [
    (PAYED, 1_001, "REASON_TRADE_REFUND_FEE_ERR"),
    (replace(PAYED, refunded=400), 601, "REASON_TRADE_REFUND_FEE_ERR"),
    (WAITING, 1, "TRADE_STATUS_ERROR"),
    (WAITING, 1_001, "TRADE_STATUS_ERROR"),
    (ORDERS[CLOSED], 1, "TRADE_HAS_CLOSE"),
    (ORDERS[CLOSED], 1_001, "TRADE_HAS_CLOSE"),
    (ORDERS[FINISHED], 1, "TRADE_HAS_FINISHED")])
def test_a_refund_that_is_too_much_or_of_an_order_in_another_state_is_refused(
         order: Order, amount: int, error: str):
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


# Card orders.

WAITING_CARD = CardState("cashier", due_at=EXPIRES, due_code="3300")
CARD = CardOrder("29", "29-1", "tgpaybankcard", *FACTS, card=WAITING_CARD)
CARD_PAYED = replace(CARD, status=SUCCESS, paid_at=PAID, finishes_at=FINISHES, trans_id="7")


def card(order: CardOrder = CARD, status: CardStatus = CardStatus.RECEIVED, **state: object) -> CardOrder:
    """The order with its card payment in a state."""
    return replace(order, card=CardState(**{"access_type": "cashier", "order_id": "7", "attempt": 1,
                                            "status": status, **state}))


def ended(status: CardStatus, by: Event, code: str) -> CardOrder:
    return card(replace(CARD, status=CLOSED, closed_at=5, closed_by=str(by)), status, code=code,
                completed_at=5)


CARDS = {
    "received": CARD,
    "pending": card(status=CardStatus.PENDING, code="3150"),
    "3-D": card(status=CardStatus.PENDING, code="3200", challenge="", due_at=EXPIRES, due_code="3300"),
    "pending_review": card(status=CardStatus.PENDING_REVIEW, code="3200", due_at=MADE + DAY, due_code="0055"),
    "success": card(CARD_PAYED, CardStatus.SUCCESS, code="0000", completed_at=PAID),
    "finished": card(replace(CARD_PAYED, status=FINISHED), CardStatus.SUCCESS, code="0000",
                     completed_at=PAID),
    "refunded": card(replace(CARD_PAYED, status=CLOSED, refunded=1_000, closed_by="refund_all"),
                     CardStatus.SUCCESS, code="0000"),
    "failed": ended(CardStatus.FAILED, Event.FAIL, "3020"),
    "expired": ended(CardStatus.EXPIRED, Event.EXPIRE, "3300"),
    "canceled": ended(CardStatus.CANCELED, Event.CANCEL, "0503"),
    "revoked": ended(CardStatus.CANCELED, Event.REVOKE, "0055"),
}
CARD_ALLOWED = {
    (WAIT, Event.PAY): SUCCESS,
    (WAIT, Event.FAIL): CLOSED,
    (WAIT, Event.CANCEL): CLOSED,
    (WAIT, Event.CLOSE): CLOSED,
    (WAIT, Event.EXPIRE): CLOSED,
    (WAIT, Event.REVOKE): CLOSED,
    (WAIT, Event.PEND): WAIT,
    (WAIT, Event.WRONG_CODE): WAIT,
    (WAIT, Event.REVIEW): WAIT,
    (SUCCESS, Event.REFUND): SUCCESS,
    (SUCCESS, Event.REFUND_ALL): CLOSED,
    (SUCCESS, Event.CANCEL): CLOSED,
    (SUCCESS, Event.FINISH): FINISHED,
    (SUCCESS, Event.CHARGEBACK): SUCCESS,
    (FINISHED, Event.CHARGEBACK): FINISHED,
    (CLOSED, Event.RETRY): WAIT,
}
OPEN_TO_ANOTHER_ATTEMPT = ("failed", "expired")
BECOMES = {
    Event.PAY: CardStatus.SUCCESS, Event.FAIL: CardStatus.FAILED, Event.EXPIRE: CardStatus.EXPIRED,
    Event.CANCEL: CardStatus.CANCELED, Event.CLOSE: CardStatus.CANCELED, Event.REVOKE: CardStatus.CANCELED,
    Event.PEND: CardStatus.PENDING, Event.REVIEW: CardStatus.PENDING_REVIEW, Event.RETRY: CardStatus.RECEIVED}
FINAL = (CardStatus.SUCCESS, CardStatus.FAILED, CardStatus.EXPIRED, CardStatus.CANCELED)
CARD_REFUSED = {**dict.fromkeys(CARDS, ("TRADE_HAS_CLOSE", "3002")), "expired": ("TRADE_HAS_CLOSE", "3300"),
                **dict.fromkeys(("received", "pending", "3-D", "pending_review"),
                                ("TRADE_STATUS_ERROR", "0330")),
                "success": ("TRADE_HAS_SUCCESS", "3105"), "finished": ("TRADE_HAS_FINISHED", "3002")}


def possible(state: str, event: Event) -> bool:
    return ((CARDS[state].status, event) in CARD_ALLOWED
            and (event is not Event.RETRY or state in OPEN_TO_ANOTHER_ATTEMPT))


def test_there_are_no_other_transitions_of_card_orders():
    assert dict(CardOrder.TRANSITIONS) == CARD_ALLOWED


@every_row("event", list(Event))
@every_row("state", CARDS)
def test_an_event_moves_a_card_order_as_the_contract_says_or_is_refused_with_the_code_of_its_state(
         state: str, event: Event):
    order = CARDS[state]
    if possible(state, event):
        after = moved(order, event, 9)
        assert (after.status, after.card.status) == (CARD_ALLOWED[order.status, event],
                                                     BECOMES.get(event, order.card.status))
    else:
        with pytest.raises(Refused) as refused:
            moved(order, event, 9)
        assert (refused.value.code.name, refused.value.card_code) == CARD_REFUSED[state]


@every_row("state, event", [(state, event) for state in CARDS for event in BECOMES if possible(state, event)])
def test_a_card_payment_is_complete_when_it_is_final_and_waits_for_nothing_more(state: str, event: Event):
    after = moved(CARDS[state], event, 9).card
    assert after.completed_at == (9 if BECOMES[event] in FINAL else None)
    assert (after.challenge, after.due_at) == (None, None)


@every_row("event, code", [(Event.EXPIRE, "3300"), (Event.CANCEL, "0503"), (Event.CLOSE, "0503")])
@every_row("state", ["received", "pending", "3-D", "pending_review"])
def test_an_end_that_no_issuer_decides_has_its_own_code(state: str, event: Event, code: str):
    assert moved(CARDS[state], event, 9).card.code == code


@every_row("order, now, status, state, code", [
    (CARD, EXPIRES - 1, WAIT, "received", ""), (CARD, EXPIRES, CLOSED, "expired", "3300"),
    (CARD, EXPIRES + DAY, CLOSED, "expired", "3300"), (CARDS["3-D"], EXPIRES - 1, WAIT, "pending", "3200"),
    (CARDS["3-D"], EXPIRES, CLOSED, "expired", "3300"), (CARDS["pending"], FINISHES, WAIT, "pending", "3150"),
    (CARDS["pending_review"], EXPIRES, WAIT, "pending_review", "3200"),
    (CARDS["pending_review"], MADE + DAY - 1, WAIT, "pending_review", "3200"),
    (CARDS["pending_review"], MADE + DAY, CLOSED, "canceled", "0055"),
    (card(status=CardStatus.PENDING, code="3150", due_at=MADE + 5, due_code="0000"), MADE + 4, WAIT,
     "pending", "3150"),
    (card(status=CardStatus.PENDING, code="3150", due_at=MADE + 5, due_code="0000"), MADE + 5, SUCCESS,
     "success", "0000"),
    (card(status=CardStatus.PENDING, code="3095", due_at=MADE + 5, due_code="3020"), EXPIRES + DAY, CLOSED,
     "failed", "3020"),
    (card(CARD_PAYED, CardStatus.SUCCESS, code="0000", due_at=PAID + DAY, due_code="3200"), PAID + DAY - 1,
     SUCCESS, "success", "0000"),
    (card(CARD_PAYED, CardStatus.SUCCESS, code="0000", due_at=PAID + DAY, due_code="3200"), PAID + DAY,
     SUCCESS, "success", "3200"),
    (card(CARD_PAYED, CardStatus.SUCCESS, code="0000", due_at=PAID + DAY, due_code="3200"), FINISHES,
     FINISHED, "success", "3200"),
    (CARDS["success"], FINISHES, FINISHED, "success", "0000"),
    (CARDS["refunded"], FINISHES, CLOSED, "success", "0000"),
    (CARDS["failed"], FINISHES, CLOSED, "failed", "3020"),
    (CARDS["canceled"], FINISHES, CLOSED, "canceled", "0503")])
def test_what_time_decides_of_a_card_order_is_so_at_its_instant_and_not_a_millisecond_before(
         order: Order, now: int, status: Status, state: str, code: str):
    after = at(order, now)
    assert (after.status, after.card.status, after.card.code) == (status, state, code)


def test_time_completes_a_card_payment_at_its_own_instant_whenever_anybody_looks():
    after = at(card(status=CardStatus.PENDING, code="3150", due_at=MADE + 5, due_code="0000"), MADE + DAY)
    assert (after.paid_at, after.card.completed_at, after.trans_id) == (MADE + 5, MADE + 5, "7")


@every_row("order, due", [
    (CARD, (EXPIRES, Event.EXPIRE)), (CARDS["pending"], None),
    (CARDS["pending_review"], (MADE + DAY, Event.REVOKE)), (CARDS["3-D"], (EXPIRES, Event.EXPIRE)),
    (CARDS["success"], (FINISHES, Event.FINISH)),
    (card(CARD_PAYED, CardStatus.SUCCESS, due_at=PAID + DAY, due_code="3200"),
     (PAID + DAY, Event.CHARGEBACK)),
    (card(replace(CARD_PAYED, status=CLOSED), CardStatus.SUCCESS, due_at=PAID + DAY, due_code="3200"), None),
    (CARDS["failed"], None), (CARDS["expired"], None), (CARDS["canceled"], None)])
def test_what_falls_due_next_of_a_card_order(order: Order, due: tuple[int, Event | None] | None):
    assert falls_due(order) == due


@pytest.mark.parametrize("state", ["success", "finished"])
def test_a_chargeback_changes_the_code_only_and_ends_refunds(state: str):
    after = charged_back(CARDS[state], 9)
    assert (after.status, after.card.status, after.card.code) == (
        CARDS[state].status, CardStatus.SUCCESS, "3200")
    assert (after.card.completed_at, after.refunded) == (PAID, 0)
    for act in (lambda: refunded(after, 1, 10), lambda: charged_back(after, 10)):
        with pytest.raises(Refused) as refused:
            act()
        assert (refused.value.code.name, refused.value.card_code) == ("TRADE_STATUS_ERROR", "0340")


@pytest.mark.parametrize("state", OPEN_TO_ANOTHER_ATTEMPT)
def test_another_attempt_begins_as_a_new_order_does_and_counts_on(state: str):
    after = retried(CARDS[state], FINISHES, 9)
    assert (after.status, after.closed_at, after.closed_by, after.failure,
            after.expires_at) == (WAIT, None, "", "", FINISHES)
    assert (after.card.status, after.card.code, after.card.completed_at,
            after.card.attempt) == (CardStatus.RECEIVED, "", None, 1)
    assert falls_due(after) == (FINISHES, Event.EXPIRE)


@every_row("before, amount, error", [
    (CARDS["success"], 1_001, "3098"), (CARDS["pending"], 1, "0330"), (CARDS["failed"], 1, "3002"),
    (CARDS["expired"], 1, "3300"), (CARDS["refunded"], 1, "3002")])
def test_a_refund_of_a_card_order_is_refused_with_a_response_code(before: Order, amount: int, error: str):
    with pytest.raises(Refused) as refused:
        refunded(before, amount, PAID)
    assert refused.value.card_code == error
