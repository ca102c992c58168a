"""Whether a merchant's traffic was right: what was counted, signed and answered, and each order's state."""
from typing import Any

from flask import Response, jsonify, request
from msgspec.structs import asdict

from ...domain import verification
from ...domain.verification import COUNTED, MEASURED, SWITCHES
from ...gateway.endpoints import ENDPOINTS
from ...operations.verification import Fact, Outcome, verify
from ..current import emulator
from .documents import instant
from .interface import MERCHANT, Query, operation
from .queries import choice, whole
from .schemas import component, flag, many, moment, nullable, text
from .schemas import whole as count


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
    Query("order", "look at this order only"),
    choice("endpoint", "look at requests to this endpoint only; other checks are not limited", *ENDPOINTS),
    Query("since", "look at what happened from this instant on, or after the cursor that an earlier "
                   "verification answered; status and amounts are those of now", check=verification.since))
CHECKS = (
    choice("signed", "true: every request was rightly signed; false: one was not", *SWITCHES),
    Query("codes", "these codes came, in answers or as results of payments; separated by commas",
          SEVERAL, verification.codes, may_repeat=True),
    Query("status", "an order is in this status: NUMBER:TRADE_FINISHED, or with order the status alone",
          SEVERAL, verification.status, may_repeat=True),
    *map(_measured, MEASURED))


FACT = component("Fact", "Something that happened: a request, an event, an attempt or an order.", {
    "kind": text("request, event, attempt or order"), "id": count("its number among those of its kind"),
    "at": moment("when it happened"), "name": text("the endpoint, the event or the notify_type"),
    "out_trade_no": text("the order"), "verdict": text("how it ended"), "why": text("more about it"),
    "journal_id": nullable(count("the entry of the journal, if there is one")),
    "notification_id": nullable(count("the notification, if there is one")),
    "sentence": text("the same on one line")})
CHECKED = component("Check", "The outcome of a check.", {
    "check": text("its name"), "wanted": text("what was wanted"),
    "found": {"type": ["integer", "string"], "description": "what was found"},
    "ok": flag("whether it holds"), "sentence": text("the same in words"),
    "nearest": many(FACT, "what explains a failure, oldest first")})
VERIFICATION = component("Verification", "Whether a merchant's traffic was right.", {
    "verified": flag("whether all checks hold"), "cursor": text("for `since`, to look at what comes after"),
    "checks": many(CHECKED, "the outcome of each check")})


@operation("GET", "/verify", "whether a merchant's traffic was right, with the nearest facts where it was "
           "not; without a check: all requests are rightly signed, none is to an unknown endpoint, and "
           "nothing breaks a rule of the document",
           (Query(MERCHANT.name, "whose traffic it is", needed=True), *LIMITS, *CHECKS),
           returns=VERIFICATION, problems=(404, 422))
def verify_merchant() -> Response:
    """The outcome of each check. Raises Invalid for checks that do not fit together."""
    given = dict(request.args.lists())
    tables = emulator().store.read()
    cursor = "-".join(map(str, tables.newest()))
    outcomes = verify(tables, verification.read(given.pop(MERCHANT.name)[0], given))
    return jsonify({"verified": all(each.ok for each in outcomes), "cursor": cursor,
                    "checks": list(map(_outcome, outcomes))})


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {**asdict(outcome), "nearest": list(map(_fact, outcome.nearest))}


def _fact(fact: Fact) -> dict[str, Any]:
    return {**asdict(fact), "at": instant(fact.at), "sentence": fact.sentence}
