"""The stories as data: the action of each step, and what the buyer sees after it.

The title of a story is the text `story_<name>`. The caption of a step, to be read aloud, is the text
`story_<name>_<place>`; the first step has the place 1.
"""
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from . import actions
from .goods import GOODS, Good
from .stage import Position, Stage


class Sight(StrEnum):
    """What the middle of the page shows."""

    GOODS = "goods"  # the goods that the buyer has chosen
    CODE = "code"  # the QR code of the order, as the counter shows it
    PHONE = "phone"  # the payment code on the buyer's phone
    EMPTY = "empty"  # the payment code of a buyer without money
    ORDER = "order"  # the page of the order: wallet, cashier, issuer or terminal


class Place(StrEnum):
    """A part of the page."""

    SHOP = "shop"
    BUYER = "buyer"
    GATEWAY = "gateway"


@dataclass(frozen=True)
class Step:
    """A step of a story: what the page shows, the action when the step is entered, and the part of the page
    that the caption speaks of.
    """

    sight: Sight
    act: Callable[[Stage], None] = actions.nothing
    place: Place = Place.BUYER


@dataclass(frozen=True)
class Story:
    """A story: the names of the goods bought, and the steps."""

    name: str
    basket: tuple[str, ...]
    steps: tuple[Step, ...]

    def caption(self, step: Step) -> str:
        """The key of the caption of a step."""
        return f"story_{self.name}_{next(place for place, each in enumerate(self.steps, 1) if each is step)}"

    @property
    def goods(self) -> list[Good]:
        """The goods bought."""
        return [GOODS[name] for name in self.basket]


COUNTER = Story("counter", ("tea", "cakes"), (
    Step(Sight.GOODS),
    Step(Sight.CODE, actions.ask_for_a_code),
    Step(Sight.ORDER),
    Step(Sight.ORDER, actions.pay_in_the_wallet, Place.GATEWAY),
    Step(Sight.ORDER, place=Place.SHOP)))

BARCODE = Story("barcode", ("teapot",), (
    Step(Sight.GOODS),
    Step(Sight.PHONE),
    Step(Sight.ORDER, actions.charge_the_phone, Place.SHOP),
    Step(Sight.EMPTY),
    Step(Sight.ORDER, actions.charge_an_empty_account, Place.SHOP)))

CARD = Story("card", ("teapot", "fan"), (
    Step(Sight.GOODS),
    Step(Sight.ORDER, actions.ask_for_the_cashier),
    Step(Sight.ORDER, actions.present_the_card),
    Step(Sight.ORDER, actions.type_the_code),
    Step(Sight.ORDER, place=Place.SHOP)))

TERMINAL = Story("terminal", ("fan", "tea"), (
    Step(Sight.GOODS),
    Step(Sight.ORDER, actions.hand_to_the_terminal),
    Step(Sight.ORDER, actions.decline_at_the_terminal, Place.SHOP),
    Step(Sight.ORDER, actions.hand_to_the_terminal),
    Step(Sight.ORDER, actions.approve_at_the_terminal, Place.SHOP)))

LOST = Story("lost", ("teapot", "tea"), (
    Step(Sight.GOODS),
    Step(Sight.PHONE, actions.break_the_line),
    Step(Sight.ORDER, actions.charge_the_phone, Place.SHOP),
    Step(Sight.ORDER, actions.mend_the_line, Place.SHOP)))

STORIES = (COUNTER, BARCODE, CARD, TERMINAL, LOST)


def named(name: str) -> Story | None:
    """The story with this name, or None."""
    return next((story for story in STORIES if story.name == name), None)


def after(story: Story) -> Story:
    """The story that follows; the first one after the last."""
    return STORIES[(STORIES.index(story) + 1) % len(STORIES)]


def current(where: Position) -> tuple[Story, Step]:
    """The story and step of a position."""
    story = named(where.story) or COUNTER
    return story, story.steps[min(where.step, len(story.steps) - 1)]
