"""The pages of the journal: every request to `/v2`, its answer, and the reason for it."""
from flask import Response

from ...gateway.endpoints import ENDPOINTS
from ...gateway.measuring import OK
from ...operations import journal as operations
from ...operations.unit import journal_entry
from ...protocol.codes import REFUSALS
from ..current import base_url, emulator
from . import entries
from .frame import Page, before, blueprint, chosen, go_on, narrowed, one_of, show, texts, to

PAGE = Page("journal", "M6 3h12v18H6zM9 8h6M9 12h6M9 16h4")
REFUSED, FAILED, BROKEN = "refused", "failed", "broken"
VERDICTS = (OK, *REFUSALS)


@blueprint.get("/journal")
def journal() -> Response:
    """A page of the list, with its filters applied."""
    asked = narrowed("endpoint", "verdict", "search")
    one_of(asked["verdict"], "verdict", (REFUSED, FAILED, BROKEN, *VERDICTS))
    tables = emulator().store.read()
    rows, rest = tables.lists.journal({**asked, **_narrowing(asked["verdict"]), "merchants_id": chosen()},
                                      before())
    verdicts = [(REFUSED, texts().every_refusal), (FAILED, texts().every_failure),
                (BROKEN, texts().every_fault),
                *((name, name) for name in VERDICTS)]
    return show("journal", "journal", follows="request", rows=[entries.read(tables, row) for row in rows],
                rest=rest, asked=asked,
                is_narrowed=any(asked.values()), endpoints=[(name, name) for name in ENDPOINTS],
                base=base_url(), verdicts=verdicts,
                is_new=not rows and not any(asked.values()) and before() is None)


def _narrowing(verdict: str | None) -> dict[str, str | None]:
    """The filters of the list for a chosen result: OK has neither failed payments nor broken responses."""
    if verdict is None:
        return {}
    if verdict in (OK, FAILED, BROKEN):
        return {"verdict": OK if verdict == OK else None, verdict.lower(): verdict}
    # Most requests are OK; the refused ones have an index.
    return {"verdict": None if verdict == REFUSED else verdict, "refused": REFUSED}


@blueprint.get("/journal/<id:entry_id>")
def entry(entry_id: int) -> Response:
    """The page of one request."""
    tables = emulator().store.read()
    row = journal_entry(tables, entry_id)
    order = tables.orders.find(row["merchants_id"], row["out_trade_no"])
    return show("entry", "journal", entry=entries.read(tables, row), order=order)


@blueprint.post("/journal/clear")
def clear_journal() -> Response:
    """Delete the requests of the merchant in the filter, or all."""
    operations.clear(emulator().units, chosen())
    return go_on(to("journal"), texts().journal_cleared)
