"""Merchants and their settings."""
from typing import Any

from flask import Response, jsonify

from ...domain import merchants as rules
from ...domain.merchants import Merchant
from ...operations import merchants
from ...operations.unit import merchant_of
from ...store import Reader
from ..current import emulator
from .interface import DEFAULT_ROWS, asked, body, listed, number, operation, paged_by, text_of

TEXT = {"type": "string"}
SETTINGS: dict[str, Any] = {
    **dict.fromkeys(rules.CHECKS, TEXT), "notify_method": {"enum": list(rules.NOTIFY_METHODS)},
    "products": {"type": "array", "items": {"enum": list(rules.PRODUCTS)}}, "strict": {"type": "boolean"},
    "stores": {"type": "array", "items": {
        "type": "object", "required": ["store_id", "store_name"], "additionalProperties": False,
        "properties": {"store_id": TEXT, "store_name": TEXT}}},
    "users": {"type": "array", "items": {
        "type": "object", "required": ["login", "password"], "additionalProperties": False,
        "properties": {"login": TEXT, "password": TEXT, "account_id": TEXT}}}}
NEW_SETTINGS = {"merchants_id": {"type": "string", "maxLength": merchants.LONGEST_NUMBER}, **SETTINGS}


def merchant_json(tables: Reader, merchant: Merchant) -> dict[str, Any]:
    """A merchant with its settings as JSON, without passwords, also those in its notify_url.

    `owner` is the name of the team that made it, if one did.
    """
    users = [{"login": user.login, "account_id": user.account_id}
             for user in tables.merchants.users(merchant.merchants_id)]
    owner = tables.merchants.owner_of(merchant.merchants_id)
    shown = {"merchants_id": merchant.merchants_id, **merchant.shown_settings(), "users": users}
    if owner:
        shown["owner"] = owner
    return shown


@operation("GET", "/merchants", "the merchants and their settings", paged_by("merchants_id"))
def list_merchants() -> Response:
    """A page of merchants; `after` is a merchants_id."""
    after = asked("after")["after"] or ""
    limit = number("limit", DEFAULT_ROWS)
    tables = emulator().store.read()
    found = tables.merchants.page(after, limit)
    return listed((merchant_json(tables, merchant) for merchant in found), limit, "merchants_id")


@operation("GET", "/merchants/<merchants_id>", "one merchant")
def get_merchant(merchants_id: str) -> Response:
    """A merchant with its settings."""
    tables = emulator().store.read()
    return jsonify(merchant_json(tables, merchant_of(tables, merchants_id)))


@operation("POST", "/merchants",
           "make a merchant, isolated from all others; without merchants_id and token it is given them",
           body={"properties": NEW_SETTINGS})
def make_merchant() -> tuple[Response, int]:
    """Make a merchant."""
    settings = body()
    merchants_id = text_of(settings, "merchants_id") if "merchants_id" in settings else None
    settings.pop("merchants_id", None)
    made = merchants.create(emulator().units, merchants_id, settings)
    return jsonify(merchant_json(emulator().store.read(), made)), 201


@operation("PATCH", "/merchants/<merchants_id>", "change settings of a merchant",
           body={"properties": SETTINGS})
def change_merchant(merchants_id: str) -> Response:
    """Change settings of a merchant."""
    changed = merchants.change(emulator().units, merchants_id, body())
    return jsonify(merchant_json(emulator().store.read(), changed))


@operation("DELETE", "/merchants/<merchants_id>", "remove a merchant and all that it did")
def remove_merchant(merchants_id: str) -> tuple[str, int]:
    """Remove a merchant with all its data."""
    merchants.remove(emulator().units, merchants_id)
    return "", 204
