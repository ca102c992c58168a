"""The language of the tables: what an endpoint takes and answers, as data.

An endpoint is one `@endpoint(...)` table above the function that acts. The gateway checks requests against it; the reference, the
OpenAPI document and the generic tests are readers of the same rows.
"""
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from functools import cached_property
from typing import Any

from ..base import money, urls
from .findings import Finding


class Need(Enum):
    """What happens when a parameter is missing (contract 2)."""

    REQUIRED = "refused when missing"
    DOCUMENTED = "documented as mandatory, missing is a finding"
    OPTIONAL = "optional"


class Source(Enum):
    """The fidelity of a row or an endpoint: where it comes from."""

    DOCUMENTED = "documented"  # the document prints it, in a table, an example or its text
    OBSERVED = "observed"  # a public client of the gateway was seen doing so
    INFERRED = "inferred"  # neither; it is what users of the services behind the gateway would expect


@dataclass(frozen=True)
class Format:
    """How a value is written: `problem` answers what is wrong with one, or None; `schema` is its OpenAPI description.

    `finding` answers how a value that is taken differs from what the document has, or None: a finding's code
    and what it says after the parameter's name. `rows` are those of a document inside the value (`nested`).
    """

    name: str
    problem: Callable[[str], str | None]
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    rows: tuple["Param", ...] = ()
    finding: Callable[[str], tuple[str, str] | None] = lambda value: None


def pattern(name: str, expression: str) -> Format:
    """Text that a regular expression matches as a whole; `name` says it in words. It is compiled when it is needed."""
    return Format(name, lambda value: None if re.fullmatch(expression, value, re.ASCII) else f"is not {name}",
                  {"type": "string", "pattern": f"^(?:{expression})$"})


def one_of(*choices: str) -> Format:
    """One of a few words, written exactly so."""
    return Format(" or ".join(choices), lambda value: None if value in choices else f"is none of {', '.join(choices)}",
                  {"type": "string", "enum": list(choices)})


def _amount_problem(value: str) -> str | None:
    try:
        amount = money.minor(value)
    except ValueError:
        return "is not a decimal number with at most two places"
    return None if money.LEAST <= amount <= money.MOST else \
        f"is not between {money.text(money.LEAST)} and {money.text(money.MOST)}"


def _amount_finding(value: str) -> tuple[str, str] | None:
    if not money.has_leading_zeros(value):
        return None
    return "LEADING_ZEROS", f"has zeros before the number; it is taken as {money.text(money.minor(value))}"


def _url_problem(value: str) -> str | None:
    reason = urls.problem(value)
    return f"is not an absolute http or https URL: {reason}" if reason else None


def _page_url_problem(value: str) -> str | None:
    reason = urls.problem(value, own_schemes=True)
    return f"is not an absolute URL that a browser may be sent to: {reason}" if reason else None


def _date_problem(value: str) -> str | None:
    try:
        return None if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII) and date.fromisoformat(value) \
            else "is not a date, YYYY-MM-DD"
    except ValueError:
        return "is not a day of the calendar"


TEXT = Format("text", lambda value: None)
AMOUNT = Format("decimal text with at most two places, 0.01 to 1000000.00", _amount_problem,
                {"type": "string", "pattern": r"^0*[0-9]{1,7}(\.[0-9]{1,2})?$"}, finding=_amount_finding)
URL = Format("absolute http or https URL", _url_problem, {"type": "string", "format": "uri"})
# Where a payer goes back to: an app has a scheme of its own. Which requests may name one is a rule of their
# endpoint.
PAGE_URL = Format("absolute http or https URL, or one of an app", _page_url_problem,
                  {"type": "string", "format": "uri"})
DATE = Format("date, YYYY-MM-DD", _date_problem, {"type": "string", "format": "date"})


@dataclass(frozen=True)
class Param:
    """One row of a parameter table.

    `length` is the documented number of characters: over it an identifier is refused, any other value a
    finding. `aliases` are other names under which the value is taken, with a finding; where the document itself
    sends one of them (`tolerated`), the setting strict does not refuse it.
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


@dataclass(frozen=True)
class Field:
    """One field of an answer, in its documented place; a `sparing` one is left out when it has no value."""

    name: str
    meaning: str
    source: Source = Source.DOCUMENTED
    sparing: bool = False


Rule = Callable[[Mapping[str, str]], str | Finding | None]


@dataclass(frozen=True)
class Endpoint:
    """A function of the gateway: its table and the act.

    `act` gets a `Call` and answers a `Reply`. `rules` say what a table cannot: each answers the sentence of a problem, a finding,
    or None. `owner` names the parameter that says whose token signs the request. `card_codes`: its refusals have a response code as
    `result_code`; `refused_as`: it is always this. `variants` are tables of the same path for the requests that they apply to.
    """

    name: str
    section: str
    title: str
    root: str
    signed: bool
    product: str | None
    params: tuple[Param, ...]
    answer: tuple[Field, ...]
    act: Callable[[Any], Any]
    source: Source
    rules: tuple[Rule, ...] = ()
    owner: str = "merchants_id"
    note: str = ""
    card_codes: bool = False
    refused_as: str = ""
    applies: Callable[[Mapping[str, str]], bool] = lambda params: True
    variants: tuple["Endpoint", ...] = ()

    @property
    def path(self) -> str:
        """Where it answers."""
        return f"/v2/{self.name}.php"

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of its parameters."""
        return frozenset(row.name for row in self.params)

    @property
    def tables(self) -> tuple["Endpoint", ...]:
        """All tables of this path, its own first."""
        return (self, *self.variants)

    @cached_property
    def all_names(self) -> frozenset[str]:
        """The names of the parameters of all tables of this path, and their other names."""
        rows = [row for table in self.tables for row in table.params]
        return frozenset(name for row in rows for name in (row.name, *row.aliases))

    def table_of(self, params: Mapping[str, str]) -> "Endpoint":
        """The table that a request is checked against."""
        return next((variant for variant in self.variants if variant.applies(params)), self)


def endpoint(*, section: str, title: str, params: tuple[Param, ...], answer: tuple[Field, ...] = (), root: str = "tgpaypro",
             signed: bool = True, product: str | None = None, source: Source = Source.DOCUMENTED,
             rules: tuple[Rule, ...] = (), owner: str = "merchants_id", note: str = "", name: str = "", card_codes: bool = False,
             refused_as: str = "", applies: Callable[[Mapping[str, str]], bool] = lambda params: True,
             variants: tuple[Endpoint, ...] = ()) -> Callable[[Callable[[Any], Any]], Endpoint]:
    """Make the decorated function an endpoint; the function's name is the path's, unless `name` gives it to a variant."""
    def make(act: Callable[[Any], Any]) -> Endpoint:
        return Endpoint(name or act.__name__, section, title, root, signed, product, params, answer, act, source, rules, owner, note,
                        card_codes, refused_as, applies, variants)
    return make


def fields(*rows: tuple[str, str] | Field) -> tuple[Field, ...]:
    """Answer rows written as (name, meaning)."""
    return tuple(row if isinstance(row, Field) else Field(*row) for row in rows)


def renamed(table: Endpoint, params: Mapping[str, str]) -> tuple[dict[str, str], list[Finding], dict[str, str]]:
    """The parameters under the names of the table, without empty ones; with the findings and, by name, the problems of renaming."""
    named = {name: value for name, value in params.items() if value != ""}
    findings, problems = [], {}
    for row in table.params:
        for alias in row.aliases:
            if alias not in named:
                continue
            value = named.pop(alias)
            if row.name not in named:
                named[row.name] = value
                detail = f"{alias} is sent, the table has {row.name}"
                findings.append(Finding("OTHER_NAME", detail, refusable=alias not in row.tolerated))
            elif named[row.name] != value:
                problems[row.name] = f"{row.name} and {alias} are both sent and differ"
    return named, findings, problems


def check(table: Endpoint, params: Mapping[str, str], contradictions: Mapping[str, str]) -> tuple[list[str], list[Finding]]:
    """All problems and findings of parameters under the table's names: in table order, then undeclared ones, then the rules."""
    problems: list[str] = []
    findings: list[Finding] = []
    for row in table.params:
        if row.name in contradictions:
            problems.append(contradictions[row.name])
        value = params.get(row.name)
        if value is not None or row.need is not Need.OPTIONAL:
            _check_row(row, value, problems, findings)
    undeclared = {name: value for name, value in params.items() if name not in table.names}
    problems += [problem for name, value in undeclared.items() if (problem := unwritable(name, value))]
    for rule in table.rules:
        verdict = rule(params)
        if isinstance(verdict, Finding):
            findings.append(verdict)
        elif verdict:
            problems.append(verdict)
    return problems, findings


def _check_row(row: Param, value: str | None, problems: list[str], findings: list[Finding]) -> None:
    if value is None:
        if row.need is Need.REQUIRED:
            problems.append(f"{row.name} is missing")
        elif row.need is Need.DOCUMENTED:
            code = "SIGN_TYPE_MISSING" if row.name == "sign_type" else "MANDATORY_MISSING"
            findings.append(Finding(code, f"{row.name} is missing"))
        return
    problem = unwritable(row.name, value, row.identifier)
    if problem is None and (wrong := row.format.problem(value)):
        problem = f"{row.name} {wrong}"
    if problem:
        problems.append(problem)
    elif row.length and len(value) > row.length:
        sentence = f"{row.name} has {len(value)} characters, the table allows {row.length}"
        problems.append(sentence) if row.identifier else findings.append(Finding("TOO_LONG", sentence))
    if not problem and (found := row.format.finding(value)):
        findings.append(Finding(found[0], f"{row.name} {found[1]}"))
    if not problem and row.format in (URL, PAGE_URL):
        findings += _url_findings(row.name, value)


def _url_findings(name: str, value: str) -> Iterator[Finding]:
    if name == "notify_url" and urls.split(value).query:
        yield Finding("NOTIFY_URL_QUERY", "notify_url has a query string")
    if " " in value:
        yield Finding("URL_NOT_ESCAPED", f"{name} has a space in it; it is used with %20 in its place")


def own_scheme_only(names: tuple[str, ...], allows: Callable[[Mapping[str, str]], bool], where: str) -> Rule:
    """The rule that URLs of these names have a scheme of an app only in requests that allow it.

    `where` says in words which requests those are.
    """
    def rule(params: Mapping[str, str]) -> str | None:
        if allows(params):
            return None
        wrong = [name for name in names if (value := params.get(name)) and urls.is_own_scheme(value)]
        return f"{' and '.join(wrong)} may have the scheme of an app only {where}" if wrong else None
    return rule


_XML_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|[\ud800-\udfff]")


# Names of things, whatever endpoint they are sent to: they stand in addresses, files and on pages, and people
# compare them by eye.
IDENTIFIERS = frozenset(("merchants_id", "out_trade_no", "out_refund_id", "terminal_sn"))


def unwritable(name: str, value: str, identifier: bool = False) -> str | None:
    """The problem of a parameter with a character that it cannot have, or None.

    No parameter has what XML cannot carry; an identifier has nothing that cannot be seen either, such as a
    line break.
    """
    problem = unprintable(name, value)
    if problem or value.isprintable() or not (identifier or name in IDENTIFIERS):
        return problem
    unseen = next(character for character in value if not character.isprintable())
    return f"{name} has the character U+{ord(unseen):04X}"


def unprintable(name: str, value: str) -> str | None:
    """The problem of a parameter with bytes that are not UTF-8, or a character that XML 1.0 cannot carry."""
    text = name + value
    found = None if text.isprintable() else _XML_FORBIDDEN.search(text)
    if not found:
        return None
    what = "bytes that are not UTF-8" if "\udc80" <= found[0] <= "\udcff" else f"the character U+{ord(found[0]):04X}"
    return f"{printable(name)} has {what}"


def printable(text: str) -> str:
    """The text with each character that XML 1.0 cannot carry replaced by U+FFFD."""
    return text if text.isprintable() else _XML_FORBIDDEN.sub("\ufffd", text)
