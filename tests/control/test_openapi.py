"""`openapi.json`: the control interface and `/v2` as OpenAPI 3.1, and what a real server answers."""
import json
import re
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from tgpay_emulator.gateway.endpoints import ENDPOINTS
from tgpay_emulator.protocol.parameters import Source
from tgpay_emulator.web.control.openapi import EXAMPLES

from ..driver import Control, Receiver, Server, exchange
from ..routes import CONTROL, routes
from ..tables import every_row
from .schemas import Document, objects
from .story import Told, examples, kind_of_event, told_by_real_servers

# Calls that clients rely on.
PROMISED = [
    ("get", "/health"), ("get", "/openapi.json"), ("post", "/reset"), ("get", "/clock"), ("post", "/clock"),
    ("get", "/merchants"), ("post", "/merchants"), ("get", "/merchants/{merchants_id}"),
    ("patch", "/merchants/{merchants_id}"), ("delete", "/merchants/{merchants_id}"), ("get", "/orders"),
    ("get", "/orders/{merchants_id}/{out_trade_no}"),
    ("post", "/orders/{merchants_id}/{out_trade_no}/{event}"), ("get", "/notifications"),
    ("post", "/notifications/{notification_id}/replay"), ("post", "/notifications/flush"),
    ("get", "/journal"), ("get", "/journal/{entry_id}"), ("delete", "/journal"), ("get", "/findings"),
    ("post", "/sign"), ("post", "/sign/explain"), ("get", "/wait"), ("get", "/events"), ("get", "/verify"),
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
    """A name in several tables of an endpoint is documented where one of them is."""
    described = document["paths"][endpoint.path]["get"]
    told = {parameter["name"]: parameter["x-fidelity"] for parameter in described["parameters"]}
    assert told == certain(row for table in endpoint.tables for row in table.params)
    answers = described["responses"]["200"]["content"]["text/xml"]["schema"]["properties"]
    assert {name: field["x-fidelity"] for name, field in answers.items()} == certain(
        row for table in endpoint.tables for row in table.answer)


def certain(rows: Iterable[Any]) -> dict[str, str]:
    """The sources of rows by their names; a documented one wins."""
    ordered = sorted(rows, key=lambda row: row.source is Source.DOCUMENTED)
    return {row.name: row.source.value for row in ordered}


@every_row("method, path", PROMISED, ids=[f"{method} {path}" for method, path in PROMISED])
def test_each_call_that_clients_rely_on_is_in_it(document: Any, method: str, path: str) -> None:
    assert document["paths"][f"/_emulator{path}"][method]["summary"]


def test_operations_have_names_of_their_own(document: Any) -> None:
    names = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(names) == len(set(names))


def test_the_server_is_the_one_that_answers(own: Control, document: Any) -> None:
    assert document["servers"] == [{"url": own.url}]


# Its operations, and those of the server.

def test_every_route_is_in_it_and_every_operation_is_a_route(document: Any, tmp_path: Path) -> None:
    found = {(method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path)) for method, path in routes(tmp_path)}
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert ({route for route in found if route[1].startswith(CONTROL)}
            == {each for each in described if not each[1].startswith("/v2/")})


def test_an_operation_has_a_verb_and_a_noun_and_says_what_it_takes_and_answers(document: Any) -> None:
    tags = {tag["name"] for tag in document["tags"] if tag["description"]}
    for method, _, operation in Document(document).operations.values():
        assert set(operation["tags"]) <= tags
        if operation["tags"] == ["gateway"]:
            continue
        assert re.fullmatch("[a-z]+([A-Z][a-z]+)+", operation["operationId"])
        assert operation["summary"]
        assert all(each["description"] and "type" in each["schema"] for each in operation["parameters"])
        success = {status: each for status, each in operation["responses"].items() if status < "400"}
        assert success and all(("content" in each) == (status != "204") for status, each in success.items())
        assert {"400", "403", "421", "503"} <= set(operation["responses"])
        assert ("415" in operation["responses"]) == (method == "POST")


def test_every_member_of_a_document_says_what_it_is(document: Any) -> None:
    schemas = document["components"]["schemas"]
    members = {(name, member): schema for name, each in schemas.items() for found in objects(each)
               for member, schema in found["properties"].items()}
    assert {place for place, schema in members.items()
            if not {"description", "$ref", "anyOf"} & set(schema)} == set()
    assert {"Order", "Merchant", "Terminal", "Notification", "Attempt", "JournalEntry", "Clock", "Scenario",
            "SettlementRow", "Finding", "Health", "Problem"} <= set(schemas)


# What a real server answers.

@pytest.fixture(scope="module")
def told() -> list[Told]:
    """The answers of a server to one call of each operation and to many that fail."""
    return told_by_real_servers()


def test_every_operation_was_called_and_every_answer_is_as_its_schema_says(
        document: Any, told: list[Told]) -> None:
    described, wrong = Document(document), []
    for each in told:
        response = described.response(each.operation, each.answer.status)
        if "content" not in response:
            wrong += [f"{each.operation} answers more than nothing"] if each.answer.raw else []
            continue
        assert list(response["content"]) == [each.kind], each.operation
        value = each.answer.json if "json" in each.kind else each.answer.raw.decode(errors="replace")
        mistakes = described.mistakes(response["content"][each.kind]["schema"], value)
        wrong += [f"{each.operation} {each.answer.status} {mistake}" for mistake in mistakes]
    assert wrong == []
    control = {name for name, (_, path, _) in described.operations.items() if path.startswith("/_emulator/")}
    assert {each.operation for each in told if each.answer.status < 300} == control
    assert {each.operation for each in told if each.answer.status == 400} == control


def test_a_member_that_the_document_does_not_name_is_found(document: Any, told: list[Told]) -> None:
    order = next(each.answer.json for each in told if each.operation == "getOrder")
    described = Document(document)
    assert described.component("OrderStory", order) == []
    for changed in ({**order, "new": 1}, {**order, "trans_amount": 25}, {**order, "paid_at": "yesterday"},
                    {**order, "history": [{**order["history"][0], "new": None}]},
                    {name: value for name, value in order.items() if name != "page"}):
        assert described.component("OrderStory", changed) != []


def test_the_events_of_the_stream_are_as_their_schemas_say(document: Any, told: list[Told]) -> None:
    stream = next(each.answer.raw for each in told if each.operation == "streamEvents")
    described, kinds = Document(document), set()
    for block in stream.split(b"\n\n"):
        lines = block.splitlines()
        kind = b"".join(map(kind_of_event, lines)).decode()
        for line in lines:
            if line.startswith(b"data: "):
                kinds.add(kind)
                name = f"{kind.capitalize()}Event"
                assert described.component(name, json.loads(line.removeprefix(b"data: "))) == []
    assert kinds == {"order", "request", "notification"}


def test_the_clock_under_way_is_as_its_schema_says(document: Any) -> None:
    receiver = Receiver()
    receiver.answers = [(500, b"no"), (200, b"success")]
    with Server() as server:
        control = Control(server.url)
        control.post("/clock", {"freeze": True})
        control.shop(notify_url=receiver.url).qr_order("1.00")
        receiver.wait_for(1)
        control.post("/notifications/flush")
        receiver.delay = 1  # the second attempt takes so long, in the middle of the move
        moving = threading.Thread(target=control.post, args=("/clock", {"advance": "1d"}))
        moving.start()
        clock = control.get("/clock")
        while moving.is_alive() and "moving" not in clock:
            clock = control.get("/clock")
        moving.join()
    receiver.close()
    assert set(clock["moving"]) == {"to", "done", "skipped", "left"}
    assert Document(document).component("Clock", clock) == []


def test_the_examples_are_what_the_server_answers(told: list[Told]) -> None:
    recorded = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    assert recorded == examples(told), "record them again: python -m tests.control.story"


def test_every_operation_has_an_example_and_every_example_is_as_the_schema_says(document: Any) -> None:
    described = Document(document)
    for name, (_, path, operation) in described.operations.items():
        if path.startswith("/v2/") or name == "getOpenapi":
            continue
        places = [*operation["responses"].values(), operation.get("requestBody", {})]
        contents = [content for place in places for kind, content in place.get("content", {}).items()
                    if "json" in kind]  # files, metrics and streams have none
        assert [name for content in contents if described.mistakes(content["schema"], content["example"])
                ] == []


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
