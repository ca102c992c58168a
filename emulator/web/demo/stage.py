"""Where a story takes place: its position, which the shop's notebook keeps, and what a step works with."""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...domain import wallets
from ...domain.orders import Order
from ...domain.transitions import at
from ...store import Reader
from ..current import Emulator
from ..texts import Texts
from .clerk import MERCHANT, Clerk
from .goods import Good, total

POSITION, TROUBLE = "position", "trouble"
BY_DEMO = "demo"
NAME = "Tea House"
MOVES: Mapping[str, int] = {"next": 1, "back": -1}


class Stuck(Exception):
    """A step cannot be done; `args[0]` names the text that says why."""


@dataclass(frozen=True)
class Position:
    """The step that is shown, the furthest one that was done, how many there are; `run` is a number that no
    other telling has.
    """

    story: str
    step: int
    furthest: int
    steps: int
    run: int


def position(tables: Reader) -> Position | None:
    """Where the story is; None before the first visit."""
    pages = [page for page in tables.notebook.pages(MERCHANT) if page.kind == POSITION]
    return Position(**pages[-1].entry, run=pages[0].id) if pages else None


def go(here: Emulator, by: int, seen: str) -> Position | None:
    """Show the next step, or the one before, when the page that asks shows the present one; answers the
    position when the step is new.
    """
    with here.units.begin(BY_DEMO) as unit:
        now = position(unit.tables)
        if now is None or str(now.step) != seen or not 0 <= now.step + by < now.steps:
            return None
        step = now.step + by
        unit.tables.notebook.write(MERCHANT, POSITION, {
            "story": now.story, "step": step, "furthest": max(step, now.furthest), "steps": now.steps})
        return replace(now, step=step, furthest=step) if step > now.furthest else None


class Stage:
    """What a step works with: the shop's clerk, what is bought, the language of the page, and the emulator
    itself.
    """

    def __init__(self, here: Emulator, address: str, where: Position, basket: Sequence[Good],
                 language: str) -> None:
        self.here = here
        self.address = address
        self.where = where
        self.total = total(basket)
        self.goods = "|".join(Texts(language)[f"good_{good.name}"] for good in basket)
        self.language = {"zh": "cn"}.get(language, "en")  # as the gateway names it
        merchant = here.store.read().merchants.find(MERCHANT)
        self.clerk = Clerk(address, merchant.token if merchant else "", self.write)

    def write(self, kind: str, entry: Mapping[str, Any]) -> None:
        """Write something down in the shop's notebook, unless the story has been begun again."""
        with self.here.units.begin(BY_DEMO) as unit:
            now = position(unit.tables)
            if now and now.run == self.where.run:
                unit.tables.notebook.write(MERCHANT, kind, {**entry, "step": self.where.step})

    def give_up(self) -> None:
        """Show the step before again, unless somebody has moved on."""
        with self.here.units.begin(BY_DEMO) as unit:
            now = position(unit.tables)
            if now and (now.run, now.step) == (self.where.run, self.where.step):
                before = now.step - 1
                unit.tables.notebook.write(MERCHANT, POSITION, {
                    "story": now.story, "step": before, "furthest": before, "steps": now.steps})

    def number(self, place: int = 1) -> str:
        """The number of an order of this telling."""
        return order_number(self.where.run, place)

    def order(self) -> Order | None:
        """The latest order, as it is now."""
        return latest(self.here)


def order_number(run: int, place: int) -> str:
    """The number of an order: the prefix that the document asks for, the telling, and the order's place in
    it.
    """
    return f"{MERCHANT}{run:06d}{place:02d}"


def payment_code(seed: str, run: int) -> str:
    """What the buyer's phone shows in this telling."""
    return wallets.payment_code(seed, wallets.ALIPAY, run)


def latest(here: Emulator) -> Order | None:
    """The shop's latest order as it is now."""
    tables = here.store.read()
    now = tables.clock.now()
    orders = list(tables.orders.page(now, MERCHANT, None, 0, 100))
    return at(orders[-1], now) if orders else None
