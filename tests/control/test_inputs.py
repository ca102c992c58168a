"""The control interface takes no wrong input silently: each operation with what it does not know."""
import json
import re
import socket
from collections.abc import Callable, Iterator
from typing import Any
from urllib import parse

import pytest

from tgpay_emulator.web.control.interface import OPERATIONS, Operation
from tgpay_emulator.web.control.schemas import COMPONENTS

from ..driver import Answer, Control, Server, Shop, exchange
from ..tables import every_row

IDS = [f"{row.method} {row.path}" for row in OPERATIONS]
READERS = [row for row in OPERATIONS if row.body]
OTHERS = [row for row in OPERATIONS if row.body is None and not row.consumes]
FILTERS = [(row, each) for row in OPERATIONS for each in row.query]
VALUES: list[Any] = [None, True, False, 0, -1, 1.5, 10**60, "", "x", "x" * 5_000, "\u0000", [], ["x"], [[]],
                     [None], [{}], {}, {"x": "x"}, {"x": []}]
JSON_TYPES: dict[type, str] = {type(None): "null", bool: "boolean", int: "integer", float: "number",
                               str: "string", list: "array", dict: "object"}
SIGNED = {"params": {"a": "b", "sign": "c"}, "token": "t"}


class Desk:
    """A server of its own: operations are called one after the other, whatever they do."""

    def __init__(self, server: Server) -> None:
        self.control = Control(server.url)
        self.anew()

    def anew(self) -> None:
        """A merchant that an operation may have removed is made again, with an order."""
        self.shop: Shop = self.control.shop()
        self.number = self.shop.qr_order()["out_trade_no"]
        self.entry = self.control.get("/journal", merchants_id=self.shop.merchants_id)["items"][-1]["id"]

    def path(self, row: Operation) -> str:
        """The path of an operation, about things that there are."""
        parts = {"merchants_id": self.shop.merchants_id, "out_trade_no": self.number, "name": "autopay",
                 "event": row.words.get("event", ("",))[0], "terminal_sn": self.shop.first_terminal,
                 "entry_id": str(self.entry), "notification_id": "1", "forward_id": "none"}
        return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: parts[found[1]], row.path)

    def send(self, row: Operation, query: str = "", body: bytes | None = None, path: str = "") -> Answer:
        address = f"{self.control.url}/_emulator{path or self.path(row)}{'?' if query else ''}{query}"
        return exchange(address, row.method, body, {"Content-Type": "application/json"})

    def works(self, row: Operation) -> dict[str, Any]:
        """Members of a body that an operation can do."""
        listed = {"merchants_id": self.shop.merchants_id, "rows": []}
        return {"/sign": SIGNED, "/sign/explain": SIGNED, "/settlement/check": listed,
                "/scenario": {"rules": [{"then": {}}]},
                "/merchants/<merchants_id>/listen": {"listener": "test", "timeout": 0}}.get(row.path, {})

    def everything(self) -> list[Any]:
        """What nobody may have changed."""
        return [self.control.get(path, merchants_id=self.shop.merchants_id)
                for path in ("/orders", "/journal", "/terminals")]


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with Server() as server:
        yield Desk(server)
        status, printed = server.stop()
    assert (status, "Traceback" in printed) == (0, False), printed


def assert_problem(answer: Answer, status: int, *named: str) -> None:
    """A problem document whose sentence has all of these."""
    assert answer.status == status, answer.text
    assert (answer.headers["Content-Type"], answer.json["status"]) == ("application/problem+json", status)
    assert [name for name in named if name not in answer.json["detail"]] == [], answer.text


# Queries.

@every_row("row", OPERATIONS, ids=IDS)
def test_an_unknown_parameter_is_400_and_changes_nothing(desk: Desk, row: Operation) -> None:
    before = desk.everything()
    for name in ("merchant_id", "MERCHANTS_ID", "limits", "x", ""):
        answer = desk.send(row, f"{name}={desk.shop.merchants_id}")
        assert_problem(answer, 400, name, *(each.name for each in row.query))
    assert_problem(desk.send(row, "%FF"), 400)
    assert desk.everything() == before


def wrong_values(parameter: Any) -> list[str]:
    """Values that are none of a parameter's kind."""
    if parameter.schema.get("type") == "integer":
        return ["-1", "+1", "1.5", "1e3", "x", "9" * 5_000, str(2**63), "\u0663", " 1"]
    if "enum" in parameter.schema:
        return ["PAID", "paid", "0"]
    if parameter.schema.get("format") == "date":
        return ["soon", "2027-2-3", "2027-02-31", "9" * 5_000]
    return ["soon", "9" * 5_000, "-5s", "1w"] if parameter.name == "timeout" else []


@every_row("row, parameter", FILTERS,
           ids=[f"{row.method} {row.path} {each.name}" for row, each in FILTERS])
def test_a_parameter_that_is_empty_repeated_or_of_another_kind_is_400(
        desk: Desk, row: Operation, parameter: Any) -> None:
    others = "" if row.path != "/wait" or parameter.name == "out_trade_no" else "&out_trade_no=1"
    if not parameter.may_repeat:
        assert_problem(desk.send(row, f"{parameter.name}=1&{parameter.name}=1"), 400, parameter.name)
    if not parameter.may_be_empty:
        assert_problem(desk.send(row, f"{parameter.name}={others}"), 400, parameter.name)
    for value in wrong_values(parameter):
        words = parameter.schema.get("enum", [])
        assert_problem(desk.send(row, parse.urlencode({parameter.name: value})), 400, parameter.name, *words)


OF_MERCHANTS = [row for row, each in FILTERS if each.name == "merchants_id"]


@every_row("row", OF_MERCHANTS, ids=lambda row: f"{row.method} {row.path}")
def test_a_merchant_that_is_not_there_is_404_in_every_query(desk: Desk, row: Operation) -> None:
    for number in ("nobody", "29", "0" * 5_000, "\u0000", "%00"):
        body = b'{"name": "autopay"}' if row.method == "PUT" else None
        query = parse.urlencode({"merchants_id": number}) + ("&out_trade_no=1" if row.path == "/wait" else "")
        assert_problem(desk.send(row, query, body), 404, "there is no merchant")


WORDS = [(row, each) for row, each in FILTERS if "enum" in each.schema and row.path != "/wait"]


@every_row("row, parameter", WORDS, ids=[f"{row.path} {each.name}" for row, each in WORDS])
def test_each_word_that_the_document_lists_is_taken(desk: Desk, row: Operation, parameter: Any) -> None:
    whose = "".join(f"&{each.name}={desk.shop.merchants_id}" for each in row.query if each.needed)
    taken = 422 if row.consumes else 200  # nothing is no file
    assert {desk.send(row, f"{parameter.name}={word}{whose}").status
            for word in parameter.schema["enum"]} == {taken}


def test_the_journal_is_narrowed_to_any_endpoint(desk: Desk) -> None:
    assert desk.control.get("/journal", endpoint="nothing that there is") == {"items": [], "next": None}


def test_a_wait_has_one_name_for_delivered_notifications(desk: Desk) -> None:
    row = next(row for row in OPERATIONS if row.path == "/wait")
    query = f"merchants_id={desk.shop.merchants_id}&out_trade_no={desk.number}&timeout=5s"
    assert desk.send(row, f"{query}&notification=delivered").status == 200
    for other in ("notice=taken", "notification=taken", "notifications=delivered"):
        answer = desk.send(row, f"{query}&{other}")
        assert (answer.status, other.partition("=")[0] in answer.json["detail"]) == (400, True)


@every_row("last", ["9" * 5_000 + "-0-0", "\u0661-0-0", "1-1-" + "9" * 19])
def test_a_place_in_the_stream_that_cannot_be_is_that_of_now(desk: Desk, last: str) -> None:
    with socket.create_connection(("127.0.0.1", int(desk.control.url.rpartition(":")[2])), 10) as line:
        head = f"GET /_emulator/events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: {last}\r\n\r\n"
        line.sendall(head.encode())
        assert line.recv(4_096).startswith(b"HTTP/1.1 200 ")


# Bodies.

@every_row("row", OTHERS, ids=[f"{row.method} {row.path}" for row in OTHERS])
def test_a_body_where_none_is_read_is_400_and_changes_nothing(desk: Desk, row: Operation) -> None:
    before = desk.everything()
    for body in (b'{"merchants_id": "201703200001"}', b"[]", b"null", b"merchants_id=201703200001", b"\x00",
                 b"{" * 1_000):
        needed = {"merchants_id": "201703200001", "out_trade_no": "1"}
        query = parse.urlencode({each.name: needed[each.name] for each in row.query if each.needed})
        assert_problem(desk.send(row, query, body), 400, "takes no body")
    assert desk.everything() == before


HOSTILE: dict[str, tuple[bytes, str]] = {
    "1,000 lists": (b"[" * 1_000 + b"]" * 1_000, "nested too deeply"),
    "100,000 lists": (b"[" * 100_000, "nested too deeply"),
    "1,000 objects": (b'{"a":' * 1_000 + b"1" + b"}" * 1_000, "nested too deeply"),
    "100,000 objects": (b'{"a":' * 100_000, "nested too deeply"),
    "33 levels": (b'{"a":' * 33 + b"1" + b"}" * 33, "nested too deeply"),
    "infinity": (b'{"advance": 1e400}', "1e400"),
    "5,000 digits": (b'{"advance": ' + b"9" * 5_000 + b"}", "5000 digits"),
    "5,000 places": (b'{"advance": 0.' + b"9" * 5_000 + b"}", "too long"),
    "NaN": (b'{"advance": NaN}', "NaN"),
    "-Infinity": (b'{"advance": -Infinity}', "-Infinity"),
    "twice": (b'{"advance": "1s", "advance": "2s"}', "more than once"),
    "half a pair": (b'{"advance": "\\ud800"}', "surrogate"),
    "half a pair in a name": (b'{"\\udfff": 1}', "surrogate"),
    "UTF-16": ('{"advance": "1s"}'.encode("utf-16"), "UTF-8"),
    "UTF-32": ('{"advance": "1s"}'.encode("utf-32"), "UTF-8"),
    "Latin-1": ('{"é": 1}'.encode("latin-1"), "UTF-8"),
    "a list": (b"[{}]", "JSON object"), "a text": (b'"{}"', "JSON object"),
    "nothing": (b"null", "JSON object"), "a number": (b"5", "JSON object"),
    "a form": (b"advance=1s", "must be JSON"),
    "broken": (b'{"advance": ', "must be JSON"), "two": (b"{} {}", "must be JSON"),
    "a comment": (b"{} // x", "must be JSON"), "single quotes": (b"{'advance': '1s'}", "must be JSON"),
    "compressed": (b"\x1f\x8b\x08\x00\x00", "UTF-8"), "unknown": (b'{"xyz": 1}', "xyz")}


@every_row("row", READERS, ids=[f"{row.method} {row.path}" for row in READERS])
def test_a_body_that_is_no_plain_json_object_of_known_members_is_400(desk: Desk, row: Operation) -> None:
    before = desk.everything()
    for name, (body, sentence) in HOSTILE.items():
        answer = desk.send(row, "", body)
        assert answer.status == 400, (name, answer.text)
        assert_problem(answer, 400, sentence)
    assert desk.everything() == before


@every_row("body", [b'\xef\xbb\xbf{"freeze": false}', b'\r\n\t {"freeze": false} \n',
                    b'{"fr\\u0065eze": false}'])
def test_json_may_begin_with_a_byte_order_mark_and_have_blanks(desk: Desk, body: bytes) -> None:
    row = next(row for row in OPERATIONS if (row.method, row.path) == ("POST", "/clock"))
    for content_type in ("application/json", "application/x-www-form-urlencoded"):
        address = f"{desk.control.url}/_emulator{row.path}"
        answer = exchange(address, "POST", body, {"Content-Type": content_type})
        assert answer.status == 200, answer.text


MEMBERS = [(row, name) for row in READERS for name in row.body["properties"]]  # type: ignore[index]


@pytest.mark.exhaustive
@every_row("row, name", MEMBERS,
           ids=[f"{row.method} {row.path} {name}" for row, name in MEMBERS])
def test_a_member_of_every_json_type_is_taken_or_refused(desk: Desk, row: Operation, name: str) -> None:
    assert row.body is not None
    schema = row.body["properties"][name]
    for event in row.words.get("event", ("",)):
        path = desk.path(row).rsplit("/", 1)[0] + f"/{event}" if event else desk.path(row)
        for value in VALUES:
            body = json.dumps({**desk.works(row), name: value}).encode()
            answer = desk.send(row, "", body, path)
            assert answer.status < 500, (value, answer.text)
            if is_wrong(value, schema):
                assert_problem(answer, 422, name)
    desk.anew()


def is_wrong(value: Any, schema: dict[str, Any]) -> bool:
    """Whether the document says of a value that it cannot be."""
    if "$ref" in schema:
        return is_wrong(value, COMPONENTS[schema["$ref"].rsplit("/", 1)[1]])
    if "oneOf" in schema or "anyOf" in schema:
        return all(is_wrong(value, each) for each in schema.get("oneOf") or schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return all(value is not word and value != word for word in schema.get("enum", [schema.get("const")]))
    types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    kind = JSON_TYPES[type(value)]
    return kind not in types and not (kind == "integer" and "number" in types)


@every_row("rows, status, named", [
    ([{"out_trade_no": "1", "amout": "1"}], 400, "did you mean amount?"),
    ([{"out_trade_no": "1", "amount": {}}], 422, "row 1: amount"),
    ([{"out_trade_no": [], "amount": "1"}], 422, "row 1: out_trade_no"),
    ([{"out_trade_no": "1", "amount": 1e300}], 422, "1e+300"),
    ([{"out_trade_no": "1", "amount": "1", "rmb_amount": "9"}], 200, "")])
def test_a_row_of_a_list_has_known_columns(desk: Desk, rows: list[Any], status: int, named: str) -> None:
    body = {"merchants_id": desk.shop.merchants_id, "rows": rows}
    answer = desk.control.ask("POST", "/settlement/check", body)
    assert (answer.status, named in answer.text) == (status, True), answer.text


def test_a_scenario_for_two_merchants_is_for_none(desk: Desk) -> None:
    other = desk.control.shop()
    answer = desk.control.ask("PUT", "/scenario", {"name": "autopay", "merchants_id": other.merchants_id},
                              merchants_id=desk.shop.merchants_id)
    assert_problem(answer, 400, "merchants_id")
    for merchant in (other, desk.shop):
        assert desk.control.get("/scenario", merchants_id=merchant.merchants_id)["merchants_id"] is None


def test_a_body_that_is_too_large_is_413(desk: Desk) -> None:
    with socket.create_connection(("127.0.0.1", int(desk.control.url.rpartition(":")[2])), 10) as line:
        line.sendall(b"POST /_emulator/clock HTTP/1.1\r\nHost: localhost\r\n"
                     b"Content-Length: 100000000\r\n\r\n")
        answer = line.recv(4_096)
    assert answer.startswith(b"HTTP/1.1 413 ") and b"application/problem+json" in answer


# Paths and methods.

NO_IDS = ["0", "-1", "+1", "007", "1.0", "1e3", "x", "9223372036854775808", "9" * 5_000, "\u0661", "\uff11",
          " 1", "1 ", "%00", "\n1", "1\n", "1/", "9223372036854775807"]


@every_row("path", ["/journal/{}", "/notifications/{}", "/notifications/{}/replay"])
def test_what_is_no_id_is_404(desk: Desk, path: str) -> None:
    for written in NO_IDS:
        method = "POST" if path.endswith("replay") else "GET"
        assert_problem(desk.control.ask(method, path.format(parse.quote(written, safe=""))), 404)


@every_row("path", [
    "//merchants", "/merchants/", "/nothing%0A", "/merchants%0A", "/%00", "/..", "/../v2", "/.",
    "/merchants/../clock", "", "/", "//", "/nothing", "/%FF", "/journal/1/2", "/%2e%2e/merchants",
    "/merchants;x", "/Merchants", "/orders/x", "/" + "a" * 5_000])
def test_a_path_that_is_none_is_a_problem_document(desk: Desk, path: str) -> None:
    for method in ("GET", "POST", "DELETE", "PROPFIND", "BREW", "OPTIONS"):
        assert_problem(exchange(f"{desk.control.url}/_emulator{path}", method), 404)
    assert exchange(f"{desk.control.url}/_emulator{path}", "HEAD").status == 404


@every_row("row", OPERATIONS, ids=IDS)
def test_a_method_that_a_path_does_not_have_is_405_and_says_which_it_has(desk: Desk, row: Operation) -> None:
    own = {each.method for each in OPERATIONS if each.path == row.path}
    allowed = sorted({*own, "OPTIONS", *(["HEAD"] if "GET" in own else [])})
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "PROPFIND", "BREW", "TRACE"} - own:
        if method == "GET" and row.path.startswith("/orders/"):
            continue  # an order number may have slashes in it
        answer = exchange(f"{desk.control.url}/_emulator{desk.path(row)}", method)
        assert_problem(answer, 405, method)
        assert set(allowed) <= set(answer.headers["Allow"].split(", "))
    answer = exchange(f"{desk.control.url}/_emulator{desk.path(row)}", "OPTIONS")
    assert (answer.status, answer.raw) == (204, b"")
    assert set(allowed) <= set(answer.headers["Allow"].split(", "))


def test_head_is_answered_like_get_without_a_body(desk: Desk) -> None:
    for path, status in (("/merchants", 200), ("/events", 200), ("/nothing", 404), ("/merchants?x=1", 400)):
        answer = exchange(f"{desk.control.url}/_emulator{path}", "HEAD")
        assert (answer.status, answer.raw) == (status, b"")


# The document says the same.

def test_the_document_says_what_is_known(desk: Desk) -> None:
    document = desk.control.get("/openapi.json")
    for row in OPERATIONS:
        path = "/_emulator" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", row.path)
        described = document["paths"][path][row.method.lower()]
        queries = {each["name"]: each for each in described["parameters"] if each["in"] == "query"}
        assert list(queries) == [each.name for each in row.query]
        for each in row.query:
            assert queries[each.name]["schema"] == dict(each.schema)
        assert ("requestBody" in described) == (row.body is not None or bool(row.consumes))
        if row.body:
            schema = described["requestBody"]["content"]["application/json"]["schema"]
            assert schema["additionalProperties"] is False


Ask = Callable[[Control], Answer]
MISTAKES: list[Ask] = [
    lambda control: control.ask("POST", "/reset", merchant_id="201703200001"),
    lambda control: control.ask("POST", "/reset", merchants_id=""),
    lambda control: control.ask("POST", "/reset", {"merchants_id": "201703200001"}),
    lambda control: control.ask("POST", "/reset", {}, merchantsId="201703200001"),
    lambda control: control.ask("DELETE", "/journal", merchant="201703200001"),
    lambda control: control.ask("DELETE", "/journal", {"merchants_id": "201703200001"}),
    lambda control: control.ask("DELETE", "/scenario", x="1"),
    lambda control: control.ask("DELETE", "/scenario", merchants_id=""),
    lambda control: control.ask("DELETE", "/merchants/201703200001", dry_run="1")]


@every_row("ask", MISTAKES)
def test_a_slip_never_means_everything(desk: Desk, ask: Ask) -> None:
    desk.control.ask("PUT", "/scenario", {"name": "autopay"})
    before = desk.everything()
    assert_problem(ask(desk.control), 400)
    assert desk.everything() == before
    assert desk.control.get("/scenario")["scenario"]["name"] == "autopay"
    desk.control.ask("DELETE", "/scenario")
