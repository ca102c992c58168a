"""What mistakes do to a recipe: changes of the hash, of the canonical text, of the parameters and of single
values.

The functions imitate what languages and libraries do to a value, such as URL encoding and HTML escaping.
"""
import html
import html.entities
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from ..signing.recipes import Pairs, Recipe, by_bytes, json_text

# How languages URL-encode a value: the characters that they keep besides letters and digits, how they write a
# blank, and the format of an escape.
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
# How languages escape a single quote for HTML: Python; PHP since 8.1; Java and C#; PHP before 8.1.
_NAMED = {code: f"&{name};" for code, name in html.entities.codepoint2name.items() if code > 127}
HTML_QUOTES = ("&#x27;", "&#039;", "&#39;", "'")
# How JSON libraries write objects: the text between name and value, the text between two pairs, whether they
# write ASCII only, and escapes that only they have.
_GSON = {letter: f"\\u{ord(letter):04x}" for letter in "=&<>'"}
JSON_LIBRARIES: tuple[tuple[str, str, bool, Mapping[str, str]], ...] = (
    ('": "', '", "', True, {}), ('": "', '", "', False, {}),  # Python
    ('":"', '","', False, {}), ('":"', '","', True, {}),  # JavaScript, Java's Jackson and fastjson
    ('":"', '","', True, {"/": r"\/"}), ('":"', '","', False, {"/": r"\/"}),  # PHP
    ('":"', '","', False, _GSON),
)
Change = Callable[[Recipe], Recipe]


def hashed_with(**parts: Any) -> Change:
    """A change of the hash: other fields of the recipe, with the same canonical text."""
    return lambda recipe: recipe._replace(**parts)


def written_with(**parts: Any) -> Change:
    """A change of the canonical text: other fields of its `Writing`."""
    return lambda recipe: recipe._replace(writing=recipe.writing.but(**parts))


def paired(change: Callable[[Pairs], Iterable[tuple[str, str]]]) -> Change:
    """A change of the list of parameters."""
    def changed(recipe: Recipe) -> Recipe:
        return recipe._replace(writing=recipe.writing.but(pairs=tuple(change(recipe.writing.pairs))))
    return changed


def valued(change: Callable[[str], str]) -> Change:
    """A change of every value."""
    return paired(lambda pairs: [(name, change(value)) for name, value in pairs])


def instead(name: str, written: str) -> Change:
    """A change of the value of one parameter."""
    return paired(lambda pairs: [(each, written if each == name else value) for each, value in pairs])


def url_encoding(kept: str, blank: str, hexadecimal: str) -> Callable[[str], str]:
    """A function that URL-encodes as one of the languages does; the arguments are a row of `URL_ENCODINGS`.
    """
    letters = {byte for byte in range(128) if chr(byte).isalnum() or chr(byte) in kept}
    written = {byte: "%" + hexadecimal % byte
               for byte in range(256) if byte not in letters} | {ord(" "): blank}
    return lambda value: by_bytes(value).decode("latin-1").translate(written)


def html_escaped(value: str, quote_sign: str) -> str:
    """The value with HTML escapes; `quote_sign` stands for a single quote."""
    return html.escape(value, quote=False).replace('"', "&quot;").replace("'", quote_sign)


def html_entities(value: str) -> str:
    """The value with an HTML entity for each character that has one, like PHP's htmlentities."""
    return html_escaped(value, "&#039;").translate(_NAMED)


def html_numbers(value: str) -> str:
    """The value with a numeric entity for each character that is not ASCII, like .NET's HtmlEncode."""
    return html_escaped(value, "&#39;").encode("ascii", "xmlcharrefreplace").decode()


def slashed(value: str) -> str:
    """The value with backslashes before quotes, like PHP's addslashes."""
    return re.sub(r"(['\"\\])", r"\\\1", value)


def utf_8_twice(value: str, charset: str) -> str:
    """The value whose UTF-8 bytes were decoded in another charset."""
    read = by_bytes(value)
    try:
        return read.decode(charset)
    except UnicodeError:  # Windows-1252 has no letter for five of the bytes
        return "".join(bytes([byte]).decode(charset, "ignore") or chr(byte) for byte in read)


def json_written(equals: str, joint: str, ascii_only: bool, replaced: Mapping[str, str],
                 sort_key: Any) -> Change:
    """The canonical text as a JSON object; the first four arguments are a row of `JSON_LIBRARIES`."""
    escape = json_text(ascii_only, replaced)
    return written_with(opening='{"', equals=equals, joint=joint, closing='"}', escape=escape,
                        sort_key=sort_key)


def other_amounts(value: str) -> list[str]:
    """Other common forms of an amount: more or fewer decimals, no leading zeros, minor units.

    Empty if it is none.
    """
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


URL_ENCODED = [url_encoding(*encoding) for encoding in URL_ENCODINGS]
HTML_ESCAPED: list[Callable[[str], str]] = [
    *(partial(html_escaped, quote_sign=sign) for sign in HTML_QUOTES), partial(html.escape, quote=False),
    html_entities, html_numbers]
