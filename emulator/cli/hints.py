"""What to do when the emulator does not know something: the nearest names, and the command that lists all."""
import re
from collections.abc import Callable, Iterable

UNKNOWN = re.compile(r"there is no (merchant|terminal|notification) (\S+)$")
JOURNAL = re.compile(r"the journal has no entry \d+$")
LISTED = {"merchant": ("/merchants", "merchants_id", "merchants"),
          "terminal": ("/terminals", "terminal_sn", "terminals"), "notification": ("", "", "notify")}
MOST_NEAR = 3
LIKENESS = 0.8  # 0 to 1


def nearest(wrong: str, known: Iterable[str]) -> list[str]:
    """The known names that are most similar to a wrong one, the most similar first."""
    from difflib import get_close_matches  # imported late, because serve needs none of it

    return get_close_matches(wrong, list(known), MOST_NEAR, LIKENESS)


def listed(names: list[str]) -> str:
    """Names in a sentence: `a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def advice(sentence: str, names: Callable[[str, str], list[str]]) -> str:
    """What to add to the sentence of a refusal; empty if there is nothing to add.

    `names` returns the names that a list at a path has in a column.
    """
    if JOURNAL.search(sentence):
        return "; tgpay-emulator journal lists the requests"
    found = UNKNOWN.search(sentence)
    if not found:
        return ""
    path, column, command = LISTED[found[1]]
    near = nearest(found[2], names(path, column)) if path else []
    which = f"; did you mean {' or '.join(near)}?" if near else ""
    return f"{which}{' ' if which else '; '}tgpay-emulator {command} lists them"
