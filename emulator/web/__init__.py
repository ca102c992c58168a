"""The emulator as a WSGI application: the only place that knows Flask."""
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, current_app, request
from werkzeug.routing import BaseConverter, Rule, ValidationError

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


class Onward(Response):
    """A response whose Location goes out as it is.

    Merchants' URLs are escaped already; Flask would parse them again, and change or fail at those of apps.
    """

    def get_wsgi_headers(self, environ: Any) -> Any:
        """The headers as Flask makes them, beside Location."""
        location = self.headers.pop("Location", None)
        headers = super().get_wsgi_headers(environ)
        if location is not None:
            self.headers["Location"] = headers["Location"] = location
        return headers


class IdConverter(BaseConverter):
    """An id of a row in an address, as the emulator writes it: no sign, no leading zero, within 64 bits."""

    regex = "[1-9][0-9]{0,18}"

    def to_python(self, value: str) -> int:
        """The number; no route fits an address with another one."""
        if int(value) > 2**63 - 1:
            raise ValidationError
        return int(value)


class NumberConverter(BaseConverter):
    """An order number in an address: any text, with slashes anywhere in it."""

    regex = ".+?"
    weight = 200
    part_isolating = False


@dataclass
class Emulator:
    """What every request works with: `current_app.extensions["emulator"]`."""

    settings: Settings
    store: Store
    gateway: Gateway
    scheduler: Scheduler
    waiting: Waiting

    def ask(self, command: str, argument: Mapping[str, Any], key: str = "", body: str = "") -> dict[str, Any]:
        """Have the scheduler carry out a command, and wait for its result.

        It is carried out once for all who ask with an idempotency key. Raises TimeoutError, and
        `store.KeyUsed` when the key was used with another body.
        """
        with self.waiting.pause():
            return self.scheduler.ask(command, argument, key, body)

    def wait_for(self, number: int) -> dict[str, Any]:
        """The result of a command that was asked for before. Raises TimeoutError."""
        with self.waiting.pause():
            return self.scheduler.wait_for(number)


def emulator() -> Emulator:
    """The emulator of the current request."""
    found: Emulator = current_app.extensions["emulator"]
    return found


def base_url() -> str:
    """The address under which payers and merchants reach the emulator: the setting's, else that of the present request."""
    return emulator().settings.public_url or f"{request.scheme}://{request.host}"


def under_prefix(path: str) -> str:
    """A path of the emulator as browsers have it: with that of public_url in front, as `url_for` has it."""
    return f"{request.script_root}{path}"


def _made(settings: Settings, store: Store, scheduler: Scheduler) -> Emulator:
    waiting = Waiting(store, settings)
    store.lock.pause = waiting.slots.waiting
    return Emulator(settings, store, Gateway(store, settings, waiting), scheduler, waiting)


def create_app(settings: Settings, store: Store, scheduler: Scheduler) -> Flask:
    """The application on an open store; whoever calls runs the scheduler's thread."""
    from . import api, bodies, cashier, console, control, demo, pages, payment_code, prefix, sdk, terminal, troubles

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
