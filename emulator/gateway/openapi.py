"""The OpenAPI document of the gateway and the control interface, made from their tables."""
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from .. import __version__
from ..protocol.endpoint_tables import Endpoint, Field
from ..protocol.parameters import Need, Param
from .endpoints import ENDPOINTS

_IN_NAMES = str.maketrans("/:.", "___", "<>")  # from a path to a part of a name


class OperationRow(Protocol):
    """An operation of the control interface, as far as the OpenAPI document describes it."""

    @property
    def method(self) -> str:
        """The HTTP method."""

    @property
    def path(self) -> str:
        """The path below `/_emulator`, with placeholders such as `<id:number>`."""

    @property
    def summary(self) -> str:
        """What the operation does."""

    @property
    def query(self) -> "tuple[QueryRow, ...]":
        """The parameters in the query."""

    @property
    def body(self) -> dict[str, Any] | None:
        """The JSON schema of the body, None without a body."""

    @property
    def words(self) -> Mapping[str, tuple[str, ...]]:
        """The possible values of placeholders that have only a few."""

    @property
    def headers(self) -> "tuple[QueryRow, ...]":
        """The parameters in headers."""

    @property
    def produces(self) -> str:
        """The content type of its answer if that is not JSON, else empty."""

    @property
    def consumes(self) -> str:
        """The content type of the file that its body is, else empty."""


class QueryRow(Protocol):
    """A parameter in the query or the headers of an operation."""

    @property
    def name(self) -> str:
        """The name."""

    @property
    def meaning(self) -> str:
        """What the parameter does."""

    @property
    def schema(self) -> Mapping[str, Any]:
        """The JSON schema of its value."""

    @property
    def needed(self) -> bool:
        """Whether it is required."""


def openapi(operations: Iterable[OperationRow], server: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document of `/v2` and the control interface; `server` is the base URL."""
    paths: dict[str, dict[str, Any]] = {endpoint.path: _gateway_path(endpoint)
                                        for endpoint in ENDPOINTS.values()}
    for row in operations:
        path, parameters = _openapi_path(f"/_emulator{row.path}", row.words)
        paths.setdefault(path, {})[row.method.lower()] = _control_operation(row, parameters)
    return {
        "openapi": "3.1.0", "info": {"title": "TGPay Emulator", "version": __version__,
                                     "license": {"name": "MIT", "identifier": "MIT"}},
        "servers": [{"url": server}], "paths": paths,
        "components": {"securitySchemes": {"control": {"type": "http", "scheme": "bearer"}}}}


def _gateway_path(endpoint: Endpoint) -> dict[str, Any]:
    answer = {"200": {"description": "XML, or what the endpoint answers with; refusals are XML too",
                      "content": {"text/xml": {"schema": _answer_schema(endpoint)}}}}
    common = {"summary": endpoint.title,
              "description": f"Section {endpoint.section}. {endpoint.note}".strip(),
              "tags": ["gateway"], "x-fidelity": endpoint.source.value}
    rows = {row.name: row for each in endpoint.tables for row in each.params}
    required = [name for name in rows if all(_is_required(name, each) for each in endpoint.tables)]
    form = {"type": "object", "required": required,
            "properties": {name: {**_schema(row), **_fidelity_of(row)} for name, row in rows.items()}}
    return {
        "get": {**common, "operationId": f"{endpoint.name}_get", "responses": answer,
                "parameters": [_query_parameter(row, row.name in required) for row in rows.values()]},
        "post": {**common, "operationId": f"{endpoint.name}_post", "responses": answer,
                 "requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": form}}}}}


def _query_parameter(row: Param, required: bool) -> dict[str, Any]:
    return {"name": row.name, "in": "query", "schema": dict(_schema(row)), "description": row.meaning,
            "required": required, **_fidelity_of(row)}


def _is_required(name: str, endpoint: Endpoint) -> bool:
    return any(row.name == name and row.need is Need.REQUIRED and not row.aliases for row in endpoint.params)


def _schema(row: Param) -> Mapping[str, Any]:
    extra: dict[str, Any] = {"maxLength": row.length} if row.length and row.identifier else {}
    return {**row.format.schema, **extra, **({"examples": [row.example]} if row.example else {})}


def _fidelity_of(row: Param | Field) -> dict[str, str]:
    return {"x-fidelity": row.source.value}


def _answer_schema(endpoint: Endpoint) -> dict[str, Any]:
    return {"type": "object", "xml": {"name": endpoint.root},
            "properties": {row.name: {"type": "string", "description": row.meaning, **_fidelity_of(row)}
                           for each in endpoint.tables for row in each.answer}}


def _openapi_path(path: str, words: Mapping[str, tuple[str, ...]]) -> tuple[str, list[dict[str, Any]]]:
    """The path in OpenAPI's notation, and its parameters; `words` are the possible values of some of them."""
    parameters, pieces = [], []
    for piece in path.split("/"):
        if piece.startswith("<"):
            kind, _, name = piece.strip("<>").rpartition(":")
            schema: dict[str, Any] = {"enum": list(words[name])} if name in words else {"type": "string"}
            schema = {"type": "integer", "minimum": 1, "maximum": 2**63 - 1} if kind == "id" else schema
            parameters.append({"name": name, "in": "path", "required": True, "schema": schema})
            piece = f"{{{name}}}"
        pieces.append(piece)
    return "/".join(pieces), parameters


def _control_operation(row: OperationRow, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    """The OpenAPI description of an operation; `parameters` are those in its path."""
    query = [_parameter_in("query", each) for each in row.query]
    headers = [_parameter_in("header", each) for each in row.headers]
    content: dict[str, Any] = {"application/json": {"schema": row.body}} if row.body else {}
    if row.consumes:
        content = {row.consumes: {}}
    body = {"requestBody": {"content": content}} if content else {}
    problem = {"description": "a problem document, RFC 9457", "content": {"application/problem+json": {}}}
    done: dict[str, Any] = {"description": "done"}
    if row.produces:
        done["content"] = {row.produces: {"schema": {"type": "string"}}}
    return {"summary": row.summary, "operationId": row.method.lower() + row.path.translate(_IN_NAMES),
            "tags": ["control"], "parameters": [*parameters, *query, *headers], **body,
            "security": [{}, {"control": []}], "responses": {"2XX": done, "4XX": problem}}


def _parameter_in(place: str, row: QueryRow) -> dict[str, Any]:
    return {"name": row.name, "in": place, "required": row.needed, "schema": dict(row.schema),
            "description": row.meaning}
