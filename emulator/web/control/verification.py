"""Verifies a merchant's traffic: what was counted, signed and answered, and each order's state."""
from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict
from werkzeug.wrappers import Response

from ...domain import verification
from ...domain.verification import COUNTED, MEASURED, SWITCHES
from ...gateway.endpoints import ENDPOINTS
from .answers import as_json
from .calls import Call
from .documents import instant
from .interface import operation
from .queries import MERCHANT, Query, choice, whole
from .schemas import component, flag, many, moment, nullable, text
from .schemas import whole as count

if TYPE_CHECKING:
    from ...operations.verification import Fact, Outcome


def _measured(name: str) -> Query:
    """The parameter of a check that compares a number."""
    subject, relation = MEASURED[name]
    meaning = f"{relation.words} so many: {subject.meaning}"
    if subject.name in COUNTED:
        return whole(name, meaning, verification.MOST)

    def check(written: str) -> None:
        verification.number(name, written)
    return Query(name, f"{relation.words} so much: {subject.meaning}, of the order or of all", check=check)


SEVERAL = {"type": "array", "items": {"type": "string", "minLength": 1}}
LIMITS = (
    Query("order", "only this order"),
    choice("endpoint", "only requests to this endpoint; other checks are not limited", *ENDPOINTS),
    Query("since", "only what happened since this time, or after the cursor of an earlier "
                   "verification; status and amounts are the present ones", check=verification.since))
CHECKS = (
    choice("signed", "true: all requests had the right signature; false: at least one had not", *SWITCHES),
    Query("codes", "these codes were returned, in responses or as results of payments; separated by commas",
          SEVERAL, verification.codes, may_repeat=True),
    Query("status", "an order is in this status: NUMBER:TRADE_FINISHED, or with order the status alone",
          SEVERAL, verification.status, may_repeat=True),
    *map(_measured, MEASURED))


FACT = component("Fact", "A request, an event, an attempt or an order.", {
    "kind": text("request, event, attempt or order"), "id": count("its number"),
    "at": moment("when it happened"), "name": text("the endpoint, the event or the notify_type"),
    "out_trade_no": text("the order"), "verdict": text("its result"), "why": text("more details"),
    "journal_id": nullable(count("the entry of the journal, if there is one")),
    "notification_id": nullable(count("the notification, if there is one")),
    "sentence": text("the fact on one line")})
CHECKED = component("Check", "The outcome of a check.", {
    "check": text("its name"), "wanted": text("the expected value"),
    "found": {"type": ["integer", "string"], "description": "the actual value"},
    "ok": flag("whether it passed"), "sentence": text("the outcome in words"),
    "nearest": many(FACT, "the facts that explain a failure, oldest first")})
VERIFICATION = component("Verification", "The result of all checks.", {
    "verified": flag("whether all checks passed"),
    "cursor": text("for `since`, to continue after this verification"),
    "checks": many(CHECKED, "the outcome of each check")})


@operation("GET", "/verify", "verify a merchant's traffic: a check that fails has the facts nearest to it. "
           "Without a check: all requests have the right signature, none is to an unknown endpoint, and "
           "nothing breaks a rule of the document",
           (Query(MERCHANT.name, "the merchant", needed=True), *LIMITS, *CHECKS),
           returns=VERIFICATION, problems=(404, 422))
def verify_merchant(call: Call) -> Response:
    """The outcome of each check. Raises Invalid for checks that do not fit together."""
    from ...operations.verification import verify  # imported late, because few users verify

    given = dict(call.query.lists())
    tables = call.tables()
    cursor = "-".join(map(str, tables.newest()))
    outcomes = verify(tables, verification.read(given.pop(MERCHANT.name)[0], given))
    return as_json({"verified": all(each.ok for each in outcomes), "cursor": cursor,
                    "checks": list(map(_outcome, outcomes))})


def _outcome(outcome: "Outcome") -> dict[str, Any]:
    return {**asdict(outcome), "nearest": list(map(_fact, outcome.nearest))}


def _fact(fact: "Fact") -> dict[str, Any]:
    return {**asdict(fact), "at": instant(fact.at), "sentence": fact.sentence}
