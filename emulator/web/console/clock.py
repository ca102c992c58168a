"""The page of the emulator's clock, which moves it and lists what falls due next."""
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from flask import Response, request
from msgspec import Struct
from msgspec.structs import replace

from ...base.clock import NEVER, real_now, spaced, zone, zoned
from ...domain import transitions
from ...domain.errors import OperationError
from ...operations import command_plans
from ...store import Reader
from ..current import emulator, may_everything
from .banners import MACHINE, SHARED, apart
from .frame import Page, blueprint, chosen, clocked, go_back, go_on, present, show, texts, to

PAGE = Page("clock", "M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18zM12 7v5l3 2")
MOST_UPCOMING = 10
MOST_RECEIVERS = 3  # in the sentence about skipped attempts
STEPS = (("15m", "clk_minutes"), ("1h", "clk_hour"), ("1d", "clk_day"))


class Due(Struct, frozen=True):
    """Something that falls due, `at` in milliseconds.

    `word` is its text, `view` and `id` give its page.
    """

    at: int
    word: str
    number: str
    merchants_id: str
    view: str
    id: int

    @property
    def key(self) -> str:
        """A key that is unique in the list."""
        return f"{self.view}-{self.id}"


@blueprint.get("/clock")
def clock() -> Response:
    """The page with the clock and what falls due next."""
    tables, real = emulator().store.read(), real_now()
    whose, shared = clocked(tables), tables.clock.get()
    own = tables.clock.own(whose) if whose else None
    ticking = tables.clock.get(whose)
    compared = apart(ticking.now(real), *((shared.now(real), SHARED) if own else (real, MACHINE)))
    return show("clock", "clock", follows="order notification", steps=STEPS, whose=whose,
                may_move=bool(whose) or may_everything(),
                may_run=ticking.frozen is not None and (not whose or bool(own and own.frozen is not None)),
                upcoming=upcoming(tables, chosen()), moving=command_plans.under_way(tables, whose),
                apart=compared, typed=_typed(ticking.now(real)))


def upcoming(tables: Reader, merchants_id: str | None) -> list[Due]:
    """The next notifications and orders that fall due, in the order of time.

    Their instants are of the clock of the merchant with this number, or of the shared clock. Without a number
    those are left out that wait for a clock which stands still.
    """
    found = list(_next(tables, merchants_id))
    if merchants_id is None:
        clocks = tables.clock.own_ones({due.merchants_id for due in found})
        found = [replace(due, at=clocks[due.merchants_id].shared_due(due.at))
                 if due.merchants_id in clocks else due for due in found]
    return sorted((due for due in found if 0 < due.at < NEVER), key=lambda due: due.at)[:MOST_UPCOMING]


def _next(tables: Reader, merchants_id: str | None) -> Iterator[Due]:
    """The next notifications and orders, each at the instant of its merchant's clock."""
    for notification in tables.upcoming.notifications(merchants_id, MOST_UPCOMING):
        yield Due(notification.due_at or 0, texts().clk_sent_again, notification.out_trade_no,
                  notification.merchants_id, "notification", notification.id)
    for order in tables.upcoming.orders(merchants_id, MOST_UPCOMING):
        if due := transitions.falls_due(order):
            word = texts().upcoming(str(due[1])) if due[1] else texts().left_open
            yield Due(due[0], word, order.out_trade_no, order.merchants_id, "order", order.id)


def _typed(instant: int) -> str:
    """An instant in the format of a browser's date and time field, in the emulator's time zone."""
    return spaced(instant, emulator().settings.timezone).replace(" ", "T")


@blueprint.post("/clock")
def move_clock() -> Response:
    """Move the clock of the merchant in the filter, or the shared one, and say how much was done."""
    whose = {"merchants_id": chosen()} if chosen() else {}
    try:
        moved = emulator().commands.move_clock({**_asked(request.form), **whose})
    except OperationError as error:
        return go_back(to("clock"), error)
    said, done, skipped = texts(), moved["done"], moved["skipped"]
    instant = zoned(present(chosen() or ""), emulator().settings.timezone)
    sentences = [said.numbered(said.clk_now, instant), said.numbered(said.clk_happened, done["changes"]),
                 said.numbered(said.clk_attempts, done["attempts"])]
    if skipped["attempts"]:
        receivers = said.comma.join(skipped["receivers"][:MOST_RECEIVERS])
        number = said.numbered(said.clk_skipped, skipped["attempts"])
        sentences.append(f"{number}{said.opening}{receivers}{said.closing}{said.full_stop}")
    return go_on(to("clock"), said.joined(*sentences), good=not skipped["attempts"])


def _asked(form: Mapping[str, str]) -> dict[str, Any]:
    """The change of the clock that a form asks for, as a body of the control interface."""
    act = form.get("do", "")
    if act == "advance":
        return {"advance": form.get("by", "").strip()}
    if act == "set":
        return {"set": _instant(form.get("to", ""))}
    return {"freeze": act == "freeze"} if act in ("freeze", "go") else {"reset": act == "reset"}


def _instant(written: str) -> str:
    """A date and time with the offset of the emulator's time zone added, if it has none.

    A text that is not a date and time is returned unchanged; the clock refuses it later.
    """
    try:
        parsed = datetime.fromisoformat(written)
    except ValueError:
        return written
    return (parsed if parsed.tzinfo
            else parsed.replace(tzinfo=zone(emulator().settings.timezone))).isoformat()
