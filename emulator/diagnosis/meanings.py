"""Values that a client may have meant when it sent them without URL-encoding: `+` and `%` stand for
themselves.
"""
from collections.abc import Callable, Iterator

from ..signing.arrivals import decoded, with_pluses
from .separators import sending_mistake
from .signing_mistakes import PLUS_NOT_ENCODED, Mistake

PERCENT_NOT_ENCODED = sending_mistake(
    "PERCENT_NOT_ENCODED",
    "a % was signed, but sent as it is, and was decoded on arrival; URL-encode values when sending")
Meaning = Callable[[str], str]


def meanings(is_written: bool) -> Iterator[tuple[Meaning, bool]]:
    """The ways to read the text of a value, each with whether all values of the request are to be read so.

    `is_written` says that the text before decoding is known.
    """
    yield decoded if is_written else str, False
    for everywhere in (False, True):
        for meaning in (with_pluses, as_it_is) if is_written else (_spaces_as_pluses,):
            yield meaning, everywhere


def mistakes_of(meaning: Meaning, text: str) -> list[Mistake]:
    """The mistakes that a client made in sending a text that has to be read in this way."""
    mistakes = []
    if (meaning in (with_pluses, as_it_is) and "+" in text) or (meaning is _spaces_as_pluses and " " in text):
        mistakes.append(PLUS_NOT_ENCODED)
    if meaning is as_it_is and "%" in text:
        mistakes.append(PERCENT_NOT_ENCODED)
    return mistakes


def as_it_is(text: str) -> str:
    """The text of a value, taken literally."""
    return text


def _spaces_as_pluses(value: str) -> str:
    return value.replace(" ", "+")
