"""A table is one test that tries every row, and tells every row that does not hold."""
import inspect

import pytest

from .tables import every_row


@every_row("number, square", [(1, 1), (2, 5), (3, 9), (4, 15)])
def squares(offset: int, number: int, square: int) -> None:
    assert number ** 2 + offset == square


@every_row("left", [1, 0], ids=lambda left: f"left {left}")
@every_row("right", [1, 0], ids=["one", "none"])
def quotients(left: int, right: int) -> None:
    assert left / right == left


def test_every_row_that_does_not_hold_is_told_and_no_other() -> None:
    with pytest.raises(AssertionError) as told:
        squares(offset=0)
    assert str(told.value).startswith("2 of 4 rows\n- (2, 5): AssertionError: ")
    assert "(4, 15)" in str(told.value) and "(3, 9)" not in str(told.value)


def test_two_tables_try_every_combination_and_an_error_of_any_kind_counts() -> None:
    with pytest.raises(AssertionError) as told:
        quotients()
    assert str(told.value).startswith("2 of 2 rows\n- left 1: AssertionError: 1 of 2 rows\n- none: "
                                      "ZeroDivisionError")


def test_the_arguments_that_are_left_are_fixtures() -> None:
    assert list(inspect.signature(squares).parameters) == ["offset"]
    assert list(inspect.signature(quotients).parameters) == []


def test_a_table_without_rows_proves_nothing() -> None:
    @every_row("number", [])
    def nothing(number: int) -> None:
        """Holds of all numbers."""

    with pytest.raises(AssertionError):
        nothing()
