"""The goods of the shop. Prices are in pence; each good has a picture, `static/goods-<name>.svg`."""
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...base import money


@dataclass(frozen=True)
class Good:
    """A good with its price in pence; `good_<name>` is the key of its text."""

    name: str
    price: int

    @property
    def costs(self) -> str:
        """The price in pounds, such as £4.80."""
        return f"£{money.text(self.price)}"


GOODS: Mapping[str, Good] = {good.name: good for good in (
    Good("tea", 480), Good("cakes", 320), Good("teapot", 1_850), Good("fan", 1_200))}


def total(basket: Iterable[Good]) -> str:
    """The total price of goods in pounds, as decimal text."""
    return money.text(sum(good.price for good in basket))
