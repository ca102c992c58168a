"""The rows of the settlement file in which something is injected, beside the row that is expected."""
from collections.abc import Iterator

from msgspec import Struct

from ...base import clock, money
from ...domain.settlement import rows, safe
from ...protocol.faults import Discrepancy
from ...store.settlement import Line

COLUMNS = ("amount", "fee", "settlement", "rmb_settlement", "settlement_time", "type",
           "partner_transaction_id")  # what may differ comes first, for narrow screens
EXPECTED, IN_FILE, COPY = "set_expected", "set_in_file", "set_copy"
UNKNOWN, NO_ROW = "set_unknown", "set_no_row"


class Compared(Struct, frozen=True):
    """A row: the key of its name, and its cells, each with whether it differs from the expected one."""

    word: str
    cells: list[tuple[str, bool]]

    @property
    def differs(self) -> bool:
        """Whether anything in it is wrong."""
        return self.word in (COPY, UNKNOWN, NO_ROW) or any(wrong for _, wrong in self.cells)


def compared(line: Line, zone: str) -> list[Compared]:
    """The expected row of an entry, and the rows that the file has instead; `zone` is that of the file."""
    expected = _expected(line, zone)
    return [Compared(EXPECTED, [(expected[name], False) for name in COLUMNS]), *_in_file(line, expected)]


def _expected(line: Line, zone: str) -> dict[str, str]:
    truly_at = line.settles_at if line.true_settles_at is None else line.true_settles_at
    return {"partner_transaction_id": safe(line.partner_id), "type": line.kind,
            "amount": money.text(line.amount), "fee": money.text(line.fee),
            "settlement": money.text(line.amount - line.fee),
            "rmb_settlement": money.text(line.rmb_settlement),
            "settlement_time": clock.spaced(truly_at, zone)}


def _in_file(line: Line, expected: dict[str, str]) -> Iterator[Compared]:
    shown, injected = rows(line.line), line.injected.split()
    has_unknown = Discrepancy.UNKNOWN_ROW in injected
    own = shown[:-1] if has_unknown else shown
    for place, row in enumerate(own):
        cells = [(row[name], row[name] != expected[name]) for name in COLUMNS]
        yield Compared(COPY if place else IN_FILE, cells)
    if not own:
        yield Compared(NO_ROW, [("", False)] * len(COLUMNS))
    if has_unknown:
        yield Compared(UNKNOWN, [(shown[-1][name], True) for name in COLUMNS])
