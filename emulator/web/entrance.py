"""Who is not let into the console and the demo: a browser under a host that is not meant is shown a page, all
else a problem document.
"""
from flask import Response, request

from . import gate, pages
from .control.interface import as_problem

WRONG_HOST = 421


def refuse() -> Response | None:
    """The refusal of the present request, or None."""
    refused = gate.refusal()
    if refused is None:
        return None
    if refused.status == WRONG_HOST and _is_a_browser():
        host = gate.host_in(request.headers.get("Host", ""))
        return pages.page("wrong_host.html", WRONG_HOST, host=host)
    return as_problem(refused)


def _is_a_browser() -> bool:
    """Whether the client asks for a page rather than for data: browsers name HTML, programs mostly take
    anything.
    """
    return request.method in gate.SAFE and "text/html" in request.headers.get("Accept", "").lower()
