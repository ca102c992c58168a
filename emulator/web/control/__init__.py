"""The control interface `/_emulator`: JSON for tests, tools and the console. Each module declares the operations of one matter."""
from . import (
    card_tables, clock, findings, health, journal, merchants, notifications, orders, scenarios, settlement, terminals,
    tools)
from .interface import blueprint, probes

__all__ = [
    "blueprint", "card_tables", "clock", "findings", "health", "journal", "merchants", "notifications", "orders",
    "probes", "scenarios", "settlement", "terminals", "tools"]
