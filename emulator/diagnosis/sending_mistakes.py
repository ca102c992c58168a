"""Mistakes in sending a request that was signed correctly, each with a repair: the parameters that the client
meant.

A value that was not URL-encoded is cut at its `&`, its `+` becomes a blank, and so on. If the text of the
request is known, it shows which mistakes are possible; otherwise all of them are tried.
"""
import re
from collections.abc import Callable, Iterator
from itertools import chain, combinations, islice
from urllib.parse import unquote, unquote_plus

from ..signing.arrivals import Arrival, Part, decoded, parts_of, with_pluses
from ..signing.recipes import by_bytes
from .cut_values import cut
from .meanings import PERCENT_NOT_ENCODED, as_it_is, mistakes_of
from .rewriting import URL_ENCODED
from .separators import Repair, pairs_of, repaired, sending_mistake, separated
from .signing_mistakes import PLUS_NOT_ENCODED, Mistake, shortened

MOST_ESCAPES = 20  # escapes of a value that are tried as literal text, one by one
MOST_BLANKS = 4  # with more blanks than that, not every subset of them is tried as pluses
_ESCAPE = re.compile("%[0-9A-Fa-f]{2}")
_NOT_ENCODED = re.compile(r"[^\w%.~+*!'()/-]")


def not_encoded(arrival: Arrival) -> Iterator[Repair]:
    """Repairs of values in which a `+` or a `%` was sent without URL-encoding."""
    if arrival.is_written:
        yield from _as_written(arrival.parts)
        return
    for place, part in enumerate(arrival.parts):
        for value in _with_some_pluses(part.value):
            yield _changed(arrival.parts, place, value, PLUS_NOT_ENCODED)
        if _may_be_literal(part):
            for value in dict.fromkeys(encode(part.value) for encode in URL_ENCODED):
                if "%" in value:
                    yield _changed(arrival.parts, place, value, PERCENT_NOT_ENCODED)


def _as_written(parts: tuple[Part, ...]) -> Iterator[Repair]:
    """Take the written text of all values, and of each value alone, for the value itself."""
    for meaning, sign in ((with_pluses, "+"), (as_it_is, "%")):
        changed = [place for place, part in enumerate(parts)
                   if sign in part.written and meaning(part.written) != part.value]
        if len(changed) > 1 and (sign == "+" or any(_NOT_ENCODED.search(part.written) for part in parts)):
            mistakes = dict.fromkeys(
                chain(*(mistakes_of(meaning, parts[place].written) for place in changed)))
            whole = [Part(part.name, meaning(part.written)) for part in parts]
            yield Repair(tuple(mistakes), pairs_of(whole), True)
        for place in changed:
            if sign == "+" or _may_be_literal(parts[place]):
                alone = _changed(parts, place, meaning(parts[place].written), PLUS_NOT_ENCODED)
                yield alone._replace(mistakes=tuple(mistakes_of(meaning, parts[place].written)))
    for place, part in enumerate(parts):
        for value in _with_one_escape(part.written):
            yield _changed(parts, place, value, PERCENT_NOT_ENCODED)


def _with_one_escape(written: str) -> Iterator[str]:
    """The decoded text with one of its escapes, or all equal ones, left undecoded."""
    found = [each.span() for each in islice(_ESCAPE.finditer(written), MOST_ESCAPES)]
    if len(found) > 1:
        for begin, end in found:
            yield f"{decoded(written[:begin])}{written[begin:end]}{decoded(written[end:])}"
        for escape in dict.fromkeys(written[begin:end] for begin, end in found):
            yield escape.join(map(decoded, written.split(escape)))


def _may_be_literal(part: Part) -> bool:
    """Whether a client may have meant the percent signs literally; not when they clearly encode a URL."""
    return part.value.isascii() and ("://" not in part.value or "://" in (part.segment or ""))


def _with_some_pluses(value: str) -> Iterator[str]:
    """The value with some of its blanks as pluses: every subset, or with many blanks each one and all of
    them.
    """
    blanks = [place for place, letter in enumerate(value) if letter == " "]
    counts = range(1, len(blanks) + 1) if len(blanks) <= MOST_BLANKS else (1, len(blanks))
    for places in chain.from_iterable(combinations(blanks, count) for count in counts):
        letters = list(value)
        for place in places:
            letters[place] = "+"
        yield "".join(letters)


def _changed(parts: tuple[Part, ...], place: int, value: str, mistake: Mistake) -> Repair:
    whole = (*parts[:place], Part(parts[place].name, value), *parts[place + 1:])
    return Repair((mistake,), pairs_of(whole))


_SENT: tuple[tuple[str, str, Callable[[str], str]], ...] = (
    *(("ENCODED_TWICE", "URL-encoded once too often when sending, or decoded before signing; encode once",
       change)
      for change in (unquote, unquote_plus, lambda value: unquote(unquote(value)),
                     lambda value: unquote_plus(unquote_plus(value)))),
    *(("NOT_SENT_IN_UTF_8", f"sent in {name}; send UTF-8",
       lambda value, charset=charset: _read_in(value, charset))
      for charset, name in (("gb18030", "GBK"), ("latin-1", "Latin-1"), ("cp1252", "Latin-1 (Windows-1252)"),
                            ("utf-16-le", "UTF-16"), ("utf-16-be", "UTF-16"), ("utf-16", "UTF-16"))),
    *(("SENT_AS_UTF_8_TWICE", "converted to UTF-8 twice before sending; send what was signed",
       lambda value, charset=charset: _once(value, charset)) for charset in ("latin-1", "cp1252")),
)


def _read_in(value: str, charset: str) -> str:
    """The value decoded in another charset, if it has bytes that are not UTF-8."""
    if value.isprintable() or not any("\ud800" <= letter <= "\udfff" for letter in value):
        return value
    try:
        return by_bytes(value).decode(charset)
    except UnicodeError:
        return value


def _once(value: str, charset: str) -> str:
    """The text before its UTF-8 bytes were decoded in another charset; the value itself when that is
    impossible.
    """
    try:
        return value.encode(charset).decode("utf-8")
    except UnicodeError:
        return value


def otherwise(arrival: Arrival) -> Iterator[Repair]:
    """Repairs of values that were encoded twice or sent in another charset."""
    for code, done, change in _SENT:
        values = [change(part.value) for part in arrival.parts]
        changed = [place for place, part in enumerate(arrival.parts) if values[place] != part.value]
        if changed:
            parts = [Part(part.name, value) for part, value in zip(arrival.parts, values)]
            yield repaired(code, f"the values were {done}", parts)
        for place in changed if len(changed) > 1 else ():
            name = shortened(arrival.parts[place].name)
            yield _changed(arrival.parts, place, values[place], sending_mistake(code, f"{name} was {done}"))


def of_some(arrival: Arrival) -> Iterator[Repair]:
    """Repairs for a name that was sent twice, and for a client that signed only a part of what it sent."""
    parts = arrival.parts
    if len(parts) > len(arrival.params):
        twice = sending_mistake(
            "SENT_TWICE", "a name was sent twice; only its last value counts, so send and sign it once")
        yield Repair((twice,), pairs_of(parts[::-1]))
        yield Repair((twice,), tuple((part.name, part.value) for part in parts))
    both = parts_of(arrival.query), parts_of(arrival.body)
    for some, place, other in ((both[1], "body", "URL"), (both[0], "URL", "body")):
        if arrival.is_written and all(both):
            sentence = f"only the parameters of the {place} were signed; sign those of the {other} too"
            yield repaired("PARAMETER_MISSING", sentence, some, common=False)
    declared = [part for part in parts if not arrival.is_strange(part.name)]
    if len(declared) + 2 < len(parts):
        sentence = "parameters that are not in the endpoint's table were not signed; they must be signed too"
        yield repaired("PARAMETER_MISSING", sentence, declared, common=False)


def repairs(arrival: Arrival) -> Iterator[Repair]:
    """All possible repairs of mistakes in sending, the most obvious mistakes first."""
    for kind in (separated, cut, otherwise, not_encoded, of_some):
        yield from kind(arrival)
