"""How addresses are read and written: converters of routes, and responses that lead on to merchants' URLs."""
from collections.abc import Callable
from typing import Any

from flask import Response
from werkzeug.routing import BaseConverter, Rule, ValidationError


class QuickRule(Rule):
    """A route whose builder of URLs is made with the first URL: it is costly, most routes never need it, and
    a start waits for all.
    """

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
