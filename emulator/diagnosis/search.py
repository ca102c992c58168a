"""Searches for the mistakes, one or two at once, that reproduce a wrong signature."""
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, combinations
from typing import NamedTuple

from ..signing.arrivals import Arrival
from ..signing.recipes import Recipe, by_bytes
from ..signing.signature import NEVER_SIGNED
from .sending_mistakes import repairs
from .separators import Repair
from .signing_mistakes import (
    ALWAYS, HALF, OF_THE_HASH, OF_THE_VALUES, PLUS_NOT_ENCODED, Mistake, of_another_token, of_single_values,
    of_the_parameters)

# The approximate cost of an attempt in nanoseconds, and the limit for one signature.
AN_ATTEMPT, A_PARAMETER, A_BYTE, A_FOREIGN_BYTE = 4_000, 450, 5, 15
MOST_WORK = 50_000_000
MOST_TOKENS = 2_000  # tokens of other merchants that are tried alone
MOST_PAIRED_TOKENS = 100  # tokens that are tried together with another mistake
MOST_TOKENS_IN_OTHER_TEXTS = 20  # tokens that are tried with a mistake of the hash
MOST_PAIRED_REPAIRS = 6
DIGITS = {"md5": 32, "sha1": 40, "sha256": 64, "sha512": 128}
# Mistakes that are obvious from the parameters; they are named first.
STRONG = ("HASH_NOT_ENCODED", "AMPERSAND_ESCAPED", "ENTITY", "SEPARATOR", "AMPERSAND_NOT_ENCODED")
JSON = ("JSON_SIGNED",)
TOKENS = tuple({mistake.code for mistake in OF_THE_HASH if mistake.code.startswith("TOKEN_")} | {"HMAC"})
CHARSETS = ("BOM", "ASCII", "GBK", "LATIN_1", "UTF_16")
GO_WITH_JSON = (*TOKENS, "OTHER_HASH", "SIGN_TYPE_KEPT", "EMPTY_KEPT")
UNSORTED = next(mistake for mistake in ALWAYS if mistake.code == "UNSORTED")
Mistakes = tuple[Mistake, ...]
Seen = Callable[[Mistakes, Recipe, str | None], None]


class Way(NamedTuple):
    """An explanation: mistakes that together reproduce the signature, and the recipe that they lead to."""

    mistakes: Mistakes
    recipe: Recipe

    @property
    def codes(self) -> tuple[str, ...]:
        """The stable codes of the mistakes."""
        return tuple(mistake.code for mistake in self.mistakes)


class Tried(NamedTuple):
    """What a search tried: every single mistake, every two of them, and how many tokens of other merchants.

    `tokens_in_pairs` says whether each of these tokens was tried with each mistake too.
    """

    singles: bool
    pairs: bool
    tokens: int
    tokens_in_pairs: bool


class Search:
    """The search for one signature.

    `right` is the correct recipe and `wanted` the client's value in hexadecimal. `of_the_value` are mistakes
    that are known already, such as blanks around the value. `tokens` belong to other merchants.
    """

    def __init__(self, right: Recipe, wanted: str, of_the_value: Mistakes, tokens: Sequence[str],
                 arrival: Arrival) -> None:
        self._right, self._wanted, self._of_the_value = right, wanted, of_the_value
        self._tokens, self._arrival = tokens[:MOST_TOKENS], arrival
        self._digits = 32 if HALF in of_the_value else len(wanted)
        text = right.writing.text
        length = len(by_bytes(text))
        foreign = 0 if text.isascii() else length - len(text.encode("ascii", "ignore"))
        self._left = MOST_WORK
        self._cost = AN_ATTEMPT + A_BYTE * length
        self._cost_of_a_text = A_PARAMETER * len(right.writing.pairs) + A_FOREIGN_BYTE * foreign
        self._plain = right.sign()
        self._known: set[tuple[str, str | None]] = set()
        self._effective: list[tuple[Mistake, Recipe]] = []
        self._repairs: list[Repair] = []

    def ways(self) -> tuple[list[Way], Tried]:
        """The explanations with the fewest mistakes, one for each set of codes, and what was tried.

        An explanation that only adds a mistake to another one is left out, because the addition explains
        nothing.
        """
        if self._of_the_value and self._is_wanted(self._plain):
            return [Way(self._of_the_value, self._right)], Tried(True, True, 0, True)
        found, tokens, singles = self._one()
        pairs, tokens_in_pairs = False, False
        if not found and singles and not self._of_the_value:
            found, pairs, tokens_in_pairs = self._two()
        each = {frozenset(way.codes): way for way in reversed(found)}
        fewest = [codes for codes in each if not any(other < codes for other in each)]
        ways = [way for way in found if any(each[codes] is way for codes in fewest)]
        whole = [Way((*self._of_the_value, *way.mistakes), way.recipe) for way in ways]
        return whole, Tried(singles, pairs or bool(self._of_the_value), tokens, tokens_in_pairs)

    def _is_wanted(self, sign: str | None) -> bool:
        if sign is None:
            return False
        return (sign[8:24] if HALF in self._of_the_value else sign) == self._wanted

    def _matching(self, candidates: Iterable[tuple[Mistakes, Recipe]], seen: Seen = lambda *made: None
                  ) -> tuple[list[Way], bool]:
        """The candidates that reproduce the signature, and whether all could be tried within the limit.

        `seen` is called with each candidate and its signature.
        """
        found: list[Way] = []
        each = iter(candidates)
        while self._left >= 0:  # checked before the next candidate is made, which may be most of the work
            made = next(each, None)
            if made is None:
                return found, True
            mistakes, recipe = made
            self._left -= self._cost if recipe.writing.is_written else self._cost + self._cost_of_a_text
            if DIGITS[recipe.algorithm] == self._digits:
                sign = recipe.sign()
                if self._is_wanted(sign):
                    found.append(Way(mistakes, recipe))
                seen(mistakes, recipe, sign)
            else:
                seen(mistakes, recipe, None)
        return found, False

    def _one(self) -> tuple[list[Way], int, bool]:
        """Explanations with one mistake: in signing, another token, in sending, or with one value only.

        Returns also how many tokens were tried, and whether all mistakes could be tried.
        """
        right, pairs = self._right, self._right.writing.pairs
        common = chain(filter(self._may_be, ALWAYS), of_the_parameters(pairs))
        signing, complete = self._matching((((mistake,), mistake.change(right)) for mistake in common),
                                           self._remember)
        found = signing + self._of_other_tokens()
        sending, sending_complete = self._matching(
            (repair.mistakes, repair.change(right)) for repair in self._each_repair())
        single, single_complete = self._matching(
            ((mistake,), mistake.change(right)) for mistake in of_single_values(pairs))
        strong = [way for way in sending if way.codes[0] in STRONG]
        weak = [way for way in sending if way.codes[0] not in STRONG]
        if any(self._is_plain_cut(way) for way in strong):
            found = [way for way in found if way.codes != ("UNSORTED",)]
        of_all_values = [way for way in found if way.mistakes != (PLUS_NOT_ENCODED,)]
        found = strong + found + weak + ([] if of_all_values or strong else single)
        return found, len(self._tokens), complete and sending_complete and single_complete

    def _may_be(self, mistake: Mistake) -> bool:
        """Whether a mistake is possible.

        A `+` that was sent without encoding is seen in the request's text.
        """
        if mistake is not PLUS_NOT_ENCODED or not self._arrival.is_written:
            return True
        return any("+" in part.written for part in self._arrival.parts)

    def _is_plain_cut(self, way: Way) -> bool:
        """Whether a URL with a query was cut and all parameters are sorted, which hardly happens by chance.
        """
        pairs = [pair for pair in way.recipe.writing.pairs if pair[0] not in NEVER_SIGNED]
        whole = [value for name, value in pairs if self._arrival.params.get(name) != value]
        in_order = pairs == sorted(pairs, key=lambda pair: by_bytes(pair[0]))
        return in_order and all("://" in value and "?" in value for value in whole)

    def _remember(self, mistakes: Mistakes, recipe: Recipe, sign: str | None) -> None:
        """Keep a mistake that changes the signature, to combine it with others; UNSORTED may matter only
        then.
        """
        if recipe.algorithm != "md5" and DIGITS[recipe.algorithm] != self._digits:
            return
        known = (mistakes[0].code, sign)
        if (sign != self._plain or mistakes[0] is UNSORTED) and (sign is None or known not in self._known):
            self._known.add(known)
            self._effective.append((mistakes[0], recipe))

    def _each_repair(self) -> Iterator[Repair]:
        for repair in repairs(self._arrival):
            if repair.common and len(self._repairs) < MOST_PAIRED_REPAIRS:
                self._repairs.append(repair)
            yield repair

    def _of_other_tokens(self) -> list[Way]:
        if self._digits != DIGITS["md5"]:
            return []
        signs = self._right.with_tokens(self._tokens)
        found = [of_another_token(token) for token, sign in signs if self._is_wanted(sign)]
        return [Way((mistake,), mistake.change(self._right)) for mistake in found]

    def _two(self) -> tuple[list[Way], bool, bool]:
        """Explanations with two mistakes: in signing, in sending and signing, or a mistake and another token.

        Returns also whether all of them, and all tokens, could be tried.
        """
        found, complete = self._matching(
            ((first, second), second.change(recipe)) for first, second, recipe in self._pairs())
        sending, sending_complete = self._matching(self._repairs_with_a_mistake())
        with_token, tokens_complete = self._of_other_tokens_too()
        complete = complete and sending_complete
        return found + sending + with_token, complete, tokens_complete

    def _repairs_with_a_mistake(self) -> Iterator[tuple[Mistakes, Recipe]]:
        """Each common repair of a mistake in sending, together with each mistake in signing."""
        for repair in self._repairs:
            for mistake in ALWAYS:
                yield (*repair.mistakes, mistake), mistake.change(repair.change(self._right))

    def _of_other_tokens_too(self) -> tuple[list[Way], bool]:
        """Explanations by a mistake and another token; fewer tokens are tried where hashing is slower."""
        tokens, found = self._tokens[:MOST_PAIRED_TOKENS], list[Way]()
        for mistake, recipe in self._effective:
            if recipe.is_plain:
                signs = recipe.with_tokens(tokens)
                matching = [of_another_token(token) for token, sign in signs if self._is_wanted(sign)]
                found += [Way((mistake, other), other.change(recipe)) for other in matching]
        others = [of_another_token(token) for token in tokens[:MOST_TOKENS_IN_OTHER_TEXTS]]
        more, complete = self._matching(self._hashed_otherwise_with(others))
        return found + more, complete and len(others) == len(self._tokens)

    def _hashed_otherwise_with(self, others: list[Mistake]) -> Iterator[tuple[Mistakes, Recipe]]:
        """Each mistake of the hash, together with each of these tokens."""
        for mistake, recipe in self._effective:
            if not recipe.is_plain:
                yield from (((mistake, other), other.change(recipe)) for other in others)

    def _pairs(self) -> Iterator[tuple[Mistake, Mistake, Recipe]]:
        """All pairs of mistakes, with the recipe of the first.

        The order matters only for two changes of values, and only these can be made twice.
        """
        always, values = set(map(id, ALWAYS)), set(map(id, OF_THE_VALUES))
        own = [one for one in self._effective if id(one[0]) not in always]
        rest = [one for one in self._effective if id(one[0]) in always]
        for (first, recipe), (second, _) in combinations((*own, *rest), 2):
            both_of_values = id(first) in values and id(second) in values
            both_of_a_kind = first.code == second.code and id(first) in always
            if not both_of_values and not both_of_a_kind and _go_together(first, second):
                yield first, second, recipe
        may_follow = [mistake for mistake in OF_THE_VALUES if self._may_be(mistake)]
        for first, recipe in rest:
            if id(first) in values:
                yield from ((first, second, recipe) for second in may_follow)


def _go_together(first: Mistake, second: Mistake) -> bool:
    """Whether both mistakes can be made together: there is one token and one charset, and JSON has its own
    text.
    """
    if first.code in JSON or second.code in JSON:
        return first.code in GO_WITH_JSON or second.code in GO_WITH_JSON
    return not any(first.code in codes and second.code in codes for codes in (TOKENS, CHARSETS))
