"""The chart of the settlement as numbers: round steps, a zero line, bars to scale, and labels with room."""
from datetime import date, timedelta

import pytest

from tgpay_emulator.web.console.chart import NARROW, WIDE, Size, chart, ticks

FIRST, LAST = date(2027, 3, 1), date(2027, 3, 14)


@pytest.mark.parametrize("most, least, expected", [
    (0, 0, [1, 0]),
    (4, 0, [4, 3, 2, 1, 0]),
    (100, 0, [100, 80, 60, 40, 20, 0]),
    (302_249, -34_250, [400_000, 300_000, 200_000, 100_000, 0, -100_000]),
    (20_221, -2_432, [25_000, 20_000, 15_000, 10_000, 5_000, 0, -5_000]),
    (0, -900, [200, 0, -200, -400, -600, -800, -1_000]),
    (10_000_000_000, 0, [10_000_000_000, 8_000_000_000, 6_000_000_000, 4_000_000_000, 2_000_000_000, 0])])
def test_ticks_are_round_amounts_around_zero(most: int, least: int, expected: list[int]) -> None:
    assert ticks(most, least) == expected


def test_amounts_are_written_with_symbol_and_separators_and_pence_only_where_there_are_any() -> None:
    drawn = chart({FIRST: (302_249, -34_250)}, FIRST, LAST, "GBP", WIDE)
    assert [tick.label for tick in drawn.ticks] == ["£4,000", "£3,000", "£2,000", "£1,000", "£0", "-£1,000"]
    small = chart({FIRST: (120, 0)}, FIRST, LAST, "CNY", WIDE)
    assert [tick.label for tick in small.ticks] == ["¥1.50", "¥1", "¥0.50", "¥0"]


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_bars_are_to_scale_and_stand_on_the_zero_line(size: Size) -> None:
    drawn = chart({FIRST: (400_000, -50_000), LAST: (100_000, 0)}, FIRST, LAST, "GBP", size)
    at = {tick.amount: tick.y for tick in drawn.ticks}
    first, *between, last = drawn.bars
    assert at[0] == drawn.zero
    assert first.up_height == pytest.approx(drawn.zero - at[400_000], abs=.2)
    assert first.down_height == pytest.approx((at[-100_000] - drawn.zero) / 2, abs=.2)
    assert last.up_height == pytest.approx(first.up_height / 4, abs=.2) and last.down_height == 0
    assert {(bar.up_height, bar.down_height) for bar in between} == {(0, 0)}
    assert drawn.left <= first.left and last.left + last.thickness <= size.width


@pytest.mark.parametrize("days", [1, 2, 14, 62])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_labels_of_days_have_room_and_the_last_day_has_one(size: Size, days: int) -> None:
    drawn = chart({FIRST: (10_000_000, 0)}, FIRST, FIRST + timedelta(days=days - 1), "CNY", size)
    assert len(drawn.bars) == days and drawn.bars[-1].label
    middles = [bar.middle for bar in drawn.bars if bar.label]
    assert all(after - before >= 40 for before, after in zip(middles, middles[1:]))
    assert middles[-1] + 17 <= size.width
