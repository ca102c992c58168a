"""Section 3: the query of an order's state."""
from collections.abc import Mapping

from msgspec.structs import replace

from ...base import money
from ...domain.kinds import of_kind
from ...domain.orders import Order
from ...domain.terminal_orders import TerminalOrder
from ...protocol.endpoint_tables import Field, endpoint, fields
from ...protocol.parameters import TEXT, Param
from ...protocol.replies import Answer
from . import _common as common
from ._common import Inquiry
from ._terminal_query import terminal_answer, terminal_query

PARTLY, FULLY = "PARTIAL_REFUND", "REFUND_SUCCESS"


def one_of_two_numbers(params: Mapping[str, str]) -> str | None:
    """The problem of a query without an order number and without a transaction number; else None."""
    if "out_trade_no" in params or "transactionResultId" in params:
        return None
    return "out_trade_no or transactionResultId is missing"


def refund_status(order: Order) -> str:
    """The field `refund_status`: empty, PARTIAL_REFUND or REFUND_SUCCESS (inferred)."""
    if not order.refunded:
        return ""
    return PARTLY if order.left else FULLY


@endpoint(
    section="3", title="Query", product=None, reads=True, variants=(terminal_query,),
    params=(
        common.MERCHANTS_ID, replace(common.OUT_TRADE_NO, need=common.OPTIONAL),
        Param("transactionResultId", common.OPTIONAL, TEXT, "",
              "in place of out_trade_no, for a terminal's transaction", 64,
              source=common.INFERRED), common.SIGN),
    answer=(
        *fields(("is_success", "T processed, F refused"), ("error", "error code"),
                ("pay_type", "alipay, wechat or bankcard"),
                ("result_code", "SUCCESS"), ("trans_amount", "amount"),
                ("trade_status", "state of the order"), ("out_trade_no", "order number")),
        *common.PAYMENT, Field("refund_status", "empty, PARTIAL_REFUND or REFUND_SUCCESS", common.INFERRED),
        *fields(("refund_amount", "amount refunded so far; without a zero before the point: .00, .50, 12.50"),
                ("attach", "as sent to tgpayprepay"), ("merchants_id", "merchant"),
                ("create_ip", "IP address that created the order")),
        *(Field(name, f"{meaning}; of card orders only", common.INFERRED, sparing=True) for name, meaning in (
            ("order_id", "the acquirer's number"), ("status", "the outcome"), ("resp_code", "response code"),
            ("resp_msg", "the same in words"), ("complete_time", "yyyyMMddHHmmss"))), *common.SIGNATURE),
    rules=(one_of_two_numbers,),
    note="Its table has no sign_type, so none is expected. It never changes an order.")
def tgpayquery(call: Inquiry) -> Answer:
    """Return the state of the order at this instant."""
    order = call.find_order()
    on_terminal = of_kind(TerminalOrder, order)
    if on_terminal:
        return terminal_answer(call, on_terminal, on_terminal.terminal)
    return Answer({
        **common.succeeded(), "pay_type": order.pay_type, "trans_amount": money.text(order.amount),
        "trade_status": str(order.status), "out_trade_no": order.out_trade_no,
        **common.payment_fields(order, call.settings), "refund_status": refund_status(order),
        "refund_amount": money.text_without_zero(order.refunded), "attach": order.details.get("attach", ""),
        "merchants_id": order.merchants_id, "create_ip": order.create_ip,
        **order.query_fields(call.settings.timezone)})
