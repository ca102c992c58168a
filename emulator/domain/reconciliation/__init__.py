"""A merchant's own list beside the truth of the settlement file: which injected discrepancies it shows to be noticed (contract 2.10, 8).

What a list looks like that has noticed a discrepancy, one that has missed it, and when that cannot be told:

    injected      noticed                         missed: as the file has it     not told
    missing      the list has the row            it lacks the row
    duplicate    it has the row once             it has the row twice           it lacks the row
    next_day     it has the true day             it has the day of the file     it has no settlement_date
    fee_off      it has the true fee             it has the fee of the file     it has no fee
    amount_off   it has the true amount          it has the amount of the file  it lacks the row
    unknown_row  it lacks the row                it has the row

Of a next_day only one of whose two days is checked, the row itself tells: a right list has it on the true day, and not on the other.

The parts are loaded with the first name that is asked for, as those of `scenarios` are: most emulators never check a list.
"""
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .names import *  # noqa: F401,F403
else:
    def __getattr__(name: str) -> Any:
        """A name that was not asked for before."""
        found = globals()[name] = getattr(import_module(".names", __name__), name)
        return found
