"""Section 4: a refund of the whole amount or a part of it."""
from msgspec.structs import replace

from ...base import money
from ...protocol.endpoint_tables import endpoint, fields
from ...protocol.parameters import AMOUNT, TEXT, Param
from ...protocol.replies import Answer
from . import _common as common
from ._common import Call


@endpoint(
    section="4", title="Refund", product=None, root="TGPayPro", signed=False,
    params=(
        common.MERCHANTS_ID,
        Param("out_refund_id", common.OPTIONAL, TEXT, "201703200001_201707150001",
              "the merchant's refund number, unique", 64,
              identifier=True),
        common.OUT_TRADE_NO, Param("refund_amount", common.REQUIRED, AMOUNT, "0.01", "amount to refund"),
        Param("refund_reson", common.OPTIONAL, TEXT, "", "reason (sic)"),
        replace(common.ACCOUNT_ID, example="wos.101"), common.TERMINAL_ID, common.SIGN),
    answer=(
        *common.RESULT,
        *fields(("alipay_trans_id", "the wallet's trade number"), ("partner_refund_id", "refund number"),
                ("partner_trans_id", "order number"), ("refund_amount", "refunded amount"),
                ("currency", "its currency"), ("exchange_rate", "CNY for 1 of the currency"),
                ("refund_amount_cny", "the same in CNY"),
                ("trans_amount_cny", "the same: the document's table has this name, its sample the other"))),
    note="Without an out_refund_id each call is a new refund. The response is unsigned, as documented.")
def tgpayrefund(call: Call) -> Answer:
    """Refund once for each out_refund_id. A repetition gives the same answer and refunds nothing more."""
    order = call.find_order()
    refund = call.payments.refund(order, money.minor(call.get("refund_amount")), call.get("out_refund_id"),
                                  call.get("refund_reson"))
    cny = money.text(money.convert(refund.amount, order.rate))
    return Answer({
        **common.succeeded(), "alipay_trans_id": order.trans_id,
        "partner_refund_id": refund.partner_refund_id, "partner_trans_id": order.out_trade_no,
        "refund_amount": money.text(refund.amount), "currency": order.currency,
        "exchange_rate": money.rate_text(order.rate), "refund_amount_cny": cny, "trans_amount_cny": cny})
