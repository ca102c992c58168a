"""The inboxes of merchants: the notifications that arrived, and the responses to them."""
from typing import Any

from werkzeug.wrappers import Response

from ...base import durations, urls
from ...domain.inboxes import ANSWER, LONGEST_BODY, LONGEST_DELAY, MOST_REPLIES
from ...domain.notifications import event
from ...operations import inbox
from ...operations.unit import merchant_of
from ...store.inboxes import Arrival
from .answers import as_json, listed
from .calls import Call
from .documents import NOTIFICATION_REQUEST, NOTIFY_TYPE, instant
from .interface import operation
from .queries import AFTER, LIMIT
from .schemas import (
    BY_NUMBER, BY_TEXT, by_name, component, flag, listing, many, moment, nullable, text, whole)

_TEXT = {"type": "string", "maxLength": LONGEST_BODY}
_STATUS = {"type": "integer", "minimum": 200, "maximum": 599}
_REPLY: dict[str, Any] = {"oneOf": [_TEXT, _STATUS, {
    "type": "object", "additionalProperties": False, "properties": {
        "status": {**_STATUS, "description": "the HTTP status; 200 by default"},
        "body": {**_TEXT, "description": "the body"},
        "delay": {"type": "string", "description": f"a duration, such as 500ms; at most "
                                                   f"{durations.text(LONGEST_DELAY)}"}}}]}
ANSWER_BODY = {"required": [ANSWER], "properties": {ANSWER: {
    "description": "the response: a body, a status, or an object of status, body and delay. Of a list each "
                   "is used once, and the last one from then on",
    "oneOf": [*_REPLY["oneOf"],
              {"type": "array", "minItems": 1, "maxItems": MOST_REPLIES, "items": _REPLY}]}}}


ANSWERED = component("InboxAnswer", "A response of an inbox.", {
    "status": nullable(whole("the HTTP status; null if there was none")), "body": text("the body"),
    "error": text("why there was no response; empty if there was one")})
ARRIVAL = component("Arrival", "A notification that arrived in an inbox.", {
    "id": whole("the number of the attempt"), "at": moment("when it arrived"),
    "merchants_id": text("the merchant"), "out_trade_no": text("the order"),
    "notify_type": NOTIFY_TYPE,
    "event": text("the event of the order that it reports"),
    "notification": whole("the number of the notification"),
    "attempt": whole("the number of the attempt, from 1"), "replay": flag("whether it was resent manually"),
    "verified": flag("whether its signature is correct"),
    "explanation": nullable(text("why the signature is wrong; null if it is correct")),
    "fields": by_name(BY_TEXT, "the fields that were sent"),
    "request": NOTIFICATION_REQUEST, "answer": ANSWERED,
    "delivered": flag("whether the response acknowledged it")})
REPLY = component("InboxReply", "A response that an inbox gives.", {
    "status": whole("the HTTP status"), "body": text("the body"),
    "delay": text("the delay, such as 500ms")}, optional=("delay",))
REPLIES = component("InboxReplies", "The responses of an inbox; the last one is used from then on.", {
    ANSWER: many(REPLY, "in their order")})


def arrival_json(arrival: Arrival) -> dict[str, Any]:
    """A notification in an inbox as JSON; `id` is that of its attempt."""
    sent, fields = arrival.notification, inbox.arrived(arrival)
    return {
        "id": arrival.id, "at": instant(arrival.at), "merchants_id": sent.merchants_id,
        "out_trade_no": sent.out_trade_no, "notify_type": sent.notify_type,
        "event": event(sent.notify_type, fields), "notification": sent.id, "attempt": arrival.attempt,
        "replay": arrival.replay, "verified": arrival.found["verified"],
        "explanation": arrival.found.get("explanation"), "fields": urls.discreet_values(fields),
        "request": {"method": sent.method, "url": sent.shown_url, "content_type": sent.content_type,
                    "body": urls.discreet(arrival.body)},
        "answer": {"status": arrival.status, "body": arrival.answer, "error": arrival.error},
        "delivered": arrival.delivered}


@operation("GET", "/merchants/<merchants_id>/inbox",
           "the notifications in a merchant's inbox, newest first: the fields of each, whether its "
           "signature is correct, and the response", (AFTER, LIMIT),
           returns=listing("ArrivalList", ARRIVAL, BY_NUMBER))
def list_inbox(call: Call, merchants_id: str) -> Response:
    """A page of what arrived; `after` is the last id seen, so older ones follow."""
    after, limit = call.paging()
    tables = call.tables()
    merchant_of(tables, merchants_id)
    arrivals = tables.inboxes.page(merchants_id, after or None, limit)
    return listed((arrival_json(arrival) for arrival in arrivals), limit)


@operation("PUT", "/merchants/<merchants_id>/inbox",
           "set the responses of a merchant's inbox; without a setting it acknowledges with success",
           body=ANSWER_BODY,
           returns=REPLIES)
def set_inbox_answer(call: Call, merchants_id: str) -> Response:
    """Have the inbox answer as the body says, and return that."""
    replies = inbox.tell(call.emulator.units, merchants_id, call.body().get(ANSWER))
    return as_json({ANSWER: [reply.as_json() for reply in replies]})
