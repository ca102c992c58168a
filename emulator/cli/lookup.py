"""Finds the order that a person means by an order number, a part of one, or an id."""
from typing import Any
from urllib import parse

from . import hints
from .layout import counted
from .remote import Control, Refusal, fail

MOST_LOOKED_AT = 1_000  # orders among which similar numbers are sought
MOST_NAMED = 3
Order = dict[str, Any]


def find(control: Control, written: str) -> Order:
    """The order with its timeline. The command ends with a sentence if none, or several, can be meant."""
    merchants_id, slash, number = written.partition("/")
    if slash and number:
        try:
            return _story(control, merchants_id, number)
        except Refusal as refusal:
            if refusal.status != 404 or "has no order" not in refusal.message:
                raise
    return _found(control, written, number if slash else written, merchants_id if slash else None)


def _story(control: Control, merchants_id: str, number: str) -> Order:
    path = "/".join(parse.quote(part, safe="") for part in (merchants_id, number))
    story: Order = control("GET", f"/orders/{path}")
    return story


def _found(control: Control, written: str, number: str, merchants_id: str | None) -> Order:
    """The one order with a number, or else with this id, or else with a number that contains it."""
    similar = _listed(control, merchants_id=merchants_id, search=number or None)
    same = [order for order in similar if order["out_trade_no"] == number]
    if not same and not merchants_id:
        same = _with_id(control, number)
    chosen = same or similar
    if len(chosen) == 1:
        return _story(control, chosen[0]["merchants_id"], chosen[0]["out_trade_no"])
    if chosen:
        fail(f"{written} may mean {_named(chosen)}: name one of them")
    fail(f"there is no order {written}; {_near(control, number, merchants_id)}")


def _listed(control: Control, **asked: Any) -> list[Order]:
    answer = control("GET", "/orders", newest_first="true", limit=MOST_LOOKED_AT, **asked)
    found: list[Order] = answer["items"]
    return found


def _with_id(control: Control, number: str) -> list[Order]:
    """The order with an id, alone in a list; an empty list if there is none."""
    if not (number.isascii() and number.isdigit() and 0 < int(number[:20]) < 2**62):
        return []
    items: list[Order] = control("GET", "/orders", after=int(number) - 1, limit=1)["items"]
    return [order for order in items if order["id"] == int(number)]


def _name(order: Order) -> str:
    return f"{order['merchants_id']}/{order['out_trade_no']}"


def _named(orders: list[Order]) -> str:
    """The first of some orders in a sentence, and how many more there are."""
    names = [_name(order) for order in orders[:MOST_NAMED]]
    rest = len(orders) - len(names)
    return f"{', '.join(names)} or {counted(rest, 'other')}" if rest else " or ".join(names)


def _near(control: Control, number: str, merchants_id: str | None) -> str:
    """The orders with similar numbers, else the newest ones, and the command that lists all."""
    orders = _listed(control, merchants_id=merchants_id)
    if not orders:
        return "there are no orders yet"
    wanted = hints.nearest(number, {order["out_trade_no"] for order in orders})
    near = [order for name in wanted for order in orders if order["out_trade_no"] == name][:MOST_NAMED]
    kind = "nearest" if near else "newest"
    named = hints.listed([_name(order) for order in near or orders[:MOST_NAMED]])
    single = len(near or orders[:MOST_NAMED]) == 1
    return f"the {kind} {'is' if single else 'are'} {named}; tgpay-emulator orders lists them"
