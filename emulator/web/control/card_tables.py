"""The tables of response codes and test cards."""
from flask import Response, jsonify
from msgspec.structs import asdict

from ...protocol.response_codes import RESPONSE_CODES
from ...protocol.test_cards import test_cards
from ..texts import Texts
from .interface import operation


@operation("GET", "/codes", "the 71 response codes of cards: message, status and text for the payer")
def codes() -> Response:
    """All response codes of cards."""
    chinese = Texts("zh")
    items = [{"code": row.code, "message": row.message, "section": row.section, "status": str(row.status),
              "shown_to_payer": row.advice.sentence,
              "shown_to_payer_zh": chinese.told("", "advice", row.advice.name)}
             for row in RESPONSE_CODES.values()]
    return jsonify({"items": items, "next": None})


@operation("GET", "/cards", "the test cards: which number gives which code")
def cards() -> Response:
    """All test cards. They accept any date in the future, and any verification code of the right length."""
    return jsonify({"items": [asdict(card) for card in test_cards()], "next": None})
