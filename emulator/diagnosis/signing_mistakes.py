"""Mistakes in signing: each is a change of the correct recipe (section 1.2).

Mistakes in sending a request that was signed correctly are in `sending_mistakes`.
"""
import html
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from ..protocol.masking import is_secret
from ..signing import signature
from ..signing.recipes import Pairs, Recipe, by_bytes
from .rewriting import (
    HTML_ESCAPED, HTML_QUOTES, JSON_LIBRARIES, URL_ENCODED, URL_ENCODINGS, Change, hashed_with, html_escaped,
    instead, json_written, other_amounts, paired, slashed, url_encoding, utf_8_twice, valued, written_with)

OFTEN_ADDED = (("service", "bankcard.pay"), ("service", "linktopost"), ("charset", "utf-8"),
               ("charset", "UTF-8"),
               ("_input_charset", "utf-8"), ("version", "1.0"), ("version", "2.0"))
LONGEST_NAME = 60  # of a parameter, in a sentence


@dataclass(frozen=True)
class Mistake:
    """A mistake: a stable code, a sentence about what was done, and the change of the recipe."""

    code: str
    sentence: str
    change: Change


def shortened(name: str) -> str:
    """A parameter's name for a sentence: a very long one is cut."""
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…"


def _with_empty_sign(recipe: Recipe, left_out: tuple[str, ...]) -> Recipe:
    pairs = [pair for pair in recipe.writing.pairs if pair[0] != "sign"] + [("sign", "")]
    return recipe._replace(writing=recipe.writing.but(pairs=tuple(pairs), left_out=left_out, keep_empty=True))


def _same(recipe: Recipe) -> Recipe:
    return recipe


SPACED = Mistake("SPACED", "the value has blanks around it; send the 32 characters alone", _same)
BASE64 = Mistake("BASE64", "the hash was encoded in base64; send its 32 hexadecimal digits", _same)
HALF = Mistake("HALF", "only the 16 digits in the middle of the MD5 were sent; send all 32", _same)
OF_THE_TEXT = (
    Mistake("SIGN_TYPE_KEPT", "sign_type was signed; leave it out", written_with(left_out=("sign",))),
    Mistake("EMPTY_KEPT", "parameters without a value were signed; leave them out",
            written_with(keep_empty=True)),
    Mistake("UNSORTED", "the parameters were signed in the order of sending; sort them by name",
            written_with(sort_key=None)),
    *(Mistake("SORTED_BY_CASE",
              "the names were sorted without regard to case; sort them by bytes, capitals first",
              written_with(sort_key=case)) for case in (str.lower, str.upper)),
    Mistake("SORTED_WITH_VALUES", "the texts name=value were sorted, not the names; sort by name",
            written_with(sort_key=lambda name: by_bytes(f"{name}="))),
    Mistake("NOT_JOINED", "the pairs were joined without &", written_with(joint="")),
    Mistake("UPPER_CASE", "the text, without the token, was converted to upper case before hashing",
            written_with(case=str.upper)),
    Mistake("LOWER_CASE", "the text, without the token, was converted to lower case before hashing",
            written_with(case=str.lower)),
    *(Mistake("SIGN_KEPT", "an empty sign was signed; leave it out",
              partial(_with_empty_sign, left_out=left_out)) for left_out in (("sign_type",), ())),
    *(Mistake("JSON_SIGNED", "JSON was signed; sign name=value, joined with &",
              json_written(*library, sort_key=sort_key))
      for library in JSON_LIBRARIES for sort_key in (None, by_bytes)),
    *(Mistake("URL_ENCODED", "the whole text was URL-encoded before hashing; sign it as it is",
              written_with(case=url_encoding(*encoding))) for encoding in URL_ENCODINGS[:3]),
    *(Mistake("HTML_ESCAPED", "the whole text was HTML-escaped before hashing; sign it as it is",
              written_with(case=partial(html_escaped, quote_sign=sign))) for sign in HTML_QUOTES),
)
PLUS_NOT_ENCODED = Mistake(
    "PLUS_NOT_ENCODED",
    "a + was signed, but sent as it is, and arrived as a blank; URL-encode values when sending",
    valued(lambda value: value.replace(" ", "+")))
# Changes of values: the code, the words of the sentence after "was" or "were", its end, and the change.
_TO_VALUES: tuple[tuple[str, str, str, Callable[[str], str]], ...] = (
    *(("URL_ENCODED", "signed URL-encoded", "; sign the decoded ", change) for change in URL_ENCODED),
    *(("HTML_ESCAPED", "signed with HTML escapes", "", change) for change in HTML_ESCAPED),
    ("HTML_UNESCAPED", "sent with HTML escapes, but signed without", "", html.unescape),
    ("SLASHES_ADDED", "signed with backslashes before quotes", "; sign the plain ", slashed),
    *(("UTF_8_TWICE", "converted to UTF-8 twice before signing", "; sign the plain ",
       partial(utf_8_twice, charset=charset)) for charset in ("latin-1", "cp1252")),
    *(("LINE_BREAKS", "signed with line breaks of another kind than were sent", "", change)
      for change in (lambda value: value.replace("\r\n", "\n"), lambda value: value.replace("\n", "\r\n"))),
)
OF_THE_VALUES = (
    *(Mistake(code, f"the values were {done}{f'{rest}ones' if rest else ''}", valued(change))
      for code, done, rest, change in _TO_VALUES),
    PLUS_NOT_ENCODED,
    Mistake("TRIMMED", "blanks around values were removed before signing, but sent", valued(str.strip)),
)
TOKEN_NAMES = ("&key=", "&token=", "&secret=", "&sign=", "key=")
OF_THE_HASH = (
    Mistake("TOKEN_ABSENT", "the token was not appended", hashed_with(frame="{text}")),
    Mistake("TOKEN_BEFORE", "the token was put before the text; append it",
            hashed_with(frame="{token}{text}")),
    Mistake("TOKEN_BEFORE", "the token was put before the text, with an &; append it without",
            hashed_with(frame="{token}&{text}")),
    Mistake("TOKEN_BEFORE", "the token was put before the text as well; only append it",
            hashed_with(frame="{token}{text}{token}")),
    *(Mistake("TOKEN_NAMED", f"the token was appended as {name}; append only its value",
              hashed_with(frame=f"{{text}}{name}{{token}}")) for name in TOKEN_NAMES),
    Mistake("TOKEN_AFTER_AMPERSAND", "the token was appended after another &",
            hashed_with(frame="{text}&{token}")),
    *(Mistake("TOKEN_SPACED",
              "a line break or a blank was hashed with the token (echo adds one, printf does not)",
              hashed_with(frame=frame))
      for frame in ("{text}{token}\n", "{text}{token}\r\n", "{text}{token} ", "{text} {token}",
                    "{text}\n{token}")),
    Mistake("TOKEN_BOM", "a byte order mark (BOM) was hashed before the token",
            hashed_with(frame="{text}\ufeff{token}")),
    Mistake("BOM", "a byte order mark (BOM) was hashed before the text; sign UTF-8 without it",
            hashed_with(charset="utf-8-sig")),
    *(Mistake("ASCII", f"non-ASCII text was {done} before hashing; sign UTF-8",
              hashed_with(charset=charset))
      for charset, done in (
          ("ascii ?", "replaced by a ? for each character"),
          ("ascii ? by unit", "replaced by a ? for each UTF-16 unit"),
          ("ascii ? by byte", "replaced by a ? for each byte"), ("ascii only", "left out"))),
    *(Mistake("GBK", "the text was encoded in GBK; sign UTF-8", hashed_with(charset=charset))
      for charset in ("gb18030", "gbk ?")),
    *(Mistake("LATIN_1", f"the text was encoded in Latin-1{with_what}; sign UTF-8",
              hashed_with(charset=charset))
      for charset, with_what in (
          ("latin-1", ""), ("windows-1252", " (Windows-1252)"),
          ("latin-1 ?", ", with ? for other characters"),
          ("windows-1252 ?", " (Windows-1252), with ? for other characters"),
          ("low bytes", ", the lower byte of each character"))),
    *(Mistake("UTF_16",
              f"the text was encoded in UTF-16 ({order}-endian, {mark} a byte order mark); sign UTF-8",
              hashed_with(charset=charset))
      for charset, order, mark in (("utf-16-le", "little", "without"), ("utf-16-be", "big", "without"),
                                   ("utf-16-le bom", "little", "with"), ("utf-16-be bom", "big", "with"))),
    Mistake("UPPER_CASE", "the text was converted to upper case before hashing", hashed_with(case=str.upper)),
    Mistake("LOWER_CASE", "the text was converted to lower case before hashing", hashed_with(case=str.lower)),
    *(Mistake("OTHER_HASH", f"it is {name}; sign with MD5", hashed_with(algorithm=algorithm))
      for algorithm, name in (("sha1", "SHA-1"), ("sha256", "SHA-256"), ("sha512", "SHA-512"))),
    *(Mistake("HMAC", f"it is HMAC-{name}, keyed with the token; append the token and take the MD5",
              hashed_with(algorithm=algorithm, keyed=True, frame=frame))
      for algorithm, name in (("md5", "MD5"), ("sha1", "SHA-1"), ("sha256", "SHA-256"), ("sha512", "SHA-512"))
      for frame in ("{text}", "{text}{token}", "{text}&key={token}")),
)
# Mistakes of the hash come last: combined with another mistake they leave its text as it is, which is
# quicker.
ALWAYS = (*OF_THE_TEXT, *OF_THE_VALUES, *OF_THE_HASH)


def of_another_token(token: str) -> Mistake:
    """The mistake of signing with this token of another merchant."""
    return Mistake("OTHER_TOKEN", "it was signed with the token of another merchant",
                   hashed_with(token=token))


def of_the_parameters(pairs: Pairs) -> Iterator[Mistake]:
    """The mistakes with single parameters: one was not signed, an amount was written differently, another was
    added.
    """
    counted = [pair for pair in pairs if pair[0] not in signature.NEVER_SIGNED and pair[1] != ""]
    for name, value in counted:
        yield Mistake("PARAMETER_MISSING", f"{shortened(name)} was sent, but not signed", _without(name))
        for written in other_amounts(value) if name.endswith(("amount", "fee")) and not is_secret(
                name) else ():
            sentence = f"{shortened(name)} was sent as {value}, but signed as {written}"
            yield Mistake("AMOUNT_REFORMATTED", sentence, instead(name, written))
    names = {name for name, _ in pairs}
    for added in OFTEN_ADDED:
        if added[0] not in names:
            for change in _added(added):
                yield Mistake("PARAMETER_ADDED", f"{added[0]}={added[1]} was signed, but not sent", change)
    if "sign_type" not in names:
        yield Mistake("SIGN_TYPE_KEPT", "sign_type=MD5 was signed; leave it out", _sign_type_added)


def of_single_values(pairs: Pairs) -> Iterator[Mistake]:
    """Mistakes with one value only, where the result differs from the same mistake with all values."""
    counted = [pair for pair in pairs if pair[0] not in signature.NEVER_SIGNED and pair[1] != ""]
    trimmed = ("TRIMMED", "trimmed before signing, but not before sending", "", str.strip)
    for code, done, rest, change in (*_TO_VALUES, trimmed):
        written = {name: change(value) for name, value in counted}
        changed = [name for name, value in counted if written[name] != value]
        for name in changed if len(changed) > 1 else ():
            end = f"{rest}one" if rest else ""
            yield Mistake(code, f"{shortened(name)} was {done}{end}", instead(name, written[name]))
    for name, value in counted:
        sentence = f"{shortened(name)} was signed with a blank or a line break at its end, but sent without"
        for blank in (" ", "\n", "\r\n"):
            yield Mistake("SPACED_VALUE", sentence, instead(name, value + blank))


def _without(name: str) -> Change:
    return paired(lambda pairs: [pair for pair in pairs if pair[0] != name])


def _added(pair: tuple[str, str]) -> tuple[Change, Change]:
    """The parameter added at the end and at the beginning; the results differ when the client does not sort.
    """
    return paired(lambda pairs: (*pairs, pair)), paired(lambda pairs: (pair, *pairs))


def _sign_type_added(recipe: Recipe) -> Recipe:
    pairs = (*recipe.writing.pairs, ("sign_type", "MD5"))
    return recipe._replace(writing=recipe.writing.but(pairs=pairs, left_out=("sign",)))
