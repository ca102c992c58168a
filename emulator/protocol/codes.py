"""The codes of refusals and of failures on the buyer's side, and the exception that refuses a request.

The document has the fields of a refusal but not the values of `error` (section 1.3); these are Alipay's. The
card codes of TRADE_HAS_FINISHED, DISCORDANT_REPEAT_REQUEST and TRADE_CANCEL_TIME_OUT are inferred from the
remarks in section 7.2.
"""
from msgspec import Struct

from .parameters import Source

FAIL = "FAIL"
SUCCESS = "SUCCESS"
UNKNOWN = "UNKNOWN"


class Code(Struct, frozen=True):
    """A value of `error` and the sentence that says when it is sent.

    `card_code` is the response code that stands for it at the card endpoint (section 7.2), `status` the HTTP
    status, `section` that of the document's field, `source` where the value comes from.
    """

    name: str
    when: str
    card_code: str = "1000"
    status: int = 200
    section: str = "1.3"
    source: Source = Source.INFERRED


REFUSALS = {code.name: code for code in (
    Code("ILLEGAL_SIGN", "sign is missing or wrong", "1003"),
    Code("ILLEGAL_SIGN_TYPE", "sign_type is not MD5", "1003"),
    Code("ILLEGAL_PARTNER", "merchants_id is missing or unknown; the answer is then unsigned", "0348"),
    Code("ILLEGAL_ARGUMENT", "a parameter is missing, malformed or out of range"),
    Code("HAS_NO_PRIVILEGE", "the product is switched off for this merchant", "0349"),
    Code("TRADE_NOT_EXIST", "this merchant has no such order", "3002"),
    Code("CONTEXT_INCONSISTENT", "the order number is used already, with other parameters", "3105"),
    Code("TRADE_HAS_SUCCESS", "the order is paid already", "3105"),
    Code("TRADE_HAS_CLOSE", "the order is closed, expired, cancelled or refunded in full", "3002"),
    Code("TRADE_HAS_FINISHED", "the refund period is over", "3002"),
    Code("TRADE_STATUS_ERROR", "the order is not paid, so nothing can be refunded", "0330"),
    Code("REASON_TRADE_REFUND_FEE_ERR", "the refunds would exceed the payment", "3098"),
    Code("DISCORDANT_REPEAT_REQUEST", "the out_refund_id is used already, with another amount or order",
         "3105"),
    Code("TRADE_CANCEL_TIME_OUT", "a paid order is cancelled more than 24 hours after its payment", "3124"),
    Code("LOGIN_FAILED", "unknown user or wrong password"),
    Code("NOT_FOUND", "unknown endpoint", status=404),
    Code("METHOD_NOT_ALLOWED", "the HTTP method is neither GET nor POST", status=405),
    Code("BAD_REQUEST", "the body breaks off or is malformed", status=400),
    Code("REQUEST_TOO_LARGE", "the body is larger than 1 MiB", status=413),
    Code("SYSTEM_ERROR", "the emulator failed; its log says why", "9999"),
)}

BUYER_FAILURES = {code.name: code for code in (
    Code("BUYER_BALANCE_NOT_ENOUGH", "the buyer's balance is not enough"),
    Code("BUYER_ENABLE_STATUS_FORBID", "the buyer's account is restricted"),
    Code("BEYOND_PAY_RESTRICTION", "the payment exceeds the buyer's limit"),
    Code("PAYMENT_AUTH_CODE_INVALID", "the payment code is invalid or used already"),
)}


class Refused(Exception):
    """The request is refused: nothing happens, and the answer says why.

    It rolls the request's transaction back.

    `error` is a key of `REFUSALS`; `sentence` names the parameter and the rule. `result_code` is that of the
    answer. `card_code` is the response code (section 7.2) of a refusal that concerns a card order; without
    it, the card endpoint sends the one of `REFUSALS`.
    """

    def __init__(self, error: str, sentence: str, result_code: str = FAIL, card_code: str = "") -> None:
        super().__init__(f"{error}: {sentence}")
        self.code = REFUSALS[error]
        self.sentence = sentence
        self.result_code = result_code
        self.card_code = card_code
