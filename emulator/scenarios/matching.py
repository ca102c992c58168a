"""Scenarios, and the first of their rules that fits a request, with the reasons why those before it do not.

This is done for every request, and a scenario may have hundreds of rules. So rules whose first condition asks
for a certain value are found by that value.
"""
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, islice
from typing import Any

from .conditions import ATTEMPT, CHANCE, MATCHES, Condition, Facts, Test, sameness
from .outcomes import FROM_AMOUNT, Then
from .rules import Rule, code_of, in_words, outcome_or_obstacle

MOST_REASONS, SOME_REASONS = 25, 10


@dataclass(frozen=True)
class Part:
    """The rules of a scenario that can fit requests to one endpoint.

    `elsewhere` has, for each of them and for the end, the number of rules before it that are for other
    endpoints.
    """

    rules: tuple[Rule, ...]
    elsewhere: tuple[int, ...]

    @cached_property
    def counts_attempts(self) -> bool:
        """Whether the number of the attempt matters to a rule."""
        return any(condition.parameter in (ATTEMPT, CHANCE) for rule in self.rules for condition in rule.when)

    @cached_property
    def counts_uses(self) -> bool:
        """Whether a rule has a list of outcomes, so that its uses have to be counted."""
        return any(rule.in_turn for rule in self.rules)

    @cached_property
    def expressions(self) -> tuple[tuple[str, Test], ...]:
        """The regular expressions of the rules: each parameter with the test of its value."""
        tests = [test for rule in self.rules for test in rule.tests]
        return tuple((parameter, fits) for parameter, fits, condition in tests if condition.lookup == MATCHES)

    @cached_property
    def _by_value(self) -> Mapping[str, Mapping[object, list[int]]]:
        """The places of the rules whose first condition asks for a value, by parameter and value."""
        found: dict[str, dict[object, list[int]]] = {}
        for place, rule in enumerate(self.rules):
            if rule.tests and not (first := rule.tests[0][2]).lookup:
                value = sameness(first.parameter, str(first.wanted))
                found.setdefault(first.parameter, {}).setdefault(value, []).append(place)
        return found

    @cached_property
    def _by_test(self) -> Mapping[str, list[tuple[int, Test]]]:
        """The places of the rules whose first condition has a lookup, with its test, by parameter."""
        found: dict[str, list[tuple[int, Test]]] = {}
        for place, rule in enumerate(self.rules):
            if rule.tests and rule.tests[0][2].lookup:
                found.setdefault(rule.tests[0][0], []).append((place, rule.tests[0][1]))
        return found

    @cached_property
    def _always(self) -> list[int]:
        """The places of the rules without conditions."""
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
        """The rules for an endpoint; the result is cached."""
        if endpoint not in self._parts:
            places = [place for place, rule in enumerate(self.rules) if rule.fits_endpoint(endpoint)]
            elsewhere = [place - count for count, place in enumerate([*places, len(self.rules)])]
            self._parts[endpoint] = Part(tuple(self.rules[place] for place in places), tuple(elsewhere))
        return self._parts[endpoint]

    def as_json(self) -> dict[str, Any]:
        """The JSON object that `from_json` reads."""
        return {"name": self.name, "summary": self.summary, "rules": [rule.as_json() for rule in self.rules]}


@dataclass(frozen=True)
class Picked:
    """The rule that fits and its outcome this time.

    A `code` that depends on the amount is replaced by that code.
    """

    rule: Rule
    then: Then


@dataclass(frozen=True)
class Match:
    """The result of matching a request.

    `picked` is the rule that fits, None when none does. `passed` are the endpoint's rules before it, or all
    of them. `nearly` are the obstacles of those whose first condition fits, by their places in `passed`.
    `elsewhere` is the number of rules before it that are for other endpoints.
    """

    picked: Picked | None
    passed: tuple[Rule, ...]
    nearly: Mapping[int, Condition | str]
    elsewhere: int

    def reasons(self, facts: Facts) -> list[tuple[str, str]]:
        """The rules that did not fit, each with the first difference in a sentence, in order.

        If there are more than `MOST_REASONS`, only `SOME_REASONS` are returned, first those that nearly fit.
        """
        places: Iterable[int] = range(len(self.passed))
        if len(self.passed) > MOST_REASONS:
            others = (place for place in places if place not in self.nearly)
            places = sorted(islice(chain(self.nearly, others), SOME_REASONS))
        found = []
        for place in places:
            rule = self.passed[place]
            found.append((rule.name, in_words(self.nearly.get(place) or rule.tests[0][2], facts)))
        return found


def search(scenario: Scenario, facts: Facts) -> None:
    """Search a request with the regular expressions of a scenario.

    The results are cached for `match`, which runs within a transaction and should not have to wait for a
    search.
    """
    for parameter, fits in scenario.part(facts.endpoint).expressions:
        if (value := facts.values.get(parameter)) is not None:
            fits(value)


def match(scenario: Scenario, facts: Facts, uses: Mapping[str, int]) -> Match:
    """Find the first rule that fits.

    `uses` says how often each rule with a list of outcomes was used, by name.
    """
    part = scenario.part(facts.endpoint)
    nearly: dict[int, Condition | str] = {}
    for place in part.candidates(facts.values):
        rule = part.rules[place]
        found = outcome_or_obstacle(rule, facts, uses)
        if isinstance(found, Then):
            then = replace(found, code=code_of(facts) or "") if found.code == FROM_AMOUNT else found
            return Match(Picked(rule, then), part.rules[:place], nearly, part.elsewhere[place])
        nearly[place] = found
    return Match(None, part.rules, nearly, part.elsewhere[-1])
