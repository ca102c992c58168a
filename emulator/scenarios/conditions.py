"""`when`: the conditions of a rule.

Each has a parameter, a lookup and the text with which the value is compared.
"""
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any

from ..protocol.card_schemes import is_card_number, is_known
from .kinds import quoted, shortened

Test = Callable[[str], bool]
Wanted = str | tuple[str, ...]
ALIASES = {"trans_amount": "total_fee", "total_fee": "trans_amount"}
ENDPOINT, ATTEMPT, CARD, CHANCE = "endpoint", "attempt", "card", "chance"
MATCHES = "matches"
LONGEST_EXPRESSION = 200
LONGEST_SEARCHED = 4_096
LONGEST_NUMBER = 40
MOST_REMEMBERED = 64
MOST_MEMORY = 1 << 17  # bytes of a compiled expression; a search with the largest one takes about 20 ms
NOT_IN_RE2 = {"(?=": "it has no lookahead", "(?!": "it has no lookahead", "(?<=": "it has no lookbehind",
              "(?<!": "it has no lookbehind", "(?P=": "it has no backreferences",
              "(?>": "it has no atomic groups", "++": "it has no possessive repetition",
              "*+": "it has no possessive repetition", "\\Z": "the end of the text is $ or \\z"}
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)


@dataclass(frozen=True)
class Facts:
    """A request as conditions see it.

    `params` are its parameters under the table's names; `shown` are the same with secrets masked. `attempt`
    counts the attempts of the order number from 1. `card` is the number of the presented card, empty without
    one; it is compared but never shown. The condition `chance` is drawn from `seed` and `order`
    (`merchants_id`, `out_trade_no`).
    """

    params: Mapping[str, str] = field(repr=False)
    shown: Mapping[str, str]
    endpoint: str
    attempt: int
    seed: str
    order: tuple[str, str]
    card: str = field(default="", repr=False)

    @cached_property
    def values(self) -> Mapping[str, str]:
        """The values of everything that a condition can name."""
        values = _with_aliases(self.params)
        values.update({ENDPOINT: self.endpoint, ATTEMPT: str(self.attempt)})
        values.pop(CARD, None)
        if self.card:
            values[CARD] = bare(self.card)
        return values

    @cached_property
    def descriptions(self) -> Mapping[str, str]:
        """Each name with its value for a sentence, without secrets: `trans_amount 12.00`."""
        values = {**_with_aliases(self.shown), ENDPOINT: self.endpoint, ATTEMPT: str(self.attempt)}
        return {**{name: f"{name} {shortened(value)}" for name, value in values.items()}, CARD: CARD}


def bare(card: str) -> str:
    """A card number without blanks and dashes."""
    return re.sub("[ -]", "", card)


def _shown_card(wanted: str) -> str:
    """The text with which a card is compared, as the journal may store it: a number of no test card is
    masked.
    """
    digits = bare(wanted)
    if not (digits.isascii() and digits.isdecimal() and is_card_number(digits)) or is_known(digits):
        return wanted
    return f"{digits[:6]}******{digits[-4:]}"


def _with_aliases(params: Mapping[str, str]) -> dict[str, str]:
    return {**{other: params[name] for name, other in ALIASES.items() if name in params}, **params}


@dataclass(frozen=True)
class Lookup:
    """A lookup, which is written behind `__` in a key.

    `differs` are the words for a value that does not fit. `test` returns the comparison for a parameter and a
    wanted value, or raises ValueError with a sentence. A `numeric` lookup compares numbers; a `listed` one
    takes a list.
    """

    name: str
    differs: str
    test: Callable[[str, Wanted], Test]
    meaning: str
    numeric: bool = False
    listed: bool = False


def number(text: str) -> Decimal | None:
    """The exact decimal number that a text is, None when it is none."""
    return _number(text) if len(text) <= LONGEST_NUMBER else None


@lru_cache(maxsize=1024)
def _number(text: str) -> Decimal | None:
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def _is_numeric(parameter: str) -> bool:
    """Whether the values of a parameter are compared as numbers, so that `1` equals `1.00`."""
    return parameter == ATTEMPT or parameter.endswith(("amount", "fee"))


def sameness(parameter: str, text: str) -> object:
    """A key that equal values of a parameter share: the number, or the text when it is none."""
    found = number(text) if _is_numeric(parameter) else None
    return text if found is None else found


def _same(parameter: str, wanted: Wanted) -> Test:
    wanted_number = number(str(wanted)) if _is_numeric(parameter) else None
    if wanted_number is None:
        return lambda text: text == wanted
    return lambda text: text == wanted or number(text) == wanted_number


def _any(parameter: str, wanted: Wanted) -> Test:
    texts = frozenset(wanted)
    numbers = frozenset(map(number, wanted if _is_numeric(parameter) else ())) - {None}
    if not numbers:
        return lambda text: text in texts
    return lambda text: text in texts or number(text) in numbers


def _limit(wanted: Wanted) -> Decimal:
    """The number with which values are compared. Raises ValueError with a sentence when it is none."""
    limit = number(wanted) if isinstance(wanted, str) else None
    if limit is None:
        raise ValueError(f"is {quoted(wanted)}, not a number")
    return limit


def _above(parameter: str, wanted: Wanted) -> Test:
    limit = _limit(wanted)
    return lambda text: (found := number(text)) is not None and found > limit


def _below(parameter: str, wanted: Wanted) -> Test:
    limit = _limit(wanted)
    return lambda text: (found := number(text)) is not None and found < limit


def _matches(parameter: str, wanted: Wanted) -> Test:
    if len(wanted) > LONGEST_EXPRESSION:
        raise ValueError(f"has {len(wanted)} characters, at most {LONGEST_EXPRESSION} are allowed in a "
                         f"regular expression")
    expression = _compiled(str(wanted))

    def found(text: str) -> bool:
        return (len(text) <= LONGEST_SEARCHED
                and expression.search(text.encode("utf-8", "replace")) is not None)

    # The result is cached, because a request is tested before its transaction and again within it. Card
    # numbers are short, and are never kept.
    return found if parameter == CARD else lru_cache(maxsize=MOST_REMEMBERED)(found)


def _compiled(wanted: str) -> Any:
    """The compiled expression. Raises ValueError with a sentence.

    The time that RE2 needs is proportional to the text, whatever the expression is. So no rule can stop the
    emulator.
    """
    import re2  # imported late, because few rules need it

    options = re2.Options()
    options.log_errors = False
    options.max_mem = MOST_MEMORY
    try:
        return re2.compile(wanted.encode("utf-8", "replace"), options=options)
    except re2.error as error:
        what = error.args[0].decode("utf-8", "replace") if isinstance(error.args[0], bytes) else str(error)
        lacks = next((f"; {words}" for sign, words in NOT_IN_RE2.items() if sign in wanted), "")
        raise ValueError(f"is not a regular expression of RE2: {what}{lacks}") from None


LOOKUPS = {row.name: row for row in (
    Lookup("", "is not", _same, "the same text; for amounts and attempt the same number"),
    Lookup("above", "is not above", _above, "more than this number, exactly", numeric=True),
    Lookup("below", "is not below", _below, "less than this number, exactly", numeric=True),
    Lookup("in", "is none of", _any, "one of a list", listed=True),
    Lookup("startswith", "does not begin with", lambda _, wanted: lambda text: text.startswith(wanted),
           "begins with this"),
    Lookup("endswith", "does not end in", lambda _, wanted: lambda text: text.endswith(wanted),
           "ends in this"),
    Lookup("contains", "does not contain", lambda _, wanted: lambda text: str(wanted) in text,
           "contains this"),
    Lookup(MATCHES, "does not match", _matches,
           f"a regular expression of at most {LONGEST_EXPRESSION} characters (RE2: without lookaround and "
           f"backreferences) is found in it; ^ and $ stand for its ends. A value of more than "
           f"{LONGEST_SEARCHED:,} characters has none"),
)}


@dataclass(frozen=True)
class Condition:
    """One line of `when`. `wanted` is a text, also for numbers, or a tuple of texts for the lookup `in`."""

    parameter: str
    lookup: str
    wanted: Wanted

    @property
    def key(self) -> str:
        """The key as a file has it: `trans_amount__above`."""
        return f"{self.parameter}__{self.lookup}" if self.lookup else self.parameter

    @cached_property
    def fits(self) -> Test:
        """The function that says whether a value fits. Raises ValueError when `wanted` cannot be compared."""
        return LOOKUPS[self.lookup].test(self.parameter, self.wanted)

    @cached_property
    def differs(self) -> str:
        """The words for a value that does not fit: `is not above 100`."""
        wanted = [self.wanted] if isinstance(self.wanted, str) else self.wanted
        shown = ", ".join(map(_shown_card, wanted) if self.parameter == CARD else wanted)
        return f"{LOOKUPS[self.lookup].differs} {shortened(shown)}"

    def difference(self, facts: Facts) -> str:
        """A sentence that says why a request does not fit."""
        value = facts.values.get(self.parameter)
        if value is None:
            return f"{self.parameter} is missing"
        shown = facts.descriptions.get(self.parameter, self.parameter)
        if LOOKUPS[self.lookup].numeric and number(value) is None:
            return f"{shown} is not a number"
        return f"{shown} {self.differs}"
