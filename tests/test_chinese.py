"""What the tables say in English is told in Chinese on the Chinese pages (contract 5)."""

from tgpay_emulator import terminal
from tgpay_emulator.domain import wallets
from tgpay_emulator.gateway.endpoints import ENDPOINTS
from tgpay_emulator.protocol import response_codes, test_cards
from tgpay_emulator.protocol.endpoint_tables import Source
from tgpay_emulator.protocol.findings import RULES
from tgpay_emulator.scenarios import shipped, shipped_scenario, then_rows
from tgpay_emulator.signing.code_samples import REMEDIES
from tgpay_emulator.web.chinese import CHINESE
from tgpay_emulator.web.texts import Texts

from .tables import every_row

TABLES = [table for first in ENDPOINTS.values() for table in first.tables]
ROWS = [row for table in TABLES for row in table.params if row.name != "sign"]
CODES = response_codes.RESPONSE_CODES.values()
SAID = {
    "titles": {table.title for table in TABLES}, "fidelity": {source.value for source in Source},
    "notes": {table.note for table in TABLES if table.note}, "meanings of parameters": {row.meaning for row in ROWS},
    "formats": {row.format.name for row in ROWS if "enum" not in row.format.schema},
    "rules": {sentence for rule in RULES.values() for sentence in (rule.sentence, rule.change)},
    "sections of rules": {rule.section for rule in RULES.values() if " " in rule.section and "." not in rule.section},
    "messages of codes": {row.message for row in CODES},
    "test cards": {card.means for card in test_cards.test_cards()}, "payment codes": {code.means for code in wallets.TEST_CODES},
    "messages of terminals": {*terminal.MESSAGES.values(), *(answer.message for answer in terminal.AMOUNT_TRIGGERS.values())} - {""},
    "mistakes in a signature": set(REMEDIES),
    "scenarios": {shipped_scenario(name).summary for name in shipped()}, "keys of then": {meaning for _, _, meaning in then_rows()},
}
OF_THE_COURSE = {"No card was presented in time", "The card could not be read", "No PIN was typed in time", "The host was not reached",
                 "Original not found"}


@every_row("kind", SAID)
def test_every_sentence_has_its_chinese(kind: str) -> None:
    assert SAID[kind] and SAID[kind] - set(CHINESE) == set()


def test_no_sentence_is_translated_that_nobody_says() -> None:
    assert set(CHINESE) - set().union(OF_THE_COURSE, *SAID.values()) == set()


def test_a_chinese_page_marks_what_it_says_in_english() -> None:
    assert Texts("zh").said("<b>") == '<span lang="en">&lt;b&gt;</span>'
    assert (Texts("zh").said("Refund"), Texts("en").said("<b>"), Texts("zh").told("<b>")) == ("退款", "&lt;b&gt;", "<b>")
