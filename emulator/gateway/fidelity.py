"""Where each endpoint, parameter, answer field, code and rule comes from, made from their tables.

The page `docs/fidelity.md` is this text. The reference and the OpenAPI document (`x-fidelity`) have the same
marks.
"""
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..domain import settlement
from ..protocol import response_codes
from ..protocol.codes import BUYER_FAILURES, REFUSALS, Code
from ..protocol.endpoint_tables import Endpoint, Field
from ..protocol.findings import RULES
from ..protocol.parameters import Param, Source
from .endpoints import ENDPOINTS
from .markdown import MEANINGS, table

CERTAINTY = tuple(Source)  # the most certain one first


def sources(endpoint: Endpoint) -> list[str]:
    """The sources of an endpoint, its rows and its notes, the most certain one first."""
    found = set[Source]()
    for each in endpoint.tables:
        found |= {each.source, *(row.source for row in each.params), *(row.source for row in each.answer)}
        found |= {source for source in Source if f"({source.value})" in each.note}
    return [source.value for source in CERTAINTY if source in found]


def most_certain(rows: Iterable[Param | Field]) -> Source:
    """The source of a name that stands in several tables of an endpoint."""
    return min((row.source for row in rows), key=CERTAINTY.index)


def codes() -> Mapping[str, list[dict[str, Any]]]:
    """The codes and rules with their sections and sources, for the OpenAPI document."""
    return {
        "errors": [_code(row.name, row.section, row.source) for row in REFUSALS.values()],
        "buyer_failures": [_code(row.name, row.section, row.source) for row in BUYER_FAILURES.values()],
        "response_codes": [
            {**_code(row.code, row.section, response_codes.SOURCE),
             "x-fidelity-of-status": response_codes.STATUS_SOURCE.value}
            for row in response_codes.RESPONSE_CODES.values()],
        "findings": [_code(row.code, row.section, row.source) for row in RULES.values()]}


def _code(name: str, section: str, source: Source) -> dict[str, Any]:
    return {"code": name, "section": section, "x-fidelity": source.value}


def endpoints_table() -> str:
    """The table of endpoints with their sections and sources."""
    return table(("endpoint", "section", "what", "fidelity"),
                 ((f"`{endpoint.path}`", endpoint.section, endpoint.title, ", ".join(sources(endpoint)))
                  for endpoint in ENDPOINTS.values()))


def page() -> str:
    """The page about fidelity in Markdown."""
    return "\n\n".join([
        "# Fidelity",
        "Where each endpoint, parameter, answer field, code and rule of the emulator comes from, with the "
        "section of the gateway's document (TGPay Pro V2, 2.0.5).",
        "No answer of the real gateway was compared. This page is made from the tables that check the "
        "requests: `tgpay-emulator reference --format fidelity` prints it. The reference and "
        "`/_emulator/openapi.json` (`x-fidelity`) have the same marks.",
        table(("mark", "meaning"), ((source.value, means) for source, means in MEANINGS.items())),
        "## Endpoints", endpoints_table(), *_codes(), *_settlement(),
        *(part for endpoint in ENDPOINTS.values() for each in endpoint.tables for part in _of_table(each))
    ]) + "\n"


def _codes() -> Iterator[str]:
    """The parts about codes and rules."""
    yield "## Codes and rules"
    yield "### Errors of refusals"
    yield "The document has the fields of a refusal, but not the values of `error`; these are Alipay's."
    yield _codes_table(REFUSALS.values())
    yield "### Buyers who cannot pay"
    yield _codes_table(BUYER_FAILURES.values())
    yield "### Response codes of cards"
    yield "Codes, messages and texts for the payer are printed. The status of each code is not."
    yield table(("code", "message", "section", "code and message", "status"),
                ((f"`{row.code}`", row.message, row.section, response_codes.SOURCE.value,
                  f"{row.status}, {response_codes.STATUS_SOURCE.value}")
                 for row in response_codes.RESPONSE_CODES.values()))
    yield "### Findings"
    yield ("A finding is a rule that a client or a receiver breaks without being refused. That it is noted, "
           "not refused, is inferred: the document's own examples break some of its rules.")
    yield table(("finding", "rule", "section", "fidelity"),
                ((f"`{row.code}`", row.sentence, row.section, row.source.value) for row in RULES.values()))


def _codes_table(rows: Iterable[Code]) -> str:
    return table(("code", "when", "section", "fidelity"),
                 ((f"`{row.name}`", row.when, row.section, row.source.value) for row in rows))


def _settlement() -> Iterator[str]:
    """The part about the columns of the settlement file (section 14)."""
    yield "## Columns of the settlement file"
    yield "The document's list jumps from field 11 to 13; `type` between them is as in Alipay's file."
    yield table(("column", "section", "fidelity"),
                ((f"`{name}`", "14", settlement.source(name).value) for name, _ in settlement.COLUMNS))


def _of_table(each: Endpoint) -> Iterator[str]:
    """The parts about one table of an endpoint."""
    yield f"## `{each.path}`: {each.title}"
    yield f"Section {each.section}: {each.source.value}. {each.note}".strip()
    yield table(("name", "what", "section", "fidelity"),
                (*_rows(each.params, "parameter", each.section), *_rows(each.answer, "field", each.section)))
    for row in each.params:
        if row.format.rows:
            yield f"### Members of `{row.name}` in {each.title.lower()}"
            yield table(("name", "what", "section", "fidelity"),
                        _rows(row.format.rows, "member", each.section))


def _rows(rows: Iterable[Param | Field], what: str, section: str) -> Iterator[tuple[str, ...]]:
    for row in rows:
        yield f"`{row.name}`", what, section, row.source.value
