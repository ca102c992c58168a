"""The declaration of operations, access to them, and helpers for their queries, bodies and responses.

`@operation` declares an operation: it makes the route and the row of the OpenAPI document. It also checks
each request, and calls the view only if query and body have no more than the row allows.
"""
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any, TypeVar

from flask import Blueprint, Response, current_app, g, request
from msgspec import Struct
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from ...base import durations, portions
from ...domain.errors import Forbidden, OperationError
from ...operations.unit import merchant_of
from .. import gate, roles
from ..current import emulator
from .bodies import MOST_BYTES, check_members, read_object
from .limits import check_rate
from .problems import Problem, as_response, of_error, problem, wrong_request, wrong_value
from .queries import DEFAULT_ROWS, MERCHANT, NEWEST_FIRST, ORDER, PAGED, Query, check_query, paged_by
from .schemas import Schema

blueprint = Blueprint("control", __name__, url_prefix="/_emulator")
probes = Blueprint("probes", __name__)


class Operation(Struct, frozen=True):
    """An operation of the interface.

    `name` and `subject` are those of its view and of the view's module. `query` and `headers` are the
    parameters that it reads, `body` is the JSON schema of its body, or None if it takes none. `words` are the
    possible values of parts of its path. `produces` is the content type of its answer if that is not JSON.
    With `consumes`, the content type of a file, the body is a file that the view reads itself. `returns` is
    the schema of its answer, None if that is empty, and `statuses` are those of success. `problems` are the
    statuses of problems that not every operation like it can have.
    """

    method: str
    path: str
    summary: str
    name: str
    subject: str
    query: tuple[Query, ...] = ()
    body: dict[str, Any] | None = None
    words: Mapping[str, tuple[str, ...]] = {}
    headers: tuple[Query, ...] = ()
    produces: str = ""
    consumes: str = ""
    returns: Schema | None = None
    statuses: tuple[int, ...] = (200,)
    problems: tuple[int, ...] = ()


OPERATIONS: list[Operation] = []

View = TypeVar("View", bound=Callable[..., Any])


def operation(method: str, path: str, summary: str, query: tuple[Query, ...] = (),
              body: dict[str, Any] | None = None,
              words: Mapping[str, tuple[str, ...]] | None = None,
              headers: tuple[Query, ...] = (), produces: str = "", consumes: str = "",
              returns: Schema | None = None, statuses: tuple[int, ...] = (200,),
              problems: tuple[int, ...] = ()) -> Callable[[View], View]:
    """Declare the decorated view as an operation. Returns the view unchanged, so that code can call it.

    The view's name is a verb and a noun, from which the OpenAPI document has the operation's id.
    """
    closed = {"type": "object", "additionalProperties": False, **body} if body else None

    def declare(view: View) -> View:
        subject = view.__module__.rpartition(".")[2]
        row = Operation(method, path, summary, view.__name__, subject, query, closed, words or {}, headers,
                        produces, consumes, returns, statuses, problems)
        OPERATIONS.append(row)

        @wraps(view)
        def checked(**place: str) -> Any:
            _check(row)
            if emulator().limiter is not None:
                check_rate({**_sent(row), **place})
            return view(**place)
        blueprint.route(path, methods=[method], provide_automatic_options=False)(checked)
        return view
    return declare


def _check(row: Operation) -> None:
    """Check query, body and merchant of a request. Raises Problem, or NotFound for an unknown merchant."""
    check_query(row.query, request.args)
    if row.body is not None:
        check_members(body(), row.body)
    elif not row.consumes and b"".join(_raw_body().split()) not in (b"", b"{}"):
        raise wrong_request(f"{row.method} {request.path} takes no body")
    merchants_id = request.args.get(MERCHANT.name)
    if merchants_id is not None:
        merchant_of(emulator().store.read(), merchants_id)


def _sent(row: Operation) -> dict[str, Any]:
    """The values in the query and in the body of a request by their names."""
    return {**request.args.to_dict(), **(body() if row.body is not None else {})}


blueprint.register_error_handler(Problem, as_response)
blueprint.register_error_handler(Forbidden, lambda error: problem(403, "Forbidden", str(error)))
blueprint.register_error_handler(OperationError, lambda error: as_response(of_error(error)))


@blueprint.errorhandler(HTTPException)
def _http(error: HTTPException) -> Response:
    return problem(error.code or 500, error.name, error.description or error.name)


def not_routed(error: HTTPException) -> Response:
    """The response to an unknown path below `/_emulator`, or to a method that its path does not take."""
    refused = admit()
    if refused:
        return refused
    if not isinstance(error, MethodNotAllowed):
        detail = f"unknown endpoint {request.path}; /_emulator/openapi.json lists all endpoints"
        return problem(404, "Not Found", detail)
    allowed = ", ".join(sorted({*(error.valid_methods or ()), "OPTIONS"}))
    if request.method == "OPTIONS":
        answer = Response(status=204)
    else:
        answer = problem(405, error.name, f"{request.path} takes {allowed}, not {request.method}")
    answer.headers["Allow"] = allowed
    return answer


def unusable(trouble: Exception) -> Response:
    """The response while the database cannot be used."""
    return problem(503, "Service Unavailable", str(trouble))


@blueprint.before_request
def admit() -> Response | None:
    """The response that refuses the current request, or None when it is allowed.

    Refused are unknown hosts, pages of other sites, and requests without a control token while there are any;
    health needs none.
    """
    return (as_problem(gate.refusal(takes_json=True))
            or (None if request.path == "/_emulator/health" else refuse_strangers()))


def refuse_strangers() -> Response | None:
    """The refusal of a request without a control token, or None when it is allowed.

    From then on the request does what the token's holder may do.
    """
    if not roles.are_needed():
        return None
    given = request.headers.get("Authorization", "")
    holder = roles.find(lambda row: roles.is_same(given, f"Bearer {row.token}"))
    if holder:
        roles.enter(holder)
        return None
    refused = problem(401, "Unauthorized", "send the control token as Authorization: Bearer <token>")
    refused.headers["WWW-Authenticate"] = "Bearer"
    return refused


def refuse_other_sites() -> Response | None:
    """The refusal of a change that a page of another site asks for, or None when it is allowed."""
    return as_problem(gate.foreign_page())


def as_problem(refused: gate.Refusal | None) -> Response | None:
    """A refusal as a response, or None if there is none."""
    return problem(refused.status, refused.title, refused.detail) if refused else None


@blueprint.after_request
def keep_to_itself(response: Response) -> Response:
    """Forbid caching and use by other sites, because responses contain merchants' tokens."""
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    return response


def body() -> dict[str, Any]:
    """The request's JSON object; an empty body is an empty object. Raises Problem."""
    if "body" not in g:
        g.body = read_object(_raw_body())
    return dict(g.body)


def _raw_body() -> bytes:
    request.max_content_length = MOST_BYTES
    return request.get_data()


def text_of(given: dict[str, Any], name: str) -> str:
    """A text member of the body. Raises Problem when it is missing, empty or not a text."""
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise wrong_value(f"{name} must be a string")
    return value


def paging() -> tuple[int, int]:
    """The values of `after` and `limit` in the query of a list."""
    return number("after", 0), number("limit", DEFAULT_ROWS)


def is_newest_first() -> bool:
    """Whether the query of a list asks for the newest rows first."""
    return request.args.get(NEWEST_FIRST.name) == "true"


def number(name: str, default: int) -> int:
    """A whole number in the query, checked by its `Query`."""
    return int(request.args.get(name, default))


def duration(name: str, default: str, most: int) -> int:
    """A duration in the query, in milliseconds and at most `most`, checked by its `Query`."""
    return min(durations.parse(request.args.get(name, default)), most)


def listed(items: Iterable[dict[str, Any]], limit: int, name: str = "id") -> Response:
    """The response with a page of a list; `next` is the `after` of the next page, or null at the end.

    The page ends early if its text would be longer than `portions.PAGE`. An item that is longer than that is
    alone on its page.
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
    """The values of filters in the query; None for those that are missing."""
    return {name: request.args.get(name) or None for name in names}


__all__ = ["DEFAULT_ROWS", "MERCHANT", "OPERATIONS", "ORDER", "PAGED", "Problem", "Query", "admit",
           "asked", "blueprint", "body", "duration", "is_newest_first", "listed", "not_routed", "number",
           "operation", "paged_by", "paging", "probes", "problem", "refuse_other_sites",
           "refuse_strangers", "text_of", "unusable", "wrong_request", "wrong_value"]
