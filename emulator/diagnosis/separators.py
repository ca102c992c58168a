"""What is wrong between the parameters of a request: HTML or URL encoding changed an `&`, or a `#` ended it.

Of such a request it is plain what happened: the gateway's own names are found where none should be.
"""
import html.entities
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..signing.arrivals import Arrival, Part, parts_of
from ..signing.recipes import Pairs, Recipe
from .mistakes import Mistake, paired, shortened


def _entities() -> dict[str, list[str]]:
    """By character, the entities that need no semicolon; a byte of Latin-1 arrives as a surrogate escape."""
    found: dict[str, list[str]] = {}
    for name, letter in html.entities.html5.items():
        if not name.endswith(";") and letter != "&":
            for arrived in (letter, *([chr(0xDC00 + ord(letter))] if letter >= "\x80" else [])):
                found.setdefault(arrived, []).append(name)
    return found


_ENTITIES = _entities()
_ENTITY = re.compile(f"([{''.join(re.escape(letter) for letter in _ENTITIES)}])([A-Za-z0-9_]*)(?==)")
_ESCAPED_AMPERSAND = re.compile(r"(?:(?:amp|#38|#x26);)+", re.IGNORECASE)
_LIKE_A_NAME = r"([A-Za-z_][A-Za-z0-9_]*)(?:=|%3D)"
_SEPARATOR = re.compile(r"(?:&(?:amp;)*|\\u0026|%26|[;?,\s])" + _LIKE_A_NAME)


class Repair(NamedTuple):
    """What was meant: the mistakes that made what arrived of it, and the parameters.

    It is `common` where others are made with it; where it is `plain` the gateway's own names show it, else
    only a signature that fits does.
    """

    mistakes: tuple[Mistake, ...]
    pairs: Pairs
    common: bool = False
    plain: bool = True

    def change(self, recipe: Recipe) -> Recipe:
        """The recipe with the parameters that were meant."""
        return paired(lambda pairs: self.pairs)(recipe)


def _nothing_changes(recipe: Recipe) -> Recipe:
    return recipe


def sending_mistake(code: str, sentence: str) -> Mistake:
    """A mistake that a repair undoes: what it makes of a recipe is the repair's to say."""
    return Mistake(code, sentence, _nothing_changes)


def repaired(code: str, sentence: str, parts: Iterable[Part], common: bool = True) -> Repair:
    """The repair of one mistake."""
    return Repair((sending_mistake(code, sentence),), pairs_of(parts), common)


def pairs_of(parts: Iterable[Part]) -> Pairs:
    """The parameters of these parts: of a repeated name the last one counts, an empty text is none."""
    return tuple({part.name: part.value for part in parts if part.name or part.value}.items())


def separated(arrival: Arrival) -> Iterator[Repair]:
    """What was meant where something else than an `&` arrived between two parameters."""
    if arrival.fragment:
        query = f"{arrival.query}%23{arrival.fragment.replace('#', '%23')}"
        told = "a # that was not URL-encoded ended the query; URL-encode values when sending"
        yield repaired("HASH_NOT_ENCODED", told, (*parts_of(query), *parts_of(arrival.body)))
    for repair in (_unescaped(arrival), _without_entities(arrival, True), _without_entities(arrival, False)):
        if repair:
            yield repair
    yield from _split(arrival)


def plainly(arrival: Arrival) -> Repair | None:
    """What was meant where it is plain that something else than an `&` arrived."""
    return next((repair for repair in separated(arrival) if repair.plain), None)


def _unescaped(arrival: Arrival) -> Repair | None:
    parts = []
    for part in arrival.parts:
        escaped = _ESCAPED_AMPERSAND.match(part.name)
        parts.append(Part(part.name[escaped.end():], part.value) if escaped else part)
    first = next((was.name for was, part in zip(arrival.parts, parts) if was != part), None)
    if first is None:
        return None
    told = f"the & between parameters was sent as &amp;, so that {shortened(first)} arrived; send & as it is"
    return repaired("AMPERSAND_ESCAPED", told, parts)


def _without_entities(arrival: Arrival, known_only: bool) -> Repair | None:
    """The parameters before HTML made a character of an `&` and more: `¬ify_url` was `&notify_url`."""
    told: list[str] = []

    def restored(found: re.Match[str]) -> str:
        names = [f"{entity}{found[2]}" for entity in sorted(_ENTITIES[found[1]], key=str.isupper)]
        known = [name for name in names if name in arrival.known]
        if known_only and not known:
            return found[0]
        name = (known or names)[0]
        told.append(f"&{name} became {found[0]}")
        return f"&{name}"

    parts: list[Part] = []
    for part in arrival.parts:
        plain = Part(part.name, part.value).text
        text = _ENTITY.sub(restored, plain)
        parts += [part] if text == plain else _parts_again(text.split("&"))
    if not told:
        return None
    sentence = (f"HTML read the & as the beginning of an entity: {shortened(told[0])}; "
                "in HTML write &amp;, elsewhere keep the URL out of HTML")
    return repaired("ENTITY", sentence, parts)._replace(plain=known_only)


def _parts_again(texts: list[str]) -> list[Part]:
    split = [text.partition("=") for text in texts]
    return [Part(name, value) for name, _, value in split]


def _split(arrival: Arrival) -> Iterator[Repair]:
    """The parameters where one has others of the gateway's in its value, behind another separator than `&`.

    Such a value may be a whole query that was URL-encoded, and is then decoded once more.
    """
    parts, queries, first = list[Part](), list[Part](), ""
    for part in arrival.parts:
        text, begin, texts = Part(part.name, part.value).text, 0, list[str]()
        escaped = _ESCAPED_AMPERSAND.match(text)  # which is another mistake
        for found in _SEPARATOR.finditer(text, escaped.end() if escaped else 0):
            name = found[1]
            in_a_url = not texts and "://" in text[:found.start()]
            if not arrival.is_strange(name) and name not in arrival.params and not in_a_url:
                first = first or name
                texts.append(text[begin:found.start()])
                begin = found.start(1)
        texts = [each.replace("%3D", "=", 1) for each in (*texts, text[begin:])] if texts else []
        parts += _parts_again(texts) if texts else [part]
        queries += parts_of(text) if texts else [part]
    told = (f"before {shortened(first)} something else than a bare & was sent, so that it arrived in another "
            "value; URL-encode names and values, not the & and = between them")
    for meant in (queries, parts) if first else ():
        if pairs_of(meant) != pairs_of(arrival.parts):  # a separator that decoding once more does not undo
            yield repaired("SEPARATOR", told, meant)
