"""Checks requests before their views run: unknown merchants, and unknown parameters of some changes.

The module is imported after `access`, so that requests without access are refused first.
"""
from flask import request

from ...domain.errors import NotFound
from ..control.problems import wrong_request
from ..current import emulator
from .frame import KEPT, blueprint, chosen, forget_chosen

OF_EVERY_PAGE = (KEPT, "lang")
# These views change one merchant or all of them: a misspelt name in the query must not mean all.
FOR_ALL = ("console.clear_journal", "console.scenario_on", "console.scenario_off")


@blueprint.before_request
def check_inputs() -> None:
    """Check the merchant filter, and the parameters of the views in `FOR_ALL`. Raises NotFound or Problem."""
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
