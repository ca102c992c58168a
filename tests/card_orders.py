"""Card orders in every state, for the tables of tests: each `Make` brings one about and answers its number.
"""
from collections.abc import Callable

from .driver import VISA, Answer, Shop, card_of

DECLINED, EXPIRED, REVOKED, PENDING = card_of("3084"), card_of("3300"), card_of("0503"), card_of("3150")
PENDING_3D, REVIEWED = card_of("3200"), card_of("3200", "00001")
Make = Callable[[Shop], str]


def presented(number: str = VISA) -> Make:
    """A card charged from the merchant's server."""
    return lambda shop: shop.card_payment(number)["out_trade_no"]


def on_the_page(shop: Shop) -> str:
    """A cashier order that waits for its payer."""
    return shop.card_order()["out_trade_no"]


def happened(make: Make, event: str) -> Make:
    """An order to which the control interface lets something happen."""
    def then(shop: Shop) -> str:
        number = make(shop)
        assert shop.happens(number, event).status == 200
        return number
    return then


def after(make: Make, act: Callable[[Shop, str], Answer]) -> Make:
    """An order about which its merchant asks for something else."""
    def then(shop: Shop) -> str:
        number = make(shop)
        assert act(shop, number)["is_success"] == "T"
        return number
    return then


def cancelled(make: Make) -> Make:
    return after(make, Shop.cancel)


def refunded(amount: str) -> Make:
    return after(presented(), lambda shop, number: shop.refund(number, amount))


def reviewed(decision: str) -> Make:
    return after(presented(REVIEWED), lambda shop, number: shop.card_service(decision, number))


charged_back = happened(presented(), "chargeback")


def refusal(answer: Answer) -> tuple[str, str, str]:
    """A request about a card order was refused: the error, the response code, and the order's number."""
    assert answer["is_success"] == "F", answer.text
    assert answer["result_code"] == answer["detail_error_code"]
    return answer["error"], answer["detail_error_code"], answer["out_trade_no"]
