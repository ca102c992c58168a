"""Writes scenarios as TOML, so that people can edit them."""
from collections.abc import Iterator, Mapping
from typing import Any

from ..base import toml as writer
from .matching import Scenario


def toml(scenario: Scenario) -> str:
    """The TOML file of a scenario, which `parse` reads. Without a summary, its name is written as the
    summary.
    """
    return written(scenario.as_json())


def written(document: Mapping[str, Any], notes: Mapping[str, str] | None = None, spread: bool = True) -> str:
    """The TOML file of a scenario's JSON; a note is written as a comment before the rule of its name.

    With `spread`, each outcome of a list is on a line of its own.
    """
    parts = [f"summary = {writer.value(document['summary'] or document['name'])}"]
    for rule in document["rules"]:
        note = (notes or {}).get(rule["name"])
        comment = [f"# {note}"] if note else []
        parts.append("\n".join([*comment, "[[rule]]", *_lines(rule, spread)]))
    return "\n\n".join(parts) + "\n"


def _lines(rule: Mapping[str, Any], spread: bool) -> Iterator[str]:
    yield f"name = {writer.value(rule['name'])}"
    if rule["when"]:
        yield f"when = {writer.value(rule['when'])}"
    yield f"then = {writer.value(rule['then'], spread)}"
