"""The journal: every request to `/v2` with its answer."""
from werkzeug.wrappers import Response

from ...gateway.measuring import OK
from ...operations import journal
from ...operations.unit import journal_entry
from ...protocol.codes import REFUSALS
from .answers import as_json, listed, nothing
from .calls import Call
from .documents import JOURNAL_ENTRY, journal_json
from .interface import operation
from .queries import MERCHANT, ORDER, PAGED, Query, choice
from .schemas import BY_NUMBER, listing


@operation("GET", "/journal", "requests to /v2, oldest first unless newest_first is true",
           (MERCHANT,
            Query("endpoint", "only to this endpoint, such as tgpayqrcode; unknown paths count as well"),
            ORDER, choice("verdict", "only with this result: OK, or an error code", OK, *REFUSALS), *PAGED),
           returns=listing("JournalEntryList", JOURNAL_ENTRY, BY_NUMBER))
def list_journal_entries(call: Call) -> Response:
    """A page of the journal."""
    after, limit = call.paging()
    wanted = call.asked("merchants_id", "endpoint", "out_trade_no", "verdict")
    found = call.tables().journal.page(wanted, after, limit, call.is_newest_first())
    return listed(map(journal_json, found), limit)


@operation("GET", "/journal/<id:entry_id>", "one request with its parameters and its response",
           returns=JOURNAL_ENTRY)
def get_journal_entry(call: Call, entry_id: int) -> Response:
    """One entry of the journal. Its id is in the header X-TGPay-Request of the gateway's answer."""
    return as_json(journal_json(journal_entry(call.tables(), entry_id)))


@operation("DELETE", "/journal", "delete all requests, or those of one merchant", (MERCHANT,),
           statuses=(204,))
def clear_journal(call: Call) -> Response:
    """Delete the entries of one merchant or of all."""
    journal.clear(call.emulator.units, call.merchants_id)
    return nothing()
