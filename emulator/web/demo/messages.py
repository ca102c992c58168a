"""The messages of a step, which the page shows as they travel between shop, buyer and gateway."""
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...operations.payments import BY_PAYER
from ...store.notebook import Page
from .belief import SAYS_NOTHING, Belief, belief_of
from .clerk import ANSWERED, HEARD, LOST, SENT
from .stories import Place

TO_GATEWAY, TO_SHOP = (Place.SHOP, Place.GATEWAY), (Place.GATEWAY, Place.SHOP)
ROUTES: Mapping[str, tuple[Place, Place]] = {
    SENT: TO_GATEWAY, ANSWERED: TO_SHOP, HEARD: TO_SHOP, LOST: TO_SHOP}
MOST = 6  # anyone can send notifications to the shop


def since(at: int, pages: Sequence[Page], history: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The newest messages since an instant of the shop's clock (milliseconds), oldest first.

    Each has an `id`, the places `sender` and `receiver`, its `kind`, and the key of its `text`. `history`
    are the rows of the histories of the shop's orders.
    """
    messages = [*_of_shop(pages), *_of_buyer(history)]
    recent = [message for message in messages if message["at"] >= at]
    return sorted(recent, key=lambda message: message["at"])[-MOST:]


def text_of(page: Page) -> str:
    """The key of the text that says what a record of the shop is about."""
    if page.kind == SENT:
        return f"asks_{page.entry['endpoint']}"
    if page.kind not in (ANSWERED, HEARD):
        return f"demo_{page.kind}"
    if page.entry["fields"].get("notify_type") in SAYS_NOTHING:
        return "says_created"
    asked = page.entry["fields"].get("trans_amount", "")
    return f"says_{belief_of(page.entry, asked) or Belief.ASKED}"


def _of_shop(pages: Sequence[Page]) -> Iterator[Mapping[str, Any]]:
    for page in pages:
        if page.kind in ROUTES:
            sender, receiver = ROUTES[page.kind]
            yield {"id": f"message-{page.id}", "sender": sender, "receiver": receiver, "kind": page.kind,
                   "text": text_of(page), "at": page.entry.get("at", 0)}


def _of_buyer(history: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for row in history:
        if row["cause"] == BY_PAYER:
            yield {"id": f"event-{row['id']}", "sender": Place.BUYER, "receiver": Place.GATEWAY,
                   "kind": "acted", "text": f"event_{row['event']}", "at": row["at"]}
