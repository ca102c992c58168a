"""How much is shown at once: of rows that are large or very many, as many as their size allows."""
from collections.abc import Callable, Iterable
from typing import TypeVar

PAGE = 4 * 1024 * 1024  # characters of a page of a list
PART = 512 * 1024  # characters of a list within an answer or a page
T = TypeVar("T")


def taken(items: Iterable[T], size: Callable[[T], int], most: int = PAGE) -> tuple[list[T], bool]:
    """The first items whose sizes add up to no more than `most`, at least one of them; and whether these are all.

    The items are read no further than that, so that an iterator of large ones does not fill the memory.
    """
    found: list[T] = []
    left = most
    for item in items:
        left -= size(item)
        if found and left < 0:
            return found, False
        found.append(item)
    return found, True
