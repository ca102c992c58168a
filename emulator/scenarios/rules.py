"""Scenarios, their rules, and which rule fits a request (contract 8): pure functions of a scenario, the request and the uses so far.

A rule fits when there is no difference between it and the request; the first that fits wins.
"""
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

from .. import chance
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
        return tuple((condition.parameter, condition.fits, condition) for condition in self.when if condition.parameter != CHANCE)

    @cached_property
    def odds(self) -> Decimal | None:
        """The chance, 0 to 1, or None when it plays no part."""
        return next((Decimal(str(condition.wanted)) for condition in self.when if condition.parameter == CHANCE), None)

    def fits_endpoint(self, endpoint: str) -> bool:
        """Whether a request to this endpoint can fit."""
        return all(fits(endpoint) for parameter, fits, _ in self.tests if parameter == ENDPOINT)

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


@dataclass(frozen=True)
class Scenario:
    """A list of rules with different names; `summary` is one sentence about it."""

    name: str
    summary: str
    rules: tuple[Rule, ...]
    _of_endpoint: dict[str, tuple[Rule, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def rules_of(self, endpoint: str) -> tuple[Rule, ...]:
        """The rules that can fit a request to an endpoint, found once for each."""
        if endpoint not in self._of_endpoint:
            self._of_endpoint[endpoint] = tuple(rule for rule in self.rules if rule.fits_endpoint(endpoint))
        return self._of_endpoint[endpoint]

    def as_json(self) -> dict[str, Any]:
        """The scenario as `from_json` reads it."""
        return {"name": self.name, "summary": self.summary, "rules": [rule.as_json() for rule in self.rules]}


@dataclass(frozen=True)
class Picked:
    """The rule that fits, and what happens this time; its `code` is the one that the amount stands for when it is computed."""

    rule: Rule
    then: Then


def pick(scenario: Scenario, facts: Facts, uses: Mapping[str, int]) -> Picked | None:
    """The first rule that fits, or None. `uses` counts, by name, how often each rule with a list was used before."""
    for rule in scenario.rules_of(facts.endpoint):
        if _obstacle(rule, facts, uses) is None:
            then = rule.outcome(uses.get(rule.name, 0))
            assert then is not None
            return Picked(rule, replace(then, code=_code_of(facts) or "") if then.code == FROM_AMOUNT else then)
    return None


def explain(scenario: Scenario, facts: Facts, uses: Mapping[str, int]) -> list[tuple[str, str]]:
    """Of every rule before the one that fits, of all when none does: its name and its first difference."""
    passed = []
    for rule in scenario.rules:
        found = differences(rule, facts, uses)
        if found is None:
            break
        passed.append((rule.name, found))
    return passed


def differences(rule: Rule, facts: Facts, uses: Mapping[str, int]) -> str | None:
    """The first difference between a rule and a request, in a sentence; None when it fits."""
    found = _obstacle(rule, facts, uses)
    return found.difference(facts) if isinstance(found, Condition) else found


def _obstacle(rule: Rule, facts: Facts, uses: Mapping[str, int]) -> Condition | str | None:
    """The condition that does not fit, or a sentence about what else is in the way; the sentence of a condition takes longer to make."""
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
    if then.code == FROM_AMOUNT and _code_of(facts) is None:
        return f"{facts.told.get('trans_amount', 'trans_amount')} stands for no response code"
    return _drawn(rule, facts)


def _code_of(facts: Facts) -> str | None:
    return code_of_amount(facts.values.get("trans_amount", ""))


def _drawn(rule: Rule, facts: Facts) -> str | None:
    """The draw that the rule lost; the same for the same seed, order, attempt, endpoint and name of the rule."""
    if rule.odds is None:
        return None
    drawn = Decimal(chance.derive(facts.seed, "scenario", *facts.order, rule.name, facts.attempt, facts.endpoint) % _PARTS) / _PARTS
    return None if drawn < rule.odds else f"chance {shortened(str(rule.odds))} was drawn as {drawn}"
