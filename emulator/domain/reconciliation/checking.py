"""Assigns the rows of a list to entries, and makes the report."""
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ...base import money
from .. import settlement
from .checks import MISSED, Case, Difference, Verdict, differences, verdicts
from .rows import Days, Listed, Truth
from .sentences import sentence


@dataclass(frozen=True)
class Report:
    """The result of a check.

    It has the number of rows in the list and in the truth, and what was found, in the order of the ledger.
    """

    listed: int
    true: int
    verdicts: list[Verdict]
    differences: list[Difference]

    @property
    def is_right(self) -> bool:
        """Whether no discrepancy was missed and nothing differs."""
        return not self.differences and all(verdict.state != MISSED for verdict in self.verdicts)


def check(truths: Sequence[Truth], listed: Sequence[Listed], days: Days) -> Report:
    """Check a list: which discrepancies of these days' file it has noticed, and where else it is wrong."""
    claims, left = _claimed(truths, listed)
    unknown = {truth.unknown: truth.id for truth in truths if truth.unknown and days.have(truth.shown_at)}
    repeated = {unknown[each.number] for each in left if each.number in unknown}
    cases = [Case(truth, claims[truth.id], days, truth.id in repeated) for truth in truths]
    differing = [difference for case in cases for difference in differences(case)]
    differing += [_extra(each) for each in left if each.number not in unknown]
    return Report(len(listed), sum(case.is_due for case in cases),
                  [verdict for case in cases for verdict in verdicts(case)], differing)


def _extra(each: Listed) -> Difference:
    return Difference("extra", each.number,
                      sentence("extra", place=each.place, number=each.number,
                               amount=money.text(each.amount)))


# The rules that assign a row of the list to an entry, the surest first. Arguments: the entry, the row, and
# the rows that the entry has already.
_FITS: tuple[Callable[[Truth, Listed, Sequence[Listed]], bool], ...] = (
    lambda truth, each, have: not have and each.amount == truth.amount,
    lambda truth, each, have: not have and each.amount == truth.shown_amount,
    lambda truth, each, have: not have and (each.amount < 0) == (truth.amount < 0),
    lambda truth, each, have: len(have) == 1 and "duplicate" in truth.injected
    and each.amount in (truth.amount, truth.shown_amount))


def _claimed(truths: Sequence[Truth],
             listed: Iterable[Listed]) -> tuple[dict[int, list[Listed]], list[Listed]]:
    """The rows of the list for each entry, by the entry's id, and the rows that belong to no entry."""
    by_order, by_partner_id = _indexed(truths)
    claims: dict[int, list[Listed]] = {truth.id: [] for truth in truths}
    left = list(listed)
    for fits in _FITS:
        looking, left = left, []
        for each in looking:
            candidates = (by_order if each.is_order else by_partner_id).get(each.number, [])
            found = next((truth for truth in candidates if fits(truth, each, claims[truth.id])), None)
            (left if found is None else claims[found.id]).append(each)
    return claims, left


def _indexed(truths: Iterable[Truth]) -> tuple[dict[str, list[Truth]], dict[str, list[Truth]]]:
    """Entries by any of their numbers, and entries by partner_transaction_id alone.

    Numbers are also indexed with the apostrophe that the file puts before formulas.
    """
    by_order: dict[str, list[Truth]] = {}
    by_partner_id: dict[str, list[Truth]] = {}
    for truth in truths:
        for number in {truth.partner_id, settlement.safe(truth.partner_id)}:
            by_partner_id.setdefault(number, []).append(truth)
        for number in {truth.out_trade_no, truth.partner_id, settlement.safe(truth.out_trade_no),
                       settlement.safe(truth.partner_id)}:
            by_order.setdefault(number, []).append(truth)
    return by_order, by_partner_id
