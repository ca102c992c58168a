"""Section 1: the shop scans the payment code on the buyer's phone."""
import re
from collections.abc import Mapping

from ...base import durations, money
from ...domain import wallets
from ...domain.orders import Order
from ...domain.wallet_orders import WalletOrder
from ...operations.wallet_payments import decline, pay
from ...protocol.codes import BUYER_FAILURES, UNKNOWN
from ...protocol.endpoint_tables import Field, endpoint, fields
from ...protocol.parameters import Format, Param
from ...protocol.replies import Answer
from . import _common as common
from ._common import Call

TIME_LIMIT = 15 * durations.MINUTE
CODES = {wallets.ALIPAY: re.compile(r"(2[5-9]|30)\d{14,22}", re.ASCII),
         wallets.WECHAT: re.compile(r"1[0-5]\d{16}", re.ASCII)}


def wallet_of(code: str) -> str | None:
    """The wallet of a payment code, None when it is no code.

    Alipay's have 16 to 24 digits and begin with 25 to 30; WeChat's have 18 digits and begin with 10 to 15.
    """
    return next((wallet for wallet, expression in CODES.items() if expression.fullmatch(code)), None)


PAYMENT_CODE = Format(
    "Alipay: 16 to 24 digits beginning 25 to 30; WeChat: 18 digits beginning 10 to 15",
    lambda code: None if wallet_of(code) else "is neither an Alipay code (16 to 24 digits beginning 25 to "
                                              "30) nor a WeChat code (18 digits beginning 10 to 15)",
    {"type": "string", "pattern": r"^\d{16,24}$"})


def code_of_this_wallet(params: Mapping[str, str]) -> str | None:
    """The problem of a payment code of another wallet than pay_type names; else None."""
    wallet, pay_type = wallet_of(params.get("buyer_identity_code", "")), params.get("pay_type")
    if wallet and pay_type in wallets.WALLETS and pay_type != wallet:
        return f"buyer_identity_code is a code of {wallet}, pay_type is {pay_type}"
    return None


@endpoint(
    section="1", title="Merchant scans the buyer's code", product="barcode",
    params=(
        common.MERCHANTS_ID, common.OUT_TRADE_NO, common.PAY_TYPE, common.REFERENCE, common.TRANS_AMOUNT,
        Param("buyer_identity_code", common.REQUIRED, PAYMENT_CODE, "280136483235977421",
              "the code on the buyer's phone"),
        common.ACCOUNT_ID, common.TERMINAL_ID, common.NOTIFIED, common.SIGN, common.SIGN_TYPE),
    answer=(
        *common.RESULT, Field("detail_error_code", "why the buyer could not pay", common.INFERRED,
                              sparing=True),
        Field("detail_error_des", "the same in a sentence", common.INFERRED, sparing=True),
        *fields(("trans_amount", "amount"), ("out_trade_no", "order number")), *common.PAYMENT,
        *fields(("merchants_id", "merchant"), ("create_ip", "IP address that created the order")),
        *common.SIGNATURE),
    rules=(code_of_this_wallet,),
    note="If the buyer must confirm on the phone, the response is UNKNOWN with empty payment fields; the "
         "order waits "
         "15 minutes (inferred). The numbers of the test codes are in the reference.")
def tgpaybarcode(call: Call) -> Answer:
    """Charge the buyer at once. A repetition returns the order as it is then."""
    code = call.get("buyer_identity_code")
    pay_type = call.get("pay_type") or wallet_of(code) or wallets.ALIPAY
    order: Order | None = call.repeated(pay_type)
    if order is None:
        order = _charge(call, call.new_order(pay_type, call.now + TIME_LIMIT), code)
    return Answer({**_outcome(order), "trans_amount": money.text(order.amount),
                   "out_trade_no": order.out_trade_no,
                   **common.payment_fields(order, call.settings), "merchants_id": order.merchants_id,
                   "create_ip": order.create_ip})


def _charge(call: Call, order: WalletOrder, code: str) -> WalletOrder:
    script, tested = call.script, wallets.test_code(code)
    if script and script.holds:
        return order
    if script and script.failure:
        return decline(call.payments, order, script.failure)
    if tested is None or (script and script.then.buyer.pays_after is not None):
        return pay(call.payments, order)
    return decline(call.payments, order, tested.failure) if tested.failure else order


def _outcome(order: Order) -> dict[str, str]:
    if order.failure:
        return {**common.failed(order), "detail_error_des": BUYER_FAILURES[order.failure].when}
    return common.succeeded() if order.was_paid else {"is_success": "T", "result_code": UNKNOWN}
