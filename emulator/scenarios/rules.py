"""Rules, and whether one fits a request: pure functions of the rule, the request and the uses so far."""
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from ..base import randomness
from .conditions import CHANCE, ENDPOINT, Condition, Facts, Test, Wanted
from .kinds import as_json, shortened
from .outcomes import FROM_AMOUNT, Then, code_of_amount

_PARTS = 1_000_000  # chance is drawn in millionths


@dataclass(frozen=True)
class Rule:
    """A rule: if all conditions of `when` fit, `then` is the outcome.

    A tuple of outcomes is used one after another; then the rule is used up.
    """

    name: str
    when: tuple[Condition, ...]
    then: Then | tuple[Then, ...]

    @property
    def in_turn(self) -> bool:
        """Whether its outcomes come in turn, so that its uses are counted."""
        return isinstance(self.then, tuple)

    @cached_property
    def tests(self) -> tuple[tuple[str, Test, Condition], ...]:
        """The conditions on values of the request, as (parameter, test, condition).

        It is cached for speed.
        """
        conditions = [each for each in self.when if each.parameter not in (CHANCE, ENDPOINT)]
        return tuple((each.parameter, each.fits, each) for each in conditions)

    @cached_property
    def odds(self) -> Decimal | None:
        """The value of the condition `chance`, 0 to 1; None without one."""
        wanted = [condition.wanted for condition in self.when if condition.parameter == CHANCE]
        return Decimal(str(wanted[0])) if wanted else None

    def fits_endpoint(self, endpoint: str) -> bool:
        """Whether requests to this endpoint can fit."""
        return all(each.fits(endpoint) for each in self.when if each.parameter == ENDPOINT)

    def outcome(self, uses: int) -> Then | None:
        """The outcome after so many uses; None when the rule is used up."""
        if isinstance(self.then, Then):
            return self.then
        return self.then[uses] if uses < len(self.then) else None

    def as_json(self) -> dict[str, Any]:
        """The JSON object that `from_json` reads as a rule."""
        when = {condition.key: _as_json(condition.wanted) for condition in self.when}
        then = as_json(self.then) if isinstance(self.then, Then) else [as_json(each) for each in self.then]
        return {"name": self.name, "when": when, "then": then}


def _as_json(wanted: Wanted) -> Any:
    return wanted if isinstance(wanted, str) else list(wanted)


def differences(rule: Rule, facts: Facts, uses: Mapping[str, int]) -> str | None:
    """The first difference between a rule and a request, in a sentence; None when the rule fits."""
    for condition in rule.when:
        if condition.parameter == ENDPOINT and not condition.fits(facts.endpoint):
            return condition.difference(facts)
    found = outcome_or_obstacle(rule, facts, uses)
    return None if isinstance(found, Then) else in_words(found, facts)


def in_words(obstacle: Condition | str, facts: Facts) -> str:
    """The sentence about an obstacle that `outcome_or_obstacle` returned."""
    return obstacle if isinstance(obstacle, str) else obstacle.difference(facts)


def outcome_or_obstacle(rule: Rule, facts: Facts, uses: Mapping[str, int]) -> Then | Condition | str:
    """The outcome of a rule that fits a request to its endpoint; else what is in the way.

    That is the condition that does not fit, whose sentence is made only when it is needed, or a sentence.
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
        return f"{facts.descriptions.get('trans_amount', 'trans_amount')} is not a response code"
    return _lost_draw(rule, facts) or then


def code_of(facts: Facts) -> str | None:
    """The response code whose digits are those of the amount, None when they are no code."""
    return code_of_amount(facts.values.get("trans_amount", ""))


def _lost_draw(rule: Rule, facts: Facts) -> str:
    """A sentence about the draw of `chance` that the rule lost, empty when it won or has no such condition.

    The draw depends only on the seed, the order, the attempt, the endpoint and the name of the rule.
    """
    if rule.odds is None:
        return ""
    names = ("scenario", *facts.order, rule.name, facts.attempt, facts.endpoint)
    drawn = Decimal(randomness.derive(facts.seed, *names) % _PARTS) / _PARTS
    return "" if drawn < rule.odds else f"chance {shortened(str(rule.odds))} was drawn as {drawn}"
