"""The correct settlement entries, and the check of a merchant's own list against them."""
from collections.abc import Mapping
from datetime import date
from typing import Any

from werkzeug.wrappers import Response

from ...base import money
from ...domain import reconciliation, settlement
from ...domain.errors import Invalid
from ...operations import settlement as operations
from ...operations.settlement import EVER
from ...operations.unit import merchant_of
from ...protocol.parameters import DATE
from .answers import as_json, listed
from .bodies import text_of
from .calls import Call
from .documents import instant
from .interface import operation
from .problems import wrong_request, wrong_value
from .queries import MERCHANT, PAGED, day, listed_names, shown
from .schemas import BY_NUMBER, BY_TEXT, amount, component, flag, listing, many, moment, nullable, text, whole

DAYS = (day("start_date", "first day of settlement, such as 2018-04-23; without it from the beginning"),
        day("end_date", "last day of settlement; without it to the end"))
CELLS = {
    "out_trade_no": "the order's number, if there is no partner_transaction_id",
    "partner_transaction_id": "as in the settlement file",
    "amount": "the amount; negative for a refund", "fee": "the fee; optional",
    "settlement_date": "its settlement day; optional"}
COLUMNS = {**{name: "as in the settlement file" for name, _ in settlement.COLUMNS}, **CELLS}
LIST = {"required": ["merchants_id", "rows"], "properties": {
    "merchants_id": text("the merchant whose list it is"),
    **{row.name: {"type": ["string", "null"], "format": "date", "description": row.meaning} for row in DAYS},
    "rows": {"type": "array", "description": "the rows of the list", "items": {
        "type": "object", "required": ["amount"], "additionalProperties": False,
        "properties": {name: {"type": ["string", "number"], "description": meaning}
                       for name, meaning in COLUMNS.items()}}}}}
NAMED = {"out_trade_no": text("the order"), "partner_transaction_id": text("the payment or refund"),
         "type": text("P for a payment, R for a refund", enum=[settlement.PAYMENT, settlement.REFUND])}
ROW = component("SettlementRow", "The correct row of a payment, refund or cancellation.", {
    "id": whole("its number"), "merchants_id": text("the merchant"), **NAMED,
    "amount": amount("in the order's currency; negative for a refund"),
    "fee": amount("the gateway's fee in the same currency"), "settles_at": moment("when it is settled"),
    "shown_at": moment("when it is settled according to the file"),
    "injected": many(BY_TEXT, "the injected discrepancies of the row"),
    "unknown": nullable(text("the number of the injected unknown row, if there is one"))})
VERDICT = component("SettlementVerdict", "Whether a list has noticed an injected discrepancy.", {
    **NAMED, "discrepancy": text("its kind"), "state": text("noticed, missed or not told"),
    "sentence": text("the sentence about it")})
DIFFERENCE = component("SettlementDifference", "Another difference between a list and the correct rows.", {
    "difference": text("extra, lacking, amount, fee or settlement_date"), "number": text("the row's number"),
    "sentence": text("the sentence about it")})
CHECKED = component("SettlementCheck", "A merchant's list, compared with the correct rows.", {
    "merchants_id": text("the merchant"),
    **{row.name: nullable(text(row.meaning, format="date")) for row in DAYS},
    "right": flag("whether nothing was missed and nothing differs"),
    "rows": whole("the number of rows of the list"),
    "true_rows": whole("the number of expected rows"),
    **{state: whole(f"injected discrepancies that are {state.replace('_', ' ')}")
       for state in ("noticed", "missed", "not_told")},
    "injected": many(VERDICT, "each injected discrepancy"),
    "differences": many(DIFFERENCE, "other differences")})


@operation("GET", "/settlement", "the correct rows of the settlement file, and the discrepancies that are "
                                 "injected in the file, oldest first unless newest_first is true",
           (MERCHANT, *DAYS, *PAGED), returns=listing("SettlementRowList", ROW, BY_NUMBER))
def list_settlement_rows(call: Call) -> Response:
    """A page of the settlement ledger, with entries that are not settled yet."""
    after, limit = call.paging()
    tables = call.tables()
    try:
        days = _days(call, call.query)
    except Invalid as invalid:
        raise wrong_request(str(invalid)) from invalid
    found = operations.entries(tables, call.merchants_id, days, after, limit, call.is_newest_first())
    return listed(map(_entry, found), limit)


def _entry(truth: "reconciliation.Truth") -> dict[str, Any]:
    return {"id": truth.id, "merchants_id": truth.merchants_id, **_named(truth),
            "amount": money.text(truth.amount),
            "fee": money.text(truth.fee), "settles_at": instant(truth.settles_at),
            "shown_at": instant(truth.shown_at), "injected": list(truth.injected),
            "unknown": truth.unknown or None}


def _named(truth: "reconciliation.Truth") -> dict[str, str]:
    return {"out_trade_no": truth.out_trade_no, "partner_transaction_id": truth.partner_id,
            "type": truth.kind}


@operation("POST", "/settlement/check",
           "check a merchant's own list: which injected discrepancies it has noticed, and other differences",
           body=LIST, returns=CHECKED, problems=(404,))
def check_settlement(call: Call) -> Response:
    """Compare a merchant's list with the correct entries that are settled by now."""
    given, tables = call.body(), call.tables()
    merchants_id = merchant_of(tables, text_of(given, "merchants_id")).merchants_id
    days = _days(call, _written_days(given), tables.clock.now(merchants_id))
    rows = _rows(given)
    report = operations.check(tables, merchants_id, rows, days)
    asked_for = {row.name: given.get(row.name) or None for row in DAYS}
    return as_json({"merchants_id": merchants_id, **asked_for, **_as_json(report)})


def _as_json(report: "reconciliation.Report") -> dict[str, Any]:
    states = [verdict.state for verdict in report.verdicts]
    return {
        "right": report.is_right, "rows": report.listed, "true_rows": report.true,
        **{state.replace(" ", "_"): states.count(state) for state in reconciliation.STATES},
        "injected": [{**_named(verdict.truth), "discrepancy": verdict.discrepancy, "state": verdict.state,
                      "sentence": str(verdict.sentence)}
                     for verdict in report.verdicts],
        "differences": [{"difference": each.kind, "number": each.number, "sentence": str(each.sentence)}
                        for each in report.differences]}


def _rows(given: dict[str, Any]) -> "list[reconciliation.Listed]":
    """The rows of the list in a body. Raises Problem, which names the row."""
    rows = given.get("rows")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise wrong_value("rows must be a list of objects")
    return [_row(place, row) for place, row in enumerate(rows, 1)]


def _row(place: int, cells: dict[str, Any]) -> "reconciliation.Listed":
    for name, value in cells.items():
        if name not in COLUMNS:
            known = listed_names(COLUMNS, name)
            raise wrong_request(f"row {place}: {shown(name)} is not a column of a list; {known}")
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise wrong_value(f"row {place}: {name} must be a string or a number")
    try:
        return reconciliation.row(place, {name: str(value) for name, value in cells.items()})
    except ValueError as error:
        raise wrong_value(f"row {place} {error}") from error


def _days(call: Call, written: Mapping[str, str], until: int = EVER) -> "reconciliation.Days":
    """The requested days, up to the instant `until` in milliseconds. Raises Invalid."""
    start, end = (date.fromisoformat(written[row.name]) if row.name in written else None for row in DAYS)
    return operations.days(call.emulator.settings, start, end, until)


def _written_days(given: Mapping[str, Any]) -> dict[str, str]:
    """The days in a body; a null or empty one counts as missing. Raises Problem."""
    found = {}
    for row in DAYS:
        written = given.get(row.name)
        if written in (None, ""):
            continue
        if not isinstance(written, str) or DATE.problem(written):
            raise wrong_value(f"{row.name} must be a date such as 2018-04-29")
        found[row.name] = written
    return found
