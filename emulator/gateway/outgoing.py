"""The response to a request, and its entry in the journal."""
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from ..domain.merchants import Merchant
from ..operations.unit import Unit
from ..protocol import envelope, faults
from ..protocol.characters import printable
from ..protocol.codes import Refused
from ..protocol.endpoint_tables import Endpoint
from ..protocol.findings import Finding
from ..protocol.masking import Mask
from ..protocol.replies import Answer, Download, Redirect, Reply, Response
from ..store.journal import Entry
from .incoming import METHODS, Case

HTML = "text/html; charset=utf-8"


def refusal(case: Case, refused: Refused) -> Response:
    """The response to a refused request, with card data masked."""
    params, sentence = case.request.params, refused.sentence
    if case.request.hint:
        sentence = f"{sentence}; {case.request.hint}"
    if case.mask.hides:
        params, sentence = case.mask.params, case.mask.text(printable(sentence))
    refused = Refused(refused.code.name, sentence, refused.result_code, refused.card_code)
    body = envelope.refusal(refused, params, case.table, case.merchant.token if case.merchant else None)
    headers = {"Allow": ", ".join(METHODS)} if refused.code.status == 405 else {}
    return Response(refused.code.status, envelope.CONTENT_TYPE, body, body, headers)


def strict_problems(findings: Iterable[Finding]) -> list[str]:
    """The findings that the setting strict refuses, as sentences."""
    return [f"{finding.detail} ({finding.code}, strict)" for finding in findings if finding.refusable]


def to_response(reply: Reply, table: Endpoint, merchant: Merchant) -> Response:
    """The HTTP response for an endpoint's reply."""
    if isinstance(reply, Answer):
        body = envelope.answer(table, reply.fields, merchant.token, reply.rows)
        return Response(200, envelope.CONTENT_TYPE, body, body)
    if isinstance(reply, Redirect):
        return Response(302, HTML, kept=f"Location: {reply.url}", headers={"Location": reply.url},
                        cookies=reply.cookies)
    if isinstance(reply, Download):
        headers = {"Content-Disposition": f'attachment; filename="{reply.filename}"'}
        return Response(200, reply.content_type, kept=reply.filename, headers=headers, pieces=reply.pieces)
    return Response(200, HTML, kept=f"a page that posts to {reply.url}", form=reply)


def journalled(unit: Unit, case: Case, response: Response, verdict: str) -> Response:
    """Write the request into the journal, and return the response as a scenario rule alters it."""
    response, case.outcome = scripted(case, response), verdict
    return replace(response, journal_id=unit.tables.journal.add(row(unit.now, case, response, verdict)))


def row(now: int, case: Case, response: Response, verdict: str) -> Mapping[str, object]:
    """The row of a request in the journal, with secrets masked.

    If a fault lets nothing arrive, it has what would have been sent.
    """
    request, mask = case.request, case.mask
    named = {name: mask.params.get(name, "") for name in ("merchants_id", "out_trade_no")}
    named["out_trade_no"] = named["out_trade_no"] or case.out_trade_no
    if case.merchant:
        named["merchants_id"] = case.merchant.merchants_id
    explanation = {**case.explanation, **(case.verdict.as_json() if case.verdict else {})}
    return Entry(
        at=now, **named, endpoint=mask.text(printable(request.name)), ip=request.ip,
        method=mask.text(request.method), params=case.params, status=response.status,
        answer=mask.text(response.kept), verdict=verdict, explanation=_masked(explanation, mask),
        findings=_masked([finding.as_json() for finding in case.findings], mask)).row


def scripted(case: Case, response: Response) -> Response:
    """The response as a scenario rule alters it."""
    script = case.verdict.script if case.verdict else None
    if script is None:
        return response
    altered = faults.FAULTS[script.then.fault].act(response) if script.then.fault else response
    return replace(altered, rule=script.rule, delay=script.then.delay or 0)


def _masked(value: Any, mask: Mask) -> Any:
    """The JSON value of an explanation with secrets masked."""
    if isinstance(value, str):
        return mask.text(value)
    if isinstance(value, Mapping):
        return {name: _masked(inner, mask) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked(inner, mask) for inner in value]
    return value
