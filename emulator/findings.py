"""Findings (contract 1.5): rules of the document that a client or a receiver breaks without being refused."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """A rule of the document: a stable code, the section that has it, and the rule in a sentence."""

    code: str
    section: str
    sentence: str


RULES = {rule.code: rule for rule in (
    Rule("ORDER_NUMBER_PREFIX", "2, note 1", "out_trade_no of a QR order begins with the merchants_id"),
    Rule("SIGN_TYPE_MISSING", "1.1 C", "sign_type=MD5 is sent with each request"),
    Rule("SIGN_UPPER_CASE", "1.2 E", "sign is written in lower case"),
    Rule("MANDATORY_MISSING", "parameter tables", "a parameter that the table calls mandatory is sent"),
    Rule("TOO_LONG", "parameter tables", "a value is no longer than the table allows"),
    Rule("OTHER_NAME", "parameter tables", "a parameter is sent under the name that the table of its endpoint has"),
    Rule("QUERIED_TOO_SOON", "8", "after UNDEFINED a transaction is queried again 10 seconds later, not sooner"),
    Rule("NOTIFY_URL_QUERY", "13, note 2", "notify_url carries no query string"),
    Rule("CARD_DATA_IN_URL", "7.2", "card data is sent in the body of a POST, never in a URL"),
    Rule("NOT_ANSWERED_SUCCESS", "6, note 2", "the receiver of a notice answers success"),
    Rule("QR_ORDER_LEFT_OPEN", "2, note 2", "a QR order is paid, queried or cancelled within 15 minutes"),
)}


@dataclass(frozen=True)
class Finding:
    """One breach: the rule's code, and what this request or answer did."""

    code: str
    detail: str

    def as_json(self) -> dict[str, str]:
        """The row as the journal keeps it: with the rule beside the breach."""
        rule = RULES[self.code]
        return {"code": self.code, "section": rule.section, "rule": rule.sentence, "detail": self.detail}
