"""Writing scenarios as TOML, for people who are to change one."""
import json
import re
from collections.abc import Mapping
from typing import Any

from .matching import Scenario

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def toml(scenario: Scenario) -> str:
    """The scenario as a file that `parse` reads; a summary that it has not is its name."""
    document = scenario.as_json()
    rules = ["\n".join(("[[rule]]", *(f"{key} = {_value(rule[key], key == 'then')}" for key in ("name", "when", "then") if rule[key] != {}
                                      or key == "then"))) for rule in document["rules"]]
    return "\n\n".join((f"summary = {_value(scenario.summary or scenario.name)}", *rules)) + "\n"


def _value(value: Any, spread: bool = False) -> str:
    """A value; a list that is spread has a line for each of its elements."""
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{_key(name)} = {_value(inner)}" for name, inner in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, list):
        return "[\n" + "".join(f"  {_value(inner)},\n" for inner in value) + "]" if spread else f"[{', '.join(map(_value, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _value(name)
