"""Scenarios, and which of their rules fits a request (contract 8): the first that fits, and why not those before it.

Every request is judged, and a scenario may have hundreds of rules: those that ask first for a value are found by that value.
"""
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, islice
from typing import Any

from .conditions import ATTEMPT, CHANCE, MATCHES, Condition, Facts, Test, sameness
from .outcomes import FROM_AMOUNT, Then
from .rules import Rule, code_of, in_words, obstacle

MOST_TOLD, SOME_TOLD = 25, 10


@dataclass(frozen=True)
class Part:
    """What of a scenario concerns one endpoint: its rules, and for each how many of other endpoints stand before it."""

    rules: tuple[Rule, ...]
    elsewhere: tuple[int, ...]

    @cached_property
    def counts_attempts(self) -> bool:
        """Whether it matters which attempt a request is."""
        return any(condition.parameter in (ATTEMPT, CHANCE) for rule in self.rules for condition in rule.when)

    @cached_property
    def counts_uses(self) -> bool:
        """Whether it matters how often its rules were used."""
        return any(rule.in_turn for rule in self.rules)

    @cached_property
    def expressions(self) -> tuple[tuple[str, Test], ...]:
        """Its regular expressions: each parameter with the test of its value."""
        return tuple((parameter, fits) for rule in self.rules for parameter, fits, condition in rule.tests
                     if condition.lookup == MATCHES)

    @cached_property
    def _by_value(self) -> Mapping[str, Mapping[object, list[int]]]:
        """The places of the rules that ask first for a value, by parameter and value."""
        found: dict[str, dict[object, list[int]]] = {}
        for place, rule in enumerate(self.rules):
            if rule.tests and not (first := rule.tests[0][2]).lookup:
                found.setdefault(first.parameter, {}).setdefault(sameness(first.parameter, str(first.wanted)), []).append(place)
        return found

    @cached_property
    def _by_test(self) -> Mapping[str, list[tuple[int, Test]]]:
        """The places of those that ask first for something else of a value, by parameter."""
        found: dict[str, list[tuple[int, Test]]] = {}
        for place, rule in enumerate(self.rules):
            if rule.tests and rule.tests[0][2].lookup:
                found.setdefault(rule.tests[0][0], []).append((place, rule.tests[0][1]))
        return found

    @cached_property
    def _always(self) -> list[int]:
        return [place for place, rule in enumerate(self.rules) if not rule.tests]

    def candidates(self, values: Mapping[str, str]) -> list[int]:
        """The places of the rules whose first condition fits, in order."""
        places = list(self._always)
        for parameter, found in self._by_value.items():
            if parameter in values:
                places += found.get(sameness(parameter, values[parameter]), ())
        for parameter, tests in self._by_test.items():
            if (value := values.get(parameter)) is not None:
                places += [place for place, fits in tests if fits(value)]
        return sorted(places)


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
            places = [place for place, rule in enumerate(self.rules) if rule.fits_endpoint(endpoint)]
            self._parts[endpoint] = Part(tuple(self.rules[place] for place in places),
                                         tuple(place - count for count, place in enumerate([*places, len(self.rules)])))
        return self._parts[endpoint]

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
    """What was picked; the rules of the endpoint before it, or all when none fits; what was in the way of those, by place, whose first
    condition fits; and how many rules of other endpoints stand before it."""

    picked: Picked | None
    passed: tuple[Rule, ...]
    nearly: Mapping[int, Condition | str]
    elsewhere: int

    def told(self, facts: Facts) -> list[tuple[str, str]]:
        """The names of the rules that did not fit and their first difference, in order; of very many only some that nearly fit."""
        places: Iterable[int] = range(len(self.passed))
        if len(self.passed) > MOST_TOLD:
            others = (place for place in places if place not in self.nearly)
            places = sorted(islice(chain(self.nearly, others), SOME_TOLD))
        return [(self.passed[place].name, in_words(self.nearly.get(place) or self.passed[place].tests[0][2], facts)) for place in places]


def search(scenario: Scenario, facts: Facts) -> None:
    """Search a request with the regular expressions of a scenario, whose results are remembered for `judge`: that happens within a
    transaction, where nobody should have to wait for a search."""
    for parameter, fits in scenario.part(facts.endpoint).expressions:
        if (value := facts.values.get(parameter)) is not None:
            fits(value)


def judge(scenario: Scenario, facts: Facts, uses: Mapping[str, int]) -> Judged:
    """The first rule that fits, and why not those before it. `uses` counts, by name, how often each rule with a list was used before."""
    part = scenario.part(facts.endpoint)
    nearly: dict[int, Condition | str] = {}
    for place in part.candidates(facts.values):
        rule = part.rules[place]
        found = obstacle(rule, facts, uses)
        if found is None:
            then = rule.outcome(uses.get(rule.name, 0))
            assert then is not None
            picked = Picked(rule, replace(then, code=code_of(facts) or "") if then.code == FROM_AMOUNT else then)
            return Judged(picked, part.rules[:place], nearly, part.elsewhere[place])
        nearly[place] = found
    return Judged(None, part.rules, nearly, part.elsewhere[-1])
