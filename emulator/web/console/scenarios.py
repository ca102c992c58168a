"""The pages of scenarios: the bundled ones, the one in force, and the desk to write, check and try one."""
import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from flask import Response, request
from msgspec import Struct

from ... import scenarios as language
from ...domain.merchants import Merchant
from ...operations import scenarios as operations
from ...operations.unit import merchant_of
from ...store import Reader
from ...store.scenarios import EVERYBODY
from ..control.bodies import read_json
from ..current import emulator
from .frame import Page, blueprint, chosen, go_on, show, texts, to
from .places import is_json, placed

PAGE = Page("scenarios", "M4 6h10M18 6h2M4 12h2M10 12h10M4 18h8M16 18h4M14 4v4M6 10v4M12 16v4")
NEWEST_REQUESTS = 1_000
OWN_NAME = "my scenario"
LONGEST_ATTEMPT = 9
EXAMPLE = """summary = "The first attempt above 100.00 is declined, the second one is paid."

[[rule]]
name = "declined once"
when = { endpoint = "tgpaybankcard", trans_amount__above = 100, attempt = 1 }
then = { code = "3084" }
"""
PARAMS = "out_trade_no=1\ntrans_amount=120.00\npay_type=alipay"


class Shown(Struct, frozen=True):
    """A rule for templates: its conditions (parameter, lookup, value), and its outcomes.

    Each outcome is a list of rows (key, value, meaning).
    """

    name: str
    when: list[tuple[str, str, str]]
    then: list[list[tuple[str, str, str]]]
    in_turn: bool


class Tried(Struct, frozen=True):
    """The result of a rule for the tried request: whether it applies, and otherwise why not."""

    name: str
    fits: bool
    why: str


@blueprint.get("/scenarios")
def scenarios() -> Response:
    """The page with the scenario in force and the bundled scenarios."""
    tables, merchants_id = emulator().store.read(), chosen() or EVERYBODY
    merchant = merchant_of(tables, merchants_id) if merchants_id else None
    scenario = tables.scenarios.of(merchants_id)
    return show("scenarios", "scenarios", follows="request", scenario=scenario, merchant=merchant,
                own=tables.scenarios.own(merchants_id) is not None,
                rows=list(map(read_out, scenario.rules)) if scenario else [],
                uses=tables.scenarios.uses(merchants_id) if merchants_id else {},
                lately=tables.scenarios.lately(merchants_id, scenario.name, NEWEST_REQUESTS) if scenario
                else {},
                shipped_as=_shipped_as,
                along=list(map(language.shipped_scenario, language.shipped())))


def _shipped_as(scenario: "language.Scenario") -> tuple[str, ...]:
    """The key for translating a scenario's summary: its name, if the bundled one has the same summary.

    Otherwise empty.
    """
    is_bundled = scenario.name in language.shipped()
    same = is_bundled and language.shipped_scenario(scenario.name).summary == scenario.summary
    return (scenario.name,) if same else ()


def read_out(rule: "language.Rule") -> Shown:
    """A rule for templates, in the language of the page."""
    written = rule.as_json()
    when = [(each.parameter, texts()[f"scn_{each.lookup or 'is'}"],
             each.wanted if isinstance(each.wanted, str) else ", ".join(each.wanted))
            for each in rule.when]
    outcomes = written["then"] if rule.in_turn else [written["then"]]
    return Shown(rule.name, when, [list(_rows(outcome)) for outcome in outcomes], rule.in_turn)


def _rows(outcome: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str, str]]:
    for name, value in outcome.items():
        if isinstance(value, Mapping):
            yield from _rows(value, f"{path}{name}.")
        else:
            key = f"{path}{name}"
            yield key, value if isinstance(value, str) else json.dumps(value), _meanings().get(key, "")


@cache
def _meanings() -> dict[str, str]:
    return {name: meaning for name, _, meaning in language.then_rows()}


@blueprint.route("/scenarios/desk", methods=["GET", "POST"])
def scenario() -> Response:
    """The desk: the text of a scenario, which is a bundled one, the one in force, or a new one.

    A POST checks the text, tries it, or puts it in force.
    """
    tables, given = emulator().store.read(), request.form
    merchant = merchant_of(tables, chosen() or "") if chosen() else None
    name, text = (given.get("name", ""), _typed(given)) if given else _begun(tables)
    try:
        found, problems = read(name, text), []
    except language.Invalid as invalid:
        found, problems = None, invalid.problems
    if found and given.get("do") == "use":
        return _in_force(found)
    return show(
        "scenario", "scenarios", 422 if problems and given.get("do") == "use" else 200, name=name, text=text,
        merchant=merchant, problems=problems, lines=placed(text, problems), checked=bool(given),
        rows=list(map(read_out, found.rules)) if found else [], endpoints=language.ENDPOINTS,
        asked={"endpoint": given.get("endpoint", language.ENDPOINTS[0]), "attempt": given.get("attempt", "1"),
               "card": given.get("card", ""), "params": given.get("params", PARAMS)},
        tried=_tried(tables, found, merchant) if found and given.get("do") == "try" else None)


def _typed(given: Mapping[str, str]) -> str:
    """The typed text of a scenario, without a byte order mark and with LF line ends."""
    return given.get("text", "").removeprefix(language.BYTE_ORDER_MARK).replace("\r\n", "\n")


def _begun(tables: Reader) -> tuple[str, str]:
    """The name and text with which the desk begins. Raises NotFound."""
    named = request.args.get("name", "")
    if named:
        return operations.bundled(named).name, language.shipped_text(named)
    current = tables.scenarios.of(chosen() or EVERYBODY) if "new" not in request.args else None
    if current is None:
        return OWN_NAME, EXAMPLE
    if current.name in language.shipped() and language.shipped_scenario(current.name) == current:
        return current.name, language.shipped_text(current.name)
    return current.name, language.toml(current)


def read(name: str, text: str) -> "language.Scenario":
    """The scenario of a text, TOML or JSON. Raises Invalid."""
    document = _json(text) if is_json(text) else language.parse(text, "scenario.toml").as_json()
    return language.from_json({**document, "name": name.strip() or OWN_NAME} if isinstance(document, Mapping)
                              else document)


def _json(text: str) -> Any:
    try:
        return read_json(text)
    except json.JSONDecodeError as error:
        raise language.Invalid([f"scenario is not JSON: {error.msg} at line {error.lineno}, column "
                                f"{error.colno}"]) from None
    except ValueError as error:
        raise language.Invalid([f"scenario is not JSON: it {error}"]) from None


def _tried(tables: Reader, scenario: "language.Scenario", merchant: Merchant | None) -> list[Tried]:
    """The result of each rule for the request in the form.

    If the scenario is in force, the rules' uses so far count.
    """
    params = dict(_pairs(request.form.get("params", "")))
    written = request.form.get("attempt", "")
    is_number = written.isascii() and written.isdecimal() and len(written) <= LONGEST_ATTEMPT
    attempt = int(written) if is_number else 1
    merchants_id = merchant.merchants_id if merchant else params.get("merchants_id", EVERYBODY)
    facts = language.Facts(params, params, request.form.get("endpoint", ""), attempt,
                           emulator().settings.seed,
                           (merchants_id, params.get("out_trade_no", "")), request.form.get("card", ""))
    uses = tables.scenarios.uses(merchants_id) if tables.scenarios.of(merchants_id) == scenario else {}
    picked = language.match(scenario, facts, uses).picked
    return [Tried(rule.name, bool(picked and picked.rule == rule), _why(rule, facts, uses, picked))
            for rule in scenario.rules]


def _why(rule: "language.Rule", facts: "language.Facts", uses: Mapping[str, int],
         picked: "language.Picked | None") -> str:
    if picked and picked.rule == rule:
        return ""
    return language.differences(rule, facts, uses) or texts().scn_later


def _pairs(written: str) -> Iterator[tuple[str, str]]:
    for line in written.splitlines():
        name, equals, value = line.partition("=")
        if equals and value:
            yield name.strip(), value


def _in_force(scenario: "language.Scenario") -> Response:
    operations.activate(emulator().units, scenario, chosen() or EVERYBODY)
    return go_on(to("scenarios"), f"{texts().scn_switched_on} {scenario.name}")


@blueprint.post("/scenarios/on")
def scenario_on() -> Response:
    """Put a bundled scenario in force."""
    return _in_force(operations.bundled(request.form.get("name", "")))


@blueprint.post("/scenarios/off")
def scenario_off() -> Response:
    """Put the scenario of the merchant in the filter, or the one for all, out of force."""
    operations.deactivate(emulator().units, chosen() or EVERYBODY)
    return go_on(to("scenarios"), texts().scn_switched_off)
