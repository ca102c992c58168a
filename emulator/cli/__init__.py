"""The command line. Commands that look at or change state are clients of the control interface (`remote`)."""
from . import clock, requests, scenarios, settlement
from .command import main

__all__ = ["clock", "main", "requests", "scenarios", "settlement"]
