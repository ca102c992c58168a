"""Finds card numbers in texts, however they are separated or encoded, and masks them.

A card number has 12 to 19 digits, is in the range of a scheme and has the right check digit. Its digits stand
together, or in groups with up to 24 characters between them that are neither letters nor digits. Which groups
belong together is decided in `card_number_context`. Test cards and other known numbers are found wherever
their digits follow each other, also within longer numbers.
"""
import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from .card_number_context import PRINTED, belong_together, is_digest, is_part_of_a_list, is_something_else
from .card_schemes import (
    LONGEST, SHORTEST, is_card_number, is_known, is_test_card, lengths, passes_luhn, test_cards_in)
from .decoding import Read, TooMuch, may_be_encoded, read

HIDDEN = "***"
# Parameters that identify something. A plain number in them is an identifier, not a card number.
ORDER_NUMBERS = ("out_trade_no", "out_refund_id", "original_out_trade_no", "original_transaction_id",
                 "transactionResultId")
IDENTIFIERS = frozenset((*ORDER_NUMBERS, "buyer_identity_code", "buyer_id", "openid", "terminal_sn",
                         "terminal_id", "account_id"))
MOST_STEPS = 10_000
# At least as many digits as a card number has, near to each other.
_RUN = re.compile(r"[0-9](?:[\W_]{0,24}[0-9]){11,}+")
_GROUP, _LONG = re.compile("[0-9]+"), re.compile("[0-9]{12,}")
_SEPARATED = re.compile(r"[0-9][\W_]{1,24}[0-9]")


def is_harmless(text: str) -> bool:
    """Whether a quick check shows that a text contains no card number.

    That is so when it has too few digits, or its digits stand together and are no card number, and when
    nothing in it can be encoded.
    """
    if len(text) < SHORTEST:
        return True
    if text.count("3") >= SHORTEST or not text.isascii():
        return False
    if text.isalnum():
        return _is_harmless_word(text)
    if may_be_encoded(text):
        return False
    if len(text) - len(text.encode().translate(None, b"0123456789")) < SHORTEST:
        return True
    if is_digest(text):
        return not test_cards_in(text)
    return not (_SEPARATED.search(text) or any(map(_may_have_one, _LONG.findall(text))))


def _is_harmless_word(word: str) -> bool:
    """The same for a text that consists of ASCII letters and digits only."""
    if word.isdecimal():
        return not _may_have_one(word)
    if is_digest(word):
        return not test_cards_in(word)
    return not may_be_encoded(word) and not any(map(_may_have_one, _LONG.findall(word)))


def _may_have_one(digits: str) -> bool:
    """Whether adjacent digits are a card number, or contain the number of a test card."""
    return (len(digits) <= LONGEST and is_card_number(digits)) or bool(test_cards_in(digits))


class Found(NamedTuple):
    """A card number in a text: its start and end, its digits, and the number of digits in each group."""

    start: int
    end: int
    number: str
    groups: tuple[int, ...]


class Search:
    """A search for card numbers, with one limit on the work for all texts that it looks at.

    `own` are further numbers to find, whether they are valid card numbers or not. Numbers within the text
    `spared` are not card numbers, unless they are test cards.
    """

    def __init__(self, own: Collection[str] = (), spared: str = "") -> None:
        self.own = own
        self.spared = spared
        self._steps = MOST_STEPS
        self._read = dict[str, Read]()

    def again(self) -> "Search":
        """A new search for the same numbers, with a fresh limit."""
        return Search(self.own, self.spared)

    def readings(self, text: str) -> Iterator[str]:
        """The text and everything that is encoded in it.

        Raises TooMuch behind the last reading within the limit.

        The result is cached, because several methods look at the same text.
        """
        if text not in self._read:
            self._read[text] = read(text)
        yield from self._read[text].texts
        if not self._read[text].complete:
            raise TooMuch

    def suspects(self, text: str) -> bool:
        """Whether a text contains a card number, or has too many digits and layers to be searched."""
        if is_harmless(text):
            return any(number in text for number in self.own)
        try:
            return any(True for reading in self.readings(text) for _ in self.in_plain(reading))
        except TooMuch:
            return True

    def suspects_identifier(self, identifier: str) -> bool:
        """Whether an identifier, such as an order number, contains what can only be a card number.

        That is a test card, an encoded card number, or one in the groups that are printed on cards. Any other
        number may be an identifier by chance.
        """
        if is_harmless(identifier):
            return any(number in identifier for number in self.own)
        try:
            return any(self._is_no_identifier(found, reading, identifier)
                       for reading in self.readings(identifier) for found in self.in_plain(reading))
        except TooMuch:
            return True

    def _is_no_identifier(self, found: Found, reading: str, identifier: str) -> bool:
        if is_test_card(found.number) or found.number in self.own or found.groups in PRINTED:
            return True
        return reading != identifier and found.number not in identifier

    def hidden(self, text: str) -> str:
        """The text with `***` in place of card numbers; an encoded one hides its word, or the whole text."""
        if not self.suspects(text):
            return text
        try:
            shown = _without(text, list(self.in_plain(text)))
        except TooMuch:
            return HIDDEN
        if self.suspects(shown.replace(HIDDEN, "x")):
            shown = re.sub(r"\S+", lambda word: HIDDEN if self.suspects(word[0]) else word[0], shown)
        return HIDDEN if self.suspects(shown.replace(HIDDEN, "x")) else shown

    def in_plain(self, text: str) -> Iterator[Found]:
        """The card numbers in a text as it stands, without decoding; they may overlap. Raises TooMuch."""
        for run in _RUN.finditer(text):
            yield from self._in_run(text, run)

    def _in_run(self, text: str, run: re.Match[str]) -> Iterator[Found]:
        """The card numbers in one run of groups of digits that stand near to each other."""
        ends, groups = [0], list[re.Match[str]]()
        for group in _GROUP.finditer(text, *run.span()):
            self._step()
            groups.append(group)
            ends.append(ends[-1] + group.end() - group.start())
        digits = "".join(group[0] for group in groups)
        yield from self._known_in(digits, groups)
        for first in range(len(groups)):
            if ends[-1] - ends[first] < SHORTEST:
                return
            possible, last = lengths(digits[ends[first]:ends[first] + 4]), first
            while possible and last < len(groups) and ends[last + 1] - ends[first] <= LONGEST:
                number = digits[ends[first]:ends[last + 1]]
                if len(number) in possible and self._is_one(text, groups, first, last, number):
                    yield _found(groups[first:last + 1], number)
                last += 1

    def _is_one(self, text: str, run: list[re.Match[str]], first: int, last: int, number: str) -> bool:
        """Whether the groups from `first` to `last`, whose digits are in the range of a scheme, are a card
        number.
        """
        self._step()
        if not passes_luhn(number):
            return False
        if number in self.spared:
            return is_test_card(number)
        groups = run[first:last + 1]
        return is_known(number) or (belong_together(text, groups)
                                    and not is_part_of_a_list(text, run, first, last)
                                    and not is_something_else(text, groups, number))

    def _known_in(self, digits: str, groups: list[re.Match[str]]) -> Iterator[Found]:
        """Test cards and the search's own numbers, wherever their digits follow each other in a run."""
        known = test_cards_in(digits) | {number for number in self.own if number in digits}
        if known:
            places = [place for group in groups for place in range(*group.span())]
            for number in known:
                for match in re.finditer(number, digits):
                    yield Found(places[match.start()], places[match.end() - 1] + 1, number, ())

    def _step(self) -> None:
        self._steps -= 1
        if self._steps < 0:
            raise TooMuch


PROBLEM = "has a card number in it"  # what is said of a value by its name


def suspects(text: str) -> bool:
    """Whether a text contains a card number (`Search.suspects`)."""
    return Search().suspects(text)


def suspects_identifier(identifier: str) -> bool:
    """Whether an identifier contains what can only be a card number (`Search.suspects_identifier`)."""
    return Search().suspects_identifier(identifier)


def hidden(text: str, spared: str = "") -> str:
    """The text with `***` in place of card numbers (`Search.hidden`)."""
    return Search(spared=spared).hidden(text)


def _found(groups: list[re.Match[str]], number: str) -> Found:
    sizes = tuple(group.end() - group.start() for group in groups)
    return Found(groups[0].start(), groups[-1].end(), number, sizes)


def _without(text: str, found: list[Found]) -> str:
    """The text with `***` in place of the numbers that were found."""
    pieces, done = [], 0
    for each in sorted(found):
        if each.end > done:
            pieces += [text[done:each.start], HIDDEN] if each.start >= done else []
            done = each.end
    return "".join((*pieces, text[done:]))
