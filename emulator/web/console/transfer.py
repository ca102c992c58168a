"""Download of a merchant's export, and upload of such a file."""
from flask import request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response

from ...domain.errors import OperationError
from ...operations import importing
from ...operations.unit import check_everybody
from ..control.transfer import export_response
from ..current import emulator
from ..pages import secure
from ..uploads import file_in_form
from .frame import blueprint, go_back, go_on, texts, to


@blueprint.get("/merchants/<number>/export")
def export_merchant(number: str) -> Response:
    """The file with everything about a merchant; secrets are masked."""
    return secure(export_response(emulator(), [number], with_secrets=False))


@blueprint.post("/import")
def import_merchants() -> Response:
    """Import the merchants in an uploaded file; their clocks stand at the instant of the export."""
    check_everybody(emulator().store.owner)
    try:
        file = file_in_form(request, "file")
        if file is None:
            return go_on(to("merchants"), texts().mer_no_file, good=False)
        report = importing.read(emulator().units, file, "replace" in request.form)
    except RequestEntityTooLarge as error:
        return go_on(to("merchants"), str(error.description), good=False)
    except OperationError as error:
        return go_back(to("merchants"), error)
    numbers = [each.merchants_id for each in report.merchants]
    new = f" {texts().mer_new_token}" if any(each.token_is_new for each in report.merchants) else ""
    onwards = to("merchant", number=numbers[0]) if len(numbers) == 1 else to("merchants")
    return go_on(onwards, f"{texts().mer_imported} {', '.join(numbers[:10])}{'…' * (len(numbers) > 10)}. "
                          f"{texts().mer_clock_stands}{new}")
