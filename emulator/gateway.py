"""One request, top to bottom: find, read, authenticate, check, act, sign, write down (contract 1.3, order of checks)."""
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import contract, doctor, envelope, signature
from .clock import real_now
from .codes import Refused
from .contract import Endpoint
from .endpoints import ENDPOINTS
from .endpoints._common import Call
from .findings import Finding
from .merchants import Merchant
from .payments import Payments
from .replies import Answer, Download, PostForm, Redirect, Reply
from .settings import Settings
from .store import Store, Tables
from .store.records import Entry

METHODS = ("GET", "POST")
MOST_BYTES = 1024 * 1024
MOST_PARAMS = 1_000
MASK = "***"
SECRET = ("password", "pay_info", "cvv", "cardNo")
CARD_DATA = ("pay_info", "cardNo", "cvv")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Request:
    """What came in. `params` has the last value of each name, bytes that are not UTF-8 as surrogate escapes; `in_url` are the names in
    the query string. `too_large` when the body exceeds 1 MiB, `hint` when it was of a kind that is not read."""

    name: str
    method: str
    params: Mapping[str, str]
    ip: str
    base_url: str
    in_url: frozenset[str] = frozenset()
    cookies: Mapping[str, str] = field(default_factory=dict)
    too_large: bool = False
    hint: str = ""


@dataclass(frozen=True)
class Response:
    """What goes out: the reply as it is on the wire, and the journal's id of the request."""

    status: int
    content_type: str
    body: str
    journal_id: int
    headers: Mapping[str, str] = field(default_factory=dict)
    pieces: Iterable[str] | None = None
    form: PostForm | None = None
    cookies: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Admission:
    """How far a request has come: filled in step by step, so that a refusal can tell what was known."""

    table: Endpoint | None = None
    merchant: Merchant | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    explanation: Mapping[str, Any] = field(default_factory=dict)


class Gateway:
    """Answers requests to `/v2`, each in a transaction that ends with its line in the journal."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        self.settings = settings

    def answer(self, request: Request) -> Response:
        """The answer to a request; it never raises, a failure of ours is SYSTEM_ERROR."""
        admission = Admission()
        try:
            self._admit(request, admission)
            with self.store.write() as tables:
                call = self._call(tables, request, admission)
                reply = call_endpoint(admission, call)
                return self._reply(tables, call.now, request, admission, reply)
        except Refused as refused:
            return self._refuse(request, admission, refused)
        except Exception:
            log.exception("%s failed", request.name)
            return self._refuse(request, admission, Refused("SYSTEM_ERROR", "the emulator failed; its log says why"))

    def _admit(self, request: Request, admission: Admission) -> None:
        table = admission.table = ENDPOINTS.get(request.name)
        if table is None:
            raise Refused("NOT_FOUND", f"there is no /v2/{contract.printable(request.name)}; there are "
                                       f"{', '.join(known.path for known in ENDPOINTS.values())}")
        if request.method not in METHODS:
            raise Refused("METHOD_NOT_ALLOWED", f"{request.method} is not taken, only GET and POST")
        if request.too_large:
            raise Refused("REQUEST_TOO_LARGE", f"the body is larger than {MOST_BYTES} bytes")
        tables = self.store.read()
        merchant = admission.merchant = _owner(tables, table, request)
        _authenticate(tables, merchant, request, admission)
        self._check(table, merchant, request, admission)

    def _check(self, table: Endpoint, merchant: Merchant, request: Request, admission: Admission) -> None:
        if len(request.params) > MOST_PARAMS:
            raise Refused("ILLEGAL_ARGUMENT", f"{len(request.params)} parameters are sent, at most {MOST_PARAMS} are taken")
        params, findings, renaming = contract.renamed(table, request.params)
        problems, found = contract.check(table, params)
        admission.params = params
        admission.findings += findings + found
        if any(name in request.in_url for name in CARD_DATA):
            admission.findings.append(Finding("CARD_DATA_IN_URL", "card data is in the URL, where proxies and logs keep it"))
        problems = contract.unprintable(request.params) + renaming + problems
        if self.settings.strict or merchant.strict:
            problems += [f"{finding.detail} ({finding.code}, strict)" for finding in admission.findings]
        if problems:
            raise Refused("ILLEGAL_ARGUMENT", "; ".join(problems))
        if table.product and table.product not in merchant.products:
            raise Refused("HAS_NO_PRIVILEGE", f"the product {table.product} is switched off for merchant {merchant.merchants_id}")

    def _call(self, tables: Tables, request: Request, admission: Admission) -> Call:
        now = tables.clock.get().now(real_now())
        assert admission.table and admission.merchant
        payments = Payments(tables, self.settings, admission.merchant, now, admission.table.name)
        base_url = self.settings.public_url or request.base_url
        return Call(admission.table.name, admission.params, admission.merchant, payments, self.store, base_url, request.ip, request.cookies)

    def _reply(self, tables: Tables, now: int, request: Request, admission: Admission, reply: Reply) -> Response:
        assert admission.table and admission.merchant
        body, extra = "", {}  # type: str, dict[str, Any]
        content_type, status, kept = "text/html; charset=utf-8", 200, ""
        if isinstance(reply, Answer):
            content_type = envelope.CONTENT_TYPE
            body = kept = envelope.answer(admission.table, reply.fields, admission.merchant.token)
        elif isinstance(reply, Redirect):
            status, kept = 302, f"Location: {reply.url}"
            extra = {"headers": {"Location": reply.url}, "cookies": reply.cookies}
        elif isinstance(reply, Download):
            content_type, kept = reply.content_type, reply.filename
            extra = {"headers": {"Content-Disposition": f'attachment; filename="{reply.filename}"'}, "pieces": reply.pieces}
        else:
            kept = f"a page that posts to {reply.url}"
            extra = {"form": reply}
        number = tables.journal.add(_entry(now, request, admission, status, kept, "OK"))
        return Response(status, content_type, body, number, **extra)

    def _refuse(self, request: Request, admission: Admission, refused: Refused) -> Response:
        merchant = admission.merchant
        hint = f"; {request.hint}" if request.hint else ""
        body = envelope.refusal(Refused(refused.code.name, refused.sentence + hint, refused.result_code), request.params, admission.table,
                                merchant.token if merchant else None)
        try:
            with self.store.write() as tables:
                now = tables.clock.get().now(real_now())
                number = tables.journal.add(_entry(now, request, admission, refused.code.status, body, refused.code.name))
        except Exception:
            log.exception("the refusal of %s was not written down", request.name)
            number = 0
        headers = {"Allow": ", ".join(METHODS)} if refused.code.status == 405 else {}
        return Response(refused.code.status, envelope.CONTENT_TYPE, body, number, headers)


def call_endpoint(admission: Admission, call: Call) -> Reply:
    """What the endpoint answers to an admitted request."""
    assert admission.table
    reply: Reply = admission.table.act(call)
    return reply


def _owner(tables: Tables, table: Endpoint, request: Request) -> Merchant:
    """The merchant whose token signs the request: the one it names, or the one whose user it names."""
    given = contract.printable(request.params.get(table.owner, ""))
    if table.owner == "user":
        if not given:
            raise Refused("ILLEGAL_ARGUMENT", "user is missing")
        found = tables.merchants.login(given)
        if found is None:
            raise Refused("LOGIN_FAILED", "user or password is wrong")
        return found[0]
    merchant = tables.merchants.find(given) if given else None
    if merchant is None:
        raise Refused("ILLEGAL_PARTNER", f"merchants_id {given} is unknown" if given else "merchants_id is missing")
    return merchant


def _authenticate(tables: Tables, merchant: Merchant, request: Request, admission: Admission) -> None:
    sign_type, given = request.params.get("sign_type", ""), request.params.get("sign", "")
    if sign_type and sign_type.upper() != "MD5":
        raise Refused("ILLEGAL_SIGN_TYPE", f"sign_type {contract.printable(sign_type)} is not MD5")
    if not given:
        raise Refused("ILLEGAL_SIGN", "sign is missing")
    expected = signature.sign(request.params, merchant.token)
    if not signature.matches(given, expected):
        others = [other.token for other in tables.merchants.page("", 100) if other.token != merchant.token]
        diagnosis = doctor.explain(request.params, merchant.token, others)
        admission.explanation = {**diagnosis.as_json(), "canonical": signature.canonical(_masked(request.params))}
        raise Refused("ILLEGAL_SIGN", f"sign is wrong: {diagnosis.sentence}")
    if given != given.lower():
        admission.findings.append(Finding("SIGN_UPPER_CASE", "sign is in upper case"))


def _masked(params: Mapping[str, str]) -> dict[str, str]:
    return {contract.printable(name): MASK if name in SECRET else contract.printable(value) for name, value in params.items()}


def _entry(now: int, request: Request, admission: Admission, status: int, answer: str, verdict: str) -> Entry:
    named = {name: contract.printable(request.params.get(name, "")) for name in ("merchants_id", "out_trade_no")}
    if admission.merchant:
        named["merchants_id"] = admission.merchant.merchants_id
    return Entry(
        at=now, **named, endpoint=contract.printable(request.name), ip=request.ip, method=request.method, params=_masked(request.params),
        status=status, answer=answer, verdict=verdict, findings=[finding.as_json() for finding in admission.findings],
        explanation=admission.explanation)
