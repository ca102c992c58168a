"""The active scenarios: those of single merchants, and the global one for all others."""
from msgspec import Struct

from .. import scenarios
from ..domain.errors import NotFound
from ..store import Reader
from ..store.scenarios import EVERYBODY
from .payments import BY_CONTROL
from .unit import Units, merchant_of


class Active(Struct, frozen=True):
    """The active scenario, if any; `owner` is the merchant that it is for, empty for the global one.

    `uses` is how often each rule with a list was used.
    """

    owner: str
    scenario: "scenarios.Scenario | None"
    uses: dict[str, int]


def bundled(name: str) -> "scenarios.Scenario":
    """A bundled scenario by its name. Raises NotFound."""
    if name not in scenarios.shipped():
        raise NotFound(scenarios.unknown(name))
    return scenarios.shipped_scenario(name)


def active(tables: Reader, merchants_id: str = EVERYBODY) -> Active:
    """The active scenario of a merchant: its own or the global one. Without a merchant, the global one.

    Raises NotFound.
    """
    if not merchants_id:
        return Active("", tables.scenarios.of(EVERYBODY), tables.scenarios.uses_by_all())
    merchant_of(tables, merchants_id)
    owner = merchants_id if tables.scenarios.own(merchants_id) is not None else ""
    return Active(owner, tables.scenarios.of(merchants_id), tables.scenarios.uses(merchants_id))


def activate(units: Units, scenario: "scenarios.Scenario", merchants_id: str = EVERYBODY) -> Active:
    """Activate a scenario for a merchant, or the global one; its counts begin at zero.

    Raises NotFound, and Forbidden for the global one unless everybody may be concerned.
    """
    with units.begin(BY_CONTROL) as unit:
        unit.check_concern(merchants_id)
        unit.tables.scenarios.set(merchants_id, scenario.as_json())
        return active(unit.tables, merchants_id)


def deactivate(units: Units, merchants_id: str = EVERYBODY) -> None:
    """Deactivate the scenario of a merchant, so that the global one applies, or the global one itself.

    Raises NotFound, and Forbidden for the global one unless everybody may be concerned.
    """
    with units.begin(BY_CONTROL) as unit:
        unit.check_concern(merchants_id)
        unit.tables.scenarios.drop(merchants_id)
