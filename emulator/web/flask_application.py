"""All pages, as a Flask application."""
from typing import Any
from wsgiref.types import WSGIApplication

import flask
from flask import Flask
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.wrappers import Response

from .. import __version__
from ..store import DatabaseError, Unusable
from . import cashier, console, demo, documentation, pages, payment_code, sdk, terminal
from .current import EMULATOR, WHOLE, emulator
from .emulator import Emulator
from .routing import CONVERTERS, Onward, QuickRule


class PageResponse(Onward, flask.Response):
    """A response of Flask whose Location header is sent unchanged."""


class Pages(Flask):
    """The application. All its functions are synchronous, so Flask need not look at each before a call."""

    url_rule_class = QuickRule
    response_class = PageResponse

    def ensure_sync(self, func: Any) -> Any:
        """The function as it is."""
        return func


def made(here: Emulator, whole: WSGIApplication) -> Flask:
    """The application; `whole` is that of the whole emulator."""
    app = Pages(__package__)
    app.extensions.update({EMULATOR: here, WHOLE: whole})
    app.url_map.converters.update(CONVERTERS)
    app.url_map.merge_slashes = False  # an order number may have two in a row
    app.json.sort_keys = False  # type: ignore[attr-defined]  # of the default provider
    for module in (pages, cashier, payment_code, terminal, sdk, demo, console, documentation):
        app.register_blueprint(module.blueprint)
    app.register_error_handler(404, _not_routed)
    app.register_error_handler(405, _not_routed)
    app.register_error_handler(Unusable, _unusable)
    app.register_error_handler(DatabaseError, _failed)
    app.after_request(_name_the_emulator)
    return app


def _not_routed(error: HTTPException) -> Response:
    """The response to a path or method without a route."""
    if not isinstance(error, MethodNotAllowed):
        return pages.not_found()
    return Response(error.description, 405, {"Allow": ", ".join(sorted(error.valid_methods or ()))})


def _unusable(trouble: Unusable) -> Response:
    """The response while the database cannot be used."""
    return pages.page("refused.html", 503, heading="unusable", sentence=str(trouble))


def _failed(error: Exception) -> Response:
    """The response to a database error. Raises the error again when it is a bug of the emulator."""
    try:
        with emulator().store.reported():
            raise error
    except Unusable as trouble:
        return _unusable(trouble)


def _name_the_emulator(response: flask.Response) -> flask.Response:
    response.headers["X-TGPay-Emulator"] = __version__
    return response
