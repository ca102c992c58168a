"""The subject of the documentation to which each page of the console leads."""
from collections.abc import Mapping

SUBJECTS: Mapping[str, str] = {
    "orders": "console", "notifications": "notifications", "inbox": "notifications", "journal": "signing",
    "findings": "fidelity", "try_it": "signing", "terminals": "terminals", "scenarios": "scenarios",
    "clock": "control-api", "settlement": "reconciliation", "merchants": "console", "cards": "cards",
    "api_reference": "fidelity"}


def subject_of(page: str) -> str:
    """The subject for a page of the navigation; that about the console for every other page."""
    return SUBJECTS.get(page, "console")
