"""Scenarios, their rules, and which rule fits a request (contract 8): pure functions of a scenario, the request and the uses so far.

A rule fits when there is no difference between it and the request; the first that fits wins.
"""
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

from .. import chance
from .conditions import ATTEMPT, CHANCE, ENDPOINT, Condition, Facts, Test
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


@dataclass(frozen=True)
class Part:
    """The rules of a scenario that can fit a request to one endpoint, and what has to be known to tell."""

    rules: tuple[Rule, ...]
    counts_attempts: bool
    counts_uses: bool


@dataclass(frozen=True)
class Scenario:
    """A list of rules with different names; `summary` is one sentence about it."""

    name: str
    summary: str
    rules: tuple[Rule, ...]
    _parts: dict[str, Part] = field(default_factory=dict, init=False, repr=False, compare=False)

    def part(self, endpoint: str) -> Part:
        """What concerns an endpoint, found once for each."""
        if endpoint not in self._parts:
            rules = tuple(rule for rule in self.rules if rule.fits_endpoint(endpoint))
            named = {condition.parameter for rule in rules for condition in rule.when}
            self._parts[endpoint] = Part(rules, bool({ATTEMPT, CHANCE} & named), any(rule.in_turn for rule in rules))
        return self._parts[endpoint]

    @cached_property
    def places(self) -> dict[str, int]:
        """How many rules stand before each, by name."""
        return {rule.name: place for place, rule in enumerate(self.rules)}

    def as_json(self) -> dict[str, Any]:
        """The scenario as `from_json` reads it."""
        return {"name": self.name, "summary": self.summary, "rules": [rule.as_json() for rule in self.rules]}


@dataclass(frozen=True)
class Picked:
    """The rule that fits, and what happens this time; its `code` is the one that the amount stands for when it is computed."""

    rule: Rule
    then: Then


@dataclass(frozen=True)
class Judged:
    """What was picked, what was in the way of each rule of the endpoint before it, or of all, and how many of those were for other
    endpoints."""

    picked: Picked | None
    passed: list[tuple[Rule, Condition | str]]
    elsewhere: int

    def told(self, facts: Facts) -> list[tuple[str, str]]:
        """The name of each rule that did not fit, and its first difference."""
        return [(rule.name, _in_words(found, facts)) for rule, found in self.passed]


def judge(scenario: Scenario, facts: Facts, uses: Mapping[str, int]) -> Judged:
    """The first rule that fits, and why not those before it. `uses` counts, by name, how often each rule with a list was used before."""
    passed: list[tuple[Rule, Condition | str]] = []
    for rule in scenario.part(facts.endpoint).rules:
        found = _obstacle(rule, facts, uses)
        if found is None:
            then = rule.outcome(uses.get(rule.name, 0))
            assert then is not None
            picked = Picked(rule, replace(then, code=_code_of(facts) or "") if then.code == FROM_AMOUNT else then)
            return Judged(picked, passed, scenario.places[rule.name] - len(passed))
        passed.append((rule, found))
    return Judged(None, passed, len(scenario.rules) - len(passed))


def differences(rule: Rule, facts: Facts, uses: Mapping[str, int]) -> str | None:
    """The first difference between a rule and a request, in a sentence; None when it fits."""
    elsewhere = next((each for each in rule.when if each.parameter == ENDPOINT and not each.fits(facts.endpoint)), None)
    found = elsewhere or _obstacle(rule, facts, uses)
    return None if found is None else _in_words(found, facts)


def _in_words(found: Condition | str, facts: Facts) -> str:
    return found if isinstance(found, str) else found.difference(facts)


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
