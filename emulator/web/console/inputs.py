"""What a page of the console is asked for is checked before its view runs: unknown merchants, and slips in
the addresses of changes.

It is imported after `access`, so that whoever may not use the console learns nothing here either.
"""
from flask import request

from ...domain.errors import NotFound
from ..control.interface import wrong_request
from ..current import emulator
from .frame import KEPT, blueprint, chosen, forget_chosen

OF_EVERY_PAGE = (KEPT, "lang")
# These change something of the merchant that is looked at, or of all: a misspelt name must not mean all.
FOR_ALL = ("console.clear_journal", "console.scenario_on", "console.scenario_off")


@blueprint.before_request
def check_inputs() -> None:
    """Raises NotFound or Problem when the merchant is unknown, or a change has something else in its address.
    """
    merchants_id = chosen()
    if merchants_id is not None and emulator().store.read().merchants.find(merchants_id) is None:
        forget_chosen()
        raise NotFound(f"there is no merchant {merchants_id}")
    if request.endpoint in FOR_ALL:
        unknown = [name for name in request.args if name not in OF_EVERY_PAGE]
        unknown += [name for name in request.form if name == KEPT]
        if unknown:
            known = " and ".join(OF_EVERY_PAGE)
            raise wrong_request(f"{unknown[0]} is not read here; the address may have {known}")
