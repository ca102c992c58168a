"""The texts of pages, found by a short key and a language.

The folder `languages/` has the texts. `en.json` and `zh.json` have the same keys, for the payers' pages
(`payer`) and for the console (`console`). Their sections only help translators: a key is unique among all
sections.

The English sentences of the protocol's tables are in the tables themselves. `zh.tables.json` has the Chinese
ones, in a section for each kind of table. A key is made from the row: `endpoint: tgpayqrcode.title`,
`parameter: out_trade_no`, `finding: TOO_LONG.change`. A sentence that is made for a single request has no key
and stays in English.
"""
import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from .. import terminal
from ..protocol.response_codes import RESPONSE_CODES
from ..protocol.test_cards import REASONS, SCRIPTED_REASON

Sections = Mapping[str, Mapping[str, str]]
LANGUAGES = ("en", "zh")
PAYER, CONSOLE = "payer", "console"
_SCRIPTED_REASON = re.compile(SCRIPTED_REASON.format(code=r"(\d{4})"))
_FOLDER = Path(__file__).parent / "languages"


@cache
def catalogue(name: str) -> Mapping[str, Any]:
    """The contents of a file in `languages/`: sections of texts by group of pages or by kind of table."""
    found: Mapping[str, Any] = json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return found


@cache
def of_pages(language: str, pages: str) -> Mapping[str, str]:
    """The texts of payers' pages or of the console, by name."""
    return {name: text for section in catalogue(language)[pages].values() for name, text in section.items()}


@cache
def of_tables(language: str) -> Sections:
    """The sentences of the protocol's tables in a language other than English, by kind and key."""
    return {} if language == "en" else catalogue(f"{language}.tables")


@cache
def messages() -> Mapping[str, tuple[str, str]]:
    """The kind and key of each message of response codes, terminals, cards and deliveries, by its sentence.

    Orders, answers and delivery attempts store these messages as English sentences.
    """
    from ..operations import forwarding, inbox, outbox  # imported late: payers' pages do not need them

    special = terminal.AMOUNT_TRIGGERS.values()
    answers = [(f"{answer.result}.{answer.issuer_code}", answer.message) for answer in special]
    of_terminals = [*terminal.MESSAGES.items(), *terminal.REASONS.items(), *answers]
    found = {message: ("terminal", str(name)) for name, message in reversed(of_terminals) if message}
    found |= {outbox.SKIPPED: ("delivery", "skipped"), forwarding.GONE: ("delivery", "gone"),
              inbox.REMOVED: ("delivery", "removed"), inbox.FORGED: ("delivery", "forged"),
              inbox.ALTERED: ("delivery", "altered"), inbox.OTHER_TOKEN: ("delivery", "other_token")}
    found |= {sentence: ("card_reason", name) for name, sentence in REASONS.items()}
    return {**found, **{row.message: ("code", row.code) for row in RESPONSE_CODES.values()}}


def rule_keys(scenario: str) -> Mapping[str, str]:
    """The key of each rule of a bundled scenario, by its name: `chaos.1`; none for other scenarios."""
    from ..scenarios import shipped, shipped_scenario  # imported late, because only Chinese pages need it

    rules = shipped_scenario(scenario).rules if scenario in shipped() else []
    return {rule.name: f"{scenario}.{place}" for place, rule in enumerate(rules, 1)}


class Texts:
    """The texts of one language, such as `texts.pay`.

    `texts.language` is the code of the language, `texts.other` the code of the other one.
    """

    def __init__(self, language: str, pages: str = PAYER) -> None:
        self.language = language if language in LANGUAGES else "en"
        self.other = "en" if self.language == "zh" else "zh"
        self._texts = of_pages(self.language, pages)

    def __getitem__(self, name: str) -> str:
        return self._texts[name]

    def __getattr__(self, name: str) -> str:
        try:
            found: str = self.__dict__["_texts"][name]
        except KeyError:
            raise AttributeError(name) from None
        return found

    def told(self, sentence: str, kind: str = "", *keys: str) -> str:
        """The translation of a table's sentence, by the first key that has one; otherwise the sentence."""
        return self._translated(kind, keys) or sentence

    def said(self, sentence: str, kind: str = "", *keys: str) -> Markup:
        """The same as HTML. A sentence without a translation is marked as English on other pages."""
        found = self._translated(kind, keys)
        if found is None and self.language != "en":
            return Markup('<span lang="en">{}</span>').format(sentence)
        return escape(found or sentence)

    def named(self, name: str, word: str) -> str:
        """The text with this name; the word itself if there is none."""
        return self._texts.get(name, word)

    def upcoming(self, event: str) -> str:
        """The name of an event that has not happened yet."""
        return self.named(f"due_{event}", self[f"event_{event}"])

    def compared(self, distance: str, direction: str) -> str:
        """How far a clock is from another one, such as 2d 3h ahead of system time.

        `distance` is written as `2d 3h`; `direction` is the key of the text around it.
        """
        parts = (self.numbered(self[f"unit_{part[-1]}"], part[:-1]) for part in distance.split())
        return self.numbered(self[direction], " ".join(parts))

    def joined(self, *sentences: str) -> str:
        """Sentences one after another: with a space between them, but none after a Chinese full stop."""
        return ("" if self.language == "zh" else " ").join(sentences)

    @staticmethod
    def numbered(text: str, value: object) -> str:
        """A text with a value instead of its `#`."""
        return text.replace("#", str(value))

    def card_reason_said(self, sentence: str) -> Markup:
        """Why a card was answered as it was, as HTML, marked like in `said`."""
        scripted = _SCRIPTED_REASON.match(sentence)
        if scripted is None or self.language == "en":
            return self.message_said(sentence)
        return escape(self.told("", "card_reason", "scripted").format(code=scripted[1]))

    def rule_of(self, scenario: str, name: str) -> str:
        """The name of a scenario's rule: translated in bundled scenarios, otherwise as it is written."""
        return self.told(name, "rule", rule_keys(scenario).get(name, "")) if self.language != "en" else name

    def coded(self, code: str) -> str:
        """A response code with its message."""
        row = RESPONSE_CODES.get(code)
        return f"{code} {self.message(row.message)}" if row else code

    def message(self, sentence: str) -> str:
        """The translation of a message that an order or answer stores; otherwise the message itself."""
        return self.told(sentence, *messages().get(sentence, ()))

    def message_said(self, sentence: str) -> Markup:
        """The same as HTML, marked like in `said`."""
        return self.said(sentence, *messages().get(sentence, ()))

    def _translated(self, kind: str, keys: tuple[str, ...]) -> str | None:
        known = of_tables(self.language).get(kind, {})
        return next((known[key] for key in keys if key in known), None)
