"""Reads the rules of a scenario: the tables `when` and `then`, with all problems that they have."""
from collections.abc import Iterator, Mapping
from typing import Any, Protocol, TypeVar

from ..protocol.card_numbers import IDENTIFIERS, suspects, suspects_identifier
from ..protocol.characters import unprintable
from .conditions import ATTEMPT, CARD, CHANCE, ENDPOINT, LOOKUPS, Condition, Wanted, bare, number
from .kinds import Key, chosen, given, keys_of, kind_of, near, quoted, scalar
from .outcomes import ENDPOINTS, Then
from .problems import HAS_A_CARD_NUMBER, Invalid, Problems, check_keys, read_label, shown_key
from .rules import Rule

MOST_RULES = 1_000
LONGEST_NAME = 100  # characters of a rule's name
T = TypeVar("T", bound="Table")
# A parameter as close to one of these as the number says is a slip; others may be anything that a client
# sends.
_OWN = (ENDPOINT, ATTEMPT, CARD, CHANCE, "trans_amount", "total_fee")


class Table(Protocol):
    """A dataclass of keys, made with `kinds.key`."""

    def __init__(self, **values: Any) -> None: ...

    def contradictions(self) -> Iterator[str]:
        """Sentences about keys that exclude each other."""


def read_rules(listed: Any, key: str, problems: Problems) -> tuple[Rule, ...]:
    """Read the list of rules that a document has under `key`; everything that is wrong is added to
    `problems`.
    """
    if not isinstance(listed, list) or not 0 < len(listed) <= MOST_RULES:
        problems.add(key, f"{_what_is_wrong(listed)}; there must be a list of 1 to {MOST_RULES} rules")
        return ()
    rules = tuple(_rule(table, count, problems) for count, table in enumerate(listed, 1))
    first: dict[str, int] = {}
    for count, rule in enumerate(rules, 1):
        if rule and first.setdefault(rule.name, count) != count:
            problems.add(f"rule {count}", f"has the same name as rule {first[rule.name]}, "
                                          f"{quoted(rule.name)}")
    return tuple(rule for rule in rules if rule)


def _what_is_wrong(listed: Any) -> str:
    if listed is None:
        return "is missing"
    return f"has {len(listed)} rules" if isinstance(listed, list) else f"is {kind_of(listed)}"


def _rule(table: Any, count: int, problems: Problems) -> Rule | None:
    """Read a rule, None when it is no table. Without a name it is called by its number."""
    title = f"rule {count}"
    if not isinstance(table, Mapping):
        problems.add(title, f"is {kind_of(table)}, not a table with name, when and then")
        return None
    name = read_label(table.get("name", title), "name", LONGEST_NAME, problems.within(title))
    here = problems.within(title if name in ("", title) else f"{title} ({name})")
    check_keys(table, ("name", "when", "then"), "", here)
    when = _when(table.get("when", {}), here)
    then = _then(table.get("then"), here)
    rule = Rule(name or title, when, then)
    _check_endpoints(rule, here)
    return rule


def _when(table: Any, problems: Problems) -> tuple[Condition, ...]:
    if not isinstance(table, Mapping):
        problems.add("when", f"is {kind_of(table)}, not a table")
        return ()
    conditions = []
    for key, value in table.items():
        try:
            conditions.append(_condition(str(key), value))
        except ValueError as error:
            problems.add(f"when.{shown_key(key)}", str(error))
    return tuple(conditions)


def _condition(key: str, value: Any) -> Condition:
    """Read one line of `when`. Raises ValueError with a sentence."""
    parameter, separator, lookup = key.rpartition("__") if "__" in key else (key, "", "")
    if lookup not in LOOKUPS or (separator and not lookup):
        names = tuple(name for name in LOOKUPS if name)
        raise ValueError(f"has the lookup {quoted(lookup)}, none of {', '.join(names)}{near(lookup, names)}")
    slip = "" if parameter in _OWN else near(parameter, _OWN, 0.85)
    if slip or not parameter:
        raise ValueError(f"is not a parameter{slip}")
    if suspects(parameter):
        raise ValueError(HAS_A_CARD_NUMBER)
    check = _possible if lookup in ("", "in") else _text
    wanted: Wanted
    if LOOKUPS[lookup].listed:
        wanted = tuple(check(parameter, each) for each in _listed(value))
    else:
        wanted = check(parameter, value)
    if parameter == CHANCE and lookup:
        raise ValueError("takes no lookup")
    LOOKUPS[lookup].test(parameter, wanted)  # raises when the value cannot be compared
    return Condition(parameter, lookup, wanted)


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise ValueError(f"is {'an empty list' if value == [] else kind_of(value)}, not a list of texts or "
                         f"numbers")
    return value


def _text(parameter: str, value: Any) -> str:
    text = scalar(value)
    if unprintable("", text):
        raise ValueError(f"is {quoted(text)}, with a character that no request can have")
    suspected = suspects_identifier if parameter in IDENTIFIERS else suspects
    if parameter != CARD and suspected(text):
        raise ValueError(HAS_A_CARD_NUMBER)
    if not text:
        raise ValueError("is empty; parameters never are: leave the key out")
    return text


def _possible(parameter: str, value: Any) -> str:
    """A text that can be a value of the parameter. Raises ValueError with a sentence."""
    text = _text(parameter, value)
    if parameter == ENDPOINT:
        return chosen(text, ENDPOINTS)
    if parameter == CARD:
        return bare(text)
    if parameter == CHANCE and ((odds := number(text)) is None or not 0 <= odds <= 1):
        raise ValueError(f"is {quoted(text)}, not a number from 0 to 1")
    if parameter == ATTEMPT and not (text.isascii() and text.isdecimal() and text.strip("0")):
        raise ValueError(f"is {quoted(text)}, not an attempt; they count from 1")
    return text


def _then(written: Any, problems: Problems) -> Then | tuple[Then, ...]:
    if written is None:
        problems.add("then", "is missing; {} leaves the payment as it is without a scenario")
    elif written == []:
        problems.add("then", "is an empty list, so the rule would never apply")
    elif isinstance(written, list):
        return tuple(_table(Then, each, f"then[{count}]", problems) or Then() for count,
                     each in enumerate(written))
    else:
        return _table(Then, written, "then", problems) or Then()
    return Then()


def then_of(written: Mapping[str, Any]) -> Then:
    """Read a `then` that `as_json` wrote. Raises Invalid."""
    problems = Problems("then", [])
    then = _table(Then, written, "then", problems)
    if problems.found or then is None:
        raise Invalid(problems.found)
    return then


def _table(of: type[T], written: Any, path: str, problems: Problems) -> T | None:
    """Read a table of keys, None when one of its values is wrong."""
    if not isinstance(written, Mapping):
        problems.add(path, f"is {kind_of(written)}, not a table")
        return None
    rows = keys_of(of)
    check_keys(written, tuple(rows), f"{path}.", problems)
    values = {}
    for name, row in rows.items():
        if name in written:
            values[name] = _value(row, written[name], f"{path}.{name}", problems)
    if None in values.values():
        return None
    table = of(**values)
    for sentence in table.contradictions():
        problems.add(path, f"contradicts itself: {sentence}")
    return table


def _value(row: Key, written: Any, path: str, problems: Problems) -> Any:
    """Read the value of a key, None when it is wrong: then a problem was added."""
    if row.table:
        return _table(row.table, written, path, problems)
    try:
        return row.kind.parse(written) if row.kind else None
    except ValueError as error:
        problems.add(path, str(error))
        return None


def _check_endpoints(rule: Rule, problems: Problems) -> None:
    """Add a problem when a rule fits no endpoint, and for each key without effect at its endpoints."""
    reached = [endpoint for endpoint in ENDPOINTS if rule.fits_endpoint(endpoint)]
    if not reached:
        problems.add("when.endpoint", f"matches no endpoint; the endpoints are {', '.join(ENDPOINTS)}")
        return
    thens = (rule.then,) if isinstance(rule.then, Then) else rule.then
    for name in dict.fromkeys(name for then in thens for name in given(then)):
        places = keys_of(Then)[name].endpoints
        if places and not set(places) & set(reached):
            problems.add(f"then.{name}",
                         f"has an effect only at {', '.join(places)}, not at {', '.join(reached)}")
