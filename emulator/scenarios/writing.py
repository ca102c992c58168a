"""Writing scenarios as TOML, for people who are to change one."""
from collections.abc import Iterator, Mapping
from typing import Any

from ..base import toml as writer
from .judging import Scenario


def toml(scenario: Scenario) -> str:
    """The scenario as a file that `parse` reads; a summary that it has not is its name."""
    return written(scenario.as_json())


def written(document: Mapping[str, Any], notes: Mapping[str, str] | None = None, spread: bool = True) -> str:
    """The same of a scenario's JSON; a note stands as a comment before the rule of its name.

    Outcomes that come in turn have a line each, unless they are not to be `spread`.
    """
    parts = [f"summary = {writer.value(document['summary'] or document['name'])}"]
    for rule in document["rules"]:
        note = (notes or {}).get(rule["name"])
        parts.append("\n".join(([f"# {note}"] if note else []) + ["[[rule]]", *_lines(rule, spread)]))
    return "\n\n".join(parts) + "\n"


def _lines(rule: Mapping[str, Any], spread: bool) -> Iterator[str]:
    yield f"name = {writer.value(rule['name'])}"
    if rule["when"]:
        yield f"when = {writer.value(rule['when'])}"
    yield f"then = {writer.value(rule['then'], spread)}"
