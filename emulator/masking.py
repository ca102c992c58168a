"""What of a request is never kept.

That is passwords, those in URLs among them, and of a card all but its brand, first six and last four digits.
"""
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from . import cards, urls
from .contract import printable

HIDDEN = "***"
CARD_DATA = ("payinfo", "cardno", "cardnumber", "cvv", "cvc")  # in a parameter's name as `_plain` writes it
LONG_NAME = 20  # longer ones are no parameter's: a body of another kind that was read as a form
_CARD_WORDS = re.compile("card_?no|cvv|cvc", re.IGNORECASE)
# Blanks and dashes between digits.
_SEPARATORS = re.compile(r"(?<=\d)[ -]+(?=\d)", re.ASCII)


class Mask:
    """Takes what is secret out of the texts of one request; `params` are its parameters as they may be kept.

    Numbers that it has where card data belongs are hidden wherever else they stand. Where cards are `paid`, so is whatever looks like a
    card number and is no part of the order's, and a parameter that has anything of a card in it is hidden as a whole. `hides` when
    there is anything to hide beside what has a secret's name.
    """

    def __init__(self, params: Mapping[str, str], paid: bool) -> None:
        self._numbers = _card_numbers(params)
        self._order_number = params.get("out_trade_no", "")
        kept = {urls.discreet(printable(name)): HIDDEN if is_secret(name) else urls.discreet(printable(value))
                for name, value in params.items()}
        together = "\n".join((*kept, *kept.values()))
        # One look at everything: nearly always there is nothing to hide but what has a secret's name.
        joined = together.replace(" ", "").replace("-", "")
        runs = cards.numbers_in(f"{together}\n{joined}") if paid or self._numbers else set()
        self.hides = any(cards.like_a_card(run) or any(number in run for number in self._numbers) for run in runs)
        if self.hides or '"' in together:
            kept = {self._whole(name): self._whole(value) for name, value in kept.items()}
        self.params = kept

    def text(self, text: str) -> str:
        """A text about the request with `***` in place of card numbers, and of users and passwords in URLs.

        The card numbers are at most those of the parameters.
        """
        text = urls.discreet(text)
        if not self.hides:
            return text
        for number in self._numbers:
            text = re.sub("[ -]*".join(number), HIDDEN, text)
        return cards.without_numbers(text, self._order_number)

    def misplaced(self, params: Mapping[str, str]) -> list[str]:
        """The names of parameters that would be kept with a card number in them: a test card's, or one that is in the card data too."""
        if not self.hides:
            return []
        others = {name: _SEPARATORS.sub("", value) for name, value in params.items() if not has_card_data(name)}
        return [name for name, value in others.items() if cards.has_test_card(value) or any(number in value for number in self._numbers)]

    def _whole(self, text: str) -> str:
        """The text, unless it has a card number in it, or is a document that speaks of a card."""
        return HIDDEN if self.text(text) != text or ('"' in text and _CARD_WORDS.search(text)) else text


@lru_cache(maxsize=1024)
def has_card_data(name: str) -> bool:
    """Whether a parameter's name says that card data is in it."""
    return any(word in _plain(name) for word in CARD_DATA) or _plain(name) == "pan"


@lru_cache(maxsize=1024)
def is_secret(name: str) -> bool:
    """Whether the value of a parameter of this name is kept from everybody."""
    return has_card_data(name) or _plain(name) == "password"


def _plain(name: str) -> str:
    """A parameter's name without what clients vary in it: `pay_info`, `payInfo` and `PAY-INFO` are the same."""
    return re.sub(r"[\W_]", "", name).lower()


def _card_numbers(params: Mapping[str, str]) -> set[str]:
    """The card numbers of a request, found where card data belongs, and in names that are whole documents."""
    places = [value for name, value in params.items() if has_card_data(name)] + [name for name in params if len(name) > LONG_NAME]
    return cards.numbers_in(_SEPARATORS.sub("", "\n".join(_texts(places)))) if places else set()


def _texts(places: Iterable[str]) -> Iterator[str]:
    """The texts, and those inside of them where they are JSON with escapes: a digit may be written as one."""
    for place in places:
        yield place
        if "\\" in place:
            try:
                yield from _inside(json.loads(place))
            except (ValueError, RecursionError):
                pass


def _inside(value: Any) -> Iterator[str]:
    if isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _inside(inner)
    else:
        yield str(value)
