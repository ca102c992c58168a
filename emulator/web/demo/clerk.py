"""The shop's server, written as a merchant would: it sends signed requests and verifies what it receives.

It records everything in the shop's notebook.
"""
from collections.abc import Callable, Mapping
from typing import Any

from ...base.http_client import fetch
from ...base.urls import with_query
from ...protocol import card_numbers
from ...signing.merchant_client import read_notification, sign
from ...operations.unit import Units
from ...store.notebook import Page

MERCHANT = "290000000001"
SENT, ANSWERED, LOST, HEARD = "sent", "answered", "lost", "heard"
PATIENCE_S = 5
MOST_HEARD = 100  # in one story, because anyone can send to the notify_url
UNSIGNED = "tgpayquery"  # its parameters do not include sign_type


class Clerk:
    """Sends requests to the gateway at `address`, and records them with `write` in the shop's notebook."""

    def __init__(self, address: str, token: str, write: Callable[[str, Mapping[str, Any]], None]) -> None:
        self.address = address
        self._token = token
        self._write = write

    def ask(self, endpoint: str, **params: str) -> Mapping[str, str]:
        """Send a signed request, and return the fields of the answer; none when the answer was lost."""
        named = {"merchants_id": MERCHANT, **params, **({} if endpoint == UNSIGNED else {"sign_type": "MD5"})}
        signed = {**dict(sorted(named.items())), "sign": sign(named, self._token)}
        self._write(SENT, {"endpoint": endpoint, "fields": signed})
        about = {"endpoint": endpoint, "out_trade_no": params["out_trade_no"]}
        try:
            url = with_query(f"{self.address}/v2/{endpoint}.php", signed)
            fields = fetch(url, patience=PATIENCE_S).fields
        except (OSError, SyntaxError) as broken:
            self._write(LOST, {**about, "why": "late" if _is_late(broken) else "broken"})
            return {}
        self._write(ANSWERED, {**about, "fields": fields, "signed": signed_rightly(fields, self._token)})
        return fields


def _is_late(broken: Exception) -> bool:
    return isinstance(broken, TimeoutError) or isinstance(getattr(broken, "reason", None), TimeoutError)


def signed_rightly(fields: Mapping[str, str], token: str) -> bool | None:
    """Whether the signature is right; None if there is none, as in some answers."""
    return fields["sign"] == sign(fields, token) if fields.get("sign") else None


def receive(units: Units, query: str, body: str, content_type: str) -> bool:
    """Record a notification about one of the shop's orders; False when it is not a notification.

    The record says whether its signature is right. Without a signature it counts as wrong.
    """
    try:
        fields = read_notification(query, body, content_type)
    except (ValueError, SyntaxError, AttributeError, RecursionError):
        return False
    with units.begin("demo") as unit:
        tables = unit.tables
        merchant, pages = tables.merchants.find(MERCHANT), tables.notebook.pages(MERCHANT)
        heard = sum(page.kind == HEARD for page in pages)
        if merchant and fields.get("out_trade_no") in orders_of(pages) and heard < MOST_HEARD:
            tables.notebook.write(MERCHANT, HEARD, {
                "out_trade_no": fields["out_trade_no"], "fields": _discreet(fields),
                "signed": bool(signed_rightly(fields, merchant.token)),
                "step": max(page.entry.get("step", 0) for page in pages), "at": tables.clock.now(MERCHANT)})
    return True


def _discreet(fields: Mapping[str, str]) -> dict[str, str]:
    """The fields of a notification with card numbers hidden, because anyone may have sent it."""
    spared = fields["out_trade_no"]
    return {card_numbers.hidden(name): card_numbers.hidden(value, spared) for name, value in fields.items()}


def orders_of(pages: list[Page]) -> set[str]:
    """The numbers of the orders that the shop has requested."""
    return {page.entry["fields"]["out_trade_no"] for page in pages if page.kind == SENT}
