"""The control interface as a WSGI application: it finds the operation that a request calls, and answers
errors.

It does without Flask, so that a server loads Flask and its templates with the first page only.
"""
import logging
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, MapAdapter
from werkzeug.wrappers import Request, Response

from ... import __version__
from ...domain.errors import Forbidden, OperationError
from ...store import Unusable
from ..emulator import Emulator
from ..routing import CONVERTERS, QuickRule
from . import health
from .access import PREFIX, allowed
from .answers import nothing
from .calls import Call
from .interface import OPERATIONS
from .problems import Problem, as_response, of_error

log = logging.getLogger(__name__)
PROBES = {"/livez": health.answer_livez, "/readyz": health.get_health}  # for orchestrators
# Responses contain merchants' tokens, so they are neither kept nor given to other sites.
HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
           "Cross-Origin-Resource-Policy": "same-origin"}


class Control:
    """Answers requests to `/_emulator`, and the probes of orchestrators."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._operations = {row.name: row for row in OPERATIONS}
        rules = [QuickRule(f"{PREFIX}{row.path}", methods=[row.method], endpoint=row.name)
                 for row in OPERATIONS]
        probes = [QuickRule(path, methods=["GET"], endpoint=path) for path in PROBES]
        routes = Map([*rules, *probes], converters=CONVERTERS,
                     merge_slashes=False)  # an order number may have two in a row
        # `Map.bind` would load a codec for host names, which are not routed here
        self.routes = MapAdapter(routes, "", "/", "", "http", "/", "GET")

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        response = self._answered(Call(Request(environ), self._emulator, {}))
        response.headers["X-TGPay-Emulator"] = __version__
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response(environ, start_response)

    def finds(self, path: str, method: str) -> bool:
        """Whether a path is one of the interface, and takes the method."""
        return self.routes.test(path, method)

    def _answered(self, call: Call) -> Response:
        try:
            with self._emulator.store.reported():
                return self._called(call)
        except Exception as error:
            return as_response(_problem(error, call), call.order_number)

    def _called(self, call: Call) -> Response:
        """Find what a request calls, and call it. Raises the same as `Operation.__call__`."""
        try:
            name, call.place = self.routes.match(call.request.path, call.request.method)
        except HTTPException as error:
            if call.request.path not in PROBES:  # which anybody may ask
                allowed(call.request, self._emulator)
            return _not_found(call.request, error)
        if name in PROBES:
            return PROBES[name](call)
        call.emulator = allowed(call.request, self._emulator)
        return self._operations[name](call)


def _not_found(asked: Request, error: HTTPException) -> Response:
    """The response to an unknown path, or to a method that its path does not take. Raises Problem."""
    if not isinstance(error, MethodNotAllowed):
        raise Problem(404, "Not Found",
                      f"unknown endpoint {asked.path}; /_emulator/openapi.json lists all endpoints")
    names = ", ".join(sorted({*(error.valid_methods or ()), "OPTIONS"}))
    if asked.method == "OPTIONS":
        response = nothing()
    else:
        response = as_response(Problem(405, error.name, f"{asked.path} takes {names}, not {asked.method}"))
    response.headers["Allow"] = names
    return response


def _problem(error: Exception, call: Call) -> Problem:
    """The problem for an error of a call; one that nobody expects is logged."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, Forbidden):
        return Problem(403, "Forbidden", str(error))
    if isinstance(error, OperationError):
        return of_error(error)
    if isinstance(error, HTTPException):
        return Problem(error.code or 500, error.name, error.description or error.name)
    if isinstance(error, Unusable):
        return Problem(503, "Service Unavailable", str(error))
    log.error("%s %s failed", call.request.method, call.request.path, exc_info=error)
    return Problem(500, "Internal Server Error", "the emulator failed; its log says where")
