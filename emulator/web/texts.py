"""What pages say, found in the catalogue by a short key and a language.

The catalogue is `languages/`: `en.json` and `zh.json` have the same keys, for the payers' pages (`payer`) and
for the console (`console`). Their sections only help a translator to find a text: its name is there once.

The protocol's tables have their English sentences themselves. `zh.tables.json` has their Chinese, in sections
for kinds of tables; a key is made from the row: `endpoint: tgpayqrcode.title`, `parameter: out_trade_no`,
`finding: TOO_LONG.change`. A sentence that is made for one request has no key and stays in English.
"""
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from .. import terminal
from ..protocol.response_codes import RESPONSE_CODES

Sections = Mapping[str, Mapping[str, str]]
LANGUAGES = ("en", "zh")
PAYER, CONSOLE = "payer", "console"
_FOLDER = Path(__file__).parent / "languages"


@cache
def catalogue(name: str) -> Mapping[str, Any]:
    """A file of the catalogue: of a language, its sections by the pages that say them; of tables, by kind."""
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
    """The kind and key of each message of codes and terminals: orders and answers keep them as sentences."""
    special = terminal.AMOUNT_TRIGGERS.values()
    answers = [(f"{answer.result}.{answer.issuer_code}", answer.message) for answer in special]
    of_terminals = [*terminal.MESSAGES.items(), *terminal.REASONS.items(), *answers]
    found = {message: ("terminal", str(name)) for name, message in reversed(of_terminals) if message}
    return {**found, **{row.message: ("code", row.code) for row in RESPONSE_CODES.values()}}


class Texts:
    """The texts of one language: `texts.pay`; `texts.language` and `texts.other` name it and the other one.
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
        """A sentence of a table in this language: of the first key that it knows; else as it stands."""
        return self._translated(kind, keys) or sentence

    def said(self, sentence: str, kind: str = "", *keys: str) -> Markup:
        """The same as HTML: what stays in English is marked as such on a page in another language."""
        found = self._translated(kind, keys)
        if found is None and self.language != "en":
            return Markup('<span lang="en">{}</span>').format(sentence)
        return escape(found or sentence)

    def message(self, sentence: str) -> str:
        """What an order or an answer keeps as a sentence, in this language when it is one of a table."""
        return self.told(sentence, *messages().get(sentence, ()))

    def message_said(self, sentence: str) -> Markup:
        """The same as HTML."""
        return self.said(sentence, *messages().get(sentence, ()))

    def _translated(self, kind: str, keys: tuple[str, ...]) -> str | None:
        known = of_tables(self.language).get(kind, {})
        return next((known[key] for key in keys if key in known), None)
