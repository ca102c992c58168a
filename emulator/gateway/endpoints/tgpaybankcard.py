"""Sections 7.1 and 7.2: a card payment, on the cashier's page or from the merchant's server; and the
merchant's review of one.

The outcome of a payment is `status`: a declined card is a processed request.
"""
from base64 import urlsafe_b64encode
from uuid import UUID

from msgspec.structs import replace

from ...base import clock, durations, money, randomness
from ...domain import transitions
from ...domain.card_orders import SERVER, CardOrder, CardState
from ...domain.kinds import of_kind
from ...domain.orders import Order, Status
from ...operations import card_payments
from ...protocol import test_cards
from ...protocol.codes import Refused
from ...protocol.endpoint_tables import Field, endpoint, fields
from ...protocol.parameters import Param, one_of
from ...protocol.replies import Answer
from ...protocol.response_codes import RESPONSE_CODES
from ...protocol.test_cards import Presented
from ...store.columns import to_json
from ...terminal import Terminal
from . import _common as common
from ._card_documents import PAY_INFO, pay_info
from ._card_rows import (
    ACCESS_TYPE, APPS_COME_BACK, BANKCARD, DEFAULT_MINUTES, PAY_TYPE, RESULT, ROWS, SIGN_TYPE, TERMINAL,
    parts_within_the_amount, risk_info_for_three_d, terminal_named)
from ._common import Call
from ._terminals import device, unavailable

WEB_TO_TERMINAL = "webtoterminal"
APPROVED, REFUSED = "bankcard.approved", "bankcard.refused"


@endpoint(
    name="tgpaybankcard", section="7.2", title="Card payment from the merchant's server", product=BANKCARD,
    card_codes=True, applies=lambda params: params.get("access_type") == SERVER,
    params=(common.MERCHANTS_ID, PAY_TYPE, common.OUT_TRADE_NO,
            Param("pay_info", common.REQUIRED, PAY_INFO, "", "the card"),
            Param("device_channel", common.OPTIONAL, one_of("app", "browser"), "browser", "kind of device",
                  10, note="conditional in the document, which prints no condition"),
            ACCESS_TYPE,
            Param("trans_channel", common.DOCUMENTED, one_of("credit_card"), "credit_card", "kind of payment",
                  20),
            *ROWS),
    answer=(*RESULT, Field("payMethodResp",
                           "JSON: whether the payer must be sent to the issuer's page, and how"),
            *common.SIGNATURE),
    rules=(parts_within_the_amount, terminal_named, risk_info_for_three_d, APPS_COME_BACK),
    note="A declined card is a processed request: is_success is T, status is failed. A 3-D payment is "
         "pending (3200), and payMethodResp has the issuer's page: the one-time code is 123456.")
def server_to_server(call: Call) -> Answer:
    """Charge a card, for a new order or for one that failed or expired."""
    if call.get("channel_type") == TERMINAL:
        raise Refused("HAS_NO_PRIVILEGE",
                      "a payment on a terminal is asked for with access_type=cashier: the "
                      "card is presented there")
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
    name="tgpaybankcard", section="7.2", title="Merchant's review of a card payment", product=BANKCARD,
    card_codes=True, applies=lambda params: params.get("service") in (APPROVED, REFUSED),
    source=common.INFERRED, params=(common.MERCHANTS_ID, common.OUT_TRADE_NO,
                                    Param("service", common.REQUIRED, one_of(APPROVED, REFUSED), APPROVED,
                                          "the decision", source=common.INFERRED),
                                    replace(PAY_TYPE, need=common.OPTIONAL), common.SIGN, SIGN_TYPE),
    answer=(*RESULT, *common.SIGNATURE),
    note="The document names the two services, not their address (inferred). A payment that is not reviewed "
         "within 24 hours is canceled.")
def review(call: Call) -> Answer:
    """Accept or refuse a payment that is pending review.

    Repeating the same decision gives the same answer.
    """
    order = of_kind(CardOrder, call.find_order())
    if order is None:
        raise Refused("TRADE_NOT_EXIST", f"order {call.get('out_trade_no')} is not a card payment")
    return Answer(result(call, card_payments.review(call.payments, order, call.get("service") == APPROVED)))


@endpoint(
    section="7.1", title="Card payment on the cashier's page", product=BANKCARD, card_codes=True,
    variants=(review, server_to_server),
    params=(common.MERCHANTS_ID, PAY_TYPE, ACCESS_TYPE, common.OUT_TRADE_NO, *ROWS),
    answer=(*common.RESULT, *fields(("pay_url", "the cashier's page"), ("merchants_id", "merchant"),
                                    ("out_trade_no", "order number")),
            *common.SIGNATURE),
    rules=(parts_within_the_amount, terminal_named, APPS_COME_BACK),
    note="pay_url opens with GET and POST, has no & and ends with trans_timeout. The payer may try another "
         "card after a decline. With channel_type=terminal the payment begins on the terminal, and pay_url "
         "shows its progress.")
def tgpaybankcard(call: Call) -> Answer:
    """Create a waiting order and return its page.

    A repetition returns the same, and reopens a failed or expired order.

    With channel_type=terminal the payment begins on the terminal, and the page shows its progress.
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
    """The fields that all answers about a card payment have in common."""
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
    number = randomness.hexadecimal(32, call.settings.seed, "acs", order.page_token, card.attempt)
    request = {"messageType": "CReq", "messageVersion": "2.1.0", "challengeWindowSize": "05",
               "acsTransID": str(UUID(number))}
    creq = urlsafe_b64encode(to_json(request).encode()).decode().rstrip("=")
    return to_json({
        "isRedirect": "yes", "redirectMethod": "POST", "termUrl": f"{call.base_url}{order.issuer_path}",
        "redirectParam": {"creq": creq, "threeDSSessionData": card.order_id}})


def _terminal(call: Call) -> Terminal | None:
    """The terminal for the payment, None for a payment on a page. Raises Refused when it is not available."""
    if call.get("channel_type") != TERMINAL:
        return None
    if WEB_TO_TERMINAL not in call.merchant.products:
        raise Refused("HAS_NO_PRIVILEGE", f"the product {WEB_TO_TERMINAL} is switched off for merchant "
                                          f"{call.merchant.merchants_id}")
    chosen = device(call, call.get("terminal_id"))
    if chosen is None:
        raise Refused("ILLEGAL_ARGUMENT", f"terminal_id {call.get('terminal_id')} is not a terminal of "
                                          f"merchant "
                                          f"{call.merchant.merchants_id}")
    wrong = unavailable(call, chosen)
    if wrong:
        raise Refused("HAS_NO_PRIVILEGE", f"the terminal {chosen.serial} is {wrong}")
    return chosen


def _on_terminal(call: Call, order: CardOrder, chosen: Terminal | None) -> CardOrder:
    """The waiting order, with its transaction started if it is paid on a terminal."""
    return card_payments.begin_at_terminal(call.payments, order, chosen) if chosen else order


def _expires_at(call: Call) -> int:
    return call.now + int(call.get("trans_timeout") or DEFAULT_MINUTES) * durations.MINUTE


def _fresh(call: Call) -> CardOrder:
    """A new order that waits for a card."""
    card = CardState(call.get("access_type"), due_at=_expires_at(call), due_code=test_cards.TIME_OVER)
    return call.order(CardOrder, BANKCARD, _expires_at(call), card=card)


def _same(call: Call, known: Order) -> CardOrder:
    """The order, if it is a card order with the amount of this request. Raises Refused."""
    order = of_kind(CardOrder, known)
    if order is None or order.amount != call.amount:
        what = f"for {money.text(order.amount)}" if order else f"by {known.endpoint}"
        raise Refused("CONTEXT_INCONSISTENT", f"out_trade_no {known.out_trade_no} is used already, {what}")
    return order


def _tried_again(call: Call, order: CardOrder) -> CardOrder:
    """The order reopened for another attempt with the parameters of this request.

    Raises Refused (3105) when it neither failed nor expired.
    """
    state = replace(order.card, access_type=call.get("access_type"))
    notify_url = call.get("notify_url")
    told = replace(order, details=call.wanted.details, notify_url=notify_url, card=state, script=call.script)
    try:
        return card_payments.retry(call.payments, told, _expires_at(call))
    except Refused as refused:
        waits = order.status is Status.WAIT_BUYER_PAY
        error, sentence = (("CONTEXT_INCONSISTENT", f"order {order.out_trade_no} is being paid") if waits
                           else
                           (refused.code.name, refused.sentence))
        raise Refused(error, sentence, card_code=test_cards.DUPLICATE) from None


def _card(call: Call) -> Presented:
    """The card in pay_info, or the one of its cardVoucher.

    Raises Refused for test cards whose code is a refusal.
    """
    given = pay_info(call.get("pay_info"))
    if given["cardVoucher"]:
        taken = call.tables.vouchers.take(given["cardVoucher"], call.tables.clock.now())
        card = test_cards.unknown_voucher(taken) if isinstance(taken, str) else taken
    else:
        card = test_cards.present(given, call.now, call.settings.timezone)
    card = card_payments.as_scripted(card, call.script)
    if card.outcome.code in test_cards.REFUSALS:
        message = RESPONSE_CODES[card.outcome.code].message
        raise transitions.card_refusal(card.outcome.code, f"{message}: {card.why}")
    return card
