"""Reading scenarios of TOML files and of the control interface's JSON: either a Scenario, or Invalid with all problems."""
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from ..protocol.card_numbers import IDENTIFIERS, suspects, suspects_identifier
from ..protocol.endpoint_tables import printable, unprintable
from .conditions import ATTEMPT, CARD, CHANCE, ENDPOINT, LOOKUPS, Condition, bare, number
from .judging import Scenario
from .kinds import Key, chosen, given, keys_of, kind_of, near, quoted, scalar, shortened
from .outcomes import ENDPOINTS, Then
from .rules import Rule

MOST_RULES = 1_000
LONGEST_NAME, LONGEST_SUMMARY = 100, 300
HAS_A_CARD_NUMBER = "has a card number in it; only the condition card is compared with one"
BYTE_ORDER_MARK = "\ufeff"  # editors on Windows begin a file with it
FROM_JSON = "custom"
# A parameter as close to one of these as the number says is a slip; others may be anything that a client sends.
_OWN = (ENDPOINT, ATTEMPT, CARD, CHANCE, "trans_amount", "total_fee")


class Invalid(Exception):
    """A scenario that cannot be: every problem in a sentence that names the file, the rule and the key."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class _Problems:
    """The problems that are found in a place."""

    place: str
    found: list[str]

    def add(self, key: str, sentence: str) -> None:
        self.found.append(f"{self.place}: {key} {sentence}")

    def within(self, place: str) -> "_Problems":
        return _Problems(f"{self.place}, {place}", self.found)


def load(path: Path) -> Scenario:
    """The scenario of a file, named like it. Raises Invalid."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise Invalid([f"{path.name} cannot be read: {why}"]) from None
    return parse(text, path.name)


def parse(text: str, file: str) -> Scenario:
    """The scenario of a TOML text. Raises Invalid."""
    try:
        document = tomllib.loads(text.removeprefix(BYTE_ORDER_MARK), parse_float=_exact)
    except (ValueError, RecursionError) as error:
        why = error if isinstance(error, ValueError) else "it is nested too deeply"
        raise Invalid([f"{file} is no TOML: {printable(str(why))}"]) from None
    return _scenario(document, file, ("summary", "rule"), Path(file).stem)


def _exact(written: str) -> Decimal | str:
    """A number as it is written; text where it has no use as a number."""
    try:
        return Decimal(written)
    except InvalidOperation:
        return written


def from_json(document: Any, place: str = "scenario") -> Scenario:
    """The scenario of `{"rules": [...]}`, with an optional `name` and `summary`. Raises Invalid; `place` begins each of its sentences."""
    return _scenario(document, place, ("name", "summary", "rules"), FROM_JSON)


def _scenario(document: Any, place: str, keys: tuple[str, ...], name: str) -> Scenario:
    """The scenario of a document with these keys, the rules last; `name` is its name when it has none."""
    if not isinstance(document, Mapping):
        raise Invalid([f"{place}: it is {kind_of(document)}, not a table with {keys[-1]}"])
    problems = _Problems(place, [])
    _unknown(document, keys, "", problems)
    scenario = Scenario(
        _label(document.get("name", name), "name", LONGEST_NAME, problems),
        _summary(document, "name" not in keys, problems),
        _rules(document.get(keys[-1]), keys[-1], problems))
    if problems.found:
        raise Invalid(problems.found)
    return scenario


def _summary(document: Mapping[str, Any], needed: bool, problems: _Problems) -> str:
    """The summary; files have one."""
    if "summary" not in document and needed:
        problems.add("summary", "is missing; say in one sentence what the scenario is for")
        return ""
    written = document.get("summary", "")
    return _label(written, "summary", LONGEST_SUMMARY, problems) if written != "" or needed else ""


def _unknown(table: Mapping[str, Any], known: tuple[str, ...], path: str, problems: _Problems) -> None:
    """Names the keys that there are not."""
    for name in table:
        if name not in known:
            problems.add(f"{path}{_key(name)}", f"is no key; there are {', '.join(known)}{near(str(name), known)}")


def _key(name: object) -> str:
    """A key as a sentence names it."""
    text = shortened(str(name))
    return text if text.isprintable() else repr(text)


def _label(value: Any, key: str, longest: int, problems: _Problems) -> str:
    """A name or a summary."""
    if not isinstance(value, str) or not value.strip() or len(value) > longest or not value.isprintable():
        problems.add(key, f"is {quoted(value)}, not a line of 1 to {longest} printable characters")
        return ""
    if suspects(value):
        problems.add(key, HAS_A_CARD_NUMBER)
        return ""
    return value


def _rules(listed: Any, key: str, problems: _Problems) -> tuple[Rule, ...]:
    if not isinstance(listed, list) or not 0 < len(listed) <= MOST_RULES:
        told = "is missing" if listed is None else f"has {len(listed)} rules" if isinstance(listed, list) else f"is {kind_of(listed)}"
        problems.add(key, f"{told}; there must be a list of 1 to {MOST_RULES} rules")
        return ()
    rules = tuple(_rule(table, count, problems) for count, table in enumerate(listed, 1))
    first: dict[str, int] = {}
    for count, rule in enumerate(rules, 1):
        if rule and first.setdefault(rule.name, count) != count:
            problems.add(f"rule {count}", f"has the name of rule {first[rule.name]} too, {quoted(rule.name)}")
    return tuple(rule for rule in rules if rule)


def _rule(table: Any, count: int, problems: _Problems) -> Rule | None:
    """A rule; without a name it is called by its number."""
    title = f"rule {count}"
    if not isinstance(table, Mapping):
        problems.add(title, f"is {kind_of(table)}, not a table with name, when and then")
        return None
    name = _label(table.get("name", title), "name", LONGEST_NAME, problems.within(title))
    here = problems.within(title if name in ("", title) else f"{title} ({name})")
    _unknown(table, ("name", "when", "then"), "", here)
    when = _when(table.get("when", {}), here)
    then = _then(table.get("then"), here)
    rule = Rule(name or title, when, then)
    _check_endpoints(rule, here)
    return rule


def _when(table: Any, problems: _Problems) -> tuple[Condition, ...]:
    if not isinstance(table, Mapping):
        problems.add("when", f"is {kind_of(table)}, not a table")
        return ()
    conditions = []
    for key, value in table.items():
        try:
            conditions.append(_condition(str(key), value))
        except ValueError as error:
            problems.add(f"when.{_key(key)}", str(error))
    return tuple(conditions)


def _condition(key: str, value: Any) -> Condition:
    """A line of `when`. Raises ValueError with a sentence."""
    parameter, separator, lookup = key.rpartition("__") if "__" in key else (key, "", "")
    if lookup not in LOOKUPS or (separator and not lookup):
        names = tuple(name for name in LOOKUPS if name)
        raise ValueError(f"has the lookup {quoted(lookup)}, none of {', '.join(names)}{near(lookup, names)}")
    slip = "" if parameter in _OWN else near(parameter, _OWN, 0.85)
    if slip or not parameter:
        raise ValueError(f"is no parameter{slip}")
    if suspects(parameter):
        raise ValueError(HAS_A_CARD_NUMBER)
    check = _possible if lookup in ("", "in") else _text
    wanted = tuple(check(parameter, each) for each in _listed(value)) if LOOKUPS[lookup].listed else check(parameter, value)
    if parameter == CHANCE and lookup:
        raise ValueError("takes no lookup")
    LOOKUPS[lookup].test(parameter, wanted)  # what cannot be compared is found now
    return Condition(parameter, lookup, wanted)


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise ValueError(f"is {'an empty list' if value == [] else kind_of(value)}, not a list of texts or numbers")
    return value


def _text(parameter: str, value: Any) -> str:
    text = scalar(value)
    if unprintable("", text):
        raise ValueError(f"is {quoted(text)}, with a character that no request has")
    suspected = suspects_identifier if parameter in IDENTIFIERS else suspects
    if parameter != CARD and suspected(text):
        raise ValueError(HAS_A_CARD_NUMBER)
    if not text:
        raise ValueError("is empty, as no parameter ever is; leave the key out")
    return text


def _possible(parameter: str, value: Any) -> str:
    """A text that the parameter can be equal to."""
    text = _text(parameter, value)
    if parameter == ENDPOINT:
        return chosen(text, ENDPOINTS)
    if parameter == CARD:
        return bare(text)
    if parameter == CHANCE and ((odds := number(text)) is None or not 0 <= odds <= 1):
        raise ValueError(f"is {quoted(text)}, not a number from 0 to 1")
    if parameter == ATTEMPT and not (text.isascii() and text.isdecimal() and text.strip("0")):
        raise ValueError(f"is {quoted(text)}, no attempt; they count from 1")
    return text


def _then(written: Any, problems: _Problems) -> Then | tuple[Then, ...]:
    if written is None:
        problems.add("then", "is missing; {} leaves a payment as it would be without a scenario")
    elif written == []:
        problems.add("then", "is an empty list, so that the rule would be used up from the beginning")
    elif isinstance(written, list):
        return tuple(_table(Then, each, f"then[{count}]", problems) or Then() for count, each in enumerate(written))
    else:
        return _table(Then, written, "then", problems) or Then()
    return Then()


def then_of(written: Mapping[str, Any]) -> Then:
    """What `as_json` of a `then` wrote. Raises Invalid."""
    problems = _Problems("then", [])
    made = _table(Then, written, "then", problems)
    if problems.found:
        raise Invalid(problems.found)
    assert isinstance(made, Then)
    return made


def _table(of: type[Any], written: Any, path: str, problems: _Problems) -> Any:
    """A table of keys, or None when a value of it cannot be read."""
    if not isinstance(written, Mapping):
        problems.add(path, f"is {kind_of(written)}, not a table")
        return None
    rows = keys_of(of)
    _unknown(written, tuple(rows), f"{path}.", problems)
    values = {name: _value(row, written[name], f"{path}.{name}", problems) for name, row in rows.items() if name in written}
    if None in values.values():
        return None
    made = of(**values)
    for sentence in made.contradictions():
        problems.add(path, f"contradicts itself: {sentence}")
    return made


def _value(row: Key, written: Any, path: str, problems: _Problems) -> Any:
    """The value of a key, or None, with a problem, when it is none."""
    if row.table:
        return _table(row.table, written, path, problems)
    assert row.kind
    try:
        return row.kind.parse(written)
    except ValueError as error:
        problems.add(path, str(error))
        return None


def _check_endpoints(rule: Rule, problems: _Problems) -> None:
    """A rule is of some endpoint, and each of its keys has an effect there."""
    reached = [endpoint for endpoint in ENDPOINTS if rule.fits_endpoint(endpoint)]
    if not reached:
        problems.add("when.endpoint", f"fits no endpoint; there are {', '.join(ENDPOINTS)}")
        return
    thens = (rule.then,) if isinstance(rule.then, Then) else rule.then
    for name in dict.fromkeys(name for then in thens for name in given(then)):
        places = keys_of(Then)[name].endpoints
        if places and not set(places) & set(reached):
            problems.add(f"then.{name}", f"has an effect at {', '.join(places)} only, not at {', '.join(reached)}")
