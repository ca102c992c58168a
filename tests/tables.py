"""A table of rows that are one kind of statement is one test: it tries every row, and tells every row that
does not hold.
"""
import inspect
from collections.abc import Callable, Collection, Iterator
from typing import Any

LONGEST = 120  # letters of a row's values in a message


def every_row(names: str, rows: Collection[Any], ids: Any = None,
              apart: bool = False) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A decorator like `pytest.mark.parametrize`, but the test stays one: the rows share its fixtures.

    `names` are arguments of the test. A row is their values, or the value itself when there is one name.
    `ids` are names of the rows for the message: a list, or a function of a value. Two decorators try every
    combination. Rows that would see each other's orders are `apart`: each has a merchant of its own for the
    argument `shop`. A `clock` is put right after each row.
    """
    wanted, rows = [name.strip() for name in names.split(",")], list(rows)

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        def tried(**fixtures: Any) -> None:
            assert rows, "a table without rows proves nothing"
            wrong = list(failures(test, fixtures))
            told = "\n".join(f"- {label}: {type(error).__name__}: {error}" for label, error in wrong)
            if wrong:
                raise AssertionError(f"{len(wrong)} of {len(rows)} rows\n{told}") from wrong[0][1]

        def failures(test: Callable[..., None], fixtures: dict[str, Any]) -> Iterator[tuple[str, Exception]]:
            for place, row in enumerate(rows):
                values = row if len(wanted) > 1 else (row,)
                own = {"shop": fixtures["shop"].control.shop()} if apart else {}
                try:
                    test(**{**fixtures, **own}, **dict(zip(wanted, values, strict=True)))
                except Exception as error:
                    yield label_of(place, values, ids), error
                finally:
                    if "clock" in fixtures:
                        fixtures["clock"].reset()

        signature = inspect.signature(test)
        assert set(wanted) <= set(signature.parameters), wanted
        left = [value for name, value in signature.parameters.items() if name not in wanted]
        tried.__signature__ = signature.replace(parameters=left)  # type: ignore[attr-defined]
        tried.__name__, tried.__doc__, tried.__module__ = test.__name__, test.__doc__, test.__module__
        return tried
    return decorate


def label_of(place: int, values: Collection[Any], ids: Any) -> str:
    """What a message calls a row: its id, or its values, shortened."""
    if ids is None:
        return repr(tuple(values))[:LONGEST]
    if callable(ids):
        return "-".join(str(ids(value)) for value in values)[:LONGEST]
    return str(list(ids)[place])
