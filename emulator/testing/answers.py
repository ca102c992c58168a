"""Answers of the gateway: the fields of their XML, status and headers."""
from collections.abc import Mapping
from xml.etree import ElementTree

# Their answers are not signed: the document prints none, or they are no XML.
UNSIGNED = frozenset(("tgpayrefund", "tgpaycancel", "tgpayapi", "tgpaygetopenid", "export_settlement",
                      "tgpayuserinfo"))
PAGES = ("text/html", "text/csv")


class Answer(dict[str, str]):
    """The fields of an answer, by name; none if it is a page, a file or a redirect.

    `text` is the body, `status` the HTTP status and `headers` the headers by their names in lower case.
    """

    def __init__(self, endpoint: str, status: int, headers: Mapping[str, str], text: str) -> None:
        self.endpoint = endpoint
        self.status = status
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.text = text
        self.signature_is_right = True  # whoever knows the token says otherwise
        super().__init__(_fields(text) or {})

    @property
    def ok(self) -> bool:
        """Whether the request was processed, and the answer can be used and has the right signature.

        A declined card is a processed request: look at `status` and `trade_status` too.
        """
        return self.is_usable and not self.is_refusal and self.signature_is_right

    @property
    def is_refusal(self) -> bool:
        """Whether nothing was processed; the fields say why."""
        return self.get("is_success") == "F" and bool(self.get("error"))

    @property
    def is_usable(self) -> bool:
        """Whether this is an answer of the gateway, and not that of a fault in between."""
        if self:
            return True
        kind = self.headers.get("content-type", "").partition(";")[0]
        return 300 <= self.status < 400 or (self.status == 200 and kind in PAGES and bool(self.text))

    @property
    def request_id(self) -> int:
        """The number of the request in the journal; 0 when the answer has none."""
        return int(self.headers.get("x-tgpay-request", 0))

    @property
    def rule(self) -> str:
        """The name of the scenario's rule that was applied; empty when none was."""
        return self.headers.get("x-tgpay-rule", "")


def _fields(text: str) -> dict[str, str] | None:
    """The fields of an XML text; None when it is none."""
    if not text.lstrip().startswith("<?xml"):
        return None
    try:
        return {element.tag: element.text or "" for element in ElementTree.fromstring(text.encode())}
    except ElementTree.ParseError:
        return None
