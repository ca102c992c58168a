"""Finds where the text that a client signed first differs from the correct one, without showing tokens or
secrets.
"""
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ..protocol.characters import printable
from ..protocol.masking import HIDDEN, Mask, is_secret
from ..signing.recipes import BYTE_ORDER_MARKS, CHARSETS, Recipe

AROUND = 16  # characters that are shown on both sides of a difference
TOKEN, ITS_CASE, ANOTHER = "<token>", "<token in another case>", "<another token>"


@dataclass(frozen=True)
class Difference:
    """The first difference: its position in the correct text, and a few characters of both texts around it.

    The correct text ends in `<token>`, which stands for the merchant's token.
    """

    position: int
    yours: str
    right: str


class Piece(NamedTuple):
    """A piece of the text that is hashed, as it is and as it is shown.

    Positions within a `hidden` one are not shown.
    """

    written: str
    shown: str
    hidden: bool = False


class Display:
    """Shows the signed texts of one request: placeholders stand for the token and for what the mask hides."""

    def __init__(self, params: Mapping[str, str], token: str, mask: Mask) -> None:
        self._params, self._token, self._mask = params, token, mask
        self._names = {name for name in params if printable(name) not in mask.params}
        self._values = {name for name, value in params.items()
                        if mask.params.get(printable(name)) != printable(value)}
        self._secrets = [params[name] for name in self._values if params[name]]

    def text(self, recipe: Recipe) -> str:
        """The canonical text of a recipe, without the token."""
        return "".join(piece.shown for piece in self._of_text(recipe))

    def difference(self, right: Recipe, other: Recipe) -> Difference | None:
        """The first difference between the texts that two recipes hash, None when they are equal.

        If the recipes differ in the charset, bytes are shown.
        """
        rights, others = list(self._of_whole(right)), list(self._of_whole(other))
        one, two = ("".join(piece.written for piece in pieces) for pieces in (rights, others))
        lengths = range(1, min(len(one), len(two)) + 1)
        same = bisect_left(lengths, True, key=lambda length: one[:length] != two[:length])
        in_bytes = right.charset != other.charset
        if in_bytes:
            same = _first_in_other_bytes(one[:same], other.charset)
        elif one == two:
            return None
        yours, mine = (self._around(pieces, same, recipe.charset if in_bytes else None)
                       for pieces, recipe in ((others, other), (rights, right)))
        return Difference(_place(rights, same), yours, mine)

    def _around(self, pieces: list[Piece], offset: int, charset: str | None) -> str:
        """The shown text around an offset; with a charset, in its bytes."""
        text, place = "".join(piece.shown for piece in pieces), _place(pieces, offset)
        begin, end = max(0, place - AROUND), place + AROUND
        part = self._mask.text(text[begin:end])
        if charset:
            part = _in_bytes(part, charset, with_mark=begin == 0)
        return f"{'…' if begin else ''}{part}{'…' if end < len(text) else ''}"

    def _of_whole(self, recipe: Recipe) -> Iterator[Piece]:
        """The pieces of all that is hashed: the canonical text, the token and what stands between them."""
        for part in re.split("({text}|{token})", recipe.frame):
            if part == "{text}":
                yield from self._of_text(recipe)
            elif part == "{token}":
                yield Piece(recipe.case(recipe.token), self._token_name(recipe), True)
            else:
                yield Piece(recipe.case(part), recipe.case(part))

    def _token_name(self, recipe: Recipe) -> str:
        """The placeholder of the token in a recipe."""
        if recipe.token != self._token:
            return ANOTHER
        return TOKEN if recipe.case(recipe.token) == self._token else ITS_CASE

    def _of_text(self, recipe: Recipe) -> Iterator[Piece]:
        """The pieces of the canonical text."""
        writing = recipe.writing
        joint, counted = writing.opening, writing.counted()
        for name, value in counted:
            escaped_name, escaped_value = writing.escape(name), writing.escape(value)
            for text, hidden in ((joint, False), (escaped_name, name in self._names), (writing.equals, False),
                                 (escaped_value, self._is_hidden(name, value))):
                written = recipe.case(writing.case(text))
                yield Piece(written, HIDDEN if hidden else printable(written), hidden)
            joint = writing.joint
        if not counted:
            yield Piece(recipe.case(writing.case(joint)), printable(joint))
        yield Piece(recipe.case(writing.case(writing.closing)), writing.closing)

    def _is_hidden(self, name: str, value: str) -> bool:
        """Whether a value must not be shown; a value that differs from the request may contain a hidden one.
        """
        if name in self._values:
            return True
        if self._params.get(name) == value:
            return False
        if is_secret(name) or any(secret in value for secret in self._secrets):
            return True
        return self._mask.text(printable(value)) != printable(value)


def _place(pieces: list[Piece], offset: int) -> int:
    """The position in the shown text of an offset in the written text."""
    before = 0
    for piece in pieces:
        if offset < len(piece.written):
            return before + (0 if piece.hidden else offset)
        offset -= len(piece.written)
        before += len(piece.shown)
    return before


def _first_in_other_bytes(text: str, charset: str) -> int:
    """The place of the first character that a charset encodes differently from UTF-8, or the end of the text.
    """
    if charset.startswith("utf-16") or charset in BYTE_ORDER_MARKS:
        return 0
    return next((place for place, letter in enumerate(text) if not letter.isascii()), len(text))


def _in_bytes(text: str, charset: str, with_mark: bool) -> str:
    r"""The text with escaped bytes (`\xE8\x8C\xB6`) for characters that a charset does not encode as ASCII.
    """
    length = BYTE_ORDER_MARKS.get(charset, 0)
    mark = CHARSETS[charset]("")
    shown = "".join(f"\\x{byte:02X}" for byte in mark) if with_mark else ""
    for letter in text:
        try:
            raw = CHARSETS[charset](letter)[length:]
        except UnicodeError:
            raw = b"?"
        if raw == letter.encode("utf-8", "replace")[:1]:
            shown += letter
        else:
            shown += "".join(_byte(byte, letter) for byte in raw)
    return shown


def _byte(byte: int, letter: str) -> str:
    is_plain = byte == ord("?") or (letter.isascii() and byte == ord(letter))
    return chr(byte) if is_plain else f"\\x{byte:02X}"
