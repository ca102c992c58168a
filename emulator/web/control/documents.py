"""Orders, terminal transactions, notifications and journal entries as JSON, and the schemas of these.

Amounts are decimal texts in major units, instants are texts in ISO 8601.
"""
import json
from typing import Any

from ...base import money, portions
from ...base.clock import iso
from ...domain.notifications import NOTIFY_TYPES
from ...domain.orders import Order, Status
from ...gateway.endpoints.tgpayquery import FULLY, PARTLY, refund_status
from ...operations.outbox import DELIVERED, FAILED, PENDING
from ...protocol.response_codes import CardStatus
from ...store import Reader
from ...store.columns import to_json
from ...store.notifications import StoredNotification
from ...terminal import OPERATIONS, Result, State
from .schemas import (
    BY_TEXT, amount, by_name, component, flag, many, moment, nullable, text, whole, words)


def instant(value: int | None) -> str | None:
    """An instant in milliseconds as ISO 8601 text; None stays None."""
    return None if value is None else iso(value)


CARD_DIGITS = {"brand": text("the card scheme; empty while it is not known"),
               "first6": text("the first six digits"), "last4": text("the last four digits")}
TERMINAL_STATE = words("TerminalState", "The state that a terminal shows.", State)
TRANSACTION = component("TerminalTransaction", "A transaction on a card terminal.", {
    "out_trade_no": text("the order's number"), "terminal_sn": text("the terminal's serial number"),
    "transactionResultId": text("the number of the transaction"),
    "operation": words("TerminalOperation", "What a transaction does.", OPERATIONS),
    "trade_status": words("TerminalResult", "The result; empty while there is none.", ("", *Result)),
    "requested_amount": amount("what the merchant asked for"), "trans_amount": amount("what was approved"),
    "currency": text("ISO 4217"), "message": text("the result in words"),
    "attended": flag("whether the terminal is in manual mode"),
    "entry": text("how the card was presented: tap, insert or swipe; empty if it was not"),
    "started_at": moment("when the terminal received it"), "ended_at": nullable(moment("when it ended")),
    "resolved_at": nullable(moment("when an UNDEFINED result became known")),
    "card": nullable(component("CardDigits", "What is stored of a card.", CARD_DIGITS)),
    "steps": many(component("TerminalStep", "A step of a transaction.", {
        "at": moment("when it began"), "state": TERMINAL_STATE}), "the states that the terminal has shown")})
CARD_STATUS = words("CardStatus", "The status of a card payment.", CardStatus)
CARD_PAYMENT = component("CardPayment", "The payment of a card order.", {
    "status": CARD_STATUS, "resp_code": text("the response code of the last result; empty before the first"),
    "resp_msg": text("its message"), "access_type": text("cashier or s2s"),
    "attempt": whole("how many cards were presented"), "order_id": text("the acquirer's number"),
    **CARD_DIGITS, "completed_at": nullable(moment("when it was final")),
    "time_decides_at": nullable(moment("when it is decided automatically")),
    "time_decides": text("the response code that it then gets; empty if nothing is pending"),
    "charged_back_at": nullable(moment("when the payment was charged back"))})
ORDER_STATUS = words("OrderStatus", "`trade_status` of an order.", Status)
ORDER_MEMBERS = {
    "id": whole("a number that is unique over all merchants"), "merchants_id": text("the merchant"),
    "out_trade_no": text("the merchant's order number"),
    "endpoint": text("the endpoint that created it, such as tgpayqrcode"),
    "pay_type": text("as the merchant sent it"), "status": ORDER_STATUS,
    "trans_amount": amount("its amount in `currency`"), "currency": text("ISO 4217"),
    "trans_rate": text("CNY for one unit of `currency`; decimal text with eight places"),
    "pay_amount": nullable(amount("the amount in CNY, if it was paid")),
    "refund_amount": amount("the refunded amount in `currency`"),
    "refund_status": words("RefundStatus", "Whether an order was refunded; empty if not.",
                           ("", PARTLY, FULLY)),
    "trans_id": text("the gateway's transaction number; empty before it is paid"),
    "buyer_id": text("the payer, if known"),
    "error": text("why the payment failed; empty if it did not"),
    "created_at": moment("when it was created"), "expires_at": moment("when it expires unless it is paid"),
    "paid_at": nullable(moment("when it was paid")), "closed_at": nullable(moment("when it was closed")),
    "closed_by": text("the event that closed it; empty while it is open"),
    "notify_url": text("where its notifications are sent, without user and password; empty if nowhere"),
    "page": text("the path of its payer page"),
    "details": by_name(BY_TEXT, "parameters that only some endpoints take"),
    "card": nullable(CARD_PAYMENT), "terminal": nullable(TRANSACTION)}
ORDER = component("Order", "An order of any endpoint.", ORDER_MEMBERS)


def order_json(order: Order, prefix: str) -> dict[str, Any]:
    """An order as JSON, in the state in which it was passed; `prefix` is `Emulator.prefix`."""
    return {
        "id": order.id, "merchants_id": order.merchants_id, "out_trade_no": order.out_trade_no,
        "endpoint": order.endpoint, "pay_type": order.pay_type, "status": str(order.status),
        "trans_amount": money.text(order.amount), "currency": order.currency,
        "trans_rate": money.rate_text(order.rate),
        "pay_amount": money.text(order.cny) if order.was_paid else None,
        "refund_amount": money.text(order.refunded), "refund_status": refund_status(order),
        "trans_id": order.trans_id, "buyer_id": order.buyer_id, "error": order.failure,
        "created_at": instant(order.created_at), "expires_at": instant(order.expires_at),
        "paid_at": instant(order.paid_at), "closed_at": instant(order.closed_at),
        "closed_by": order.closed_by, "notify_url": order.shown_notify_url,
        "page": f"{prefix}{order.page_path}", "details": order.shown_details, "card": order.card_json(),
        "terminal": order.transaction_json()}


FINDING = component("Finding", "A rule of the document that a request or a receiver breaks.", {
    "code": text("the rule"), "section": text("its section of the document"),
    "rule": text("the rule in words"),
    "detail": text("what is wrong in this request or response")})
ATTEMPT = component("Attempt", "An attempt to deliver a notification.", {
    "at": moment("when it began"), "took_ms": whole("how long it took, in milliseconds of real time"),
    "status_code": nullable(whole("the HTTP status of the receiver's response")),
    "answer": text("the receiver's response"),
    "error": text("why there was no response; empty if there was one"),
    "delivered": flag("whether the receiver acknowledged it"),
    "replay": flag("whether it was resent manually"),
    "skipped": flag("true if nothing was sent because the receiver had not responded before"),
    "findings": many(FINDING, "what the receiver did wrong")})
LEFT_OUT = component("LeftOut", "The numbers of older items that are not shown.", {
    name: whole("how many") for name in ("history", "refunds", "notifications", "attempts")},
    optional=("history", "refunds", "notifications", "attempts"))
NOTIFY_TYPE = words("NotifyType", "The kind of a notification.", NOTIFY_TYPES)
NOTIFICATION_REQUEST = component("NotificationRequest", "The request that is sent to the receiver.", {
    "method": text("GET or POST"), "url": text("the whole address, without user and password"),
    "content_type": text("the type of the body; empty if there is none"), "body": text("the body")})
NOTIFICATION = component("Notification", "A notification to a merchant.", {
    "id": whole("its number"), "merchants_id": text("the merchant"), "out_trade_no": text("the order"),
    "notify_type": NOTIFY_TYPE,
    "status": words("NotificationStatus", "Pending, delivered, or failed after all retries.",
                    (PENDING, DELIVERED, FAILED)),
    "created_at": moment("the time of the event that it reports"),
    "due_at": nullable(moment("the next attempt")),
    "request": NOTIFICATION_REQUEST,
    "attempts": many(ATTEMPT, "the attempts, oldest first"), "left_out": LEFT_OUT}, optional=("left_out",))


def notification_json(tables: Reader, notification: StoredNotification) -> dict[str, Any]:
    """A notification with its request and attempts; `left_out` counts older attempts that are missing."""
    attempts = tables.notifications.attempts(notification.id)
    document = {
        "id": notification.id, "merchants_id": notification.merchants_id,
        "out_trade_no": notification.out_trade_no, "notify_type": notification.notify_type,
        "status": notification.status, "created_at": instant(notification.created_at),
        "due_at": instant(notification.due_at),
        "request": {"method": notification.method, "url": notification.shown_url,
                    "content_type": notification.content_type,
                    "body": notification.shown_bodies[0]},
        "attempts": [{
            "at": instant(row["at"]), "took_ms": row["took_ms"], "status_code": row["status_code"],
            "answer": row["answer"], "error": row["error"], "delivered": bool(row["delivered"]),
            "replay": bool(row["replay"]), "skipped": bool(row["skipped"]),
            "findings": json.loads(row["findings"])}
            for row in attempts.rows]}
    return {**document, "left_out": {"attempts": attempts.left_out}} if attempts.left_out else document


def notifications_json(tables: Reader, merchants_id: str,
                       out_trade_no: str) -> tuple[list[dict[str, Any]], int]:
    """The newest notifications of an order, oldest first, and the number of older ones that are left out.

    Their size in all is limited by `portions.PART`.
    """
    notifications, left_out = tables.notifications.of_order(merchants_id, out_trade_no)
    newest_first = (notification_json(tables, notification) for notification in reversed(notifications))
    shown, _ = portions.taken(newest_first, lambda document: len(to_json(document)), portions.PART)
    return shown[::-1], left_out + len(notifications) - len(shown)


DIAGNOSIS_MEMBERS = {
    "right": flag("whether the signature is right"), "canonical": text("the text to sign, without the token"),
    "expected": text("the correct signature"), "given": text("the signature that was sent"),
    "mistake": nullable(text("the first mistake")),
    "mistakes": many(BY_TEXT, "all mistakes that were found"),
    "ways": many(many(BY_TEXT, "mistakes that together give this signature"),
                 "mistakes each of which explains the signature"),
    "sentence": text("the explanation in words"),
    "differs": nullable(component("SignatureDifference", "The first difference between the signed texts.", {
        "position": whole("its position in the correct text, in characters"),
        "yours": text("the surrounding text as it was signed"),
        "right": text("the surrounding text as it should be")})),
    "code": nullable(component("SignatureCode", "Corrected code in several languages.", {
        language: text(f"in {language}") for language in ("php", "java", "python", "javascript")}))}
SIGNATURE_DIAGNOSIS = component("SignatureDiagnosis", "What is wrong with a signature.", DIAGNOSIS_MEMBERS)
EXPLANATION_MEMBERS = {
    **DIAGNOSIS_MEMBERS, "scenario": text("the scenario that was active"),
    "rule": nullable(text("the rule that matched; null if none did")),
    "then": {"type": "object", "description": "the outcome of the rule"},
    "passed": many(many(BY_TEXT, "a rule, and why it did not match"),
                   "the rules before it, which did not match"),
    "untold": whole("the number of such rules that are not listed"),
    "elsewhere": whole("the number of rules before it that are for other endpoints"),
    "card": text("the number of the card, masked"), "why": text("why the request got this response"),
    "rate_limit": text("the limit that was exceeded"),
    "retry_after_ms": whole("the wait, in milliseconds, until a request is accepted again")}
JOURNAL_ENTRY = component("JournalEntry", "A request to `/v2` and its answer; secrets are masked.", {
    "id": whole("its number, in the header X-TGPay-Request of the answer"),
    "at": moment("when it was received"),
    "merchants_id": text("the merchant; empty if the request names none"), "endpoint": text("as tgpayqrcode"),
    "out_trade_no": text("the order; empty if the request names none"),
    "ip": text("the IP address of the client"),
    "method": text("the HTTP method"), "params": by_name(BY_TEXT, "its parameters"),
    "status": whole("the HTTP status of the response"), "answer": text("the answer"),
    "verdict": text("OK, or the error code"), "findings": many(FINDING, "the rules that it breaks"),
    "explanation": nullable(component(
        "Explanation", "Why a request was answered as it was: its signature, the scenario, the card, the "
        "rate limit.", EXPLANATION_MEMBERS, optional=EXPLANATION_MEMBERS))})


def journal_json(row: Any) -> dict[str, Any]:
    """A row of the journal as JSON."""
    return {**dict(row), "at": instant(row["at"]), "params": json.loads(row["params"]),
            "findings": json.loads(row["findings"]),
            "explanation": json.loads(row["explanation"]) or None}
