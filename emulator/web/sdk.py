"""Card vouchers for web pages (section 7.2): a script for merchants' pages, and the URL that it calls.

The script exchanges a card for a cardVoucher.
"""
import json

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge

from ..gateway.endpoints._card_documents import PAY_INFO, pay_info
from ..operations import payers
from ..protocol.response_codes import RESPONSE_CODES
from .bodies import BrokenBody
from .current import emulator

blueprint = Blueprint("sdk", __name__, url_prefix="/sdk")
MOST_BYTES = 64 * 1024


@blueprint.after_request
def let_other_sites_in(response: Response) -> Response:
    """Allow merchants' pages, which are on other sites, to call these URLs (CORS)."""
    response.headers.update({"Access-Control-Allow-Origin": "*",
                             "Access-Control-Allow-Methods": "POST, OPTIONS",
                             "Access-Control-Allow-Headers": "Content-Type", "Access-Control-Max-Age": "600"})
    return response


@blueprint.errorhandler(RequestEntityTooLarge)
def too_large(error: RequestEntityTooLarge) -> Response:
    """The response to a body that is too large to be a card."""
    return _answer(413, {"error": "1000", "message": f"the body is larger than {MOST_BYTES} bytes"})


@blueprint.errorhandler(BrokenBody)
def broken(error: BrokenBody) -> Response:
    """The response to an incomplete body."""
    return _answer(400, {"error": "1000", "message": str(error.description)})


@blueprint.get("/tgpay.js")
def script() -> Response:
    """The script that defines `TGPay.createCardVoucher({cardNo, …})`."""
    return current_app.send_static_file("tgpay.js")


@blueprint.route("/card-voucher", methods=["POST", "OPTIONS"])
def card_voucher() -> Response:
    """Make a card voucher from the card fields of a pay_info.

    Wrong fields, or a card that is refused, give status 422 with `error` and `message`.
    """
    if request.method == "OPTIONS":
        return Response(status=204)
    given = _card_fields()
    if isinstance(given, str):
        return _answer(422, {"error": "1000", "message": given})
    voucher, card = payers.make_voucher(emulator().units, given)
    if not voucher:
        message = RESPONSE_CODES[card.outcome.code].message
        return _answer(422, {"error": card.outcome.code, "message": f"{message}: {card.hint or card.why}"})
    return _answer(200, {"cardVoucher": voucher})


def _card_fields() -> dict[str, str] | str:
    """The card fields of the request's JSON, or a sentence that says what is wrong with it."""
    request.max_content_length = MOST_BYTES
    written = request.get_data().decode("utf-8", "replace")
    wrong = PAY_INFO.problem(written)
    if wrong:
        return f"the body {wrong}"
    given = pay_info(written)
    return "the body has a cardVoucher already" if given["cardVoucher"] else given


def _answer(status: int, document: dict[str, str]) -> Response:
    response = Response(json.dumps(document), status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response
