"""The emulator as a WSGI application: the only place that knows Flask.

Each module, and each package, imports only from those above it:

    current        the emulator of the current request, and its addresses
    roles          the roles of control tokens, and what the current request's token may do
    routing        URL converters, URL rules and redirects
    application    the Flask application, as the control interface and the pages set it up
    texts          the texts of pages, from languages/*.json
    drawn          QR codes and bar codes as SVG paths
    gate           which hosts and sites may send requests
    receipt        a terminal's receipt
    streams        server-sent events
    uploads        files that a request brings
    control        the control interface /_emulator
    bodies         incomplete and malformed request bodies
    troubles       responses to unknown paths, and while the database cannot be used
    sessions       browsers in which the control token was typed
    pages          the wallet, QR pictures, the front page
    entrance       access to the console and the demo
    received       reads requests to the gateway
    cashier        the cashier page and the issuer's page
    payment_code   the payment code on a buyer's phone
    terminal       the screen of a card terminal
    sdk            card vouchers for web pages
    console        the console /console
    documentation  the documentation /docs
    demo           the demo shop /demo
    site           all pages, as an application that is made when one is asked for
    api            the gateway /v2
    prefix         the path of public_url in front of every address
"""
from flask import Flask

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

SPARE_ROWS = 16  # for workers that begin before those end that they replace


def _made(settings: Settings, store: Store, scheduler: Scheduler) -> Emulator:
    waiting = Waiting(store, settings)
    store.pause = waiting.slots.waiting
    units, commands = Units(store, settings), Commands(store, scheduler, waiting)
    limiter = Limiter(store, settings.rate_limit) if settings.rate_limit else None
    measurements = Measurements(2 * settings.workers + SPARE_ROWS)
    gateway = Gateway(units, waiting, limiter, measurements)
    return Emulator(settings, store, units, gateway, scheduler, commands, waiting, measurements, limiter)


def create_app(settings: Settings, store: Store, scheduler: Scheduler) -> Flask:
    """Make the application on an open store. The caller runs the scheduler's thread.

    It routes the control interface. In front of it are the gateway, and the pages with an application of
    their own, which has all routes: the extension `site`.
    """
    from . import api, bodies, control, prefix, troubles
    from .application import WHOLE, Application
    from .site import Site

    here = _made(settings, store, scheduler)
    app = Application({"emulator": here, control.events.HAPPENINGS: control.events.Happenings(store)},
                      static_folder=None)
    app.register_blueprint(control.blueprint)
    app.register_blueprint(control.probes)
    troubles.answer_troubles(app, control.not_routed, control.unusable)
    site = app.extensions["site"] = Site(app.extensions, app.wsgi_app)
    gateway = bodies.with_checked_bodies(api.Api(here, site))
    whole = app.extensions[WHOLE] = prefix.put_under(gateway, site, settings.public_url)
    app.wsgi_app = whole  # type: ignore[assignment,method-assign]
    return app
