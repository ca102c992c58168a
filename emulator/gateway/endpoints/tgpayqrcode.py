"""Section 2: a code that the buyer scans."""
import re
from collections.abc import Mapping

from msgspec.structs import replace

from ...base import clock, durations
from ...domain import notifications, wallets
from ...domain.orders import Order
from ...protocol.endpoint_tables import endpoint, fields
from ...protocol.findings import Finding
from ...protocol.parameters import Format, Param
from ...protocol.replies import Answer
from . import _common as common
from ._common import Call

DEFAULT_TIME_LIMIT = 15 * durations.MINUTE
SIZES = {"big_pic_url": "L", "pic_url": "M", "small_pic_url": "S"}
_LIMIT = re.compile(r"(\d{1,5})([mhd])", re.ASCII)
_LONGEST = 15 * durations.DAY


def _time_limit_problem(value: str) -> str | None:
    match = _LIMIT.fullmatch(value)
    if value == "1c" or match and 0 < int(match[1]) * durations.UNITS[match[2]] <= _LONGEST:
        return None
    return "is neither 1m to 15d in whole m, h or d, nor 1c"


IT_B_PAY = Format("1m to 15d in whole m, h or d, or 1c", _time_limit_problem,
                  {"type": "string", "pattern": r"^(\d{1,5}[mhd]|1c)$"})


def prefixed_number(params: Mapping[str, str]) -> Finding | None:
    """The finding about an order number that does not begin with the merchants_id (note 1); else None."""
    if params.get("out_trade_no", "").startswith(params.get("merchants_id", "")):
        return None
    return Finding("ORDER_NUMBER_PREFIX", "out_trade_no does not begin with the merchants_id")


@endpoint(
    section="2", title="QR code for the buyer to scan", product="qrcode",
    params=(
        common.MERCHANTS_ID, common.OUT_TRADE_NO, common.REFERENCE,
        replace(common.TRANS_AMOUNT, tolerated=("total_fee",),
                note="the example of section 1.2 sends total_fee"),
        common.ACCOUNT_ID, common.TERMINAL_ID,
        Param("it_b_pay", common.DOCUMENTED, IT_B_PAY, "1c",
              "time limit; 1c closes at the coming 00:00, Asia/Shanghai; without it 15 minutes"),
        common.NOTIFY_URL,
        replace(common.PAY_TYPE, need=common.OPTIONAL, note="not in the table; the example sends it"),
        common.SIGN, common.SIGN_TYPE),
    answer=(
        *fields(("is_success", "T processed, F refused"), ("error", "error code"),
                ("out_trade_no", "order number"),
                ("result_code", "SUCCESS or FAIL"), ("big_pic_url", "picture, 430 pixels"),
                ("pic_url", "picture, 230 pixels"), ("small_pic_url", "picture, 130 pixels"),
                ("qr_code", "what the picture encodes: the wallet page of the order")),
        *common.SIGNATURE),
    rules=(prefixed_number,),
    note="Without pay_type the order is Alipay's (inferred): the document's table lacks it, its example has "
         "it.")
def tgpayqrcode(call: Call) -> Answer:
    """Create a waiting order and return the URLs of its QR code pictures.

    A repetition returns the same URLs.
    """
    pay_type = call.get("pay_type") or wallets.ALIPAY
    order = common.unpaid(call.repeated(pay_type))
    if order is None:
        order = call.new_order(pay_type, _closes_at(call), watched=True)
        _announce(call, order)
    return Answer({**common.succeeded(), "out_trade_no": order.out_trade_no, **pictures(call, order)})


def pictures(call: Call, order: Order) -> dict[str, str]:
    """The URLs of the three pictures of an order, and the URL that they encode."""
    places = {name: f"{call.base_url}/qr/{order.page_token}/{size}.png" for name, size in SIZES.items()}
    return {**places, "qr_code": common.payer_page(call, order)}


def _closes_at(call: Call) -> int:
    """The instant at which the order closes unless it is paid."""
    limit = call.get("it_b_pay")
    if limit == "1c":
        return clock.next_midnight(call.now, call.settings.timezone)
    return call.now + (durations.parse(limit) if limit else DEFAULT_TIME_LIMIT)


def _announce(call: Call, order: Order) -> None:
    url = notifications.address(order, call.merchant)
    if url:
        fields_of_notification = notifications.qr_created(
            order, call.merchant, call.settings, call.now, pictures(call, order))
        call.payments.post(order, notifications.packed(order, notifications.QR_CREATED,
                                                       fields_of_notification, url, call.merchant))
