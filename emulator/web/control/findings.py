"""The rules of the document that clients and receivers have broken."""
from typing import Any

from werkzeug.wrappers import Response

from ...protocol.findings import RULES, Broken, broken
from ...store import Reader
from .answers import as_json
from .calls import Call
from .documents import instant
from .interface import operation
from .queries import MERCHANT
from .schemas import component, listing, moment, nullable, text, whole

EXAMPLE = component("FindingExample", "The newest request or attempt that breaks a rule.", {
    "journal_id": nullable(whole("the request; null if it is an attempt")),
    "notification_id": nullable(whole("the notification; null if it is a request")),
    "attempt": nullable(whole("the number of the attempt, from 1")), "detail": text("what is wrong in it")})
SUMMARY = component("FindingSummary", "A rule of the document that is broken.", {
    "code": text("the rule"), "section": text("its section of the document"),
    "rule": text("the rule in words"),
    "change": text("what to change"), "times": whole("how often it was broken"),
    "first": moment("the first time"), "last": moment("the last time"), "example": EXAMPLE})


@operation("GET", "/findings",
           "the rules of the document that requests and receivers break: how often, when, "
           "an example, what to change",
           (MERCHANT,), returns=listing("FindingList", SUMMARY))
def list_findings(call: Call) -> Response:
    """The broken rules, in the order of the table of rules, each with an example."""
    tables = call.tables()
    merchants_id = call.merchants_id
    requests, attempts = broken(tables.journal.breaches(merchants_id)), broken(
        tables.notifications.breaches(merchants_id))
    items = [{**_as_json(found[code]),
              "example": {**example(tables, found[code].example), "detail": found[code].detail}}
             for code in RULES for found, example in ((requests, _request), (attempts, _attempt))
             if code in found]
    return as_json({"items": items, "next": None})


def _as_json(found: Broken) -> dict[str, Any]:
    rule = found.rule
    return {"code": rule.code, "section": rule.section, "rule": rule.sentence, "change": rule.change,
            "times": found.times,
            "first": instant(found.first), "last": instant(found.last)}


def _request(tables: Reader, entry_id: int) -> dict[str, int | None]:
    return {"journal_id": entry_id, "notification_id": None, "attempt": None}


def _attempt(tables: Reader, attempt_id: int) -> dict[str, int | None]:
    notification_id, place = tables.notifications.place(attempt_id)
    return {"journal_id": None, "notification_id": notification_id, "attempt": place}
