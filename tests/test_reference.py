"""The reference says what the document says: facts of the document and of the contract, written down here a
second time.
"""
import subprocess
import sys

import pytest

from .driver import RESPONSE_CODES, card_of
from .endpoints.test_export_settlement import COLUMNS
from .tables import every_row

ROOTS = {  # the section, root and signature of each endpoint's answer
    "tgpaybarcode": ("1", "tgpaypro", "signed"), "tgpayqrcode": ("2", "tgpaypro", "signed"),
    "tgpayrefund": ("4", "TGPayPro", "unsigned")}
REFUND = {  # section 4: each parameter, whether it must be there, and its length
    "merchants_id": ("R", "16"), "out_refund_id": ("O", "64"), "out_trade_no": ("R", "64"),
    "refund_amount": ("R", ""), "refund_reson": ("O", ""), "account_id": ("O", ""), "terminal_id": ("O", ""),
    "sign": ("R", "")}
REFUND_ANSWER = [
    "is_success", "result_code", "error", "alipay_trans_id", "partner_refund_id", "partner_trans_id",
    "refund_amount", "currency", "exchange_rate", "refund_amount_cny", "trans_amount_cny"]
RISK_INFO = {"retryNum": "2", "trade.item": "10240", "cust.email": "256", "goods[].title": "256",
             "ship.country": "2"}
REFUSALS = {
    **dict.fromkeys((
        "ILLEGAL_SIGN", "ILLEGAL_SIGN_TYPE", "ILLEGAL_PARTNER", "ILLEGAL_ARGUMENT", "HAS_NO_PRIVILEGE",
        "TRADE_NOT_EXIST", "CONTEXT_INCONSISTENT", "TRADE_HAS_SUCCESS", "TRADE_HAS_CLOSE",
        "TRADE_HAS_FINISHED", "TRADE_STATUS_ERROR", "REASON_TRADE_REFUND_FEE_ERR",
        "DISCORDANT_REPEAT_REQUEST", "TRADE_CANCEL_TIME_OUT", "LOGIN_FAILED", "SYSTEM_ERROR"), "200"),
    "NOT_FOUND": "404", "METHOD_NOT_ALLOWED": "405", "BAD_REQUEST": "400", "REQUEST_TOO_LARGE": "413"}
BUYERS = ["BUYER_BALANCE_NOT_ENOUGH", "BUYER_ENABLE_STATUS_FORBID", "BEYOND_PAY_RESTRICTION",
          "PAYMENT_AUTH_CODE_INVALID"]
PAYMENT_CODES = ["287777777777700001", "137777777777700002", "287777777777700003", "137777777777700004",
                 "287777777777700005"]
FINDINGS = {"ORDER_NUMBER_PREFIX": "2, note 1", "SIGN_TYPE_MISSING": "1.1 C", "SIGN_UPPER_CASE": "1.2 E",
            "QR_ORDER_LEFT_OPEN": "2, note 2", "NOTIFY_URL_QUERY": "13, note 2", "CARD_DATA_IN_URL": "7.2"}
SETTINGS = {"--port": ("TGPAY_PORT", "8472"), "--strict": ("TGPAY_STRICT", "off"),
            "--timezone": ("TGPAY_TIMEZONE", "Asia/Shanghai"),
            "--notify-timezone": ("TGPAY_NOTIFY_TIMEZONE", "Europe/London"),
            "--settlement-time": ("TGPAY_SETTLEMENT_TIME", "15:00"),
            "--refund-period": ("TGPAY_REFUND_PERIOD", "90d"), "--control-token": ("TGPAY_CONTROL_TOKEN", "")}
FAULTS = ["drop_before", "http_500", "http_503", "drop_after", "reset", "empty", "truncate", "malformed",
          "wrong_sign",
          "wrong_type", "slow"]
ENDPOINTS = {
    "tgpaybarcode", "tgpayqrcode", "tgpayquery", "tgpayrefund", "tgpaycancel", "tgpaybankcard",
    "tgpaywebtoterminal", "tgpayh5", "tgpayapi", "tgpaygetopenid", "tgpayprepay", "export_settlement",
    "tgpayuserinfo", "tgpaycheck"}


@pytest.fixture(scope="module")
def printed() -> str:
    return subprocess.run([sys.executable, "-m", "tgpay_emulator", "reference"], stdout=subprocess.PIPE,
                          text=True, check=True).stdout


def section(printed: str, title: str) -> str:
    """What stands under a title, up to the next."""
    found = printed.partition(f"{title}\n")[2].partition("\n#")[0]
    assert found, f"nothing is under {title}"
    return found


def table(text: str) -> dict[str, list[str]]:
    """The rows of the tables in a text by their first cell, without backquotes."""
    lines = [line.replace("\\|", "/").replace("`", "") for line in text.splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    return {row[0]: row[1:] for row in rows}


def test_every_endpoint_has_a_section(printed: str) -> None:
    titles = [line.split("`")[1] for line in printed.splitlines() if line.startswith("### `/v2/")]
    assert {title.removeprefix("/v2/").removesuffix(".php") for title in titles} == ENDPOINTS


@every_row("endpoint, facts", ROOTS.items())
def test_an_endpoint_has_its_section_its_root_and_its_signature(
        printed: str, endpoint: str, facts: tuple[str, str, str]) -> None:
    number, root, signed = facts
    told = printed.partition(f"### `/v2/{endpoint}.php`")[2].partition("\n#")[0]
    assert f"Section {number} of the document. Root `{root}`, response {signed}." in told


def test_parameters_tell_their_need_and_length_and_answers_come_in_their_order(printed: str) -> None:
    refund = section(printed, "### `/v2/tgpayrefund.php`: Refund")
    parameters, _, answer = refund.partition("| field |")
    rows = {name: cells for name, cells in table(parameters).items() if name not in ("parameter", "---")}
    assert {name: cells[0] for name, cells in rows.items()} == {
        name: need for name, (need, _) in REFUND.items()}
    long = {name: length for name, (_, length) in REFUND.items() if length}
    assert [name for name, length in long.items()
            if f"at most {length} characters" not in rows[name][1]] == []
    assert rows["refund_amount"][1].startswith("decimal text") and rows["refund_amount"][2] == "0.01"
    assert [name for name in table(answer) if name not in ("meaning", "---")] == REFUND_ANSWER


def test_what_the_document_does_not_say_is_marked_and_what_it_says_is_not(printed: str) -> None:
    rows = table(section(printed, "### `/v2/tgpayquery.php`: Query"))
    marked = {name for name, cells in rows.items() if cells[-1].endswith("*(inferred)*")}
    assert {"transactionResultId", "refund_status", "order_id", "resp_code"} <= marked
    assert marked.isdisjoint({"merchants_id", "out_trade_no", "sign", "trade_status", "trans_amount",
                              "pay_time"})


def test_rows_of_documents_inside_a_parameter_tell_their_length(printed: str) -> None:
    rows = table(section(printed, "#### Rows of `risk_info`"))
    assert (len(rows) > 60 and [name for name, long in RISK_INFO.items()
                                if f"at most {long} characters" not in rows[name][1]] == [])
    assert {"cardNo", "expirationMonth", "expirationYear", "cvv",
            "firstName"} <= set(table(section(printed, "#### Rows of `pay_info`")))


def test_refusals_tell_their_status_and_buyers_failures_are_there(printed: str) -> None:
    rows = table(section(printed, "## Refusals"))
    assert {name: cells[-1] for name, cells in rows.items() if name not in ("error", "---")} == REFUSALS
    assert [name for name in table(section(printed, "## Buyers who cannot pay")) if name.isupper()] == BUYERS


@every_row("code", RESPONSE_CODES)
def test_a_response_code_tells_message_section_status_and_text_for_the_payer_and_has_its_test_card(
         printed: str, code: str) -> None:
    expected = RESPONSE_CODES[code]
    told = [expected["message"], expected["section"], expected["status"], expected["shown_to_payer"]]
    assert table(section(printed, "## Response codes of cards"))[code] == told
    brand, meaning = table(section(printed, "## Test cards"))[card_of(code)][:2]
    assert (brand, meaning) == ("Visa", f"{code} {expected['message']}")


def test_payment_codes_findings_settings_and_columns_are_those_of_the_contract(printed: str) -> None:
    codes = section(printed, "## Payment codes for tests")
    assert [code for code in PAYMENT_CODES if f"`{code}`" not in codes] == []
    findings, settings = table(section(printed, "## Findings")), table(section(printed, "## Settings"))
    assert {name: findings[name][0] for name in FINDINGS} == FINDINGS
    assert {flag: tuple(settings[flag][:2]) for flag in SETTINGS} == SETTINGS
    assert ", ".join(f"`{name}`" for name in COLUMNS) in section(printed, "## Columns of the settlement file")


def test_scenarios_have_their_keys_and_all_faults(printed: str) -> None:
    keys = set(table(section(printed, "## Scenarios")))
    assert {"endpoint", "attempt", "card", "chance", "…__above", "code", "delay", "fault", "notify.delay",
            "settlement"} <= keys
    assert [name for name in table(section(printed, "### Faults")) if name not in ("fault", "---")] == FAULTS
