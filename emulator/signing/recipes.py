"""How a signature is made, step by step (section 1.2): a mistake is a change of one step, and two compose."""
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
    """The key of the right order of names."""
    return name.encode("utf-8", "surrogateescape")


@dataclass(frozen=True)
class Writing:
    """How the text before the token is made of parameters, which are in the order in which they were sent.

    `opening`, `equals`, `joint` and `closing` stand around and between names and values, `escape` is done to
    each name and value, `case` to everything.
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
        """The parameters that are written, in their order."""
        pairs = [pair for pair in self.pairs
                 if pair[0] not in self.left_out and (self.keep_empty or pair[1] != "")]
        if self.sort_key is not None:
            sort_key = self.sort_key
            pairs.sort(key=lambda pair: sort_key(pair[0]))
        return pairs

    @cached_property
    def text(self) -> str:
        """The text; changes of what is hashed beside it do not write it again."""
        equals, escape = self.equals, self.escape
        counted = self.counted()
        if escape is not str:
            counted = [(escape(name), escape(value)) for name, value in counted]
        inner = self.joint.join([f"{name}{equals}{value}" for name, value in counted])
        return self.case(f"{self.opening}{inner}{self.closing}")

    @property
    def is_written(self) -> bool:
        """Whether the text was made already."""
        return "text" in self.__dict__

    @cached_property
    def raw(self) -> bytes:
        """The text in UTF-8."""
        return by_bytes(self.text)

    def but(self, **parts: Any) -> "Writing":
        """This writing with other parts; `dataclasses.replace` takes four times as long."""
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
    """The pieces of a frame, the places of text and token among them."""
    known = {"{text}": _TEXT, "{token}": _TOKEN}
    pieces = re.split("({text}|{token})", frame)
    return tuple(known.get(piece) or by_bytes(piece) for piece in pieces if piece)


class Recipe(NamedTuple):
    """How a signature is made: the text, the token and where it stands, and how both are hashed.

    `charset` is a key of `CHARSETS`. Where the hash is `keyed` it is an HMAC, and the token its key.
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
        """The recipe of the document."""
        return cls(Writing(tuple(pairs)), token)

    def sign(self) -> str | None:
        """The signature that this recipe gives; None where the charset cannot write the text."""
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
        """Whether the text is hashed as it should be, the token behind it."""
        return self[2:] == (FRAME, "utf-8", str, "md5", False)

    def with_tokens(self, tokens: Iterable[str]) -> Iterable[tuple[str, str]]:
        """Each token with the signature that it gives; the text is hashed once for all of them."""
        hashed = hashlib.md5(by_bytes(self.writing.text), usedforsecurity=False)
        for token in tokens:
            one = hashed.copy()
            one.update(by_bytes(token))
            yield token, one.hexdigest()


def _low_bytes(text: str) -> bytes:
    """The lower byte of each UTF-16 unit, which older libraries of JavaScript and Node's `latin1` take."""
    return text.encode("utf-16-le", "surrogatepass")[::2]


def _marks(text: str, marks: Callable[[str], int]) -> bytes:
    return _NOT_ASCII.sub(lambda found: "?" * marks(found[0]), text).encode("ascii")


# Each makes bytes of a text, or raises UnicodeError. Those with a ? write it for what they do not have.
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
BYTE_ORDER_MARKS = {"utf-8-sig": 3, "utf-16-le bom": 2, "utf-16-be bom": 2}  # the length of each


def json_text(ascii_only: bool, replaced: Mapping[str, str]) -> Callable[[str], str]:
    """How a JSON library writes what stands between two quotation marks; `replaced` are its own escapes."""
    def written(text: str) -> str:
        made = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        for plain, escaped in replaced.items():
            made = made.replace(plain, escaped)
        return made
    return written
