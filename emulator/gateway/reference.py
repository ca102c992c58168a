"""Readers of the tables: the reference in Markdown and the OpenAPI document."""
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from .. import __version__, scenarios
from ..base.settings import SETTINGS, variable
from ..domain import settlement, wallets
from ..protocol import findings, test_cards
from ..protocol.codes import BUYER_FAILURES, REFUSALS
from ..protocol.endpoint_tables import Endpoint, Field
from ..protocol.parameters import Need, Param, Source
from ..protocol.response_codes import RESPONSE_CODES
from .endpoints import ENDPOINTS

NEEDS = {Need.REQUIRED: "R", Need.DOCUMENTED: "D", Need.OPTIONAL: "O"}


class OperationRow(Protocol):
    """What the OpenAPI document needs to know of an operation of the control interface."""

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def query(self) -> "tuple[QueryRow, ...]": ...
    @property
    def body(self) -> dict[str, Any] | None: ...
    @property
    def words(self) -> Mapping[str, tuple[str, ...]]: ...
    @property
    def headers(self) -> "tuple[QueryRow, ...]": ...


class QueryRow(Protocol):
    """What it needs to know of a parameter in the query of an operation."""

    @property
    def name(self) -> str: ...
    @property
    def meaning(self) -> str: ...
    @property
    def schema(self) -> Mapping[str, Any]: ...
    @property
    def needed(self) -> bool: ...


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    names = list(header)
    lines = [names, ["---"] * len(names), *(list(row) for row in rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |" for line in lines)


def markdown() -> str:
    """The whole reference."""
    parts = [
        f"# TGPay Emulator {__version__}: reference",
        "Made from the tables that check the requests. **R** is refused when missing, **D** is documented as mandatory and its absence "
        "a finding, **O** is optional. What has no mark is *documented*: the document prints it. *(observed)*: a "
        "public client of the gateway was seen doing so. *(inferred)*: neither; we chose what users of the services "
        "behind the gateway would expect.",
        "## Endpoints", *(part for endpoint in ENDPOINTS.values() for part in _endpoint(endpoint)),
        "## Columns of the settlement file", ", ".join(f"`{name}`" for name, _ in settlement.COLUMNS),
        "The document's list jumps from field 11 to 13; `type` between them is *(inferred)*.",
        "## Refusals", "`is_success` is F, nothing happened.",
        table(("error", "when", "HTTP"), ((code.name, code.when, str(code.status)) for code in REFUSALS.values())),
        "## Buyers who cannot pay", "`is_success` is T, `result_code` FAIL: the request was carried out, the buyer failed.",
        table(("detail_error_code", "why"), ((code.name, code.when) for code in BUYER_FAILURES.values())),
        "## Response codes of cards", "The outcome of a card payment is `status`. Codes, messages and texts are the "
        "document's, the statuses are inferred.", response_codes_table(),
        "## Test cards", "Any validity in the future and any verification code of the right length go with them. Every other number is "
        "declined with 3101.", test_cards_table(),
        "## Payment codes for tests", "Any other code that is well formed pays at once.", payment_codes_table(),
        "## Findings", "Rules of the document that are noted, not refused; with the setting `strict` they are "
        "refused, but for a name that the document's own examples send.",
        table(("code", "section", "rule", "what to change"),
              ((rule.code, rule.section, rule.sentence, rule.change) for rule in findings.RULES.values())),
        "## Scenarios", "A rule fits when all of its `when` does; the first that fits wins. A `then` that is a list is taken in turn, once "
        "each, and then used up. Keys marked (ours) are not the gateway's habits but useful for tests.",
        _rows(("when", "value", "fits when"), scenarios.when_rows()), _rows(("then", "value", "what happens"), scenarios.then_rows()),
        "### Faults", _rows(("fault", "what arrives"), scenarios.fault_rows()), "### Scenarios that come along", scenarios_table(),
        "## Settings", settings_table()]
    return "\n\n".join(parts) + "\n"


def settings_table() -> str:
    """The settings as the README has them."""
    return table(("flag", "environment", "default", "what it is"),
                 ((f"`--{row.name.replace('_', '-')}`", f"`{variable(row)}`", f"`{row.default}`" if row.default else "", row.help)
                  for row in SETTINGS))


def scenarios_table() -> str:
    """The scenarios that come along, as the README has them."""
    return _rows(("scenario", "what it is for"), scenarios.shipped_rows())


def _rows(header: Iterable[str], rows: Iterable[tuple[str, ...]]) -> str:
    """A table whose first column has names."""
    return table(header, ((f"`{name}`", *rest) for name, *rest in rows))


def fidelity_table() -> str:
    """The endpoints as the README has them."""
    return table(("endpoint", "section", "what", "fidelity"),
                 ((f"`{endpoint.path}`", endpoint.section, endpoint.title, ", ".join(fidelity(endpoint)))
                  for endpoint in ENDPOINTS.values()))


def fidelity(endpoint: Endpoint) -> list[str]:
    """Where an endpoint comes from: its own mark and those of its rows and notes, the most certain first."""
    sources = {source for each in endpoint.tables
               for source in (each.source, *(row.source for row in each.params), *(row.source for row in each.answer))}
    sources |= {source for source in Source for each in endpoint.tables if f"({source.value})" in each.note}
    return [source.value for source in Source if source in sources]


def _endpoint(endpoint: Endpoint) -> Iterator[str]:
    """The tables of a path, its own first; then the documents that are inside of parameters."""
    for each in endpoint.tables:
        yield f"### `{each.path}`: {each.title}"
        signed = "signed" if each.signed else "unsigned"
        yield f"Section {each.section} of the document. Root `{each.root}`, answer {signed}. {each.note}".strip()
        yield _parameters(each.params)
        if each.answer:
            yield table(("answer", "meaning"),
                        ((f"`{row.name}`", row.meaning + _mark(row.source)) for row in each.answer))
    documents = {row.name: row.format.rows for each in endpoint.tables for row in each.params if row.format.rows}
    for name, rows in documents.items():
        yield f"#### Rows of `{name}`"
        yield _parameters(rows)


def _parameters(rows: Iterable[Param]) -> str:
    return table(("parameter", "need", "format", "example", "meaning"), (_parameter(row) for row in rows))


def _parameter(row: Param) -> tuple[str, ...]:
    length = f", at most {row.length} characters" if row.length else ""
    aliases = f"; also taken as {', '.join(row.aliases)}" if row.aliases else ""
    note = f"; {row.note}" if row.note else ""
    return (f"`{row.name}`", NEEDS[row.need], row.format.name + length, f"`{row.example}`" if row.example else "",
            row.meaning + aliases + note + _mark(row.source))


def _mark(source: Source) -> str:
    return "" if source is Source.DOCUMENTED else f" *({source.value})*"


def payment_codes_table() -> str:
    """The payment codes for tests as the README has them."""
    return table(("Alipay", "WeChat", "what the buyer does"),
                 ((f"`{wallets.PREFIXES[wallets.ALIPAY]}{row.ending}`", f"`{wallets.PREFIXES[wallets.WECHAT]}{row.ending}`", row.means)
                  for row in wallets.TEST_CODES))


def response_codes_table() -> str:
    """The response codes of cards."""
    return table(("code", "message", "section", "status", "what the payer reads"),
                 ((f"`{row.code}`", row.message, row.section, str(row.status), row.advice.sentence)
                  for row in RESPONSE_CODES.values()))


def test_cards_table(short: bool = False) -> str:
    """The test cards; the short table of the READMEs has the plain ones and those that do more than end at once."""
    return table(("number", "brand", "code", "what happens"),
                 ((f"`{card.number}`", card.brand, f"`{card.code}` {card.message}", card.means) for card in test_cards.test_cards()
                  if not short or card.number in test_cards.PLAIN or card.means not in test_cards.AT_ONCE))


def openapi(operations: Iterable[OperationRow], server: str) -> dict[str, Any]:
    """`/v2` and the control interface as OpenAPI 3.1."""
    paths: dict[str, dict[str, Any]] = {endpoint.path: _gateway_path(endpoint) for endpoint in ENDPOINTS.values()}
    for row in operations:
        path, parameters = _openapi_path(f"/_emulator{row.path}", row.words)
        paths.setdefault(path, {})[row.method.lower()] = _control_operation(row, parameters)
    return {
        "openapi": "3.1.0", "info": {"title": "TGPay Emulator", "version": __version__, "license": {"name": "MIT", "identifier": "MIT"}},
        "servers": [{"url": server}], "paths": paths,
        "components": {"securitySchemes": {"control": {"type": "http", "scheme": "bearer"}}}}


def _gateway_path(endpoint: Endpoint) -> dict[str, Any]:
    answer = {"200": {"description": "XML, or what the endpoint answers with; refusals are XML too",
                      "content": {"text/xml": {"schema": _answer_schema(endpoint)}}}}
    common = {"summary": endpoint.title, "description": f"Section {endpoint.section}. {endpoint.note}".strip(),
              "tags": ["gateway"], "x-fidelity": endpoint.source.value}
    rows = {row.name: row for each in endpoint.tables for row in each.params}
    required = [name for name in rows if all(_is_required(name, each) for each in endpoint.tables)]
    form = {"type": "object", "required": required,
            "properties": {name: {**_schema(row), **_fidelity_of(row)} for name, row in rows.items()}}
    return {
        "get": {**common, "operationId": f"{endpoint.name}_get", "responses": answer,
                "parameters": [{"name": row.name, "in": "query", "schema": dict(_schema(row)),
                                "description": row.meaning, "required": row.name in required, **_fidelity_of(row)}
                               for row in rows.values()]},
        "post": {**common, "operationId": f"{endpoint.name}_post", "responses": answer,
                 "requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": form}}}}}


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
    """A path as OpenAPI writes it, and its parameters; `words` are those that some of them may be."""
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
    query = [{"name": each.name, "in": place, "required": each.needed, "schema": dict(each.schema),
              "description": each.meaning}
             for place, rows in (("query", row.query), ("header", row.headers)) for each in rows]
    body = {"requestBody": {"content": {"application/json": {"schema": row.body}}}} if row.body else {}
    name = f"{row.method.lower()}{row.path.replace('/', '_').replace('<', '').replace('>', '').replace(':', '_').replace('.', '_')}"
    return {"summary": row.summary, "operationId": name, "tags": ["control"], "parameters": parameters + query, **body,
            "security": [{}, {"control": []}],
            "responses": {"2XX": {"description": "done"},
                          "4XX": {"description": "a problem document, RFC 9457", "content": {"application/problem+json": {}}}}}
