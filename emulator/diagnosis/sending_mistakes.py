"""The mistakes that clients make when they send what they have signed: undone, they make what was meant.

A value that was not URL-encoded is cut at its `&`, its `+` becomes a blank, and so on. Where the text of the
request is known it says what can have happened; else everything that could have is tried.
"""
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, combinations, islice, permutations
from urllib.parse import unquote, unquote_plus

from ..signing.arrivals import Arrival, Part, decoded, parts_of, with_pluses
from ..signing.recipes import Pairs, by_bytes
from ..signing.signature import NEVER_SIGNED
from .mistakes import PLUS_NOT_ENCODED, URL_ENCODED, Mistake, shortened
from .separators import Repair, pairs_of, repaired, sending_mistake, separated

MOST_PIECES = 20  # parameters that may be pieces, of which every few beside each other are tried
MOST_STRANGE = 4  # parameters that may be pieces of a value in any order
MOST_TWO_CUT = 100  # times that two values are tried as cut
MOST_ESCAPES = 20  # of a value of which one may have been meant as it is
MOST_BLANKS = 4  # of which some may have been pluses
_ESCAPE = re.compile("%[0-9A-Fa-f]{2}")
_NOT_ENCODED = re.compile(r"[^\w%.~+*!'()/-]")


def cut(arrival: Arrival) -> Iterator[Repair]:
    """What was meant where values were cut at an `&` of theirs, and the pieces arrived as parameters."""
    parts = arrival.gapped
    strange = [place for place, part in enumerate(parts) if _is_piece(arrival, part.name)]
    if not strange:
        return
    yield from _cut(parts, strange)
    if not arrival.is_written and any(not parts[place].value for place in strange):
        yield from _cut(tuple(part if part.value else Part(f"{part.name}=", "") for part in parts), strange)


def _is_piece(arrival: Arrival, name: str) -> bool:
    """Whether a part may be a piece of a value: the gateway has no such name, or the name came twice."""
    return arrival.is_strange(name) or (name not in NEVER_SIGNED and len(arrival.parts) > len(arrival.params)
                                        and sum(part.name == name for part in arrival.parts) > 1)


def _cut(parts: tuple[Part, ...], strange: list[int]) -> Iterator[Repair]:
    """Fewest pieces first: more of them can give the same text where they would stand there anyway."""
    whole = _runs(strange)
    some = whole
    if len(strange) <= MOST_PIECES:
        some = [(start, end) for first, last in whole
                for start, end in combinations(range(first, last + 1), 2) if end - start > 1]
        some.sort(key=lambda run: run[1] - run[0])
    for run in some:
        yield from _glued(parts, [run], common=run in whole)
    two = [(one, other) for one, other in combinations(some, 2) if one[1] <= other[0] or other[1] <= one[0]]
    two.sort(key=lambda pair: sum(end - start for start, end in pair))
    for pair in two[:MOST_TWO_CUT]:
        yield from _glued(parts, sorted(pair))
    yield from _glued(parts, whole, common=True)
    if parts[0].segment is None and len(strange) <= MOST_STRANGE:
        yield from _in_any_order(parts, [parts[place] for place in strange])


def _runs(strange: list[int]) -> list[tuple[int, int]]:
    """Each value with all the strange parts behind it, as the places of the first and behind the last."""
    runs: list[tuple[int, int]] = []
    for place in strange:
        if runs and runs[-1][1] == place:
            runs[-1] = (runs[-1][0], place + 1)
        elif place:
            runs.append((place - 1, place + 1))
    return runs


def _in_any_order(parts: tuple[Part, ...], strange: list[Part]) -> Iterator[Repair]:
    """The same where it is not known in which order the parts arrived."""
    for count in range(1, len(strange) + 1):
        for head in parts:
            for tail in permutations([part for part in strange if part != head], count):
                rest = [part for part in parts if part != head and part not in tail]
                yield from _glued((*rest, head, *tail), [(len(rest), len(rest) + 1 + count)])


def _glued(parts: tuple[Part, ...], runs: Sequence[tuple[int, int]], common: bool = False
           ) -> Iterator[Repair]:
    """The parts with each of these runs as one value again, of the run's first name."""
    ends = dict(runs)
    inside = {place for start, end in runs for place in range(start + 1, end)}
    if not runs or any(parts[place].name in NEVER_SIGNED for place in (*ends, *inside)):
        return
    names = " and ".join(shortened(parts[place].name) for place in ends)
    were = "was" if len(ends) == 1 else "were"
    mistake = sending_mistake("AMPERSAND_NOT_ENCODED",
                              f"{names} {were} cut at an & in the value; URL-encode values when sending")
    known = set[Pairs]()
    for meant, everywhere in _meanings(parts[0].segment is not None):
        whole, others = [], dict[Mistake, None]()
        for place, part in enumerate(parts):
            if place in ends:
                text = "&".join((part.written, *(each.text for each in parts[place + 1:ends[place]])))
            elif place not in inside:
                text = part.written if everywhere else ""
            else:
                continue
            whole.append(Part(part.name, meant(text)) if text else part)
            others.update(dict.fromkeys(_told_by(meant, text)))
        pairs = pairs_of(whole)
        if pairs not in known:
            known.add(pairs)
            yield Repair((mistake, *others), pairs, common)


PERCENT_NOT_ENCODED = sending_mistake(
    "PERCENT_NOT_ENCODED",
    "a % was signed, but sent as it is, and was decoded on arrival; URL-encode values when sending")


Meaning = Callable[[str], str]


def _meanings(is_written: bool) -> Iterator[tuple[Meaning, bool]]:
    """How a text may have been meant, and whether all parts were meant so."""
    yield decoded if is_written else str, False
    for everywhere in (False, True):
        for meant in (with_pluses, as_it_is) if is_written else (_spaces_as_pluses,):
            yield meant, everywhere


def _told_by(meant: Meaning, text: str) -> list[Mistake]:
    """What went wrong beside when a text was meant so."""
    mistakes = []
    if (meant in (with_pluses, as_it_is) and "+" in text) or (meant is _spaces_as_pluses and " " in text):
        mistakes.append(PLUS_NOT_ENCODED)
    if meant is as_it_is and "%" in text:
        mistakes.append(PERCENT_NOT_ENCODED)
    return mistakes


def as_it_is(text: str) -> str:
    """A text of a query meant literally."""
    return text


def _spaces_as_pluses(value: str) -> str:
    return value.replace(" ", "+")


def not_encoded(arrival: Arrival) -> Iterator[Repair]:
    """What was meant where a + or a % of a value was sent as it is."""
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
    """All values, and each alone, as one takes them who does not know that they are decoded."""
    for meant, sign in ((with_pluses, "+"), (as_it_is, "%")):
        changed = [place for place, part in enumerate(parts)
                   if sign in part.written and meant(part.written) != part.value]
        if len(changed) > 1 and (sign == "+" or any(_NOT_ENCODED.search(part.written) for part in parts)):
            told = dict.fromkeys(chain(*(_told_by(meant, parts[place].written) for place in changed)))
            whole = [Part(part.name, meant(part.written)) for part in parts]
            yield Repair(tuple(told), pairs_of(whole), True)
        for place in changed:
            if sign == "+" or _may_be_literal(parts[place]):
                alone = _changed(parts, place, meant(parts[place].written), PLUS_NOT_ENCODED)
                yield alone._replace(mistakes=tuple(_told_by(meant, parts[place].written)))
    for place, part in enumerate(parts):
        for value in _with_one_escape(part.written):
            yield _changed(parts, place, value, PERCENT_NOT_ENCODED)


def _with_one_escape(written: str) -> Iterator[str]:
    """The decoded text with one of its escapes, or one kind of them, left as it is."""
    found = [each.span() for each in islice(_ESCAPE.finditer(written), MOST_ESCAPES)]
    if len(found) > 1:
        for begin, end in found:
            yield f"{decoded(written[:begin])}{written[begin:end]}{decoded(written[end:])}"
        for escape in dict.fromkeys(written[begin:end] for begin, end in found):
            yield escape.join(map(decoded, written.split(escape)))


def _may_be_literal(part: Part) -> bool:
    """Whether somebody may have meant a value with percent signs: not where they are plainly its encoding."""
    return part.value.isascii() and ("://" not in part.value or "://" in (part.segment or ""))


def _with_some_pluses(value: str) -> Iterator[str]:
    """The value with all its blanks, with one of them, or with some of few as pluses."""
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
    """What bytes that are not UTF-8 are in another charset."""
    if value.isprintable() or not any("\ud800" <= letter <= "\udfff" for letter in value):
        return value
    try:
        return by_bytes(value).decode(charset)
    except UnicodeError:
        return value


def _once(value: str, charset: str) -> str:
    """The text whose UTF-8 bytes were taken for letters of a charset."""
    try:
        return value.encode(charset).decode("utf-8")
    except UnicodeError:
        return value


def otherwise(arrival: Arrival) -> Iterator[Repair]:
    """What was meant where values were changed in another way on the way here."""
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
    """What was signed where it was the first or all of a repeated name, or only what came in one place."""
    parts = arrival.parts
    if len(parts) > len(arrival.params):
        twice = sending_mistake(
            "SENT_TWICE", "a name was sent twice; only its last value counts, so send and sign it once")
        yield Repair((twice,), pairs_of(parts[::-1]))
        yield Repair((twice,), tuple((part.name, part.value) for part in parts))
    both = parts_of(arrival.query), parts_of(arrival.body)
    for some, place, other in ((both[1], "body", "URL"), (both[0], "URL", "body")):
        if arrival.is_written and all(both):
            told = f"only the parameters of the {place} were signed; those of the {other} count too"
            yield repaired("PARAMETER_MISSING", told, some, common=False)
    declared = [part for part in parts if not arrival.is_strange(part.name)]
    if len(declared) + 2 < len(parts):
        told = "the parameters that the gateway has no table for were not signed; they count too"
        yield repaired("PARAMETER_MISSING", told, declared, common=False)


def repairs(arrival: Arrival) -> Iterator[Repair]:
    """Everything that may have gone wrong when sending."""
    for kind in (separated, cut, otherwise, not_encoded, of_some):
        yield from kind(arrival)
