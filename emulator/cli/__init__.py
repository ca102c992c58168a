"""The command line. Commands that read or change state are clients of the control interface (`remote`)."""
from . import clock, orders, requests, scenarios, serving, settlement, tables, terminals
from .command import main

__all__ = ["clock", "main", "orders", "requests", "scenarios", "serving", "settlement", "tables", "terminals"]
