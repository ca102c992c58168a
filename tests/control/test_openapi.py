"""Contract 7, `openapi.json`: the control interface and `/v2` as OpenAPI 3.1."""
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib import request as http_client

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from tgpay_emulator.gateway.endpoints import ENDPOINTS
from tgpay_emulator.web.control.interface import OPERATIONS

from ..driver import Control, Server, exchange
from ..tables import every_row

IDS = [f"{row.method} {row.path}" for row in OPERATIONS]
# What contract 7 promises and this version has.
PROMISED = [
    ("get", "/health"), ("get", "/openapi.json"), ("post", "/reset"), ("get", "/clock"), ("post", "/clock"),
    ("get", "/merchants"), ("post", "/merchants"), ("get", "/merchants/{merchants_id}"),
    ("patch", "/merchants/{merchants_id}"), ("delete", "/merchants/{merchants_id}"), ("get", "/orders"),
    ("get", "/orders/{merchants_id}/{out_trade_no}"),
    ("post", "/orders/{merchants_id}/{out_trade_no}/{event}"), ("get", "/notifications"),
    ("post", "/notifications/{notification_id}/replay"), ("post", "/notifications/flush"),
    ("get", "/journal"), ("get", "/journal/{entry_id}"), ("delete", "/journal"), ("get", "/findings"),
    ("post", "/sign"), ("post", "/sign/explain"), ("get", "/wait"), ("get", "/events"),
]


@pytest.fixture(scope="module")
def own() -> Iterator[Control]:
    """A server of its own: operations are called one after the other, whatever they do."""
    with Server() as server:
        yield Control(server.url)


@pytest.fixture(scope="module")
def document(own: Control) -> Any:
    return own.get("/openapi.json")


def test_the_document_is_valid_openapi_3_1(document: Any) -> None:
    assert document["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(document).validate()


@every_row("endpoint", ENDPOINTS.values(), ids=list(ENDPOINTS))
def test_each_endpoint_is_in_it_with_its_parameters(document: Any, endpoint: Any) -> None:
    described = document["paths"][endpoint.path]
    names = list(dict.fromkeys(row.name for table in endpoint.tables for row in table.params))
    assert [parameter["name"] for parameter in described["get"]["parameters"]] == names
    assert list(described["post"]["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"][
        "properties"]) == names


@every_row("endpoint", ENDPOINTS.values(), ids=list(ENDPOINTS))
def test_each_row_has_its_fidelity(document: Any, endpoint: Any) -> None:
    described = document["paths"][endpoint.path]["get"]
    told = {parameter["name"]: parameter["x-fidelity"] for parameter in described["parameters"]}
    assert told == {row.name: row.source.value for table in endpoint.tables for row in table.params}
    answers = described["responses"]["200"]["content"]["text/xml"]["schema"]["properties"]
    assert {name: field["x-fidelity"] for name, field in answers.items()} == {
        row.name: row.source.value for table in endpoint.tables for row in table.answer}


@every_row("method, path", PROMISED, ids=[f"{method} {path}" for method, path in PROMISED])
def test_each_call_of_the_contract_is_in_it(document: Any, method: str, path: str) -> None:
    assert document["paths"][f"/_emulator{path}"][method]["summary"]


def test_operations_have_names_of_their_own(document: Any) -> None:
    names = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(names) == len(set(names))


def test_the_server_is_the_one_that_answers(own: Control, document: Any) -> None:
    assert document["servers"] == [{"url": own.url}]


@every_row("row", OPERATIONS, ids=IDS)
def test_each_operation_answers_as_declared_or_with_a_problem_document(own: Control, row: Any) -> None:
    path = re.sub(r"<int:\w+>", "1", row.path)
    path = re.sub(r"<(path:)?(\w+)>", r"\2", path)
    if row.path == "/events":
        with http_client.urlopen(f"{own.url}/_emulator/events", timeout=10) as stream:
            assert stream.status == 200
        return
    answer = own.ask(row.method, path, **({"timeout": "1ms"} if row.path == "/wait" else {}))
    assert answer.status < 500
    assert b"is no operation" not in answer.raw
    if answer.status >= 400:
        assert (answer.headers["Content-Type"], answer.json["status"]) == (
            "application/problem+json", answer.status)
    elif answer.status != 204:
        assert answer.headers["Content-Type"].partition(";")[0] == (row.produces or "application/json")


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_the_probes_answer_at_the_root(own: Control, path: str) -> None:
    answer = exchange(f"{own.url}{path}")
    assert (answer.status, json.loads(answer.raw)["status"]) == (200, "ok")


def test_health_has_the_version_and_the_clocks_time(own: Control) -> None:
    own.post("/clock", {"set": "2030-01-01T00:00:00Z"})
    health = own.get("/health")
    assert (health["status"], health["now"][:16]) == ("ok", "2030-01-01T00:00")
    assert health["version"] == own.ask("GET", "/health").headers["X-TGPay-Emulator"]
    own.post("/clock", {"reset": True})
