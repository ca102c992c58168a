"""The page of findings: the rules of the document that requests and receivers break, each once."""
from collections.abc import Iterator

from flask import Response
from msgspec import Struct

from ...protocol.findings import RULES, Broken, broken
from ...store import Reader
from ..current import emulator
from .frame import Page, blueprint, chosen, show, to

PAGE = Page("findings", "M12 4l9 16H3zM12 10v4M12 17h.01")


class Found(Struct, frozen=True):
    """A broken rule, and the address of the newest request or notification that breaks it.

    `of_request` is false for a notification.
    """

    broken: Broken
    address: str
    of_request: bool


@blueprint.get("/findings")
def findings() -> Response:
    """The page of findings of the merchant in the filter, or of all, in the order of the table of rules."""
    tables = emulator().store.read()
    return show("findings", "findings", follows="request notification", rows=list(_found(tables)))


def _found(tables: Reader) -> Iterator[Found]:
    requests = broken(tables.journal.breaches(chosen()))
    attempts = broken(tables.notifications.breaches(chosen()))
    for code in RULES:
        if code in requests:
            yield Found(requests[code], to("entry", entry_id=requests[code].example), True)
        if code in attempts:
            notification_id, _ = tables.notifications.place(attempts[code].example)
            yield Found(attempts[code], to("notification", notification_id=notification_id), False)
