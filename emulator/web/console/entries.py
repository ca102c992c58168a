"""A request of the journal, for its page and for an order's timeline.

Its verdict is explained, and it comes with the command that sends it again.
"""
import json
import re
from collections.abc import Mapping
from html import unescape
from os.path import commonprefix
from typing import Any

from msgspec import Struct

from ...gateway.measuring import OK
from ...protocol.faults import FAULTS, fault_of
from ...protocol.findings import RULES
from ...protocol.outcomes import Outcome, outcome
from ...store import Reader
from . import curl

TRICKLING = "slow"
LANGUAGES = {"php": "PHP", "java": "Java", "python": "Python", "javascript": "JavaScript"}
_SENTENCE = re.compile("<(detail_error_des|result_msg)>(.+?)</")
_OF_RULES = ("scenario", "rule", "then", "passed", "untold", "elsewhere")


class Marked(Struct, frozen=True):
    """A text with a marked part, and the text before and after it."""

    before: str
    mark: str
    after: str


class Signature(Struct, frozen=True):
    """The explanation of a refused signature.

    Each of `ways` is a list of mistakes (codes) that together produce it. `yours` and `right` are None if it
    is unknown how the client made its value. They are equal if the difference is inside a hidden value.
    """

    sentence: str
    ways: list[list[str]]
    expected: str
    given: str
    whole: Marked
    yours: Marked | None
    right: Marked | None
    is_hidden: bool
    remedies: list[tuple[str, str]]


class Scenario(Struct, frozen=True):
    """How the scenario in force applied to a request.

    `rule` is the name of the matching rule or None, and `then` is its outcome. `passed` are rules that did
    not match, with the reasons; `untold` is the number of further ones that are not listed. `elsewhere` is
    the number of rules for other endpoints.
    """

    name: str
    rule: str | None
    then: str
    passed: list[tuple[str, str]]
    untold: int
    elsewhere: int


class Entry(Struct, frozen=True):
    """A request of the journal: `row` is its row.

    `known` are names and values that its endpoint has explained, `again` is the command that sends it again,
    and `reason` is the sentence with which it was refused. `fault` is the scenario's fault that its response
    had, empty if it arrived whole. `outcome` is that of an accepted request whose payment failed or is
    pending.
    """

    row: Mapping[str, Any]
    params: Mapping[str, str]
    findings: list[dict[str, str]]
    scenario: Scenario | None
    signature: Signature | None
    known: list[tuple[str, str]]
    again: str
    reason: str
    fault: str = ""
    outcome: Outcome | None = None

    @property
    def ok(self) -> bool:
        """Whether the request was accepted."""
        return bool(self.row["verdict"] == OK)

    @property
    def colour(self) -> str:
        """The colour of what the client received: good, wait or bad."""
        if self.fault:
            return "wait" if self.fault == TRICKLING else "bad"
        if self.outcome:
            return "wait" if self.outcome.is_open else "bad"
        return "good" if self.ok else "bad"

    @property
    def is_kept_whole(self) -> bool:
        """Whether the row has the response that would have been sent, and not what arrived."""
        return bool(self.fault) and FAULTS[self.fault].is_kept_whole

    @property
    def has_answer(self) -> bool:
        """Whether there is a response to show: a request that was dropped has none."""
        return not self.fault or bool(self.row["answer"])


def read(tables: Reader, row: Any) -> Entry:
    """The entry for a row of the journal."""
    params, explanation = json.loads(row["params"]), json.loads(row["explanation"])
    merchant = tables.merchants.find(row["merchants_id"])
    explained = "canonical" in explanation
    return Entry(
        dict(row), params, [{**finding, "change": RULES[finding["code"]].change}
                            for finding in json.loads(row["findings"])],
        _scenario(explanation) if "scenario" in explanation else None,
        _signature(explanation) if explained else None,
        [] if explained else [(name, str(value)) for name,
                              value in explanation.items() if name not in _OF_RULES and value],
        curl.signed(row["endpoint"], row["method"], params, merchant.token if merchant else None),
        "" if row["verdict"] == OK else _reason(row["answer"]), fault_of(explanation),
        outcome(row["endpoint"], row["answer"]) if row["verdict"] == OK else None)


def _scenario(explanation: Mapping[str, Any]) -> Scenario:
    outcome = json.dumps(explanation.get("then", {}), ensure_ascii=False)
    return Scenario(explanation["scenario"], explanation["rule"], outcome, explanation["passed"],
                    explanation["untold"], explanation["elsewhere"])


def _reason(answer: str) -> str:
    """The sentence in the answer to a refused request; empty when it has none."""
    found = _SENTENCE.search(answer)
    return unescape(found[2]) if found else ""


def _signature(explanation: Mapping[str, Any]) -> Signature:
    from ...diagnosis.differences import TOKEN  # imported late, because most requests do not need it

    differs, whole = explanation["differs"], f"{explanation['canonical']}{TOKEN}"
    yours, right = _apart(differs["yours"], differs["right"], TOKEN) if differs else (None, None)
    place = differs["position"] if differs else len(whole)
    length = len(TOKEN) if place >= len(explanation["canonical"]) else 1
    mistakes, code = explanation["mistakes"], explanation["code"]
    ways = explanation.get("ways") or ([mistakes] if mistakes else [])
    shown = _marked(whole, place, length)
    is_hidden = differs is not None and differs["yours"] == differs["right"]
    lines = [(name, code[language]) for language, name in LANGUAGES.items()] if code else []
    return Signature(explanation["sentence"], ways, explanation["expected"], explanation["given"], shown,
                     yours, right, is_hidden, lines)


def _apart(yours: str, right: str, token: str) -> tuple[Marked, ...]:
    """Two texts, each with the character at their first difference marked.

    If the text that stands for the token begins there, all of it is marked.
    """
    same = len(commonprefix((yours, right)))
    return tuple(_marked(text, same, len(token) if text.startswith(token, same) else 1)
                 for text in (yours, right))


def _marked(text: str, place: int, length: int) -> Marked:
    return Marked(text[:place], text[place:place + length], text[place + length:])
