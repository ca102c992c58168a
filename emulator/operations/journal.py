"""Clears the journal of requests."""
from .payments import BY_CONTROL
from .unit import Units


def clear(units: Units, merchants_id: str | None) -> None:
    """Delete the requests of a merchant, or all of them. Raises NotFound and Forbidden."""
    with units.begin(BY_CONTROL) as unit:
        unit.check_concern(merchants_id)
        unit.tables.journal.clear(merchants_id)
