"""Plans and results of commands to the scheduler.

A plan is fixed when a command is begun, so that another process can finish it.
"""
from collections.abc import Mapping
from typing import Any

from ..base import clock, durations, urls
from ..base.clock import Clock, OwnClock
from ..store import Reader
from ..store.commands import Command

CLOCK, FLUSH, REPLAY = "clock", "flush", "replay"  # the names of commands


def begun(tables: Reader) -> dict[str, int]:
    """The last ids of changes and attempts when a command begins; later ones are counted for it."""
    changes, _, attempts = tables.newest()
    return {"changes": changes, "attempts": attempts}


def done_since(tables: Reader, plan: Mapping[str, Any], merchants_id: str = "") -> dict[str, Any]:
    """What was done and skipped since a command began, for one merchant or for all.

    `plan` has the values that `begun` returned.
    """
    tally = tables.notifications.tally(plan["attempts"], merchants_id)
    if merchants_id:
        changes = tables.changes.count(merchants_id, plan["changes"])
    else:
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


def own_plan(tables: Reader, command: Command, real: int) -> dict[str, Any]:
    """The plan of a command that moves a merchant's clock, or flushes its notifications.

    It has the instants of that clock from which (`now`) and up to which (`target`) time passes, the clock of
    its own with which the merchant ends (`own`: distance and frozen instant, None for the shared clock),
    whether it `runs` then, and the id of the `last` notification.
    """
    shared, own = tables.clock.get(), tables.clock.own(command.merchants_id)
    now, shared_now = (own or OwnClock()).beside(shared).now(real), shared.now(real)
    target, arrived = _own_arrival(command.argument, own, now, shared_now)
    runs = shared.frozen is None and (arrived is None or arrived.frozen is None)
    return {"now": now, "target": target, "runs": runs, "last": tables.notifications.last(),
            "own": [arrived.distance, arrived.frozen] if arrived else None, **begun(tables)}


def _own_arrival(argument: Mapping[str, Any], own: OwnClock | None, now: int,
                 shared_now: int) -> tuple[int, OwnClock | None]:
    """Up to which instant a merchant's time passes, and the clock that it has then."""
    present = own or OwnClock()
    if "reset" in argument:
        return shared_now, None
    if "freeze" in argument:
        if argument["freeze"]:
            return now, OwnClock(present.distance, now)
        return now, own if present.frozen is None else OwnClock(now - shared_now)
    if "advance" in argument or "set" in argument:
        target = argument["set"] if "set" in argument else now + argument["advance"]
        if present.frozen is not None:
            return target, OwnClock(present.distance, target)
        return target, OwnClock(present.distance + target - now)
    return now, own


def _arrival(target: int, present: Clock, real: int, step: int) -> dict[str, Any]:
    if present.frozen is not None:
        return {"target": target, "offset": present.offset, "frozen": target}
    return {"target": target, "offset": present.offset + step, "frozen": None}


def under_way(tables: Reader, merchants_id: str = "") -> dict[str, Any] | None:
    """The move of a merchant's clock, or of the shared one, that is being carried out: where `to`
    (milliseconds), what is `done`, how much is `left`.

    `left` counts what is due now; an order may fall due again, and a notification may be repeated. The counts
    of the shared clock are of everybody, so tables of one owner have only the instant.
    """
    for command in tables.commands.open():
        if command.name == CLOCK and command.plan and command.merchants_id == merchants_id:
            target = command.plan["target"]
            if tables.owner is not None and not merchants_id:
                return {"to": target}
            return {"to": target, **done_since(tables, command.plan, merchants_id),
                    "left": tables.upcoming.count(target, merchants_id)}
    return None


def clock_document(tables: Reader, merchants_id: str, real: int) -> dict[str, Any]:
    """A merchant's clock as the control interface shows it, or without a number the shared one."""
    shown = clock_state(tables.clock.get(merchants_id), real)
    if not merchants_id:
        return shown
    return {**shown, "own": tables.clock.own(merchants_id) is not None, "merchants_id": merchants_id}


def clock_state(present: Clock, real: int) -> dict[str, Any]:
    """The clock as the control interface shows it."""
    now = present.now(real)
    is_frozen = present.frozen is not None
    offset = now - real if is_frozen else present.offset
    return {"now": clock.iso(now), "offset_s": offset / durations.SECOND, "frozen": is_frozen}
