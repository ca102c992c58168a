"""Compares one entry with its rows in a list: one function for each discrepancy, found by its name."""
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...base import money
from .rows import Days, Listed, Truth
from .sentences import Sentence, sentence

STATES = NOTICED, MISSED, NOT_TOLD = "noticed", "missed", "not told"
Conclusion = tuple[str, Sentence]  # one of STATES, and why
NO_ROW = sentence("lacks_row")


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
    sentence: Sentence


@dataclass(frozen=True)
class Difference:
    """Another difference between the list and the truth.

    `kind` is `extra`, `lacking`, `amount`, `fee` or `settlement_date`.
    """

    kind: str
    number: str
    sentence: Sentence


def verdicts(case: Case) -> Iterator[Verdict]:
    """A verdict on each discrepancy that is injected in the entry and checked on these days."""
    for name in case.truth.injected:
        if case.is_shown or name == "next_day":
            yield Verdict(case.truth, name, *_JUDGES[name](case))


def _missing(case: Case) -> Conclusion:
    return ((NOTICED, sentence("has_row")) if case.listed
            else (MISSED, sentence("lacks_row_like_file")))


def _duplicate(case: Case) -> Conclusion:
    if not case.listed:
        return NOT_TOLD, NO_ROW
    return ((NOTICED, sentence("has_row_once")) if len(case.listed) == 1
            else (MISSED, sentence("has_row_twice")))


def _next_day(case: Case) -> Conclusion:
    true, shown = case.days.day(case.truth.settles_at), case.days.day(case.truth.shown_at)
    if case.listed and case.listed[0].day:
        return _compared("day", str(case.listed[0].day), str(true), str(shown))
    if case.is_due and case.is_shown:
        return NOT_TOLD, sentence("has_no_settlement_date") if case.listed else NO_ROW
    return (NOTICED if bool(case.listed) == case.is_due else MISSED,
            sentence("has_row_of_day" if case.listed else "lacks_row_of_day", true=true, shown=shown))


def _fee_off(case: Case) -> Conclusion:
    if not case.listed or case.listed[0].fee is None:
        return NOT_TOLD, sentence("has_no_fee") if case.listed else NO_ROW
    return _compared("fee", *map(money.text, (case.listed[0].fee, case.truth.fee, case.truth.shown_fee)))


def _amount_off(case: Case) -> Conclusion:
    if not case.listed:
        return NOT_TOLD, NO_ROW
    return _compared("amount",
                     *map(money.text, (case.listed[0].amount, case.truth.amount, case.truth.shown_amount)))


def _unknown_row(case: Case) -> Conclusion:
    number = case.truth.unknown
    return ((MISSED, sentence("has_unknown_row", number=number)) if case.repeats
            else (NOTICED, sentence("lacks_unknown_row", number=number)))


def _compared(name: str, given: str, true: str, shown: str) -> Conclusion:
    if given == true:
        return NOTICED, sentence(f"correct_{name}", true=true, shown=shown)
    if given == shown:
        return MISSED, sentence(f"wrong_{name}", true=true, shown=shown)
    return NOT_TOLD, sentence(f"other_{name}", given=given, true=true, shown=shown)


_JUDGES: Mapping[str, Callable[[Case], Conclusion]] = {
    "missing": _missing, "duplicate": _duplicate, "next_day": _next_day, "fee_off": _fee_off,
    "amount_off": _amount_off, "unknown_row": _unknown_row}


def differences(case: Case) -> Iterator[Difference]:
    """Where the rows of an entry agree neither with the truth nor with the file."""
    truth, day = case.truth, case.days.day
    if not case.listed:
        if case.is_due and case.is_shown and "missing" not in truth.injected:
            yield Difference("lacking", truth.partner_id,
                             sentence("lacking", number=truth.partner_id, amount=money.text(truth.amount),
                                      day=day(truth.settles_at)))
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
                      sentence(f"differing_{kind}", place=first.place, number=first.number, given=given,
                               true=true))
