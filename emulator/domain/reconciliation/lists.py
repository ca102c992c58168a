"""Reads a merchant's list of payments from a CSV file: its own list, or an exported settlement file."""
import csv
import io
import re
from collections.abc import Iterator, Mapping

from .rows import row

NUMBERS = ("out_trade_no", "partner_transaction_id")
CELLS = (*NUMBERS, "amount", "fee", "settlement_date", "settlement_time")
EXPORTED = re.compile(r"(.+)_settlement_(\d{4}-\d\d-\d\d)_(\d{4}-\d\d-\d\d)\.csv")


class Unreadable(Exception):
    """A file cannot be read as a list; the message says why."""


def read(name: str, data: bytes) -> list[dict[str, str]]:
    """The rows of the list in a file, each with its non-empty cells that the check compares.

    Raises Unreadable with the file's name and the line.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[:error.start].count(b"\n") + 1
        raise Unreadable(f"{name}, line {line}: is not UTF-8") from error
    return list(_rows(name, text))


def _rows(name: str, text: str) -> Iterator[dict[str, str]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = _header(next(reader, []))
        for place, cells in enumerate(filter(None, reader), 1):
            yield _named(header, cells, place)
    except (csv.Error, ValueError) as error:
        raise Unreadable(f"{name}, line {max(reader.line_num, 1)}: {error}") from error


def _header(names: list[str]) -> list[str]:
    """The names of the columns. Raises ValueError when a necessary one is missing, or one is there twice."""
    header = [name.strip() for name in names]
    if "amount" not in header or not any(name in header for name in NUMBERS):
        raise ValueError(f"the first line must name the columns, amount and {' or '.join(NUMBERS)} among "
                         f"them, "
                         "with commas between")
    twice = next((name for name in CELLS if header.count(name) > 1), None)
    if twice:
        raise ValueError(f"the column {twice} is there twice")
    return header


def _named(header: list[str], cells: list[str], place: int) -> dict[str, str]:
    """A row by the names of its columns. Raises ValueError when it is wrong."""
    if len(cells) != len(header):
        raise ValueError(f"has {len(cells)} cells, the first line has {len(header)}")
    # Blanks around an order number are kept: they are part of it.
    written = {name: cell if name in NUMBERS else cell.strip() for name, cell in zip(header, cells)}
    named = {name: cell for name, cell in written.items() if cell and name in CELLS}
    row(place, named)
    return named


def from_file_name(name: str) -> Mapping[str, str]:
    """The `merchants_id`, `start_date` and `end_date` in the name of an exported file; empty for others."""
    exported = EXPORTED.fullmatch(name)
    return dict(zip(("merchants_id", "start_date", "end_date"), exported.groups())) if exported else {}
