"""JSON schemas of the interface's documents, for the OpenAPI document.

A component is declared once, beside the function that makes the document, and then referred to by its name.
All amounts are decimal texts in major units, all instants are texts in ISO 8601, in UTC.
"""
from collections.abc import Collection, Iterable, Mapping
from typing import Any

Schema = Mapping[str, Any]
COMPONENTS: dict[str, Schema] = {}
IN_MAJOR_UNITS = "decimal text in major units, such as 25.00"
IN_UTC = "ISO 8601 with milliseconds, in UTC"


def component(name: str, meaning: str, members: Mapping[str, Schema],
              optional: Collection[str] = ()) -> Schema:
    """Declare an object under a name, and return a reference to it.

    It has no members but these, and always those that are not `optional`.
    """
    COMPONENTS[name] = {
        "type": "object", "description": meaning, "additionalProperties": False,
        "required": [member for member in members if member not in optional], "properties": dict(members)}
    return reference(name)


def words(name: str, meaning: str, values: Iterable[str]) -> Schema:
    """Declare a text that is one of a few values under a name, and return a reference to it."""
    COMPONENTS[name] = {"type": "string", "description": meaning, "enum": list(map(str, values))}
    return reference(name)


def reference(name: str) -> Schema:
    """A reference to the component with this name."""
    return {"$ref": f"#/components/schemas/{name}"}


def text(meaning: str, **more: Any) -> Schema:
    """A text."""
    return {"type": "string", "description": meaning, **more}


def whole(meaning: str) -> Schema:
    """A whole number that is not negative."""
    return {"type": "integer", "minimum": 0, "description": meaning}


def flag(meaning: str) -> Schema:
    """True or false."""
    return {"type": "boolean", "description": meaning}


def amount(meaning: str) -> Schema:
    """An amount in major units; it may be negative."""
    return text(f"{meaning}; {IN_MAJOR_UNITS}", pattern=r"^-?[0-9]+\.[0-9]{2}$")


def moment(meaning: str) -> Schema:
    """An instant."""
    return text(f"{meaning}; {IN_UTC}", format="date-time")


def many(items: Schema, meaning: str) -> Schema:
    """A list."""
    return {"type": "array", "items": items, "description": meaning}


def by_name(values: Schema, meaning: str) -> Schema:
    """An object with any names."""
    return {"type": "object", "additionalProperties": values, "description": meaning}


def nullable(schema: Schema) -> Schema:
    """The schema, or null."""
    if "type" not in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    return {**schema, "type": [schema["type"], "null"]}


def listing(name: str, items: Schema, following: Schema | None = None) -> Schema:
    """Declare a page of a list, and return a reference to it.

    `following` is the schema of the ids by which pages follow each other, None if there is only one page.
    """
    end = {"description": "always null: there is one page", "type": "null"}
    after = {"description": "the `after` of the next page; null at the end", **(following or {})}
    return component(name, "A page of a list.", {
        "items": many(items, "in their order"), "next": nullable(after) if following else end})


BY_NUMBER: Schema = {"type": "integer", "minimum": 1}
BY_TEXT: Schema = {"type": "string"}
BINARY: Schema = {"type": "string", "format": "binary"}  # a file
