"""The names that other packages use."""
from .checking import Report, check
from .checks import STATES, Difference, Verdict
from .lists import Unreadable, from_file_name, read
from .rows import Days, Listed, Truth, row

__all__ = ["Days", "Difference", "Listed", "Report", "STATES", "Truth", "Unreadable", "Verdict", "check",
           "from_file_name", "read", "row"]
