"""What every operation of the control interface is made with: its declaration, its query and body, and its
answer.

Operations are declared with `@operation`, which makes the route and the row of the OpenAPI document at once,
and lets a request through to the view only when its query and its body have nothing that the row does not
have.
"""
import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar

from flask import Blueprint, Response, current_app, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from ...base import durations, portions
from ...base.settings import NO_TOKEN
from ...domain.errors import OperationError
from ...operations.unit import merchant_of
from .. import gate
from ..current import emulator
from .bodies import MOST_BYTES, check_members, read_object
from .problems import Problem, as_response, of_error, problem, wrong_request, wrong_value
from .queries import DEFAULT_ROWS, MERCHANT, ORDER, PAGED, Query, check_query, paged_by

blueprint = Blueprint("control", __name__, url_prefix="/_emulator")
probes = Blueprint("probes", __name__)


@dataclass(frozen=True)
class Operation:
    """A row of the interface: its `query`, its `body` as a JSON schema (None when it takes none), the
    `words` that a part of its path may be, and the `headers` that it heeds."""

    method: str
    path: str
    summary: str
    query: tuple[Query, ...] = ()
    body: dict[str, Any] | None = None
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    headers: tuple[Query, ...] = ()


OPERATIONS: list[Operation] = []

View = TypeVar("View", bound=Callable[..., Any])


def operation(method: str, path: str, summary: str, query: tuple[Query, ...] = (),
              body: dict[str, Any] | None = None,
              words: Mapping[str, tuple[str, ...]] | None = None,
              headers: tuple[Query, ...] = ()) -> Callable[[View], View]:
    """Make the decorated view an operation of the interface. The view itself stays, for others to call."""
    closed = {"type": "object", "additionalProperties": False, **body} if body else None
    row = Operation(method, path, summary, query, closed, words or {}, headers)
    OPERATIONS.append(row)

    def declare(view: View) -> View:
        @wraps(view)
        def checked(**place: str) -> Any:
            _check(row)
            return view(**place)
        blueprint.route(path, methods=[method], provide_automatic_options=False)(checked)
        return view
    return declare


def _check(row: Operation) -> None:
    """Raises a problem when a request has something in it that its operation does not know."""
    check_query(row.query, request.args)
    if row.body is not None:
        check_members(body(), row.body)
    elif b"".join(_raw_body().split()) not in (b"", b"{}"):
        raise wrong_request(f"{row.method} {request.path} takes no body")
    merchants_id = request.args.get(MERCHANT.name)
    if merchants_id is not None:
        merchant_of(emulator().store.read(), merchants_id)


blueprint.register_error_handler(Problem, as_response)
blueprint.register_error_handler(OperationError, lambda error: as_response(of_error(error)))


@blueprint.errorhandler(HTTPException)
def _http(error: HTTPException) -> Response:
    return problem(error.code or 500, error.name, error.description or error.name)


def not_routed(error: HTTPException) -> Response:
    """A path below `/_emulator` that is none of the interface's, or a method that its path does not have."""
    refused = admit()
    if refused:
        return refused
    if not isinstance(error, MethodNotAllowed):
        detail = f"there is nothing at {request.path}; /_emulator/openapi.json lists the operations"
        return problem(404, "Not Found", detail)
    allowed = ", ".join(sorted({*(error.valid_methods or ()), "OPTIONS"}))
    if request.method == "OPTIONS":
        answer = Response(status=204)
    else:
        answer = problem(405, error.name, f"{request.path} takes {allowed}, not {request.method}")
    answer.headers["Allow"] = allowed
    return answer


@blueprint.before_request
def admit() -> Response | None:
    """Only under a host that is meant, no page of another site, and only the holder of the control token,
    where there is one.
    """
    return (as_problem(gate.refusal(takes_json=True))
            or (None if request.path == "/_emulator/health" else refuse_strangers()))


def token_in_force() -> str:
    """The control token that is asked for; empty when there is none."""
    token = str(emulator().settings.control_token)
    return "" if token == NO_TOKEN else token


def refuse_strangers() -> Response | None:
    """Whoever does not send the control token, where there is one, is refused."""
    token, given = token_in_force(), request.headers.get("Authorization", "")
    if not token or hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        return None
    refused = problem(401, "Unauthorized", "send the control token as Authorization: Bearer <token>")
    refused.headers["WWW-Authenticate"] = "Bearer"
    return refused


def refuse_other_sites() -> Response | None:
    """A change that a page of another site asks for is refused."""
    return as_problem(gate.foreign_page())


def as_problem(refused: gate.Refusal | None) -> Response | None:
    """The refusal of a request as a response, or None where there is none."""
    return problem(refused.status, refused.title, refused.detail) if refused else None


@blueprint.after_request
def keep_to_itself(response: Response) -> Response:
    """No other site may embed an answer, and nobody is to keep it: it has merchants' tokens."""
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    return response


def body() -> dict[str, Any]:
    """The request's JSON object; an absent body is an empty one. Raises Problem."""
    if "body" not in g:
        g.body = read_object(_raw_body())
    return dict(g.body)


def _raw_body() -> bytes:
    request.max_content_length = MOST_BYTES
    return request.get_data()


def text_of(given: dict[str, Any], name: str) -> str:
    """A text in the body, or a problem that names it."""
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise wrong_value(f"{name} must be a text")
    return value


def paging() -> tuple[int, int]:
    """`after` and `limit` of a list."""
    return number("after", 0), number("limit", DEFAULT_ROWS)


def number(name: str, default: int) -> int:
    """A whole number in the query, as its row has checked it."""
    return int(request.args.get(name, default))


def duration(name: str, default: str, most: int) -> int:
    """A duration in the query, in milliseconds, as its row has checked it."""
    return min(durations.parse(request.args.get(name, default)), most)


def listed(items: Iterable[dict[str, Any]], limit: int, name: str = "id") -> Response:
    """A page of a list; `next` is the `after` of the next page, or null at the end.

    The page ends early where its text would be longer than `portions.PAGE`; an item that is longer comes
    alone.
    """
    written = ((item[name], _json(item)) for item in items)
    page, complete = portions.taken(written, lambda each: len(each[1]))
    following = page[-1][0] if page and (not complete or len(page) == limit) else None
    text = f'{{"items":[{",".join(each for _, each in page)}],"next":{_json(following)}}}\n'
    return Response(text, content_type="application/json")


def _json(value: Any) -> str:
    """A value as `jsonify` writes it."""
    return current_app.json.dumps(value, separators=(",", ":"))


def asked(*names: str) -> dict[str, str | None]:
    """Filters in the query; null for those that are not there."""
    return {name: request.args.get(name) or None for name in names}


__all__ = ["DEFAULT_ROWS", "MERCHANT", "OPERATIONS", "ORDER", "PAGED", "Problem", "Query", "admit",
           "asked", "blueprint", "body", "duration", "listed", "not_routed", "number",
           "operation", "paged_by", "paging", "probes", "problem", "refuse_other_sites",
           "refuse_strangers", "text_of", "token_in_force", "wrong_request", "wrong_value"]
