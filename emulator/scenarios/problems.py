"""The problems of a scenario that is read, and the checks of keys, names and summaries."""
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..protocol.card_numbers import suspects
from .kinds import near, quoted, shortened

HAS_A_CARD_NUMBER = "has a card number in it; only the condition card may have one"


class Invalid(Exception):
    """A scenario is wrong. Each of its `problems` is a sentence that names the file, the rule and the key."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Problems:
    """Collects the problems of a scenario; `place` says where they are: the file and perhaps the rule."""

    place: str
    found: list[str]

    def add(self, key: str, sentence: str) -> None:
        """Add a problem: `sentence` goes on behind the key."""
        self.found.append(f"{self.place}: {key} {sentence}")

    def within(self, place: str) -> "Problems":
        """The same collection for a place within this one."""
        return Problems(f"{self.place}, {place}", self.found)


def check_keys(table: Mapping[str, Any], known: tuple[str, ...], path: str, problems: Problems) -> None:
    """Add a problem for each key that is not known; `path` stands before the key."""
    for name in table:
        if name not in known:
            problems.add(f"{path}{shown_key(name)}",
                         f"is not a key; the keys are {', '.join(known)}{near(str(name), known)}")


def shown_key(name: object) -> str:
    """A key for a sentence: cut when it is long, and quoted when it is not printable."""
    text = shortened(str(name))
    return text if text.isprintable() else repr(text)


def read_label(value: Any, key: str, longest: int, problems: Problems) -> str:
    """A name or a summary, empty when it is wrong: then a problem was added."""
    if not isinstance(value, str) or not value.strip() or len(value) > longest or not value.isprintable():
        problems.add(key, f"is {quoted(value)}, not a line of 1 to {longest} printable characters")
        return ""
    if suspects(value):
        problems.add(key, HAS_A_CARD_NUMBER)
        return ""
    return value
