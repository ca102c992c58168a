"""The tables of the READMEs and of `docs` that are made from code: `python -m tests.tables_of_pages` writes
them anew.
"""
import re
from pathlib import Path

from tgpay_emulator.gateway import fidelity, reference

ROOT = Path(__file__).parent.parent
TABLES = {
    "settings": reference.settings_table(), "test cards": reference.test_cards_table(short=True),
    "first cards": reference.first_cards_table(), "payment codes": reference.payment_codes_table(),
    "scenarios": reference.scenarios_table()}
TABLE = re.compile(r"^<!-- table: ([\w ]+) -->\n((?:\|.*\n)*)", re.MULTILINE)
FIDELITY = ROOT / "docs" / "fidelity.md"


def pages() -> list[Path]:
    """The READMEs and the pages of `docs`."""
    return [*sorted(ROOT.glob("README*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def write() -> None:
    """Write every table where its mark is, and the page that is made as a whole."""
    for path in pages():
        text = path.read_text(encoding="utf-8")
        path.write_text(TABLE.sub(lambda found: f"<!-- table: {found[1]} -->\n{TABLES[found[1]]}\n", text),
                        encoding="utf-8")
    FIDELITY.write_text(fidelity.page(), encoding="utf-8")


if __name__ == "__main__":
    write()
