"""The position in a story, which the shop's notebook stores, and the context in which a step runs."""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...domain import wallets
from ...domain.orders import Order
from ...operations.unit import Present
from ...store import Reader, Writer
from ..emulator import Emulator
from ..texts import Texts
from .clerk import MERCHANT, Clerk
from .goods import Good, total

POSITION, TROUBLE = "position", "trouble"
BY_DEMO = "demo"
NAME = "Tea House"
MOVES: Mapping[str, int] = {"next": 1, "back": -1}


class Stuck(Exception):
    """A step cannot be done; `args[0]` is the key of the text that says why."""


@dataclass(frozen=True)
class Position:
    """The position in a story: the step shown, the furthest step done, and the number of steps.

    `run` is a number that is different each time a story is begun. `at` is the time of the shop's clock at
    which the step was entered, in milliseconds since 1970; 0 in records of earlier versions.
    """

    story: str
    step: int
    furthest: int
    steps: int
    run: int
    at: int = 0


def position(tables: Reader) -> Position | None:
    """The current position; None before the first visit."""
    pages = [page for page in tables.notebook.pages(MERCHANT) if page.kind == POSITION]
    return Position(**pages[-1].entry, run=pages[0].id) if pages else None


def enter(tables: Writer, story: str, step: int, furthest: int, steps: int) -> None:
    """Store a position, entered now."""
    tables.notebook.write(MERCHANT, POSITION, {
        "story": story, "step": step, "furthest": furthest, "steps": steps, "at": tables.clock.now(MERCHANT)})


def go(here: Emulator, by: int, seen: str) -> Position | None:
    """Move by one step, forward (1) or back (-1), if `seen` is the current step.

    Returns the new position when the step is entered for the first time, otherwise None.
    """
    with here.units.begin(BY_DEMO) as unit:
        now = position(unit.tables)
        if now is None or str(now.step) != seen or not 0 <= now.step + by < now.steps:
            return None
        step = now.step + by
        enter(unit.tables, now.story, step, max(step, now.furthest), now.steps)
        return replace(now, step=step, furthest=step) if step > now.furthest else None


class Stage:
    """The context of a step: the emulator, the shop's clerk, the goods bought, and the page's language."""

    def __init__(self, here: Emulator, address: str, where: Position, basket: Sequence[Good],
                 language: str) -> None:
        self.here = here
        self.address = address
        self.where = where
        self.total = total(basket)
        self.goods = "|".join(Texts(language)[f"good_{good.name}"] for good in basket)
        self.language = {"zh": "cn"}.get(language, "en")  # the gateway's code for the language
        merchant = here.store.read().merchants.find(MERCHANT)
        self.clerk = Clerk(address, merchant.token if merchant else "", self.write)

    def write(self, kind: str, entry: Mapping[str, Any]) -> None:
        """Write an entry into the shop's notebook, unless a story was begun meanwhile."""
        with self.here.units.begin(BY_DEMO) as unit:
            now = position(unit.tables)
            if now and now.run == self.where.run:
                unit.tables.notebook.write(MERCHANT, kind, {
                    **entry, "step": self.where.step, "at": unit.tables.clock.now(MERCHANT)})

    def give_up(self) -> None:
        """Go back to the previous step, unless the position has changed meanwhile."""
        with self.here.units.begin(BY_DEMO) as unit:
            now = position(unit.tables)
            if now and (now.run, now.step) == (self.where.run, self.where.step):
                before = now.step - 1
                enter(unit.tables, now.story, before, before, now.steps)

    def number(self, place: int = 1) -> str:
        """The number of the order at a place, counted from 1, in this run of the story."""
        return order_number(self.where.run, place)

    def order(self) -> Order | None:
        """The shop's latest order, as of now; None when there is none."""
        return latest(self.here)


def order_number(run: int, place: int) -> str:
    """The number of an order: the merchant's number as prefix, the run of the story, the order's place."""
    return f"{MERCHANT}{run:06d}{place:02d}"


def payment_code(seed: str, run: int) -> str:
    """The payment code on the buyer's phone in a run of the story."""
    return wallets.payment_code(seed, wallets.ALIPAY, run)


def latest(here: Emulator) -> Order | None:
    """The shop's latest order, as of now; None when there is none."""
    tables = here.store.read()
    orders = list(tables.orders.page(tables.clock.now(), MERCHANT, None, 0, 100))
    return Present(tables).seen(orders[-1]) if orders else None
