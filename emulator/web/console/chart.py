"""The chart of the settlement: a bar for each day's payments and refunds, with axes.

It is plain numbers, which a template draws as SVG. Lengths are units of the SVG, amounts minor units.
"""
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from msgspec import Struct

from ...base import money

NICE = (1, 2, 5)  # the first digit of a step between two ticks
MOST_STEPS = 5
TOP, BOTTOM, RIGHT = 10, 24, 16  # above the highest tick, for the days below the lowest one, at the end
LETTER, GAP = 7, 10  # the width of a digit, and the space between the amounts and the bars
LABEL = 46  # the room that a day's label needs
BAR = .66  # the part of a day's room that its bar takes


class Size(Struct, frozen=True):
    """The width and height of a chart."""

    width: int
    height: int


WIDE, NARROW = Size(960, 230), Size(320, 210)


class Tick(Struct, frozen=True):
    """A line across the chart: where it is, its amount, and how that is written."""

    y: float
    amount: int
    label: str


class Bar(Struct, frozen=True):
    """A day: its sums, its room, its bars upwards and downwards, and its label.

    `down` is negative or 0. The label is empty for days without room for it.
    """

    day: date
    up: int
    down: int
    x: float
    width: float
    up_height: float
    down_height: float
    label: str

    @property
    def thickness(self) -> float:
        """The width of what is drawn of the day."""
        return round(self.width * BAR, 1)

    @property
    def left(self) -> float:
        """Where what is drawn of the day begins."""
        return round(self.x + (self.width - self.thickness) / 2, 1)

    @property
    def middle(self) -> float:
        """Where the middle of the day is."""
        return round(self.x + self.width / 2, 1)


class Chart(Struct, frozen=True):
    """A chart: its size, the left end of its lines, the place of zero, its ticks from above, and its days."""

    size: Size
    left: int
    zero: float
    ticks: list[Tick]
    bars: list[Bar]


def chart(sums: Mapping[date, tuple[int, int]], start: date, end: date, currency: str, size: Size) -> Chart:
    """The chart of the days from `start` to `end`; `sums` are payments and, negative, refunds of a day."""
    amounts = ticks(max((up for up, _ in sums.values()), default=0),
                    min((down for _, down in sums.values()), default=0))
    room = size.height - TOP - BOTTOM
    scale = room / (amounts[0] - amounts[-1])
    labels = [money.display(amount, currency).removesuffix(".00") for amount in amounts]
    left = max(map(len, labels)) * LETTER + GAP
    lines = [Tick(round(TOP + (amounts[0] - amount) * scale, 1), amount, label)
             for amount, label in zip(amounts, labels)]
    return Chart(size, left, round(TOP + amounts[0] * scale, 1), lines,
                 list(_bars(sums, start, end, scale, left, size.width)))


def _bars(sums: Mapping[date, tuple[int, int]], start: date, end: date, scale: float, left: int,
          width: int) -> Iterator[Bar]:
    number = (end - start).days + 1
    room = (width - RIGHT - left) / number
    labelled = max(1, -int(-LABEL // room))  # each so manieth day has room for its label
    for place in range(number):
        day = start + timedelta(days=place)
        up, down = sums.get(day, (0, 0))
        label = f"{day:%m-%d}" if (number - 1 - place) % labelled == 0 else ""
        yield Bar(day, up, down, round(left + place * room, 1), round(room, 1), round(up * scale, 1),
                  round(-down * scale, 1), label)


def ticks(most: int, least: int) -> list[int]:
    """Round amounts from at least `most` down to at most `least`, in equal steps; 0 is one of them."""
    step = _step(max(most, 0) - min(least, 0))
    above, below = -(-max(most, 0) // step), -(min(least, 0) // step)
    return [place * step for place in range(max(above, 1), -below - 1, -1)]


def _step(reach: int) -> int:
    """The smallest round amount of which `MOST_STEPS` are at least `reach`: 1, 2 or 5 and zeros."""
    power = 1
    while True:
        for digit in NICE:
            if digit * power * MOST_STEPS >= reach:
                return digit * power
        power *= 10
