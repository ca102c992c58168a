"""The emulator's clock."""
from werkzeug.wrappers import Response

from ...base.clock import real_now
from ...operations import command_plans
from .answers import as_json
from .calls import Call
from .documents import instant
from .interface import operation
from .notifications import DONE, SKIPPED
from .problems import wrong_request
from .queries import MERCHANT, Query
from .schemas import component, flag, moment, text, whole

LONGEST_KEY = 255
IDEMPOTENCY_KEY = Query(
    "Idempotency-Key", "a text of your choice: if the call is repeated with it within a day of real time, "
                       "the "
    "clock is moved only once, and the answer is the same; with another body the answer is 422",
    {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY})
CLOCK_MEMBERS = {
    "now": moment("the emulator's time"),
    "offset_s": {"type": "number", "description": "how far it is ahead of the system time, in seconds"},
    "frozen": flag("whether it is frozen"),
    "own": flag("whether the merchant has a clock of its own"),
    "merchants_id": text("the merchant whose clock it is; absent for the shared clock")}
ABOUT_MERCHANTS = ("own", "merchants_id")
CLOCK = component("Clock", "The emulator's clock.", {
    **CLOCK_MEMBERS, "timezone": text("zone in which the console and the command line show times"),
    "moving": component("ClockUnderWay", "A move of the clock that is being carried out.", {
        "to": moment("the target"), "done": DONE, "skipped": SKIPPED,
        "left": whole("how many orders and notifications are still due")},
        optional=("done", "skipped", "left"))}, optional=("moving", *ABOUT_MERCHANTS))
CLOCK_MOVE = component("ClockMove", "The clock after a move, and what was done meanwhile.", {
    **CLOCK_MEMBERS, "done": DONE, "skipped": SKIPPED}, optional=ABOUT_MERCHANTS)
OF_MERCHANT = Query(MERCHANT.name, "the clock of this merchant; `own` says whether it has one of its own")


@operation("GET", "/clock", "the emulator's clock, or a merchant's; while it is moved, `moving` has the "
           "target, what was done and how much is left", (OF_MERCHANT,), returns=CLOCK)
def get_clock(call: Call) -> Response:
    """The state of a clock, and the move that is being carried out, if there is one."""
    tables, merchants_id = call.tables(), call.merchants_id or ""
    state = command_plans.clock_document(tables, merchants_id, real_now())
    state["timezone"] = call.emulator.settings.timezone
    moving = command_plans.under_way(tables, merchants_id)
    if moving:
        state["moving"] = {**moving, "to": instant(moving["to"])}
    return as_json(state)


@operation("POST", "/clock", "move the clock; everything that becomes due is processed first. The response "
           "says what was done, and what was skipped because receivers of notifications did not answer in "
           "time. With merchants_id only this merchant's clock moves, and it is the merchant's own until it "
           "is reset; without it the shared clock moves, and merchants' own clocks keep their distance from "
           "it",
           headers=(IDEMPOTENCY_KEY,), body={"minProperties": 1, "maxProperties": 2, "properties": {
               "merchants_id": {"type": "string", "minLength": 1,
                                "description": "move only the clock of this merchant"},
               "advance": {"type": ["string", "number"],
                           "description": "a duration: 500ms, 5s, 15m, 2h, 1d, or seconds"},
               "set": {"type": "string", "format": "date-time",
                       "description": "the new time, ISO 8601; without an offset it is UTC"},
               "freeze": flag("true stops the clock, false lets it run from where it stands"),
               "reset": {"type": "boolean", "const": True,
                         "description": "back to system time; for a merchant: back to the shared clock"}}},
           returns=CLOCK_MOVE, problems=(500,))
def move_clock(call: Call) -> Response:
    """Advance, set, freeze, unfreeze or reset a clock; the response says what was done meanwhile."""
    return as_json(call.emulator.commands.move_clock(call.body(), _key(call)))


def _key(call: Call) -> str:
    """The idempotency key of the request; empty when it has none. Raises Problem."""
    key = call.request.headers.get(IDEMPOTENCY_KEY.name)
    if key is None:
        return ""
    if not (key.strip() and len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        raise wrong_request(f"{IDEMPOTENCY_KEY.name} must be 1 to {LONGEST_KEY} printable ASCII characters")
    return key
