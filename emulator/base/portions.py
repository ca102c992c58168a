"""Limits how much is shown at once: a page ends where its items get too large together."""
from collections.abc import Callable, Iterable
from typing import TypeVar

PAGE = 4 * 1024 * 1024  # characters of a page of a list
PART = 512 * 1024  # characters of a list within an answer or a page
T = TypeVar("T")


def taken(items: Iterable[T], size: Callable[[T], int], most: int = PAGE) -> tuple[list[T], bool]:
    """The first items whose sizes add up to at most `most`, and whether these are all items.

    The first item is returned whatever its size. Items behind the limit are not read, so that an iterator of
    large items does not fill the memory.
    """
    found: list[T] = []
    left = most
    for item in items:
        left -= size(item)
        if found and left < 0:
            return found, False
        found.append(item)
    return found, True
