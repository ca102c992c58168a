"""Every refusal and every buyer-side failure, one line each (contract 1.3), and the exception that turns a request away."""
from dataclasses import dataclass

FAIL = "FAIL"
SUCCESS = "SUCCESS"
UNKNOWN = "UNKNOWN"


@dataclass(frozen=True)
class Code:
    """A stable `error` value; `status` is that of the HTTP answer."""

    name: str
    when: str
    status: int = 200


REFUSALS = {code.name: code for code in (
    Code("ILLEGAL_SIGN", "sign is missing or wrong"),
    Code("ILLEGAL_SIGN_TYPE", "sign_type is not MD5"),
    Code("ILLEGAL_PARTNER", "merchants_id is missing or unknown; the answer is then unsigned"),
    Code("ILLEGAL_ARGUMENT", "a parameter is missing, malformed or out of range"),
    Code("HAS_NO_PRIVILEGE", "the product is switched off for this merchant"),
    Code("TRADE_NOT_EXIST", "this merchant has no such order"),
    Code("CONTEXT_INCONSISTENT", "the order number is used already, with other parameters"),
    Code("TRADE_HAS_SUCCESS", "the order is paid already"),
    Code("TRADE_HAS_CLOSE", "the order is closed, expired, cancelled or refunded in full"),
    Code("TRADE_HAS_FINISHED", "the refund period is over"),
    Code("TRADE_STATUS_ERROR", "the order is not paid, so nothing can be refunded"),
    Code("REASON_TRADE_REFUND_FEE_ERR", "the refunds would exceed the payment"),
    Code("DISCORDANT_REPEAT_REQUEST", "the out_refund_id is used already, with another amount or order"),
    Code("TRADE_CANCEL_TIME_OUT", "a paid order is cancelled more than 24 hours after its payment"),
    Code("LOGIN_FAILED", "unknown user or wrong password"),
    Code("NOT_FOUND", "there is no such path", 404),
    Code("METHOD_NOT_ALLOWED", "the method is neither GET nor POST", 405),
    Code("REQUEST_TOO_LARGE", "the body is larger than 1 MiB", 413),
    Code("SYSTEM_ERROR", "the emulator failed; its log says why"),
)}

BUYER_FAILURES = {code.name: code for code in (
    Code("BUYER_BALANCE_NOT_ENOUGH", "the buyer's balance is not enough"),
    Code("BUYER_ENABLE_STATUS_FORBID", "the buyer's account is restricted"),
    Code("BEYOND_PAY_RESTRICTION", "the payment exceeds the buyer's limit"),
    Code("PAYMENT_AUTH_CODE_INVALID", "the payment code is invalid or used already"),
)}


class Refused(Exception):
    """Nothing happened, and the answer says why: raised anywhere, it undoes the transaction of the request."""

    def __init__(self, error: str, sentence: str, result_code: str = FAIL) -> None:
        super().__init__(f"{error}: {sentence}")
        self.code = REFUSALS[error]
        self.sentence = sentence
        self.result_code = result_code
