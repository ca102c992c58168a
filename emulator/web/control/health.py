"""Health checks, and the reset to the seed data."""
from werkzeug.wrappers import Response

from ... import __version__
from ...base.clock import iso
from ...operations import merchants
from .answers import as_json
from .calls import Call
from .interface import operation
from .queries import MERCHANT
from .schemas import component, moment, text

HEALTH = component("Health", "The state of the process that answers.", {
    "status": text("ok", const="ok"), "version": text("the version of the emulator"),
    "now": moment("the emulator's time")})
RESET = component("Reset", "What was reset.", {"reset": text("a merchants_id, or everything")})


@operation("GET", "/health",
           "whether requests can be served: 503 while starting or when the database cannot be written",
           returns=HEALTH)
def get_health(call: Call) -> Response:
    """The state of this process and its database. Raises `store.Unusable` when requests cannot be served."""
    now = call.emulator.store.check().clock.now()
    return as_json({"status": "ok", "version": __version__, "now": iso(now)})


def answer_livez(call: Call) -> Response:
    """Status 200 whenever the process can answer."""
    return as_json({"status": "ok"})


@operation("POST", "/reset", "reset everything, or one merchant, to the seed data", (MERCHANT,),
           returns=RESET, problems=(409,))
def reset_state(call: Call) -> Response:
    """Reset one merchant or all to the seed data."""
    merchants.reset(call.emulator.units, call.merchants_id)
    return as_json({"reset": call.merchants_id or "everything"})
