"""The stream of events of orders, notifications and requests."""
from werkzeug.wrappers import Response

from ..happenings import of_merchant
from ..streams import stream
from .calls import Call
from .interface import operation
from .queries import MERCHANT
from .schemas import BY_TEXT, by_name, component, flag, moment, nullable, text, whole

_OF_AN_ORDER = {"id": whole("its number in the log of its kind"), "at": moment("time of the event"),
                "merchants_id": text("the merchant"), "out_trade_no": text("the order")}
component("OrderEvent", "The data of an event `order`: an event of an order.", {
    **_OF_AN_ORDER, "event": text("what happened"), "cause": text("an endpoint, payer, control or clock"),
    "status": text("`trade_status` after it"), "detail": by_name(BY_TEXT, "more details")})
component("RequestEvent", "The data of an event `request`: a request to `/v2`.", {
    **_OF_AN_ORDER, "endpoint": text("as tgpayqrcode"), "status": whole("the HTTP status of the response"),
    "verdict": text("OK, or the error code")})
component("NotificationEvent", "The data of an event `notification`: an attempt to deliver one.", {
    **_OF_AN_ORDER, "notification_id": whole("the notification"), "notify_type": text("its kind"),
    "status_code": nullable(whole("the HTTP status of the receiver's response")),
    "error": text("why there was no response; empty if there was one"),
    "delivered": flag("whether the receiver acknowledged it")})
STREAM = text("server-sent events named order, request and notification; the data of each is JSON: an "
              "OrderEvent, RequestEvent or NotificationEvent")


@operation("GET", "/events", "server-sent events of orders, notifications and requests, resumable by "
                             "Last-Event-ID",
           (MERCHANT,), produces="text/event-stream", returns=STREAM)
def stream_events(call: Call) -> Response:
    """A stream of the events from now on, or since the event that Last-Event-ID names."""
    here, merchants_id = call.emulator, call.merchants_id
    everybody = "every merchant" if here.store.owner is None else f"the team {here.store.owner}"
    batches = here.happenings.batches(merchants_id, here.store, call.request.headers.get("Last-Event-ID", ""))
    return stream(here, call.request, batches, merchants_id or everybody, of_merchant(merchants_id))
