"""The mistakes that clients make when they sign: each is a change of the recipe of section 1.2, so that two of them compose."""
import hashlib
import html
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

from . import signature
from .masking import is_secret

Pairs = tuple[tuple[str, str], ...]
# How languages encode a value for a URL: the characters beside letters and digits that they keep, a blank, the hexadecimal.
URL_ENCODINGS = (
    ("-_.~", "%20", "%02X"),  # PHP rawurlencode, Python quote(safe="")
    ("-_.~", "+", "%02X"),  # Python urlencode
    ("-_.~/", "%20", "%02X"),  # Python quote
    ("-_.!~*'()", "%20", "%02X"),  # JavaScript encodeURIComponent
    ("-_.*", "+", "%02X"),  # Java URLEncoder, browsers' forms
    ("-_.", "+", "%02X"),  # PHP urlencode, http_build_query
    ("-_.!*()", "+", "%02x"),  # C# HttpUtility.UrlEncode
    ("-_.~", "%20", "%02x"), ("-_.~", "+", "%02x"),
)
# How languages escape a single quote for HTML: Python, PHP since 8.1, Java and C#, PHP before.
HTML_QUOTES = ("&#x27;", "&#039;", "&#39;", "'")
OFTEN_ADDED = (("service", "bankcard.pay"), ("service", "linktopost"), ("charset", "utf-8"), ("charset", "UTF-8"),
               ("_input_charset", "utf-8"), ("version", "1.0"), ("version", "2.0"))


@dataclass(frozen=True)
class Writing:
    """How the text before the token is made of parameters, which are in the order in which they were sent."""

    pairs: Pairs
    left_out: tuple[str, ...] = signature.NEVER_SIGNED
    keep_empty: bool = False
    sort_key: Callable[[str], Any] | None = lambda name: name.encode("utf-8", "surrogateescape")
    joint: str = "&"
    case: Callable[[str], str] = str

    def counted(self) -> list[tuple[str, str]]:
        """The parameters that are written, in their order."""
        pairs = [pair for pair in self.pairs if pair[0] not in self.left_out and (self.keep_empty or pair[1] != "")]
        if self.sort_key is not None:
            sort_key = self.sort_key
            pairs.sort(key=lambda pair: sort_key(pair[0]))
        return pairs

    @cached_property
    def text(self) -> str:
        """The text; changes of what is hashed beside it do not write it again."""
        return self.case(self.joint.join([f"{name}={value}" for name, value in self.counted()]))


@dataclass(frozen=True)
class Recipe:
    """How a signature is made: the text, the token and where it stands, and what is hashed of both."""

    writing: Writing
    token: str
    frame: str = "{text}{token}"
    charset: str = "utf-8"
    case: Callable[[str], str] = str

    @classmethod
    def right(cls, pairs: Iterable[tuple[str, str]], token: str) -> "Recipe":
        """The recipe of the document."""
        return cls(Writing(tuple(pairs)), token)

    def sign(self) -> str | None:
        """The signature that this recipe gives; None where the charset cannot write the text."""
        whole = self.case(self.frame.replace("{token}", self.token).replace("{text}", self.writing.text))
        try:
            raw = whole.encode(self.charset, "surrogateescape")
        except UnicodeEncodeError:
            return None
        return hashlib.md5(raw, usedforsecurity=False).hexdigest()


Change = Callable[[Recipe], Recipe]


@dataclass(frozen=True)
class Mistake:
    """A mistake: a stable code, what was done in a sentence, and what it makes of a recipe."""

    code: str
    sentence: str
    change: Change


def _hashed(**parts: Any) -> Change:
    """The change of what is hashed beside the text; the text stays."""
    return lambda recipe: replace(recipe, **parts)


def _written(**parts: Any) -> Change:
    """The change of how the text is written."""
    return lambda recipe: replace(recipe, writing=replace(recipe.writing, **parts))


def _paired(change: Callable[[Pairs], Iterable[tuple[str, str]]]) -> Change:
    """The change of the parameters themselves."""
    return lambda recipe: replace(recipe, writing=replace(recipe.writing, pairs=tuple(change(recipe.writing.pairs))))


def _valued(change: Callable[[str], str]) -> Change:
    """The change of every value."""
    return _paired(lambda pairs: [(name, change(value)) for name, value in pairs])


def _url_encoding(kept: str, blank: str, hexadecimal: str) -> Callable[[str], str]:
    """How one of the languages writes a value in percent signs."""
    letters = {byte for byte in range(128) if chr(byte).isalnum() or chr(byte) in kept}
    written = {byte: "%" + hexadecimal % byte for byte in range(256) if byte not in letters} | {ord(" "): blank}
    return lambda value: value.encode("utf-8", "surrogateescape").decode("latin-1").translate(written)


def html_escaped(value: str, quote_sign: str) -> str:
    """The value with HTML escapes, the single quote written as one of the languages does."""
    return html.escape(value, quote=False).replace('"', "&quot;").replace("'", quote_sign)


SPACED = Mistake("SPACED", "the value has blanks around it; send the 32 characters alone", lambda recipe: recipe)
OF_THE_TEXT = (
    Mistake("SIGN_TYPE_KEPT", "sign_type was signed too; it never counts", _written(left_out=("sign",))),
    Mistake("EMPTY_KEPT", "parameters without a value were signed too; they never count", _written(keep_empty=True)),
    Mistake("UNSORTED", "the parameters were signed in the order of sending; sort them by name", _written(sort_key=None)),
    Mistake("SORTED_BY_CASE", "the names were sorted without regard to case; sort them by bytes, capitals first",
            _written(sort_key=str.lower)),
    Mistake("NOT_JOINED", "the pairs were joined without &", _written(joint="")),
    Mistake("UPPER_CASE", "the text, without the token, was put in upper case before hashing", _written(case=str.upper)),
)
OF_THE_VALUES = (
    *(Mistake("URL_ENCODED", "the values were signed URL-encoded; sign the decoded ones",
              _valued(_url_encoding(*encoding))) for encoding in URL_ENCODINGS),
    Mistake("PLUS_NOT_ENCODED", "a + was signed, but sent as it is, and arrived as a blank; URL-encode values when sending",
            _valued(lambda value: value.replace(" ", "+"))),
    Mistake("TRIMMED", "blanks around values were taken off before signing, but sent", _valued(str.strip)),
    *(Mistake("HTML_ESCAPED", "the values were signed with HTML escapes", _valued(partial(html_escaped, quote_sign=sign)))
      for sign in HTML_QUOTES),
    Mistake("HTML_UNESCAPED", "the values were sent with HTML escapes, but signed without", _valued(html.unescape)),
)
OF_THE_HASH = (
    Mistake("TOKEN_ABSENT", "the token was not appended", _hashed(frame="{text}")),
    Mistake("TOKEN_BEFORE", "the token stands before the text; append it", _hashed(frame="{token}{text}")),
    *(Mistake("TOKEN_NAMED", f"the token was appended as {frame[6:-7]}; append it bare", _hashed(frame=frame))
      for frame in ("{text}&key={token}", "{text}&token={token}", "{text}key={token}")),
    Mistake("TOKEN_AFTER_AMPERSAND", "the token was appended after another &", _hashed(frame="{text}&{token}")),
    *(Mistake("TOKEN_SPACED", "a line break or a blank was hashed with the token (echo adds one, printf does not)", _hashed(frame=frame))
      for frame in ("{text}{token}\n", "{text}{token}\r\n", "{text}{token} ", "{text} {token}")),
    Mistake("GBK", "the text was written in GBK; sign UTF-8", _hashed(charset="gb18030")),
    Mistake("LATIN_1", "the text was written in Latin-1; sign UTF-8", _hashed(charset="latin-1")),
    Mistake("UPPER_CASE", "the text was put in upper case before hashing", _hashed(case=str.upper)),
    Mistake("LOWER_CASE", "the text was put in lower case before hashing", _hashed(case=str.lower)),
)
# Those of the hash come last: after another mistake they leave its text as it is.
ALWAYS = (*OF_THE_TEXT, *OF_THE_VALUES, *OF_THE_HASH)


def of_other_tokens(tokens: Iterable[str]) -> list[Mistake]:
    """The mistakes of signing with each of these tokens."""
    return [Mistake("OTHER_TOKEN", "it was signed with the token of another merchant", _hashed(token=token)) for token in tokens]


def of_the_parameters(pairs: Pairs) -> Iterator[Mistake]:
    """The mistakes that these parameters allow: one of them not signed, an amount written otherwise, another one signed too."""
    counted = [pair for pair in pairs if pair[0] not in signature.NEVER_SIGNED and pair[1] != ""]
    for name, value in counted:
        yield Mistake("PARAMETER_MISSING", f"{name} was sent, but not signed", _without(name))
        for written in _amounts(value) if name.endswith(("amount", "fee")) and not is_secret(name) else ():
            yield Mistake("AMOUNT_REFORMATTED", f"{name} was sent as {value}, but signed as {written}", _instead(name, written))
    names = {name for name, _ in pairs}
    for added in OFTEN_ADDED:
        if added[0] not in names:
            for change in _added(added):
                yield Mistake("PARAMETER_ADDED", f"{added[0]}={added[1]} was signed, but not sent", change)
    if "sign_type" not in names:
        yield Mistake("SIGN_TYPE_KEPT", "sign_type=MD5 was signed too; it never counts", _sign_type_added)


def _without(name: str) -> Change:
    return _paired(lambda pairs: [pair for pair in pairs if pair[0] != name])


def _instead(name: str, written: str) -> Change:
    return _paired(lambda pairs: [(each, written if each == name else value) for each, value in pairs])


def _added(pair: tuple[str, str]) -> tuple[Change, Change]:
    """The parameter at the end and at the beginning, which differ where nothing is sorted."""
    return _paired(lambda pairs: (*pairs, pair)), _paired(lambda pairs: (pair, *pairs))


def _sign_type_added(recipe: Recipe) -> Recipe:
    writing = replace(recipe.writing, pairs=(*recipe.writing.pairs, ("sign_type", "MD5")), left_out=("sign",))
    return replace(recipe, writing=writing)


def _amounts(value: str) -> list[str]:
    """The other forms in which an amount is often written."""
    match = re.fullmatch(r"(\d{1,12})(?:\.(\d{1,4}))?", value, re.ASCII)
    if not match:
        return []
    whole, part = match[1], (match[2] or "").rstrip("0")
    forms = (f"{whole}.{part}" if part else whole, f"{whole}.{part.ljust(1, '0')}", f"{whole}.{part.ljust(2, '0')}")
    return [form for form in dict.fromkeys(forms) if form != value]
