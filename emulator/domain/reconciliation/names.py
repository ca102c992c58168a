"""The names that other packages use."""
from .checking import Report, check
from .checks import STATES, Difference, Verdict
from .rows import Days, Listed, Truth, row

__all__ = ["Days", "Difference", "Listed", "Report", "STATES", "Truth", "Verdict", "check", "row"]
