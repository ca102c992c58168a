"""Health checks, and the reset to the seeded state."""
from flask import Response, jsonify, request

from ... import __version__
from ...base.clock import iso
from ...operations import merchants
from ...store import Unusable
from ..current import emulator
from .interface import MERCHANT, operation, probes, problem


@operation("GET", "/health",
           "whether requests can be served: 503 while starting or when the database cannot be written")
def health() -> Response:
    """The state of this process and its database; 503 when requests cannot be served."""
    try:
        now = emulator().store.check().clock.now()
    except Unusable as unusable:
        return problem(503, "Service Unavailable", str(unusable))
    return jsonify({"status": "ok", "version": __version__, "now": iso(now)})


@probes.get("/readyz")
def readyz() -> Response:
    """The same as `/_emulator/health`, for orchestrators."""
    return health()


@probes.get("/livez")
def livez() -> Response:
    """Status 200 whenever the process can answer."""
    return jsonify({"status": "ok"})


@operation("POST", "/reset", "back to the seeded state, everything or one merchant", (MERCHANT,))
def reset() -> Response:
    """Reset one merchant or all to the seeded state."""
    merchants_id = request.args.get("merchants_id")
    merchants.reset(emulator().units, merchants_id)
    return jsonify({"reset": merchants_id or "everything"})
