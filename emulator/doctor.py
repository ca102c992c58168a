"""Explains a wrong signature: which single mistake reproduces the value that the client sent.

A mistake is a change of the recipe of section 1.2. Nothing is claimed that does not reproduce the client's value.
"""
import hashlib
import html
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import quote

from . import signature

Pairs = tuple[tuple[str, str], ...]
# How languages encode a value for a URL: the characters beside letters and digits that they keep, a blank, small hexadecimal.
URL_ENCODINGS = (
    ("-_.~", "%20", False),  # PHP rawurlencode, Python quote(safe="")
    ("-_.~", "+", False),  # Python urlencode
    ("-_.~/", "%20", False),  # Python quote
    ("-_.!~*'()", "%20", False),  # JavaScript encodeURIComponent
    ("-_.*", "+", False),  # Java URLEncoder, browsers' forms
    ("-_.", "+", False),  # PHP urlencode, http_build_query
    ("-_.!*()", "+", True),  # C# HttpUtility.UrlEncode
    ("-_.~", "%20", True), ("-_.~", "+", True),
)
MOST_WORK = 2**20  # characters of the text × parameters: leaving each out in turn hashes as much
OFTEN_ADDED = (("service", "bankcard.pay"), ("service", "linktopost"), ("charset", "utf-8"), ("charset", "UTF-8"),
               ("_input_charset", "utf-8"), ("version", "1.0"), ("version", "2.0"))


@dataclass(frozen=True)
class Recipe:
    """How a text is made of parameters, in the order in which they were sent, and what is hashed."""

    pairs: Pairs
    token: str
    left_out: tuple[str, ...] = signature.NEVER_SIGNED
    keep_empty: bool = False
    sort_key: Callable[[str], Any] | None = lambda name: name.encode("utf-8", "surrogateescape")
    joint: str = "&"
    frame: str = "{text}{token}"
    charset: str = "utf-8"
    case: Callable[[str], str] = str
    text_case: Callable[[str], str] = str

    def text(self) -> str:
        """The text before the token comes to it."""
        pairs = [pair for pair in self.pairs if pair[0] not in self.left_out and (self.keep_empty or pair[1] != "")]
        if self.sort_key is not None:
            sort_key = self.sort_key
            pairs.sort(key=lambda pair: sort_key(pair[0]))
        return self.text_case(self.joint.join(f"{name}={value}" for name, value in pairs))

    def sign(self) -> str | None:
        """The signature that this recipe gives; None where the charset cannot write the text."""
        whole = self.case(self.frame.replace("{token}", self.token).replace("{text}", self.text()))
        try:
            raw = whole.encode(self.charset, "surrogateescape")
        except UnicodeEncodeError:
            return None
        return hashlib.md5(raw, usedforsecurity=False).hexdigest()

    def values(self, change: Callable[[str], str]) -> "Recipe":
        """The recipe with every value changed."""
        return replace(self, pairs=tuple((name, change(value)) for name, value in self.pairs))


@dataclass(frozen=True)
class Mistake:
    """A mistake that clients make: a stable code, what was done, and the recipe that does it."""

    code: str
    sentence: str
    recipe: Recipe


@dataclass(frozen=True)
class Diagnosis:
    """What is known of a wrong signature: the canonical text without the token, the right value, and the mistake if one reproduces it."""

    canonical: str
    expected: str
    given: str
    mistake: Mistake | None
    sentence: str

    def as_json(self) -> dict[str, Any]:
        """As the journal and `sign/explain` print it."""
        return {"canonical": self.canonical, "expected": self.expected, "given": self.given,
                "mistake": self.mistake.code if self.mistake else None, "sentence": self.sentence}


def explain(params: Mapping[str, str], token: str, other_tokens: Iterable[str] = ()) -> Diagnosis:
    """Find the mistake behind `params["sign"]`; `other_tokens` are those that it may have been signed with by accident."""
    given = params.get("sign", "")
    right = Recipe(tuple(params.items()), token)
    expected = signature.sign(params, token)
    if len(signature.canonical(params)) * len(params) > MOST_WORK:
        return Diagnosis(signature.canonical(params), expected, given, None, "the parameters are too many to try every mistake on them")
    for mistake in mistakes(right, other_tokens):
        if mistake.recipe.sign() == given.strip().lower():
            return Diagnosis(signature.canonical(params), expected, given, mistake, mistake.sentence)
    return Diagnosis(signature.canonical(params), expected, given, None, _doubt(params, given))


def mistakes(right: Recipe, other_tokens: Iterable[str]) -> Iterator[Mistake]:
    """Every known mistake, applied to the right recipe; the likelier ones first."""
    yield Mistake("SPACED", "the value is right, but has blanks around it", right)
    yield from _of_the_text(right)
    yield from _of_the_token(right, other_tokens)
    yield from _of_the_values(right)
    yield from _of_the_parameters(right)


def _of_the_text(right: Recipe) -> Iterator[Mistake]:
    kept = replace(right, left_out=("sign",))
    yield Mistake("SIGN_TYPE_KEPT", "sign_type was signed too; it never counts", kept)
    yield Mistake("EMPTY_KEPT", "parameters without a value were signed too; they never count", replace(right, keep_empty=True))
    yield Mistake("UNSORTED", "the parameters were signed in the order of sending; sort them by name", replace(right, sort_key=None))
    yield Mistake("SORTED_BY_CASE", "the names were sorted without regard to case; sort them by bytes, capitals first",
                  replace(right, sort_key=str.lower))
    yield Mistake("NOT_JOINED", "the pairs were joined without &", replace(right, joint=""))
    yield Mistake("GBK", "the text was written in GBK; sign UTF-8", replace(right, charset="gb18030"))
    yield Mistake("LATIN_1", "the text was written in Latin-1; sign UTF-8", replace(right, charset="latin-1"))
    yield Mistake("UPPER_CASE", "the text was put in upper case before hashing", replace(right, case=str.upper))
    yield Mistake("UPPER_CASE", "the text, without the token, was put in upper case before hashing", replace(right, text_case=str.upper))
    yield Mistake("LOWER_CASE", "the text was put in lower case before hashing", replace(right, case=str.lower))


def _of_the_token(right: Recipe, other_tokens: Iterable[str]) -> Iterator[Mistake]:
    yield Mistake("TOKEN_ABSENT", "the token was not appended", replace(right, frame="{text}"))
    yield Mistake("TOKEN_BEFORE", "the token stands before the text; append it", replace(right, frame="{token}{text}"))
    for frame in ("{text}&key={token}", "{text}&token={token}", "{text}key={token}"):
        yield Mistake("TOKEN_NAMED", f"the token was appended as {frame[6:-7]}; append it bare", replace(right, frame=frame))
    yield Mistake("TOKEN_AFTER_AMPERSAND", "the token was appended after another &", replace(right, frame="{text}&{token}"))
    for token in other_tokens:
        yield Mistake("OTHER_TOKEN", "it was signed with the token of another merchant", replace(right, token=token))


def _of_the_values(right: Recipe) -> Iterator[Mistake]:
    for encoding in URL_ENCODINGS:
        yield Mistake("URL_ENCODED", "the values were signed URL-encoded; sign the decoded ones",
                      right.values(partial(url_encoded, encoding=encoding)))
    yield Mistake("TRIMMED", "blanks around values were taken off before signing, but sent", right.values(str.strip))
    yield Mistake("HTML_ESCAPED", "the values were signed with HTML escapes", right.values(html.escape))
    yield Mistake("HTML_UNESCAPED", "the values were sent with HTML escapes, but signed without", right.values(html.unescape))


def url_encoded(value: str, encoding: tuple[str, str, bool]) -> str:
    """The value in percent signs, as one of the languages writes it."""
    kept, blank, lower = encoding
    text = quote(value, safe=kept + " ", errors="surrogateescape")
    if "~" not in kept:
        text = text.replace("~", "%7E")
    text = re.sub("%..", lambda match: match[0].lower(), text) if lower else text
    return text.replace(" ", blank)


def _of_the_parameters(right: Recipe) -> Iterator[Mistake]:
    for number, (name, value) in enumerate(right.pairs):
        if name in signature.NEVER_SIGNED or value == "":
            continue
        others = right.pairs[:number], right.pairs[number + 1:]
        yield Mistake("PARAMETER_MISSING", f"{name} was sent, but not signed", replace(right, pairs=others[0] + others[1]))
        for written in _amounts(value) if name.endswith(("amount", "fee")) else ():
            yield Mistake("AMOUNT_REFORMATTED", f"{name} was sent as {value}, but signed as {written}",
                          replace(right, pairs=(*others[0], (name, written), *others[1])))
    names = {name for name, _ in right.pairs}
    for name, value in OFTEN_ADDED:
        if name not in names:
            yield Mistake("PARAMETER_ADDED", f"{name}={value} was signed, but not sent",
                          replace(right, pairs=(*right.pairs, (name, value))))
    if "sign_type" not in names:
        yield Mistake("SIGN_TYPE_KEPT", "sign_type=MD5 was signed too; it never counts",
                      replace(right, pairs=(*right.pairs, ("sign_type", "MD5")), left_out=("sign",)))


def _amounts(value: str) -> set[str]:
    match = re.fullmatch(r"(\d{1,12})(?:\.(\d{1,4}))?", value, re.ASCII)
    if not match:
        return set()
    whole, part = match[1], (match[2] or "").rstrip("0")
    forms = {f"{whole}.{part}" if part else whole, f"{whole}.{part.ljust(1, '0')}", f"{whole}.{part.ljust(2, '0')}"}
    return forms - {value}


def _doubt(params: Mapping[str, str], given: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]{32}", given.strip()):
        return f"an MD5 is 32 hexadecimal digits, this has {len(given.strip())} characters"
    for name, value in signature.signed(params):
        if not value.isascii():
            return f"no single known mistake gives this value; look first at {name}, which is not ASCII"
        if value != value.strip() or set(value) & set("+%&=#<>\"'\\ "):
            return f"no single known mistake gives this value; look first at {name}, which has characters that are often changed on the way"
    return "no single known mistake gives this value; compare the canonical text with yours, and the token"
