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
"""
from .collection import SUFFIX, shipped, shipped_scenario, shipped_text
from .conditions import Condition, Facts
from .outcomes import Buyer, Notify, Terminal, Then
from .judging import Judged, Picked, Scenario, judge
from .reading import Invalid, from_json, load, parse
from .rules import Rule, differences
from .script import Script
from .tables import fault_rows, shipped_rows, then_rows, when_rows
from .writing import toml

__all__ = ["SUFFIX", "Buyer", "Condition", "Facts", "Invalid", "Judged", "Notify", "Picked", "Rule", "Scenario", "Script", "Terminal",
           "Then", "differences", "fault_rows", "from_json", "judge", "load", "parse", "shipped", "shipped_rows", "shipped_scenario",
           "shipped_text", "then_rows", "toml", "when_rows"]
