"""Contract 1.1 and 1.4 on money, 8 on durations and on chance: what everything else counts with."""
import subprocess
import sys
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgpay_emulator.base import durations, money, randomness

from .tables import every_row

PENNY = Decimal("0.01")


@every_row("written, amount", [
    ("0.01", 1), ("1", 100), ("1.5", 150), ("1.50", 150), ("01.05", 105), ("025", 2500), ("00.50", 50),
    ("0" * 50 + "1", 100), ("1000000.00", 100_000_000), ("0", 0), ("0.00", 0)])
def test_an_amount_is_decimal_text_with_at_most_two_places(written: str, amount: int):
    assert money.minor(written) == amount


@every_row("written", [
    "", " ", ".5", "1.", "1.001", "-1", "+1", "1,00", "1e2", " 1", "1 ", "1\n", "0x10", "１", "1_000", "NaN",
    "Infinity", "£1", "1.0.0"])
def test_anything_else_is_no_amount(written: str):
    with pytest.raises(ValueError):
        money.minor(written)


@every_row("amount, written", [
    (0, "0.00"), (1, "0.01"), (-1, "-0.01"), (10, "0.10"), (150, "1.50"), (-150, "-1.50"),
    (100_000_000, "1000000.00")])
def test_an_amount_is_printed_with_two_places(amount: int, written: str):
    assert money.text(amount) == written


@given(st.integers(0, 10**13))
def test_an_amount_printed_is_read_back_as_it_was(amount: int):
    assert money.minor(money.text(amount)) == amount
    assert Decimal(money.text(-amount)) == -Decimal(amount) / 100


@every_row("written, scaled, eight_places, number", [
    ("9.07480000", 907_480_000, "9.07480000", "9.0748"), ("9.0748", 907_480_000, "9.07480000", "9.0748"),
    ("8.273999", 827_399_900, "8.27399900", "8.273999"), ("9", 900_000_000, "9.00000000", "9"),
    ("10", 10**9, "10.00000000", "10"), ("0.006", 600_000, "0.00600000", "0.006"),
    ("0", 0, "0.00000000", "0"), ("0.00000001", 1, "0.00000001", "0.00000001")])
def test_a_rate_has_eight_places_and_is_the_shortest_number_in_json(
        written: str, scaled: int, eight_places: str, number: str):
    assert (money.rate(written), money.rate_text(scaled), money.rate_number(scaled)) == (
        scaled, eight_places, number)


@every_row("scaled, printed", [
    (907_480_000, "9.074800"), (907_480_049, "9.074800"), (907_480_050, "9.074801"), (99_999_950, "1.000000"),
    (10_000, "0.000100")])
def test_the_settlement_file_has_six_places_of_a_rate_half_up(scaled: int, printed: str):
    assert money.rate_text_short(scaled) == printed


@every_row("written", ["", "9.074800001", "-1", "1e1", "nine", ".5", "5."])
def test_anything_else_is_no_rate(written: str):
    with pytest.raises(ValueError):
        money.rate(written)


@every_row("amount, rate, converted", [
    (1, "9.0748", 9), (1, "0.5", 1), (-1, "0.5", -1), (1, "0.49999999", 0), (-1, "0.49999999", 0),
    (3, "0.5", 2), (-3, "0.5", -2), (5, "0.1", 1), (100, "0.006", 1), (83, "0.006", 0), (84, "0.006", 1),
    (0, "9.0748", 0)])
def test_a_half_is_rounded_up_and_away_from_zero(amount: int, rate: str, converted: int):
    assert money.convert(amount, money.rate(rate)) == converted


@given(st.integers(-10**10, 10**10), st.integers(0, 10**13))
def test_conversion_agrees_with_decimal_rounding_half_up(amount: int, scaled: int):
    expected = (Decimal(amount) / 100 * Decimal(scaled) / 10**8).quantize(PENNY, ROUND_HALF_UP)
    assert Decimal(money.text(money.convert(amount, scaled))) == expected


@given(st.integers(0, 10**6).map(lambda number: 2 * number + 1), st.sampled_from((1, -1)))
def test_every_exact_half_is_rounded_away_from_zero(odd: int, sign: int):
    assert money.convert(sign * odd, money.SCALE // 2) == sign * (odd + 1) // 2


@every_row("written, milliseconds", [
    ("500ms", 500), ("5s", 5_000), ("15m", 900_000), ("2h", 7_200_000), ("1d", 86_400_000), ("10", 10_000),
    (10, 10_000), (0.5, 500), ("1.5h", 5_400_000), ("0", 0), (" 5 s ", 5_000), ("3660d", 3_660 * 86_400_000)])
def test_a_duration_has_a_unit_or_is_seconds(written: object, milliseconds: int):
    assert durations.parse(written) == milliseconds


@every_row("written", [
    "", "s", "5w", "-5s", "1h30m", "5S", "five", "1e3", True, False, None, [], "3661d", "９s", "nan", "inf"])
def test_anything_else_is_no_duration_and_the_error_is_a_sentence(written: object):
    with pytest.raises(ValueError, match=r"is not a duration; write .*|is longer than ten years"):
        durations.parse(written)


@every_row("milliseconds, written", [
    (0, "0ms"), (1, "1ms"), (500, "500ms"), (1_500, "1500ms"), (60_000, "1m"), (900_000, "15m"),
    (5_400_000, "90m"), (86_400_000, "1d"), (90_000_000, "25h")])
def test_a_duration_is_printed_in_the_largest_unit_that_is_exact(milliseconds: int, written: str):
    assert durations.text(milliseconds) == written


@given(st.integers(0, 3_660 * 86_400_000))
def test_a_duration_printed_is_read_back_as_it_was(milliseconds: int):
    assert durations.parse(durations.text(milliseconds)) == milliseconds


SEEDS_AND_NAMES = (("seed", "a", "bc"), ("seed", "ab", "c"), ("seed", "abc"), ("seed", "bc", "a"),
                   ("other", "a", "bc"), ("seed", "a", 1))


def test_chance_is_the_same_for_the_same_seed_and_names_and_different_for_others():
    drawn = [randomness.derive(*names) for names in SEEDS_AND_NAMES]
    assert drawn == [randomness.derive(*names) for names in SEEDS_AND_NAMES]
    assert len(set(drawn)) == len(drawn)


@pytest.mark.parametrize("written, currency, shown", [
    ("1300.00", "GBP", "£1,300.00"), ("-1300.00", "GBP", "-£1,300.00"), ("0", "EUR", "€0.00"),
    ("1169288.5", "CNY", "¥1,169,288.50"), ("0.05", "HKD", "HK$0.05"), ("-0.05", "USD", "-$0.05"),
    ("1000", "CHF", "CHF\N{NO-BREAK SPACE}1,000.00")])
def test_people_read_amounts_with_symbol_and_separators(written: str, currency: str, shown: str):
    assert money.display_of(written, currency) == money.display(money.signed(written), currency) == shown


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_chance_is_the_same_in_every_process(hash_seed: str):
    code = ("from tgpay_emulator.base import randomness\n"
            "print(randomness.digits(20, 's', 'x', 7), randomness.letters(20, 's', 'x'), "
            "randomness.hexadecimal(20, 's', 'x'))")
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                             env={"PYTHONHASHSEED": hash_seed})
    assert printed.stdout.split() == [
        randomness.digits(20, "s", "x", 7), randomness.letters(20, "s", "x"),
        randomness.hexadecimal(20, "s", "x")]


@given(st.text(), st.text(), st.integers(1, 40))
def test_chance_gives_as_many_characters_as_are_asked_for(seed: str, name: str, count: int):
    assert len(randomness.digits(count, seed, name)) == len(randomness.letters(count, seed, name)) == count
    assert randomness.digits(count, seed, name).isdecimal()
    assert set(randomness.hexadecimal(count, seed, name)) <= set("0123456789abcdef")
    assert randomness.letters(count, seed, name).isalnum()
