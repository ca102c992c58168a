"""Findings: rules of the document that a client or a notification receiver breaks without being refused."""
from collections.abc import Iterable

from msgspec import Struct

from .parameters import Source


class Rule(Struct, frozen=True):
    """A rule of the document: a stable code, its section, the rule in a sentence, and what to change to obey
    it. `source` is inferred where the section does not print the rule.
    """

    code: str
    section: str
    sentence: str
    change: str
    source: Source = Source.DOCUMENTED


RULES = {rule.code: rule for rule in (
    Rule("ORDER_NUMBER_PREFIX", "2, note 1", "out_trade_no of a QR order begins with the merchants_id",
         "put the merchants_id before your order number"),
    Rule("SIGN_TYPE_MISSING", "1.1 C", "sign_type=MD5 is sent with each request",
         "add sign_type=MD5 after signing; it is not signed itself"),
    Rule("SIGN_UPPER_CASE", "1.2 E", "sign is written in lower case",
         "write the MD5 in lower-case hexadecimal"),
    Rule("MANDATORY_MISSING", "parameter tables", "a parameter that the table calls mandatory is sent",
         "send the parameter, even if requests without it are answered"),
    Rule("TOO_LONG", "parameter tables", "a value is no longer than the table allows",
         "shorten the value before signing and sending"),
    Rule("OTHER_NAME", "parameter tables",
         "a parameter has the name in the table of its endpoint",
         "use the name of the endpoint's own table: trans_amount and total_fee are not the same everywhere"),
    Rule("LEADING_ZEROS", "parameter tables",
         "an amount has no leading zeros",
         "send 25.00 instead of 025", Source.INFERRED),
    Rule("OLD_ADDRESS", "1", "requests go to addresses under /v2/, as in all examples",
         "write /v2/ in place of /api/ in the base address"),
    Rule("QUERIED_TOO_SOON", "8",
         "after UNDEFINED a transaction is queried again 10 seconds later, not sooner",
         "stop polling when you get UNDEFINED, and query once more 10 seconds later"),
    Rule("NOTIFY_URL_QUERY", "13, note 2", "notify_url carries no query string",
         "put what you need to know into the path of notify_url, or find the order by its out_trade_no"),
    Rule("URL_NOT_ESCAPED", "parameter tables", "a URL of the merchant has %20 where a space is meant",
         "write each space in a URL as %20 before you sign; browsers and receivers get it like that",
         Source.INFERRED),
    Rule("CARD_DATA_IN_URL", "7.2", "card data is sent in the body of a POST, never in a URL",
         "send the request as a form with POST; URLs are kept in logs", Source.INFERRED),
    Rule("NOT_ANSWERED_SUCCESS", "6, note 2", "the receiver of a notification answers success",
         "respond with a 2xx status and only the word success, without HTML around it, at the address of "
         "notify_url; the example shows the actual response; until then the notification is repeated"),
    Rule("FORGED_ACKNOWLEDGED", "6",
         "the receiver of a notification checks its signature before it answers success",
         "compute the sign of the fields with your token, compare it with the one received, and do not "
         "answer success when they differ; a query shows the true state of the order", Source.INFERRED),
    Rule("QR_ORDER_LEFT_OPEN", "2, note 2", "a QR order is paid, queried or cancelled within 15 minutes",
         "query an order whose notification does not arrive, and cancel it when the buyer has left"),
)}


class Finding(Struct, frozen=True):
    """One breach of a rule: the rule's code, and what this request or answer did.

    With the setting strict, a `refusable` finding is refused.
    """

    code: str
    detail: str
    refusable: bool = True

    def as_json(self) -> dict[str, str]:
        """The finding as the journal stores it, together with its rule."""
        rule = RULES[self.code]
        return {"code": self.code, "section": rule.section, "rule": rule.sentence, "detail": self.detail}


class Breaches(Struct, frozen=True):
    """Several requests, or attempts of notifications, of one merchant that have the same findings.

    `times` is how many they are, `first` and `last` are instants, `newest` is the id of the newest one.
    """

    findings: list[dict[str, str]]
    times: int
    first: int
    last: int
    newest: int


class Broken(Struct, frozen=True):
    """A rule that is broken: how often, the first and the last instant, and the newest example (id and
    sentence).
    """

    rule: Rule
    times: int
    first: int
    last: int
    example: int
    detail: str


def broken(breaches: Iterable[Breaches]) -> dict[str, Broken]:
    """The broken rules by code. A request that breaks a rule twice counts twice."""
    found: dict[str, Broken] = {}
    for each in breaches:
        for finding in each.findings:
            code, detail = finding["code"], finding["detail"]
            known = found.get(code) or Broken(RULES[code], 0, each.first, each.last, 0, "")
            newest = (each.newest, detail) if each.newest > known.example else (known.example, known.detail)
            found[code] = Broken(known.rule, known.times + each.times, min(known.first, each.first),
                                 max(known.last, each.last), *newest)
    return found
