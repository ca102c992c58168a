"""The emulator as a WSGI application: the only place that knows Flask."""
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app, request
from werkzeug.routing import Rule

from .. import __version__
from ..gateway import Gateway
from ..scheduler import Scheduler
from ..settings import Settings
from ..store import Store
from ..watching import Waiting


class QuickRule(Rule):
    """A route whose builder of URLs is made with the first URL: it is costly, most routes never need it, and a start waits for all."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        make = super()._compile_builder

        def build(rule: Rule, **values: Any) -> tuple[str, str]:
            made = make(append_unknown).__get__(rule, None)
            setattr(rule, "_build_unknown" if append_unknown else "_build", made)
            built: tuple[str, str] = made(**values)
            return built
        return build


@dataclass
class Emulator:
    """What every request works with: `current_app.extensions["emulator"]`."""

    settings: Settings
    store: Store
    gateway: Gateway
    scheduler: Scheduler
    waiting: Waiting

    def ask(self, command: str, argument: Mapping[str, Any]) -> dict[str, Any]:
        """Have the scheduler carry out a command, and wait for its result. Raises TimeoutError."""
        with self.waiting.pause():
            return self.scheduler.ask(command, argument)


def emulator() -> Emulator:
    """The emulator of the current request."""
    found: Emulator = current_app.extensions["emulator"]
    return found


def base_url() -> str:
    """The address under which payers and merchants reach the emulator: the setting's, else that of the present request."""
    return emulator().settings.public_url or f"{request.scheme}://{request.host}"


def _made(settings: Settings, store: Store, scheduler: Scheduler) -> Emulator:
    waiting = Waiting(store, settings)
    return Emulator(settings, store, Gateway(store, settings, waiting), scheduler, waiting)


def create_app(settings: Settings, store: Store, scheduler: Scheduler) -> Flask:
    """The application on an open store; whoever calls runs the scheduler's thread."""
    from . import api, cashier, console, control, demo, pages, payment_code, sdk, terminal

    app = Flask(__name__)
    app.url_rule_class = QuickRule
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

    @app.after_request
    def name_the_emulator(response):  # type: ignore[no-untyped-def]
        response.headers["X-TGPay-Emulator"] = __version__
        return response

    return app
