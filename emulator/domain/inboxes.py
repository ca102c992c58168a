"""What a merchant's inbox answers to notifications."""
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from ..base import durations
from ..protocol import card_numbers
from .errors import Invalid

ANSWER = "answer"
MOST_REPLIES, LONGEST_BODY, LONGEST_DELAY = 20, 1_000, durations.MINUTE


class Reply(Struct, frozen=True):
    """An answer: its body and status, and how long it takes (milliseconds)."""

    body: str = "success"
    status: int = 200
    delay: int = 0

    def as_json(self) -> dict[str, Any]:
        """The answer as the control interface shows it, and takes it."""
        shown: dict[str, Any] = {"status": self.status, "body": self.body}
        return {**shown, "delay": durations.text(self.delay)} if self.delay else shown


SUCCESS = Reply()
RULE = ("must be a text, a status from 200 to 599, or an object of status, body and delay; or a list of up "
        f"to {MOST_REPLIES} of these, which are used one after the other")


def replies(given: Any) -> list[Reply]:
    """The answers that were asked for: one, or a list of them. Raises Invalid."""
    written = given if isinstance(given, list) else [given]
    if not 0 < len(written) <= MOST_REPLIES:
        raise Invalid({ANSWER: RULE})
    try:
        return [_reply(each) for each in written]
    except ValueError as error:
        raise Invalid({ANSWER: str(error)}) from error


def _reply(given: Any) -> Reply:
    """An answer from its text, its status or an object. Raises ValueError."""
    if isinstance(given, str):
        return _checked({"body": given})
    if isinstance(given, int) and not isinstance(given, bool):
        return _checked({"status": given} if 200 <= given < 300 else {"status": given, "body": ""})
    if not isinstance(given, dict) or not set(given) <= {"status", "body", "delay"}:
        raise ValueError(RULE)
    return _checked(given)


def _checked(given: Mapping[str, Any]) -> Reply:
    """An answer from its parts. Raises ValueError."""
    body, status = given.get("body", SUCCESS.body), given.get("status", SUCCESS.status)
    if isinstance(status, bool) or not isinstance(status, int) or not 200 <= status <= 599:
        raise ValueError(RULE)
    if not isinstance(body, str) or len(body) > LONGEST_BODY or "\0" in body:
        raise ValueError(f"has a body that is not a text of at most {LONGEST_BODY} characters")
    if card_numbers.suspects(body):
        raise ValueError(card_numbers.PROBLEM)
    delay = durations.parse(given.get("delay", "0s"))
    if delay > LONGEST_DELAY:
        raise ValueError(f"has a delay of more than {durations.text(LONGEST_DELAY)}")
    return Reply(body, status, delay)
