"""Finds the rule of the active scenario that matches a request, within the request's transaction."""
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from .. import scenarios
from ..base import money, urls
from ..domain.card_orders import CardOrder
from ..domain.errors import NeedsTransaction
from ..store import Reader, Writer
from ..store.scenarios import RULE


class Asked(Struct, frozen=True):
    """The parts of a request that a rule can refer to.

    `params` has the table's names, `shown` the same with card data masked. `card` is the card number, which
    must not be shown. `shown` and `card` are called only if there is a scenario. `least_attempt` is the least
    number of the attempt, known from the order.
    """

    merchants_id: str
    out_trade_no: str
    endpoint: str
    params: Mapping[str, str]
    shown: Callable[[], Mapping[str, str]]
    card: Callable[[], str] = str
    least_attempt: int = 1

    def __repr__(self) -> str:
        """A text without the parameters, which may have card data."""
        return f"Asked({self.merchants_id!r}, {self.out_trade_no!r}, {self.endpoint!r})"


class Verdict(Struct, frozen=True):
    """The verdict of the scenario: `script` if a rule matches.

    `passed` has, for the rules before it, the first difference to the request, as far as they are listed.
    `untold` is the number of such rules that are not listed, `elsewhere` that of rules for other endpoints.
    `counted` is whether the request was counted, which a refusal must not undo.
    """

    scenario: str
    script: "scenarios.Script | None" = None
    passed: Sequence[tuple[str, str]] = ()
    untold: int = 0
    elsewhere: int = 0
    counted: bool = False

    def as_json(self) -> dict[str, Any]:
        """The verdict as the journal stores it."""
        said = {"rule": self.script.rule, "then": self.script.said} if self.script else {"rule": None}
        return {"scenario": self.scenario, **said, "passed": self.passed, "untold": self.untold,
                "elsewhere": self.elsewhere}


def prepare(tables: Reader, seed: str, asked: Asked) -> None:
    """Do the slow parts of a verdict outside the transaction: read the scenario, run regular expressions."""
    scenario = tables.scenarios.of(asked.merchants_id)
    if scenario is not None and scenario.part(asked.endpoint).expressions:
        scenarios.search(scenario, _facts(asked, seed, asked.least_attempt))


def _facts(asked: Asked, seed: str, attempt: int) -> "scenarios.Facts":
    return scenarios.Facts(asked.params, asked.shown(), asked.endpoint, attempt, seed,
                           (asked.merchants_id, asked.out_trade_no),
                           asked.card())


def decide_for_reading(tables: Reader, asked: Asked) -> Verdict | None:
    """The verdict on a request about which no rule says anything; None if no scenario is active.

    Raises NeedsTransaction if a rule may apply: it is found, and the request counted, in a transaction.
    """
    scenario = tables.scenarios.of(asked.merchants_id)
    if scenario is not None and scenario.part(asked.endpoint).rules:
        raise NeedsTransaction
    return _unconcerned(scenario) if scenario else None


def _unconcerned(scenario: "scenarios.Scenario") -> Verdict:
    """The verdict on a request to an endpoint that no rule is about."""
    return Verdict(scenario.name, elsewhere=len(scenario.rules))


def decide(tables: Writer, seed: str, asked: Asked, now: int, counted: bool = True) -> Verdict | None:
    """The verdict on a request; None if no scenario is active.

    If the outcomes of the matching rule come in turn, one is used up. A `counted` request counts as an
    attempt of its order number; for others `least_attempt` is the number of the attempt.
    """
    scenario = tables.scenarios.of(asked.merchants_id)
    if scenario is None:
        return None
    part = scenario.part(asked.endpoint)
    if not part.rules:
        return _unconcerned(scenario)
    attempt = (tables.scenarios.count(asked.merchants_id, asked.endpoint, asked.out_trade_no) if counted
               and part.counts_attempts else 0)
    facts = _facts(asked, seed, max(attempt, asked.least_attempt))
    judged = scenarios.match(scenario, facts,
                             tables.scenarios.uses(asked.merchants_id) if part.counts_uses else {})
    picked = judged.picked
    if picked and picked.rule.in_turn:
        tables.scenarios.count(asked.merchants_id, RULE, picked.rule.name)
    script = scenarios.Script(picked.rule.name, now, picked.then) if picked else None
    listed = judged.reasons(facts)
    return Verdict(scenario.name, script, listed, len(judged.passed) - len(listed), judged.elsewhere,
                   attempt > 0 or part.counts_uses)


def presented(tables: Writer, seed: str, order: CardOrder, card: str, now: int) -> "scenarios.Script | None":
    """The scenario rule for a card that the payer presents on a page.

    The rule that matched the order comes first if it is about cards, else a rule that matches this card.
    """
    if order.card.attempt == 0 and order.script and order.script.then.speaks_of_cards:
        return order.script
    params = {**order.details, "merchants_id": order.merchants_id, "out_trade_no": order.out_trade_no,
              "pay_type": order.pay_type,
              "trans_amount": money.text(order.amount)}
    asked = Asked(order.merchants_id, order.out_trade_no, order.endpoint, params,
                  lambda: urls.discreet_values(params), lambda: card, order.card.attempt + 1)
    verdict = decide(tables, seed, asked, now, counted=False)
    return verdict.script if verdict else None
