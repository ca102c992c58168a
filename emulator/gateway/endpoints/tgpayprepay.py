"""Section 13: a prepay order for payment within a wallet's own pages, mini programs and apps."""
import hashlib
import hmac
import json
import unicodedata
from collections.abc import Mapping

from msgspec.structs import replace

from ...base import clock, durations, randomness
from ...domain import wallets
from ...domain.orders import Order
from ...protocol.endpoint_tables import endpoint, fields
from ...protocol.parameters import TEXT, Format, Param, one_of, pattern
from ...protocol.replies import Answer
from . import _common as common
from ._common import Call

MINI, JSAPI, APP = "MINI", "JSAPI", "APP"
TIME_LIMIT = 2 * durations.HOUR
MOST_COLUMNS = 128


def _goods_finding(value: str) -> tuple[str, str] | None:
    """The finding about a text of more than 128 characters, where a Chinese character counts as two; else
    None.
    """
    columns = sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in value)
    if columns <= MOST_COLUMNS:
        return None
    return "TOO_LONG", f"has {len(value)} characters, the table allows 128, or 64 Chinese ones"


GOODS_INFO = Format("text of at most 128 characters, or 64 Chinese ones", lambda value: None,
                    finding=_goods_finding)
OPENID = Format("1 to 128 characters", lambda value: None if len(value) <= 128
                else "is longer than 128 characters")


def openid_for_wechat(params: Mapping[str, str]) -> str | None:
    """The problem of a payment in a WeChat page or mini program without openid; else None."""
    needed = params.get("pay_type") == wallets.WECHAT and params.get("trade_type") in (MINI, JSAPI)
    return ("openid is missing, which wechat needs with MINI and JSAPI" if needed
            and "openid" not in params else None)


@endpoint(
    section="13", title="Prepay order for pages and apps inside a wallet", product="prepay",
    params=(
        common.MERCHANTS_ID, Param("openid", common.OPTIONAL, OPENID, "011Mzno80qCyiD1SgGp80Adko80MznoZ",
                                   "who pays, in WeChat"),
        common.OUT_TRADE_NO, common.TRANS_AMOUNT,
        Param("goods_info", common.OPTIONAL, GOODS_INFO, "", "what is sold"),
        replace(common.PAY_TYPE, need=common.REQUIRED, example="wechat"),
        Param("trade_type", common.REQUIRED, one_of(MINI, JSAPI, APP), MINI, "mini program, page or app"),
        common.NOTIFY_URL, Param("device_info", common.OPTIONAL, TEXT, "6000084", "device"),
        Param("attach", common.OPTIONAL, TEXT, "", "returned in query and notification"),
        Param("body", common.OPTIONAL, TEXT, "", "what is sold"),
        Param("buyer_id", common.OPTIONAL, pattern("16 digits beginning 2088", r"2088\d{12}"), "",
              "who pays, in Alipay"),
        Param("buyer_email", common.OPTIONAL, TEXT, "", "who pays, in Alipay"), common.SIGN,
        common.SIGN_TYPE),
    answer=(
        *common.RESULT, *fields(("trade_type", "as asked"),
                                ("jsapiparameters", "JSON for the wallet's payment call"),
                                ("tradeNO", "Alipay's trade number for its payment call"),
                                ("out_trade_no", "order number"),
                                ("order_time", "yyyyMMddHHmmss, Asia/Shanghai"), ("nonce_str", "random text"),
                                ("prepay_id", "WeChat's prepay order")),
        *fields(("merchant_id", "merchant (sic)"), ("create_ip", "IP address that created the order")),
        *common.SIGNATURE),
    rules=(openid_for_wechat,),
    note="Unpaid orders close after 2 hours, as WeChat's prepay_id does (inferred).")
def tgpayprepay(call: Call) -> Answer:
    """Create a waiting order and return the signed parameters of the wallet's payment call.

    A repetition returns the same parameters.
    """
    order = (common.unpaid(call.repeated(call.get("pay_type")))
             or call.new_order(call.get("pay_type"), call.now + TIME_LIMIT))
    return Answer({**common.succeeded(), "trade_type": order.details["trade_type"],
                   "out_trade_no": order.out_trade_no,
                   "order_time": clock.compact(order.created_at, call.settings.timezone),
                   "merchant_id": order.merchants_id, "create_ip": order.create_ip,
                   **(_wechat(call, order) if order.pay_type == wallets.WECHAT else _alipay(call, order))})


def _alipay(call: Call, order: Order) -> dict[str, str]:
    day = clock.compact(order.created_at, call.settings.timezone)[:8]
    return {"tradeNO": wallets.trade_number(call.settings.seed, order.pay_type, day, order.merchants_id,
                                            order.out_trade_no),
            "nonce_str": _nonce(call, order)}


def _wechat(call: Call, order: Order) -> dict[str, str]:
    prepay_id, nonce = _prepay_id(call, order), _nonce(call, order)
    seconds = str(order.created_at // durations.SECOND)
    app_id = f"wx{randomness.hexadecimal(16, call.settings.seed, 'appId', order.merchants_id)}"
    if order.details["trade_type"] == APP:
        partner = randomness.digits(10, call.settings.seed, "partnerid", order.merchants_id)
        call_parameters = {"appid": app_id, "partnerid": partner, "prepayid": prepay_id,
                           "package": "Sign=WXPay", "noncestr": nonce,
                           "timestamp": seconds}
        name = "sign"
    else:
        call_parameters = {"appId": app_id, "timeStamp": seconds, "nonceStr": nonce,
                           "package": f"prepay_id={prepay_id}",
                           "signType": "HMAC-SHA256"}
        name = "paySign"
    call_parameters[name] = pay_sign(call_parameters, call.merchant.wechat_key)
    return {"jsapiparameters": json.dumps(call_parameters, separators=(",", ":")), "nonce_str": nonce,
            "prepay_id": prepay_id}


def pay_sign(parameters: Mapping[str, str], key: str) -> str:
    """WeChat's signature: HMAC-SHA256 of the parameters sorted by name and the key, in upper-case
    hexadecimal.
    """
    text = "&".join(f"{name}={parameters[name]}" for name in sorted(parameters)) + f"&key={key}"
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest().upper()


def _nonce(call: Call, order: Order) -> str:
    return randomness.letters(32, call.settings.seed, "nonce", order.merchants_id, order.out_trade_no)


def _prepay_id(call: Call, order: Order) -> str:
    made = clock.compact(order.created_at, call.settings.timezone)[6:]
    number = order.merchants_id, order.out_trade_no
    return f"wx{made}{randomness.hexadecimal(26, call.settings.seed, 'prepay', *number)}"
