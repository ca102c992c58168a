"""The steps of signing as data (section 1.2), so that a mistake is a change of one step and two mistakes
combine.
"""
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from . import signature

Pairs = tuple[tuple[str, str], ...]
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


def by_bytes(name: str) -> bytes:
    """The UTF-8 bytes of a text, which are also the sort key of the correct order of names."""
    return name.encode("utf-8", "surrogateescape")


@dataclass(frozen=True)
class Writing:
    """How the canonical text, before the token is appended, is written from the parameters.

    `pairs` are the parameters in the order in which they were sent; `left_out` are not written. `opening`,
    `equals`, `joint` and `closing` stand around and between names and values. `escape` is applied to each
    name and value, `case` to the whole text.
    """

    pairs: Pairs
    left_out: tuple[str, ...] = signature.NEVER_SIGNED
    keep_empty: bool = False
    sort_key: Callable[[str], Any] | None = by_bytes
    opening: str = ""
    equals: str = "="
    joint: str = "&"
    closing: str = ""
    escape: Callable[[str], str] = str
    case: Callable[[str], str] = str

    def counted(self) -> list[tuple[str, str]]:
        """The parameters that are written, in the order in which they are written."""
        pairs = [pair for pair in self.pairs
                 if pair[0] not in self.left_out and (self.keep_empty or pair[1] != "")]
        if self.sort_key is not None:
            sort_key = self.sort_key
            pairs.sort(key=lambda pair: sort_key(pair[0]))
        return pairs

    @cached_property
    def text(self) -> str:
        """The canonical text. It is cached: several recipes share one writing."""
        equals, escape = self.equals, self.escape
        counted = self.counted()
        if escape is not str:
            counted = [(escape(name), escape(value)) for name, value in counted]
        inner = self.joint.join([f"{name}{equals}{value}" for name, value in counted])
        return self.case(f"{self.opening}{inner}{self.closing}")

    @property
    def is_written(self) -> bool:
        """Whether `text` has been computed already."""
        return "text" in self.__dict__

    @cached_property
    def raw(self) -> bytes:
        """The canonical text in UTF-8."""
        return by_bytes(self.text)

    def but(self, **parts: Any) -> "Writing":
        """A copy with some fields replaced. `dataclasses.replace` takes four times as long."""
        made = object.__new__(Writing)
        made.__dict__.update(self.__dict__)
        made.__dict__.pop("text", None)
        made.__dict__.pop("raw", None)
        made.__dict__.update(parts)
        return made


FRAME = "{text}{token}"
_TEXT, _TOKEN = b"{text}", b"{token}"


@lru_cache
def _pieces(frame: str) -> tuple[bytes, ...]:
    """The frame split at the places of text and token, which stay in it."""
    known = {"{text}": _TEXT, "{token}": _TOKEN}
    pieces = re.split("({text}|{token})", frame)
    return tuple(known.get(piece) or by_bytes(piece) for piece in pieces if piece)


class Recipe(NamedTuple):
    """How a signature is computed: the canonical text, the token and its place in `frame`, and the hash.

    `charset` is a key of `CHARSETS`. A `keyed` hash is an HMAC with the token as its key.
    """

    writing: Writing
    token: str
    frame: str = FRAME
    charset: str = "utf-8"
    case: Callable[[str], str] = str
    algorithm: str = "md5"
    keyed: bool = False

    @classmethod
    def right(cls, pairs: Iterable[tuple[str, str]], token: str) -> "Recipe":
        """The correct recipe, as the document describes it (section 1.2)."""
        return cls(Writing(tuple(pairs)), token)

    def sign(self) -> str | None:
        """The signature in hexadecimal; None when the charset cannot encode the text."""
        if self.charset == "utf-8" and self.case is str:
            known = {_TEXT: self.writing.raw, _TOKEN: by_bytes(self.token)}
            raw = b"".join([known.get(piece, piece) for piece in _pieces(self.frame)])
        else:
            whole = self.case(self.frame.replace("{token}", self.token).replace("{text}", self.writing.text))
            try:
                raw = CHARSETS[self.charset](whole)
            except UnicodeError:
                return None
        if self.keyed:
            return hmac.new(by_bytes(self.token), raw, self.algorithm).hexdigest()
        if self.algorithm == "md5":
            return hashlib.md5(raw, usedforsecurity=False).hexdigest()
        return hashlib.new(self.algorithm, raw, usedforsecurity=False).hexdigest()

    @property
    def is_plain(self) -> bool:
        """Whether the text is hashed correctly: MD5 of the text and the token in UTF-8."""
        return self[2:] == (FRAME, "utf-8", str, "md5", False)

    def with_tokens(self, tokens: Iterable[str]) -> Iterable[tuple[str, str]]:
        """Each token with the signature that it gives. The text is hashed only once."""
        hashed = hashlib.md5(by_bytes(self.writing.text), usedforsecurity=False)
        for token in tokens:
            one = hashed.copy()
            one.update(by_bytes(token))
            yield token, one.hexdigest()


def _low_bytes(text: str) -> bytes:
    """The lower byte of each UTF-16 unit, as older JavaScript libraries and Node's `latin1` encode a text."""
    return text.encode("utf-16-le", "surrogatepass")[::2]


def _marks(text: str, marks: Callable[[str], int]) -> bytes:
    """The text in ASCII, with `marks` question marks for each other character."""
    return _NOT_ASCII.sub(lambda found: "?" * marks(found[0]), text).encode("ascii")


# Each encodes a text or raises UnicodeError. Those with a `?` in the name write a question mark for
# characters that the charset lacks.
CHARSETS: Mapping[str, Callable[[str], bytes]] = {
    "utf-8": by_bytes,
    "utf-8-sig": lambda text: b"\xef\xbb\xbf" + by_bytes(text),
    "gb18030": lambda text: text.encode("gb18030"),
    "gbk ?": lambda text: text.encode("gbk", "replace"),
    "latin-1": lambda text: text.encode("latin-1"),
    "windows-1252": lambda text: text.encode("cp1252"),
    "latin-1 ?": lambda text: text.encode("latin-1", "replace"),
    "windows-1252 ?": lambda text: text.encode("cp1252", "replace"),
    "low bytes": _low_bytes,
    "ascii ?": lambda text: _marks(text, lambda letter: 1),
    "ascii ? by unit": lambda text: _marks(text, lambda letter: 1 + (letter > "\uffff")),
    "ascii ? by byte": lambda text: _marks(text, lambda letter: len(by_bytes(letter))),
    "ascii only": lambda text: text.encode("ascii", "ignore"),
    "utf-16-le": lambda text: text.encode("utf-16-le"),
    "utf-16-be": lambda text: text.encode("utf-16-be"),
    "utf-16-le bom": lambda text: b"\xff\xfe" + text.encode("utf-16-le"),
    "utf-16-be bom": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
}
BYTE_ORDER_MARKS = {"utf-8-sig": 3, "utf-16-le bom": 2, "utf-16-be bom": 2}  # their lengths in bytes


def json_text(ascii_only: bool, replaced: Mapping[str, str]) -> Callable[[str], str]:
    """A function that escapes a text as a JSON library does; `replaced` are the escapes that only this
    library has.
    """
    def written(text: str) -> str:
        made = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        for plain, escaped in replaced.items():
            made = made.replace(plain, escaped)
        return made
    return written
