"""What the shop sells. Prices are pence; each has a picture, `static/goods-<name>.svg`."""
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...base import money


@dataclass(frozen=True)
class Good:
    """One thing on the shelf."""

    name: str
    english: str
    chinese: str
    price: int

    def called(self, language: str) -> str:
        """Its name in a language of the pages."""
        return self.chinese if language == "zh" else self.english

    @property
    def costs(self) -> str:
        """Its price as people read it."""
        return f"£{money.text(self.price)}"


GOODS: Mapping[str, Good] = {good.name: good for good in (
    Good("tea", "Jasmine tea", "茉莉花茶", 480), Good("cakes", "Moon cakes", "月饼", 320),
    Good("teapot", "Teapot", "茶壶", 1_850), Good("fan", "Silk fan", "绢扇", 1_200))}


def total(basket: Iterable[Good]) -> str:
    """What things cost together, in pounds as decimal text."""
    return money.text(sum(good.price for good in basket))
