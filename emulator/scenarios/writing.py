"""Writes scenarios as TOML, so that people can edit them."""
import json
import re
from collections.abc import Mapping
from typing import Any

from .matching import Scenario

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def toml(scenario: Scenario) -> str:
    """The TOML file of a scenario, which `parse` reads. Without a summary, its name is written as the summary."""
    rules = [_rule(rule) for rule in scenario.as_json()["rules"]]
    return "\n\n".join((f"summary = {_value(scenario.summary or scenario.name)}", *rules)) + "\n"


def _rule(rule: Mapping[str, Any]) -> str:
    lines = ["[[rule]]", f"name = {_value(rule['name'])}"]
    if rule["when"]:
        lines.append(f"when = {_value(rule['when'])}")
    return "\n".join((*lines, f"then = {_value(rule['then'], spread=True)}"))


def _value(value: Any, spread: bool = False) -> str:
    """A value in TOML. With `spread`, each element of a list is on a line of its own."""
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{_key(name)} = {_value(inner)}" for name, inner in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, list) and spread:
        return "[\n" + "".join(f"  {_value(inner)},\n" for inner in value) + "]"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _value(name)
