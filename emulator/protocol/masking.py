"""Masks what is never stored of a request.

That are passwords, also those in URLs, and all data of a card but its brand and its first six and last four
digits.
"""
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache, wraps
from unicodedata import normalize

from ..base import urls
from . import card_numbers
from .card_numbers import IDENTIFIERS, ORDER_NUMBERS, Search, is_harmless
from .characters import printable
from .decoding import TooMuch, may_be_encoded

HIDDEN = card_numbers.HIDDEN
# Parts of names of parameters with card data, as `_plain` writes them, and such names as a whole.
CARD_DATA = ("payinfo", "cardno", "cardnum", "cvv", "cvc", "cvn", "securitycode", "verificationvalue",
             "cardverification")
CARD_NAMES = ("pan", "csc", "cav2", "cardcode", "ccnumber", "primaryaccountnumber")
SHORTEST_DOCUMENT = 7  # cvv=123
LONGEST_NAME = 64
_ESCAPED_AMPERSANDS = re.compile(rb"\A(?:amp;)+")
_NO_LETTERS = bytes(code for code in range(128) if not chr(code).isalnum())
_CARD_WORDS = re.compile(
    r"card[\W_]?(?:no|num|verification)|cv[vcn]|verification[\W_]?value|security[\W_]?code"
    r"|\u5b89\u5168\u7801|(?<=[\"'])(?:csc|cav2|card[\W_]?code)(?=[\"'])", re.IGNORECASE)
# Patterns of what is rare are texts, which are compiled when they are needed first, and not at each start.
_WORD_AND_DIGITS = (
    rf"(?i)(?:{_CARD_WORDS.pattern})\w{{0,8}}[\W_]{{1,20}}(?:(?:is|no|code|number)[\W_]{{1,8}})?"
    r"(?:[0-9](?:[ -]?[0-9]){2,3}(?![0-9])|[0-9]{12})")
# A number that is named as a card number, whatever its check digit is.
_NAMED_NUMBER = r"(?i)(?:card[\W_]?(?:no|num)\w{0,8}|pan)[\W_]{1,9}((?:[0-9][ -]?){11,18}[0-9])(?![0-9])"


class Mask:
    """Masks the secrets in all texts of one request.

    Its attribute `params` are the parameters as they may be stored.

    `places` are other texts of the request that are stored or shown: path, method, base URL, notes about
    headers. A value that contains a card number is hidden as a whole, and so is a document with card data.
    `hides` is true when something has to be hidden besides the values of parameters that are secret by their
    names.
    """

    def __init__(self, params: Mapping[str, str], *places: str) -> None:
        self._names: list[str] = []
        self._values: list[str] = []
        self._with_data: list[str] = []
        self._places: list[str] = []
        self._hidden: list[str] = []
        doubtful = [name for name, value in params.items()
                    if not (len(name) <= LONGEST_NAME and _is_usual(name) and _has_nothing(value))]
        if doubtful or not all(map(_is_usual_place, places)):  # rare, and slow
            pays = any(map(has_card_data, doubtful))  # then the card's number is searched for everywhere
            order_numbers = " ".join(params[name] for name in ORDER_NUMBERS if name in params)
            self._look({name: params[name] for name in (params if pays else doubtful)}, order_numbers, places)
        self.hides = bool(self._hidden)
        self.params = self._as_kept(params) if doubtful else _as_shown(params)

    def _look(self, params: Mapping[str, str], order_numbers: str, places: Iterable[str]) -> None:
        """Find what has to be hidden in doubtful parameters and in other places."""
        search = Search(spared=order_numbers)
        search.own = _own_numbers(params, search)
        self._search = search
        self._names = [name for name in params if search.suspects(name)]
        self._values = [name for name, value in params.items() if self._is_misplaced(name, value)]
        self._places = [place for place in places if search.suspects(place)]
        self._with_data = [name for name, value in params.items() if self._has_card_data(name, value)]
        suspected = {*self._names, *(params[name] for name in self._values), *self._places}
        documents = set[str]()
        for name, value in params.items():
            for text in (name,) if is_secret(name) else (name, value):
                if text not in suspected and speaks_of_a_card(text, search, name in IDENTIFIERS):
                    documents.add(text)
        texts = set(map(printable, suspected | documents))
        self._hidden = sorted(texts - {""}, key=len, reverse=True)

    def text(self, text: str) -> str:
        """A text about the request with `***` in place of secrets, and of users and passwords in URLs."""
        text = urls.discreet(text)
        if not self.hides:
            return text
        for hidden in self._hidden:
            text = text.replace(hidden, HIDDEN)
        return self._search.again().hidden(text)

    @property
    def problems(self) -> list[str]:
        """A sentence for each name, value and place that contains card data where none belongs."""
        if not self.hides:
            return []
        has = {**dict.fromkeys(self._values, "a card number"),
               **dict.fromkeys(self._with_data, "other data of a card")}
        found = [(printable(name), what) for name, what in has.items() if name not in self._names]
        if self._names:
            found.append(("the name of a parameter", "a card number"))
        if self._places:
            found.append(("the address or a header of the request", "a card number"))
        return [f"{where} has {what} in it, which belongs into pay_info only" for where, what in found]

    def _is_misplaced(self, name: str, value: str) -> bool:
        """Whether a value contains a card number where none belongs."""
        if name in IDENTIFIERS:
            return self._search.suspects_identifier(value)
        return not _is_pay_info(name) and not _is_password(name) and self._search.suspects(value)

    def _has_card_data(self, name: str, value: str) -> bool:
        """Whether a value contains other data of a card, such as the verification code, without a card
        number.
        """
        if name in IDENTIFIERS or is_secret(name) or name in self._values:
            return False
        return _has_data(value, self._search)

    def _as_kept(self, params: Mapping[str, str]) -> dict[str, str]:
        """The parameters as they may be stored."""
        return {self._whole(name): HIDDEN if is_secret(name) else self._whole(value)
                for name, value in params.items()}

    def _whole(self, text: str) -> str:
        """The text as it may be stored: hidden as a whole, or with URLs masked."""
        shown = printable(text)
        return HIDDEN if self._hidden and shown in self._hidden else urls.discreet(shown)


def _as_shown(params: Mapping[str, str]) -> dict[str, str]:
    """The parameters as they may be stored, when nothing in them is doubtful: only URLs are masked."""
    shown = dict(params)
    for name, value in params.items():
        if not value.isprintable() or "@" in value or "%40" in value:
            shown[name] = urls.discreet(printable(value))
    return shown


def _if_short(judge: Callable[[str], bool]) -> Callable[[str], bool]:
    """Cache a check of texts, except for texts that are longer than any parameter's name."""
    remembered = lru_cache(maxsize=1024)(judge)

    @wraps(judge)
    def cached(text: str) -> bool:
        return remembered(text) if len(text) <= LONGEST_NAME else judge(text)
    return cached


@_if_short
def has_card_data(name: str) -> bool:
    """Whether a parameter contains card data according to its name."""
    plain = _plain(name)
    return (any(word in plain for word in CARD_DATA) or plain in CARD_NAMES
            or _CARD_WORDS.search(name) is not None)


@_if_short
def is_secret(name: str) -> bool:
    """Whether the value of a parameter of this name is never stored nor shown."""
    return has_card_data(name) or _is_password(name)


@lru_cache(maxsize=1024)
def _is_usual(name: str) -> bool:
    """Whether a short parameter name is neither that of a secret nor doubtful itself."""
    return not is_secret(name) and name.isprintable() and "@" not in name and _has_nothing(name)


@_if_short
def _is_usual_place(text: str) -> bool:
    """Whether a path, a method or an address of the emulator has nothing doubtful in it."""
    return is_harmless(text)


def _has_nothing(text: str) -> bool:
    """Whether a quick check shows that a text contains no card data, as nearly all texts do not."""
    if len(text) < SHORTEST_DOCUMENT:
        return True
    return is_harmless(text) and (text.isdecimal() or not _may_name_card_data(text))


def _may_name_card_data(text: str) -> bool:
    """Whether a text mentions a card number or verification code, or may do so in letters of other scripts.
    """
    if not text.isascii():
        return True
    small = text.lower()  # searching for a few words is quicker than the pattern
    may = ("cv" in small or "card" in small or "code" in small or "verif" in small or "csc" in small
           or "cav2" in small)
    return may and _CARD_WORDS.search(text) is not None


def speaks_of_a_card(text: str, search: Search, as_document: bool = False) -> bool:
    """Whether a text, plain or encoded, mentions a card's number or code in a JSON document or before some
    digits.

    With `as_document`, digits behind the word are not enough: an order number may begin with CVC.
    """
    for reading in _readings(text, search):
        if _CARD_WORDS.search(reading) and '"' in reading:
            return True
        if not as_document and re.search(_WORD_AND_DIGITS, reading):
            return True
    return False


def _has_data(text: str, search: Search) -> bool:
    """Whether a text contains the words for a card's number or verification code with digits behind them."""
    return any(re.search(_WORD_AND_DIGITS, reading) for reading in _readings(text, search))


def _readings(text: str, search: Search) -> Iterator[str]:
    """The text and what is encoded in it, up to the search's limit, with full-width letters and the like as
    ASCII.
    """
    try:
        for reading in search.readings(text) if may_be_encoded(text) else (text,):
            yield reading if reading.isascii() else normalize("NFKC", reading)
    except TooMuch:
        return


def _is_pay_info(name: str) -> bool:
    return "payinfo" in _plain(name)


def _is_password(name: str) -> bool:
    return "password" in _plain(name)


def _plain(name: str) -> str:
    """A parameter's name in one spelling: `pay_info`, `PAY-INFO` and `amp;pay_info` become the same.

    The last is what arrives when an `&` was escaped for HTML.
    """
    if len(name) <= LONGEST_NAME and not name.isascii():
        name = normalize("NFKC", name)
    letters = name.lower().encode("ascii", "ignore")
    return _ESCAPED_AMPERSANDS.sub(b"", letters, count=1).translate(None, _NO_LETTERS).decode()


def _own_numbers(params: Mapping[str, str], search: Search) -> set[str]:
    """The numbers in the card data of a request: card numbers, and whatever is named as a card number."""
    found = set[str]()
    for name, value in params.items():
        try:
            for reading in search.readings(value) if has_card_data(name) else ():
                found.update(each.number for each in search.in_plain(reading))
                found.update(re.sub("[ -]", "", number) for number in re.findall(_NAMED_NUMBER, reading))
        except TooMuch:
            pass  # the value is hidden as a whole anyway
    return found
