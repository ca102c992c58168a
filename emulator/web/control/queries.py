"""The query parameters of the control interface, and the check of a query.

Unknown names, repeated names, empty values and invalid values are errors, so that a misspelt filter never
lists, resets or deletes too much.
"""
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import partial
from typing import Any

from msgspec import Struct, field
from werkzeug.datastructures import MultiDict

from ...base import durations, values
from ...protocol.parameters import DATE
from .problems import wrong_request

DEFAULT_ROWS, MOST_ROWS = 100, 1_000
MOST_ID = 2**63 - 1  # an id is a signed integer of 64 bits in the database
LONGEST_SHOWN = 60


class Query(Struct, frozen=True):
    """A query parameter of an operation.

    `schema` describes its values in the OpenAPI document. `check` takes the written value, and raises
    ValueError with a message that begins with a verb. A `needed` parameter must be in the query, and one that
    `may_repeat` may be there several times.
    """

    name: str
    meaning: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string", "minLength": 1})
    check: Callable[[str], object] = str
    needed: bool = False
    may_be_empty: bool = False
    may_repeat: bool = False


def choice(name: str, meaning: str, *words: str) -> Query:
    """A parameter whose value is one of `words`."""
    def check(written: str) -> None:
        if written not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
    return Query(name, meaning, {"type": "string", "enum": list(map(str, words))}, check)


def whole(name: str, meaning: str, most: int) -> Query:
    """A parameter that is a whole number from 0 to `most`."""
    return Query(name, meaning, {"type": "integer", "minimum": 0, "maximum": most},
                 partial(values.whole, most=most))


def switch(name: str, meaning: str) -> Query:
    """A parameter that is true or false."""
    return choice(name, meaning, "true", "false")


def span(name: str, meaning: str) -> Query:
    """A parameter that is a duration, such as 15m."""
    return Query(name, meaning, check=_duration)


def _duration(written: str) -> None:
    try:
        durations.parse(written)
    except ValueError as error:
        raise ValueError(f"is wrong: {shown(str(error), 150)}") from None


def day(name: str, meaning: str) -> Query:
    """A parameter that is a date, such as 2018-04-29."""
    def check(written: str) -> None:
        if DATE.problem(written):
            raise ValueError("must be a date such as 2018-04-29")
    return Query(name, meaning, {"type": "string", "format": "date"}, check)


MERCHANT = Query("merchants_id", "only of this merchant")
ORDER = Query("out_trade_no", "only of this order")
LIMIT = whole("limit", f"rows of a page: {DEFAULT_ROWS} by default, at most {MOST_ROWS}; fewer if the page "
                       "would be larger than 4 MiB", MOST_ROWS)
NEWEST_FIRST = switch("newest_first", "true: the newest first; `after` then continues with older ones")
AFTER = whole("after", "the last id seen", MOST_ID)
PAGED = (AFTER, LIMIT, NEWEST_FIRST)


def paged_by(name: str) -> tuple[Query, ...]:
    """The paging parameters of a list whose `after` is a text, such as a merchants_id."""
    return Query("after", f"the last {name} seen", {"type": "string"}, may_be_empty=True), LIMIT


def check_query(known: tuple[Query, ...], given: "MultiDict[str, str]") -> None:
    """Check a query against the parameters of its operation. Raises Problem."""
    rows = {row.name: row for row in known}
    for name, found in given.lists():
        if name not in rows:
            raise wrong_request(f"{shown(name)} is not a parameter of this call; {listed_names(rows, name)}")
        if len(found) > 1 and not rows[name].may_repeat:
            raise wrong_request(f"{name} is in the query {len(found)} times; send it once")
        for value in found:
            _check_value(rows[name], value)
    missing = [row.name for row in known if row.needed and row.name not in given]
    if missing:
        raise wrong_request(f"the query must have {' and '.join(missing)}")


def _check_value(row: Query, written: str) -> None:
    if not written and row.may_be_empty:
        return
    try:
        row.check(written)
        if not written:
            raise ValueError("is empty; leave it out or give it a value")
    except ValueError as error:
        raise wrong_request(f"{row.name} {error}") from None


def shown(text: str, longest: int = LONGEST_SHOWN) -> str:
    """A client's text for an error message: cut to `longest` characters, invisible characters escaped."""
    cut = text if len(text) <= longest else f"{text[:longest]}…"
    return cut if cut.isprintable() and cut else repr(cut)


def listed_names(known: Mapping[str, Any], wrong: str) -> str:
    """The part of an error message that lists the known names, and suggests the one nearest to `wrong`."""
    if not known:
        return "it takes none"
    near = get_close_matches(wrong[:LONGEST_SHOWN], list(known), 1)
    return f"there are {', '.join(known)}" + (f"; did you mean {near[0]}?" if near else "")
