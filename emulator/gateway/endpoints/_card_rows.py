"""Sections 7.1 and 7.2: the rows and rules that the tables of card payments have in common."""
import re
from collections.abc import Mapping

from msgspec.structs import replace

from ...base import money
from ...domain.card_orders import CASHIER, SERVER
from ...protocol import test_cards
from ...protocol.endpoint_tables import Field, fields
from ...protocol.findings import Finding
from ...protocol.parameter_checks import own_scheme_only
from ...protocol.parameters import PAGE_URL, TEXT, Format, Param, one_of
from . import _common as common
from ._card_documents import RISK_INFO, SUB_ACCOUNT_DATA, parts

BANKCARD, TERMINAL = "bankcard", "terminal"
APPS = ("android", "ios")
DEFAULT_MINUTES = 15
MINUTES = Format("whole minutes, 1 to 999999",
                 lambda value: None if re.fullmatch("(?=.*[1-9])[0-9]{1,6}", value)
                 else "is not a whole number of minutes from 1 to 999999",
                 {"type": "string", "pattern": "^[0-9]{1,6}$"})


def parts_within_the_amount(params: Mapping[str, str]) -> str | None:
    """The problem of a sub_account_data whose parts exceed the amount; else None."""
    try:
        if parts(params["sub_account_data"]) > money.minor(params["trans_amount"]):
            return "the parts in sub_account_data exceed trans_amount"
    except (KeyError, ValueError):  # missing, or wrong, which the check of its row reports
        pass
    return None


def terminal_named(params: Mapping[str, str]) -> Finding | None:
    """The finding about a payment on a terminal without terminal_id; else None."""
    missing = params.get("channel_type") == TERMINAL and "terminal_id" not in params
    return (Finding("MANDATORY_MISSING", "terminal_id is missing, which channel_type=terminal needs")
            if missing else None)


def risk_info_for_three_d(params: Mapping[str, str]) -> Finding | None:
    """The finding about a card with 3-D Secure and no risk_info; else None."""
    numbers = test_cards.numbers_in(params.get("pay_info", "")) if "risk_info" not in params else ()
    missing = any(test_cards.opens_the_issuers_page(number) for number in numbers)
    return Finding("MANDATORY_MISSING", "risk_info is missing, which 3-D needs") if missing else None


APPS_COME_BACK = own_scheme_only(
    ("return_url", "redirect_url"), lambda params: params.get("terminal_type") in APPS,
    f"where terminal_type is {' or '.join(APPS)}")
ACCESS_TYPE = Param("access_type", common.REQUIRED, one_of(CASHIER, SERVER), CASHIER,
                    "on the cashier's page, or server to server", 16)
PAY_TYPE = Param("pay_type", common.REQUIRED, one_of(BANKCARD), BANKCARD, "bankcard", 10)
SIGN_TYPE = replace(common.SIGN_TYPE, need=common.OPTIONAL)
# Rows that the tables of 7.1 and 7.2 have in common, in their order.
ROWS = (replace(common.TRANS_AMOUNT, length=6),
        Param("trans_timeout", common.DOCUMENTED, MINUTES, "20",
              f"time limit; {DEFAULT_MINUTES} by default", 6),
        Param("sub_account_data", common.OPTIONAL, SUB_ACCOUNT_DATA, "", "the parts of sub-merchants", 1024),
        Param("goods_name", common.DOCUMENTED, TEXT, "bankcard_test",
              "names of the goods, separated by vertical bars", 256),
        Param("goods_info", common.OPTIONAL, TEXT, "foods",
              "descriptions of the goods, separated by vertical bars", 2000),
        Param("language", common.DOCUMENTED, one_of("cn", "en"), "en", "language of the pages", 2),
        Param("channel_type", common.DOCUMENTED, one_of("online", TERMINAL), "online",
              "on a page, or on a card terminal", 16, aliases=("pay_channel",),
              note="the document's example sends pay_channel"),
        replace(common.TERMINAL_ID, length=16, note="needed with channel_type=terminal"),
        Param("terminal_type", common.DOCUMENTED, one_of("web", "h5", *APPS), "web",
              "where the payer is", 16),
        Param("risk_info", common.OPTIONAL, RISK_INFO, "", "what the risk rules should know", 15000),
        Param("return_url", common.OPTIONAL, PAGE_URL, "https://shop.example/basket",
              "address for a payer who cancels", 512),
        Param("redirect_url", common.OPTIONAL, PAGE_URL, "https://shop.example/paid",
              "address to which the browser brings the result", 512),
        replace(common.NOTIFY_URL, length=512), replace(common.REFERENCE, length=512),
        Param("service", common.OPTIONAL, one_of("bankcard.pay"), "bankcard.pay", "the service",
              note="not in the table; the example of 7.1 sends it"),
        common.SIGN, SIGN_TYPE)
RESULT = (
    *fields(("is_success", "T processed, F refused"), ("result_code", "response code, section 7.2"),
            ("result_msg", "the same in words"), ("error", "empty"), ("status", "the outcome"),
            ("merchants_id", "merchant"),
            ("order_time", "creation time of the order: YYYY-MM-DD HH:MM:SS, Asia/Shanghai"),
            ("out_trade_no", "order number"),
            ("complete_time", "yyyyMMddHHmmss, Asia/Shanghai; empty while it is not final"),
            ("order_id", "the acquirer's number")),
    Field("trans_amount", "amount", common.INFERRED))
