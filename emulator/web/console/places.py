"""Finds the lines of a scenario's text to which the problems with it belong."""
import json
import re
from collections.abc import Iterable, Iterator

Line = tuple[int, str, list[str]]
_AT_LINE = re.compile(r"line (\d+)")
_RULE = re.compile(r"\brule (\d+)")
_KEY = re.compile(r": ((?:name|summary|when|then|rules?)\b[\w.]*)")
_TOML_RULE = re.compile(r"^\s*\[\[\s*rule\s*]]")
_JSON_RULES = re.compile(r'"rules"\s*:\s*\[')
_BETWEEN = " \t\r\n,"


def is_json(text: str) -> bool:
    """Whether a scenario's text is JSON rather than TOML."""
    return text.lstrip().startswith("{")


def placed(text: str, problems: Iterable[str]) -> list[Line]:
    """The lines of a scenario's text: number from 1, text, and the problems in it."""
    lines = text.splitlines() or [""]
    starts = (list(_json_starts(text)) if is_json(text)
              else [at for at, line in enumerate(lines, 1) if _TOML_RULE.match(line)])
    found: dict[int, list[str]] = {}
    for problem in problems:
        found.setdefault(min(_line(lines, starts, problem), len(lines)), []).append(problem)
    return [(at, line, found.get(at, [])) for at, line in enumerate(lines, 1)]


def _line(lines: list[str], starts: list[int], problem: str) -> int:
    """The number of a problem's line: the one that it names, otherwise that of its key in its rule."""
    named, rule, key = _AT_LINE.search(problem), _RULE.search(problem), _KEY.search(problem)
    if " is not TOML" in problem or " is not JSON" in problem:
        return int(named[1]) if named else len(lines)
    number = int(rule[1]) if rule else 0
    first = starts[number - 1] if 0 < number <= len(starts) else 1
    after = starts[number] if 0 < number < len(starts) else len(lines) + 1
    words = key[1].split(".") if key else []
    for word in reversed(words):
        for at in range(first, after):
            if re.search(rf"\b{re.escape(word)}\b", lines[at - 1]):
                return at
    return first


def _json_starts(text: str) -> Iterator[int]:
    """The numbers of the lines in which the rules of a JSON text begin."""
    match = _JSON_RULES.search(text)
    place = match.end() if match else len(text)
    while True:
        while place < len(text) and text[place] in _BETWEEN:
            place += 1
        try:
            _, after = json.JSONDecoder().raw_decode(text, place)
        except (ValueError, RecursionError):
            return
        yield text.count("\n", 0, place) + 1
        place = after
