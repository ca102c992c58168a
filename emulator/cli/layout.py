"""Rows as people and programs read them: aligned columns that fit a terminal, records, lines with tabs."""
import textwrap
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..base import clock, money

Rows = Sequence[Mapping[str, Any]]
Pair = tuple[str, str]
GAP = "  "
LOCAL_TIME = len("2026-01-31 20:00:00")
LEAST_WRAPPED = 16  # characters of a column whose text is wrapped
INSTANTS = frozenset(("at", "now", "first", "last", "created_at", "due_at", "settles_at", "paid_at",
                      "closed_at", "expires_at", "made_at", "started_at", "ended_at"))
AMOUNTS = frozenset(("trans_amount", "requested_amount", "refund_amount", "amount", "fee"))
HEADINGS = {
    "merchants_id": "merchant", "out_trade_no": "order", "terminal_sn": "terminal", "terminal_type": "model",
    "partner_transaction_id": "transaction", "notify_type": "type", "notify_url": "notify URL",
    "trans_amount": "amount", "requested_amount": "requested", "refund_amount": "refunded",
    "trade_status": "result", "status_code": "HTTP status", "took_ms": "ms", "answer": "response",
    "attended": "manual", "own": "own clock",
    "means": "meaning", "possible": "next steps", "token_is_new": "new token", "at": "time", "now": "time",
    "made_at": "time", "created_at": "created", "expires_at": "expires", "paid_at": "paid",
    "closed_at": "closed", "settles_at": "settled", "due_at": "next attempt", "started_at": "started",
    "ended_at": "ended"}
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def moment(written: str, zone: str) -> str:
    """An instant in ISO 8601 as people read it, in a time zone: `2026-01-31 20:00:00 +08:00`."""
    return clock.zoned(clock.from_iso(written), zone)


def price(written: str, currency: str) -> str:
    """An amount as people read it: `£1,300.00`, `-¥5.00`, `CHF 1.00`."""
    try:
        return money.display_of(written, currency)
    except ValueError:
        return written


def counted(number: int, thing: str, several: str = "") -> str:
    """A number with its noun: `1 order`, `1,200 orders`; `several` is a plural that does not end in s."""
    return f"{number:,} {thing if number == 1 else several or f'{thing}s'}"


def printable(text: str) -> str:
    """A text without characters that could do something to a terminal."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    combining = sum(unicodedata.combining(letter) > 0 for letter in text)
    return len(text) + wide - combining


def shown(row: Mapping[str, Any], name: str, zone: str) -> str:
    """The value of a column for people."""
    value = row.get(name)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name in INSTANTS:
        return moment(value, zone)
    if name in AMOUNTS:
        return price(value, row.get("currency", ""))
    return printable(_joined(value))


def _joined(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def heading(name: str) -> str:
    """The heading of a column for people."""
    return HEADINGS.get(name, name.replace("_", " "))


def tabbed(rows: Rows, columns: Sequence[str]) -> list[str]:
    """Lines for programs: the names of the columns, then the rows, with tabs between.

    Tabs, line breaks and backslashes in values are escaped by a backslash.
    """
    return ["\t".join(columns), *("\t".join(_plain(row.get(name)) for name in columns) for row in rows)]


def _plain(value: Any) -> str:
    """A value for programs; what a row does not have is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _joined(value).translate(ESCAPES)


def record(row: Mapping[str, Any], columns: Sequence[str], zone: str) -> list[Pair]:
    """A single row for people: a label and a value for each column that has one."""
    found = [(heading(name), shown(row, name, zone)) for name in columns]
    return [(label, text) for label, text in found if text]


def aligned(pairs: Iterable[Pair]) -> list[Pair]:
    """Pairs of a label and a text with the labels filled up to the same width."""
    known = list(pairs)
    widest = max((width(label) for label, _ in known), default=0)
    return [(_filled(label, widest, False), text) for label, text in known]


def table(rows: Rows, columns: Sequence[str], zone: str, room: int | None = None, least: Sequence[str] = (),
          wrapped: str = "") -> list[str]:
    """The lines of aligned columns, the first with their headings.

    If `room`, the width of the terminal, is not enough, the columns in `least` are left out one after the
    other, and the text of the column `wrapped` is broken into lines. Columns without any value are left out.
    """
    cells = {name: [shown(row, name, zone) for row in rows] for name in columns}
    headings = {name: _with_zone(name, cells[name]) for name in columns}
    present = [name for name in columns if not rows or any(cells[name])]
    for name in least:
        if room is None or _needed(present, cells, headings, wrapped) <= room:
            break
        present = [other for other in present if other != name]
    widths = {name: max(map(width, (headings[name], *cells[name]))) for name in present}
    if room is not None and wrapped in present:
        others = sum(size + len(GAP) for name, size in widths.items() if name != wrapped)
        widths[wrapped] = min(widths[wrapped], max(room - others, LEAST_WRAPPED))
    right = {name for name in present if name in AMOUNTS or _is_number(row.get(name) for row in rows)}
    lines = [_line({name: headings[name] for name in present}, widths, right)]
    for place in range(len(rows)):
        lines += _row_lines({name: cells[name][place] for name in present}, widths, right, wrapped)
    return lines


def _with_zone(name: str, cells: list[str]) -> str:
    """The heading of a column. If all its times have the same offset, that is in the heading alone."""
    offsets = {cell[LOCAL_TIME:] for cell in cells if cell}
    if name not in INSTANTS or len(offsets) != 1:
        return heading(name)
    cells[:] = [cell[:LOCAL_TIME] for cell in cells]
    return f"{heading(name)} (UTC{offsets.pop().strip()})"


def _is_number(values: Iterable[Any]) -> bool:
    found = [value for value in values if value is not None]
    return bool(found) and all(isinstance(value, (int, float)) and not isinstance(value, bool)
                               for value in found)


def _needed(present: Sequence[str], cells: Mapping[str, Sequence[str]], headings: Mapping[str, str],
            wrapped: str) -> int:
    """The columns of a terminal that a table takes, with a wrapped text as narrow as it may be."""
    sizes = {name: max(map(width, (headings[name], *cells[name]))) for name in present}
    if wrapped in sizes:
        sizes[wrapped] = min(sizes[wrapped], LEAST_WRAPPED)
    return sum(sizes.values()) + len(GAP) * (len(sizes) - 1)


def _row_lines(row: dict[str, str], widths: Mapping[str, int], right: set[str], wrapped: str) -> list[str]:
    """The lines of a row: one, or more if the text of the column `wrapped` is too long for one."""
    if wrapped not in row or width(row[wrapped]) <= widths[wrapped]:
        return [_line(row, widths, right)]
    first, *more = textwrap.wrap(row[wrapped], widths[wrapped])
    rest = [_line({name: part if name == wrapped else "" for name in row}, widths, right) for part in more]
    return [_line({**row, wrapped: first}, widths, right), *rest]


def _line(row: Mapping[str, str], widths: Mapping[str, int], right: set[str]) -> str:
    return GAP.join(_filled(row[name], widths[name], name in right) for name in row).rstrip()


def _filled(text: str, size: int, right: bool) -> str:
    space = " " * max(0, size - width(text))
    return f"{space}{text}" if right else f"{text}{space}"
