"""What the shop sells. Prices are pence; each has a picture, `static/goods-<name>.svg`."""
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...base import money


@dataclass(frozen=True)
class Good:
    """One thing on the shelf; `good_<name>` is the text that names it."""

    name: str
    price: int

    @property
    def costs(self) -> str:
        """Its price as people read it."""
        return f"£{money.text(self.price)}"


GOODS: Mapping[str, Good] = {good.name: good for good in (
    Good("tea", 480), Good("cakes", 320), Good("teapot", 1_850), Good("fan", 1_200))}


def total(basket: Iterable[Good]) -> str:
    """What things cost together, in pounds as decimal text."""
    return money.text(sum(good.price for good in basket))
