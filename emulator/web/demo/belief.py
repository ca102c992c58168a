"""The shop's beliefs about its orders, derived from its notebook by pure functions.

The shop hands goods over for PAID only.
"""
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from ...store.notebook import Page
from .clerk import ANSWERED, HEARD, LOST, SENT


class Belief(StrEnum):
    """What the shop believes about one order."""

    ASKED = "asked"  # the request was sent, without an answer yet
    WAITING = "waiting"  # the gateway knows the order, nobody has paid yet
    PAID = "paid"
    REFUSED = "refused"  # not paid, and it will not be paid any more
    UNKNOWN = "unknown"  # the answer was lost; the order may be paid or not


QUERY = "tgpayquery"
# In these answers and notifications result_code is the result of the payment, otherwise of the request.
AT_ONCE = ("tgpaybarcode", "merchant_scan_status_sync")
SAYS_NOTHING = ("trans_qrcode_create_sync",)
BY_RESULT: Mapping[str, Belief] = {"SUCCESS": Belief.PAID, "FAIL": Belief.REFUSED, "UNKNOWN": Belief.WAITING}
BY_STATUS: Mapping[str, Belief] = {
    **dict.fromkeys(("TRADE_SUCCESS", "AUTHORISED", "success"), Belief.PAID),
    **dict.fromkeys(("TRADE_CLOSED", "DECLINED", "FAILED", "CANCELLED", "failed", "canceled", "expired"),
                    Belief.REFUSED)}


def beliefs(pages: Iterable[Page]) -> dict[str, Belief]:
    """The belief about each order of the shop, by its number, oldest order first."""
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
            held[number] = belief_of(entry, asked.get(number, "")) or held[number]
    return held


def belief_of(entry: Mapping[str, Any], amount: str) -> Belief | None:
    """The belief that follows from a correctly signed answer or notification about an order.

    None if it says nothing about the order's state, or reports a payment of another amount.
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
    """The belief that follows from is_success: a refused request makes no order.

    None for a refused query, which says nothing about the order.
    """
    if fields.get("is_success") == "F":
        return None if source == QUERY else Belief.REFUSED
    return Belief.WAITING if fields.get("is_success") == "T" else None
