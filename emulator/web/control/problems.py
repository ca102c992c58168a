"""What is answered when a request cannot be done: RFC 9457 problem documents."""
from typing import Any

from flask import Response, has_request_context, jsonify, request

from ...domain.errors import Conflict, Exhausted, Failed, Invalid, NotFound, OperationError
from ...protocol import card_numbers

CONTENT_TYPE = "application/problem+json"


class Problem(Exception):
    """A request that cannot be done, as an RFC 9457 document."""

    def __init__(self, status: int, title: str, detail: str, **more: Any) -> None:
        detail = _discreet(detail)
        super().__init__(detail)
        self.status = status
        if "errors" in more:
            more["errors"] = _discreet(more["errors"])
        self.document = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}


def _discreet(told: Any) -> Any:
    """Sentences that may repeat something of the request, without card numbers.

    The number of the order that the request is about is none.
    """
    if isinstance(told, dict):
        return {_discreet(name): _discreet(value) for name, value in told.items()}
    if isinstance(told, list):
        return list(map(_discreet, told))
    about = {**(request.view_args or {}), **request.args} if has_request_context() else {}
    return card_numbers.hidden(str(told), about.get("out_trade_no", ""))


STATUSES: dict[type[OperationError], tuple[int, str]] = {
    NotFound: (404, "Not Found"), Conflict: (409, "Conflict"), Invalid: (422, "Unprocessable"),
    Exhausted: (507, "Insufficient Storage"), Failed: (500, "Internal Server Error")}


def of_error(error: OperationError) -> Problem:
    """The problem that an operation has met."""
    status, title = STATUSES[type(error)]
    more: dict[str, Any] = error.more if isinstance(error, Conflict) else {}
    if isinstance(error, Invalid) and error.problems:
        more = {"errors": error.problems}
    return Problem(status, title, str(error), **more)


def problem(status: int, title: str, detail: str, **more: Any) -> Response:
    """A problem as a response."""
    return as_response(Problem(status, title, detail, **more))


def as_response(error: Problem) -> Response:
    """The document of a problem as a response."""
    response = jsonify(error.document)
    response.status_code = error.status
    response.content_type = CONTENT_TYPE
    return response


def wrong_request(detail: str, **more: Any) -> Problem:
    """A request with something in it that the call does not know or cannot read."""
    return Problem(400, "Bad Request", detail, **more)


def wrong_value(detail: str, **more: Any) -> Problem:
    """A request whose body has a member with an impossible value."""
    return Problem(422, "Unprocessable", detail, **more)
