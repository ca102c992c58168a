"""Health, reset, clock and merchants."""
import json
from typing import Any

from flask import Response, jsonify, request

from ... import __version__, scenarios
from ...base import durations, randomness
from ...base.clock import from_iso, iso, real_now
from ...domain import merchants
from ...domain.merchants import Invalid, Merchant, User
from ...operations import scheduler, seeding
from ...protocol import card_numbers
from ...store import KeyUsed, Reader, Unusable, Writer
from ..current import emulator
from .interface import (
    DEFAULT_ROWS, MERCHANT, Problem, Query, asked, body, listed, number, operation, paged_by, probes, problem,
    text_of, wrong_request, wrong_value)

EARLIEST, LATEST = from_iso("2000-01-01"), from_iso("2100-01-01")
LONGEST_KEY = 255
MOST_MERCHANTS = 100_000_000
IDEMPOTENCY_KEY = Query(
    "Idempotency-Key", "a text of your choice: a call that is repeated with it within a day of real time "
    "moves the clock once and is answered the same; with another body it is 422",
    {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY})
RANGE = "the clock runs from 2000 to 2100"
TEXT = {"type": "string"}
SETTINGS: dict[str, Any] = {
    **dict.fromkeys(merchants.CHECKS, TEXT), "notify_method": {"enum": list(merchants.NOTIFY_METHODS)},
    "products": {"type": "array", "items": {"enum": list(merchants.PRODUCTS)}}, "strict": {"type": "boolean"},
    "stores": {"type": "array", "items": {
        "type": "object", "required": ["store_id", "store_name"], "additionalProperties": False,
        "properties": {"store_id": TEXT, "store_name": TEXT}}},
    "users": {"type": "array", "items": {
        "type": "object", "required": ["login", "password"], "additionalProperties": False,
        "properties": {"login": TEXT, "password": TEXT, "account_id": TEXT}}}}
NEW_SETTINGS = {"merchants_id": {"type": "string", "maxLength": 16}, **SETTINGS}


@operation("GET", "/health", "whether requests can be served: 503 while starting or when the database cannot be written")
def health() -> Response:
    """The state of this process and its database."""
    try:
        now = emulator().store.check().clock.now()
    except Unusable as unusable:
        return problem(503, "Service Unavailable", str(unusable))
    return jsonify({"status": "ok", "version": __version__, "now": iso(now)})


@probes.get("/readyz")
def readyz() -> Response:
    """The same as health, at the root, for orchestrators."""
    return health()


@probes.get("/livez")
def livez() -> Response:
    """The process answers."""
    return jsonify({"status": "ok"})


@operation("POST", "/reset", "back to the seeded state, everything or one merchant", (MERCHANT,))
def reset() -> Response:
    """Forget what happened."""
    merchants_id = request.args.get("merchants_id")
    forget(merchants_id)
    return jsonify({"reset": merchants_id or "everything"})


def forget(merchants_id: str | None) -> None:
    """Bring a merchant, or everything, back to the state in which it was made. Raises Problem."""
    with emulator().store.write() as tables:
        if merchants_id is not None:
            known(tables, merchants_id)
        try:
            seeding.reset(tables, emulator().settings, merchants_id)
        except scenarios.Invalid as invalid:  # its file was changed after the start
            raise Problem(409, "Conflict", f"nothing is reset, because of the setting scenario: {invalid}") from invalid
        tables.wake()


@operation("GET", "/clock", "the emulator's clock")
def clock() -> Response:
    """What time it is."""
    return jsonify(scheduler.state(emulator().store.read().clock.get(), real_now()))


@operation("POST", "/clock", "move the clock; what falls due in between is done before it answers, and the "
           "answer says what was done, and what was skipped because receivers of notifications did not answer "
           "in time",
           headers=(IDEMPOTENCY_KEY,), body={"minProperties": 1, "maxProperties": 1, "properties": {
               "advance": {"type": ["string", "number"],
                           "description": "a duration: 500ms, 5s, 15m, 2h, 1d, or seconds"},
               "set": {"type": "string", "format": "date-time"}, "freeze": {"type": "boolean"},
               "reset": {"const": True}}})
def move_clock() -> Response:
    """Advance, set, freeze, unfreeze or reset the clock."""
    return jsonify(move(body(), _key()))


def _key() -> str:
    """The idempotency key of the request, empty when it has none. Raises Problem."""
    key = request.headers.get(IDEMPOTENCY_KEY.name)
    if key is None:
        return ""
    if not (key.strip() and len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        raise wrong_request(f"{IDEMPOTENCY_KEY.name} must be 1 to {LONGEST_KEY} printable ASCII characters")
    return key


def move(given: dict[str, Any], key: str = "") -> dict[str, Any]:
    """Move the clock as it is asked, until what falls due on the way has been done.

    Answers the clock and what was done. A call that is repeated with its idempotency key moves it once.
    Raises Problem.
    """
    here, written = emulator(), json.dumps(given, sort_keys=True)
    try:
        before = here.store.read().keys.find(key, written, real_now()) if key else None
        # A repeated call is not checked again: the clock has moved since.
        result = here.wait_for(before) if before else here.ask("clock", _move(given), key, written)
    except KeyUsed as used:
        raise wrong_value(f"the {IDEMPOTENCY_KEY.name} was used with another body; take a new one") from used
    if "error" in result:
        raise Problem(500, "Internal Server Error", f"the clock was not moved to the end: {result['error']}")
    return result


def _move(given: dict[str, Any]) -> dict[str, Any]:
    if len(given) != 1 or next(iter(given)) not in ("advance", "set", "freeze", "reset"):
        raise wrong_value("send exactly one of advance, set, freeze and reset")
    (name, value), = given.items()
    try:
        if name == "advance":
            step = durations.parse(value)
            if emulator().store.read().clock.now() + step > LATEST:
                raise ValueError(RANGE)
            return {"advance": step}
        if name == "set":
            instant = from_iso(value)
            if not EARLIEST <= instant <= LATEST:
                raise ValueError(RANGE)
            return {"set": instant}
    except (TypeError, ValueError) as error:
        raise wrong_value(f"{name}: {error}") from error
    if not isinstance(value, bool) or (name == "reset" and not value):
        raise wrong_value(f"{name} must be {'true' if name == 'reset' else 'true or false'}")
    return {name: value}


def known(tables: Reader, merchants_id: str) -> Merchant:
    """The merchant, or a problem."""
    merchant = tables.merchants.find(merchants_id)
    if merchant is None:
        raise Problem(404, "Not Found", f"there is no merchant {merchants_id}")
    return merchant


def merchant_json(tables: Reader, merchant: Merchant) -> dict[str, Any]:
    """A merchant with its settings; passwords, those in its notify_url among them, are told to nobody."""
    users = [{"login": user.login, "account_id": user.account_id} for user in tables.merchants.users(merchant.merchants_id)]
    return {"merchants_id": merchant.merchants_id, **merchant.shown_settings(), "users": users}


@operation("GET", "/merchants", "the merchants and their settings", paged_by("merchants_id"))
def list_merchants() -> Response:
    """A page of merchants; `after` is a merchants_id."""
    after = asked("after")["after"] or ""
    limit = number("limit", DEFAULT_ROWS)
    tables = emulator().store.read()
    merchants = tables.merchants.page(after, limit)
    return listed((merchant_json(tables, merchant) for merchant in merchants), limit, "merchants_id")


@operation("GET", "/merchants/<merchants_id>", "one merchant")
def get_merchant(merchants_id: str) -> Response:
    """A merchant with its settings."""
    tables = emulator().store.read()
    return jsonify(merchant_json(tables, known(tables, merchants_id)))


@operation("POST", "/merchants", "make a merchant, isolated from all others; without merchants_id and token it is given them",
           body={"properties": NEW_SETTINGS})
def make_merchant() -> tuple[Response, int]:
    """A new merchant."""
    return jsonify(make(body())), 201


def make(given: dict[str, Any]) -> dict[str, Any]:
    """Make a merchant of settings, and of a number when one is given; answers it. Raises Problem."""
    merchants_id = text_of(given, "merchants_id") if "merchants_id" in given else None
    changes = _checked({name: value for name, value in given.items() if name != "merchants_id"}, None)
    if merchants_id is not None and card_numbers.suspects(merchants_id):
        raise wrong_value("merchants_id has a card number in it")
    if merchants_id is not None and not (len(merchants_id) <= 16 and merchants_id.isascii() and merchants_id.isalnum()):
        raise wrong_value("merchants_id must be at most 16 letters and digits")
    users = [User.new(**user) for user in changes.pop("users", [])]
    with emulator().store.write() as tables:
        merchants_id = merchants_id or _free_number(tables)
        settings = {**merchants.new_settings(merchants_id, emulator().settings.seed), **changes}
        if not seeding.make(tables, merchants_id, settings, users):
            raise Problem(409, "Conflict", f"there is a merchant {merchants_id} already")
        _give_users(tables, merchants_id, users)
        return merchant_json(tables, known(tables, merchants_id))


def _free_number(tables: Reader) -> str:
    """A number that no merchant has, or has had since everything was last reset. Raises Problem."""
    def number_at(place: int) -> str:
        return f"29{randomness.digits(10, emulator().settings.seed, 'merchant', place)}"

    def is_used(place: int) -> bool:
        return tables.merchants.is_used(number_at(place))

    used, step = tables.merchants.count_removed() - 1, 1  # the first places are used up, so that few of them are tried
    while is_used(used + step):
        used, step = used + step, step * 2
        if used > MOST_MERCHANTS:
            raise Problem(507, "Insufficient Storage", "there are no merchant numbers left")
    free = used + step
    while free - used > 1:
        middle = (used + free) // 2
        used, free = (middle, free) if is_used(middle) else (used, middle)
    return number_at(free)


@operation("PATCH", "/merchants/<merchants_id>", "change settings of a merchant",
           body={"properties": SETTINGS})
def change_merchant(merchants_id: str) -> Response:
    """Put other settings in force."""
    return jsonify(change(merchants_id, body()))


def change(merchants_id: str, given: dict[str, Any]) -> dict[str, Any]:
    """The merchant with other settings. Raises Problem."""
    changes = _checked(given, known(emulator().store.read(), merchants_id))
    users = [User.new(**user) for user in changes["users"]] if "users" in changes else None
    changes.pop("users", None)
    with emulator().store.write() as tables:
        settings = {**known(tables, merchants_id).as_settings(), **changes}
        tables.merchants.change(merchants_id, settings)
        if users is not None:
            _give_users(tables, merchants_id, users)
        return merchant_json(tables, known(tables, merchants_id))


@operation("DELETE", "/merchants/<merchants_id>", "remove a merchant and all that it did")
def remove_merchant(merchants_id: str) -> tuple[str, int]:
    """Forget a merchant."""
    remove(merchants_id)
    return "", 204


def remove(merchants_id: str) -> None:
    """Remove a merchant and all that it did. Raises Problem."""
    with emulator().store.write() as tables:
        known(tables, merchants_id)
        tables.erase(merchants_id)
        tables.terminals.replace(merchants_id, ())
        tables.merchants.remove(merchants_id)


def _checked(changes: dict[str, Any], present: Merchant | None) -> dict[str, Any]:
    """The changes of a new merchant, or of one at `present`. Raises Problem."""
    try:
        return merchants.as_meant(merchants.checked(changes), present)
    except Invalid as invalid:
        raise wrong_value(str(invalid), errors=invalid.problems) from invalid


def _give_users(tables: Writer, merchants_id: str, users: list[User]) -> None:
    taken = tables.merchants.replace_users(merchants_id, users)
    if taken is not None:
        raise Problem(409, "Conflict", f"the login {taken} is used already")
