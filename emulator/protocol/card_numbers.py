"""Finds card numbers in texts, however they are separated or encoded, and takes them out.

A card number has 12 to 19 digits, lies in the range of a scheme and has the right check digit. Its digits
stand together, or in groups with up to 24 characters between them that are neither letters nor digits.
Groups are taken together when what separates them is always the same, or when each has one digit, or at
least four: amounts, dates and addresses of machines are no cards, nor are two numbers in the path of a URL.
A part of a longer list (quantities, ids) is one only in the groups that cards are printed with.
A longer number (a trade number has 28 digits) is no card's, nor is a part of one, of a digest, a UUID, an
IBAN or a telephone number with its `+`. The test cards and other numbers that are known beforehand are found
wherever their digits follow each other.
"""
import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from .card_schemes import (
    LONGEST, SHORTEST, is_card_number, is_known, is_test_card, lengths, passes_luhn, test_cards_in)
from .decoding import Read, TooMuch, may_be_encoded, read

HIDDEN = "***"
# Parameters whose values are numbers and names that others give: a plain number in them is taken for what it
# is called.
ORDER_NUMBERS = ("out_trade_no", "out_refund_id", "original_out_trade_no", "original_transaction_id",
                 "transactionResultId")
IDENTIFIERS = frozenset((*ORDER_NUMBERS, "buyer_identity_code", "buyer_id", "openid", "terminal_sn",
                         "terminal_id", "account_id"))
MOST_STEPS = 10_000
# How the digits of cards are grouped where they are printed.
PRINTED = ((4, 4, 4, 4), (4, 4, 4, 4, 1), (4, 4, 4, 4, 2), (4, 4, 4, 4, 3), (4, 6, 4), (4, 6, 5), (6, 13))
# At least as many digits as a card number has, near to each other.
_RUN = re.compile(r"[0-9](?:[\W_]{0,24}[0-9]){11,}+")
_GROUP, _LONG = re.compile("[0-9]+"), re.compile("[0-9]{12,}")
_SEPARATED = re.compile(r"[0-9][\W_]{1,24}[0-9]")
_WHITE, _DASHES = re.compile(r"\s+"), re.compile("[\u2010-\u2015\u2043\u2212\u02d7]")
_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_LENGTHS_OF_DIGESTS = (32, 40, 64)
_TOKEN_BEFORE, _TOKEN_AFTER = re.compile("[0-9A-Za-z-]{0,64}$"), re.compile("[0-9A-Za-z-]{0,64}")
_TELEPHONE = re.compile(r"(?<![0-9])\+$")
_LONGEST_TELEPHONE_NUMBER = 15
_IBAN = re.compile(r"(?<![0-9A-Za-z])[A-Z]{2}[0-9]{2}(?:[ -]?[0-9A-Z]{4}){2,7}(?:[ -]?[0-9A-Z]{1,3})?"
                   "(?![0-9A-Za-z])")
_LONGEST_IBAN = 42  # with its blanks


def is_harmless(text: str) -> bool:
    """Whether a short look is enough to see that a text has no card number in it.

    It has too few digits, or they stand together and are none; and nothing is encoded in it.
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
    if _is_digest(text):
        return not test_cards_in(text)
    return not (_SEPARATED.search(text) or any(map(_may_have_one, _LONG.findall(text))))


def _is_harmless_word(word: str) -> bool:
    """The same of letters and digits of ASCII without anything between them."""
    if word.isdecimal():
        return not _may_have_one(word)
    if _is_digest(word):
        return not test_cards_in(word)
    return not may_be_encoded(word) and not any(map(_may_have_one, _LONG.findall(word)))


def _may_have_one(digits: str) -> bool:
    """Whether digits that stand together are a card number, or have a test card's in them."""
    return (len(digits) <= LONGEST and is_card_number(digits)) or bool(test_cards_in(digits))


def _is_digest(token: str) -> bool:
    """Whether a word is a digest or a UUID: hexadecimal digits, of which some are letters."""
    if len(token) not in _LENGTHS_OF_DIGESTS:
        return len(token) == 36 and _UUID.fullmatch(token) is not None
    try:
        return token.isalnum() and not token.isdecimal() and len(bytes.fromhex(token)) * 2 == len(token)
    except ValueError:
        return False


class Found(NamedTuple):
    """A card number in a text: where it begins and ends, its digits, and how many each group of them has."""

    start: int
    end: int
    number: str
    groups: tuple[int, ...]


class Search:
    """A search for card numbers, with a bound on the work for all texts that are given to it.

    `own` are numbers that are searched for as well, whatever they are. Numbers that stand in `spared` are
    known to be none.
    """

    def __init__(self, own: Collection[str] = (), spared: str = "") -> None:
        self.own = own
        self.spared = spared
        self._steps = MOST_STEPS
        self._read = dict[str, Read]()

    def again(self) -> "Search":
        """A search for the same, with as much work to do."""
        return Search(self.own, self.spared)

    def readings(self, text: str) -> Iterator[str]:
        """What there is to read in a text, plain or encoded; raises TooMuch where that is too much.

        It is remembered as long as the search is: several questions are asked of a text.
        """
        if text not in self._read:
            self._read[text] = read(text)
        yield from self._read[text].texts
        if not self._read[text].complete:
            raise TooMuch

    def suspects(self, text: str) -> bool:
        """Whether a text has a card number in it, or so many groups of digits that nobody can say."""
        if is_harmless(text):
            return any(number in text for number in self.own)
        try:
            return any(True for reading in self.readings(text) for _ in self.in_plain(reading))
        except TooMuch:
            return True

    def suspects_identifier(self, identifier: str) -> bool:
        """Whether an order number or the like has in it what can only be a card's number.

        That is one of the emulator's test cards, one that is encoded, or one in groups as it is printed on
        cards. A plain number may be anything.
        """
        if is_harmless(identifier):
            return any(number in identifier for number in self.own)
        try:
            return any(is_test_card(found.number) or found.number in self.own or found.groups in PRINTED
                       or (reading != identifier and found.number not in identifier)
                       for reading in self.readings(identifier) for found in self.in_plain(reading))
        except TooMuch:
            return True

    def hidden(self, text: str) -> str:
        """The text with `***` in place of card numbers; where one is encoded, in place of the word or the
        whole text.
        """
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
        """The card numbers in a text that are not encoded; they may overlap. Raises TooMuch."""
        for run in _RUN.finditer(text):
            yield from self._in_run(text, run)

    def _in_run(self, text: str, run: re.Match[str]) -> Iterator[Found]:
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
        """Whether the groups of digits from `first` to `last`, which may be a card number by their range, are
        one.
        """
        self._step()
        if not passes_luhn(number):
            return False
        if number in self.spared:
            return is_test_card(number)
        groups = run[first:last + 1]
        return is_known(number) or (_belong_together(text, groups)
                                    and not _is_part_of_a_list(text, run, first, last)
                                    and not _is_something_else(text, groups, number))

    def _known_in(self, digits: str, groups: list[re.Match[str]]) -> Iterator[Found]:
        """Test cards and the search's own numbers, wherever their digits follow each other."""
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


def suspects(text: str) -> bool:
    """Whether a text has a card number in it."""
    return Search().suspects(text)


def suspects_identifier(identifier: str) -> bool:
    """Whether an identifier has in it what can only be a card's number."""
    return Search().suspects_identifier(identifier)


def hidden(text: str, spared: str = "") -> str:
    """The text with `***` in place of card numbers; those that stand in `spared` are none."""
    return Search(spared=spared).hidden(text)


def _found(groups: list[re.Match[str]], number: str) -> Found:
    sizes = tuple(group.end() - group.start() for group in groups)
    return Found(groups[0].start(), groups[-1].end(), number, sizes)


def _belong_together(text: str, groups: list[re.Match[str]]) -> bool:
    """Whether groups of digits are one number, and not several that follow each other."""
    sizes = {group.end() - group.start() for group in groups[:-1]}
    if len(groups) == 2 and text[groups[0].end():groups[1].start()] == "/":
        return False  # ids in the path of a URL
    if not sizes or min(sizes) >= 4 or (sizes == {1} and len(groups[-1][0]) == 1):
        return True
    return len(_separators(text, groups)) == 1


def _separators(text: str, groups: list[re.Match[str]]) -> set[str]:
    """What stands between groups of digits; all dashes are alike, and all white space."""
    separators = {text[one.end():other.start()] for one, other in zip(groups, groups[1:])}
    return {_DASHES.sub("-", _WHITE.sub(" ", each)) for each in separators}


def _is_part_of_a_list(text: str, run: list[re.Match[str]], first: int, last: int) -> bool:
    """Whether groups of digits go on before or behind as they are separated themselves, and are not grouped
    as on a card.
    """
    groups = run[first:last + 1]
    if tuple(group.end() - group.start() for group in groups) in PRINTED:
        return False
    around = _separators(text, run[max(0, first - 1):first + 1]) | _separators(text, run[last:last + 2])
    return bool(around & _separators(text, groups))


def _is_something_else(text: str, groups: list[re.Match[str]], number: str) -> bool:
    """Whether a number is that of a telephone, or digits of a digest or a UUID."""
    start, end = groups[0].start(), groups[-1].end()
    if _TELEPHONE.search(text, max(0, start - 2), start) and len(number) <= _LONGEST_TELEPHONE_NUMBER:
        return True
    if _is_in_iban(text, start, end):
        return True
    before, after = _TOKEN_BEFORE.search(text, max(0, start - 64), start), _TOKEN_AFTER.match(text, end)
    return _is_digest(f"{before[0] if before else ''}{text[start:end]}{after[0] if after else ''}")


def _is_in_iban(text: str, start: int, end: int) -> bool:
    """Whether digits belong to an international bank account number with right check digits."""
    for match in _IBAN.finditer(text, max(0, start - _LONGEST_IBAN), end + _LONGEST_IBAN):
        if match.start() < start and end <= match.end():
            written = re.sub("[ -]", "", match[0])
            return int("".join(str(int(letter, 36)) for letter in written[4:] + written[:4])) % 97 == 1
    return False


def _without(text: str, found: list[Found]) -> str:
    """The text with each number in it hidden."""
    pieces, done = [], 0
    for each in sorted(found):
        if each.end > done:
            pieces += [text[done:each.start], HIDDEN] if each.start >= done else []
            done = each.end
    return "".join((*pieces, text[done:]))
