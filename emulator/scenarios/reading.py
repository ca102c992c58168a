"""Reads scenarios from TOML files and from JSON.

The result is a Scenario, or Invalid is raised with all problems.
"""
import tomllib
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from ..protocol.characters import printable
from .kinds import kind_of
from .matching import Scenario
from .problems import Invalid, Problems, check_keys, read_label
from .reading_rules import LONGEST_NAME, read_rules

LONGEST_SUMMARY = 300
BYTE_ORDER_MARK = "\ufeff"  # editors on Windows begin a file with it
FROM_JSON = "custom"


def load(path: Path) -> Scenario:
    """Read the scenario of a TOML file; its name is that of the file. Raises Invalid."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise Invalid([f"{path.name} cannot be read: {why}"]) from None
    return parse(text, path.name)


def parse(text: str, file: str) -> Scenario:
    """Read the scenario of a TOML text; `file` is the file's name for sentences. Raises Invalid."""
    try:
        document = tomllib.loads(text.removeprefix(BYTE_ORDER_MARK), parse_float=_exact)
    except (ValueError, RecursionError) as error:
        why = error if isinstance(error, ValueError) else "it is nested too deeply"
        raise Invalid([f"{file} is not TOML: {printable(str(why))}"]) from None
    return _scenario(document, file, ("summary", "rule"), Path(file).stem)


def _exact(written: str) -> Decimal | str:
    """A number exactly as it is written; as text when it is infinite or no number (nan)."""
    try:
        return Decimal(written)
    except InvalidOperation:
        return written


def from_json(document: Any, place: str = "scenario") -> Scenario:
    """Read the scenario of `{"rules": [...]}` with an optional `name` and `summary`.

    Raises Invalid; each of its sentences begins with `place`.
    """
    return _scenario(document, place, ("name", "summary", "rules"), FROM_JSON)


def _scenario(document: Any, place: str, keys: tuple[str, ...], name: str) -> Scenario:
    """Read a document with these `keys`, the last of which has the rules; `name` is the name when it has
    none.
    """
    if not isinstance(document, Mapping):
        raise Invalid([f"{place}: it is {kind_of(document)}, not a table with {keys[-1]}"])
    problems = Problems(place, [])
    check_keys(document, keys, "", problems)
    scenario = Scenario(
        read_label(document.get("name", name), "name", LONGEST_NAME, problems),
        _summary(document, "name" not in keys, problems),
        read_rules(document.get(keys[-1]), keys[-1], problems))
    if problems.found:
        raise Invalid(problems.found)
    return scenario


def _summary(document: Mapping[str, Any], needed: bool, problems: Problems) -> str:
    """The summary, which is `needed` in files."""
    if "summary" not in document and needed:
        problems.add("summary", "is missing; describe the scenario in one sentence")
        return ""
    written = document.get("summary", "")
    return read_label(written, "summary", LONGEST_SUMMARY, problems) if written != "" or needed else ""
