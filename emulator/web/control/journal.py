"""The journal: every request to `/v2` with its answer."""
from flask import Response, jsonify

from ...gateway.measuring import OK
from ...operations import journal
from ...operations.unit import journal_entry
from ...protocol.codes import REFUSALS
from ..current import emulator
from .documents import JOURNAL_ENTRY, journal_json
from .interface import MERCHANT, ORDER, PAGED, Query, asked, is_newest_first, listed, operation, paging
from .queries import choice
from .schemas import BY_NUMBER, listing


@operation("GET", "/journal", "requests to /v2, oldest first unless newest_first is true",
           (MERCHANT,
            Query("endpoint", "only to this endpoint, such as tgpayqrcode; unknown paths count as well"),
            ORDER, choice("verdict", "only with this result: OK, or an error code", OK, *REFUSALS), *PAGED),
           returns=listing("JournalEntryList", JOURNAL_ENTRY, BY_NUMBER))
def list_journal_entries() -> Response:
    """A page of the journal."""
    after, limit = paging()
    wanted = asked("merchants_id", "endpoint", "out_trade_no", "verdict")
    found = emulator().store.read().journal.page(wanted, after, limit, is_newest_first())
    return listed(map(journal_json, found), limit)


@operation("GET", "/journal/<id:entry_id>", "one request with its parameters and its response",
           returns=JOURNAL_ENTRY)
def get_journal_entry(entry_id: int) -> Response:
    """One entry of the journal. Its id is in the header X-TGPay-Request of the gateway's answer."""
    return jsonify(journal_json(journal_entry(emulator().store.read(), entry_id)))


@operation("DELETE", "/journal", "delete all requests, or those of one merchant", (MERCHANT,),
           statuses=(204,))
def clear_journal() -> tuple[str, int]:
    """Delete the entries of one merchant or of all."""
    journal.clear(emulator().units, asked("merchants_id")["merchants_id"])
    return "", 204
