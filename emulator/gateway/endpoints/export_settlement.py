"""Section 14: the settlement file."""
from collections.abc import Iterator, Mapping
from datetime import date

from msgspec.structs import replace

from ...domain import settlement
from ...protocol.endpoint_tables import endpoint
from ...protocol.parameters import DATE, Param
from ...protocol.replies import Download
from . import _common as common
from ._common import Call

MOST_DAYS = 366


def range_of_days(params: Mapping[str, str]) -> str | None:
    """The problem of a range whose first day is after its last, or which is too long; else None."""
    if DATE.problem(params.get("end_date", "")) or DATE.problem(params.get("start_date", params["end_date"])):
        return None
    start, end = _days(params)
    if start > end:
        return f"start_date {start} is after end_date {end}"
    return (f"start_date to end_date are more than {MOST_DAYS} days" if (end - start).days >= MOST_DAYS
            else None)


def _days(params: Mapping[str, str]) -> tuple[date, date]:
    end = date.fromisoformat(params["end_date"])
    return date.fromisoformat(params.get("start_date") or params["end_date"]), end


@endpoint(
    section="14", title="Settlement file", product="settlement", signed=False,
    params=(replace(common.MERCHANTS_ID, example="201701010001"),
            Param("start_date", common.OPTIONAL, DATE, "2018-04-23",
                  "first day of settlement; without it end_date"),
            Param("end_date", common.REQUIRED, DATE, "2018-04-29", "last day of settlement, Asia/Shanghai"),
            common.SIGN),
    rules=(range_of_days,),
    note="CSV with a header line; the columns are listed below. One line for each payment, refund and "
         "cancellation settled in the range, at 15:00 on the day after it. The column type, whose number the "
         "document leaves out, and the lines of refunds and cancellations are as in Alipay's file "
         "(inferred). Refusals are XML and unsigned.")
def export_settlement(call: Call) -> Download:
    """Stream the file while it is read from the ledger."""
    start, end = _days(call.params)
    since, before = settlement.span(start, end, call.settings)
    filename = f"{call.merchant.merchants_id}_settlement_{start}_{end}.csv"
    return Download(filename, "text/csv; charset=utf-8", _lines(call, since, min(before, call.now + 1)))


def _lines(call: Call, since: int, before: int) -> Iterator[str]:
    yield settlement.header()
    yield from call.store.read().ledger.lines(call.merchant.merchants_id, since, before)
