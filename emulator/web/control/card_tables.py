"""The tables of response codes and test cards."""
from msgspec.structs import asdict
from werkzeug.wrappers import Response

from ...protocol.response_codes import RESPONSE_CODES
from ...protocol.test_cards import test_cards
from ..texts import Texts
from .answers import as_json
from .calls import Call
from .documents import CARD_STATUS
from .interface import operation
from .schemas import component, listing, text

RESPONSE_CODE = component("ResponseCode", "A response code of cards (section 7.2).", {
    "code": text("four digits"), "message": text("`result_msg`"),
    "section": text("the section of the document that lists it"),
    "status": CARD_STATUS, "shown_to_payer": text("the text that the payer reads; empty if there is none"),
    "shown_to_payer_zh": text("the same in Chinese")})
TEST_CARD = component("TestCard", "A test card.", {
    "number": text("its number"), "brand": text("the card scheme"),
    "code": text("the response code that it gives"),
    "status": text("the status of the first answer"), "message": text("the message of the code"),
    "means": text("what follows")})


@operation("GET", "/codes", "the 71 response codes of cards: message, status and text for the payer",
           returns=listing("ResponseCodeList", RESPONSE_CODE))
def list_response_codes(call: Call) -> Response:
    """All response codes of cards."""
    chinese = Texts("zh")
    items = [{"code": row.code, "message": row.message, "section": row.section, "status": str(row.status),
              "shown_to_payer": row.advice.sentence,
              "shown_to_payer_zh": chinese.told("", "advice", row.advice.name)}
             for row in RESPONSE_CODES.values()]
    return as_json({"items": items, "next": None})


@operation("GET", "/cards", "the test cards, and the response code of each",
           returns=listing("TestCardList", TEST_CARD))
def list_test_cards(call: Call) -> Response:
    """All test cards. They accept any date in the future, and any verification code of the right length."""
    return as_json({"items": [asdict(card) for card in test_cards()], "next": None})
