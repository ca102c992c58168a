"""The states of orders as lists show them, as conditions on the rows of the table of orders.

They are those of `web.console.states`: each order has exactly one. `:now` is the instant of the shared clock.
"""
from collections.abc import Mapping

from .orders import EFFECTIVE

_WAITS = f"{EFFECTIVE} = 'WAIT_BUYER_PAY'"
_CARD = "coalesce(json_extract(card, '$.status'), 'received')"  # a new card payment's status is not written
_BACK = "json_extract(card, '$.charged_back_at')"
_UNPAID = f"{EFFECTIVE} = 'TRADE_CLOSED' AND paid_at IS NULL"
_PARTIAL = "coalesce(json_extract(terminal, '$.result'), '')"
_PAID = f"{EFFECTIVE} IN ('TRADE_SUCCESS', 'TRADE_FINISHED') AND {_BACK} IS NULL"
_WHOLE = f"{_PARTIAL} <> 'PARTIAL_APPROVAL'"
STATES: Mapping[str, str] = {
    "waiting": f"{_WAITS} AND terminal IS NULL AND {_CARD} NOT IN ('pending', 'pending_review')",
    "pending": f"{_WAITS} AND terminal IS NULL AND {_CARD} = 'pending'",
    "review": f"{_WAITS} AND terminal IS NULL AND {_CARD} = 'pending_review'",
    "at_terminal": f"{_WAITS} AND terminal IS NOT NULL",
    "paid": f"{EFFECTIVE} = 'TRADE_SUCCESS' AND {_BACK} IS NULL AND {_WHOLE} AND refunded = 0",
    "partly_approved": f"{_PAID} AND {_PARTIAL} = 'PARTIAL_APPROVAL'",
    "part_refunded": f"{_PAID} AND {_WHOLE} AND refunded > 0",
    "refunded": f"{EFFECTIVE} = 'TRADE_CLOSED' AND paid_at IS NOT NULL AND {_BACK} IS NULL",
    "finished": f"{EFFECTIVE} = 'TRADE_FINISHED' AND {_BACK} IS NULL AND {_WHOLE} AND refunded = 0",
    "charged_back": f"{_BACK} IS NOT NULL",
    "cancelled": f"{_UNPAID} AND closed_by IN ('cancel', 'revoke')",
    "expired": f"{_UNPAID} AND (closed_by = 'expire' OR status = 'WAIT_BUYER_PAY')",
    "failed": f"{_UNPAID} AND closed_by = 'fail'",
    "closed": f"{_UNPAID} AND status <> 'WAIT_BUYER_PAY' "
              "AND closed_by NOT IN ('cancel', 'revoke', 'expire', 'fail')"}
