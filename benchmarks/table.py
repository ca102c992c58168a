"""Rows of results: what was measured, its target, whether it is met."""
import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

MEETS = {">=": operator.ge, "<=": operator.le, "<": operator.lt}


@dataclass(frozen=True)
class Row:
    """One result; `value` is None when it could not be measured, and `detail` says why, or what the value was
    made of.
    """

    measure: str
    what: str
    value: float | None
    unit: str
    relation: str
    target: float
    detail: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None when nothing was measured."""
        return None if self.value is None else bool(MEETS[self.relation](self.value, self.target))

    def as_json(self) -> dict[str, Any]:
        """The row as data."""
        return {**vars(self), "met": self.met}

    def as_text(self) -> tuple[str, ...]:
        """The row as the cells of a table."""
        value = "-" if self.value is None else f"{self.value:.4g} {self.unit}"
        verdict = {True: "met", False: "MISSED", None: "skipped"}[self.met]
        target = f"{self.relation} {self.target:.4g} {self.unit}"
        return self.measure, self.what, value, target, verdict, self.detail


HEAD = ("measure", "what", "value", "target", "", "made of")


def printed(rows: Iterable[Sequence[str]]) -> str:
    """Rows of text in columns."""
    cells = [HEAD, *rows]
    widths = [max(len(row[place]) for row in cells) for place in range(len(HEAD))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
                     for row in cells)
