"""The language of scenario files, and which rule of a scenario fits a request.

There is no I/O but reading files.

    kinds          formats of values, and tables of keys as dataclasses
    outcomes       `then`: all keys, and which contradict each other
    conditions     `when`: lookups, and a request as conditions see it
    rules          Rule, and the first difference between it and a request
    matching       Scenario, and the first of its rules that fits
    problems       Invalid, with all problems of a scenario
    reading_rules  rules from tables
    reading        scenarios from TOML and JSON
    writing        scenarios as TOML
    script         the outcome of a rule as it is stored with an order
    collection     the bundled scenario files
    tables         rows for the reference
    names          the names that other packages use

The modules are loaded when the first name is used, because most emulators never have a scenario and so start
sooner. Other packages therefore write `from .. import scenarios` and `scenarios.load`, and quote annotations.
"""
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .names import *  # noqa: F401,F403
else:
    def __getattr__(name: str) -> Any:
        """Load a name when it is used for the first time."""
        found = globals()[name] = getattr(import_module(".names", __name__), name)
        return found
