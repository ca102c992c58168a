"""The emulator as a WSGI application: the only place that knows Flask."""
from flask import Flask

from .. import __version__
from ..base.settings import Settings
from ..gateway.handling import Gateway
from ..operations.commands import Commands
from ..operations.scheduler import Scheduler
from ..operations.unit import Units
from ..operations.watching import Waiting
from ..store import Store
from .current import Emulator
from .routing import IdConverter, NumberConverter, Onward, QuickRule


def _made(settings: Settings, store: Store, scheduler: Scheduler) -> Emulator:
    waiting = Waiting(store, settings)
    store.lock.pause = waiting.slots.waiting
    units, commands = Units(store, settings), Commands(store, scheduler, waiting)
    return Emulator(settings, store, units, Gateway(store, settings, waiting), scheduler, commands, waiting)


def create_app(settings: Settings, store: Store, scheduler: Scheduler) -> Flask:
    """The application on an open store; whoever calls runs the scheduler's thread."""
    from . import (
        api, bodies, cashier, console, control, demo, pages, payment_code, prefix, sdk, terminal, troubles)

    app = Flask(__name__)
    app.url_rule_class = QuickRule
    app.response_class = Onward
    app.url_map.converters.update(id=IdConverter, number=NumberConverter)
    app.url_map.merge_slashes = False  # an order number may have two in a row
    app.json.sort_keys = False  # type: ignore[attr-defined]  # of the default provider
    app.extensions["emulator"] = _made(settings, store, scheduler)
    app.register_blueprint(api.blueprint)
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(cashier.blueprint)
    app.register_blueprint(payment_code.blueprint)
    app.register_blueprint(terminal.blueprint)
    app.register_blueprint(sdk.blueprint)
    app.register_blueprint(demo.blueprint)
    app.register_blueprint(control.blueprint)
    app.register_blueprint(control.probes)
    app.register_blueprint(console.blueprint)
    troubles.answer_troubles(app)
    bodies.check_bodies(app)
    prefix.put_under(app, settings.public_url)

    @app.after_request
    def name_the_emulator(response):  # type: ignore[no-untyped-def]
        response.headers["X-TGPay-Emulator"] = __version__
        return response

    return app
