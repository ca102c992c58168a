"""The tables of the READMEs and of `docs` that are made from code: `python -m tests.tables_of_pages` writes
them anew.
"""
import re
from collections.abc import Iterator
from pathlib import Path

from tgpay_emulator import scenarios
from tgpay_emulator.domain import wallets
from tgpay_emulator.gateway import fidelity, reference
from tgpay_emulator.protocol import test_cards
from tgpay_emulator.web.texts import Texts

ROOT = Path(__file__).parent.parent
TABLES = {
    "settings": reference.settings_table(), "test cards": reference.test_cards_table(short=True),
    "first cards": reference.first_cards_table(), "payment codes": reference.payment_codes_table(),
    "scenarios": reference.scenarios_table()}
TABLE = re.compile(r"^<!-- table: ([\w ]+) -->\n((?:\|.*\n)*)", re.MULTILINE)
# The headings of tables on Chinese pages.
HEADINGS = {"number": "卡号", "brand": "卡组织", "code": "返回码", "what happens": "结果", "scenario": "场景",
            "what it is for": "用途", "Alipay": "支付宝", "WeChat": "微信支付",
            "what the buyer does": "买家的情形"}
FIDELITY = ROOT / "docs" / "fidelity.md"


def pages() -> list[Path]:
    """The READMEs and the pages of `docs`."""
    return [*sorted(ROOT.glob("README*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def table(name: str, path: Path) -> str:
    """A table as a page has it: in Chinese on the pages in Chinese."""
    is_chinese = path.name.endswith(".zh.md") or path.parent.name == "zh"
    return chinese(TABLES[name]) if is_chinese else TABLES[name]


def chinese(rows: str) -> str:
    """A table with its headings and sentences in Chinese, as the console says them."""
    said = dict(_said())

    def cell(text: str) -> str:
        code, sentence = re.fullmatch(r"(`[^`]*` ?)?(.*)", text.strip()).groups("")
        return f" {code}{said.get(sentence, sentence)} "
    lines = [map(cell, line.strip("|").split(" | ")) for line in rows.split("\n")]
    return "\n".join("|".join(["", *cells, ""]) for cells in lines)


def _said() -> Iterator[tuple[str, str]]:
    """The Chinese of each heading and sentence of the tables, by its English."""
    zh = Texts("zh")
    yield from HEADINGS.items()
    for row in wallets.TEST_CODES:
        yield row.means, zh.told(row.means, "wallet", row.ending[-5:])
    for card in test_cards.test_cards():
        yield card.message, zh.message(card.message)
        yield card.means, zh.told(card.means, "card", *card.keys)
    for name, summary in scenarios.shipped_rows():
        yield summary, zh.told(summary, "scenario", name)


def write() -> None:
    """Write every table where its mark is, and the page that is made as a whole."""
    for path in pages():
        text = path.read_text(encoding="utf-8")
        written = TABLE.sub(lambda found: f"<!-- table: {found[1]} -->\n{table(found[1], path)}\n", text)
        path.write_text(written, encoding="utf-8")
    FIDELITY.write_text(fidelity.page(), encoding="utf-8")


if __name__ == "__main__":
    write()
