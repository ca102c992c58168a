"""The stories, as data: what is done when a step is entered, and what the buyer sees then.

Each story has a title, the text `story_<name>`, and each step a caption to be read aloud,
`story_<name>_<place>`, where the first step has the place 1.
"""
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from . import acts
from .goods import GOODS, Good
from .stage import Position, Stage


class Sight(StrEnum):
    """What is in the middle of the stage."""

    GOODS = "goods"  # what the buyer has chosen
    CODE = "code"  # the QR code of the order, as the counter shows it
    PHONE = "phone"  # the payment code on the buyer's phone
    EMPTY = "empty"  # the payment code of a buyer without money
    ORDER = "order"  # the page of the order: wallet, cashier, issuer or terminal


@dataclass(frozen=True)
class Step:
    """A row of a story."""

    sight: Sight
    act: Callable[[Stage], None] = acts.nothing


@dataclass(frozen=True)
class Story:
    """A story with what is bought in it."""

    name: str
    basket: tuple[str, ...]
    steps: tuple[Step, ...]

    def caption(self, step: Step) -> str:
        """The name of the text of one of its steps."""
        return f"story_{self.name}_{next(place for place, each in enumerate(self.steps, 1) if each is step)}"

    @property
    def goods(self) -> list[Good]:
        """What is bought."""
        return [GOODS[name] for name in self.basket]


COUNTER = Story("counter", ("tea", "cakes"), (
    Step(Sight.GOODS),
    Step(Sight.CODE, acts.ask_for_a_code),
    Step(Sight.ORDER),
    Step(Sight.ORDER, acts.pay_in_the_wallet),
    Step(Sight.ORDER)))

BARCODE = Story("barcode", ("teapot",), (
    Step(Sight.GOODS),
    Step(Sight.PHONE),
    Step(Sight.ORDER, acts.charge_the_phone),
    Step(Sight.EMPTY),
    Step(Sight.ORDER, acts.charge_an_empty_account)))

CARD = Story("card", ("teapot", "fan"), (
    Step(Sight.GOODS),
    Step(Sight.ORDER, acts.ask_for_the_cashier),
    Step(Sight.ORDER, acts.present_the_card),
    Step(Sight.ORDER, acts.type_the_code),
    Step(Sight.ORDER)))

TERMINAL = Story("terminal", ("fan", "tea"), (
    Step(Sight.GOODS),
    Step(Sight.ORDER, acts.hand_to_the_terminal),
    Step(Sight.ORDER, acts.decline_at_the_terminal),
    Step(Sight.ORDER, acts.hand_to_the_terminal),
    Step(Sight.ORDER, acts.approve_at_the_terminal)))

LOST = Story("lost", ("teapot", "tea"), (
    Step(Sight.GOODS),
    Step(Sight.PHONE, acts.break_the_line),
    Step(Sight.ORDER, acts.charge_the_phone),
    Step(Sight.ORDER, acts.mend_the_line)))

STORIES = (COUNTER, BARCODE, CARD, TERMINAL, LOST)


def named(name: str) -> Story | None:
    """A story by its name."""
    return next((story for story in STORIES if story.name == name), None)


def told(where: Position) -> tuple[Story, Step]:
    """The story of a position, and its step."""
    story = named(where.story) or COUNTER
    return story, story.steps[min(where.step, len(story.steps) - 1)]
