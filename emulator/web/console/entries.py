"""A request of the journal as its page and an order's timeline show it: with its verdict explained, and as a
command to send it again.
"""
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from os.path import commonprefix
from typing import Any

from ...gateway.handling import OK
from ...protocol.findings import RULES
from ...store import Reader
from . import curl

LANGUAGES = {"php": "PHP", "java": "Java", "python": "Python", "javascript": "JavaScript"}
_SENTENCE = re.compile("<(detail_error_des|result_msg)>(.+?)</")
_OF_RULES = ("scenario", "rule", "then", "passed", "untold", "elsewhere")


@dataclass(frozen=True)
class Marked:
    """A text with a place in it: what is before the mark, what is marked, and the rest."""

    before: str
    mark: str
    after: str


@dataclass(frozen=True)
class Signature:
    """A refused signature, explained.

    Each of the `ways` is the codes of mistakes that give it together. `yours` and `right` are None where it
    is not known how the client made its value, and the same where the difference is inside of what is hidden.
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


@dataclass(frozen=True)
class Scenario:
    """What the scenario in force said: the `rule` that fitted and what it does, or none; why others did not,
    as far as they are told.
    """

    name: str
    rule: str | None
    then: str
    passed: list[tuple[str, str]]
    untold: int
    elsewhere: int


@dataclass(frozen=True)
class Entry:
    """A request: `row` is the journal's, `known` what only its endpoint could tell, `again` the command that
    sends it again, `reason` the sentence with which it was refused.
    """

    row: Mapping[str, Any]
    params: Mapping[str, str]
    findings: list[dict[str, str]]
    scenario: Scenario | None
    signature: Signature | None
    known: list[tuple[str, str]]
    again: str
    reason: str

    @property
    def ok(self) -> bool:
        """Whether it was not refused."""
        return bool(self.row["verdict"] == OK)


def read(tables: Reader, row: Any) -> Entry:
    """The entry of a row of the journal."""
    params, told = json.loads(row["params"]), json.loads(row["explanation"])
    merchant = tables.merchants.find(row["merchants_id"])
    explained = "canonical" in told
    return Entry(
        dict(row), params, [{**finding, "change": RULES[finding["code"]].change}
                            for finding in json.loads(row["findings"])],
        _scenario(told) if "scenario" in told else None, _signature(told) if explained else None,
        [] if explained else [(name, str(value)) for name,
                              value in told.items() if name not in _OF_RULES and value],
        curl.signed(row["endpoint"], row["method"], params, merchant.token if merchant else None),
        "" if row["verdict"] == OK else _reason(row["answer"]))


def _scenario(told: Mapping[str, Any]) -> Scenario:
    return Scenario(told["scenario"], told["rule"], json.dumps(told.get("then", {}), ensure_ascii=False),
                    told["passed"], told["untold"],
                    told["elsewhere"])


def _reason(answer: str) -> str:
    """The sentence in the answer of a refusal."""
    found = _SENTENCE.search(answer)
    return unescape(found[2]) if found else ""


def _signature(told: Mapping[str, Any]) -> Signature:
    from ...diagnosis.differences import TOKEN  # most merchants never need it

    differs, whole = told["differs"], f"{told['canonical']}{TOKEN}"
    yours, right = _apart(differs["yours"], differs["right"], TOKEN) if differs else (None, None)
    place = differs["position"] if differs else len(whole)
    length = len(TOKEN) if place >= len(told["canonical"]) else 1
    ways = told.get("ways") or ([told["mistakes"]] if told["mistakes"] else [])
    shown = _marked(whole, place, length)
    is_hidden = differs is not None and differs["yours"] == differs["right"]
    lines = [(name, told["code"][language]) for language, name in LANGUAGES.items()] if told["code"] else []
    return Signature(told["sentence"], ways, told["expected"], told["given"], shown, yours, right, is_hidden,
                     lines)


def _apart(yours: str, right: str, token: str) -> tuple[Marked, ...]:
    """Two texts with their first difference marked; where it begins in what stands for the token, all of
    that.
    """
    same = len(commonprefix((yours, right)))
    return tuple(_marked(text, same, len(token) if text.startswith(token, same) else 1)
                 for text in (yours, right))


def _marked(text: str, place: int, length: int) -> Marked:
    return Marked(text[:place], text[place:place + length], text[place + length:])
