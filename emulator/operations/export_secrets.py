"""Hides what signs and opens in the rows of an export: tokens, keys and passwords of a merchant.

Texts of secrets are hidden wherever they are, also in requests and answers that repeat them.
"""
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..base import urls
from ..store import Snapshot
from ..store.columns import to_json

HIDDEN = urls.HIDDEN
SIGNING = ("token", "wechat_key")
PASSWORD = "password_hash"
SHORTEST = 16  # characters of a secret that is looked for everywhere: shorter ones may be in words


class Mask:
    """Hides the secrets of one merchant."""

    def __init__(self, tables: Snapshot, merchants_id: str) -> None:
        merchant, made = tables.merchants.find(merchants_id), tables.merchants.made(merchants_id)
        settings = [merchant.as_settings() if merchant else {}, made["settings"] if made else {}]
        found = {str(each[name]) for each in settings for name in SIGNING if each.get(name)}
        written = {to_json(secret)[1:-1] for secret in found}
        self._secrets = sorted((text for text in found | written if len(text) >= SHORTEST), key=len)[::-1]

    def hidden(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
        """Rows of the merchant without its secrets."""
        return [[self._value(table, name, value) for name, value in zip(columns, row)] for row in rows]

    def _value(self, table: str, column: str, value: Any) -> Any:
        if column == PASSWORD:
            return HIDDEN
        if not isinstance(value, str) or not value:
            return value
        if table == "merchants" and column in ("settings", "made"):
            value = to_json(without_secrets(json.loads(value)))
        for secret in self._secrets:
            value = value.replace(secret, HIDDEN)
        return urls.discreet(value)


def without_secrets(value: Any) -> Any:
    """A structure with `***` for the members that are secrets, and for users and passwords in URLs."""
    if isinstance(value, list):
        return [without_secrets(each) for each in value]
    if isinstance(value, dict):
        return {name: HIDDEN if name in (*SIGNING, PASSWORD) else without_secrets(inner)
                for name, inner in value.items()}
    return urls.discreet(value) if isinstance(value, str) else value


def with_secrets(value: Any, drawn: Mapping[str, str]) -> Any:
    """A structure in which members that are hidden have the values in `drawn`, by their names."""
    if isinstance(value, list):
        return [with_secrets(each, drawn) for each in value]
    if isinstance(value, dict):
        return {name: drawn[name] if name in drawn and inner == HIDDEN else with_secrets(inner, drawn)
                for name, inner in value.items()}
    return value
