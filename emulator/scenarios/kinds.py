"""The formats of values in scenario files, and tables of keys as dataclasses: a field made with `key` is a
key.
"""
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from ..base import durations

_KINDS: Mapping[type, str] = {dict: "a table", list: "a list", bool: "true or false", int: "a number",
                              float: "a number",
                              Decimal: "a number", str: "a text", type(None): "nothing"}
LONGEST_SHOWN = 60
MOST_ZEROS = 30


@dataclass(frozen=True)
class Kind:
    """A format of values.

    `values` says in words what may be written. `parse` returns the value, or raises ValueError with a
    sentence about the key that begins with a verb; `write` is its inverse. `default` is the value of a key
    that is left out.
    """

    values: str
    parse: Callable[[object], Any]
    default: Any
    write: Callable[[Any], Any] = lambda value: value


@dataclass(frozen=True)
class Key:
    """A key of a table: the format of its value (`kind`) or the class of a nested table, and what it does.

    `endpoints` are those where it has an effect; empty means all.
    """

    name: str
    kind: Kind | None
    table: type[Any] | None
    meaning: str
    endpoints: tuple[str, ...]


def key(kind: Kind, meaning: str, endpoints: tuple[str, ...] = ()) -> Any:
    """A dataclass field that is a key."""
    return field(default=kind.default, metadata={"kind": kind, "meaning": meaning, "endpoints": endpoints})


def table(of: type[Any], meaning: str, endpoints: tuple[str, ...] = ()) -> Any:
    """A dataclass field that is a nested table of keys."""
    return field(default=of(), metadata={"table": of, "meaning": meaning, "endpoints": endpoints})


def keys_of(table: type[Any]) -> Mapping[str, Key]:
    """The keys of a table, by name."""
    return {each.name: Key(each.name, each.metadata.get("kind"), each.metadata.get("table"),
                           each.metadata["meaning"], each.metadata["endpoints"]) for each in fields(table)}


def given(values: Any) -> list[str]:
    """The names of the keys whose value is not the default, in the table's order."""
    return [each.name for each in fields(values) if getattr(values, each.name) != each.default]


def as_json(values: Any) -> dict[str, Any]:
    """A table as JSON, without keys that have their default."""
    rows = keys_of(type(values))
    written: dict[str, Any] = {}
    for name in given(values):
        kind, value = rows[name].kind, getattr(values, name)
        written[name] = kind.write(value) if kind else as_json(value)
    return written


def kind_of(value: object) -> str:
    """The type of a TOML or JSON value in words, for a sentence."""
    return _KINDS.get(type(value), "a date or a time")


def shortened(text: str, longest: int = LONGEST_SHOWN) -> str:
    """The text, cut when it is longer than `longest`."""
    return text if len(text) <= longest else f"{text[:longest]}…"


def quoted(value: object) -> str:
    """A value for a sentence: a text or number in quotes, cut when it is long; of anything else its type."""
    try:
        return repr(shortened(scalar(value)))
    except ValueError:
        return kind_of(value)


def near(word: str, words: Iterable[str], likeness: float = 0.6) -> str:
    """`; did you mean …?` with the most similar of the words, empty when none is at least `likeness` (0 to 1)
    similar.
    """
    close = get_close_matches(word[:LONGEST_SHOWN], list(words), 1, likeness)
    return f"; did you mean {close[0]}?" if close else ""


def scalar(value: object) -> str:
    """A text or number as text, numbers without an exponent. Raises ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal)):
        hint = "; put it in quotes" if kind_of(value) == "a date or a time" else ""
        raise ValueError(f"is {kind_of(value)}, not a text or a number{hint}")
    try:
        text = str(value)
    except ValueError:  # Python does not print numbers of more than 4300 digits
        raise ValueError("is a number that is too long") from None
    return _plain(text) if isinstance(value, (float, Decimal)) else text


def _plain(text: str) -> str:
    """The text of a number without an exponent, unless that would be a very long row of zeros."""
    number = Decimal(text)
    return f"{number:f}" if number.is_finite() and abs(number.adjusted()) < MOST_ZEROS else text


def one_of(*choices: str, default: str = "") -> Kind:
    """A format for one of a few words."""
    return Kind(", ".join(choices), lambda value: chosen(value, choices), default)


def chosen(value: object, choices: tuple[str, ...]) -> str:
    """Check that a value is one of the words.

    Raises ValueError, which names all of them and the most similar one.
    """
    text = scalar(value)
    if text not in choices:
        raise ValueError(f"is {quoted(text)}, none of {', '.join(choices)}{near(text, choices)}")
    return text


def some_of(*choices: str) -> Kind:
    """A format for a word or a list of different words; the value is a tuple."""
    def parse(value: object) -> tuple[str, ...]:
        words = tuple(chosen(each, choices) for each in (value if isinstance(value, list) else [value]))
        if not words:
            raise ValueError("is an empty list; leave the key out")
        if len(set(words)) < len(words):
            raise ValueError("has a word twice")
        return words
    return Kind(f"one or a list of {', '.join(choices)}", parse, (), list)


def whole(least: int, most: int, default: int) -> Kind:
    """A format for a whole number."""
    return Kind(f"{least} to {most}", lambda value: _whole(value, least, most), default)


def _whole(value: object, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"is {quoted(value)}, not a whole number from {least} to {most}")
    return value


def copies(most: int) -> Kind:
    """A format for a number of copies: `true` means two, `false` one."""
    def parse(value: object) -> int:
        return 1 + value if isinstance(value, bool) else _whole(value, 1, most)
    return Kind(f"true (two), or 1 to {most}", parse, 1)


def duration(most: int = durations.LONGEST) -> Kind:
    """A format for a duration of at most `most`; the value is in milliseconds, None when the key is left out.
    """
    def parse(value: object) -> int:
        text = scalar(value)
        try:
            milliseconds = durations.parse(text)
        except ValueError as error:
            raise ValueError(f"is wrong: {shortened(str(error), 150)}") from None
        if milliseconds > most:
            raise ValueError(f"is {quoted(value)}, more than {durations.text(most)}")
        return milliseconds
    limit = "" if most == durations.LONGEST else f", at most {durations.text(most)}"
    return Kind(f"duration{limit}", parse, None, durations.text)


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"is {quoted(value)}, not true or false")
    return value


SWITCH = Kind("true or false", _switch, False)
DURATION = duration()
