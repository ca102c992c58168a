"""The gateway's part of the OpenAPI document, made from the tables of the endpoints."""
from collections.abc import Iterable, Mapping
from typing import Any

from ..protocol.endpoint_tables import Endpoint, Field
from ..protocol.parameters import Need, Param
from .endpoints import ENDPOINTS
from .fidelity import most_certain

TAG = "gateway"


def paths() -> dict[str, dict[str, Any]]:
    """The paths of `/v2` with their operations; none of them needs a control token."""
    return {endpoint.path: _gateway_path(endpoint) for endpoint in ENDPOINTS.values()}


def _gateway_path(endpoint: Endpoint) -> dict[str, Any]:
    answer = {"200": {"description": "XML, or what the endpoint answers with; refusals are XML too",
                      "content": {"text/xml": {"schema": _answer_schema(endpoint)}}}}
    common = {"summary": endpoint.title,
              "description": f"Section {endpoint.section}. {endpoint.note}".strip(),
              "tags": [TAG], "security": [], "x-fidelity": endpoint.source.value}
    every = [row for each in endpoint.tables for row in each.params]
    rows = {row.name: row for row in every}
    marks = {name: _fidelity(row for row in every if row.name == name) for name in rows}
    required = [name for name in rows if all(_is_required(name, each) for each in endpoint.tables)]
    form = {"type": "object", "required": required,
            "properties": {name: {**_schema(row), **marks[name], **_mandatory(name, endpoint)}
                           for name, row in rows.items()}}
    return {
        "get": {**common, "operationId": f"{endpoint.name}_get", "responses": answer,
                "parameters": [_query_parameter(row, row.name in required, marks[row.name])
                               for row in rows.values()]},
        "post": {**common, "operationId": f"{endpoint.name}_post", "responses": answer,
                 "requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": form}}}}}


def _query_parameter(row: Param, required: bool, marks: Mapping[str, str]) -> dict[str, Any]:
    return {"name": row.name, "in": "query", "schema": dict(_schema(row)), "description": row.meaning,
            "required": required, **marks}


def _is_required(name: str, endpoint: Endpoint) -> bool:
    return any(row.name == name and row.need is Need.REQUIRED and not row.aliases for row in endpoint.params)


def _schema(row: Param) -> Mapping[str, Any]:
    extra: dict[str, Any] = {"maxLength": row.length} if row.length and row.identifier else {}
    return {**row.format.schema, **extra, **({"examples": [row.example]} if row.example else {})}


def _mandatory(name: str, endpoint: Endpoint) -> dict[str, bool]:
    """A mark for a parameter that the endpoint's first table calls mandatory, refused without it or not."""
    is_mandatory = any(row.name == name and row.need is not Need.OPTIONAL for row in endpoint.params)
    return {"x-mandatory": True} if is_mandatory else {}


def _fidelity(rows: Iterable[Param | Field]) -> dict[str, str]:
    """The mark of a name, which may stand in several tables of an endpoint."""
    return {"x-fidelity": most_certain(rows).value}


def _answer_schema(endpoint: Endpoint) -> dict[str, Any]:
    rows: dict[str, list[Field]] = {}
    for row in (row for each in endpoint.tables for row in each.answer):
        rows.setdefault(row.name, []).append(row)
    return {"type": "object", "xml": {"name": endpoint.root},
            "properties": {name: {"type": "string", "description": same[-1].meaning, **_fidelity(same)}
                           for name, same in rows.items()}}
