"""The JSON bodies of the control interface, and the check for unknown members.

Parsers of JSON differ in how they read repeated names, very large numbers and deep nesting. Here these are
errors.
"""
import json
import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

from .problems import wrong_request, wrong_value
from .queries import listed_names, shown

MOST_BYTES = 32 * 1024 * 1024
DEEPEST = 32
MOST_DIGITS = 100
TOO_DEEP = f"is nested too deeply; at most {DEEPEST} levels are allowed"


def read_object(raw: bytes) -> dict[str, Any]:
    """The JSON object in a body; an empty body is an empty object. Raises Problem."""
    try:
        given = read_json(raw.decode("utf-8-sig")) if raw.strip() else {}
    except UnicodeDecodeError:
        raise wrong_request("the body must be JSON in UTF-8") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise wrong_request(f"the body must be JSON: {error.msg} at {where}") from None
    except ValueError as error:
        raise wrong_request(f"the body {error}") from None
    if not isinstance(given, dict):
        raise wrong_request("the body must be a JSON object")
    return given


def read_json(text: str) -> Any:
    """The value of a JSON text.

    Raises JSONDecodeError, or ValueError with a message that continues the words `the body`.
    """
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_no_number, parse_float=_float,
                           parse_int=_int)
    except RecursionError:
        raise ValueError(TOO_DEEP) from None
    _check_values(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"has {shown(twice)} more than once")
    return made


def _no_number(written: str) -> None:
    raise ValueError(f"has {written}, which is not a JSON number")


def _float(written: str) -> float:
    value = float(written)
    if not math.isfinite(value) or len(written) > MOST_DIGITS:
        raise ValueError(f"has the number {shown(written)}, which is too large or too long")
    return value


def _int(written: str) -> int:
    if len(written) > MOST_DIGITS:
        raise ValueError(f"has a number of {len(written)} digits; at most {MOST_DIGITS} are allowed")
    return int(written)


def _check_values(value: Any) -> None:
    """Check the depth of a JSON value, and that its texts can be encoded as UTF-8. Raises ValueError.

    It works level by level, because a recursive function would exceed Python's recursion limit.
    """
    level = [value]
    for _ in range(DEEPEST + 1):
        _check_texts(level)
        level = [inner for each in level if isinstance(each, (dict, list)) for inner in _inside(each)]
        if not level:
            return
    raise ValueError(TOO_DEEP)


def _inside(outer: dict[str, Any] | list[Any]) -> list[Any]:
    return [*outer, *outer.values()] if isinstance(outer, dict) else outer


def _check_texts(values: list[Any]) -> None:
    try:
        "".join(value for value in values if isinstance(value, str)).encode()
    except UnicodeEncodeError:
        raise ValueError("has half of a surrogate pair") from None


def check_members(given: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    """Check that a body has no members beyond its schema. Raises Problem, which names them."""
    known = schema["properties"]
    unknown = [name for name in given if name not in known]
    if unknown:
        which = "; ".join(f"{shown(name)} is not a member of this body" for name in unknown[:10])
        raise wrong_request(f"{which}; {listed_names(known, unknown[0])}",
                            errors={name: "is unknown" for name in unknown[:10]})


def text_of(given: Mapping[str, Any], name: str) -> str:
    """A text member of a body. Raises Problem when it is missing, empty or not a text."""
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise wrong_value(f"{name} must be a string")
    return value
