"""Handles one request from its parameters to its response.

The order is: find the endpoint, read, authenticate, check the parameters, act, sign, and write the journal.
"""
import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from time import monotonic, perf_counter

from msgspec.structs import replace

from .. import scenarios
from ..base import durations, traffic
from ..base.slots import Full
from ..domain.errors import NeedsTransaction
from ..domain.merchants import Merchant
from ..operations.limits import Limiter
from ..operations.scripting import Asked, decide, decide_for_reading, prepare
from ..operations.unit import Unit, Units
from ..operations.watching import Waiting
from ..protocol import faults, parameter_checks
from ..protocol.codes import REFUSALS, Refused
from ..protocol.endpoint_tables import Endpoint
from ..protocol.findings import Finding
from ..protocol.masking import has_card_data
from ..protocol.replies import Answer, Response, Wire
from ..store import Unusable
from .authentication import Authentication, NotAuthentic
from .endpoints import ENDPOINTS
from .endpoints._card_documents import card_number
from .endpoints._common import Call, Inquiry, Wanted, wanted
from .incoming import METHODS, MOST_BYTES, MOST_PARAMS, Case, Request, shortened
from .measuring import OK, Measurements, label
from .outgoing import HTML, journalled, refusal, row, scripted, strict_problems, to_response

LOOK_AROUND_S = 0.5
LONGEST_NAME = 64
TRICKLING = "slow"
UNUSABLE = "SYSTEM_ERROR"
log = logging.getLogger(__name__)


class Gateway:
    """Answers requests to `/v2`.

    A request that changes something has one transaction, which ends with its entry in the journal. The entry
    of any other request is written afterwards, together with those of others.
    """

    def __init__(self, units: Units, waiting: Waiting | None = None, limiter: Limiter | None = None,
                 measurements: Measurements | None = None) -> None:
        self.store = units.store
        self.settings = units.settings
        self._units = units
        self._waiting = waiting or Waiting(units.store, units.settings)
        self._limiter = limiter
        self._measurements = measurements or Measurements()

    def answer(self, request: Request) -> Response:
        """Handle a request, measure it, and return its response.

        It never raises: an internal failure gives SYSTEM_ERROR.
        """
        begun, case = perf_counter(), Case(request)
        response = self._answered(case)
        seconds = perf_counter() - begun
        self._measurements.record(request.name, case.outcome, seconds)
        if traffic.is_wanted():
            _log(case, response, seconds)
        return replace(response, place=case.place) if case.place else response

    def _answered(self, case: Case) -> Response:
        try:
            with self.store.reported(), self._foreseen(case.request):
                return self._done(case)
        except Refused as refused:
            if isinstance(refused, NotAuthentic):
                case.explanation = refused.explanation
            return self._refuse(case, refused)
        except Unusable as trouble:  # nothing can be journalled
            return self._unusable(case, trouble)
        except Exception:
            log.exception("%s failed", case.request.name)
            return self._refuse(case, Refused("SYSTEM_ERROR", REFUSALS["SYSTEM_ERROR"].when))

    def _foreseen(self, request: Request) -> AbstractContextManager[None]:
        """The context in which the database knows what a request will ask for."""
        table = ENDPOINTS.get(request.name)
        merchants_id, number = request.params.get("merchants_id", ""), request.params.get("out_trade_no", "")
        if table is None or not _is_plain(merchants_id) or not _is_plain(number):
            return nullcontext()
        return self.store.foreseen(merchants_id, number, table.reads)

    def _done(self, case: Case) -> Response:
        """Check a request and carry it out. Raises Refused and `store.Unusable`."""
        table, merchant, params = self._admit(case)
        asked = Asked(merchant.merchants_id, params.get("out_trade_no", ""), table.name, params,
                      lambda: case.mask.params, lambda: card_number(params))
        if table.reads:
            with suppress(NeedsTransaction):
                return self._look_up(case, table, merchant, asked)
        prepare(self.store.read(), self.settings.seed, asked)
        # Made now, and not while others wait for the database.
        case.params
        of_order = wanted(self.settings, merchant, params)
        with self._units.begin(table.name, merchant.merchants_id) as unit:
            response = self._carry_out(unit, case, table, merchant, asked, of_order)
        self._wait_for_notifications(case, merchant, params)
        return response

    def _look_up(self, case: Case, table: Endpoint, merchant: Merchant, asked: Asked) -> Response:
        """Answer a request that changes nothing. Only its line in the journal waits for the database.

        Raises Refused, and NeedsTransaction if it does change something.
        """
        view = self._units.view(table.name, merchant.merchants_id)
        case.verdict = decide_for_reading(view.tables, asked)
        response = self._acted(case, table, Inquiry(view, asked.params, merchant))
        return self._noted(view.now, case, response, OK)

    def _noted(self, now: int, case: Case, response: Response, verdict: str) -> Response:
        """Write a request that changed nothing into the journal. Raises store.Unusable."""
        response, case.outcome = scripted(case, response), verdict
        written = row(now, case, response, verdict)
        number = self.store.write_together(lambda tables: tables.journal.add(written))
        return replace(response, journal_id=number)

    def _carry_out(self, unit: Unit, case: Case, table: Endpoint, merchant: Merchant, asked: Asked,
                   of_order: Wanted) -> Response:
        """Act and journal, within the request's transaction.

        Raises Refused, unless a scenario has counted the request: then the refusal is journalled here,
        because a rolled back transaction would undo the count.
        """
        verdict = case.verdict = decide(unit.tables, self.settings.seed, asked, unit.now)
        script = verdict.script if verdict else None
        self._make_room(case, merchant, script)
        came = case.request
        call = Call(unit, asked.params, merchant, unit.payments(merchant, script), of_order, self.store,
                    came.base_url, came.ip, came.cookies, script)
        if script and script.then.fault in faults.NOTHING_HAPPENS:
            return journalled(unit, case, Response(200, HTML), script.then.fault)
        if verdict is None or not verdict.counted:
            return journalled(unit, case, self._acted(case, table, call), OK)
        try:
            with unit.tables.savepoint():  # a refused request uses up a rule too
                response, said = self._acted(case, table, call), OK
        except Refused as refused:
            response, said = refusal(case, refused), refused.code.name
        return journalled(unit, case, response, said)

    def _acted(self, case: Case, table: Endpoint, call: Inquiry) -> Response:
        """Call the endpoint's function and return the response. Raises Refused."""
        reply = table.act(call)
        if isinstance(reply, Answer):
            self._look_at(case, call.merchant, reply)
        return to_response(reply, table, call.merchant)

    def _wait_for_notifications(self, case: Case, merchant: Merchant, params: Mapping[str, str]) -> None:
        """Wait until the order's notifications have been sent, if a scenario rule says so."""
        script = case.verdict.script if case.verdict else None
        if script is None or not script.then.notify.before_answer:
            return
        order = merchant.merchants_id, params.get("out_trade_no", "")
        end = monotonic() + self.settings.notify_timeout / durations.SECOND
        with self._waiting.watcher.waiter(lambda changed: order in changed.orders) as waiter:
            while monotonic() < end and not waiter.is_over and self.store.read().notifications.unsent(*order):
                with self._waiting.pause():
                    waiter.wait(LOOK_AROUND_S)

    def _make_room(self, case: Case, merchant: Merchant, script: "scenarios.Script | None") -> None:
        """Take a place to wait in, if a scenario rule delays the answer. Raises Refused when none is free."""
        then = script.then if script else None
        if then is None or not (then.delay or then.fault == TRICKLING or then.notify.before_answer):
            return
        try:
            case.place = self._waiting.places.take(merchant.merchants_id)
        except Full as full:
            case.verdict = None  # the refusal is not delayed
            raise Refused("SYSTEM_ERROR", str(full)) from full

    def _admit(self, case: Case) -> tuple[Endpoint, Merchant, Mapping[str, str]]:
        """Make all checks that do not depend on the state of orders. Raises Refused.

        Returns the table that applies, the merchant, and the parameters under the table's names.
        """
        request = case.request
        endpoint = _endpoint_of(case)
        tables, count = self.store.read(), len(request.params)
        if count > MOST_PARAMS:  # before any work for each of them
            case.request = shortened(request, endpoint)
        authentication = Authentication(tables, endpoint, case.request.arrival(endpoint.all_names),
                                        lambda: case.mask)
        merchant = case.merchant = authentication.owner()
        if self._limiter:
            _limit(self._limiter, case, merchant)
        if count > MOST_PARAMS:
            raise Refused("ILLEGAL_ARGUMENT", f"{count} parameters are sent; at most {MOST_PARAMS} are "
                                              f"allowed")
        case.findings += authentication.check(merchant)
        table = case.table = endpoint.table_of(request.params)
        params = self._check(table, merchant, case)
        if table.product and table.product not in merchant.products:
            sentence = f"the product {table.product} is switched off for merchant {merchant.merchants_id}"
            raise Refused("HAS_NO_PRIVILEGE", sentence)
        return table, merchant, params

    def _check(self, table: Endpoint, merchant: Merchant, case: Case) -> Mapping[str, str]:
        """Check the parameters and return them under the table's names.

        Raises Refused with all problems at once.
        """
        params, renamings, contradictions = parameter_checks.renamed(table, case.request.params)
        problems, breaches = parameter_checks.check(table, params, contradictions)
        case.findings += renamings + breaches
        if any(has_card_data(name) for name in case.request.in_url):
            case.findings.append(Finding("CARD_DATA_IN_URL",
                                         "card data is in the URL, where proxies and logs keep it"))
        problems += case.mask.problems
        if self._is_strict(merchant):
            problems += strict_problems(case.findings)
        if problems:
            raise Refused("ILLEGAL_ARGUMENT", "; ".join(problems))
        return params

    def _look_at(self, case: Case, merchant: Merchant, answer: Answer) -> None:
        """Note what only the endpoint knows: the explanation, the order number and findings.

        Raises Refused when the setting strict refuses one of these findings.
        """
        case.explanation = answer.why
        case.findings += answer.findings
        case.out_trade_no = answer.fields.get("out_trade_no", "")
        if self._is_strict(merchant) and (problems := strict_problems(answer.findings)):
            raise Refused("ILLEGAL_ARGUMENT", "; ".join(problems))

    def _is_strict(self, merchant: Merchant) -> bool:
        return bool(self.settings.strict or merchant.strict)

    def _refuse(self, case: Case, refused: Refused) -> Response:
        """The response to a refused request, journalled in a transaction of its own."""
        response, case.outcome = refusal(case, refused), refused.code.name
        try:
            whose = case.merchant.merchants_id if case.merchant else ""
            return self._noted(self._units.view(case.request.name, whose).now, case, response,
                               refused.code.name)
        except Unusable as trouble:
            return self._unusable(case, trouble)
        except Exception:
            log.exception("the refusal of %s was not stored", case.request.name)
            return response

    @staticmethod
    def _unusable(case: Case, trouble: Unusable) -> Response:
        """The response while the database cannot be used."""
        case.outcome = UNUSABLE
        return refusal(case, Refused(UNUSABLE, str(trouble)))


def _log(case: Case, response: Response, seconds: float) -> None:
    """Log a request that took so many seconds."""
    merchants_id = case.merchant.merchants_id if case.merchant else ""
    number = case.mask.params.get("out_trade_no", "") or case.out_trade_no
    arrives = traffic.SENT if response.wire is Wire.WHOLE else str(response.wire)
    traffic.request(label(case.request.name), merchants_id, number, case.outcome, seconds,
                    response.journal_id, arrives, response.delay)


def _is_plain(name: str) -> bool:
    """Whether a text that was not checked yet may be a merchant's or an order's number."""
    return len(name) <= LONGEST_NAME and name.isprintable()


def _limit(limiter: Limiter, case: Case, merchant: Merchant) -> None:
    """Count a request of a merchant. Raises Refused, explained for the journal, if it is one too many."""
    wait = limiter.wait_of(merchant.merchants_id)
    if wait:
        case.explanation = {"rate_limit": limiter.rate.written, "retry_after_ms": wait}
        raise Refused("SYSTEM_ERROR", limiter.sentence(merchant.merchants_id, wait))


def _endpoint_of(case: Case) -> Endpoint:
    """The endpoint of a request whose path, method and size are right. Raises Refused."""
    request = case.request
    endpoint = case.table = ENDPOINTS.get(request.name)
    if endpoint is None:
        paths = ", ".join(known.path for known in ENDPOINTS.values())
        raise Refused("NOT_FOUND", f"unknown endpoint; the endpoints are {paths}")
    if request.method not in METHODS:
        raise Refused("METHOD_NOT_ALLOWED", f"{request.method} is not allowed, only {' and '.join(METHODS)}")
    if request.too_large:
        raise Refused("REQUEST_TOO_LARGE", f"the request is larger than {MOST_BYTES} bytes")
    if request.broken:
        raise Refused("BAD_REQUEST", REFUSALS["BAD_REQUEST"].when)
    return endpoint
