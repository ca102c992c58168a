"""Decodes what is encoded in a text, layer by layer, so that card numbers in it are found.

It knows percent-encoding, the escapes of JSON, JavaScript and HTML, tags, quoted-printable, base64 (also the
form for URLs), base32, hexadecimal, lists of character codes, UTF-16 and GBK instead of UTF-8, digits of
other scripts, and Chinese numerals. The time is limited in proportion to the length of the text.
"""
import re
from base64 import b32decode
from binascii import Error, a2b_base64, a2b_qp
from collections.abc import Iterator
from typing import NamedTuple
from unicodedata import digit, numeric

LAYERS = 4
MOST_WORK = 6  # times the length of the text
A_SHORT_TEXT = 65_536
FEWEST_NUMERALS = 6
BREAK = "\ny\n"  # stands between decoded pieces, so that digits of two pieces are not joined
_BACKSLASHES = re.compile(r"\\{2,}")
# Patterns of what is rare are texts, which are compiled when they are needed first, and not at each start.
_ESCAPE = (
    r"[\\=]u([0-9a-fA-F]{4})|\\u\{([0-9a-fA-F]{1,6})\}|\\U00([0-9a-fA-F]{6})"
    r"|&\#[xX]0{0,8}([0-9a-fA-F]{1,6});?|&\#0{0,8}([0-9]{1,7});?|\\([0-7]{3})|\\([nrtbfv])|&([a-zA-Z]{2,6});")
_BASES = (16, 16, 16, 16, 10, 8)
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "num": "#", "semi": ";",
             **dict.fromkeys(("shy", "zwj", "zwnj"), ""),
             **dict.fromkeys(("nbsp", "ensp", "emsp", "thinsp", "numsp", "puncsp"), " "),
             **dict.fromkeys(("ndash", "mdash", "dash", "hyphen", "horbar", "minus"), "-")}
_TAG = re.compile(r"<[^<>]{0,64}>")
_WRAPPED = r"{16,}(?:\r?\n[A-Za-z0-9+/]+)*"
_BASE64 = tuple(map(re.compile, (f"[A-Za-z0-9+/]{_WRAPPED}", "[A-Za-z0-9_-]{16,}", "[A-Za-z0-9]{16,}")))
_BASE32 = re.compile("[A-Z2-7]{20,}")
_FROM_URLS = str.maketrans("-_", "+/", "\r\n")
_TOKEN = re.compile("[A-Za-z0-9+/_-]{16,}")
# Candidates for hexadecimal and for lists of codes are found by their characters first, because that is
# quicker.
_HEX_PART, _CODES_PART = r"[0-9a-fA-Fx\W_]{24,}", r"[0-9\W_]{24,}"
_HEX = r"(?:(?:0x)?(?:3[0-9]|20|2[c-fC-F]|00)[\W_]{0,3}){12,}+"
_CODES = r"(?:(?:1[0-2][0-9]|[1-9][0-9]|9)[\W_]{1,3}){11,}+[0-9]{0,3}"
# A card number within binary data.
_AMONG_BYTES = re.compile(rb"[0-9](?:[^0-9A-Za-z]{0,8}[0-9]){11,}+")
# Invisible characters: they may stand between digits without separating them for a reader. The range
# \udc80-\udcff are bytes that are not UTF-8.
_INVISIBLE = re.compile("[\0\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f"
                        "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\udc80-\udcff"
                        "\U000e0000-\U000e007f]+")
_LONG_SOUND = 0x30FC  # a letter of Japanese that is typed in place of a dash
_BYTE_ORDERS = (b"\xff\xfe", b"\xfe\xff")
_BYTE_ORDERS_ESCAPED = ("\udcff\udcfe", "\udcfe\udcff")
_CODE, _NOT_HEX = re.compile("[0-9]+"), re.compile(r"0x|[\W_]")
_HALF_PAIR = "[\ud800-\udbff][\udc00-\udfff]"


class TooMuch(Exception):
    """A text has more layers of encodings, or more groups of digits, than it is reasonable to look at."""


class Read(NamedTuple):
    """The text with its digits in ASCII, then the decoded texts; `complete` is false when the limit was
    reached.
    """

    texts: list[str]
    complete: bool


def read(text: str) -> Read:
    """Decode a text in up to `LAYERS` layers and return all texts that this gives."""
    if not may_be_encoded(text) and text.count("3") < 12 and text.count("4") + text.count("5") < 12:
        return Read([text], True)  # the usual case
    texts, todo, seen = list[str](), [(text, LAYERS)], {text}
    left = MOST_WORK * len(text) + A_SHORT_TEXT
    while todo:
        now, layers = todo.pop()
        left -= len(now)
        if left < 0:
            return Read(texts, False)
        texts.append(plain(now))
        if layers:
            inner = {each for each in _inside(now) if each} - seen
            seen |= inner
            todo += [(each, layers - 1) for each in inner]
    return Read(texts, True)


def plain(text: str) -> str:
    """The text with the digits of all scripts as ASCII digits, and without invisible characters."""
    if text.isascii():
        return text.replace("\0", "") if "\0" in text else text
    foreign: dict[int, str] = {ord(letter): str(digit(letter)) for letter in set(text) if letter.isdigit()}
    foreign[_LONG_SOUND] = "-"
    return _INVISIBLE.sub("", text.translate(foreign))


def may_be_encoded(text: str) -> bool:
    """Whether something in a text may be encoded, apart from hexadecimal and lists of character codes.

    Base64 is recognised by its capital letters: digits always give some.
    """
    if not text.isascii() or "%" in text or "\\" in text or "&" in text or "<" in text or "\0" in text:
        return True
    return "=3" in text or _may_have_base64(text)


def _with_numerals(text: str) -> str:
    """The text with numerals such as the Chinese ones as digits; empty when it has too few of them."""
    values = {letter: numeric(letter, -1) for letter in set(text) if not letter.isascii()}
    written = {ord(letter): str(int(value)) for letter, value in values.items() if value in range(10)}
    is_worth_it = sum(text.count(chr(code)) for code in written) >= FEWEST_NUMERALS
    return text.translate(written) if is_worth_it else ""


def _may_have_base64(text: str) -> bool:
    return text != text.lower() and _TOKEN.search(text) is not None


def _inside(text: str) -> Iterator[str]:
    """The texts that result when one layer of each encoding is decoded."""
    yield _unescaped(text)
    if "=3" in text:
        yield _bytewise(text)
    if _may_have_base64(text):
        tokens = {token for pattern in _BASE64 for token in pattern.findall(text)}
        yield BREAK.join(filter(None, map(_from_base64, sorted(tokens))))
        yield BREAK.join(map(_from_base32, _BASE32.findall(text)))
    if not text.isascii():
        yield _with_numerals(text)
    if text.count("3") >= 12:
        yield BREAK.join(map(_from_hex, re.findall(_HEX, BREAK.join(re.findall(_HEX_PART, text)))))
    if text.count("4") + text.count("5") >= 12:
        yield BREAK.join(map(_from_codes, re.findall(_CODES, BREAK.join(re.findall(_CODES_PART, text)))))
    if text.count("\udca3") >= 12:
        yield _as_bytes(text).decode("gb18030", "ignore")
    if text.count("\udcff") >= 12 or text[:2] in _BYTE_ORDERS_ESCAPED:
        yield _as_bytes(text).decode("utf-16-le", "ignore")
        yield _as_bytes(text).decode("utf-16-be", "ignore")


def _unescaped(text: str) -> str:
    """The text with the escapes of URLs, JSON and HTML decoded, and without tags."""
    if "\\" in text:
        text = _BACKSLASHES.sub(r"\\", text).replace("\\u00", "%").replace("\\x", "%")
    if "%" in text:
        text = _bytewise(text.replace("=", "=3D").replace("%u00", "=").replace("%", "="))
    if "\\" in text or "&" in text or "=u" in text:
        text = re.sub(_ESCAPE, _character, text.replace("&amp;", "&"))
        if re.search(_HALF_PAIR, text):
            text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return _TAG.sub(" ", text) if "<" in text else text


def _bytewise(text: str) -> str:
    """Decode quoted-printable to UTF-8.

    It decodes percent-encoding too, when `%` is replaced by `=` before.
    """
    return a2b_qp(_as_bytes(text)).decode("utf-8", "surrogateescape")


def _as_bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can escape
        return text.encode("utf-8", "replace")


def _character(match: re.Match[str]) -> str:
    """The character of an escape; a blank for escapes of white space."""
    group = match.lastindex or 0
    written = match[group]
    if group == len(_BASES) + 1:
        return " "
    if group > len(_BASES):
        return _ENTITIES.get(written, match[0])
    code = int(written, _BASES[group - 1])
    return chr(code) if code <= 0x10FFFF else match[0]


def _from_base64(token: str) -> str:
    """The text of a base64 token. Of bytes that are no text, only parts that may be card numbers."""
    if token.isdecimal():
        return ""
    token = token.translate(_FROM_URLS)
    try:
        raw = a2b_base64(token[:len(token) - (len(token) % 4 == 1)] + "==")
    except Error:
        return ""
    try:
        return raw.decode("utf-16" if raw[:2] in _BYTE_ORDERS else "utf-8")
    except UnicodeDecodeError:
        return BREAK.join(match.decode("latin-1") for match in _AMONG_BYTES.findall(raw))


def _from_base32(token: str) -> str:
    """The text of a base32 token, empty when it is none."""
    try:
        return b32decode(token + "=" * (-len(token) % 8)).decode("latin-1")
    except Error:
        return ""


def _from_hex(written: str) -> str:
    """The text of hexadecimal digit pairs; whatever separates them is ignored."""
    return bytes.fromhex(_NOT_HEX.sub("", written)).decode("latin-1")


def _from_codes(written: str) -> str:
    """The text of a list of character codes."""
    return "".join(chr(int(code)) for code in _CODE.findall(written))
