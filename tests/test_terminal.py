"""Contract 4: the terminal as a function of a transaction and an instant, as tables without a clock."""
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tgpay_emulator.terminal import (
    AMOUNT_TRIGGERS, POSSIBLE, STOPPABLE, Act, Answer, Impossible, Result, State, Transaction, acted, due_at,
    end, ended, host_answer, is_busy, patience_left, resolved, state, steps_of)

from .tables import every_row

BEGUN, SECOND = 1_000_000, 1_000
PACES = (1_000, 500, 1_000, 500)
SALE = Transaction("801", "PAX920", "801-1000000", "sale", 1_200, BEGUN, PACES, 10_000)
DEAR = replace(SALE, requested=10_001)
ATTENDED, DEAR_ATTENDED = replace(SALE, attended=True), replace(DEAR, attended=True)
TAPPED = acted(ATTENDED, Act.TAP, BEGUN + 5 * SECOND)
INSERTED = acted(ATTENDED, Act.INSERT, BEGUN + 5 * SECOND)
TYPED = acted(INSERTED, Act.PIN, BEGUN + 20 * SECOND)
REVERSAL = replace(ATTENDED, operation="saleReversal", original_id="801-1")

WAITING, READING, PIN, ASKING = State.WAITING_FOR_CARD, State.READING_CARD, State.PIN_ENTRY, State.AUTHORISING


def shown(transaction: Transaction) -> list[tuple[str, int]]:
    """The course: what is shown, and how long after the beginning."""
    return [(step.state, step.since - BEGUN) for step in steps_of(transaction)]


@every_row("transaction, steps", [
    (SALE, [(WAITING, 0), (READING, 1_000), (ASKING, 1_500), (State.APPROVED, 2_000)]),
    (DEAR, [(WAITING, 0), (READING, 1_000), (PIN, 1_500), (ASKING, 2_500), (State.APPROVED, 3_000)]),
    (replace(SALE, requested=10_000),
     [(WAITING, 0), (READING, 1_000), (ASKING, 1_500), (State.APPROVED, 2_000)]),
    (ATTENDED, [(WAITING, 0), (State.CANCELLED, 60_000)]),
    (TAPPED, [(WAITING, 0), (READING, 5_000), (ASKING, 5_500), (State.FAILED, 65_500)]),
    (INSERTED, [(WAITING, 0), (READING, 5_000), (PIN, 5_500), (State.CANCELLED, 65_500)]),
    (TYPED, [(WAITING, 0), (READING, 5_000), (PIN, 5_500), (ASKING, 20_000), (State.FAILED, 80_000)]),
    (acted(TYPED, Act.APPROVE, BEGUN + 21_000),
     [(WAITING, 0), (READING, 5_000), (PIN, 5_500), (ASKING, 20_000), (State.APPROVED, 21_000)]),
    (acted(TYPED, Act.DECLINE, BEGUN + 21_000),
     [(WAITING, 0), (READING, 5_000), (PIN, 5_500), (ASKING, 20_000), (State.DECLINED, 21_000)]),
    (acted(DEAR_ATTENDED, Act.TAP, BEGUN),
     [(WAITING, 0), (READING, 0), (PIN, 500), (State.CANCELLED, 60_500)]),
    (REVERSAL, [(ASKING, 0), (State.APPROVED, 500)]),
    (acted(ATTENDED, Act.CANCEL, BEGUN + 3_000), [(WAITING, 0), (State.CANCELLED, 3_000)])])
def test_a_transaction_takes_this_course(transaction: Transaction, steps: list[tuple[str, int]]) -> None:
    assert shown(transaction) == steps


@every_row("entry, amount, needs_pin", [
    (Act.TAP, 10_000, False), (Act.TAP, 10_001, True), (Act.INSERT, 1, True), (Act.SWIPE, 1, True)])
def test_only_a_card_that_is_tapped_within_the_contactless_limit_needs_no_pin(
        entry: Act, amount: int, needs_pin: bool) -> None:
    presented = acted(replace(ATTENDED, requested=amount), entry, BEGUN)
    assert (PIN in [step.state for step in steps_of(presented)]) is needs_pin


# A transaction in each state, and the instant at which it is in it.
STATES: dict[State, tuple[Transaction, int]] = {
    WAITING: (ATTENDED, BEGUN + 59_999), READING: (TAPPED, BEGUN + 5_499), PIN: (INSERTED, BEGUN + 5_500),
    ASKING: (TYPED, BEGUN + 20_000),
    State.APPROVED: (acted(TYPED, Act.APPROVE, BEGUN + 21_000), BEGUN + 21_000),
    State.DECLINED: (acted(TYPED, Act.DECLINE, BEGUN + 21_000), BEGUN + 23_999),
    State.CANCELLED: (ATTENDED, BEGUN + 60_000), State.FAILED: (TAPPED, BEGUN + 65_500),
    State.IDLE: (ATTENDED, BEGUN + 63_000)}
POSSIBLE_ACTS = {WAITING: {"tap", "insert", "swipe", "cancel"}, PIN: {"pin", "cancel"},
                 ASKING: {"approve", "decline"}}


@every_row("shows", State)
def test_each_state_is_reached(shows: State) -> None:
    transaction, now = STATES[shows]
    assert state(transaction, now) is shows


@every_row("act", Act)
@every_row("shows", State)
def test_an_act_is_possible_in_a_state_or_is_refused_with_that_state(shows: State, act: Act) -> None:
    transaction, now = STATES[shows]
    if act in POSSIBLE_ACTS.get(shows, ()):
        assert acted(transaction, act, now) != transaction
    else:
        with pytest.raises(Impossible) as refused:
            acted(transaction, act, now)
        assert refused.value.state is shows


def test_the_table_of_possible_acts_is_that_of_the_contract() -> None:
    assert {shows: set(acts) for shows, acts in POSSIBLE.items()} == POSSIBLE_ACTS
    assert set(STOPPABLE) == {WAITING, PIN}


@every_row("shows, busy",
           [(WAITING, True), (READING, True), (PIN, True), (ASKING, True), (State.APPROVED, False),
            (State.DECLINED, False), (State.CANCELLED, False), (State.FAILED, False), (State.IDLE, False)])
def test_a_terminal_is_busy_until_the_result_not_while_it_shows_it(shows: State, busy: bool) -> None:
    assert is_busy(*STATES[shows]) is busy


def test_a_result_is_shown_for_3_seconds() -> None:
    assert [state(SALE, BEGUN + at) for at in (1_999, 2_000, 4_999, 5_000)] == [
        ASKING, State.APPROVED, State.APPROVED, State.IDLE]


@every_row("transaction, after, left", [
    (ATTENDED, 0, 60_000), (ATTENDED, 59_999, 1), (ATTENDED, 60_000, None), (TAPPED, 5_100, None),
    (TAPPED, 5_500, 60_000), (INSERTED, 6_500, 59_000), (TYPED, 21_000, 59_000),
    (acted(TYPED, Act.APPROVE, BEGUN + 21_000), 21_000, None), (SALE, 500, None),
    (REVERSAL, 100, None), (ATTENDED, -5_000, 5_000), (None, 0, None)])
def test_people_have_a_minute_for_each_thing_that_only_they_can_do(
        transaction: Transaction | None, after: int, left: int | None) -> None:
    assert patience_left(transaction, BEGUN + after) == left


def test_a_terminal_without_a_transaction_is_idle_and_free() -> None:
    assert (state(None, BEGUN), is_busy(None, BEGUN)) == (State.IDLE, False)


@every_row("amount, result, code, approved", [
    ("37.79", Result.DECLINED, "01", 0), ("37.84", Result.DECLINED, "05", 0),
    ("37.93", Result.DECLINED, "04", 0), ("37.57", Result.PARTIAL_APPROVAL, "10", 1_100),
    ("37.68", Result.UNDEFINED, "", 0), ("37.41", Result.FAILED, "", 0),
    ("37.42", Result.AUTHORISED, "00", 3_742)])
def test_an_amount_makes_the_host_answer_this(amount: str, result: Result, code: str, approved: int) -> None:
    requested = int(amount.replace(".", ""))
    answer = host_answer(requested, triggers=True)
    after = ended(replace(SALE, requested=requested, host=answer), answer.result, BEGUN + 2_000)
    assert (answer.result, answer.issuer_code, after.approved) == (result, code, approved)


def test_without_triggers_every_amount_is_approved() -> None:
    assert {host_answer(amount, triggers=False) for amount in AMOUNT_TRIGGERS} == {Answer()}


def test_an_unknown_result_is_known_10_seconds_later() -> None:
    unknown = ended(SALE, Result.UNDEFINED, BEGUN + 2_000)
    assert (due_at(unknown), is_busy(unknown, BEGUN + 2_000)) == (BEGUN + 12_000, False)
    known = resolved(unknown, Result.AUTHORISED, BEGUN + 12_000)
    assert (known.result, known.approved, known.ended_at, due_at(known)) == (
        "AUTHORISED", 1_200, BEGUN + 2_000, None)
    assert shown(known)[-1] == (State.FAILED, 2_000)  # what the terminal showed then


def test_a_clock_that_is_set_back_leaves_a_transaction_at_its_beginning() -> None:
    assert (state(SALE, BEGUN - 1), is_busy(SALE, BEGUN - 1)) == (WAITING, True)


@given(acts=st.lists(st.tuples(st.sampled_from(Act), st.integers(0, 90_000)), max_size=12),
       amount=st.integers(1, 20_000),
       attended=st.booleans(), look=st.integers(0, 400_000))
def test_whatever_people_do_a_transaction_goes_forward_and_ends(
        acts: list[tuple[Act, int]], amount: int, attended: bool, look: int) -> None:
    transaction, now = replace(SALE, requested=amount, attended=attended), BEGUN
    for act, later in acts:
        now += later
        before = steps_of(transaction)
        try:
            transaction = acted(transaction, act, now)
        except Impossible:
            continue
        passed = [step for step in before if step.since < now]
        assert list(steps_of(transaction)[:len(passed)]) == passed  # what was shown stays as it was
    steps = steps_of(transaction)
    assert [step.since for step in steps] == sorted(step.since for step in steps)
    assert end(transaction).result is not None and all(step.result is None for step in steps[:-1])
    assert end(transaction).since - BEGUN <= 3 * 60_000 + 1_000
    assert (state(transaction, BEGUN + look) is State.IDLE) == (
        BEGUN + look >= end(transaction).since + 3_000)
