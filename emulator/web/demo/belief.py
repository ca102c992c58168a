"""What the shop believes of its orders, from what it has written down: pure. It hands goods over for PAID and
for nothing else.
"""
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from ...store.notebook import Page
from .clerk import ANSWERED, HEARD, LOST, SENT


class Belief(StrEnum):
    """Of one order."""

    ASKED = "asked"  # the request is on its way
    WAITING = "waiting"  # the gateway knows the order, nobody has paid yet
    PAID = "paid"
    REFUSED = "refused"  # not paid, and nothing more will come
    UNKNOWN = "unknown"  # the answer was lost: it may be paid or not


QUERY = "tgpayquery"
# their result_code is that of the payment; others' that of the request
AT_ONCE = ("tgpaybarcode", "merchant_scan_status_sync")
SAYS_NOTHING = ("trans_qrcode_create_sync",)
BY_RESULT: Mapping[str, Belief] = {"SUCCESS": Belief.PAID, "FAIL": Belief.REFUSED, "UNKNOWN": Belief.WAITING}
BY_STATUS: Mapping[str, Belief] = {
    **dict.fromkeys(("TRADE_SUCCESS", "AUTHORISED", "success"), Belief.PAID),
    **dict.fromkeys(("TRADE_CLOSED", "DECLINED", "FAILED", "CANCELLED", "failed", "canceled", "expired"),
                    Belief.REFUSED)}


def beliefs(pages: Iterable[Page]) -> dict[str, Belief]:
    """The orders of the shop, oldest first, with what it believes of each."""
    held: dict[str, Belief] = {}
    asked: dict[str, str] = {}
    for page in pages:
        entry = page.entry
        if page.kind == SENT and entry["endpoint"] != QUERY:
            number = entry["fields"]["out_trade_no"]
            held[number], asked[number] = Belief.ASKED, entry["fields"]["trans_amount"]
        elif page.kind == LOST and held.get(entry["out_trade_no"]) is Belief.ASKED:
            held[entry["out_trade_no"]] = Belief.UNKNOWN
        elif page.kind in (ANSWERED, HEARD) and entry["signed"] is not False:
            number = entry["out_trade_no"]
            held[number] = told(entry, asked.get(number, "")) or held[number]
    return held


def told(entry: Mapping[str, Any], amount: str) -> Belief | None:
    """What a rightly signed answer or notification says of an order of this amount; None when it says
    nothing, or of another amount.
    """
    fields, source = entry["fields"], entry.get("endpoint") or entry["fields"].get("notify_type", "")
    if source in SAYS_NOTHING:
        return None
    if source in AT_ONCE:
        said = BY_RESULT.get(fields.get("result_code", ""))
    else:
        said = (BY_STATUS.get(fields.get("trade_status") or fields.get("status") or "")
                or _of_request(fields, source))
    return None if said is Belief.PAID and fields.get("trans_amount", amount) != amount else said


def _of_request(fields: Mapping[str, str], source: str) -> Belief | None:
    """A request that was turned away makes no order; a query that was says nothing of it."""
    if fields.get("is_success") == "F":
        return None if source == QUERY else Belief.REFUSED
    return Belief.WAITING if fields.get("is_success") == "T" else None
