"""Scenarios: which one is active, for a merchant or for all who have none of their own."""
from dataclasses import dataclass

from .. import scenarios
from ..domain.errors import NotFound
from ..store import Reader
from ..store.scenarios import EVERYBODY
from .payments import BY_CONTROL
from .unit import Units, merchant_of


@dataclass(frozen=True)
class Active:
    """The scenario that is active, if any; `owner` is the merchant that it is for, empty when it is for all.

    `uses` says how often each rule with a list was used.
    """

    owner: str
    scenario: "scenarios.Scenario | None"
    uses: dict[str, int]


def bundled(name: str) -> "scenarios.Scenario":
    """A bundled scenario by its name. Raises NotFound."""
    if name not in scenarios.shipped():
        raise NotFound(f"there is no scenario {name}; there are {', '.join(scenarios.shipped())}")
    return scenarios.shipped_scenario(name)


def active(tables: Reader, merchants_id: str = EVERYBODY) -> Active:
    """What is active for a merchant, be it its own or that for all; without a merchant, what is for all.
    Raises NotFound.
    """
    if not merchants_id:
        return Active("", tables.scenarios.of(EVERYBODY), tables.scenarios.uses_by_all())
    merchant_of(tables, merchants_id)
    owner = merchants_id if tables.scenarios.own(merchants_id) is not None else ""
    return Active(owner, tables.scenarios.of(merchants_id), tables.scenarios.uses(merchants_id))


def activate(units: Units, scenario: "scenarios.Scenario", merchants_id: str = EVERYBODY) -> Active:
    """Activate a scenario, for a merchant or for all; what was counted for the one before is forgotten.
    Raises NotFound.
    """
    with units.begin(BY_CONTROL) as unit:
        if merchants_id:
            unit.merchant(merchants_id)
        unit.tables.scenarios.set(merchants_id, scenario.as_json())
        return active(unit.tables, merchants_id)


def deactivate(units: Units, merchants_id: str = EVERYBODY) -> None:
    """Deactivate the scenario of a merchant, which falls back to that for all, or the one for all. Raises
    NotFound.
    """
    with units.begin(BY_CONTROL) as unit:
        if merchants_id:
            unit.merchant(merchants_id)
        unit.tables.scenarios.drop(merchants_id)
