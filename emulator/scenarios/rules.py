"""Rules, and whether one fits a request (contract 8): pure functions of the rule, the request and the uses so far.

A rule fits when there is no difference between it and the request.
"""
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from ..base import randomness
from .conditions import CHANCE, ENDPOINT, Condition, Facts, Test
from .kinds import as_json, shortened
from .outcomes import FROM_AMOUNT, Then, code_of_amount

_PARTS = 1_000_000  # chance is drawn in millionths


@dataclass(frozen=True)
class Rule:
    """`when` with all of its conditions fitting, `then`: one for ever, or a tuple, one after another and then used up."""

    name: str
    when: tuple[Condition, ...]
    then: Then | tuple[Then, ...]

    @property
    def in_turn(self) -> bool:
        """Whether its uses count."""
        return isinstance(self.then, tuple)

    @cached_property
    def tests(self) -> tuple[tuple[str, Test, Condition], ...]:
        """The conditions of the request itself, each with what it takes to test it: a scenario may have hundreds."""
        return tuple((each.parameter, each.fits, each) for each in self.when if each.parameter not in (CHANCE, ENDPOINT))

    @cached_property
    def odds(self) -> Decimal | None:
        """The chance, 0 to 1, or None when it plays no part."""
        return next((Decimal(str(condition.wanted)) for condition in self.when if condition.parameter == CHANCE), None)

    def fits_endpoint(self, endpoint: str) -> bool:
        """Whether a request to this endpoint can fit."""
        return all(each.fits(endpoint) for each in self.when if each.parameter == ENDPOINT)

    def outcome(self, uses: int) -> Then | None:
        """What happens the next time after so many uses; None when it is used up."""
        if isinstance(self.then, Then):
            return self.then
        return self.then[uses] if uses < len(self.then) else None

    def as_json(self) -> dict[str, Any]:
        """The rule as it would be written."""
        when = {condition.key: condition.wanted if isinstance(condition.wanted, str) else list(condition.wanted) for condition in self.when}
        then = as_json(self.then) if isinstance(self.then, Then) else [as_json(each) for each in self.then]
        return {"name": self.name, "when": when, "then": then}


def differences(rule: Rule, facts: Facts, uses: Mapping[str, int]) -> str | None:
    """The first difference between a rule and a request, in a sentence; None when it fits."""
    elsewhere = next((each for each in rule.when if each.parameter == ENDPOINT and not each.fits(facts.endpoint)), None)
    found = elsewhere or obstacle(rule, facts, uses)
    return None if found is None else in_words(found, facts)


def in_words(found: Condition | str, facts: Facts) -> str:
    """What is in the way, in a sentence."""
    return found if isinstance(found, str) else found.difference(facts)


def obstacle(rule: Rule, facts: Facts, uses: Mapping[str, int]) -> Condition | str | None:
    """The condition that does not fit, or a sentence about what else is in the way; None when the rule fits a request to its endpoint.

    The sentence of a condition takes longer to make.
    """
    values = facts.values
    for parameter, fits, condition in rule.tests:
        value = values.get(parameter)
        if value is None or not fits(value):
            return condition
    used = uses.get(rule.name, 0)
    then = rule.outcome(used)
    if then is None:
        total = len(rule.then) if isinstance(rule.then, tuple) else 1
        return f"used up: {used} of {total}"
    if then.code == FROM_AMOUNT and code_of(facts) is None:
        return f"{facts.told.get('trans_amount', 'trans_amount')} stands for no response code"
    return _drawn(rule, facts)


def code_of(facts: Facts) -> str | None:
    """The response code that the amount stands for, if any."""
    return code_of_amount(facts.values.get("trans_amount", ""))


def _drawn(rule: Rule, facts: Facts) -> str | None:
    """The draw that the rule lost; the same for the same seed, order, attempt, endpoint and name of the rule."""
    if rule.odds is None:
        return None
    drawn = Decimal(randomness.derive(facts.seed, "scenario", *facts.order, rule.name, facts.attempt, facts.endpoint) % _PARTS) / _PARTS
    return None if drawn < rule.odds else f"chance {shortened(str(rule.odds))} was drawn as {drawn}"
