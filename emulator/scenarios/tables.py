"""Rows for the reference: all keys of `when` and `then` with formats and meanings, the faults, and the
bundled files.
"""
from collections.abc import Iterator

from ..protocol.faults import FAULTS
from .collection import shipped, shipped_scenario
from .conditions import ATTEMPT, CARD, CHANCE, ENDPOINT, LOOKUPS, Lookup
from .kinds import keys_of
from .outcomes import ENDPOINTS, Then

Row = tuple[str, str, str]


def when_rows() -> list[Row]:
    """The keys of `when`, then the lookups."""
    own = [("any parameter", "text or number", "its value; trans_amount and total_fee are the same"),
           (ENDPOINT, ", ".join(ENDPOINTS), "the path's name"),
           (ATTEMPT, "a whole number", "the attempts of the order number, counted from 1"),
           (CARD, "digits", "the number of the card that is presented"),
           (CHANCE, "0 to 1", "the probability that the rule matches, drawn from the seed, the order, the "
                              "attempt and the "
                              "rule's name")]
    return own + [(f"…__{row.name}", _values(row), row.meaning) for row in LOOKUPS.values() if row.name]


def _values(lookup: Lookup) -> str:
    if lookup.listed:
        return "list"
    return "number" if lookup.numeric else "text or number"


def then_rows() -> list[Row]:
    """The keys of `then`; those of nested tables are written as `notify.delay`."""
    return list(_rows(Then, ""))


def fault_rows() -> list[tuple[str, str]]:
    """The faults, and what the client receives with each."""
    return [(name, fault.meaning) for name, fault in FAULTS.items()]


def shipped_rows() -> list[tuple[str, str]]:
    """The bundled scenarios with their summaries."""
    return [(name, shipped_scenario(name).summary) for name in shipped()]


def _rows(table: type, path: str) -> Iterator[Row]:
    for row in keys_of(table).values():
        if row.table:
            yield from _rows(row.table, f"{path}{row.name}.")
        elif row.kind:
            yield f"{path}{row.name}", row.kind.values, row.meaning
