"""The names that other packages use."""
from .collection import SUFFIX, shipped, shipped_scenario, shipped_text, unknown
from .conditions import Condition, Facts
from .matching import Match, Picked, Scenario, match, search
from .outcomes import ENDPOINTS, Buyer, Notify, Terminal, Then
from .problems import Invalid
from .reading import BYTE_ORDER_MARK, from_json, load, parse
from .rules import Rule, differences
from .script import Script
from .tables import fault_rows, shipped_rows, then_rows, when_rows
from .writing import toml, written

__all__ = [
    "BYTE_ORDER_MARK", "ENDPOINTS", "SUFFIX", "Buyer", "Condition", "Facts", "Invalid", "Match", "Notify",
    "Picked", "Rule", "Scenario", "Script", "Terminal", "Then", "differences", "fault_rows", "from_json",
    "load", "match", "parse", "search", "shipped", "shipped_rows", "shipped_scenario", "shipped_text",
    "then_rows", "toml", "unknown", "when_rows", "written"]
