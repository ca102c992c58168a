"""Health checks, and the reset to the seed data."""
from flask import Response, jsonify, request

from ... import __version__
from ...base.clock import iso
from ...operations import merchants
from ...store import Unusable
from ..current import emulator
from .interface import MERCHANT, operation, probes, unusable
from .schemas import component, moment, text

HEALTH = component("Health", "The state of the process that answers.", {
    "status": text("ok", const="ok"), "version": text("the version of the emulator"),
    "now": moment("the emulator's time")})
RESET = component("Reset", "What was reset.", {"reset": text("a merchants_id, or everything")})


@operation("GET", "/health",
           "whether requests can be served: 503 while starting or when the database cannot be written",
           returns=HEALTH)
def get_health() -> Response:
    """The state of this process and its database; 503 when requests cannot be served."""
    try:
        now = emulator().store.check().clock.now()
    except Unusable as trouble:
        return unusable(trouble)
    return jsonify({"status": "ok", "version": __version__, "now": iso(now)})


@probes.get("/readyz")
def readyz() -> Response:
    """The same as `/_emulator/health`, for orchestrators."""
    return get_health()


@probes.get("/livez")
def livez() -> Response:
    """Status 200 whenever the process can answer."""
    return jsonify({"status": "ok"})


@operation("POST", "/reset", "reset everything, or one merchant, to the seed data", (MERCHANT,),
           returns=RESET, problems=(409,))
def reset_state() -> Response:
    """Reset one merchant or all to the seed data."""
    merchants_id = request.args.get("merchants_id")
    merchants.reset(emulator().units, merchants_id)
    return jsonify({"reset": merchants_id or "everything"})
