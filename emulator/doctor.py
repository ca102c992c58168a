"""Explains a wrong signature (contract 7, `sign/explain`): which mistake, or which two, reproduce the value that the client sent.

Nothing is claimed that does not reproduce the client's value. What is told is masked: neither a token nor a secret is ever in it.
"""
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import reduce
from itertools import chain, combinations, combinations_with_replacement, product
from typing import Any, NamedTuple

from . import signature
from .contract import printable
from .masking import HIDDEN, Mask
from .mistakes import ALWAYS, OF_THE_VALUES, SPACED, Mistake, Recipe, of_other_tokens, of_the_parameters
from .remedies import remedies

MOST_WORK = 2**22  # bytes of all texts that are tried for one signature
A_PARAMETER = 16  # what it costs to put a parameter in its place, in bytes
AROUND = 16  # characters on both sides of a difference
TOKEN, ITS_CASE, ANOTHER = "<token>", "<token in another case>", "<another token>"
Mistakes = tuple[Mistake, ...]


@dataclass(frozen=True)
class Difference:
    """Where the client's text first differs: after how many characters of the right one, which ends in `<token>`, and a little of both."""

    position: int
    yours: str
    right: str


@dataclass(frozen=True)
class Diagnosis:
    """What is known of a signature: the text without the token, the right value and the client's, and the mistakes that reproduce it."""

    canonical: str
    expected: str
    given: str
    sentence: str
    right: bool = False
    mistakes: Mistakes = ()
    differs: Difference | None = None

    def as_json(self) -> dict[str, Any]:
        """As the journal and `sign/explain` print it."""
        codes = [mistake.code for mistake in self.mistakes]
        return {"right": self.right, "canonical": self.canonical, "expected": self.expected, "given": self.given,
                "mistake": codes[0] if codes else None, "mistakes": codes, "sentence": self.sentence,
                "differs": asdict(self.differs) if self.differs else None, "code": remedies(codes) if codes else None}


def explain(params: Mapping[str, str], token: str, other_tokens: Iterable[str] = (), mask: Mask | None = None) -> Diagnosis:
    """Find the mistakes behind `params["sign"]`; `other_tokens` are those that it may have been signed with by accident."""
    mask = mask or Mask(params, paid=True)
    right, display = Recipe.right(params.items(), token), Display(params, token, mask)
    given, expected = params.get("sign", ""), signature.sign(params, token)
    canonical, told = display.text(right), mask.text(printable(given))
    if signature.matches(given, expected):
        return Diagnosis(canonical, expected, told, "the signature is right", right=True)
    found, complete = _search(right, given, other_tokens)
    if not found:
        return Diagnosis(canonical, expected, told, mask.text(printable(_doubt(params, given, complete))))
    differs = display.difference(right, reduce(lambda recipe, mistake: mistake.change(recipe), found, right))
    return Diagnosis(canonical, expected, told, mask.text(printable(_sentence(found))), False, found, differs)


def _sentence(found: Mistakes) -> str:
    sentences = [mistake.sentence for mistake in found]
    return sentences[0] if len(found) == 1 else f"two mistakes at once: {sentences[0]}; and {sentences[1]}"


def _search(right: Recipe, given: str, other_tokens: Iterable[str]) -> tuple[Mistakes, bool]:
    """The mistakes that reproduce a value, none when it is not known; and whether everything was tried, which is too much for some."""
    wanted, left = given.strip().lower(), MOST_WORK
    if not _is_digest(wanted):
        return (), True
    cost = len(right.writing.text.encode("utf-8", "surrogateescape")) + A_PARAMETER * len(right.writing.pairs)
    for found, recipe in _spaced(right, other_tokens) if given != given.strip() else _attempts(right, other_tokens):
        if recipe.sign() == wanted:
            return found, True
        left -= cost
        if left < 0:
            return (), False
    return (), True


def _spaced(right: Recipe, other_tokens: Iterable[str]) -> Iterator[tuple[Mistakes, Recipe]]:
    """What there is to try for a value with blanks around it."""
    yield (SPACED,), right
    for mistake in chain(ALWAYS, of_other_tokens(other_tokens), of_the_parameters(right.writing.pairs)):
        yield (SPACED, mistake), mistake.change(right)


def _attempts(right: Recipe, other_tokens: Iterable[str]) -> Iterator[tuple[Mistakes, Recipe]]:
    """Everything there is to try: each mistake alone, then each two of them. Only changes of values depend on which comes first."""
    others, once = of_other_tokens(other_tokens), dict[Mistake, Recipe]()
    for mistake in chain(ALWAYS, others, of_the_parameters(right.writing.pairs)):
        once[mistake] = mistake.change(right)
        yield (mistake,), once[mistake]
    own = list(once)[len(ALWAYS) + len(others):]
    for first, second in chain(
            combinations(ALWAYS, 2), ((later, sooner) for sooner, later in combinations_with_replacement(OF_THE_VALUES, 2)),
            product(own, ALWAYS), combinations(own, 2), product((*ALWAYS, *own), others)):
        yield (first, second), second.change(once[first])


def _is_digest(text: str) -> bool:
    return re.fullmatch("[0-9a-f]{32}", text) is not None


def _doubt(params: Mapping[str, str], given: str, complete: bool) -> str:
    """What to look at first when no mistake is known."""
    if not _is_digest(given.strip().lower()):
        return f"an MD5 is 32 hexadecimal digits, this has {len(given.strip())} characters"
    known = "no known mistake and no two of them give this value" if complete else "there is too much here to try every mistake on it"
    for name, value in signature.signed(params):
        if not value.isascii():
            return f"{known}; look first at {name}, which is not ASCII"
        if value != value.strip() or set(value) & set("+%&=#<>\"'\\ "):
            return f"{known}; look first at {name}, which has characters that are often changed on the way"
    return f"{known}; compare the canonical text with yours, and the token"


class Piece(NamedTuple):
    """A piece of what is hashed: as it is, and as it is told; of a hidden one it is not told where in it something is."""

    written: str
    told: str
    hidden: bool = False


class Display:
    """Texts of one request as they may be told: `token` and what the mask hides are named, not shown."""

    def __init__(self, params: Mapping[str, str], token: str, mask: Mask) -> None:
        self._token, self._mask = token, mask
        self._names = {name for name in params if printable(name) not in mask.params}
        self._values = {name for name, value in params.items() if mask.params.get(printable(name)) != printable(value)}

    def text(self, recipe: Recipe) -> str:
        """The text before the token comes to it."""
        return "".join(piece.told for piece in self._of_text(recipe))

    def difference(self, right: Recipe, other: Recipe) -> Difference | None:
        """The first place where two recipes hash something else; None where they do not. Another charset is told in bytes."""
        rights, others = list(self._of_whole(right)), list(self._of_whole(other))
        one, two = ("".join(piece.written for piece in pieces) for pieces in (rights, others))
        same = bisect_left(range(1, min(len(one), len(two)) + 1), True, key=lambda length: one[:length] != two[:length])
        in_bytes = right.charset != other.charset
        if in_bytes:
            same = next((place for place, letter in enumerate(one[:same]) if not letter.isascii()), same)
        elif one == two:
            return None
        yours, mine = (self._around(pieces, same, recipe.charset if in_bytes else None)
                       for pieces, recipe in ((others, other), (rights, right)))
        return Difference(_place(rights, same), yours, mine)

    def _around(self, pieces: list[Piece], offset: int, charset: str | None) -> str:
        text, place = "".join(piece.told for piece in pieces), _place(pieces, offset)
        begin, end = max(0, place - AROUND), place + AROUND
        part = self._mask.text(text[begin:end])
        return f"{'…' if begin else ''}{_in_bytes(part, charset) if charset else part}{'…' if end < len(text) else ''}"

    def _of_whole(self, recipe: Recipe) -> Iterator[Piece]:
        for part in re.split("({text}|{token})", recipe.frame):
            if part == "{text}":
                yield from self._of_text(recipe)
            elif part == "{token}":
                token = recipe.case(recipe.token)
                yield Piece(token, TOKEN if token == self._token else ITS_CASE if recipe.token == self._token else ANOTHER, True)
            else:
                yield Piece(recipe.case(part), recipe.case(part))

    def _of_text(self, recipe: Recipe) -> Iterator[Piece]:
        joint = ""
        for name, value in recipe.writing.counted():
            for text, hidden in ((joint, False), (name, name in self._names), ("=", False), (value, name in self._values)):
                written = recipe.case(recipe.writing.case(text))
                yield Piece(written, HIDDEN if hidden else printable(written), hidden)
            joint = recipe.writing.joint


def _place(pieces: list[Piece], offset: int) -> int:
    """Where a place in what is written is in what is told."""
    before = 0
    for piece in pieces:
        if offset < len(piece.written):
            return before + (0 if piece.hidden else offset)
        offset -= len(piece.written)
        before += len(piece.told)
    return before


def _in_bytes(text: str, charset: str) -> str:
    r"""The text with the bytes of a charset for what is not ASCII: `\xE8\x8C\xB6`."""
    return "".join(letter if letter.isascii() else "".join(f"\\x{byte:02X}" for byte in letter.encode(charset, "replace"))
                   for letter in text)
