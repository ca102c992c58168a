"""Bundled scenarios, and the active scenario."""
from typing import Any

from werkzeug.wrappers import Response

from ... import scenarios
from ...operations import scenarios as operations
from ...operations.scenarios import Active
from ...store.scenarios import EVERYBODY
from .answers import as_json, nothing
from .bodies import text_of
from .calls import Call
from .interface import operation
from .problems import wrong_request, wrong_value
from .queries import MERCHANT, Query
from .schemas import by_name, component, listing, many, nullable, text, whole

RULE_MEMBERS = {
    "name": text("unique in its scenario"),
    "when": {"type": "object", "description": "conditions on the request; all must match"},
    "then": {"description": "the outcome, or a list of outcomes that are used in turn",
             "anyOf": [{"type": "object"}, {"type": "array", "items": {"type": "object"}}]}}
RULE = component("Rule", "A rule of a scenario; the reference lists the keys of `when` and `then`.",
                 RULE_MEMBERS)
NEW_RULE = component("NewRule", "A rule of a scenario; without a name its number is used.",
                     RULE_MEMBERS, optional=("name", "when"))
SCENARIO = component("Scenario", "Rules; the first one that matches a request is used.", {
    "name": text("its name"), "summary": text("what it is for"), "rules": many(RULE, "in their order")})
ACTIVE = component("ActiveScenario", "The active scenario.", {
    "merchants_id": nullable(text("the merchant; null if it is the one for all merchants")),
    "scenario": nullable(SCENARIO),
    "uses": by_name(whole("the number of uses"), "how often each rule with a list was used")})
BUNDLED = component("ScenarioSummary", "A bundled scenario.", {
    "name": text("its name"), "summary": text("what it is for"), "rules": whole("the number of its rules")})
FOR = Query("merchants_id", "only for this merchant; without it for all merchants without a scenario of "
                            "their own")
SCHEMA = {"properties": {
    "name": {"type": "string", "description": "the name of a bundled scenario, or of your own"},
    "merchants_id": {"type": "string", "description": FOR.meaning},
    "summary": text("what it is for"), "rules": many(NEW_RULE, "rules of your own, in place of a name")}}


@operation("GET", "/scenarios", "the bundled scenarios",
           returns=listing("ScenarioList", BUNDLED))
def list_scenarios(call: Call) -> Response:
    """The bundled scenarios: names, summaries and numbers of rules."""
    found = [scenarios.shipped_scenario(name) for name in scenarios.shipped()]
    items = [{"name": scenario.name, "summary": scenario.summary, "rules": len(scenario.rules)}
             for scenario in found]
    return as_json({"items": items, "next": None})


@operation("GET", "/scenarios/<name>", "a bundled scenario, with its rules", returns=SCENARIO)
def get_scenario(call: Call, name: str) -> Response:
    """One bundled scenario, complete."""
    return as_json(operations.bundled(name).as_json())


@operation("GET", "/scenario", "the active scenario, and how often each rule with a list was used",
           (MERCHANT,), returns=ACTIVE)
def get_active_scenario(call: Call) -> Response:
    """The active scenario of a merchant, its own or the one for all, or the scenario for all."""
    merchants_id = call.merchants_id or EVERYBODY
    return as_json(_json(operations.active(call.tables(), merchants_id)))


def _json(active: Active) -> dict[str, Any]:
    scenario = active.scenario.as_json() if active.scenario else None
    return {"merchants_id": active.owner or None, "scenario": scenario, "uses": active.uses}


@operation("PUT", "/scenario", "activate a scenario: a bundled one by its name, or rules of your "
                               "own", (FOR,), body=SCHEMA, returns=ACTIVE)
def activate_scenario(call: Call) -> Response:
    """Put a scenario in force and return it. The counts of the previous one are deleted."""
    given = call.body()
    merchants_id = _whose(call.merchants_id, given)
    scenario = _read({name: value for name, value in given.items() if name != "merchants_id"})
    return as_json(_json(operations.activate(call.emulator.units, scenario, merchants_id)))


def _whose(named: str | None, given: dict[str, Any]) -> str:
    """The merchant of a scenario: `named` in the query, or in the body; `EVERYBODY` if neither names one.

    Raises Problem.
    """
    if "merchants_id" not in given:
        return named or EVERYBODY
    in_body = text_of(given, "merchants_id")
    if named not in (None, in_body):
        raise wrong_request("merchants_id in the query and in the body differ; send it once")
    return in_body


def _read(given: dict[str, Any]) -> "scenarios.Scenario":
    """The scenario in a request's body. Raises Problem, which lists all its errors."""
    try:
        if "rules" in given:
            return scenarios.from_json(given)
        if set(given) != {"name"} or not isinstance(given["name"], str):
            raise wrong_value("send the name of a bundled scenario, or rules")
        return scenarios.shipped_scenario(given["name"])
    except scenarios.Invalid as invalid:
        raise wrong_value(str(invalid), errors=invalid.problems) from invalid


@operation("DELETE", "/scenario", "deactivate the scenario", (FOR,), statuses=(204,))
def deactivate_scenario(call: Call) -> Response:
    """Put the scenario for all out of force, or that of a merchant, for which that for all applies again."""
    operations.deactivate(call.emulator.units, call.merchants_id or EVERYBODY)
    return nothing()
