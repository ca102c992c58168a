"""What open windows of the console follow: the stream of events, and, where there is none for them, a look
now and then.
"""
from flask import Response, jsonify

from ...base.clock import real_now
from ..control.tools import happenings, of_merchant
from ..current import emulator
from ..pages import secure
from ..streams import stream
from .frame import blueprint, chosen, written


@blueprint.get("/events")
def events() -> Response:
    """The events of the control interface's stream; 503 when as many windows as may have one."""
    return stream(happenings(chosen()), "windows of the console", of_merchant(chosen()))


@blueprint.get("/pulse")
def pulse() -> Response:
    """How far the logs are, and the emulator's time."""
    tables = emulator().store.read()
    ticking = tables.clock.get()
    return secure(jsonify({"newest": written(tables.newest()), "now": ticking.now(real_now()),
                           "frozen": ticking.frozen is not None}))
