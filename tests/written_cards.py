"""Card numbers that nobody has, and the ways to write one so that it is not seen at once."""
import base64
import json
import re
from collections.abc import Callable
from urllib import parse

from .driver import luhn_digit

SCHEMES = {
    "Visa of 13": ("4", 13), "Visa": ("4532", 16), "Visa of 19": ("4539", 19), "Mastercard": ("5425", 16),
    "Mastercard of the second series": ("2223", 16), "American Express": ("3714", 15), "JCB": ("3566", 16),
    "Discover": ("6011", 16), "Diners Club": ("3056", 14), "UnionPay of 16": ("6225", 16),
    "UnionPay of 18": ("6210", 18), "UnionPay of 19": ("6217", 19), "UnionPay of the new range": ("8171", 16),
    "Maestro of 12": ("6759", 12), "Maestro of 19": ("5018", 19), "Mir": ("2202", 16), "RuPay": ("6079", 16),
    "Elo": ("5066", 16), "Troy": ("9792", 16), "Humo": ("9860", 16), "UzCard": ("8600", 16)}
SEPARATORS = (
    " ", "  ", "-", "\u2010", "\u2011", "\u2013", "\u2014", "\u2015", "\u2212", ".", "/", "_", ",", ":",
    " - ", " " * 20, "\u30fc", "|", "\t", "\n", "\r\n", "\u00a0", "\u2009", "\u3000", "\u200b", "\u200d",
    "\u2060", "\ufeff", "\u00ad", "','",
    "<br>", "&nbsp;", "\\n")
Written = Callable[[str], str | bytes]


def card(place: int, prefix: str = "4532", length: int = 16) -> str:
    """A number with a valid check digit that no other case has."""
    free = length - 1 - len(prefix)
    partial = f"{prefix}{place * 7919 % 10**free:0{free}d}"
    return partial + luhn_digit(partial)


def in_groups(separator: str, size: int = 4) -> Callable[[str], str]:
    return lambda number: separator.join(re.findall(f".{{1,{size}}}", number))


def each(form: str) -> Written:
    return lambda number: "".join(form.format(ord(digit)) for digit in number)


def script(zero: int) -> Callable[[str], str]:
    return lambda number: "".join(chr(zero + int(digit)) for digit in number)


def percent(count: int) -> Written:
    """Each digit percent-encoded, so many times."""
    def written(number: str) -> str:
        encoded = "".join(f"%{ord(digit):02X}" for digit in number)
        for _ in range(count - 1):
            encoded = parse.quote(encoded)
        return encoded
    return written


def base64_of(form: str, charset: str = "utf-8",
              write: Callable[[bytes], bytes] = base64.b64encode) -> Written:
    return lambda number: write((form % number).encode(charset)).decode()


def document(charset: str) -> Written:
    """A document in another charset, sent as it is."""
    return lambda number: json.dumps({"cardNo": number, "cvv": "987"}).encode(charset)


def nested(number: str) -> str:
    """A document inside of documents."""
    return json.dumps(json.dumps({"a": json.dumps({"b": in_groups(" ")(number)})}))


FORMS: dict[str, Written] = {
    "plain": str, "in a sentence": lambda number: f"no.{number};cvv=987",
    "between letters": lambda number: f"a{number}x",
    "before the validity": lambda number: f"{number} 12/27",
    "after another number": lambda number: f"17 {number}",
    **{f"in groups, with {separator!r}": in_groups(separator) for separator in SEPARATORS},
    **{f"in groups of {size}": in_groups(" ", size) for size in (1, 2, 3, 5, 6, 8)},
    "in groups, with several": lambda number: f"{number[:4]} {number[4:8]}-{number[8:12]}.{number[12:]}",
    "in groups, before others": lambda number: f"{in_groups('-')(number)};cvv=987;12-27",
    "full width": script(0xFF10), "Arabic": script(0x0660), "Devanagari": script(0x0966),
    "mathematical": script(0x1D7CE),
    "superscript": lambda number: "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)] for digit in number),
    **{f"percent-encoded {count} times": percent(count) for count in (1, 2, 3)},
    "percent-encoded, full width": lambda number: parse.quote(script(0xFF10)(number)),
    "escaped for JSON": each("\\u{:04x}"), "escaped for JSON twice": each("\\\\u{:04X}"),
    "escaped by bytes": each("\\x{:02x}"), "escaped for HTML": each("&#{};"),
    "in hexadecimal HTML": each("&#x{:x};"),
    "escaped for HTML twice": each("&amp;#{};"), "escaped as by old JavaScript": each("%u{:04x}"),
    "JSON": lambda number: json.dumps({"a": {"b": number}}), "JSON inside of JSON": nested,
    "a number of JSON": lambda number: json.dumps({"a": int(number)}),
    "a list of digits": lambda number: json.dumps([int(digit) for digit in number]),
    "a list of texts": lambda number: json.dumps(list(number)),
    "a list on many lines": lambda number: json.dumps(list(number), indent=2),
    "a list of codes": lambda number: json.dumps([ord(digit) for digit in number]),
    "base64": base64_of("%s"), "base64 of JSON": base64_of('{"cardNo": "%s"}'),
    "base64 of UTF-16": base64_of("%s", "utf-16"),
    "base64 for URLs": base64_of("?>%s<?", write=base64.urlsafe_b64encode),
    "base64 in JSON": lambda number: json.dumps({"data": base64.b64encode(number.encode()).decode()}),
    "base64 of base64": base64_of("%s", write=lambda raw: base64.b64encode(base64.b64encode(raw))),
    "base32": base64_of("%s", write=base64.b32encode),
    "base32 of JSON": base64_of('{"n":"%s"}', write=base64.b32encode),
    "in Chinese": lambda number: "".join(
        "\u96f6\u4e00\u4e8c\u4e09\u56db\u4e94\u516d\u4e03\u516b\u4e5d"[int(one)] for one in number),
    "hexadecimal": lambda number: number.encode().hex(), "UTF-16": document("utf-16"),
    "UTF-16 LE": document("utf-16-le"),
    "UTF-16 BE": document("utf-16-be"), "UTF-32": document("utf-32"),
    "GBK, full width": lambda number: script(0xFF10)(number).encode("gbk"),
}
