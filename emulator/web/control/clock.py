"""The emulator's clock."""
from flask import Response, jsonify, request

from ...base.clock import real_now
from ...operations import command_plans
from ..current import emulator
from .documents import instant
from .interface import Query, body, operation, wrong_request
from .notifications import DONE, SKIPPED
from .schemas import component, flag, moment, whole

LONGEST_KEY = 255
IDEMPOTENCY_KEY = Query(
    "Idempotency-Key", "a text of your choice: a call that is repeated with it within a day of real time "
    "moves the clock once and is answered the same; with another body it is 422",
    {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY})
CLOCK_MEMBERS = {
    "now": moment("the emulator's time"),
    "offset_s": {"type": "number", "description": "how far it is ahead of real time, in seconds"},
    "frozen": flag("whether it stands still")}
CLOCK = component("Clock", "The emulator's clock.", {
    **CLOCK_MEMBERS, "moving": component("ClockUnderWay", "A move of the clock that is being carried out.", {
        "to": moment("where to"), "done": DONE, "skipped": SKIPPED,
        "left": whole("how many orders and notifications are still due")},
        optional=("done", "skipped", "left"))}, optional=("moving",))
CLOCK_MOVE = component("ClockMove", "The clock after a move, and what was done on the way.", {
    **CLOCK_MEMBERS, "done": DONE, "skipped": SKIPPED})


@operation("GET", "/clock", "the emulator's clock; while it is moved, `moving` says where to, what was done "
           "and how much is left", returns=CLOCK)
def get_clock() -> Response:
    """The state of the clock, and the move that is being carried out, if there is one."""
    tables = emulator().store.read()
    state, moving = command_plans.clock_state(tables.clock.get(), real_now()), command_plans.under_way(tables)
    if moving:
        state["moving"] = {**moving, "to": instant(moving["to"])}
    return jsonify(state)


@operation("POST", "/clock", "move the clock; what falls due in between is done before it answers, and the "
           "answer says what was done, and what was skipped because receivers of notifications did not "
           "answer in time",
           headers=(IDEMPOTENCY_KEY,), body={"minProperties": 1, "maxProperties": 1, "properties": {
               "advance": {"type": ["string", "number"],
                           "description": "a duration: 500ms, 5s, 15m, 2h, 1d, or seconds"},
               "set": {"type": "string", "format": "date-time"}, "freeze": {"type": "boolean"},
               "reset": {"type": "boolean", "const": True}}},
           returns=CLOCK_MOVE, problems=(500,))
def move_clock() -> Response:
    """Advance, set, freeze, unfreeze or reset the clock; the response says what was done meanwhile."""
    return jsonify(emulator().commands.move_clock(body(), _key()))


def _key() -> str:
    """The idempotency key of the request; empty when it has none. Raises Problem."""
    key = request.headers.get(IDEMPOTENCY_KEY.name)
    if key is None:
        return ""
    if not (key.strip() and len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        raise wrong_request(f"{IDEMPOTENCY_KEY.name} must be 1 to {LONGEST_KEY} printable ASCII characters")
    return key
