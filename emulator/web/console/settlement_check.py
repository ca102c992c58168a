"""The check of an uploaded list against the settlement: what it noticed and missed, and where it differs."""
from collections.abc import Mapping
from datetime import date

from flask import Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from ...domain import reconciliation
from ...domain.errors import Invalid
from ...operations import settlement as operations
from ...operations.unit import merchant_of
from ...protocol.parameters import DATE
from ..current import emulator
from ..uploads import file_in_form
from .frame import blueprint, chosen, go_back, go_on, present, show, texts, to

COLOURS = {"noticed": "good", "missed": "bad", "not told": "wait"}


@blueprint.post("/settlement/check")
def check_settlement_list() -> Response:
    """The page that compares an uploaded list with the true entries that are settled by now.

    An exported file has merchant and days in its name; the form and the merchant filter come first.
    """
    try:
        upload = request.files.get("file") if file_in_form(request, "file") else None
        if upload is None:
            return go_on(to("settlement"), texts().set_no_file, good=False)
        name = upload.filename or ""
        asked = {**reconciliation.from_file_name(name), **_given()}
        if "merchants_id" not in asked:
            return go_on(to("settlement"), texts().set_choose, good=False)
        rows = reconciliation.read(name, upload.read())
    except RequestEntityTooLarge as error:
        return go_on(to("settlement"), str(error.description), good=False)
    except reconciliation.Unreadable as error:
        return go_on(to("settlement"), str(error), good=False)
    try:
        return _checked(asked, [reconciliation.row(place, row) for place, row in enumerate(rows, 1)])
    except Invalid as invalid:
        return go_back(to("settlement"), invalid)


def _given() -> dict[str, str]:
    """What the form and the merchant filter say about the list."""
    given = {"merchants_id": chosen() or "", **{name: request.form.get(name, "").strip()
                                                for name in ("start_date", "end_date")}}
    return {name: value for name, value in given.items() if value}


def _checked(asked: Mapping[str, str], rows: "list[reconciliation.Listed]") -> Response:
    """The page of the check. Raises NotFound and Invalid."""
    tables = emulator().store.read()
    merchant = merchant_of(tables, asked["merchants_id"])
    start, end = (_day(asked.get(name)) for name in ("start_date", "end_date"))
    days = operations.days(emulator().settings, start, end, present(merchant.merchants_id))
    report = operations.check(tables, merchant.merchants_id, rows, days)
    return show("settlement_check", "settlement", merchant=merchant, start=start, end=end, report=report,
                colours=COLOURS)


def _day(written: str | None) -> date | None:
    """A date. Raises Invalid."""
    if not written:
        return None
    if DATE.problem(written):
        raise Invalid({}, f"{written} {DATE.problem(written)}")
    return date.fromisoformat(written)
