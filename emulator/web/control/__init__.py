"""The control interface `/_emulator`: JSON for tests, tools and the console. Each module declares the operations of one matter."""
from . import card_tables, findings, scenarios, settlement, state, terminals, tools, trades
from .interface import blueprint, probes

__all__ = ["blueprint", "card_tables", "findings", "probes", "scenarios", "settlement", "state", "terminals", "tools", "trades"]
