"""The reference of the gateway: what each endpoint takes and answers, made from the tables that check it."""
from flask import Response, request

from ...protocol.codes import REFUSALS
from .frame import Page, blueprint, show
from .try_it import TABLES

PAGE = Page("api_reference", "M5 4h11a3 3 0 0 1 3 3v13H8a3 3 0 0 1-3-3zM9 8h6M9 12h6")


@blueprint.get("/reference")
def api_reference() -> Response:
    """The page with the list of endpoints, and one of their tables."""
    key = request.args.get("table", "")
    key = key if key in TABLES else next(iter(TABLES))
    return show("reference", "api_reference", key=key, table=TABLES[key], tables=list(TABLES.items()),
                refusals=list(REFUSALS.values()))
