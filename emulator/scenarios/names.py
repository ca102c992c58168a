"""What others use of this package."""
from .collection import SUFFIX, shipped, shipped_scenario, shipped_text
from .conditions import Condition, Facts
from .judging import Judged, Picked, Scenario, judge, search
from .outcomes import ENDPOINTS, Buyer, Notify, Terminal, Then
from .reading import BYTE_ORDER_MARK, Invalid, from_json, load, parse
from .rules import Rule, differences
from .script import Script
from .tables import fault_rows, shipped_rows, then_rows, when_rows
from .writing import toml, written

__all__ = ["BYTE_ORDER_MARK", "ENDPOINTS", "SUFFIX", "Buyer", "Condition", "Facts", "Invalid", "Judged", "Notify", "Picked",
           "Rule", "Scenario", "Script", "Terminal", "Then", "differences", "fault_rows", "from_json", "judge", "load", "parse",
           "search", "shipped", "shipped_rows", "shipped_scenario", "shipped_text", "then_rows", "toml",
           "when_rows", "written"]
