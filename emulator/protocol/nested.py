"""Parameters that are JSON documents, described by rows like other parameters.

The name of a row is a path, such as `cust.email` or `goods[].sku`. A part with `[]` may be an object or a
list of objects. Members without a row are accepted, like undeclared parameters.
"""
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from .characters import unprintable
from .parameters import Format, Param

KINDS = {dict: "an object", list: "a list", bool: "true or false", int: "a number", float: "a number",
         type(None): "null"}


class _Place(Struct):
    """A place in the document: the row of a value, or the members of an object (`many`: or of a list of
    objects).
    """

    row: Param | None = None
    many: bool = False
    inside: dict[str, "_Place"] = {}


def document(name: str, rows: tuple[Param, ...],
             rules: tuple[Callable[[Mapping[str, Any]], str | None], ...] = (),
             numbers: bool = False) -> Format:
    """The format of a JSON object with these rows.

    `rules` are checks that rows cannot express; each returns the sentence of a problem or None. With
    `numbers`, whole numbers are accepted as texts.
    """
    top = _Place()
    for row in rows:
        place = top
        for part in row.name.split("."):
            place = place.inside.setdefault(part.removesuffix("[]"), _Place())
            place.many = place.many or part.endswith("[]")
        place.row = row

    def problem(written: str) -> str | None:
        try:
            given = read(written)
        except ValueError as error:
            return str(error)
        if not isinstance(given, dict):
            return f"is {_kind(given)}, not a JSON object"
        found = [*_problems(top, "", given, numbers),
                 *(sentence for rule in rules if (sentence := rule(given)))]
        return f"is wrong: {', '.join(found)}" if found else None
    return Format(name, problem, {"type": "string", "contentMediaType": "application/json"}, rows)


def read(written: str) -> Any:
    """Parse a JSON document. Raises ValueError with a sentence that does not repeat the document."""
    try:
        return _decode(written)
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    except ValueError as error:
        place = f" at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise ValueError(f"is not JSON{place}") from None


def _refuse(constant: str) -> None:
    """Refuse NaN and Infinity, which Python accepts as JSON. Raises ValueError."""
    raise ValueError(constant)


_decode = json.JSONDecoder(parse_constant=_refuse).decode


def _problems(place: _Place, path: str, value: Any, numbers: bool) -> Iterator[str]:
    if value in (None, ""):
        return
    if isinstance(value, str) and not value.isprintable() and (wrong := unprintable("", value)):
        yield f"{path}{wrong}"
    elif isinstance(value, dict) and place.inside:
        for name, inner in place.inside.items():
            if name in value:
                yield from _problems(inner, f"{path}.{name}" if path else name, value[name], numbers)
    elif isinstance(value, list) and place.many:
        for number, element in enumerate(value):
            yield from _problems(_Place(inside=place.inside), f"{path}[{number}]", element, numbers)
    elif place.row is None:
        yield f"{path} is {_kind(value)}, not {'a list of objects' if place.many else 'an object'}"
    elif not isinstance(value, str) and not (numbers and type(value) is int):
        yield f"{path} is {_kind(value)}, not a text"
    else:
        yield from _value_problems(place.row, path, str(value))


def _value_problems(row: Param, path: str, value: str) -> Iterator[str]:
    if wrong := row.format.problem(value):
        yield f"{path} {wrong}"
    if row.length and len(value) > row.length:
        yield f"{path} has {len(value)} characters, the table allows {row.length}"


def _kind(value: Any) -> str:
    return KINDS.get(type(value), "a text")
