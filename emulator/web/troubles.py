"""Responses to unknown paths, and while the database cannot be used (503): a problem document or a page."""
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from ..store import DatabaseError, Unusable
from . import pages
from .bodies import CONTROL
from .control.interface import not_routed
from .control.problems import problem
from .current import emulator


def answer_troubles(app: Flask) -> None:
    """Register the handlers for unknown paths and methods, and for database errors."""
    app.register_error_handler(404, _nothing_here)
    app.register_error_handler(405, _nothing_here)
    app.register_error_handler(Unusable, _unusable)
    app.register_error_handler(DatabaseError, _failed)


def _nothing_here(error: HTTPException) -> Response:
    """The response to a path or method without a route."""
    if f"/{request.path.lstrip('/')}/".startswith(CONTROL):
        return not_routed(error)
    return pages.not_found() if error.code == 404 else Response(error.description, 405)


def _failed(error: Exception) -> Response:
    """The response to a database error. Raises the error again when it is a bug of the emulator."""
    try:
        with emulator().store.reported():
            raise error
    except Unusable as trouble:
        return _unusable(trouble)


def _unusable(trouble: Exception) -> Response:
    if request.path.startswith(CONTROL) or request.path == "/readyz":
        return problem(503, "Service Unavailable", str(trouble))
    return pages.page("refused.html", 503, heading="unusable", sentence=str(trouble))
