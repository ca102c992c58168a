"""The rate limit of the control interface: requests that concern a merchant count as those of that merchant.

They share the limit with the merchant's requests to `/v2`. The console and the pages of payers do not count.
"""
from collections.abc import Mapping
from typing import Any

from ...base import durations
from ...operations.limits import Limiter
from ...store import Reader
from .problems import Problem


def check_rate(limiter: Limiter, tables: Reader, named: Mapping[str, Any]) -> None:
    """Count a request. Raises Problem (429) if it is one too many for the merchant that it concerns.

    `named` are the values in its path, query and body by their names.
    """
    merchants_id = _concerned(tables, named)
    wait = limiter.wait_of(merchants_id) if merchants_id else 0
    if wait:
        problem = Problem(429, "Too Many Requests", limiter.sentence(merchants_id, wait))
        problem.headers["Retry-After"] = str(-(-wait // durations.SECOND))
        raise problem


def _concerned(tables: Reader, named: Mapping[str, Any]) -> str:
    """The merchant that a request concerns; empty if it names none that exists."""
    merchants_id = _owner_of_row(tables, named)
    if merchants_id is None:
        params = named.get("params")
        inside = params.get("merchants_id") if isinstance(params, dict) else None
        merchants_id = named.get("merchants_id") or inside
    is_one = isinstance(merchants_id, str) and tables.merchants.find(merchants_id) is not None
    return str(merchants_id) if is_one else ""


def _owner_of_row(tables: Reader, named: Mapping[str, Any]) -> str | None:
    """The merchant of the notification, journal entry or terminal that a request names by its id, or None."""
    if "notification_id" in named:
        notification = tables.notifications.find(named["notification_id"])
        return notification.merchants_id if notification else None
    if "entry_id" in named:
        entry = tables.journal.find(named["entry_id"])
        return str(entry["merchants_id"]) if entry else None
    device = tables.terminals.find(named["terminal_sn"]) if "terminal_sn" in named else None
    return device.merchants_id if device else None
