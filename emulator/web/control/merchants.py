"""Merchants and their settings."""
from typing import Any

from werkzeug.wrappers import Response

from ...domain import merchants as rules
from ...domain.merchants import Merchant
from ...operations import merchants
from ...operations.unit import merchant_of
from ...store import Reader
from .answers import as_json, listed, nothing
from .bodies import text_of
from .calls import Call
from .interface import operation
from .queries import DEFAULT_ROWS, paged_by
from .schemas import BY_TEXT, Schema, component, flag, listing, many, text, words

STORE = component("Store", "A shop of a merchant.", {
    "store_id": text("its number"), "store_name": text("its name")})
NEW_USER = component("NewUser", "A login of a merchant's staff.", {
    "login": text("unique over all merchants"), "password": text("only a hash is kept"),
    "account_id": text("its number")}, optional=("account_id",))
USER = component("User", "A login of a merchant's staff, without its password.", {
    "login": text("the login name"), "account_id": text("its number; empty if it has none")})
COMMON_SETTINGS: dict[str, Schema] = {
    "token": text("the secret for signatures: 32 letters and digits", minLength=32, maxLength=32),
    "name": text("the name that payers see", maxLength=128),
    "notify_url": text("where notifications are sent, unless a request has its own notify_url; empty for "
                       "nowhere"),
    "notify_method": words("NotifyMethod", "How notifications are sent.", rules.NOTIFY_METHODS),
    "currency": text("ISO 4217, with two decimals", pattern="^[A-Z]{3}$"),
    "rate": text("CNY for one unit of `currency`; decimal text such as 9.07480000"),
    "fee_rate": text("the fee, as a fraction of the amount; decimal text such as 0.006"),
    "products": many(words("Product", "A product that a merchant may use.", rules.PRODUCTS),
                     "the products that the merchant may use"),
    "strict": flag("whether requests that break a rule are refused instead of noted as a finding"),
    "stores": many(STORE, "the shops; payments are assigned to the first"),
    "wechat_key": text("the key that signs WeChat's payment call", maxLength=128),
    "industry": text("the merchant category code", maxLength=4)}
SETTINGS: dict[str, Schema] = {**COMMON_SETTINGS, "users": many(NEW_USER, "the logins of its staff")}
NEW_SETTINGS = {"merchants_id": text("its number; without it the next free one",
                                     maxLength=merchants.LONGEST_NUMBER), **SETTINGS}
MERCHANT = component("Merchant", "A merchant and its settings.", {
    "merchants_id": text("its number"), **COMMON_SETTINGS, "users": many(USER, "the logins of its staff"),
    "owner": text("the team that created it")}, optional=("owner",))


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


@operation("GET", "/merchants", "the merchants and their settings", paged_by("merchants_id"),
           returns=listing("MerchantList", MERCHANT, BY_TEXT))
def list_merchants(call: Call) -> Response:
    """A page of merchants; `after` is a merchants_id."""
    after = call.asked("after")["after"] or ""
    limit = call.number("limit", DEFAULT_ROWS)
    tables = call.tables()
    found = tables.merchants.page(after, limit)
    return listed((merchant_json(tables, merchant) for merchant in found), limit, "merchants_id")


@operation("GET", "/merchants/<merchants_id>", "one merchant", returns=MERCHANT)
def get_merchant(call: Call, merchants_id: str) -> Response:
    """A merchant with its settings."""
    tables = call.tables()
    return as_json(merchant_json(tables, merchant_of(tables, merchants_id)))


@operation("POST", "/merchants",
           "create a merchant, isolated from all others; merchants_id and token are generated unless given",
           body={"properties": NEW_SETTINGS}, returns=MERCHANT, statuses=(201,), problems=(409, 507))
def create_merchant(call: Call) -> Response:
    """Create a merchant."""
    settings = call.body()
    merchants_id = text_of(settings, "merchants_id") if "merchants_id" in settings else None
    settings.pop("merchants_id", None)
    made = merchants.create(call.emulator.units, merchants_id, settings)
    return as_json(merchant_json(call.tables(), made), 201)


@operation("PATCH", "/merchants/<merchants_id>", "change settings of a merchant",
           body={"properties": SETTINGS}, returns=MERCHANT, problems=(409,))
def update_merchant(call: Call, merchants_id: str) -> Response:
    """Change settings of a merchant."""
    changed = merchants.change(call.emulator.units, merchants_id, call.body())
    return as_json(merchant_json(call.tables(), changed))


@operation("DELETE", "/merchants/<merchants_id>", "delete a merchant with all its data",
           statuses=(204,))
def delete_merchant(call: Call, merchants_id: str) -> Response:
    """Remove a merchant with all its data."""
    merchants.remove(call.emulator.units, merchants_id)
    return nothing()
