"""Export of merchants as a file, and import of such a file."""
from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict
from werkzeug.wrappers import Response

from ...base.clock import CLOCKS, FROZEN
from ..emulator import Emulator
from .answers import as_json
from .calls import Call
from .interface import operation
from .queries import Query, choice, switch
from .schemas import BINARY, by_name, component, flag, many, moment, text, whole

if TYPE_CHECKING:
    from ...operations.importing import Report

GZIP = "application/gzip"
MERCHANTS = Query("merchants_id", "only this merchant; may be repeated; without it all",
                  {"type": "array", "items": {"type": "string", "minLength": 1}}, may_repeat=True)
SUFFIX = ".tgpay.gz"
IMPORTED_MERCHANT = component("ImportedMerchant", "A merchant that was imported.", {
    "merchants_id": text("its number"), "token": text("the secret for signatures"),
    "token_is_new": flag("whether it is a new one, because the file has it masked"),
    "replaced": flag("whether it replaced a merchant with this number"),
    "now": moment("the time of its clock")})
SETTING_DIFFERENCE = component("SettingDifference", "A setting that is another one here.", {
    "there": text("where the file was exported"), "here": text("here")})
IMPORT_REPORT = component("ImportReport", "What was imported.", {
    "merchants": many(IMPORTED_MERCHANT, "by their numbers"), "rows": whole("rows of all tables"),
    "clock": text("frozen, running or shared", enum=list(CLOCKS)),
    "made_at": moment("when the file was exported, in real time"),
    "differences": by_name(SETTING_DIFFERENCE, "settings that differ between the two emulators")})


def export_response(here: Emulator, merchants: list[str], with_secrets: bool) -> Response:
    """The response with the export of these merchants, or of all; it is made while it is sent.

    Raises NotFound.
    """
    from ...operations import exporting  # imported late, because exports are rare

    pieces, end = exporting.begin(here.store, here.settings, merchants, with_secrets)
    response = Response(pieces, content_type=GZIP)
    response.call_on_close(end)
    name = merchants[0] if len(merchants) == 1 else "merchants"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}{SUFFIX}"'
    return response


@operation("GET", "/export", "export merchants to one file: settings, terminals, orders with their "
           "history, notifications, journal, scenarios and clocks; import reads it",
           (MERCHANTS, switch("secrets", "true: with tokens, keys and passwords; otherwise they are masked")),
           produces=GZIP, returns=BINARY)
def export_merchants(call: Call) -> Response:
    """The file, as of one instant."""
    merchants, with_secrets = call.query.getlist(MERCHANTS.name), call.query.get("secrets") == "true"
    return export_response(call.emulator, merchants, with_secrets)


@operation("POST", "/import", "import the merchants of an exported file, all or none; only admins "
           "may; a merchant whose token is masked in the file gets a new one",
           (switch("replace", "true: merchants that exist are replaced; otherwise only those to which "
                   "nothing has happened"),
            choice("clock", f"the merchants' clocks: {FROZEN} (the default) at the time of the export, so "
                   "that nothing is sent until they are moved; running from that time; or shared", *CLOCKS)),
           consumes=GZIP, returns=IMPORT_REPORT, statuses=(201,), problems=(409,))
def import_merchants(call: Call) -> Response:
    """Import a file; the response says which merchants, with their tokens."""
    from ...operations import importing  # imported late, because imports are rare
    from ..uploads import body_of

    with body_of(call.request) as file:
        report = importing.read(call.emulator.units, file, call.query.get("replace") == "true",
                                call.asked("clock")["clock"] or FROZEN)
    return as_json(report_json(report), 201)


def report_json(report: "Report") -> dict[str, Any]:
    """What was imported, as JSON."""
    return {"merchants": [asdict(each) for each in report.merchants], "rows": report.rows,
            "clock": report.clock, "made_at": report.made_at,
            "differences": {name: {"there": there, "here": here}
                            for name, (there, here) in report.differences.items()}}
