"""Sections 7.1 and 7.2: a card payment, on the cashier's page or from the merchant's server; and the merchant's review of one.

The outcome of a payment is `status`: a declined card is a processed request.
"""
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from ...base import clock, durations, money, randomness
from ...domain import transitions
from ...domain.card_orders import CASHIER, SERVER, CardOrder, CardState
from ...domain.kinds import of_kind
from ...domain.orders import Order, Status
from ...operations import card_payments
from ...protocol import test_cards
from ...protocol.codes import Refused
from ...protocol.endpoint_tables import Field, endpoint, fields
from ...protocol.findings import Finding
from ...protocol.parameter_checks import own_scheme_only
from ...protocol.parameters import PAGE_URL, TEXT, Format, Param, one_of
from ...protocol.replies import Answer
from ...protocol.response_codes import RESPONSE_CODES
from ...protocol.test_cards import Presented
from ...store.columns import to_json
from ...terminal import Terminal
from . import _common as common
from ._card_documents import PAY_INFO, RISK_INFO, SUB_ACCOUNT_DATA, parts, pay_info
from ._common import Call
from ._terminals import device, unavailable

BANKCARD, TERMINAL, WEB_TO_TERMINAL = "bankcard", "terminal", "webtoterminal"
APPROVED, REFUSED = "bankcard.approved", "bankcard.refused"
APPS = ("android", "ios")
DEFAULT_MINUTES = 15
MINUTES = Format("whole minutes, 1 to 999999",
                 lambda value: None if re.fullmatch("(?=.*[1-9])[0-9]{1,6}", value)
                 else "is not a whole number of minutes from 1 to 999999",
                 {"type": "string", "pattern": "^[0-9]{1,6}$"})


def parts_within_the_amount(params: Mapping[str, str]) -> str | None:
    """What sub-merchants get is at most what is paid."""
    try:
        if parts(params["sub_account_data"]) > money.minor(params["trans_amount"]):
            return "the parts in sub_account_data exceed trans_amount"
    except (KeyError, ValueError):  # missing, or told of by its own row
        pass
    return None


def terminal_named(params: Mapping[str, str]) -> Finding | None:
    """A payment on a terminal names it."""
    missing = params.get("channel_type") == TERMINAL and "terminal_id" not in params
    return Finding("MANDATORY_MISSING", "terminal_id is missing, which channel_type=terminal needs") if missing else None


def risk_info_for_three_d(params: Mapping[str, str]) -> Finding | None:
    """The issuer's check needs to know who pays."""
    numbers = test_cards.numbers_in(params.get("pay_info", "")) if "risk_info" not in params else ()
    missing = any(test_cards.opens_the_issuers_page(number) for number in numbers)
    return Finding("MANDATORY_MISSING", "risk_info is missing, which 3-D needs") if missing else None


APPS_COME_BACK = own_scheme_only(
    ("return_url", "redirect_url"), lambda params: params.get("terminal_type") in APPS,
    f"where terminal_type is {' or '.join(APPS)}")
ACCESS_TYPE = Param("access_type", common.REQUIRED, one_of(CASHIER, SERVER), CASHIER, "on the cashier's page, or server to server", 16)
PAY_TYPE = Param("pay_type", common.REQUIRED, one_of(BANKCARD), BANKCARD, "bankcard", 10)
SIGN_TYPE = replace(common.SIGN_TYPE, need=common.OPTIONAL)
# Rows that both tables have, in their order.
ROWS = (replace(common.TRANS_AMOUNT, length=6),
        Param("trans_timeout", common.DOCUMENTED, MINUTES, "20",
              f"time limit; {DEFAULT_MINUTES} unless told", 6),
        Param("sub_account_data", common.OPTIONAL, SUB_ACCOUNT_DATA, "", "the parts of sub-merchants", 1024),
        Param("goods_name", common.DOCUMENTED, TEXT, "bankcard_test",
              "names of the goods, separated by vertical bars", 256),
        Param("goods_info", common.OPTIONAL, TEXT, "foods",
              "descriptions of the goods, separated by vertical bars", 2000),
        Param("language", common.DOCUMENTED, one_of("cn", "en"), "en", "language of the pages", 2),
        Param("channel_type", common.DOCUMENTED, one_of("online", TERMINAL), "online",
              "on a page, or on a card terminal", 16, aliases=("pay_channel",), note="the document's example sends pay_channel"),
        replace(common.TERMINAL_ID, length=16, note="needed with channel_type=terminal"),
        Param("terminal_type", common.DOCUMENTED, one_of("web", "h5", *APPS), "web",
              "where the payer is", 16),
        Param("risk_info", common.OPTIONAL, RISK_INFO, "", "what the risk rules should know", 15000),
        Param("return_url", common.OPTIONAL, PAGE_URL, "https://shop.example/basket",
              "where a payer who gives up goes", 512),
        Param("redirect_url", common.OPTIONAL, PAGE_URL, "https://shop.example/paid",
              "where the browser goes with the result", 512),
        replace(common.NOTIFY_URL, length=512), replace(common.REFERENCE, length=512),
        Param("service", common.OPTIONAL, one_of("bankcard.pay"), "bankcard.pay", "the service",
              note="not in the table; the example of 7.1 sends it"),
        common.SIGN, SIGN_TYPE)
RESULT = (
    *fields(("is_success", "T processed, F refused"), ("result_code", "response code, section 7.2"),
            ("result_msg", "the same in words"), ("error", "empty"), ("status", "the outcome"),
            ("merchants_id", "merchant"),
            ("order_time", "when the order was made: YYYY-MM-DD HH:MM:SS, Asia/Shanghai"),
            ("out_trade_no", "order number"),
            ("complete_time", "yyyyMMddHHmmss, Asia/Shanghai; empty while it is not final"),
            ("order_id", "the acquirer's number")),
    Field("trans_amount", "amount", common.INFERRED))


@endpoint(
    name="tgpaybankcard", section="7.2", title="Card payment from the merchant's server", product=BANKCARD, card_codes=True,
    applies=lambda params: params.get("access_type") == SERVER,
    params=(common.MERCHANTS_ID, PAY_TYPE, common.OUT_TRADE_NO,
            Param("pay_info", common.REQUIRED, PAY_INFO, "", "the card"),
            Param("device_channel", common.OPTIONAL, one_of("app", "browser"), "browser", "kind of device",
                  10, note="conditional in the document, which prints no condition"),
            ACCESS_TYPE,
            Param("trans_channel", common.DOCUMENTED, one_of("credit_card"), "credit_card", "kind of payment", 20),
            *ROWS),
    answer=(*RESULT, Field("payMethodResp", "JSON: whether the payer must be sent to the issuer's page, and how"),
            *common.SIGNATURE),
    rules=(parts_within_the_amount, terminal_named, risk_info_for_three_d, APPS_COME_BACK),
    note="A declined card is a processed request: is_success is T, status is failed. A 3-D payment is pending (3200), and payMethodResp "
         "has the issuer's page: the one-time code is 123456.")
def server_to_server(call: Call) -> Answer:
    """Charge a card, for a new order or for one that failed or expired."""
    if call.get("channel_type") == TERMINAL:
        raise Refused("HAS_NO_PRIVILEGE", "a payment on a terminal is asked for with access_type=cashier: the card is presented there")
    known = call.known_order()
    if known:
        order, begin = _tried_again(call, _same(call, known)), card_payments.present
    else:
        order, begin = _fresh(call), card_payments.charge
    card = _card(call)
    order = begin(call.payments, order, card)
    is_success = (call.script.then.is_success if call.script else "") or "T"
    return Answer({**result(call, order), "is_success": is_success, "payMethodResp": pay_method(call, order)},
                  {"card": card.masked, "why": card.why})


@endpoint(
    name="tgpaybankcard", section="7.2", title="Merchant's review of a card payment", product=BANKCARD, card_codes=True,
    applies=lambda params: params.get("service") in (APPROVED, REFUSED), source=common.INFERRED,
    params=(common.MERCHANTS_ID, common.OUT_TRADE_NO,
            Param("service", common.REQUIRED, one_of(APPROVED, REFUSED), APPROVED, "the decision", source=common.INFERRED),
            replace(PAY_TYPE, need=common.OPTIONAL), common.SIGN, SIGN_TYPE),
    answer=(*RESULT, *common.SIGNATURE),
    note="The document names the two services, not their address (inferred). A payment that is not reviewed within 24 hours is canceled.")
def review(call: Call) -> Answer:
    """Take or refuse a payment pending review; the same decision again answers the same."""
    order = of_kind(CardOrder, call.find_order())
    if order is None:
        raise Refused("TRADE_NOT_EXIST", f"order {call.get('out_trade_no')} is no card payment")
    return Answer(result(call, card_payments.review(call.payments, order, call.get("service") == APPROVED)))


@endpoint(
    section="7.1", title="Card payment on the cashier's page", product=BANKCARD, card_codes=True, variants=(review, server_to_server),
    params=(common.MERCHANTS_ID, PAY_TYPE, ACCESS_TYPE, common.OUT_TRADE_NO, *ROWS),
    answer=(*common.RESULT, *fields(("pay_url", "the cashier's page"), ("merchants_id", "merchant"), ("out_trade_no", "order number")),
            *common.SIGNATURE),
    rules=(parts_within_the_amount, terminal_named, APPS_COME_BACK),
    note="pay_url opens with GET and POST, has no & and ends with trans_timeout. The payer may try another card after a decline. With "
         "channel_type=terminal the payment begins on the terminal, and pay_url shows its progress.")
def tgpaybankcard(call: Call) -> Answer:
    """Make a waiting order and tell its page; a repetition tells the same again, and opens one that failed or expired.

    With channel_type=terminal the payment begins on the terminal, and the page follows it.
    """
    known = call.known_order()
    order = _same(call, known) if known else None
    if order is None:
        chosen = _terminal(call)
        order = _on_terminal(call, call.payments.create(_fresh(call)), chosen)
    elif order.status is not Status.WAIT_BUYER_PAY or not order.card.on_the_cashier:
        chosen = _terminal(call)
        order = _on_terminal(call, _tried_again(call, order), chosen)
    return Answer({**common.succeeded(), "pay_url": common.payer_page(call, order),
                   "merchants_id": order.merchants_id, "out_trade_no": order.out_trade_no})


def result(call: Call, order: CardOrder) -> dict[str, str]:
    """What both answers about a card payment tell."""
    card = order.card
    made = clock.spaced(order.created_at, call.settings.timezone)
    return {"is_success": "T", "result_code": card.code, "result_msg": card.message,
            "status": str(card.status), "merchants_id": order.merchants_id, "order_time": made,
            "out_trade_no": order.out_trade_no, "complete_time": order.completed(call.settings.timezone),
            "order_id": card.order_id, "trans_amount": money.text(order.amount)}


def pay_method(call: Call, order: CardOrder) -> str:
    """`payMethodResp`: whether the payer must be sent to the issuer's page, and how."""
    card = order.card
    if not card.is_challenged:
        return to_json({"isRedirect": "no"})
    request = {"messageType": "CReq", "messageVersion": "2.1.0", "challengeWindowSize": "05",
               "acsTransID": str(UUID(randomness.hexadecimal(32, call.settings.seed, "acs", order.page_token, card.attempt)))}
    creq = urlsafe_b64encode(to_json(request).encode()).decode().rstrip("=")
    return to_json({
        "isRedirect": "yes", "redirectMethod": "POST", "termUrl": f"{call.base_url}{order.issuer_path}",
        "redirectParam": {"creq": creq, "threeDSSessionData": card.order_id}})


def _terminal(call: Call) -> Terminal | None:
    """The terminal that the payment begins on, or None for one on a page. Raises Refused when it cannot take a payment now."""
    if call.get("channel_type") != TERMINAL:
        return None
    if WEB_TO_TERMINAL not in call.merchant.products:
        raise Refused("HAS_NO_PRIVILEGE", f"the product {WEB_TO_TERMINAL} is switched off for merchant {call.merchant.merchants_id}")
    chosen = device(call, call.get("terminal_id"))
    if chosen is None:
        raise Refused("ILLEGAL_ARGUMENT", f"terminal_id {call.get('terminal_id')} is no terminal of merchant {call.merchant.merchants_id}")
    wrong = unavailable(call, chosen)
    if wrong:
        raise Refused("HAS_NO_PRIVILEGE", f"the terminal {chosen.serial} is {wrong}")
    return chosen


def _on_terminal(call: Call, order: CardOrder, chosen: Terminal | None) -> CardOrder:
    """The waiting order, begun on its terminal when it is to be paid on one."""
    return card_payments.begin_at_terminal(call.payments, order, chosen) if chosen else order


def _expires_at(call: Call) -> int:
    return call.now + int(call.get("trans_timeout") or DEFAULT_MINUTES) * durations.MINUTE


def _fresh(call: Call) -> CardOrder:
    """A new order that waits for a card."""
    card = CardState(call.get("access_type"), due_at=_expires_at(call), due_code=test_cards.TIME_OVER)
    return call.order(CardOrder, BANKCARD, _expires_at(call), card=card)


def _same(call: Call, known: Order) -> CardOrder:
    """The order, when it is a card order of this amount. Raises Refused."""
    order = of_kind(CardOrder, known)
    if order is None or order.amount != call.amount:
        what = f"for {money.text(order.amount)}" if order else f"by {known.endpoint}"
        raise Refused("CONTEXT_INCONSISTENT", f"out_trade_no {known.out_trade_no} is used already, {what}")
    return order


def _tried_again(call: Call, order: CardOrder) -> CardOrder:
    """The order opened for another attempt, with what this request says.

    Raises Refused 3105 when it neither failed nor expired.
    """
    state = replace(order.card, access_type=call.get("access_type"))
    notify_url = call.get("notify_url")
    told = replace(order, details=call.details, notify_url=notify_url, card=state, script=call.script)
    try:
        return card_payments.retry(call.payments, told, _expires_at(call))
    except Refused as refused:
        waits = order.status is Status.WAIT_BUYER_PAY
        error, sentence = ("CONTEXT_INCONSISTENT", f"order {order.out_trade_no} is being paid") if waits else \
            (refused.code.name, refused.sentence)
        raise Refused(error, sentence, card_code=test_cards.DUPLICATE) from None


def _card(call: Call) -> Presented:
    """The card that pay_info has or stands for. Raises Refused for the test cards of the codes that are refusals."""
    given = pay_info(call.get("pay_info"))
    if given["cardVoucher"]:
        taken = call.tables.vouchers.take(given["cardVoucher"], call.now)
        card = test_cards.unknown_voucher(taken) if isinstance(taken, str) else taken
    else:
        card = test_cards.present(given, call.now, call.settings.timezone)
    card = card_payments.as_scripted(card, call.script)
    if card.outcome.code in test_cards.REFUSALS:
        message = RESPONSE_CODES[card.outcome.code].message
        raise transitions.card_refusal(card.outcome.code, f"{message}: {card.why}")
    return card
