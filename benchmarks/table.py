"""Rows of results: what was measured, its target, whether it is met."""
import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

MEETS = {">=": operator.ge, "<=": operator.le, "<": operator.lt}


@dataclass(frozen=True)
class Row:
    """One result; `value` is None when it could not be measured, and `detail` says why, or what the value was
    made of. `spread` are the least and the greatest ratio of a round. Without a `target` it is only told.
    """

    measure: str
    what: str
    value: float | None
    unit: str
    relation: str
    target: float | None
    detail: str = ""
    spread: tuple[float, float] | None = None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None when nothing was measured, or there is none."""
        if self.value is None or self.target is None:
            return None
        return bool(MEETS[self.relation](self.value, self.target))

    def as_json(self) -> dict[str, Any]:
        """The row as data."""
        return {**vars(self), "met": self.met}

    def as_text(self) -> tuple[str, ...]:
        """The row as the cells of a table."""
        value = "-" if self.value is None else f"{self.value:.4g} {self.unit}"
        if self.spread:
            value += " ({:.2f} to {:.2f})".format(*self.spread)
        verdict = {True: "met", False: "MISSED", None: "skipped" if self.value is None else ""}[self.met]
        target = "" if self.target is None else f"{self.relation} {self.target:.4g} {self.unit}"
        return self.measure, self.what, value, target, verdict, self.detail


HEAD = ("measure", "what", "value", "target", "", "made of")


def printed(rows: Iterable[Sequence[str]]) -> str:
    """Rows of text in columns."""
    cells = [HEAD, *rows]
    widths = [max(len(row[place]) for row in cells) for place in range(len(HEAD))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
                     for row in cells)
