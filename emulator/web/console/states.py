"""The states of orders as a word and a colour: good, wait, bad, info or off."""
from ...domain.orders import Event, Order, Status, Waits
from ...terminal import is_partial

State = tuple[str, str]
_CLOSED: dict[str, State] = {
    Event.EXPIRE: ("expired", "off"), Event.CANCEL: ("cancelled", "off"), Event.REVOKE: ("cancelled", "off"),
    Event.FAIL: ("failed", "bad"), Event.CLOSE: ("closed", "off")}
_WAITS: dict[Waits, str] = {
    Waits.BUYER: "waiting", Waits.ISSUER: "pending", Waits.REVIEW: "review", Waits.TERMINAL: "at_terminal"}


def state(order: Order) -> State:
    """The key of the word for an order's state, and its colour."""
    if order.is_charged_back:
        return "charged_back", "bad"
    if order.status is Status.WAIT_BUYER_PAY:
        return _WAITS[order.waits_for], "wait"
    if order.was_paid and order.status is Status.TRADE_CLOSED:
        return "refunded", "info"
    if order.status is Status.TRADE_CLOSED:
        return _CLOSED.get(order.closed_by, ("closed", "off"))
    if is_partial(order.transaction):
        return "partly_approved", "wait"
    if order.refunded:
        return "part_refunded", "good"
    return ("finished", "good") if order.status is Status.TRADE_FINISHED else ("paid", "good")
