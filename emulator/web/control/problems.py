"""Problem documents (RFC 9457): the responses to requests that fail."""
from typing import Any

from werkzeug.wrappers import Response

from ...domain.errors import Conflict, Exhausted, Failed, Invalid, NotFound, OperationError
from ...protocol import card_numbers
from ..gate import Refusal
from .answers import as_json

CONTENT_TYPE = "application/problem+json"


class Problem(Exception):
    """The failure of a request: an HTTP status, its title, a sentence, and more members of the document."""

    def __init__(self, status: int, title: str, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.more = more
        self.headers: dict[str, str] = {}

    def document(self, order_number: str = "") -> dict[str, Any]:
        """The problem document, in which card numbers are hidden: sentences may repeat a part of the request.

        The order number in the path or the query of the request is not a card number.
        """
        more = self.more
        if "errors" in more:
            more = {**more, "errors": _discreet(more["errors"], order_number)}
        return {"type": "about:blank", "title": self.title, "status": self.status,
                "detail": _discreet(self.detail, order_number), **more}


def _discreet(sentences: Any, order_number: str) -> Any:
    """Sentences, alone or in lists and objects, with card numbers hidden."""
    if isinstance(sentences, dict):
        return {_discreet(name, order_number): _discreet(value, order_number)
                for name, value in sentences.items()}
    if isinstance(sentences, list):
        return [_discreet(each, order_number) for each in sentences]
    return card_numbers.hidden(str(sentences), order_number)


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


def of_refusal(refused: Refusal) -> Problem:
    """The problem for a refusal of the gate."""
    return Problem(refused.status, refused.title, refused.detail)


def as_response(problem: Problem, order_number: str = "") -> Response:
    """The response with the document of a problem; `order_number` is that of `Problem.document`."""
    response = as_json(problem.document(order_number), problem.status)
    response.content_type = CONTENT_TYPE
    response.headers.update(problem.headers)
    return response


def wrong_request(detail: str, **more: Any) -> Problem:
    """The problem (400) for a request with an unknown or unreadable part."""
    return Problem(400, "Bad Request", detail, **more)


def wrong_value(detail: str, **more: Any) -> Problem:
    """The problem (422) for a request whose body has a member with an invalid value."""
    return Problem(422, "Unprocessable", detail, **more)
