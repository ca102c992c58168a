"""URL rules and converters, and responses that redirect to merchants' URLs."""
from collections.abc import Callable
from typing import Any

from werkzeug.routing import BaseConverter, Rule, ValidationError
from werkzeug.wrappers import Response


class QuickRule(Rule):
    """A URL rule that compiles its URL builder at its first use.

    Compiling is slow and most rules never build a URL, so compiling all of them would delay the start.
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
    """A response whose Location header is sent unchanged.

    Merchants' URLs are escaped already. werkzeug would parse them again; it changes some URLs of apps, and
    fails at others.
    """

    def get_wsgi_headers(self, environ: Any) -> Any:
        """The headers as werkzeug makes them, with the original Location."""
        location = self.headers.pop("Location", None)
        headers = super().get_wsgi_headers(environ)
        if location is not None:
            self.headers["Location"] = headers["Location"] = location
        return headers


class IdConverter(BaseConverter):
    """A row's id in a URL, as the emulator writes it: no sign, no leading zero, at most 2**63 - 1."""

    regex = "[1-9][0-9]{0,18}"

    def to_python(self, value: str) -> int:
        """The id as an integer. Raises ValidationError when it is too large, so that no route matches."""
        if int(value) > 2**63 - 1:
            raise ValidationError
        return int(value)


class NumberConverter(BaseConverter):
    """An order number in a URL: any text, slashes included."""

    regex = ".+?"
    weight = 200
    part_isolating = False


CONVERTERS = {"id": IdConverter, "number": NumberConverter}
