"""Imports merchants from the file of an export: all of it in one transaction, or nothing."""
import json
import secrets
from collections.abc import Iterator, Mapping
from typing import IO, Any

import msgspec
from msgspec import Struct

from .. import scenarios
from ..base.clock import FROZEN, SHARED, OwnClock, iso
from ..domain.errors import Conflict, Invalid
from ..domain.inboxes import Reply, replies
from ..domain.merchants import from_settings
from ..store import Writer
from ..store.schema import VERSION as SCHEMA
from ..store.transfer import NUMBERED, TABLES, Addition, columns_of, is_refusal
from .export_secrets import HIDDEN, PASSWORD, SIGNING, with_secrets
from .exporting import STORED
from .merchants import check_number
from .payments import BY_CONTROL
from .transfer_format import Header, MerchantRow, Part, Unpacked, damaged, refused
from .unit import Unit, Units, check_everybody

HIGHEST_ID = 2**52
MOST_WHOLE = 2**63
LATEST = 253_370_764_800_000  # the year 9999, in milliseconds
# Columns with JSON; an empty text or NULL is none.
_JSON = {"merchants": ("settings", "made"), "orders": ("details", "card", "terminal", "script"),
         "history": ("detail",), "notifications": ("altered",), "attempts": ("findings", "received"),
         "journal": ("params", "findings", "explanation"), "transactions": ("state",),
         "scenarios": ("document",), "notebook": ("entry",), "inboxes": ("replies",)}
# What nobody else may have, and how it is called.
_UNIQUE = {"users": ("login_key", "login"), "terminals": ("serial", "terminal"),
           "transactions": ("result_id", "terminal transaction")}


class Imported(Struct, frozen=True):
    """A merchant that was imported: its token, whether this was drawn, and the instant of its clock."""

    merchants_id: str
    token: str
    token_is_new: bool
    replaced: bool
    now: str


class Report(Struct, frozen=True):
    """What was imported; `differences` are settings that were others where the file was made: there, here."""

    merchants: list[Imported]
    rows: int
    clock: str
    made_at: str
    differences: dict[str, tuple[str, str]]


def read(units: Units, file: IO[bytes], replace: bool, clock: str = FROZEN) -> Report:
    """Import the merchants in a file, which is read twice: once to check it, without holding anybody up.

    With `replace` merchants that exist are replaced, else only those to which nothing has happened. `clock`
    is what a merchant's clock does: it shows the instant of the export and stands, or runs from there, or is
    the shared one. Raises Invalid for a file that cannot be imported, Conflict, and Forbidden for a team.
    """
    check_everybody(units.store.owner)
    for _ in _checked(Unpacked(file)):
        continue
    unpacked = Unpacked(file)
    with units.begin(BY_CONTROL) as unit:
        try:
            return _Import(unit, unpacked, clock).carry_out(replace)
        except Exception as error:
            if is_refusal(error):
                raise Conflict("a row of the file contradicts another one or what is here; "
                               "nothing was imported") from error
            raise


def _checked(unpacked: Unpacked) -> Iterator[Part]:
    """The parts of a file, each of which fits this emulator. Raises Invalid."""
    header = unpacked.header
    if header.schema != SCHEMA:
        wanted = "newer" if header.schema > SCHEMA else "older"
        raise refused(f"the file was exported by tgpay-emulator {header.product}, whose database is {wanted} "
                      f"(schema {header.schema}, this one has {SCHEMA})")
    for merchant in header.merchants:
        check_number(merchant.merchants_id)
    known = {merchant.merchants_id for merchant in header.merchants if 0 <= merchant.now_ms < LATEST}
    if len(known) < len(header.merchants) or set(header.tables) != set(TABLES):
        raise damaged("its first line is invalid")
    seen = set()
    for part in unpacked.parts():
        if part.merchants_id not in known or part.table not in TABLES:
            raise damaged(f"it has rows of {part.table} of merchant {part.merchants_id}")
        if part.columns != list(columns_of(part.table)):
            raise damaged(f"the columns of {part.table} are not those of this version")
        _check_rows(part, header)
        if part.table == "merchants":
            seen.add(part.merchants_id)
        yield part
    if seen != known:
        raise damaged(f"the merchant {min(known - seen)} is not in it")


def _check_rows(part: Part, header: Header) -> None:
    """Check the types of the values, the ids, and what is JSON. Raises Invalid."""
    kinds, ids = list(columns_of(part.table).values()), header.tables[part.table].ids
    documents = _JSON.get(part.table, ())
    for row in part.rows:
        if len(row) != len(kinds) or not all(map(_fits, row, kinds)):
            raise damaged(f"a row of {part.table} has wrong values")
        values: dict[str, Any] = dict(zip(part.columns, row))
        if part.table in NUMBERED and not (ids and 1 <= ids[0] <= values["id"] <= ids[1] <= HIGHEST_ID):
            raise damaged(f"an id of {part.table} is not among those of the first line")
        try:
            read_documents = {name: msgspec.json.decode(values[name]) for name in documents if values[name]}
            _check_documents(part, read_documents)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, scenarios.Invalid,
                Invalid):
            raise damaged(f"a row of {part.table} cannot be read") from None


def _fits(value: Any, kind: tuple[type, bool]) -> bool:
    wanted, may_be_null = kind
    if value is None:
        return may_be_null
    if wanted is str:
        return isinstance(value, str)
    return type(value) is int and -MOST_WHOLE <= value < MOST_WHOLE


def _check_documents(part: Part, documents: Mapping[str, Any]) -> None:
    """Check what every request of a merchant reads, or its inbox. Raises Invalid, ValueError, KeyError
    and the like.
    """
    if part.table == "merchants":
        for settings in (documents["settings"], documents["made"]["settings"]):
            from_settings(part.merchants_id, settings)
    if part.table == "scenarios":
        scenarios.from_json(documents["document"])
    if "received" in documents:
        msgspec.convert(documents["received"], _Found)
    if part.table == "inboxes":
        replies([Reply(**each).as_json() for each in documents["replies"]])


class _Found(Struct, frozen=True):
    """What an inbox has found, as far as its list shows it."""

    verified: bool
    repeated: bool
    expected: str = ""
    explanation: str | None = None


class _Import:
    """One import, within a transaction."""

    def __init__(self, unit: Unit, unpacked: Unpacked, clock: str) -> None:
        self._unit = unit
        self._tables: Writer = unit.tables
        self._unpacked = unpacked
        self._clock = clock
        self._tokens: dict[str, tuple[str, bool]] = {}

    def carry_out(self, replace: bool) -> Report:
        """Import everything. Raises Conflict."""
        header = self._unpacked.header
        owners = {merchant.merchants_id: self._make_room(merchant.merchants_id, replace)
                  for merchant in header.merchants}
        ids = {name: table.ids for name, table in header.tables.items() if table.ids is not None}
        addition = Addition(self._tables.connection, ids)
        for part in _checked(self._unpacked):
            rows = [self._opened(part, dict(zip(part.columns, row))) for row in part.rows]
            self._check_unique(addition, part, rows)
            addition.add(part.table, part.merchants_id, part.columns, [list(row.values()) for row in rows])
        shared = self._tables.clock.now()
        for merchant in header.merchants:
            self._tables.merchants.give_to(merchant.merchants_id, owners[merchant.merchants_id] or "")
            self._set_clock(addition, merchant, shared)
        self._tables.wake()
        return self._report(header, owners)

    def _make_room(self, merchants_id: str, replace: bool) -> str | None:
        """Remove a merchant that may be replaced, and return its owner; None if there is none."""
        merchants = self._tables.merchants
        found = merchants.find(merchants_id)
        if found is None:
            return None
        made = merchants.made(merchants_id) or {}
        is_used = self._tables.is_used(merchants_id) or found.as_settings() != made.get("settings")
        if is_used and not replace:
            raise Conflict(f"merchant {merchants_id} exists already; --replace (replace=true) replaces "
                           "it with all its data; nothing was imported")
        owner = merchants.owner_of(merchants_id)
        self._tables.erase(merchants_id)
        self._tables.terminals.replace(merchants_id, ())
        merchants.make_room(merchants_id)
        return owner

    def _opened(self, part: Part, row: dict[str, Any]) -> dict[str, Any]:
        """A row with secrets drawn for those that are hidden in it."""
        if part.table != "merchants":
            return {**row, PASSWORD: ""} if row.get(PASSWORD) == HIDDEN else row
        settings = json.loads(row["settings"])
        token_is_new = settings["token"] == HIDDEN
        drawn = {PASSWORD: "", **{name: secrets.token_hex(16) for name in SIGNING}}
        token = drawn["token"] if token_is_new else settings["token"]
        self._tokens[part.merchants_id] = token, token_is_new
        return {**row, **{name: _written(row[name], drawn) for name in ("settings", "made")}}

    def _check_unique(self, addition: Addition, part: Part, rows: list[dict[str, Any]]) -> None:
        """Raise Conflict if a merchant here has something that only one may have."""
        column, called = _UNIQUE.get(part.table, ("", ""))
        for row in rows if column else ():
            owner = addition.taken_by(part.table, column, row[column])
            if owner is not None:
                raise Conflict(f"the {called} {row[column]} belongs to merchant {owner} here; "
                               "nothing was imported")

    def _set_clock(self, addition: Addition, merchant: MerchantRow, shared: int) -> None:
        """Set the clock of an imported merchant; standing, it does nothing by itself.

        What was due at the instant of the export then happens, and notifications wait for the next instant.
        """
        number, now = merchant.merchants_id, merchant.now_ms
        own = OwnClock(now - shared, now if self._clock == FROZEN else None)
        self._tables.clock.set_own(number, None if self._clock == SHARED else own)
        if self._clock == FROZEN:
            for order_id in addition.overdue(number, now):
                self._unit.order_by_id(order_id)
            addition.hold_back(number, now)
            self._tables.clock.set_own(number, own)

    def _report(self, header: Header, owners: Mapping[str, str | None]) -> Report:
        here = {name: self._unit.settings.text(name) for name in STORED}
        if header.seed is not None and header.seed != self._unit.settings.seed:
            here["seed"] = "another one"
        there = {**header.settings, "seed": "its own"}
        differences = {name: (there[name], value) for name, value in here.items()
                       if name in there and there[name] != value}
        imported = [Imported(each.merchants_id, *self._tokens[each.merchants_id],
                             owners[each.merchants_id] is not None,
                             iso(self._tables.clock.now(each.merchants_id))) for each in header.merchants]
        return Report(imported, header.rows, self._clock, header.made_at, differences)


def _written(document: str, drawn: Mapping[str, str]) -> str:
    """A JSON text, unchanged unless something in it is hidden."""
    found = json.loads(document)
    opened = with_secrets(found, drawn)
    return document if opened == found else msgspec.json.encode(opened).decode()


__all__ = ["Imported", "Invalid", "Report", "read"]
