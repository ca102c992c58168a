"""The initial state of a database, to which a reset returns."""
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .. import scenarios
from ..base.clock import Clock
from ..base.settings import Settings
from ..domain import merchants
from ..domain.merchants import User
from ..store import Writer
from ..store.scenarios import EVERYBODY


def seed(tables: Writer, secret: str) -> None:
    """Put the seeded merchants and the clock into an empty database.

    `secret` is the setting `seed`, from which tokens derive. Seeded merchants that were removed do not come
    back when the emulator starts again.
    """
    if tables.clock.is_there():
        return
    for merchants_id, settings in merchants.seeded(secret).items():
        users = [User.new(**user) for user in merchants.SEEDED_USERS.get(merchants_id, ())]
        make(tables, merchants_id, settings, users)
        tables.merchants.replace_users(merchants_id, users)
    tables.clock.set(Clock())


def make(tables: Writer, merchants_id: str, settings: Mapping[str, Any], users: Iterable[User]) -> bool:
    """Add a merchant with its first terminals; False if there is one with this number already."""
    terminals = merchants.delivered(merchants_id, settings["token"], tables.terminals.is_taken)
    if not tables.merchants.add(merchants_id, settings, users, terminals):
        return False
    tables.terminals.replace(merchants_id, terminals)
    return True


def begin(tables: Writer, written: str) -> None:
    """Activate the scenario of the setting for all; an empty setting changes nothing.

    Raises scenarios.Invalid.
    """
    if written:
        named = written in scenarios.shipped()
        scenario = (scenarios.shipped_scenario(written) if named
                    or not written.endswith(scenarios.SUFFIX) else scenarios.load(Path(written)))
        tables.scenarios.set(EVERYBODY, scenario.as_json())


def reset(tables: Writer, settings: Settings, merchants_id: str | None = None) -> None:
    """Delete the data of one merchant and restore its settings, or reset everything."""
    if merchants_id is None:
        tables.erase_all()
        seed(tables, settings.seed)
        begin(tables, settings.scenario)
    else:
        tables.erase(merchants_id)
        tables.terminals.replace(merchants_id, tables.merchants.restore(merchants_id))
