"""What is unusual in a database when a server starts: a moved or frozen clock, active scenarios."""
from collections.abc import Sequence

from ..base import clock, durations
from ..base.clock import Clock, real_now
from ..store import Reader
from ..store.scenarios import EVERYBODY

LEAST_DISTANCE = durations.SECOND  # less may come from the correction of the real time


def unusual(tables: Reader, zone: str) -> list[str]:
    """A sentence for each thing that changes how the emulator behaves, and how it is undone.

    Times are in the time zone `zone`, as on every page.
    """
    scenarios, shared = tables.scenarios.names(), tables.clock.get()
    return [*_clock(shared, zone), *_scenario(scenarios.pop(EVERYBODY, "")),
            *_of_merchants(list(scenarios), "a scenario", "scenarios off"),
            *_of_merchants(tables.clock.owners(), "a clock", "clock reset")]


def _clock(shared: Clock, zone: str) -> list[str]:
    shown = clock.zoned(shared.now(real_now()), zone)
    if shared.frozen is not None:
        return [f"The clock is frozen at {shown}: tgpay-emulator clock unfreeze lets it run from there, "
                "tgpay-emulator clock reset puts it back to system time"]
    if abs(shared.offset) < LEAST_DISTANCE:
        return []
    return [f"The clock is {durations.offset_text(shared.offset / durations.SECOND)}, at {shown}: "
            "tgpay-emulator clock reset puts it back"]


def _scenario(name: str) -> list[str]:
    """The sentence about the scenario for all merchants, if there is one."""
    return [f"The scenario {name} is active for all merchants: tgpay-emulator scenarios off deactivates it"
            ] if name else []


def _of_merchants(numbers: Sequence[str], what: str, undo: str) -> list[str]:
    """The sentence about merchants that have something of their own, if there are any."""
    if not numbers:
        return []
    undone = f"tgpay-emulator {undo} --merchant NUMBER"
    if len(numbers) == 1:
        return [f"Merchant {numbers[0]} has {what} of its own: {undone} removes it"]
    more = f"{numbers[0]}, {numbers[1]}{' and others' if len(numbers) > 2 else ''}"
    return [f"{len(numbers)} merchants have {what} of their own ({more}): {undone} removes one"]
