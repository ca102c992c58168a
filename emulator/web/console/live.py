"""Informs open windows of the console about changes: by a stream of events, or by polling."""
from flask import jsonify, request
from werkzeug.wrappers import Response

from ...base.clock import real_now
from ..current import emulator
from ..happenings import of_merchant
from ..pages import secure
from ..streams import stream
from .frame import blueprint, chosen, clocked, written


@blueprint.get("/events")
def events() -> Response:
    """The control interface's stream of events; 503 when too many windows have one already."""
    here = emulator()
    batches = here.happenings.batches(chosen(), here.store, request.headers.get("Last-Event-ID", ""))
    return stream(here, request, batches, "windows of the console", of_merchant(chosen()))


@blueprint.get("/pulse")
def pulse() -> Response:
    """The newest ids of the logs and the emulator's time as JSON, for windows that poll."""
    tables = emulator().store.read()
    ticking = tables.clock.get(clocked(tables))
    return secure(jsonify({"newest": written(tables.newest()), "now": ticking.now(real_now()),
                           "frozen": ticking.frozen is not None}))
