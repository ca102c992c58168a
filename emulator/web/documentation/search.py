"""Finds the sections of the documentation that have all words of a query."""
import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from .markdown import Section

MOST_FOUND = 40
SNIPPET, BEFORE = 180, 60  # characters of a snippet, and those before the first match
LONGEST_WORD = 25
Piece = tuple[str, bool]  # a text, and whether it is a word of the query


class Found(Struct, frozen=True):
    """A section that has all words: its subject, the page's title, its heading and a snippet in pieces."""

    name: str
    title: str
    section: Section
    heading: list[Piece]
    snippet: list[Piece]
    rank: int


def find(query: str, pages: Iterable[tuple[str, list[Section]]]) -> list[Found]:
    """The sections with all words of a query, best first: words in headings count more than in the text.

    `pages` are subjects with the sections of their pages.
    """
    words = query.casefold().split()
    found = [each for name, sections in pages for each in _on_page(words, name, sections)] if words else []
    return sorted(found, key=lambda each: -each.rank)[:MOST_FOUND]


def _on_page(words: list[str], name: str, sections: list[Section]) -> Iterator[Found]:
    title = sections[0].title
    for section in sections:
        text = " ".join(filter(None, section.texts))
        heading = section.title.casefold()
        whole = f"{title.casefold()} {heading} {text.casefold()}"
        if not all(word in whole for word in words) or not any(word in f"{heading} {text.casefold()}"
                                                               for word in words):
            continue
        rank = sum(4 * (word in heading) + 2 * (word in title.casefold()) + (word in text.casefold())
                   for word in words)
        yield Found(name, title, section, list(_pieces(section.title, words)),
                    list(_pieces(_snippet(text, words), words)), rank)


def _snippet(text: str, words: list[str]) -> str:
    """The part of a text around the first word of the query in it."""
    text = re.sub(r"\s+", " ", text)
    places = [place for word in words if (place := text.casefold().find(word)) >= 0]
    start = max(0, min(places, default=0) - BEFORE)
    start = text.find(" ", start, start + BEFORE) + 1 if start else 0
    end = start + SNIPPET
    if len(text) > end and (space := text.rfind(" ", end - LONGEST_WORD, end)) > 0:
        end = space
    return ("… " if start else "") + text[start:end].strip() + (" …" if len(text) > end else "")


def _pieces(text: str, words: list[str]) -> Iterator[Piece]:
    """A text in pieces: words of the query and what is between them."""
    alternatives = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
    for place, piece in enumerate(re.split(f"({alternatives})", text, flags=re.IGNORECASE)):
        if piece:
            yield piece, place % 2 == 1
