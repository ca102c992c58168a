"""Problem documents (RFC 9457): the responses to requests that fail."""
from typing import Any

from flask import Response, has_request_context, jsonify, request

from ...domain.errors import Conflict, Exhausted, Failed, Invalid, NotFound, OperationError
from ...protocol import card_numbers

CONTENT_TYPE = "application/problem+json"


class Problem(Exception):
    """The failure of a request; `document` is its RFC 9457 problem document."""

    def __init__(self, status: int, title: str, detail: str, **more: Any) -> None:
        detail = _discreet(detail)
        super().__init__(detail)
        self.status = status
        self.headers: dict[str, str] = {}
        if "errors" in more:
            more["errors"] = _discreet(more["errors"])
        self.document = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}


def _discreet(sentences: Any) -> Any:
    """Sentences, alone or in lists and objects, with card numbers hidden.

    They may repeat a part of the request. The order number in the path or query is not a card number.
    """
    if isinstance(sentences, dict):
        return {_discreet(name): _discreet(value) for name, value in sentences.items()}
    if isinstance(sentences, list):
        return list(map(_discreet, sentences))
    about = {**(request.view_args or {}), **request.args} if has_request_context() else {}
    return card_numbers.hidden(str(sentences), about.get("out_trade_no", ""))


STATUSES: dict[type[OperationError], tuple[int, str]] = {
    NotFound: (404, "Not Found"), Conflict: (409, "Conflict"), Invalid: (422, "Unprocessable"),
    Exhausted: (507, "Insufficient Storage"), Failed: (500, "Internal Server Error")}


def of_error(error: OperationError) -> Problem:
    """The problem for an error of an operation."""
    status, title = STATUSES[type(error)]
    more: dict[str, Any] = error.more if isinstance(error, Conflict) else {}
    if isinstance(error, Invalid) and error.problems:
        more = {"errors": error.problems}
    return Problem(status, title, str(error), **more)


def problem(status: int, title: str, detail: str, **more: Any) -> Response:
    """The response with a new problem document."""
    return as_response(Problem(status, title, detail, **more))


def as_response(error: Problem) -> Response:
    """The response with the document of a problem."""
    response = jsonify(error.document)
    response.status_code = error.status
    response.content_type = CONTENT_TYPE
    response.headers.update(error.headers)
    return response


def wrong_request(detail: str, **more: Any) -> Problem:
    """The problem (400) for a request with an unknown or unreadable part."""
    return Problem(400, "Bad Request", detail, **more)


def wrong_value(detail: str, **more: Any) -> Problem:
    """The problem (422) for a request whose body has a member with an invalid value."""
    return Problem(422, "Unprocessable", detail, **more)
