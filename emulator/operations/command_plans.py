"""Plans and results of commands to the scheduler.

A plan is fixed when a command is begun, so that another process can finish it.
"""
from collections.abc import Mapping
from typing import Any

from ..base import clock, durations, urls
from ..base.clock import Clock
from ..store import Reader


def begun(tables: Reader) -> dict[str, int]:
    """The last ids of changes and attempts when a command begins; later ones are counted for it."""
    changes, _, attempts = tables.newest()
    return {"changes": changes, "attempts": attempts}


def done_since(tables: Reader, plan: Mapping[str, Any]) -> dict[str, Any]:
    """What was done and skipped since a command began; `plan` has the values that `begun` returned."""
    tally = tables.notifications.tally(plan["attempts"])
    changes = max(0, tables.newest()[0] - plan["changes"])  # a reset restarts the numbering
    receivers = sorted(set(map(urls.origin, tally.skipped_urls)))
    return {"done": {"changes": changes, "attempts": tally.made, "delivered": tally.delivered},
            "skipped": {"attempts": tally.skipped, "receivers": receivers}}


def planned(argument: Mapping[str, Any], present: Clock, real: int) -> dict[str, Any]:
    """The plan of a clock command: the instant up to which time passes (`target`), and the final clock.

    `argument` has one of `advance` (milliseconds), `set` (instant), `freeze` (bool) and `reset`. `real` is
    the present instant in real time.
    """
    now = present.now(real)
    if "advance" in argument:
        return _arrival(now + argument["advance"], present, real, argument["advance"])
    if "set" in argument:
        return _arrival(argument["set"], present, real, argument["set"] - now)
    if "freeze" in argument:
        return {"target": now, "offset": present.offset if argument["freeze"] else now - real,
                "frozen": now if argument["freeze"] else None}
    return {"target": real, "offset": 0, "frozen": None}


def _arrival(target: int, present: Clock, real: int, step: int) -> dict[str, Any]:
    if present.frozen is not None:
        return {"target": target, "offset": present.offset, "frozen": target}
    return {"target": target, "offset": present.offset + step, "frozen": None}


def under_way(tables: Reader) -> dict[str, Any] | None:
    """The move of the clock that is being carried out: where `to` (milliseconds), what is `done`, how much is
    `left`.

    `left` counts what is due now; an order may fall due again, and a notification may be repeated. The counts
    are of everybody, so tables of one owner have only the instant.
    """
    for command in tables.commands.open():
        if "target" in command.plan:
            target = command.plan["target"]
            if tables.owner is not None:
                return {"to": target}
            return {"to": target, **done_since(tables, command.plan), "left": tables.upcoming.count(target)}
    return None


def clock_state(present: Clock, real: int) -> dict[str, Any]:
    """The clock as the control interface shows it."""
    now = present.now(real)
    is_frozen = present.frozen is not None
    offset = now - real if is_frozen else present.offset
    return {"now": clock.iso(now), "offset_s": offset / durations.SECOND, "frozen": is_frozen}
