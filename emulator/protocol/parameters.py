"""The rows of a parameter table, and the formats of their values."""
import re
from collections.abc import Callable, Mapping
from datetime import date
from enum import Enum
from typing import Any

from msgspec import Struct, field

from ..base import money, urls


class Need(Enum):
    """What happens when a parameter is missing."""

    REQUIRED = "refused when missing"
    DOCUMENTED = "documented as mandatory, missing is a finding"
    OPTIONAL = "optional"


class Source(Enum):
    """Where a row or an endpoint comes from."""

    DOCUMENTED = "documented"  # the document prints it, in a table, an example or its text
    OBSERVED = "observed"  # a public client of the gateway was seen doing so
    INFERRED = "inferred"  # neither; it is what users of the services behind the gateway would expect


class Format(Struct, frozen=True):
    """The format of a parameter's value; `name` says in words what it is.

    `problem` returns what is wrong with a value, or None. `finding` returns the code and the words of a
    finding about a valid value that breaks a rule of the document, or None. `schema` is the OpenAPI schema.
    `rows` are the rows of a JSON document in the value (`nested`).
    """

    name: str
    problem: Callable[[str], str | None]
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    rows: tuple["Param", ...] = ()
    finding: Callable[[str], tuple[str, str] | None] = lambda value: None


def pattern(name: str, expression: str) -> Format:
    """A format for texts that a regular expression matches as a whole; `name` says in words what it allows.
    """
    return Format(name, lambda value: None if re.fullmatch(expression, value, re.ASCII) else f"is not {name}",
                  {"type": "string", "pattern": f"^(?:{expression})$"})


def one_of(*choices: str) -> Format:
    """A format for one of a few words, which are case-sensitive."""
    return Format(" or ".join(choices), lambda value: None if value in choices
                  else f"is none of {', '.join(choices)}",
                  {"type": "string", "enum": list(choices)})


def _amount_problem(value: str) -> str | None:
    try:
        amount = money.minor(value)
    except ValueError:
        return "is not a decimal number with at most two places"
    if money.LEAST <= amount <= money.MOST:
        return None
    return f"is not between {money.text(money.LEAST)} and {money.text(money.MOST)}"


def _amount_finding(value: str) -> tuple[str, str] | None:
    if not money.has_leading_zeros(value):
        return None
    return "LEADING_ZEROS", f"has zeros before the number; it is read as {money.text(money.minor(value))}"


def _url_problem(value: str) -> str | None:
    reason = urls.problem(value)
    return f"is not an absolute http or https URL: {reason}" if reason else None


def _page_url_problem(value: str) -> str | None:
    reason = urls.problem(value, own_schemes=True)
    return f"is not an absolute URL that a browser may be sent to: {reason}" if reason else None


def _date_problem(value: str) -> str | None:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        return "is not a date, YYYY-MM-DD"
    try:
        date.fromisoformat(value)
    except ValueError:
        return "is not a day of the calendar"
    return None


TEXT = Format("text", lambda value: None)
AMOUNT = Format("decimal text with at most two places, 0.01 to 1000000.00", _amount_problem,
                {"type": "string", "pattern": r"^0*[0-9]{1,7}(\.[0-9]{1,2})?$"}, finding=_amount_finding)
URL = Format("absolute http or https URL", _url_problem, {"type": "string", "format": "uri"})
# The URL to which the payer returns. It may have the scheme of an app; a rule of the endpoint says in which
# requests.
PAGE_URL = Format("absolute http or https URL, or one of an app", _page_url_problem,
                  {"type": "string", "format": "uri"})
DATE = Format("date, YYYY-MM-DD", _date_problem, {"type": "string", "format": "date"})


class Param(Struct, frozen=True):
    """One row of a parameter table.

    `length` is the documented number of characters. A longer identifier is refused; any other longer value is
    a finding. `aliases` are other names that are accepted with a finding. Those in `tolerated` are used by
    the document's own examples, so that the setting strict does not refuse them.
    """

    name: str
    need: Need
    format: Format
    example: str
    meaning: str
    length: int | None = None
    identifier: bool = False
    aliases: tuple[str, ...] = ()
    tolerated: tuple[str, ...] = ()
    source: Source = Source.DOCUMENTED
    note: str = ""
