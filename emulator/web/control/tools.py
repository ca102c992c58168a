"""Signatures, the wait for an order, and the OpenAPI document."""
import time
from collections.abc import Callable, Mapping
from typing import Any

from werkzeug.wrappers import Response

from ...base import durations
from ...domain.orders import Status
from ...gateway import endpoints
from ...operations.outbox import DELIVERED
from ...operations.unit import Present, merchant_of
from ...protocol.response_codes import CardStatus
from ...signing import signature
from ...store import Reader
from ..emulator import Emulator
from ..streams import ORDER_AT_LEAST_S, take
from .answers import as_json
from .bodies import text_of
from .calls import Call
from .documents import LEFT_OUT, NOTIFICATION, ORDER, SIGNATURE_DIAGNOSIS, notifications_json, order_json
from .interface import operation
from .problems import Problem, wrong_value
from .queries import Query, choice, span
from .schemas import BY_TEXT, by_name, component, many, nullable, text

LONGEST_WAIT = durations.MINUTE
SIGNED_BODY = {"required": ["params"], "properties": {
    "params": by_name(BY_TEXT, "the parameters of a request"),
    "merchants_id": text("the merchant whose token signs; by default that of the parameters"),
    "token": text("the token, instead of that of a merchant")}}
SIGNATURE = component("Signature", "The signature of parameters.", {
    "canonical": text("the string to sign, without the token"), "sign": text("its MD5 with the token")})
WAITED = component("WaitedOrder", "The present state of an order.", {
    "order": nullable(ORDER), "notifications": many(NOTIFICATION, "oldest first"), "left_out": LEFT_OUT},
    optional=("left_out",))


@operation("GET", "/openapi.json", "the OpenAPI 3.1 document of this interface and of /v2",
           returns={"type": "object"})
def get_openapi(call: Call) -> Response:
    """The OpenAPI document, made from the tables."""
    from . import openapi

    return as_json(openapi.document(call.emulator.address(call.request)))


@operation("POST", "/sign", "sign parameters: the string to sign, and the signature", body=SIGNED_BODY,
           returns=SIGNATURE, problems=(404,))
def sign_parameters(call: Call) -> Response:
    """Sign parameters with a merchant's token."""
    params, token = _signing(call)
    return as_json({"canonical": signature.canonical(params), "sign": signature.sign(params, token)})


@operation("POST", "/sign/explain", "explain a wrong signature: the mistake that reproduces it",
           body=SIGNED_BODY,
           returns=SIGNATURE_DIAGNOSIS, problems=(404,))
def explain_signature(call: Call) -> Response:
    """Explain what is wrong with a signature, or that it is right."""
    from ...diagnosis import explanation, search
    from ...signing.arrivals import Arrival

    params, token = _signing(call, lambda params: explanation.intended(Arrival(params, endpoints.NAMES)))
    arrival = Arrival(params, endpoints.NAMES)
    if not params.get("sign") and not explanation.misplaced_sign(arrival):
        raise wrong_value("params must have the sign that is to be explained")
    merchants = call.tables().merchants
    others = merchants.tokens(token, search.MOST_TOKENS)
    count = max(merchants.count() - 1, len(others))
    return as_json(explanation.explain(params, token, others, arrival=arrival, merchants=count).as_json())


def _signing(call: Call, meant: Callable[[dict[str, str]], Mapping[str, str]] = dict
             ) -> tuple[dict[str, str], str]:
    """The parameters and the token of a body. Raises Problem or NotFound.

    `meant` returns the parameters that the client intended, to find their merchant.
    """
    given, tables = call.body(), call.tables()
    params = given.get("params")
    if not isinstance(params, dict) or not all(isinstance(value, str) for value in params.values()):
        raise wrong_value("params must be an object of strings")
    if "token" in given:
        if "merchants_id" in given:
            merchant_of(tables, text_of(given, "merchants_id"))
        return params, text_of(given, "token")
    if "merchants_id" not in given and (merchants_id := meant(params).get("merchants_id")):
        return params, merchant_of(tables, merchants_id).token
    named = {**params, **given}
    if "merchants_id" not in named:
        raise wrong_value("send merchants_id or token")
    return params, merchant_of(tables, text_of(named, "merchants_id")).token


@operation("GET", "/wait", "wait until an order is in a state and its notifications are delivered; 408 "
                           "with how far it got",
           (Query("merchants_id", "the merchant", needed=True),
            Query("out_trade_no", "the order; it need not exist yet", needed=True),
            choice("status", "the state to wait for", *Status, *CardStatus),
            choice("notification", "wait until every notification of the order is delivered", DELIVERED),
            span("timeout", "a duration, 10s by default, at most 1m")),
           returns=WAITED, problems=(404, 408))
def wait_for_order(call: Call) -> Response:
    """A long poll, until the order is in the wanted state or the timeout ends. Raises Problem (408)."""
    merchants_id, out_trade_no, status = (call.query.get(name, "")
                                          for name in ("merchants_id", "out_trade_no", "status"))
    delivered_too = "notification" in call.query
    end = time.monotonic() + call.duration("timeout", "10s", LONGEST_WAIT) / durations.SECOND
    here, order = call.emulator, (merchants_id, out_trade_no)
    waiting = here.waiting.watcher.waiter(lambda changed: order in changed.orders, call.has_left())
    with take(here, merchants_id), waiting as waiter:
        while True:
            if _is_reached(here.store.read(), merchants_id, out_trade_no, status, delivered_too):
                return as_json(_story(here, merchants_id, out_trade_no))
            left = end - time.monotonic()
            if left <= 0 or waiter.is_over:
                raise Problem(408, "Request Timeout", f"order {out_trade_no} did not reach this state in "
                                                      f"time",
                              **_story(here, merchants_id, out_trade_no))
            with here.waiting.pause():
                waiter.wait(min(left, ORDER_AT_LEAST_S))


def _is_reached(tables: Reader, merchants_id: str, out_trade_no: str, status: str,
                notifications_too: bool) -> bool:
    found = tables.orders.find(merchants_id, out_trade_no)
    if found is None or status and status not in Present(tables).seen(found).states:
        return False
    return not notifications_too or tables.notifications.are_delivered(merchants_id, out_trade_no)


def _story(here: Emulator, merchants_id: str, out_trade_no: str) -> dict[str, Any]:
    """The present state of an order."""
    tables = here.store.read()
    found = tables.orders.find(merchants_id, out_trade_no)
    if found is None:
        return {"order": None, "notifications": []}
    notifications, left_out = notifications_json(tables, merchants_id, out_trade_no)
    story = {"order": order_json(Present(tables).seen(found), here.prefix), "notifications": notifications}
    return {**story, "left_out": {"notifications": left_out}} if left_out else story
