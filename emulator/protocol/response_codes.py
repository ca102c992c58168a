"""The acquirer's 71 response codes (section 7.2), each with the status of the order and the text for the
payer.

Codes, messages and English texts are those of the document, commas and spaces included. The document does not
name a status for each code; these are ours. The outcome of a payment is decided by the status, never by the
code.
"""
from enum import StrEnum

from msgspec import Struct

from .parameters import Source

SOURCE = Source.DOCUMENTED  # of codes, messages and texts: the document prints all of them
STATUS_SOURCE = Source.INFERRED  # of the status of each code


class CardStatus(StrEnum):
    """`status` of a card order."""

    RECEIVED = "received"  # asked for; no card has been presented yet
    PENDING = "pending"  # the issuer has not decided, or the payer has not proved to be the cardholder
    PENDING_REVIEW = "pending_review"  # authorised; the merchant decides whether to take it
    SUCCESS = "success"  # paid, also when the money has gone back since
    FAILED = "failed"  # declined; the order number may be sent again
    EXPIRED = "expired"  # the time limit passed; the order number may be sent again
    CANCELED = "canceled"  # revoked


class Advice(Struct, frozen=True):
    """What the payer is told, in the document's words; `name` is ours, and the key of translations."""

    name: str
    sentence: str


class ResponseCode(Struct, frozen=True):
    """A row of the tables in section 7.2.

    `advice` is what the payer reads; it is empty where the document says nothing.
    """

    code: str
    message: str
    section: str
    status: CardStatus
    advice: Advice


NOTHING = Advice("", "")
SUBMITTED = Advice("submitted", "The transaction was submitted successfully,wait to confirm")
SUBMITTED_AND_PENDING = Advice(
    "submitted_and_pending",
    "The transaction was submitted successfully,wait to confirm.")
TRY_AGAIN_OR_ASK_HOW = Advice(
    "try_again_or_ask_how",
    "1. Try to Pay again, your card issuer may accept your payment. 2. Call the "
    "banking telephone on the back of the card, ask your card issuer how to do, then "
    "pay again. 3. Change another card to pay.")
ENOUGH_MONEY = Advice("enough_money", "Please confirm the card has enough money or use another card.")
TRY_AGAIN_OR_ASK = Advice(
    "try_again_or_ask",
    "1. Try to Pay again, your card issuer may accept your payment. 2. Call the "
    "banking telephone on the back of the card, ask your card issuer accept your "
    "payment, then pay again. 3. Change another card to pay.")
CONTACT_ISSUER = Advice("contact_issuer", "Please contact your card issuer or use another card.")
TRY_AGAIN_OR_CALL = Advice(
    "try_again_or_call",
    "1. Try to Pay again, your card issuer may accept your payment. 2. Call the "
    "banking telephone on the back of the card to fix the problem. 3. Change another "
    "card to pay.")
CONFIRM_AMOUNT = Advice(
    "confirm_amount",
    "1.Contact the merchant to confirm the transaction amount. 2.Contact your card "
    "issuer to fix the problem. 3.Change another card to pay.")
VALID_ACCOUNT = Advice(
    "valid_account",
    "Please call your card issuer to confirm your account is valid or use another "
    "card.")
BILL_FIELDS = Advice("bill_fields", "Please confirm the bill fields are right or use another card.")
CALL_ISSUER = Advice("call_issuer", "Call the banking telephone on the back of the card to fix the problem.")
CONTACT_MERCHANT = Advice("contact_merchant", "Please contact the merchant.")
RIGHT_PIN = Advice("right_pin", "Please input the right PIN.")
RIGHT_VALIDITY = Advice("right_validity", "Please input the correct validity.")
RIGHT_NUMBER = Advice("right_number", "Please confirm the card number is right or use another card.")
RIGHT_CVV = Advice("right_cvv", "Please input the right verification code.")
PERIOD_OF_USE = Advice(
    "period_of_use",
    "1.Please confirm the card period of use or use another card. 2.Please confirm "
    "the card number is right.")
ISSUER_OR_NUMBER = Advice(
    "issuer_or_number",
    "1.Please contact your card issuer or use another card. 2.Please confirm the card"
    " number is right.")
TRY_LATER = Advice("try_later", "Try to pay again later.")
DUPLICATE = Advice("duplicate", "Duplicate transaction,please contact the merchant.")
DUPLICATE_REVERSAL = Advice("duplicate_reversal", "Duplicate reversal,please contact the merchant.")
CONFIRM_RESULT = Advice(
    "confirm_result",
    "Contact the merchant website to confirm the payment result.If transaction is "
    "failed try to pay again.")
EXPIRED = Advice("expired", "Transaction is expired，try to pay again.")

_SUCCESS, _PENDING = CardStatus.SUCCESS, CardStatus.PENDING
_FAILED, _CANCELED = CardStatus.FAILED, CardStatus.CANCELED
RESPONSE_CODES = {row.code: row for row in (
    ResponseCode("0000", "Approved or completed successfully", "7.2.1", _SUCCESS, NOTHING),
    ResponseCode("0300", "Request accepted", "7.2.1", _PENDING, SUBMITTED),
    ResponseCode("0503", "Revoke succeed", "7.2.1", _CANCELED, NOTHING),
    ResponseCode("3118", "Partial approval", "7.2.1", _SUCCESS, NOTHING),
    ResponseCode("3200", "Transaction is pending", "7.2.1", _PENDING, SUBMITTED_AND_PENDING),
    ResponseCode("0055", "Revoke completed", "7.2.1", _CANCELED, NOTHING),
    ResponseCode("3020", "Transaction is declined", "7.2.2", _FAILED, TRY_AGAIN_OR_ASK_HOW),
    ResponseCode("3084", "Insufficient account balance", "7.2.2", _FAILED, ENOUGH_MONEY),
    ResponseCode("3086", "Security violation", "7.2.2", _FAILED, TRY_AGAIN_OR_ASK),
    ResponseCode("3088", "Exceeds frequency limit", "7.2.2", _FAILED, CONTACT_ISSUER),
    ResponseCode("3093", "Exceeds amount limit", "7.2.2", _FAILED, CONTACT_ISSUER),
    ResponseCode("3094", "Invalid transaction card / issuer /acquirer", "7.2.2", _FAILED, TRY_AGAIN_OR_CALL),
    ResponseCode("3098", "Invalid amount", "7.2.2", _FAILED, CONFIRM_AMOUNT),
    ResponseCode("3100", "Do not honor,Please contact the issuing bank to confirm the bank card payment "
                         "limit",
                 "7.2.2", _FAILED, TRY_AGAIN_OR_ASK),
    ResponseCode("3103", "Invalid account", "7.2.2", _FAILED, VALID_ACCOUNT),
    ResponseCode("3106", "Exceeds PIN retry", "7.2.2", _FAILED, CONTACT_ISSUER),
    ResponseCode("3108", "AVS verification fails", "7.2.2", _FAILED, BILL_FIELDS),
    ResponseCode("3110", "Refer to card issuer", "7.2.2", _FAILED, TRY_AGAIN_OR_ASK),
    ResponseCode("3111", "Invalid or inactivated card", "7.2.2", _FAILED, CONTACT_ISSUER),
    ResponseCode("3124", "Unable to reverse", "7.2.2 7.2.6", _FAILED, CALL_ISSUER),
    ResponseCode("3127", "No checking account", "7.2.2", _FAILED, VALID_ACCOUNT),
    ResponseCode("3128", "No saving account", "7.2.2", _FAILED, VALID_ACCOUNT),
    ResponseCode("3129", "No credit account", "7.2.2", _FAILED, VALID_ACCOUNT),
    ResponseCode("3135", "Invalid transaction for terminal", "7.2.2", _FAILED, TRY_AGAIN_OR_CALL),
    ResponseCode("3136", "Invalid capture date", "7.2.2", _FAILED, CONTACT_MERCHANT),
    ResponseCode("3137", "Transaction not permitted on card", "7.2.2", _FAILED, TRY_AGAIN_OR_CALL),
    ResponseCode("3138", "Restricted card", "7.2.2", _FAILED, TRY_AGAIN_OR_ASK),
    ResponseCode("3143", "Transaction not allowed for cardholder", "7.2.2", _FAILED, TRY_AGAIN_OR_ASK),
    ResponseCode("3144", "Transaction not allowed for merchant", "7.2.2", _FAILED, CONTACT_MERCHANT),
    ResponseCode("3151", "Can not proceed 3D transaction", "7.2.2", _FAILED, CONTACT_MERCHANT),
    ResponseCode("3152", "3D Authorize Fail", "7.2.2", _FAILED, CONTACT_MERCHANT),
    ResponseCode("3160", "Cannot be partially captured", "7.2.2", _FAILED, CONTACT_MERCHANT),
    ResponseCode("3085", "Incorrect PIN", "7.2.3", _FAILED, RIGHT_PIN),
    ResponseCode("3096", "Invalid validity", "7.2.3", _FAILED, RIGHT_VALIDITY),
    ResponseCode("3101", "Invalid card number", "7.2.3", _FAILED, RIGHT_NUMBER),
    ResponseCode("3104", "Invalid card verification value", "7.2.3", _FAILED, RIGHT_CVV),
    ResponseCode("0053", "Risk reject", "7.2.4", _FAILED, CONTACT_MERCHANT),
    ResponseCode("3089", "Suspected fraud", "7.2.4", _FAILED, CONTACT_ISSUER),
    ResponseCode("3102", "Expired card", "7.2.4", _FAILED, PERIOD_OF_USE),
    ResponseCode("3119", "Stolen or lost card", "7.2.4", _FAILED, ISSUER_OR_NUMBER),
    ResponseCode("1000", "Invalid parameters", "7.2.5", _FAILED, CONTACT_MERCHANT),
    ResponseCode("1003", "Abnormal verification signature", "7.2.5", _FAILED, CONTACT_MERCHANT),
    ResponseCode("3131", "Redo payment", "7.2.5", _FAILED, TRY_LATER),
    ResponseCode("3139", "Issuer response received too late", "7.2.5", _FAILED, TRY_LATER),
    ResponseCode("3140", "Issuer does not participate in the service", "7.2.5", _FAILED, TRY_LATER),
    ResponseCode("3141", "Unable to verify PIN", "7.2.5", _FAILED, TRY_LATER),
    ResponseCode("3142", "Issuer not available", "7.2.5", _FAILED, TRY_LATER),
    ResponseCode("3145", "Time out at issuer system", "7.2.5", _FAILED, TRY_LATER),
    ResponseCode("3146", "System error; Re-enter transaction", "7.2.5", _FAILED, TRY_LATER),
    ResponseCode("0330", "The original is not completed，not allowed", "7.2.6", _FAILED, CONTACT_MERCHANT),
    ResponseCode("0340", "The order has proposed chargeback. Refund is not allowed",
                 "7.2.6", _FAILED, CONTACT_MERCHANT),
    ResponseCode("0348", "Invalid merchant", "7.2.6", _FAILED, CONTACT_MERCHANT),
    ResponseCode("0349", "Function/service not enabled", "7.2.6", _FAILED, CONTACT_MERCHANT),
    ResponseCode("0452", "Invalid token", "7.2.6", _FAILED, CONTACT_MERCHANT),
    ResponseCode("2023", "Insufficient merchant account balance", "7.2.6", _FAILED, CONTACT_MERCHANT),
    ResponseCode("2024", "Abnormal merchant account status", "7.2.6", _FAILED, CONTACT_MERCHANT),
    ResponseCode("3002", "No original", "7.2.6", _FAILED, CONTACT_MERCHANT),
    ResponseCode("3005", "Account not allowed out", "7.2.6", _FAILED, CONTACT_MERCHANT),
    ResponseCode("3006", "Account not allowed in", "7.2.6", _FAILED, CONTACT_MERCHANT),
    ResponseCode("3097", "Invalid card type", "7.2.6", _FAILED, CONTACT_MERCHANT),
    ResponseCode("3105", "Duplicate transaction", "7.2.6", _FAILED, DUPLICATE),
    ResponseCode("3125", "Received chargeback，unable to refund", "7.2.6", _FAILED, CONTACT_MERCHANT),
    ResponseCode("3130", "Exceeds acquirer limit", "7.2.6", _FAILED, CONTACT_MERCHANT),
    ResponseCode("3134", "Duplicate reversal", "7.2.6", _FAILED, DUPLICATE_REVERSAL),
    ResponseCode("4001", "Exchange rate query failed", "7.2.6", _FAILED, NOTHING),
    ResponseCode("3000", "Transaction is abnormal", "7.2.7", _FAILED, CONFIRM_RESULT),
    ResponseCode("3095", "Time-Out", "7.2.7", _PENDING, CONFIRM_RESULT),
    ResponseCode("3099", "Other errors", "7.2.7", _FAILED, CONTACT_MERCHANT),
    ResponseCode("3150", "Transaction is processing", "7.2.7", _PENDING, SUBMITTED),
    ResponseCode("9999", "System error", "7.2.7", _FAILED, CONTACT_MERCHANT),
    ResponseCode("3300", "Transaction is expired", "7.2.8", CardStatus.EXPIRED, EXPIRED),
)}
APPROVED, DECLINED, PENDING = "0000", "3020", "3200"
