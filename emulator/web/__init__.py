"""The emulator as a WSGI application: the only place that knows Flask.

Each module, and each package, imports only from those above it:

    current        the emulator of the current request, and its addresses
    roles          the roles of control tokens, and what the current request's token may do
    routing        URL converters, URL rules and redirects
    texts          the texts of pages, from languages/*.json
    drawn          QR codes and bar codes as SVG paths
    gate           which hosts and sites may send requests
    receipt        a terminal's receipt
    streams        server-sent events
    uploads        files that a request brings
    control        the control interface /_emulator
    bodies         incomplete and malformed request bodies
    sessions       browsers in which the control token was typed
    pages          the wallet, QR pictures, the front page
    entrance       access to the console and the demo
    received       reads requests to the gateway
    api            the gateway /v2
    prefix         the path of public_url in front of every address
    cashier        the cashier page and the issuer's page
    payment_code   the payment code on a buyer's phone
    terminal       the screen of a card terminal
    sdk            card vouchers for web pages
    troubles       responses to unknown paths, and while the database cannot be used
    console        the console /console
    documentation  the documentation /docs
    demo           the demo shop /demo
"""
from typing import Any

from flask import Flask

from .. import __version__
from ..base.settings import Settings
from ..gateway.handling import Gateway
from ..gateway.measuring import Measurements
from ..operations.commands import Commands
from ..operations.limits import Limiter
from ..operations.scheduler import Scheduler
from ..operations.unit import Units
from ..operations.watching import Waiting
from ..store import Store
from .current import Emulator
from .routing import IdConverter, NumberConverter, Onward, QuickRule

SPARE_ROWS = 16  # for workers that begin before those end that they replace


class Application(Flask):
    """The application. All its functions are synchronous, so Flask need not look at each before a call."""

    url_rule_class = QuickRule
    response_class = Onward

    def ensure_sync(self, func: Any) -> Any:
        """The function as it is."""
        return func


def _made(settings: Settings, store: Store, scheduler: Scheduler) -> Emulator:
    waiting = Waiting(store, settings)
    store.pause = waiting.slots.waiting
    units, commands = Units(store, settings), Commands(store, scheduler, waiting)
    limiter = Limiter(store, settings.rate_limit) if settings.rate_limit else None
    measurements = Measurements(2 * settings.workers + SPARE_ROWS)
    gateway = Gateway(units, waiting, limiter, measurements)
    return Emulator(settings, store, units, gateway, scheduler, commands, waiting, measurements, limiter)


def create_app(settings: Settings, store: Store, scheduler: Scheduler) -> Flask:
    """Make the Flask application on an open store. The caller runs the scheduler's thread."""
    from . import (
        api, bodies, cashier, console, control, demo, documentation, pages, payment_code, prefix, sdk,
        terminal, troubles)

    app = Application(__name__)
    app.url_map.converters.update(id=IdConverter, number=NumberConverter)
    app.url_map.merge_slashes = False  # an order number may have two in a row
    app.json.sort_keys = False  # type: ignore[attr-defined]  # of the default provider
    app.extensions["emulator"] = _made(settings, store, scheduler)
    app.extensions[control.events.HAPPENINGS] = control.events.Happenings(store)
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(cashier.blueprint)
    app.register_blueprint(payment_code.blueprint)
    app.register_blueprint(terminal.blueprint)
    app.register_blueprint(sdk.blueprint)
    app.register_blueprint(demo.blueprint)
    app.register_blueprint(control.blueprint)
    app.register_blueprint(control.probes)
    app.register_blueprint(console.blueprint)
    app.register_blueprint(documentation.blueprint)
    troubles.answer_troubles(app)
    api.put_before(app)
    bodies.check_bodies(app)
    prefix.put_under(app, settings.public_url)

    @app.after_request
    def name_the_emulator(response):  # type: ignore[no-untyped-def]
        response.headers["X-TGPay-Emulator"] = __version__
        return response

    return app
