"""The pages of inboxes: what arrived, whether its signature is right, and the code that verifies it."""
from flask import Response, request

from ...base import urls
from ...domain.errors import Invalid, NotFound
from ...domain.inboxes import SUCCESS
from ...domain.notifications import event
from ...operations import inbox as operations
from ...signing import signature
from ...store.inboxes import Arrival
from ..current import emulator
from .entries import LANGUAGES
from .attempts import arrived
from .frame import Page, as_number, before, blueprint, chosen, go_back, go_on, show, texts, to

PAGE = Page("inbox", "M4 13l2-8h12l2 8v6H4zM4 13h5l1 3h4l1-3h5")
ANSWERS = (SUCCESS.body, "fail", "404", "500", "503")


@blueprint.get("/inbox")
def inbox() -> Response:
    """A page of what arrived, newest first; for one merchant also what its inbox answers."""
    merchants_id, tables = chosen(), emulator().store.read()
    arrivals, rest = tables.inboxes.shown(merchants_id, before())
    replies = tables.inboxes.replies(merchants_id) if merchants_id else []
    rows = [(each, _event(each), arrived(tables, each)) for each in arrivals]
    return show("inbox", "inbox", follows="notification", rows=rows, rest=rest, replies=replies,
                answers=ANSWERS)


def _event(arrival: Arrival) -> str:
    """What a notification tells, in words."""
    return event(arrival.notification.notify_type, operations.arrived(arrival))


@blueprint.get("/inbox/<id:attempt_id>")
def arrival(attempt_id: int) -> Response:
    """The page of one notification that arrived."""
    from ...signing.code_samples import verification  # imported late, because few pages show code

    tables = emulator().store.read()
    found = tables.inboxes.find(attempt_id)
    if found is None:
        raise NotFound(f"nothing arrived by an attempt {attempt_id}")
    fields = operations.arrived(found)
    sent = found.notification
    return show("arrival", "inbox", arrival=found, event=_event(found), attempt=arrived(tables, found),
                fields=urls.discreet_values(fields),
                canonical=urls.discreet(signature.canonical(fields)), body=urls.discreet(found.body),
                code=[(LANGUAGES[name], text) for name, text in verification().items()],
                order=tables.orders.find(sent.merchants_id, sent.out_trade_no))


@blueprint.post("/inbox")
def tell_inbox() -> Response:
    """Have the inbox of the chosen merchant answer in another way."""
    answer = request.form.get("answer", "")
    status = as_number(answer)
    try:
        operations.tell(emulator().units, chosen() or "", answer if status is None else status)
    except (Invalid, NotFound) as error:
        return go_back(to("inbox"), error)
    return go_on(to("inbox"), texts().inb_told)
