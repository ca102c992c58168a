"""Signatures, the wait for an order, and the OpenAPI document."""
import time
from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, jsonify, request

from ...base import durations
from ...domain.orders import Status
from ...gateway import endpoints
from ...operations.outbox import DELIVERED
from ...operations.unit import Present, merchant_of
from ...protocol.response_codes import CardStatus
from ...signing import signature
from ...store import Reader
from ..current import base_url, emulator
from ..streams import ORDER_AT_LEAST_S, has_left, take
from .documents import LEFT_OUT, NOTIFICATION, ORDER, SIGNATURE_DIAGNOSIS, notifications_json, order_json
from .interface import Problem, Query, body, duration, operation, text_of, wrong_value
from .queries import choice, span
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
def get_openapi() -> Response:
    """The OpenAPI document, made from the tables."""
    from . import openapi

    return jsonify(openapi.document(base_url()))


@operation("POST", "/sign", "sign parameters: the string to sign, and the signature", body=SIGNED_BODY,
           returns=SIGNATURE, problems=(404,))
def sign_parameters() -> Response:
    """Sign parameters with a merchant's token."""
    params, token = _signing(body())
    return jsonify({"canonical": signature.canonical(params), "sign": signature.sign(params, token)})


@operation("POST", "/sign/explain", "explain a wrong signature: the mistake that reproduces it",
           body=SIGNED_BODY,
           returns=SIGNATURE_DIAGNOSIS, problems=(404,))
def explain_signature() -> Response:
    """Explain what is wrong with a signature, or that it is right."""
    from ...diagnosis import explanation, search
    from ...signing.arrivals import Arrival

    params, token = _signing(body(), lambda params: explanation.intended(Arrival(params, endpoints.NAMES)))
    arrival = Arrival(params, endpoints.NAMES)
    if not params.get("sign") and not explanation.misplaced_sign(arrival):
        raise wrong_value("params must have the sign that is to be explained")
    merchants = emulator().store.read().merchants
    others = merchants.tokens(token, search.MOST_TOKENS)
    count = max(merchants.count() - 1, len(others))
    return jsonify(explanation.explain(params, token, others, arrival=arrival, merchants=count).as_json())


def _signing(given: dict[str, Any], meant: Callable[[dict[str, str]], Mapping[str, str]] = dict
             ) -> tuple[dict[str, str], str]:
    """The parameters and the token of a body. Raises Problem or NotFound.

    `meant` returns the parameters that the client intended, to find their merchant.
    """
    params = given.get("params")
    if not isinstance(params, dict) or not all(isinstance(value, str) for value in params.values()):
        raise wrong_value("params must be an object of strings")
    if "token" in given:
        if "merchants_id" in given:
            merchant_of(emulator().store.read(), text_of(given, "merchants_id"))
        return params, text_of(given, "token")
    if "merchants_id" not in given and (merchants_id := meant(params).get("merchants_id")):
        return params, merchant_of(emulator().store.read(), merchants_id).token
    named = {**params, **given}
    if "merchants_id" not in named:
        raise wrong_value("send merchants_id or token")
    return params, merchant_of(emulator().store.read(), text_of(named, "merchants_id")).token


@operation("GET", "/wait", "wait until an order is in a state and its notifications are delivered; 408 "
                           "with how far it got",
           (Query("merchants_id", "the merchant", needed=True),
            Query("out_trade_no", "the order; it need not exist yet", needed=True),
            choice("status", "the state to wait for", *Status, *CardStatus),
            choice("notification", "wait until every notification of the order is delivered", DELIVERED),
            span("timeout", "a duration, 10s by default, at most 1m")),
           returns=WAITED, problems=(404, 408))
def wait_for_order() -> Response:
    """A long poll, until the order is in the wanted state or the timeout ends. Raises Problem (408)."""
    merchants_id, out_trade_no, status = (request.args.get(name, "")
                                          for name in ("merchants_id", "out_trade_no", "status"))
    delivered_too = "notification" in request.args
    end = time.monotonic() + duration("timeout", "10s", LONGEST_WAIT) / durations.SECOND
    here, order = emulator(), (merchants_id, out_trade_no)
    waiting = here.waiting.watcher.waiter(lambda changed: order in changed.orders, has_left())
    with take(merchants_id), waiting as waiter:
        while True:
            if _is_reached(here.store.read(), merchants_id, out_trade_no, status, delivered_too):
                return jsonify(_story(here.store.read(), merchants_id, out_trade_no))
            left = end - time.monotonic()
            if left <= 0 or waiter.is_over:
                raise Problem(408, "Request Timeout", f"order {out_trade_no} did not reach this state in "
                                                      f"time",
                              **_story(here.store.read(), merchants_id, out_trade_no))
            with here.waiting.pause():
                waiter.wait(min(left, ORDER_AT_LEAST_S))


def _is_reached(tables: Reader, merchants_id: str, out_trade_no: str, status: str,
                notifications_too: bool) -> bool:
    found = tables.orders.find(merchants_id, out_trade_no)
    if found is None or status and status not in Present(tables).seen(found).states:
        return False
    return not notifications_too or tables.notifications.are_delivered(merchants_id, out_trade_no)


def _story(tables: Reader, merchants_id: str, out_trade_no: str) -> dict[str, Any]:
    """The present state of an order."""
    found = tables.orders.find(merchants_id, out_trade_no)
    if found is None:
        return {"order": None, "notifications": []}
    notifications, left_out = notifications_json(tables, merchants_id, out_trade_no)
    story = {"order": order_json(Present(tables).seen(found)), "notifications": notifications}
    return {**story, "left_out": {"notifications": left_out}} if left_out else story
