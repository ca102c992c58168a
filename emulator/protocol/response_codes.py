"""The acquirer's 71 response codes (section 7.2), each with the status of the order and the text for the
payer.

Codes, messages and English texts are those of the document, commas and spaces included. The document does not
name a status for each code; these are ours. The outcome of a payment is decided by the status, never by the
code.
"""
from dataclasses import dataclass
from enum import StrEnum


class CardStatus(StrEnum):
    """`status` of a card order."""

    RECEIVED = "received"  # asked for; no card has been presented yet
    PENDING = "pending"  # the issuer has not decided, or the payer has not proved to be the cardholder
    PENDING_REVIEW = "pending_review"  # authorised; the merchant decides whether to take it
    SUCCESS = "success"  # paid, also when the money has gone back since
    FAILED = "failed"  # declined; the order number may be sent again
    EXPIRED = "expired"  # the time limit passed; the order number may be sent again
    CANCELED = "canceled"  # revoked


@dataclass(frozen=True)
class ResponseCode:
    """A row of the tables in section 7.2.

    `shown` is the text for the payer in English and in Chinese (the Chinese text is ours). Both are empty
    when the document has no text.
    """

    code: str
    message: str
    section: str
    status: CardStatus
    shown: tuple[str, str]


# Texts for the payer: the document's words, and our own in Chinese.
NOTHING = ("", "")
SUBMITTED = ("The transaction was submitted successfully,wait to confirm", "交易已提交，请等待确认。")
SUBMITTED_AND_PENDING = ("The transaction was submitted successfully,wait to confirm.", "交易已提交，请等待确认。")
TRY_AGAIN_OR_ASK_HOW = ("1. Try to Pay again, your card issuer may accept your payment. 2. Call the "
                        "banking telephone on the back of the card, ask your card issuer how to do, then "
                        "pay again. 3. Change another card to pay.",
                        "1. 请重新支付，发卡行可能会接受您的付款。2. 拨打卡背面的银行电话，询问发卡行如何处理，然后再次支付。3. 换一张卡支付。")
ENOUGH_MONEY = ("Please confirm the card has enough money or use another card.", "请确认卡内余额充足，或换一张卡。")
TRY_AGAIN_OR_ASK = ("1. Try to Pay again, your card issuer may accept your payment. 2. Call the banking "
                    "telephone on the back of the card, ask your card issuer accept your payment, then pay "
                    "again. 3. Change another card to pay.",
                    "1. 请重新支付，发卡行可能会接受您的付款。2. 拨打卡背面的银行电话，请发卡行接受付款后再次支付。3. 换一张卡支付。")
CONTACT_ISSUER = ("Please contact your card issuer or use another card.", "请联系发卡行，或换一张卡。")
TRY_AGAIN_OR_CALL = ("1. Try to Pay again, your card issuer may accept your payment. 2. Call the banking "
                     "telephone on the back of the card to fix the problem. 3. Change another card to pay.",
                     "1. 请重新支付，发卡行可能会接受您的付款。2. 拨打卡背面的银行电话解决问题。3. 换一张卡支付。")
CONFIRM_AMOUNT = ("1.Contact the merchant to confirm the transaction amount. 2.Contact your card issuer to "
                  "fix the problem. 3.Change another card to pay.",
                  "1. 请与商家确认交易金额。2. 请联系发卡行解决问题。3. 换一张卡支付。")
VALID_ACCOUNT = ("Please call your card issuer to confirm your account is valid or use another card.",
                 "请致电发卡行确认账户有效，或换一张卡。")
BILL_FIELDS = ("Please confirm the bill fields are right or use another card.", "请确认账单信息正确，或换一张卡。")
CALL_ISSUER = ("Call the banking telephone on the back of the card to fix the problem.", "请拨打卡背面的银行电话解决问题。")
CONTACT_MERCHANT = ("Please contact the merchant.", "请联系商家。")
RIGHT_PIN = ("Please input the right PIN.", "请输入正确的密码。")
RIGHT_VALIDITY = ("Please input the correct validity.", "请输入正确的有效期。")
RIGHT_NUMBER = ("Please confirm the card number is right or use another card.", "请确认卡号正确，或换一张卡。")
RIGHT_CVV = ("Please input the right verification code.", "请输入正确的安全码。")
PERIOD_OF_USE = ("1.Please confirm the card period of use or use another card. 2.Please confirm the card "
                 "number is right.",
                 "1. 请确认卡的有效期，或换一张卡。2. 请确认卡号正确。")
ISSUER_OR_NUMBER = ("1.Please contact your card issuer or use another card. 2.Please confirm the card "
                    "number is right.",
                    "1. 请联系发卡行，或换一张卡。2. 请确认卡号正确。")
TRY_LATER = ("Try to pay again later.", "请稍后再次支付。")
DUPLICATE = ("Duplicate transaction,please contact the merchant.", "重复交易，请联系商家。")
DUPLICATE_REVERSAL = ("Duplicate reversal,please contact the merchant.", "重复撤销，请联系商家。")
CONFIRM_RESULT = ("Contact the merchant website to confirm the payment result.If transaction is failed try "
                  "to pay again.",
                  "请在商家网站确认支付结果。如果交易失败，请重新支付。")
EXPIRED = ("Transaction is expired，try to pay again.", "交易已过期，请重新支付。")

_SUCCESS, _PENDING, _FAILED, _CANCELED = CardStatus.SUCCESS, CardStatus.PENDING, CardStatus.FAILED, CardStatus.CANCELED
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
    ResponseCode("3100", "Do not honor,Please contact the issuing bank to confirm the bank card payment limit",
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
