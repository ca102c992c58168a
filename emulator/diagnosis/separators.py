"""Mistakes between the parameters of a request: HTML or URL encoding changed an `&`, or a `#` ended the
query.

Such a mistake is obvious, because names of the endpoint's parameters are found where none should be.
"""
import html.entities
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..signing.arrivals import Arrival, Part, parts_of
from ..signing.recipes import Pairs, Recipe
from .rewriting import paired
from .signing_mistakes import Mistake, shortened


def _entities() -> dict[str, list[str]]:
    """The HTML entities that need no semicolon, by the character that arrives in their place.

    It arrives as itself, or as the surrogate escape of a Latin-1 byte.
    """
    found: dict[str, list[str]] = {}
    for name, letter in html.entities.html5.items():
        if not name.endswith(";") and letter != "&":
            found.setdefault(letter, []).append(name)
            if letter >= "\x80":
                found.setdefault(chr(0xDC00 + ord(letter)), []).append(name)
    return found


_ENTITIES = _entities()
_ENTITY = re.compile(f"([{''.join(re.escape(letter) for letter in _ENTITIES)}])([A-Za-z0-9_]*)(?==)")
_ESCAPED_AMPERSAND = re.compile(r"(?:(?:amp|#38|#x26);)+", re.IGNORECASE)
_LIKE_A_NAME = r"([A-Za-z_][A-Za-z0-9_]*)(?:=|%3D)"
_SEPARATOR = re.compile(r"(?:&(?:amp;)*|\\u0026|%26|[;?,\s])" + _LIKE_A_NAME)


class Repair(NamedTuple):
    """Mistakes in sending, and the parameters that the client meant.

    A `common` repair is also tried together with mistakes in signing. A `plain` one is certain because of the
    endpoint's parameter names; others are certain only when the signature fits.
    """

    mistakes: tuple[Mistake, ...]
    pairs: Pairs
    common: bool = False
    plain: bool = True

    def change(self, recipe: Recipe) -> Recipe:
        """The recipe with the repaired parameters."""
        return paired(lambda pairs: self.pairs)(recipe)


def _nothing_changes(recipe: Recipe) -> Recipe:
    return recipe


def sending_mistake(code: str, sentence: str) -> Mistake:
    """A mistake that does not change the recipe itself; its repair does."""
    return Mistake(code, sentence, _nothing_changes)


def repaired(code: str, sentence: str, parts: Iterable[Part], common: bool = True) -> Repair:
    """The repair of one mistake."""
    return Repair((sending_mistake(code, sentence),), pairs_of(parts), common)


def pairs_of(parts: Iterable[Part]) -> Pairs:
    """The parameters of these parts: the last one of a repeated name, without empty parts."""
    return tuple({part.name: part.value for part in parts if part.name or part.value}.items())


def separated(arrival: Arrival) -> Iterator[Repair]:
    """Repairs of requests in which something else than an `&` arrived between two parameters."""
    if arrival.fragment:
        query = f"{arrival.query}%23{arrival.fragment.replace('#', '%23')}"
        sentence = "a # that was not URL-encoded ended the query; URL-encode values when sending"
        yield repaired("HASH_NOT_ENCODED", sentence, (*parts_of(query), *parts_of(arrival.body)))
    for repair in (_unescaped(arrival), _without_entities(arrival, True), _without_entities(arrival, False)):
        if repair:
            yield repair
    yield from _split(arrival)


def plainly(arrival: Arrival) -> Repair | None:
    """The first repair of a separator that is certain, None when there is none."""
    return next((repair for repair in separated(arrival) if repair.plain), None)


def _unescaped(arrival: Arrival) -> Repair | None:
    """The repair of an `&` that was sent as `&amp;`."""
    parts = []
    for part in arrival.parts:
        escaped = _ESCAPED_AMPERSAND.match(part.name)
        parts.append(Part(part.name[escaped.end():], part.value) if escaped else part)
    first = next((was.name for was, part in zip(arrival.parts, parts) if was != part), None)
    if first is None:
        return None
    sentence = (f"the & between parameters was sent as &amp;, so that {shortened(first)} arrived; send & as "
                f"it is")
    return repaired("AMPERSAND_ESCAPED", sentence, parts)


def _without_entities(arrival: Arrival, known_only: bool) -> Repair | None:
    """The repair of an `&` and letters that HTML read as an entity: `¬ify_url` was `&notify_url`.

    With `known_only`, only names that the endpoint has are restored.
    """
    restorations: list[str] = []

    def restored(found: re.Match[str]) -> str:
        names = [f"{entity}{found[2]}" for entity in sorted(_ENTITIES[found[1]], key=str.isupper)]
        known = [name for name in names if name in arrival.known]
        if known_only and not known:
            return found[0]
        name = (known or names)[0]
        restorations.append(f"&{name} became {found[0]}")
        return f"&{name}"

    parts: list[Part] = []
    for part in arrival.parts:
        plain = Part(part.name, part.value).text
        text = _ENTITY.sub(restored, plain)
        parts += [part] if text == plain else _parts_again(text.split("&"))
    if not restorations:
        return None
    sentence = (f"HTML read the & as the beginning of an entity: {shortened(restorations[0])}; "
                "in HTML write &amp;, elsewhere keep the URL out of HTML")
    return repaired("ENTITY", sentence, parts)._replace(plain=known_only)


def _parts_again(texts: list[str]) -> list[Part]:
    split = [text.partition("=") for text in texts]
    return [Part(name, value) for name, _, value in split]


def _split(arrival: Arrival) -> Iterator[Repair]:
    """Repairs of a parameter whose value contains other parameters of the endpoint, behind a separator other
    than `&`.

    Such a value may be a whole query that was URL-encoded; so it is decoded once more, or split at the
    separators.
    """
    parts, queries, first = list[Part](), list[Part](), ""
    for part in arrival.parts:
        text = Part(part.name, part.value).text
        names, texts = _parameters_in(text, arrival)
        first = first or (names[0] if names else "")
        parts += _parts_again(texts) if names else [part]
        queries += parts_of(text) if names else [part]
    sentence = (f"before {shortened(first)} something else than a bare & was sent, so that it arrived in "
                f"another "
                "value; URL-encode names and values, not the & and = between them")
    for repair in (queries, parts) if first else ():
        if pairs_of(repair) != pairs_of(arrival.parts):  # decoding once more may change nothing
            yield repaired("SEPARATOR", sentence, repair)


def _parameters_in(text: str, arrival: Arrival) -> tuple[list[str], list[str]]:
    """The names of further parameters within the text of a part, and the text split before them."""
    names, texts, begin = list[str](), list[str](), 0
    escaped = _ESCAPED_AMPERSAND.match(text)  # a mistake of its own, see `_unescaped`
    for found in _SEPARATOR.finditer(text, escaped.end() if escaped else 0):
        name = found[1]
        in_a_url = not texts and "://" in text[:found.start()]
        if not arrival.is_strange(name) and name not in arrival.params and not in_a_url:
            names.append(name)
            texts.append(text[begin:found.start()])
            begin = found.start(1)
    return names, [each.replace("%3D", "=", 1) for each in (*texts, text[begin:])]
