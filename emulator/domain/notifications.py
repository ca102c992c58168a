"""The notifications to a merchant's server: for each notify_type its fields in order, and its form.

A notification is completed, including its signature, in the transaction of its cause. So every attempt
repeats the same bytes.
"""
import json
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from msgspec import Struct

from .. import terminal
from ..base import clock, money, urls
from ..base.settings import Settings
from ..protocol import envelope, faults
from ..terminal import Act, Answer, Result, Transaction
from .card_orders import CardOrder
from .merchants import Merchant
from .orders import Event, Order, Status
from .terminal_orders import TerminalOrder
from .wallets import ALIPAY

QR_CREATED, BARCODE = "trans_qrcode_create_sync", "merchant_scan_status_sync"
TRADE_STATUS, MINI = "trade_status_sync", "TGPay_MINI"
# Notifications of cards and terminals have no notify_type; these names are the emulator's own.
BANKCARD, TERMINAL = "bankcard", "webtoterminal"
NOTIFY_TYPES = (QR_CREATED, BARCODE, TRADE_STATUS, MINI, BANKCARD, TERMINAL)
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
STATES = ("trade_status", "pay_result", "status", "result_code")  # fields that say how it is with an order
ENDS = (Event.PAY, Event.FAIL, Event.CANCEL, Event.CLOSE, Event.EXPIRE)


class Notification(Struct, frozen=True):
    """A notification as it is sent: method, address and body.

    The body is empty for GET, whose fields are in the address. `repeated_body` is the body of all attempts
    after the first, if it differs.
    """

    notify_type: str
    method: str
    url: str
    content_type: str
    body: str
    repeated_body: str = ""


Fields = Mapping[str, str]


def qr_created(order: Order, merchant: Merchant, settings: Settings, now: int,
               pictures: Mapping[str, str]) -> Fields:
    """The fields of trans_qrcode_create_sync; `pictures` are the four URLs of the answer."""
    return {**_head(order, "SUCCESS", ""), **pictures, **_tail(order, merchant, settings, now, QR_CREATED)}


def barcode(order: Order, merchant: Merchant, settings: Settings, now: int) -> Fields:
    """The fields of merchant_scan_status_sync: a barcode payment has ended."""
    paid = order.status is Status.TRADE_SUCCESS
    error = "" if paid else order.failure or "TRADE_HAS_CLOSE"
    return {**_head(order, "SUCCESS" if paid else "FAIL", error),
            **_tail(order, merchant, settings, now, BARCODE)}


def _head(order: Order, result_code: str, error: str) -> Fields:
    return {"merchants_id": order.merchants_id, "out_trade_no": order.out_trade_no,
            "total_fee": money.text(order.amount),
            "currency": order.currency, "result_code": result_code, "error": error}


def _tail(order: Order, merchant: Merchant, settings: Settings, now: int, notify_type: str) -> Fields:
    return {"store_id": merchant.store.store_id, "store_name": merchant.store.store_name,
            "notify_time": clock.spaced(now, settings.notify_timezone), "notify_type": notify_type,
            "create_ip": order.create_ip}


def trade_status(order: Order, merchant: Merchant, settings: Settings, now: int) -> Fields:
    """The fields of trade_status_sync: a QR order is paid, or closed unpaid with empty payment fields."""
    paid = order.status is Status.TRADE_SUCCESS and order.paid_at is not None
    return {
        "out_trade_no": order.out_trade_no, "trade_no": order.trans_id, "notify_type": TRADE_STATUS,
        "subject": order.subject, "currency": order.currency, "trans_amount": money.text(order.amount),
        "trade_status": str(order.status), "gmt_payment": clock.spaced(order.paid_at or 0, settings.timezone)
        if paid else "", "forex_rate": money.rate_text(order.rate) if paid else "",
        "buyer_id": order.buyer_id, "buyer_email": order.buyer_email,
        "total_fee": money.text(order.cny) if paid else ""}


def mini(order: Order, merchant: Merchant, settings: Settings, now: int) -> Fields:
    """The fields of TGPay_MINI: an H5 or prepay order is paid (SUCCESS), declined or closed (PAYERROR).

    The values are their JSON texts without quotes, as they are signed. Without a payment its fields are empty
    texts, also the numbers: an empty value is the only one that every client leaves out of the signature.
    """
    paid = order.status is Status.TRADE_SUCCESS
    return {
        "notify_type": MINI, "pay_result": "SUCCESS" if paid else "PAYERROR",
        "out_trade_no": order.out_trade_no, "total_fee": str(order.amount), "currency_type": order.currency,
        "mid": order.merchants_id, "pay_channel": "A" if order.pay_type == ALIPAY else "W",
        "third_order_no": order.trans_id, "user_identify": order.buyer_id,
        "transaction_id": order.trans_id, "exchange_rate": money.rate_number(order.rate) if paid else "",
        "settlement_amount": str(order.cny) if paid else "", "attach": order.details.get("attach", "")}


def bankcard(order: CardOrder, merchant: Merchant, settings: Settings, now: int) -> Fields:
    """The fields with the result of a card payment (section 7)."""
    card = order.card
    return {
        "merchants_id": order.merchants_id, "out_trade_no": order.out_trade_no, "order_id": card.order_id,
        "status": str(card.status), "result_code": card.code, "result_msg": card.message,
        "trans_amount": money.text(order.amount), "currency": order.currency,
        "complete_time": order.completed(settings.timezone), "reference": order.details.get("reference", "")}


def returned(order: CardOrder, merchant: Merchant) -> str:
    """The redirect_url of a card order with the signed result in its query; empty if the order has none."""
    url, card = order.details.get("redirect_url", ""), order.card
    if not url:
        return ""
    fields = {"merchants_id": order.merchants_id, "out_trade_no": order.out_trade_no,
              "order_id": card.order_id,
              "status": str(card.status), "result_code": card.code, "trans_amount": money.text(order.amount)}
    return urls.with_query(url, envelope.signed(fields, merchant.token))


HAS_RESULT, NO_RESULT, NO_TRANSACTION = "200", "204", "404"
_ENTRY_TYPES = {str(Act.TAP): "ICC", str(Act.INSERT): "ICC", str(Act.SWIPE): "MSR"}
_SCHEMES = {"Mastercard": "MasterCard", "Diners Club": "Diners"}


def terminal_result(order: TerminalOrder, merchant: Merchant, settings: Settings, now: int) -> Fields:
    """The fields with the result of a terminal transaction (section 8), also for the answer to a query."""
    return of_transaction(order, order.terminal)


def of_transaction(order: Order, transaction: Transaction) -> Fields:
    """The fields of a transaction, in progress or ended; names are Handpoint's, amounts major units."""
    known = bool(transaction.result)
    approved = transaction.result in terminal.APPROVALS
    return {
        "is_success": "T", "result_code": HAS_RESULT if known else NO_RESULT,
        "result_msg": "the transaction has a result" if known
        else "the transaction is in progress, there is no result yet",
        "merchants_id": order.merchants_id, "out_trade_no": order.out_trade_no,
        "transactionResultId": transaction.result_id, "operation": transaction.operation,
        "trade_status": transaction.result, "trans_amount": money.text(transaction.approved) if known else "",
        "requested_amount": money.text(transaction.requested), "trans_currency": order.currency,
        "terminal_sn": transaction.serial, "terminal_type": transaction.terminal_type,
        "transactionID": transaction.transaction_id if known else "",
        "authorisationCode": transaction.authorisation_code if approved else "",
        "issuerResponseCode": issuer_response(transaction), **_card_of(transaction),
        "statusMessage": transaction.message, "originalTransactionID": transaction.original_id,
        "efttimestamp": str(transaction.ended_at) if known else "", "recoveredTransaction": "false",
        "reference": order.details.get("reference", "")}


def issuer_response(transaction: Transaction) -> str:
    """The two-digit code of the issuer; empty if the issuer was not asked."""
    if transaction.result == Result.DECLINED:  # also for refunds and reversals that were impossible
        return (transaction.host.issuer_code if transaction.host.result is Result.DECLINED
                else terminal.DECLINED_CODE)
    return (transaction.host.issuer_code or Answer().issuer_code if transaction.result in terminal.APPROVALS
            else "")


def _card_of(transaction: Transaction) -> Fields:
    """The fields of the card, filled in once the card was read."""
    if not transaction.result or not terminal.card_was_read(transaction):
        return {"cardSchemeName": "", "maskedCardNumber": "", "cardEntryType": "UNDEFINED",
                "verificationMethod": "UNDEFINED"}
    known = {"cardSchemeName": _SCHEMES.get(transaction.brand, transaction.brand),
             "maskedCardNumber": f"************{transaction.last4}"}
    if not transaction.takes_card:
        return {**known, "cardEntryType": "UNDEFINED", "verificationMethod": "UNDEFINED"}
    return {**known, "cardEntryType": _ENTRY_TYPES[str(transaction.read_by)],
            "verificationMethod": "PIN" if transaction.needs_pin else "NOT_REQUIRED"}


NUMBERS = ("total_fee", "exchange_rate", "settlement_amount")
CAUSES: Mapping[str, tuple[tuple[Event, ...], str, Callable[..., Fields]]] = {
    "tgpaybarcode": (ENDS, BARCODE, barcode),
    "tgpayqrcode": (ENDS, TRADE_STATUS, trade_status),
    "tgpayh5": ((*ENDS, Event.DECLINE), MINI, mini),
    "tgpayprepay": ((*ENDS, Event.DECLINE), MINI, mini),
    "tgpaybankcard": ((*ENDS, Event.REVOKE), BANKCARD, bankcard),
    "tgpaywebtoterminal": ((*ENDS, Event.PEND), TERMINAL, terminal_result),
}


def of_move(before: Order, event: Event, after: Order, merchant: Merchant, settings: Settings,
            now: int) -> Notification | None:
    """The notification that an event causes, or None.

    Refunds and cancellations of a paid order send none.
    """
    events, notify_type, make = CAUSES.get(after.endpoint, ((), "", trade_status))
    url = address(after, merchant)
    if not url or event not in events or (before.was_paid and event is not Event.PAY):
        return None
    return packed(after, notify_type, make(after, merchant, settings, now), url, merchant)


def address(order: Order, merchant: Merchant) -> str:
    """The URL for an order's notifications: the request's notify_url, else the merchant's; may be empty."""
    return order.notify_url or merchant.notify_address


def event(notify_type: str, fields: Fields) -> str:
    """What a notification tells, in words for people: its notify_type and the state in its fields."""
    state = next((fields[name] for name in STATES if fields.get(name)), "")
    return f"{notify_type} {state}".rstrip()


def packed(order: Order, notify_type: str, fields: Fields, url: str, merchant: Merchant) -> Notification:
    """The notification with these fields, signed, in the form of its notify_type.

    The signature is forged if a scenario rule for the order says so.
    """
    if notify_type == TERMINAL:
        first, repeated = (envelope.xml(envelope.DEFAULT_ROOT,
                                        _signed(order, {**fields, "recoveredTransaction": late}, merchant))
                           for late in ("false", "true"))
        return Notification(notify_type, "POST", url, envelope.CONTENT_TYPE, first, repeated)
    signed = _signed(order, fields, merchant)
    if notify_type == MINI:
        return Notification(notify_type, "POST", url, JSON, _json(signed))
    if notify_type == BANKCARD or merchant.notify_method == "POST":
        return Notification(notify_type, "POST", url, FORM, urlencode(signed))
    return Notification(notify_type, "GET", urls.with_query(url.partition("#")[0], signed), "", "")


def _signed(order: Order, fields: Fields, merchant: Merchant) -> Fields:
    signed: Fields = envelope.signed(fields, merchant.token)
    how = order.script.then.notify if order.script else None
    if how and how.altered:
        signed = faults.altered(signed)
    return {**signed, "sign": faults.forged(signed["sign"])} if how and how.wrong_sign else signed


def _json(fields: Fields) -> str:
    texts = (value if name in NUMBERS and value else json.dumps(value, ensure_ascii=False) for name,
             value in fields.items())
    return "{" + ",".join(f"{json.dumps(name)}:{text}" for name, text in zip(fields, texts)) + "}"
