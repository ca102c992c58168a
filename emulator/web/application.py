"""The Flask application, as the control interface and the pages set it up."""
from typing import Any

from flask import Flask, Response

from .. import __version__
from .routing import IdConverter, NumberConverter, Onward, QuickRule

WHOLE = "whole"  # the extension that is the WSGI application of the whole emulator


class Application(Flask):
    """A Flask application with `extensions`, which it shares with others.

    All its functions are synchronous, so Flask need not look at each before a call.
    """

    url_rule_class = QuickRule
    response_class = Onward

    def __init__(self, extensions: dict[str, Any], **given: Any) -> None:
        super().__init__(__package__, **given)
        self.extensions = extensions
        self.url_map.converters.update(id=IdConverter, number=NumberConverter)
        self.url_map.merge_slashes = False  # an order number may have two in a row
        self.json.sort_keys = False  # type: ignore[attr-defined]  # of the default provider
        self.after_request(_name_the_emulator)

    def ensure_sync(self, func: Any) -> Any:
        """The function as it is."""
        return func


def _name_the_emulator(response: Response) -> Response:
    response.headers["X-TGPay-Emulator"] = __version__
    return response
