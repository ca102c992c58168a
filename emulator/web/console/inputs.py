"""What a page of the console is asked for is looked at before its view is: unknown merchants, and changes of too much.

It is imported after `access`, so that whoever may not use the console learns nothing here either.
"""
from flask import request

from .. import emulator
from ..control import Problem, wrong_request
from .frame import KEPT, blueprint, chosen, forget_chosen

OF_EVERY_PAGE = (KEPT, "lang")
# These change something of the merchant that is looked at, or of all: a name that is misspelt must not mean all.
FOR_ALL = ("console.clear_journal", "console.scenario_on", "console.scenario_off")


@blueprint.before_request
def check_inputs() -> None:
    """Raises Problem when the merchant that is looked at is unknown, or a change has something else in its address."""
    merchants_id = chosen()
    if merchants_id is not None and emulator().store.read().merchants.find(merchants_id) is None:
        forget_chosen()
        raise Problem(404, "Not Found", f"there is no merchant {merchants_id}")
    if request.endpoint in FOR_ALL:
        unknown = [name for name in request.args if name not in OF_EVERY_PAGE]
        unknown += [name for name in request.form if name == KEPT]
        if unknown:
            raise wrong_request(f"{unknown[0]} is not read here; the address may have {' and '.join(OF_EVERY_PAGE)}")
