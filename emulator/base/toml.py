"""Values written as TOML, for files, pages and commands: the standard library only reads it."""
import json
import re
from collections.abc import Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_DELETE = "\x7f"  # JSON writes it as it is, TOML must not


def value(given: Any, spread: bool = False) -> str:
    """A value on one line; a list that is `spread` has a line for each element.

    Raises TypeError for what TOML has not.
    """
    if isinstance(given, str):
        return json.dumps(given, ensure_ascii=False).replace(_DELETE, f"\\u{ord(_DELETE):04x}")
    if isinstance(given, bool):
        return str(given).lower()
    if isinstance(given, (int, float)):
        return repr(given)
    if isinstance(given, Mapping):
        pairs = ", ".join(f"{key(name)} = {value(inner)}" for name, inner in given.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if not isinstance(given, (list, tuple)):
        raise TypeError(f"TOML has no {type(given).__name__}")
    if spread:
        return "[\n" + "".join(f"  {value(inner)},\n" for inner in given) + "]"
    return f"[{', '.join(map(value, given))}]"


def key(name: str) -> str:
    """A key, in quotes where it needs them."""
    return name if _BARE.fullmatch(name) else value(name)
