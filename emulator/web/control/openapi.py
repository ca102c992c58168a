"""The OpenAPI document of `/v2` and the control interface, made from their tables."""
import json
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from ... import __version__
from ...gateway import fidelity, openapi as gateway
from .access import PREFIX, PUBLIC
from .documents import LEFT_OUT, NOTIFICATION, ORDER, TERMINAL_STATE
from .interface import OPERATIONS, Operation
from .problems import CONTENT_TYPE
from .queries import Query
from .schemas import BINARY, BY_TEXT, COMPONENTS, Schema, by_name, component, many, nullable, text

ABOUT = (
    "A sandbox of the payment gateway TGPay Pro. Below /v2 is the gateway, as its document describes it; "
    "below /_emulator is the control interface. There amounts are decimal texts in major units, such as "
    "25.00, and instants are texts in ISO 8601, in UTC and on the emulator's clock. A query parameter or a "
    "member of a body that a call does not know is refused with 400.")
EXAMPLES = Path(__file__).with_name("examples.json")  # recorded from a real server
MOST_ID = 2**63 - 1
OCTETS = "application/octet-stream"  # what clients send that do not know the content type of a file
# Parts of paths and queries, and members of bodies, that name the merchant whose rate limit counts.
OF_A_MERCHANT = {"merchants_id", "notification_id", "entry_id", "terminal_sn"}
PLACES: Mapping[str, str] = {
    "merchants_id": "the merchant's number",
    "out_trade_no": "the order's number, percent-encoded; a slash in it is %2F",
    "event": "what happens", "notification_id": "the notification's number",
    "entry_id": "the number in the header X-TGPay-Request of the gateway's answer",
    "forward_id": "the `id` of an attempt that a listener has received",
    "terminal_sn": "the terminal's serial number", "name": "the name of a bundled scenario"}
PROBLEMS: Mapping[int, tuple[str, str]] = {
    400: ("BadRequest", "a query or a body that is malformed, or has an unknown parameter"),
    401: ("Unauthorized", "a control token is needed"),
    403: ("Forbidden", "a page of another site, or a token that is not an admin's"),
    404: ("NotFound", "not found"),
    408: ("RequestTimeout", "the order did not reach the state in time; with its present state"),
    409: ("Conflict", "the present state does not allow it; with what is possible, if something is"),
    413: ("ContentTooLarge", "the body is too large"),
    415: ("UnsupportedMediaType", "a content type that a form of a web page could send"),
    421: ("MisdirectedRequest", "an unknown host name"),
    422: ("UnprocessableContent", "a value that cannot be used"),
    429: ("TooManyRequests", "the rate limit of the merchant is exceeded"),
    500: ("InternalServerError", "the operation was begun, and failed"),
    503: ("ServiceUnavailable", "the database is unavailable, or too many requests wait"),
    507: ("InsufficientStorage", "no free number is left")}
HEADERS: Mapping[int, dict[str, Any]] = {
    401: {"WWW-Authenticate": {"description": "Bearer", "schema": {"type": "string"}}},
    429: {"Retry-After": {"description": "seconds", "schema": {"type": "integer"}}}}
PROBLEM = component("Problem", "A problem document, RFC 9457.", {
    "type": text("about:blank"), "title": text("the HTTP status in words"),
    "status": {"type": "integer", "description": "the HTTP status"}, "detail": text("what is wrong"),
    "errors": {"description": "what is wrong with each value by its name, or a list of mistakes",
               "anyOf": [by_name(BY_TEXT, "by name"), many(BY_TEXT, "a list")]},
    "state": TERMINAL_STATE, "possible": many(BY_TEXT, "what is possible instead"), "order": nullable(ORDER),
    "notifications": many(NOTIFICATION, "those of the order, in the present state"), "left_out": LEFT_OUT},
    optional=("errors", "state", "possible", "order", "notifications", "left_out"))


def document(server: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document; `server` is the base URL."""
    paths: dict[str, dict[str, Any]] = gateway.paths()
    examples = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    for row in OPERATIONS:
        path, parameters = _path(row)
        described = _operation(row, parameters, examples["operations"].get(identifier(row), {}))
        paths.setdefault(path, {})[row.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {"title": "TGPay Emulator", "version": __version__, "description": ABOUT,
                 "license": {"name": "MIT", "identifier": "MIT"}},
        "servers": [{"url": server}], "tags": list(_tags()), "security": [{}, {"control": []}],
        "paths": paths, "x-codes": fidelity.codes(),
        "components": {
            "schemas": COMPONENTS,
            "responses": {name: _problem(status, examples["problems"])
                          for status, (name, _) in PROBLEMS.items()},
            "securitySchemes": {"control": {"type": "http", "scheme": "bearer"}}}}


def identifier(row: Operation) -> str:
    """The operation's id: the name of its view in camel case."""
    first, *others = row.name.split("_")
    return first + "".join(other.capitalize() for other in others)


def _tags() -> Iterator[dict[str, str]]:
    """The subjects of the operations: modules, described by their docstrings."""
    yield {"name": gateway.TAG, "description": "The gateway, as its document describes it."}
    for subject in dict.fromkeys(row.subject for row in OPERATIONS):
        docstring = import_module(f".{subject}", __package__).__doc__ or ""
        yield {"name": subject, "description": docstring.partition("\n\n")[0].strip()}


def _path(row: Operation) -> tuple[str, list[dict[str, Any]]]:
    """The operation's path in OpenAPI's notation, and the parameters in it."""
    parameters, pieces = [], []
    for piece in f"{PREFIX}{row.path}".split("/"):
        if piece.startswith("<"):
            kind, _, name = piece.strip("<>").rpartition(":")
            parameters.append({"name": name, "in": "path", "required": True, "description": PLACES[name],
                               "schema": _place(kind, row.words.get(name))})
            piece = f"{{{name}}}"
        pieces.append(piece)
    return "/".join(pieces), parameters


def _place(kind: str, values: tuple[str, ...] | None) -> dict[str, Any]:
    """The schema of a part of a path, by its converter and its possible values."""
    if kind == "id":
        return {"type": "integer", "minimum": 1, "maximum": MOST_ID}
    return {"type": "string", "enum": list(values)} if values else {"type": "string"}


def _operation(row: Operation, parameters: list[dict[str, Any]],
               example: Mapping[str, Any]) -> dict[str, Any]:
    """The description of an operation; `parameters` are those in its path."""
    described: dict[str, Any] = {
        "operationId": identifier(row), "summary": row.summary, "tags": [row.subject],
        "parameters": [*parameters, *(_parameter("query", each) for each in row.query),
                       *(_parameter("header", each) for each in row.headers)]}
    if row.path == PUBLIC:
        described["security"] = []
    if row.body:
        content = {"schema": row.body, **_example(example, "request")}
        described["requestBody"] = {"content": {"application/json": content}}
    if row.consumes:
        described["requestBody"] = {"required": True, "content": {
            kind: {"schema": BINARY} for kind in (row.consumes, OCTETS)}}
    done = _done(row, example)
    problems = {str(status): {"$ref": f"#/components/responses/{PROBLEMS[status][0]}"}
                for status in _problem_statuses(row, parameters)}
    return {**described, "responses": {**{str(status): done for status in row.statuses}, **problems}}


def _parameter(place: str, row: Query) -> dict[str, Any]:
    return {"name": row.name, "in": place, "required": row.needed, "schema": dict(row.schema),
            "description": row.meaning}


def _example(example: Mapping[str, Any], part: str) -> dict[str, Any]:
    return {"example": example[part]} if part in example else {}


def _done(row: Operation, example: Mapping[str, Any]) -> dict[str, Any]:
    """The response to a request that succeeds."""
    if row.returns is None:
        return {"description": "done; the response is empty"}
    content = {"schema": row.returns, **_example(example, "answer")}
    return {"description": "done", "content": {row.produces or "application/json": content}}


def _problem_statuses(row: Operation, parameters: list[dict[str, Any]]) -> list[int]:
    """The statuses of all problems that can come, in order."""
    places = {each["name"] for each in parameters}
    queries = {each.name for each in row.query}
    members = set(row.body["properties"]) if row.body else set()
    has_body = row.body is not None or bool(row.consumes)
    applies = {
        401: row.path != PUBLIC, 404: bool(places or "merchants_id" in queries),
        413: has_body, 415: row.method == "POST", 422: has_body,
        429: bool(OF_A_MERCHANT & (places | queries | members))}
    found = {400, 403, 421, 503, *row.problems, *(status for status, does in applies.items() if does)}
    return sorted(found)


def _problem(status: int, examples: Mapping[str, Any]) -> dict[str, Any]:
    """The response with a problem document; `examples` are by status."""
    content: dict[str, Schema] = {"schema": PROBLEM, **_example(examples, str(status))}
    headers = {"headers": HEADERS[status]} if status in HEADERS else {}
    return {"description": PROBLEMS[status][1], **headers, "content": {CONTENT_TYPE: content}}
