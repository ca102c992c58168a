"""One request, top to bottom: find, read, authenticate, check, act, sign, write down (contract 1.3, order of checks)."""
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from time import monotonic
from typing import Any

from .. import scenarios
from ..base import durations
from ..base.settings import Settings
from ..base.slots import Full, Place
from ..domain.merchants import Merchant
from ..operations.payments import Payments
from ..operations.scripting import Asked, Verdict, decide, prepare
from ..operations.watching import Waiting
from ..protocol import envelope, faults, parameter_checks
from ..protocol.characters import printable
from ..protocol.codes import REFUSALS, Refused
from ..protocol.endpoint_tables import Endpoint
from ..protocol.findings import Finding
from ..protocol.masking import Mask, has_card_data
from ..protocol.replies import Answer, Download, Redirect, Reply, Response
from ..signing.arrivals import Arrival
from ..store import Store, Unusable, Writer
from ..store.journal import Entry
from .authentication import Authentication, NotAuthentic
from .endpoints import ENDPOINTS
from .endpoints._card_documents import card_number
from .endpoints._common import Call

METHODS = ("GET", "POST")
MOST_BYTES = 1024 * 1024
MOST_PARAMS = 1_000
LOOK_AROUND_S = 0.5
TRICKLING = "slow"
OK = "OK"
HTML = "text/html; charset=utf-8"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Request:
    """What came in. `params` has the last value of each name, bytes that are not UTF-8 as surrogate escapes; `in_url` are the names in
    the query string. `too_large` when the body exceeds 1 MiB, `broken` when it did not arrive whole, `hint` when it was of a kind that
    is not read. `query`, `fragment` and `body` are the texts that the parameters were read from; none of them is kept. `findings` are
    the rules that the way it was sent breaks."""

    name: str
    method: str
    params: Mapping[str, str]
    ip: str
    base_url: str
    in_url: frozenset[str] = frozenset()
    cookies: Mapping[str, str] = field(default_factory=dict)
    too_large: bool = False
    broken: bool = False
    hint: str = ""
    query: str = ""
    fragment: str = ""
    body: str = ""
    findings: tuple[Finding, ...] = ()

    def arrival(self, known: frozenset[str]) -> Arrival:
        """The parameters as they arrived, `known` the names that there are."""
        return Arrival(self.params, known, self.query, self.body, self.fragment)


@dataclass
class Case:
    """A request on its way, and what is known of it so far: a refusal and the journal tell as much as there is."""

    request: Request
    table: Endpoint | None = None
    merchant: Merchant | None = None
    findings: list[Finding] = field(default_factory=list)
    out_trade_no: str = ""
    explanation: Mapping[str, Any] = field(default_factory=dict)
    verdict: Verdict | None = None
    place: Place | None = None

    def __post_init__(self) -> None:
        self.findings += self.request.findings

    @cached_property
    def mask(self) -> Mask:
        """What takes card data out of everything that is kept of this request."""
        request = self.request
        return Mask(request.params, printable(request.name), request.method, request.base_url, request.hint)


class Gateway:
    """Answers requests to `/v2`, each in a transaction that ends with its line in the journal."""

    def __init__(self, store: Store, settings: Settings, waiting: Waiting | None = None) -> None:
        self.store = store
        self.settings = settings
        self._waiting = waiting or Waiting(store, settings)

    def answer(self, request: Request) -> Response:
        """The answer to a request; it never raises, a failure of ours is SYSTEM_ERROR."""
        case = Case(request)
        response = self._answered(case)
        return replace(response, place=case.place) if case.place else response

    def _answered(self, case: Case) -> Response:
        try:
            with self.store.reported():
                return self._done(case)
        except Refused as refused:
            if isinstance(refused, NotAuthentic):
                case.explanation = refused.explanation
            return self._refuse(case, refused)
        except Unusable as trouble:  # nothing can be written down
            return _refusal(case, Refused("SYSTEM_ERROR", str(trouble)))
        except Exception:
            log.exception("%s failed", case.request.name)
            return self._refuse(case, Refused("SYSTEM_ERROR", REFUSALS["SYSTEM_ERROR"].when))

    def _done(self, case: Case) -> Response:
        """Check a request and carry it out. Raises Refused and Unusable."""
        table, merchant, params = self._admit(case)
        asked = Asked(merchant.merchants_id, params.get("out_trade_no", ""), table.name, params,
                      lambda: case.mask.params, lambda: card_number(params))
        prepare(self.store.read(), self.settings.seed, asked)
        with self.store.write() as tables:
            response = self._carry_out(tables, case, table, merchant, asked)
        self._wait_for_notifications(case, merchant, params)
        return response

    def _carry_out(self, tables: Writer, case: Case, table: Endpoint, merchant: Merchant, asked: Asked) -> Response:
        """Act, within the request's transaction. Raises Refused, where no scenario has counted the request."""
        now = tables.clock.now()
        verdict = case.verdict = decide(tables, self.settings.seed, asked, now)
        script = verdict.script if verdict else None
        self._make_room(case, merchant, script)
        payments = Payments(tables, self.settings, merchant, now, table.name, script)
        came = case.request
        call = Call(table.name, asked.params, merchant, payments, self.store, came.base_url, came.ip, came.cookies, script)
        if script and script.then.fault in faults.NOTHING_HAPPENS:
            return _written_down(tables, now, case, Response(200, HTML), script.then.fault)
        if verdict is None or not verdict.counted:
            return _written_down(tables, now, case, self._acted(case, table, call), OK)
        try:
            with tables.savepoint():  # a rule is used up by a refused request too
                response, said = self._acted(case, table, call), OK
        except Refused as refused:
            response, said = _refusal(case, refused), refused.code.name
        return _written_down(tables, now, case, response, said)

    def _acted(self, case: Case, table: Endpoint, call: Call) -> Response:
        reply = table.act(call)
        if isinstance(reply, Answer):
            self._look_at(case, call.merchant, reply)
        return _on_the_wire(reply, table, call.merchant)

    def _wait_for_notifications(self, case: Case, merchant: Merchant, params: Mapping[str, str]) -> None:
        """Where a rule says so, the answer waits until the notifications of the order have been sent."""
        if not (case.verdict and case.verdict.script and case.verdict.script.then.notify.before_answer):
            return
        order = merchant.merchants_id, params.get("out_trade_no", "")
        end = monotonic() + self.settings.notify_timeout / durations.SECOND
        with self._waiting.watcher.waiter(lambda changed: order in changed.orders) as waiter:
            while monotonic() < end and not waiter.is_over and self.store.read().notifications.unsent(*order):
                with self._waiting.pause():
                    waiter.wait(LOOK_AROUND_S)

    def _make_room(self, case: Case, merchant: Merchant, script: "scenarios.Script | None") -> None:
        """Take a place to wait in where a rule holds the answer back. Raises Refused."""
        then = script.then if script else None
        if then is None or not (then.delay or then.fault == TRICKLING or then.notify.before_answer):
            return
        try:
            case.place = self._waiting.places.take(merchant.merchants_id)
        except Full as full:
            case.verdict = None  # the refusal is not held back
            raise Refused("SYSTEM_ERROR", str(full)) from full

    def _admit(self, case: Case) -> tuple[Endpoint, Merchant, Mapping[str, str]]:
        """Everything that comes before the state of orders; answers the parameters under the table's names. Raises Refused."""
        request = case.request
        endpoint = case.table = ENDPOINTS.get(request.name)
        if endpoint is None:
            raise Refused("NOT_FOUND", f"there is no such path; there are {', '.join(known.path for known in ENDPOINTS.values())}")
        if request.method not in METHODS:
            raise Refused("METHOD_NOT_ALLOWED", f"{request.method} is not taken, only {' and '.join(METHODS)}")
        if request.too_large:
            raise Refused("REQUEST_TOO_LARGE", f"the request is larger than {MOST_BYTES} bytes")
        if request.broken:
            raise Refused("BAD_REQUEST", REFUSALS["BAD_REQUEST"].when)
        tables, count = self.store.read(), len(request.params)
        if count > MOST_PARAMS:  # before there is anything to do for each of them
            case.request = _shortened(request, endpoint)
        authentication = Authentication(tables, endpoint, case.request.arrival(endpoint.all_names), lambda: case.mask)
        merchant = case.merchant = authentication.owner()
        if count > MOST_PARAMS:
            raise Refused("ILLEGAL_ARGUMENT", f"{count} parameters are sent, at most {MOST_PARAMS} are taken")
        case.findings += authentication.check(merchant)
        table = case.table = endpoint.table_of(request.params)
        params = self._check(table, merchant, case)
        if table.product and table.product not in merchant.products:
            raise Refused("HAS_NO_PRIVILEGE", f"the product {table.product} is switched off for merchant {merchant.merchants_id}")
        return table, merchant, params

    def _check(self, table: Endpoint, merchant: Merchant, case: Case) -> Mapping[str, str]:
        params, renamings, contradictions = parameter_checks.renamed(table, case.request.params)
        problems, breaches = parameter_checks.check(table, params, contradictions)
        case.findings += renamings + breaches
        if any(has_card_data(name) for name in case.request.in_url):
            case.findings.append(Finding("CARD_DATA_IN_URL", "card data is in the URL, where proxies and logs keep it"))
        problems += case.mask.problems
        if self._is_strict(merchant):
            problems += _in_words(case.findings)
        if problems:
            raise Refused("ILLEGAL_ARGUMENT", "; ".join(problems))
        return params

    def _look_at(self, case: Case, merchant: Merchant, answer: Answer) -> None:
        """What only the endpoint could know: findings, refused where rules are strict, and the order that a request names otherwise."""
        case.explanation = answer.why
        case.findings += answer.findings
        case.out_trade_no = answer.fields.get("out_trade_no", "")
        if self._is_strict(merchant) and (problems := _in_words(answer.findings)):
            raise Refused("ILLEGAL_ARGUMENT", "; ".join(problems))

    def _is_strict(self, merchant: Merchant) -> bool:
        return bool(self.settings.strict or merchant.strict)

    def _refuse(self, case: Case, refused: Refused) -> Response:
        response = _refusal(case, refused)
        try:
            with self.store.write() as tables:
                return _written_down(tables, tables.clock.now(), case, response, refused.code.name)
        except Unusable as trouble:
            return _refusal(case, Refused("SYSTEM_ERROR", str(trouble)))
        except Exception:
            log.exception("the refusal of %s was not written down", case.request.name)
            return response


def _shortened(request: Request, table: Endpoint) -> Request:
    """The request with as many parameters as are taken, the table's own among them."""
    known = {name: value for name, value in request.params.items() if name in table.all_names}
    return replace(request, params={**dict(islice(request.params.items(), MOST_PARAMS)), **known}, query="", body="")


def _refusal(case: Case, refused: Refused) -> Response:
    """The answer to a request that was turned away."""
    params, sentence = case.request.params, refused.sentence
    if case.request.hint:
        sentence = f"{sentence}; {case.request.hint}"
    if case.mask.hides:
        params, sentence = case.mask.params, case.mask.text(printable(sentence))
    refused = Refused(refused.code.name, sentence, refused.result_code, refused.card_code)
    body = envelope.refusal(refused, params, case.table, case.merchant.token if case.merchant else None)
    headers = {"Allow": ", ".join(METHODS)} if refused.code.status == 405 else {}
    return Response(refused.code.status, envelope.CONTENT_TYPE, body, body, headers)


def _in_words(findings: Iterable[Finding]) -> list[str]:
    """The sentences of the findings that the setting strict refuses."""
    return [f"{finding.detail} ({finding.code}, strict)" for finding in findings if finding.refusable]


def _on_the_wire(reply: Reply, table: Endpoint, merchant: Merchant) -> Response:
    """A reply as HTTP has it."""
    if isinstance(reply, Answer):
        body = envelope.answer(table, reply.fields, merchant.token, reply.rows)
        return Response(200, envelope.CONTENT_TYPE, body, body)
    if isinstance(reply, Redirect):
        return Response(302, HTML, kept=f"Location: {reply.url}", headers={"Location": reply.url}, cookies=reply.cookies)
    if isinstance(reply, Download):
        headers = {"Content-Disposition": f'attachment; filename="{reply.filename}"'}
        return Response(200, reply.content_type, kept=reply.filename, headers=headers, pieces=reply.pieces)
    return Response(200, HTML, kept=f"a page that posts to {reply.url}", form=reply)


def _written_down(tables: Writer, now: int, case: Case, response: Response, verdict: str) -> Response:
    """The response with its line in the journal, as a rule alters it; what was to be sent is kept where nothing of it arrives."""
    request, mask = case.request, case.mask
    script = case.verdict.script if case.verdict else None
    if script:
        response = _as_scripted(response, script)
    named = {name: mask.params.get(name, "") for name in ("merchants_id", "out_trade_no")}
    named["out_trade_no"] = named["out_trade_no"] or case.out_trade_no
    if case.merchant:
        named["merchants_id"] = case.merchant.merchants_id
    number = tables.journal.add(Entry(
        at=now, **named, endpoint=mask.text(printable(request.name)), ip=request.ip,
        method=mask.text(request.method),
        params=mask.params, status=response.status, answer=mask.text(response.kept), verdict=verdict,
        findings=_masked([finding.as_json() for finding in case.findings], mask),
        explanation=_masked({**case.explanation, **(case.verdict.as_json() if case.verdict else {})}, mask)))
    return replace(response, journal_id=number)


def _as_scripted(response: Response, script: "scenarios.Script") -> Response:
    altered = faults.FAULTS[script.then.fault].act(response) if script.then.fault else response
    return replace(altered, rule=script.rule, delay=script.then.delay or 0)


def _masked(value: Any, mask: Mask) -> Any:
    """A structure of an explanation without what is secret."""
    if isinstance(value, Mapping):
        return {name: _masked(inner, mask) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked(inner, mask) for inner in value]
    return mask.text(value) if isinstance(value, str) else value
