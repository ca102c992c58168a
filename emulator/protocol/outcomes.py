"""What the answer to an accepted request says: the gateway answers OK to a payment that failed."""
import re
from html import unescape

from msgspec import Struct

from .response_codes import CardStatus

_FIELD = re.compile(r"<(\w+)>([^<]*)</\1>")
_BAD = frozenset((CardStatus.FAILED, CardStatus.EXPIRED, CardStatus.CANCELED))
_OPEN = frozenset((CardStatus.PENDING, CardStatus.PENDING_REVIEW))
FAIL, UNKNOWN = "FAIL", "UNKNOWN"
CARDS = "tgpaybankcard"


class Outcome(Struct, frozen=True):
    """The code of a payment that failed or is pending, as 1001 or 3084, and its sentence."""

    code: str
    sentence: str
    is_open: bool = False


def outcome(endpoint: str, answer: str) -> Outcome | None:
    """The outcome in the XML answer to an accepted request; None if it succeeded.

    An answer to a query tells of an earlier payment, so that it has succeeded whatever it tells.
    """
    fields = dict(_FIELD.findall(answer))
    code = fields.get("result_code", "")
    sentence = unescape(fields.get("detail_error_des") or fields.get("result_msg") or "")
    if fields.get("is_success") == "F":
        return Outcome(fields.get("result_msg_code") or code, sentence)
    if code in (FAIL, UNKNOWN):
        return Outcome(fields.get("detail_error_code") or code, sentence, code == UNKNOWN)
    status = fields.get("status") if endpoint == CARDS else None
    if status in _BAD or status in _OPEN:
        return Outcome(code, sentence, status in _OPEN)
    return None
