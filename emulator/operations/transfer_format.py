"""The file of an export: JSON lines in gzip, from the first to the last read and written as a stream.

The first line is the header: format, versions, when it was made, settings, clocks, the merchants and the
numbers of their rows. Each part begins with a line that names merchant, table and columns; its rows follow,
each a list of values. The last line has the number of rows and the checksums: `content` of all lines between
it and the header, `sha256` of all lines before it. The same state gives the same lines after the header.
"""
import gzip
import hashlib
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any

import msgspec
from msgspec import Struct

from ..domain.errors import Invalid
from ..store.columns import to_json

FORMAT, VERSION = "tgpay-emulator-export", 1
MOST_PACKED = 512 * 1024 * 1024  # bytes of a file
MOST_UNPACKED = 4 * 1024 * 1024 * 1024  # bytes of its lines
LONGEST_LINE = 32 * 1024 * 1024  # bytes
MOST_AT_ONCE = 1024 * 1024  # bytes of lines that are read together
PIECE = 64 * 1024
_GZIP = 31  # zlib's number for the format of gzip, whose header then has no time and no name
_END = b'{"rows"'  # how the last line begins
NAME = "file"  # how errors call it


class MerchantRow(Struct, frozen=True):
    """A merchant in the header: the instant that its clock shows (milliseconds), and its state.

    Without a clock of its own, `distance_ms` is None. `frozen_ms` is the instant at which its own clock
    stands.
    """

    merchants_id: str
    now_ms: int
    distance_ms: int | None = None
    frozen_ms: int | None = None


class TableRow(Struct, frozen=True):
    """A table in the header: how many rows it has in the file, and their lowest and highest id."""

    rows: int
    ids: tuple[int, int] | None = None


class Header(Struct, frozen=True):
    """The first line. Instants are ISO 8601; a `seed` that is masked is None."""

    format: str
    version: int
    product: str
    schema: int
    made_at: str
    now: str
    clock: Mapping[str, int | None]
    secrets: bool
    seed: str | None
    settings: Mapping[str, str]
    merchants: list[MerchantRow]
    tables: Mapping[str, TableRow]

    @property
    def rows(self) -> int:
        """The number of rows in the file."""
        return sum(table.rows for table in self.tables.values())


class PartRow(Struct, frozen=True, forbid_unknown_fields=True):
    """The line before the rows of a merchant in a table."""

    merchants_id: str
    table: str
    columns: list[str]


class End(Struct, frozen=True, forbid_unknown_fields=True):
    """The last line."""

    rows: int
    content: str
    sha256: str


class _Head(Struct, frozen=True):
    """What every version of the format has in its first line."""

    format: str
    version: int
    product: str = "another version"


class Part(Struct, frozen=True):
    """Some rows of a merchant in a table."""

    merchants_id: str
    table: str
    columns: list[str]
    rows: list[list[Any]]


def packed(header: Header, parts: Iterable[Part]) -> Iterator[bytes]:
    """The bytes of a file with these parts, piece by piece; parts of one merchant and table are together."""
    packer, waiting = zlib.compressobj(6, zlib.DEFLATED, _GZIP), b""
    for line in _lines(header, parts):
        waiting += packer.compress(line)
        if len(waiting) >= PIECE:
            yield waiting
            waiting = b""
    yield waiting + packer.flush()


def _lines(header: Header, parts: Iterable[Part]) -> Iterator[bytes]:
    content, rows = hashlib.sha256(), 0
    first = _line(header)
    whole, place = hashlib.sha256(first), ("", "")
    yield first
    for part in parts:
        values: list[Any] = list(part.rows)
        rows += len(values)
        if place != (place := (part.merchants_id, part.table)):
            values.insert(0, PartRow(part.merchants_id, part.table, part.columns))
        for value in values:
            line = _line(value)
            content.update(line)
            whole.update(line)
            yield line
    yield _line(End(rows, content.hexdigest(), whole.hexdigest()))


def _line(value: Any) -> bytes:
    return to_json(value).encode() + b"\n"


def damaged(why: str) -> Invalid:
    """The error for a file that is not as it was written."""
    return Invalid({NAME: why}, f"the file is damaged: {why}; nothing was imported")


def refused(why: str) -> Invalid:
    """The error for a file that cannot be imported here."""
    return Invalid({NAME: why}, f"{why}; nothing was imported")


class Unpacked:
    """A file that is read from its beginning. Raises Invalid if it is none of ours, damaged or too large."""

    def __init__(self, file: IO[bytes]) -> None:
        file.seek(0)
        self._file = gzip.GzipFile(fileobj=file, mode="rb")
        self._left = MOST_UNPACKED
        self._whole, self._content = hashlib.sha256(), hashlib.sha256()
        try:
            first = self._line()
            head = msgspec.json.decode(first, type=_Head)
        except (Invalid, ValueError, RecursionError):
            raise _no_export() from None
        if head.format != FORMAT:
            raise _no_export()
        if head.version != VERSION:
            raise refused(f"the file was exported by tgpay-emulator {head.product} in format {head.version}, "
                          f"and this one reads format {VERSION}")
        try:
            self.header = msgspec.json.decode(first, type=Header)
        except (ValueError, RecursionError) as error:
            raise damaged(f"its first line cannot be read ({error})") from None
        self._whole.update(first)

    def parts(self) -> Iterator[Part]:
        """The rows of the file, some at a time; at the end the checksums are compared."""
        part, rows, number, size = PartRow("", "", []), list[list[Any]](), 0, 0
        while True:
            line = self._line()
            is_row = line.startswith(b"[")
            if rows and (not is_row or size >= MOST_AT_ONCE):
                yield Part(part.merchants_id, part.table, part.columns, rows)
                rows, size = [], 0
            if line.startswith(_END):
                self._end(_read(line, End), number)
                return
            self._whole.update(line)
            self._content.update(line)
            if is_row:
                rows.append(_read(line, list[Any]))
                number, size = number + 1, size + len(line)
            else:
                part = _read(line, PartRow)

    def _end(self, end: End, rows: int) -> None:
        told = (end.rows, end.content, end.sha256)
        if told != (rows, self._content.hexdigest(), self._whole.hexdigest()) or rows != self.header.rows:
            raise damaged("its checksum is not that of its rows")
        if self._read(1):
            raise damaged("something follows after its end")

    def _line(self) -> bytes:
        """The next line. Raises Invalid."""
        line = self._read(LONGEST_LINE)
        if not line.endswith(b"\n"):
            raise damaged("a line is too long" if len(line) >= LONGEST_LINE else "it is cut off")
        return line

    def _read(self, most: int) -> bytes:
        try:
            line = self._file.readline(most)
        except (OSError, EOFError, zlib.error):
            raise damaged("it is cut off or changed") from None
        self._left -= len(line)
        if self._left < 0:
            raise refused(f"the file unpacks to more than {MOST_UNPACKED // 1024**3} GiB")
        return line


def _no_export() -> Invalid:
    return refused("the file is not an export of tgpay-emulator")


def _read(line: bytes, kind: Any) -> Any:
    try:
        return msgspec.json.decode(line, type=kind)
    except (ValueError, RecursionError):
        raise damaged("a line cannot be read") from None
