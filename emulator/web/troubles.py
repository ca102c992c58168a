"""What is answered while the database cannot be used: 503 in the form of the place that was asked."""
from flask import Flask, Response, request

from ..store import DatabaseError, Unusable
from . import pages
from .bodies import CONTROL
from .control.problems import problem
from .current import emulator


def answer_troubles(app: Flask) -> None:
    """Have troubles of the database answered by the application."""
    app.register_error_handler(Unusable, _unusable)
    app.register_error_handler(DatabaseError, _failed)


def _failed(error: Exception) -> Response:
    """Raises what is no trouble of the database but a mistake of the emulator."""
    try:
        with emulator().store.reported():
            raise error
    except Unusable as trouble:
        return _unusable(trouble)


def _unusable(trouble: Exception) -> Response:
    if request.path.startswith(CONTROL) or request.path == "/readyz":
        return problem(503, "Service Unavailable", str(trouble))
    return pages.page("refused.html", 503, heading="unusable", sentence=str(trouble))
