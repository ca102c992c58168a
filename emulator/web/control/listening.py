"""Listeners: the notifications that `tgpay-emulator listen` fetches, and the results that it reports."""
from typing import Any

from werkzeug.wrappers import Response

from ... import __version__
from ...base import durations
from ...base.clock import real_now
from ...domain.notifications import event
from ...operations import forwarding
from ...operations.forwarding import Asking
from ...operations.inbox import fields_of
from ...store.forwards import Forward
from ..streams import take
from .answers import as_json
from .bodies import text_of
from .calls import Call
from .documents import NOTIFY_TYPE
from .interface import operation
from .problems import wrong_value
from .schemas import component, flag, many, text, whole

LONGEST_NAME, MOST_HELD = 64, 256
LONGEST_WAIT, LEAST_TIME = durations.MINUTE, 100
_TEXT = {"type": "string"}
_NAME = {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME}
ASKING_BODY = {"required": ["listener"], "properties": {
    "listener": {**_NAME, "description": "a random text that identifies the listener"},
    "takes_over": {"type": "boolean",
                   "description": "true in the first call: an earlier listener is replaced"},
    "leaves": {"type": "boolean",
               "description": "true in the last call: attempts then fail until there is another listener"},
    "held": {"type": "array", "items": _NAME, "maxItems": MOST_HELD,
             "description": "the ids that this listener is working on; others that it has received are "
                            "sent again"},
    "timeout": {"type": ["string", "number"], "description": "how long to wait, 20s by default, at most 1m"}}}
REPORT_BODY = {"properties": {
    "status": {"type": "integer", "minimum": 100, "maximum": 999,
               "description": "the HTTP status of the response"},
    "body": {**_TEXT, "description": "its body"},
    "location": {"type": "string", "description": "the target, if it is a redirect"},
    "error": {"type": "string", "description": "why there was no response, instead of a status"},
    "advice": {"type": "string", "description": "what to do about the error"},
    "took_ms": {"type": "integer", "minimum": 0, "description": "how long the attempt took, in milliseconds"},
    "timed_out": {"type": "boolean", "description": "whether there was no response in time"},
    "with_user": {"type": "boolean", "description": "whether user and password were sent"}}}


FORWARD = component("Forward", "A notification that a listener has to forward.", {
    "id": text("its id in the report"), "notification": whole("the number of the notification"),
    "merchants_id": text("the merchant"), "out_trade_no": text("the order"), "notify_type": NOTIFY_TYPE,
    "event": text("the event of the order that it reports"),
    "attempt": whole("the number of the attempt, from 1"),
    "method": text("GET or POST"), "query": text("the query of the address"),
    "content_type": text("the type of the body; empty if there is none"), "body": text("the body"),
    "user_agent": text("the header User-Agent"),
    "timeout_ms": whole("the remaining time, in milliseconds of real time")})
FORWARDS = component("Forwards", "The notifications that a listener has to forward now.", {
    "items": many(FORWARD, "oldest first")})
STORED = component("Report", "The result of a report.", {"stored": flag("true: the result was stored")})


def forward_json(forward: Forward) -> dict[str, Any]:
    """An attempt as a listener makes it; `timeout_ms` is the time that is left for it."""
    sent = forward.notification
    return {
        "id": forward.id, "notification": sent.id, "merchants_id": sent.merchants_id,
        "out_trade_no": sent.out_trade_no, "notify_type": sent.notify_type,
        "event": event(sent.notify_type, fields_of(sent, sent.sent_body)), "attempt": sent.attempts + 1,
        "method": sent.method, "query": sent.url.partition("?")[2], "content_type": sent.content_type,
        "body": sent.sent_body, "user_agent": f"tgpay-emulator/{__version__}",
        "timeout_ms": max(LEAST_TIME, forward.until - real_now())}


@operation("POST", "/merchants/<merchants_id>/listen",
           "wait for notifications of a merchant whose notify_url is listen, as tgpay-emulator listen does; "
           "409 when another listener has taken over", body=ASKING_BODY,
           returns=FORWARDS, problems=(409,))
def take_attempts(call: Call, merchants_id: str) -> Response:
    """A long poll for attempts, which the listener makes and then reports."""
    if _flag(call.body(), "leaves"):
        forwarding.leave(call.emulator.store, merchants_id, _asking(call.body()).listener)
        return as_json({"items": []})
    here = call.emulator
    with take(here, merchants_id):
        forwards = forwarding.attempts_for(here.store, here.waiting, merchants_id, _asking(call.body()),
                                           call.has_left())
        return as_json({"items": [forward_json(forward) for forward in forwards]})


def _asking(given: dict[str, Any]) -> Asking:
    """What a body asks for. Raises Problem."""
    listener, held = text_of(given, "listener"), given.get("held", [])
    if not (isinstance(held, list) and len(held) <= MOST_HELD
            and all(isinstance(each, str) and len(each) <= LONGEST_NAME for each in held)):
        raise wrong_value(f"held must be a list of at most {MOST_HELD} ids")
    if len(listener) > LONGEST_NAME or "\0" in "".join([listener, *held]):
        raise wrong_value(f"listener must be a text of at most {LONGEST_NAME} characters")
    try:
        timeout = durations.parse(given.get("timeout", "20s"))
    except ValueError as error:
        raise wrong_value(f"timeout: {error}") from None
    return Asking(listener, _flag(given, "takes_over"), held, min(timeout, LONGEST_WAIT))


def _flag(given: dict[str, Any], name: str) -> bool:
    """A member of a body that is true or false, false if it is missing. Raises Problem."""
    value = given.get(name, False)
    if not isinstance(value, bool):
        raise wrong_value(f"{name} must be true or false")
    return value


@operation("POST", "/merchants/<merchants_id>/listen/<forward_id>",
           "report the local application's response to a notification, as the result of the attempt; "
           "409 when the attempt has ended already", body=REPORT_BODY, returns=STORED, problems=(409,))
def report_attempt(call: Call, merchants_id: str, forward_id: str) -> Response:
    """Store the result of an attempt."""
    forwarding.answer(call.emulator.store, merchants_id, forward_id, call.body())
    return as_json({"stored": True})
