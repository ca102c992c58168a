"""Section 5: close an order."""
from msgspec.structs import replace

from ...operations import kinds
from ...protocol.endpoint_tables import endpoint, fields
from ...protocol.replies import Answer
from . import _common as common
from ._common import Call


@endpoint(
    section="5", title="Cancel", product=None, root="TGPayPro", signed=False,
    params=(
        common.TERMINAL_ID, common.MERCHANTS_ID,
        replace(common.ACCOUNT_ID, need=common.DOCUMENTED, example="33"), common.OUT_TRADE_NO,
        common.SIGN),
    answer=(*common.RESULT,
            *fields(("detail_error_code", "error code"), ("detail_error_des", "the same in a sentence"))),
    note="A waiting order is closed and its terminal stopped; one paid within 24 hours is closed and the "
         "rest of its amount refunded. The response is unsigned.")
def tgpaycancel(call: Call) -> Answer:
    """Cancel the order. Repeating it gives the same answer."""
    kinds.cancel(call.payments, call.find_order())
    return Answer(common.succeeded())
