"""How commands print rows: as a table for people, or as TSV or JSON for programs."""
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from .layout import Pair

TABLE, TSV, JSON = "table", "tsv", "json"
FORMS = (TABLE, TSV, JSON)
NEW_LINE = "\n"


class Printer:
    """Prints in one of the forms. `zone` returns the time zone in which people read times."""

    def __init__(self, form: str | None = None, zone: Callable[[], str] = lambda: "UTC") -> None:
        self.form = form or (TABLE if sys.stdout.isatty() else TSV)
        self._zone = zone

    @property
    def is_json(self) -> bool:
        """Whether JSON is printed, which has all that is known."""
        return self.form == JSON

    @property
    def is_for_people(self) -> bool:
        """Whether a table is printed."""
        return self.form == TABLE

    @property
    def zone(self) -> str:
        """The time zone in which people read times."""
        return self._zone()

    def json(self, data: Any) -> None:
        """Print data as JSON."""
        click.echo(json.dumps(data, ensure_ascii=False, indent=2))

    def rows(self, rows: Sequence[Mapping[str, Any]], columns: Sequence[str], least: Sequence[str] = (),
             wrapped: str = "", people: Sequence[str] = (), none: str = "") -> None:
        """Print some columns of rows. For people they are those of `people` if it is given.

        `least` and `wrapped` say how a table is made narrower. `none` is the sentence for people when there
        is no row.
        """
        from . import layout  # serve needs none of it, and starts sooner without

        if not self.is_for_people:
            self._lines(layout.tabbed(rows, columns))
        elif not rows and none:
            click.echo(none)
        else:
            room = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
            head, *lines = layout.table(rows, people or columns, self.zone, room, least, wrapped)
            click.echo(bold(head))
            self._lines(lines)

    def row(self, row: Mapping[str, Any], columns: Sequence[str]) -> None:
        """Print some columns of a single row, as JSON all of it; for people each is on a line of its own."""
        from .layout import tabbed

        if self.is_json:
            self.json(row)
        elif self.is_for_people:
            self.record(row, columns)
        else:
            self._lines(tabbed([row], columns))

    def record(self, row: Mapping[str, Any], columns: Sequence[str]) -> None:
        """Print some columns of a single row for people, each that has a value on a line of its own."""
        from .layout import record

        self.sheet(record(row, columns, self.zone))

    def title(self, text: str, is_first: bool = False) -> None:
        """Print a title for people, after an empty line unless it is the first."""
        click.echo(f"{'' if is_first else NEW_LINE}{bold(text)}")

    def sheet(self, pairs: Iterable["Pair"]) -> None:
        """Print labels with texts for people, aligned."""
        from .layout import aligned

        for label, text in aligned(pairs):
            click.echo(f"{bold(label)}  {text}")

    @staticmethod
    def _lines(lines: Iterable[str]) -> None:
        for line in lines:
            click.echo(line)


def bold(text: str) -> str:
    """A text in bold type where people read it in a terminal with styles."""
    return text if os.environ.get("NO_COLOR") or not sys.stdout.isatty() else click.style(text, bold=True)


def note(sentence: str) -> None:
    """Print a sentence on standard error, beside the output that a program may read."""
    click.echo(sentence, err=True)
