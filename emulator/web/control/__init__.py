"""The control interface `/_emulator` (contract 7): JSON for tests, tools and the console.

Operations are declared with `@operation`, which makes the route and the row of the OpenAPI document at once.
"""
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from ... import durations
from ...settings import NO_TOKEN
from .. import emulator, gate

blueprint = Blueprint("control", __name__, url_prefix="/_emulator")
probes = Blueprint("probes", __name__)
MOST_ROWS = 1_000
DEFAULT_ROWS = 100


@dataclass(frozen=True)
class Operation:
    """A row of the interface: `query` are (name, meaning), `body` is a JSON schema."""

    method: str
    path: str
    summary: str
    query: tuple[tuple[str, str], ...] = ()
    body: dict[str, Any] | None = None


OPERATIONS: list[Operation] = []
PAGED = (("after", "the last id seen"), ("limit", f"how many, {DEFAULT_ROWS} unless told, at most {MOST_ROWS}"))
MERCHANT = ("merchants_id", "only of this merchant")


View = TypeVar("View", bound=Callable[..., Any])


def operation(method: str, path: str, summary: str, query: tuple[tuple[str, str], ...] = (),
              body: dict[str, Any] | None = None) -> Callable[[View], View]:
    """Make the decorated view an operation of the interface."""
    OPERATIONS.append(Operation(method, path, summary, query, body))
    return blueprint.route(path, methods=[method])


class Problem(Exception):
    """A request that cannot be done, as an RFC 9457 document."""

    def __init__(self, status: int, title: str, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.document = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}


def problem(status: int, title: str, detail: str, **more: Any) -> Response:
    """The document of a problem as a response."""
    response = jsonify(Problem(status, title, detail, **more).document)
    response.status_code = status
    response.content_type = "application/problem+json"
    return response


@blueprint.errorhandler(Problem)
def _told(error: Problem) -> Response:
    return problem(error.status, **{name: value for name, value in error.document.items() if name not in ("type", "status")})


@blueprint.errorhandler(HTTPException)
def _http(error: HTTPException) -> Response:
    return problem(error.code or 500, error.name, error.description or error.name)


@blueprint.route("/", defaults={"path": ""}, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
@blueprint.route("/<path:path>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
def nothing_here(path: str) -> Response:
    """A path that is none of the interface's."""
    return problem(404, "Not Found", f"{request.method} /_emulator/{path} is no operation; /_emulator/openapi.json lists them")


@blueprint.before_request
def admit() -> Response | None:
    """Only under a host that is meant, no page of another site, and only the holder of the control token, where there is one."""
    return refuse_at_the_gate() or (None if request.path == "/_emulator/health" else refuse_strangers())


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
    return _as_problem(gate.foreign_page())


def refuse_at_the_gate() -> Response | None:
    """What the control interface, the console and the demo do not let in is refused."""
    return _as_problem(gate.refusal())


def _as_problem(refused: gate.Refusal | None) -> Response | None:
    return problem(refused.status, refused.title, refused.detail) if refused else None


@blueprint.after_request
def keep_to_itself(response: Response) -> Response:
    """No other site may embed an answer, and nobody is to keep it: it has merchants' tokens."""
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    return response


def body() -> dict[str, Any]:
    """The request's JSON object; an absent body is an empty one."""
    if not request.get_data():
        return {}
    given = request.get_json(force=True, silent=True)
    if not isinstance(given, dict):
        raise Problem(400, "Bad Request", "the body must be a JSON object")
    try:
        json.dumps(given, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise Problem(400, "Bad Request", "the body has half of a surrogate pair") from error
    return given


def text_of(given: dict[str, Any], name: str) -> str:
    """A text in the body, or a problem that names it."""
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise Problem(422, "Unprocessable", f"{name} must be a text")
    return value


def paging() -> tuple[int, int]:
    """`after` and `limit` of a list."""
    return number("after", 0, 2**62), min(number("limit", DEFAULT_ROWS, MOST_ROWS), MOST_ROWS)


def number(name: str, default: int, most: int) -> int:
    """A whole number in the query."""
    written = request.args.get(name, str(default))
    if not (written.isascii() and written.isdecimal() and int(written) <= most):
        raise Problem(400, "Bad Request", f"{name} must be a whole number from 0 to {most}")
    return int(written)


def duration(name: str, default: str, most: int) -> int:
    """A duration in the query, in milliseconds."""
    try:
        return min(durations.parse(request.args.get(name, default)), most)
    except ValueError as error:
        raise Problem(400, "Bad Request", f"{name}: {error}") from error


def listed(items: list[dict[str, Any]], limit: int, name: str = "id") -> Response:
    """A page of a list; `next` is the `after` of the next page, or null at the end."""
    return jsonify({"items": items, "next": items[-1][name] if items and len(items) == limit else None})


def asked(*names: str) -> dict[str, str | None]:
    """Filters in the query; null for those that are not there."""
    return {name: request.args.get(name) or None for name in names}


# The modules that declare the operations.
from . import card_tables, findings, scenarios, settlement, state, terminals, tools, trades  # noqa: E402,F401
