"""The mistakes that clients make when they sign: each is a change of the recipe of section 1.2.

What goes wrong when a rightly signed request is sent is in `sending_mistakes`.
"""
import html
import html.entities
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..protocol.masking import is_secret
from ..signing import signature
from ..signing.recipes import Pairs, Recipe, by_bytes, json_text

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
_NAMED = {code: f"&{name};" for code, name in html.entities.codepoint2name.items() if code > 127}
HTML_QUOTES = ("&#x27;", "&#039;", "&#39;", "'")
OFTEN_ADDED = (("service", "bankcard.pay"), ("service", "linktopost"), ("charset", "utf-8"), ("charset", "UTF-8"),
               ("_input_charset", "utf-8"), ("version", "1.0"), ("version", "2.0"))
# How JSON libraries write objects: between name and value, between two pairs; ASCII only; their own escapes.
_GSON = {letter: f"\\u{ord(letter):04x}" for letter in "=&<>'"}
JSON_LIBRARIES: tuple[tuple[str, str, bool, Mapping[str, str]], ...] = (
    ('": "', '", "', True, {}), ('": "', '", "', False, {}),  # Python
    ('":"', '","', False, {}), ('":"', '","', True, {}),  # JavaScript, Java's Jackson and fastjson
    ('":"', '","', True, {"/": r"\/"}), ('":"', '","', False, {"/": r"\/"}),  # PHP
    ('":"', '","', False, _GSON),
)
LONGEST_NAME = 60  # of a parameter, in a sentence
Change = Callable[[Recipe], Recipe]


@dataclass(frozen=True)
class Mistake:
    """A mistake: a stable code, what was done in a sentence, and what it makes of a recipe."""

    code: str
    sentence: str
    change: Change


def shortened(name: str) -> str:
    """A parameter's name as a sentence has it."""
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…"


def _hashed(**parts: Any) -> Change:
    """The change of what is hashed beside the text; the text stays."""
    return lambda recipe: recipe._replace(**parts)


def _written(**parts: Any) -> Change:
    """The change of how the text is written."""
    return lambda recipe: recipe._replace(writing=recipe.writing.but(**parts))


def paired(change: Callable[[Pairs], Iterable[tuple[str, str]]]) -> Change:
    """The change of the parameters themselves."""
    def changed(recipe: Recipe) -> Recipe:
        return recipe._replace(writing=recipe.writing.but(pairs=tuple(change(recipe.writing.pairs))))
    return changed


def valued(change: Callable[[str], str]) -> Change:
    """The change of every value."""
    return paired(lambda pairs: [(name, change(value)) for name, value in pairs])


def instead(name: str, written: str) -> Change:
    """The change of one value."""
    return paired(lambda pairs: [(each, written if each == name else value) for each, value in pairs])


def url_encoding(kept: str, blank: str, hexadecimal: str) -> Callable[[str], str]:
    """How one of the languages writes a value in percent signs."""
    letters = {byte for byte in range(128) if chr(byte).isalnum() or chr(byte) in kept}
    written = {byte: "%" + hexadecimal % byte for byte in range(256) if byte not in letters} | {ord(" "): blank}
    return lambda value: by_bytes(value).decode("latin-1").translate(written)


def html_escaped(value: str, quote_sign: str) -> str:
    """The value with HTML escapes, the single quote written as one of the languages does."""
    return html.escape(value, quote=False).replace('"', "&quot;").replace("'", quote_sign)


def _html_entities(value: str) -> str:
    """The value with an entity for each character that has one, as PHP's htmlentities makes them."""
    return html_escaped(value, "&#039;").translate(_NAMED)


def _html_numbers(value: str) -> str:
    """The value with a number for each character that is not ASCII, as .NET's HtmlEncode makes them."""
    return html_escaped(value, "&#39;").encode("ascii", "xmlcharrefreplace").decode()


def _slashed(value: str) -> str:
    """The value with backslashes before quotes, as PHP's addslashes makes them."""
    return re.sub(r"(['\"\\])", r"\\\1", value)


def _utf_8_twice(value: str, charset: str) -> str:
    """What UTF-8 bytes are when they are taken for another charset's letters."""
    read = by_bytes(value)
    try:
        return read.decode(charset)
    except UnicodeError:  # Windows-1252 has no letter for five of the bytes
        return "".join(bytes([byte]).decode(charset, "ignore") or chr(byte) for byte in read)


def _json(equals: str, joint: str, ascii_only: bool, replaced: Mapping[str, str], sort_key: Any) -> Change:
    escape = json_text(ascii_only, replaced)
    return _written(opening='{"', equals=equals, joint=joint, closing='"}', escape=escape, sort_key=sort_key)


def _with_empty_sign(recipe: Recipe, left_out: tuple[str, ...]) -> Recipe:
    pairs = [pair for pair in recipe.writing.pairs if pair[0] != "sign"] + [("sign", "")]
    return recipe._replace(writing=recipe.writing.but(pairs=tuple(pairs), left_out=left_out, keep_empty=True))


def _same(recipe: Recipe) -> Recipe:
    return recipe


SPACED = Mistake("SPACED", "the value has blanks around it; send the 32 characters alone", _same)
BASE64 = Mistake("BASE64", "the hash was written in base64; write its 32 hexadecimal digits", _same)
HALF = Mistake("HALF", "only the 16 digits in the middle of the MD5 were sent; send all 32", _same)
OF_THE_TEXT = (
    Mistake("SIGN_TYPE_KEPT", "sign_type was signed too; it never counts", _written(left_out=("sign",))),
    Mistake("EMPTY_KEPT", "parameters without a value were signed too; they never count", _written(keep_empty=True)),
    Mistake("UNSORTED", "the parameters were signed in the order of sending; sort them by name", _written(sort_key=None)),
    *(Mistake("SORTED_BY_CASE",
              "the names were sorted without regard to case; sort them by bytes, capitals first",
              _written(sort_key=case)) for case in (str.lower, str.upper)),
    Mistake("SORTED_WITH_VALUES", "the texts name=value were sorted, not the names; sort by name",
            _written(sort_key=lambda name: by_bytes(f"{name}="))),
    Mistake("NOT_JOINED", "the pairs were joined without &", _written(joint="")),
    Mistake("UPPER_CASE", "the text, without the token, was put in upper case before hashing", _written(case=str.upper)),
    Mistake("LOWER_CASE", "the text, without the token, was put in lower case before hashing",
            _written(case=str.lower)),
    *(Mistake("SIGN_KEPT", "an empty sign was signed too; it never counts",
              partial(_with_empty_sign, left_out=left_out)) for left_out in (("sign_type",), ())),
    *(Mistake("JSON_SIGNED", "JSON was signed; sign name=value, joined with &",
              _json(*library, sort_key=sort_key))
      for library in JSON_LIBRARIES for sort_key in (None, by_bytes)),
    *(Mistake("URL_ENCODED", "the whole text was URL-encoded before hashing; sign it as it is",
              _written(case=url_encoding(*encoding))) for encoding in URL_ENCODINGS[:3]),
    *(Mistake("HTML_ESCAPED", "the whole text was HTML-escaped before hashing; sign it as it is",
              _written(case=partial(html_escaped, quote_sign=sign))) for sign in HTML_QUOTES),
)
URL_ENCODED = [url_encoding(*encoding) for encoding in URL_ENCODINGS]
HTML_ESCAPED: list[Callable[[str], str]] = [
    *(partial(html_escaped, quote_sign=sign) for sign in HTML_QUOTES), partial(html.escape, quote=False), _html_entities,
    _html_numbers]
PLUS_NOT_ENCODED = Mistake(
    "PLUS_NOT_ENCODED",
    "a + was signed, but sent as it is, and arrived as a blank; URL-encode values when sending",
    valued(lambda value: value.replace(" ", "+")))
# What is done to values: the code, how a sentence goes on after "was" or "were", its end, the change.
_TO_VALUES: tuple[tuple[str, str, str, Callable[[str], str]], ...] = (
    *(("URL_ENCODED", "signed URL-encoded", "; sign the decoded ", change) for change in URL_ENCODED),
    *(("HTML_ESCAPED", "signed with HTML escapes", "", change) for change in HTML_ESCAPED),
    ("HTML_UNESCAPED", "sent with HTML escapes, but signed without", "", html.unescape),
    ("SLASHES_ADDED", "signed with backslashes before quotes", "; sign the plain ", _slashed),
    *(("UTF_8_TWICE", "converted to UTF-8 twice before signing", "; sign the plain ",
       partial(_utf_8_twice, charset=charset)) for charset in ("latin-1", "cp1252")),
    *(("LINE_BREAKS", "signed with line breaks of another kind than were sent", "", change)
      for change in (lambda value: value.replace("\r\n", "\n"), lambda value: value.replace("\n", "\r\n"))),
)
OF_THE_VALUES = (
    *(Mistake(code, f"the values were {done}{f'{rest}ones' if rest else ''}", valued(change))
      for code, done, rest, change in _TO_VALUES),
    PLUS_NOT_ENCODED,
    Mistake("TRIMMED", "blanks around values were taken off before signing, but sent", valued(str.strip)),
)
TOKEN_NAMES = ("&key=", "&token=", "&secret=", "&sign=", "key=")
OF_THE_HASH = (
    Mistake("TOKEN_ABSENT", "the token was not appended", _hashed(frame="{text}")),
    Mistake("TOKEN_BEFORE", "the token stands before the text; append it", _hashed(frame="{token}{text}")),
    Mistake("TOKEN_BEFORE", "the token stands before the text, with an &; append it bare",
            _hashed(frame="{token}&{text}")),
    Mistake("TOKEN_BEFORE", "the token stands before the text too; only append it",
            _hashed(frame="{token}{text}{token}")),
    *(Mistake("TOKEN_NAMED", f"the token was appended as {name}; append it bare",
              _hashed(frame=f"{{text}}{name}{{token}}")) for name in TOKEN_NAMES),
    Mistake("TOKEN_AFTER_AMPERSAND", "the token was appended after another &", _hashed(frame="{text}&{token}")),
    *(Mistake("TOKEN_SPACED", "a line break or a blank was hashed with the token (echo adds one, printf does not)", _hashed(frame=frame))
      for frame in ("{text}{token}\n", "{text}{token}\r\n", "{text}{token} ", "{text} {token}",
                    "{text}\n{token}")),
    Mistake("TOKEN_BOM", "a byte order mark (BOM) was hashed before the token",
            _hashed(frame="{text}\ufeff{token}")),
    Mistake("BOM", "a byte order mark (BOM) was hashed before the text; sign UTF-8 without it",
            _hashed(charset="utf-8-sig")),
    *(Mistake("ASCII", f"what is not ASCII was {done} before hashing; sign UTF-8", _hashed(charset=charset))
      for charset, done in (
          ("ascii ?", "made a ? for each character"), ("ascii ? by unit", "made a ? for each UTF-16 unit"),
          ("ascii ? by byte", "made a ? for each byte"), ("ascii only", "left out"))),
    *(Mistake("GBK", "the text was written in GBK; sign UTF-8", _hashed(charset=charset))
      for charset in ("gb18030", "gbk ?")),
    *(Mistake("LATIN_1", f"the text was written in Latin-1{with_what}; sign UTF-8", _hashed(charset=charset))
      for charset, with_what in (
          ("latin-1", ""), ("windows-1252", " (Windows-1252)"),
          ("latin-1 ?", ", with ? for what it does not have"),
          ("windows-1252 ?", " (Windows-1252), with ? for what it does not have"),
          ("low bytes", ", the lower byte of each character"))),
    *(Mistake("UTF_16",
              f"the text was written in UTF-16 ({order}-endian, {mark} a byte order mark); sign UTF-8",
              _hashed(charset=charset))
      for charset, order, mark in (("utf-16-le", "little", "without"), ("utf-16-be", "big", "without"),
                                   ("utf-16-le bom", "little", "with"), ("utf-16-be bom", "big", "with"))),
    Mistake("UPPER_CASE", "the text was put in upper case before hashing", _hashed(case=str.upper)),
    Mistake("LOWER_CASE", "the text was put in lower case before hashing", _hashed(case=str.lower)),
    *(Mistake("OTHER_HASH", f"it is {name}; sign with MD5", _hashed(algorithm=algorithm))
      for algorithm, name in (("sha1", "SHA-1"), ("sha256", "SHA-256"), ("sha512", "SHA-512"))),
    *(Mistake("HMAC", f"it is HMAC-{name}, keyed with the token; append the token and take the MD5",
              _hashed(algorithm=algorithm, keyed=True, frame=frame))
      for algorithm, name in (("md5", "MD5"), ("sha1", "SHA-1"), ("sha256", "SHA-256"), ("sha512", "SHA-512"))
      for frame in ("{text}", "{text}{token}", "{text}&key={token}")),
)
# Those of the hash come last: after another mistake they leave its text as it is.
ALWAYS = (*OF_THE_TEXT, *OF_THE_VALUES, *OF_THE_HASH)


def of_another_token(token: str) -> Mistake:
    """The mistake of signing with this token."""
    return Mistake("OTHER_TOKEN", "it was signed with the token of another merchant", _hashed(token=token))


def of_the_parameters(pairs: Pairs) -> Iterator[Mistake]:
    """The mistakes that these parameters allow: one of them not signed, an amount written otherwise, another one signed too."""
    counted = [pair for pair in pairs if pair[0] not in signature.NEVER_SIGNED and pair[1] != ""]
    for name, value in counted:
        yield Mistake("PARAMETER_MISSING", f"{shortened(name)} was sent, but not signed", _without(name))
        for written in _amounts(value) if name.endswith(("amount", "fee")) and not is_secret(name) else ():
            told = f"{shortened(name)} was sent as {value}, but signed as {written}"
            yield Mistake("AMOUNT_REFORMATTED", told, instead(name, written))
    names = {name for name, _ in pairs}
    for added in OFTEN_ADDED:
        if added[0] not in names:
            for change in _added(added):
                yield Mistake("PARAMETER_ADDED", f"{added[0]}={added[1]} was signed, but not sent", change)
    if "sign_type" not in names:
        yield Mistake("SIGN_TYPE_KEPT", "sign_type=MD5 was signed too; it never counts", _sign_type_added)


def of_single_values(pairs: Pairs) -> Iterator[Mistake]:
    """What may have been done to one value only, where that is another text than all of them give."""
    counted = [pair for pair in pairs if pair[0] not in signature.NEVER_SIGNED and pair[1] != ""]
    trimmed = ("TRIMMED", "trimmed before signing, but not before sending", "", str.strip)
    for code, done, rest, change in (*_TO_VALUES, trimmed):
        written = {name: change(value) for name, value in counted}
        changed = [name for name, value in counted if written[name] != value]
        for name in changed if len(changed) > 1 else ():
            end = f"{rest}one" if rest else ""
            yield Mistake(code, f"{shortened(name)} was {done}{end}", instead(name, written[name]))
    for name, value in counted:
        told = f"{shortened(name)} was signed with a blank or a line break at its end, but sent without"
        for blank in (" ", "\n", "\r\n"):
            yield Mistake("SPACED_VALUE", told, instead(name, value + blank))


def _without(name: str) -> Change:
    return paired(lambda pairs: [pair for pair in pairs if pair[0] != name])


def _added(pair: tuple[str, str]) -> tuple[Change, Change]:
    """The parameter at the end and at the beginning, which differ where nothing is sorted."""
    return paired(lambda pairs: (*pairs, pair)), paired(lambda pairs: (pair, *pairs))


def _sign_type_added(recipe: Recipe) -> Recipe:
    pairs = (*recipe.writing.pairs, ("sign_type", "MD5"))
    return recipe._replace(writing=recipe.writing.but(pairs=pairs, left_out=("sign",)))


def _amounts(value: str) -> list[str]:
    """The other forms in which an amount is often written: other places, no leading zeros, pence."""
    match = re.fullmatch(r"(\d{1,12})(?:\.(\d{1,4}))?", value, re.ASCII)
    if not match:
        return []
    whole, part = match[1], (match[2] or "").rstrip("0")
    plain = whole.lstrip("0") or "0"
    forms = [f"{start}.{part.ljust(places, '0')}" for start in (whole, plain) for places in (1, 2)]
    forms += [f"{whole}.{part}" if part else whole, f"{plain}.{part}" if part else plain]
    if len(part) <= 2:
        forms.append((whole + part.ljust(2, "0")).lstrip("0"))
    return [form for form in dict.fromkeys(forms) if form not in (value, "")]
