"""Compares one entry with its rows in a list: one function for each discrepancy, found by its name."""
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...base import money
from .rows import Days, Listed, Truth

STATES = NOTICED, MISSED, NOT_TOLD = "noticed", "missed", "not told"
Conclusion = tuple[str, str]  # one of STATES, and a sentence
NO_ROW = "the list does not have the row"


@dataclass(frozen=True)
class Case:
    """An entry with its rows in the list.

    `repeats` is whether the list has the unknown row that was injected beside the entry.
    """

    truth: Truth
    listed: Sequence[Listed]
    days: Days
    repeats: bool

    @property
    def is_due(self) -> bool:
        """Whether the entry is truly settled on one of the days."""
        return self.days.have(self.truth.settles_at)

    @property
    def is_shown(self) -> bool:
        """Whether the file shows the entry on one of the days.

        Discrepancies that are injected together with next_day belong to the day on which the file shows the
        entry.
        """
        return self.days.have(self.truth.shown_at)


@dataclass(frozen=True)
class Verdict:
    """The verdict on an injected discrepancy: noticed, missed or not told, and why in a sentence."""

    truth: Truth
    discrepancy: str
    state: str
    sentence: str


@dataclass(frozen=True)
class Difference:
    """Another difference between the list and the truth.

    `kind` is `extra`, `lacking`, `amount`, `fee` or `settlement_date`.
    """

    kind: str
    number: str
    sentence: str


def verdicts(case: Case) -> Iterator[Verdict]:
    """A verdict on each discrepancy that is injected in the entry and checked on these days."""
    for name in case.truth.injected:
        if case.is_shown or name == "next_day":
            yield Verdict(case.truth, name, *_JUDGES[name](case))


def _missing(case: Case) -> Conclusion:
    return ((NOTICED, "the list has the row") if case.listed
            else (MISSED, "the list does not have the row, like the file"))


def _duplicate(case: Case) -> Conclusion:
    if not case.listed:
        return NOT_TOLD, NO_ROW
    return ((NOTICED, "the list has the row once") if len(case.listed) == 1
            else (MISSED, "the list has the row twice, like the file"))


def _next_day(case: Case) -> Conclusion:
    true, shown = case.days.day(case.truth.settles_at), case.days.day(case.truth.shown_at)
    if case.listed and case.listed[0].day:
        return _compared("day", str(case.listed[0].day), str(true), str(shown))
    if case.is_due and case.is_shown:
        return NOT_TOLD, "the list has no settlement_date" if case.listed else NO_ROW
    has = "has" if case.listed else "does not have"
    return (NOTICED if bool(case.listed) == case.is_due
            else MISSED), f"the list {has} the row, which belongs to {true}, not to {shown}"


def _fee_off(case: Case) -> Conclusion:
    if not case.listed or case.listed[0].fee is None:
        return NOT_TOLD, "the list has no fee" if case.listed else NO_ROW
    return _compared("fee", *map(money.text, (case.listed[0].fee, case.truth.fee, case.truth.shown_fee)))


def _amount_off(case: Case) -> Conclusion:
    if not case.listed:
        return NOT_TOLD, NO_ROW
    return _compared("amount",
                     *map(money.text, (case.listed[0].amount, case.truth.amount, case.truth.shown_amount)))


def _unknown_row(case: Case) -> Conclusion:
    number = case.truth.unknown
    return ((MISSED, f"the list has the unknown row {number}") if case.repeats
            else (NOTICED, f"the list does not have the unknown row {number}"))


def _compared(name: str, given: str, true: str, shown: str) -> Conclusion:
    if given == true:
        return NOTICED, f"the list has the correct {name}, {true}; the file has {shown}"
    if given == shown:
        return MISSED, f"the list has the {name} of the file, {shown}; the correct one is {true}"
    return NOT_TOLD, f"the list has the {name} {given}, the file has {shown}, the correct one is {true}"


_JUDGES: Mapping[str, Callable[[Case], Conclusion]] = {
    "missing": _missing, "duplicate": _duplicate, "next_day": _next_day, "fee_off": _fee_off,
    "amount_off": _amount_off, "unknown_row": _unknown_row}


def differences(case: Case) -> Iterator[Difference]:
    """Where the rows of an entry agree neither with the truth nor with the file."""
    truth, day = case.truth, case.days.day
    if not case.listed:
        if case.is_due and case.is_shown and "missing" not in truth.injected:
            yield Difference("lacking", truth.partner_id,
                             f"the list does not have {truth.partner_id} of {money.text(truth.amount)}, "
                             f"settled on {day(truth.settles_at)}")
        return
    given = case.listed[0]
    amounts, fees = _excused(case, given)
    if given.amount not in amounts:
        yield _differs(case, "amount", money.text(given.amount), money.text(truth.amount))
    if given.fee is not None and given.fee not in fees:
        yield _differs(case, "fee", money.text(given.fee), money.text(truth.fee))
    if given.day not in (None, day(truth.settles_at), day(truth.shown_at)):
        yield _differs(case, "settlement_date", str(given.day), str(day(truth.settles_at)))


def _excused(case: Case, given: Listed) -> tuple[set[int], set[int]]:
    """The amounts and the fees that are not reported as differences.

    They are the true ones, and those of the file, which count as a missed discrepancy.
    """
    truth = case.truth
    injected = truth.injected if case.is_shown else ()
    amounts, fees = {truth.amount}, {truth.fee}
    if "amount_off" in injected:
        amounts.add(truth.shown_amount)
    if "fee_off" in injected or given.amount in amounts - {truth.amount}:
        fees.add(truth.shown_fee)
    return amounts, fees


def _differs(case: Case, kind: str, given: str, true: str) -> Difference:
    first = case.listed[0]
    return Difference(kind, case.truth.partner_id,
                      f"row {first.place} of the list, {first.number}, has the {kind} {given}; the "
                      f"correct one is {true}")
