"""Refuses requests to the console and the demo by their host and origin.

A browser that uses an unknown host name gets a page; every other refusal is a problem document.
"""
from flask import request
from werkzeug.wrappers import Response

from . import gate, pages
from .control.problems import as_response, of_refusal
from .current import emulator

WRONG_HOST = 421


def refuse() -> Response | None:
    """The response that refuses the current request, or None when it is allowed."""
    refused = gate.refusal(request, emulator().settings)
    if refused is None:
        return None
    if refused.status == WRONG_HOST and _is_a_browser():
        host = gate.host_in(request.headers.get("Host", ""))
        return pages.page("wrong_host.html", WRONG_HOST, host=host)
    return as_response(of_refusal(refused))


def _is_a_browser() -> bool:
    """Whether the client asks for a page: browsers accept HTML by name, programs mostly accept anything."""
    return request.method in gate.SAFE and "text/html" in request.headers.get("Accept", "").lower()
