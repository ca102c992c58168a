"""Refuses requests to pages: those that pages of other sites send, and those without a control token."""
from flask import request
from werkzeug.wrappers import Response

from . import gate
from .control.access import holder_of
from .control.problems import Problem, as_response, of_refusal
from .current import emulator, enter


def of_other_sites() -> Response | None:
    """The refusal of a change that a page of another site asks for, or None when it is allowed."""
    refused = gate.foreign_page(request, emulator().settings)
    return as_response(of_refusal(refused)) if refused else None


def of_strangers() -> Response | None:
    """The refusal of a request without a control token, or None when it is allowed.

    From then on the request does what the token's holder may do.
    """
    try:
        holder = holder_of(request, emulator().settings)
    except Problem as problem:
        return as_response(problem)
    if holder:
        enter(holder)
    return None
