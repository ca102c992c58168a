"""Checks answers against the OpenAPI document, strictly: what it does not name must not be there."""
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

COMPONENTS = "#/components/"


class Document:
    """An OpenAPI document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.operations = {operation["operationId"]: (method.upper(), path, operation)
                           for path, methods in document["paths"].items()
                           for method, operation in methods.items()}

    def response(self, operation_id: str, status: int) -> Mapping[str, Any]:
        """What an operation says of a status."""
        responses = self.operations[operation_id][2]["responses"]
        assert str(status) in responses, f"{operation_id} says nothing of {status}"
        found = responses[str(status)]
        name = found.get("$ref", "").removeprefix(f"{COMPONENTS}responses/")
        return self.document["components"]["responses"][name] if name else found

    def mistakes(self, schema: Mapping[str, Any], value: Any) -> list[str]:
        """Where a value is not what the schema says."""
        whole = {**strict(schema), "components": strict(self.document["components"])}
        checker = Draft202012Validator(whole, format_checker=FormatChecker(("date-time", "date")))
        return [f"{error.json_path}: {error.message[:200]}" for error in checker.iter_errors(value)]

    def component(self, name: str, value: Any) -> list[str]:
        """Where a value is not what a component says."""
        return self.mistakes({"$ref": f"{COMPONENTS}schemas/{name}"}, value)


def strict(schema: Any) -> Any:
    """A schema whose objects have no members but those that it names."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {"additionalProperties": False} if "properties" in schema and "type" in schema else {}
    return {**closed, **{name: strict(inner) for name, inner in schema.items()}}


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    """All schemas of objects within a schema."""
    for inner in schema if isinstance(schema, list) else schema.values() if isinstance(schema, dict) else ():
        yield from objects(inner)
    if isinstance(schema, dict) and isinstance(schema.get("properties"), dict):
        yield schema
