"""What every page of the console announces: active scenarios, and a clock that is not the system's time."""
from itertools import dropwhile
from typing import NamedTuple

from msgspec import Struct

from ...base import durations
from ...base.clock import Clock
from ...store import Reader
from ...store.scenarios import EVERYBODY

MOST_NAMED = 3


class Words(NamedTuple):
    """The keys of the texts that compare a clock with another one."""

    same: str
    ahead: str
    behind: str


MACHINE = Words("clk_with_machine", "clk_ahead", "clk_behind")
SHARED = Words("clk_with_shared", "clk_ahead_shared", "clk_behind_shared")


class Active(Struct, frozen=True):
    """An active scenario: its name, and its merchant; empty if it is that of all merchants."""

    name: str
    merchants_id: str


class Banners(Struct, frozen=True):
    """The active scenarios, whether there are more of them, and how far the clock is moved.

    `moved` is the difference from the system's time as text and the key of its direction; it is None if there
    is none. A clock that is frozen is announced too.
    """

    scenarios: list[Active]
    are_more: bool
    moved: tuple[str, str] | None
    is_frozen: bool


def banners(tables: Reader, merchants_id: str, clock: Clock, real: int) -> Banners:
    """The announcements for a merchant, or with an empty number for all, whose clock is `clock`."""
    found = list(_scenarios(tables, merchants_id))
    now = clock.now(real)
    compared = apart(now, real, MACHINE)
    moved = compared if compared[0] else None
    return Banners(found[:MOST_NAMED], len(found) > MOST_NAMED, moved, clock.frozen is not None)


def rounded(duration: int) -> str:
    """A duration (milliseconds) as text in its two largest units, as 2d 3h; empty below a second."""
    largest = list(dropwhile(lambda part: not part[0], durations.in_units(duration)))[:2]
    return " ".join(f"{number}{unit}" for number, unit in largest if number)


def _scenarios(tables: Reader, merchants_id: str) -> list[Active]:
    """The scenario that applies to a merchant; for all, the global one and those of single merchants."""
    numbers = [merchants_id, EVERYBODY] if merchants_id else [
        EVERYBODY, *tables.scenarios.merchants(MOST_NAMED + 1)]
    found = [(number, tables.scenarios.own(number)) for number in numbers]
    active = [Active(scenario.name, number) for number, scenario in found if scenario is not None]
    return active[:1] if merchants_id else active


def apart(now: int, other: int, words: Words) -> tuple[str, str]:
    """The difference of an instant from another clock as text, and the key of the text for its direction."""
    distance = rounded(abs(now - other))
    if not distance:
        return "", words.same
    return distance, words.ahead if now >= other else words.behind
