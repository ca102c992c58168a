"""Compares a merchant's own list with the true settlement entries.

It says which injected discrepancies the list has noticed, which it has missed, and where this cannot be
decided (`not told`):

        injected     noticed                         missed: as the file has it      not told
        missing      the list has the row            it lacks the row
        duplicate    it has the row once             it has the row twice            it lacks the row
        next_day     it has the true day             it has the day of the file      it has no settlement_date
        fee_off      it has the true fee             it has the fee of the file      it has no fee
        amount_off   it has the true amount          it has the amount of the file   it lacks the row
        unknown_row  it lacks the row                it has the row

When only one of the two days of a next_day is checked, the row itself decides: a right list has it on the
true day, and not on the other.

The modules are loaded when the first name is used, as those of `scenarios` are: most emulators never check a
list.

    rows       true entries and rows of a list
    sentences  what a check says about a list
    checks     the checks of one entry
    checking   the check of a list
    lists      a merchant's list in a CSV file
    names      the names that other packages use
"""
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .names import *  # noqa: F401,F403
else:
    def __getattr__(name: str) -> Any:
        """Load a name on first use."""
        found = globals()[name] = getattr(import_module(".names", __name__), name)
        return found
