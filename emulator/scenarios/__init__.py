"""The language of scenario files (contract 8): what a rule can ask, what it can say, reading, and which rule fits. All of it is pure.

    kinds        how values are written, and rows as fields
    outcomes     `then`: every key, and what contradicts what
    conditions   `when`: lookups, and a request as rules see it
    rules        Rule, and what is between it and a request
    judging      Scenario; judge(): the first rule that fits
    reading      TOML and JSON; Invalid has all problems
    writing      TOML
    script       what a rule has said of one order
    collection   the files that come along
    tables       rows for the reference
    names        what others use of all this

The parts are loaded with the first name that is asked for: most emulators never have a scenario, and start sooner without. So others
write `from . import scenarios` and `scenarios.load`, and annotations in quotation marks.
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
