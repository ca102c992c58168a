"""Sections 9 and 10: a payment page in the payer's browser."""
from msgspec.structs import replace

from ...base import durations
from ...protocol.endpoint_tables import endpoint, fields
from ...protocol.parameter_checks import own_scheme_only
from ...protocol.parameters import AMOUNT, PAGE_URL, TEXT, Param, one_of
from ...protocol.replies import Answer
from . import _common as common
from ._common import Call

WEBSITE, WAP = "WEBSITE_PAY", "WAP_PAY"
TIME_LIMIT = 1440 * durations.MINUTE


@endpoint(
    section="9, 10", title="H5 payment page", product="h5",
    params=(
        common.MERCHANTS_ID, common.OUT_TRADE_NO, replace(common.PAY_TYPE, need=common.REQUIRED),
        common.REFERENCE, Param("return_url", common.OPTIONAL, PAGE_URL, "https://shop.example/paid",
                                "address to which the browser goes after payment"),
        Param("scene_type", common.REQUIRED, one_of(WEBSITE, WAP), WEBSITE,
              "a page on a desktop, or on the phone itself"),
        Param("account", common.OPTIONAL, TEXT, "20373", "operator"),
        common.NOTIFIED, common.SIGN, common.SIGN_TYPE,
        Param("total_fee", common.REQUIRED, AMOUNT, "1", "amount in the merchant's currency",
              aliases=("trans_amount",),
              note="the document's examples send trans_amount; its tables call it optional, but an order "
                   "needs an amount")),
    answer=(*common.RESULT, *fields(("pay_url", "the payment page"), ("merchants_id", "merchant"),
                                    ("out_trade_no", "order number")),
            *common.SIGNATURE),
    rules=(own_scheme_only(("return_url",), lambda params: params.get("scene_type") == WAP,
                           f"where scene_type is {WAP}"),),
    note="An unpaid order closes after 1440 minutes, the limit in the document's sample (inferred).")
def tgpayh5(call: Call) -> Answer:
    """Create a waiting order and return its page. A repetition returns the same page."""
    order = (common.unpaid(call.repeated(call.get("pay_type")))
             or call.new_order(call.get("pay_type"), call.now + TIME_LIMIT))
    return Answer({**common.succeeded(), "pay_url": common.payer_page(call, order),
                   "merchants_id": order.merchants_id, "out_trade_no": order.out_trade_no})
