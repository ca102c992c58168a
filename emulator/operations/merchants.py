"""Creates, changes, resets and removes merchants."""
from collections.abc import Mapping
from typing import Any

from .. import scenarios
from ..base import randomness
from ..domain import merchants as rules
from ..domain.errors import Conflict, Exhausted, Invalid
from ..domain.merchants import Merchant, User
from ..protocol import card_numbers
from ..store import Writer
from . import seeding
from .payments import BY_CONTROL
from .unit import Unit, Units, merchant_of

MOST_MERCHANTS = 100_000_000
LONGEST_NUMBER = 16


def create(units: Units, merchants_id: str | None, settings: Mapping[str, Any]) -> Merchant:
    """Create a merchant, isolated from all others; number and token are generated if they are missing.

    Raises Invalid, Conflict if the number or a user's login is in use, and Exhausted if no number is left.
    """
    changes = rules.as_meant(rules.checked(settings), None)
    if merchants_id is not None:
        check_number(merchants_id)
    users = [User.new(**user) for user in changes.pop("users", [])]
    with units.begin(BY_CONTROL) as unit:
        number = merchants_id or _free_number(unit)
        if not seeding.make(unit.tables, number,
                            {**rules.new_settings(number, units.settings.seed), **changes}, users):
            raise Conflict(f"merchant {number} exists already")
        _give_users(unit.tables, number, users)
        return unit.merchant(number)


def check_number(merchants_id: str) -> None:
    """Raise Invalid if the number cannot be a merchant's."""
    if card_numbers.suspects(merchants_id):
        raise Invalid({"merchants_id": card_numbers.PROBLEM})
    if not (len(merchants_id) <= LONGEST_NUMBER and merchants_id.isascii() and merchants_id.isalnum()):
        raise Invalid({"merchants_id": f"must be at most {LONGEST_NUMBER} letters and digits"})


def _free_number(unit: Unit) -> str:
    """A number that no merchant has, or had since the last reset of everything. Raises Exhausted."""
    def number_at(place: int) -> str:
        return f"29{randomness.digits(10, unit.settings.seed, 'merchant', place)}"

    def is_used(place: int) -> bool:
        return unit.tables.merchants.is_used(number_at(place))

    # Numbers are given in the order of places, so a search by halves finds the first free one.
    used, step = unit.tables.merchants.count_removed() - 1, 1
    while is_used(used + step):
        used, step = used + step, step * 2
        if used > MOST_MERCHANTS:
            raise Exhausted("there are no merchant numbers left")
    free = used + step
    while free - used > 1:
        middle = (used + free) // 2
        used, free = (middle, free) if is_used(middle) else (used, middle)
    return number_at(free)


def change(units: Units, merchants_id: str, settings: Mapping[str, Any]) -> Merchant:
    """Change settings of a merchant. Raises NotFound, Invalid, and Conflict if a user's login is in use."""
    changes = rules.as_meant(rules.checked(settings), merchant_of(units.read(), merchants_id))
    users = [User.new(**user) for user in changes["users"]] if "users" in changes else None
    changes.pop("users", None)
    with units.begin(BY_CONTROL) as unit:
        unit.tables.merchants.change(merchants_id, {**unit.merchant(merchants_id).as_settings(), **changes})
        if users is not None:
            _give_users(unit.tables, merchants_id, users)
        return unit.merchant(merchants_id)


def _give_users(tables: Writer, merchants_id: str, users: list[User]) -> None:
    used = tables.merchants.replace_users(merchants_id, users)
    if used is not None:
        raise Conflict(f"the login {used} is used already")


def remove(units: Units, merchants_id: str) -> None:
    """Remove a merchant and all its data. Raises NotFound."""
    with units.begin(BY_CONTROL) as unit:
        unit.merchant(merchants_id)
        unit.tables.erase(merchants_id)
        unit.tables.terminals.replace(merchants_id, ())
        unit.tables.merchants.remove(merchants_id)


def reset(units: Units, merchants_id: str | None = None) -> None:
    """Restore the original state of a merchant, or of everything.

    Raises NotFound, Forbidden, and Conflict if the file of the setting `scenario` can no longer be used.
    """
    with units.begin(BY_CONTROL) as unit:
        unit.check_concern(merchants_id)
        try:
            seeding.reset(unit.tables, units.settings, merchants_id)
        except scenarios.Invalid as invalid:
            raise Conflict(f"nothing is reset, because of the setting scenario: {invalid}") from invalid
        unit.tables.wake()
