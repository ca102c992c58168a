"""What the console says: each text once, in both languages, and a word for everything that can happen."""

from tgpay_emulator.domain.discrepancies import INJECTIONS
from tgpay_emulator.domain.orders import Event
from tgpay_emulator.operations.outbox import DELIVERED
from tgpay_emulator.terminal import State
from tgpay_emulator.web.console import NAVIGATION
from tgpay_emulator.web.console.words import ROWS
from tgpay_emulator.web.control.trades import CARD_ACTS

from ..tables import every_row

TEXTS = [*ROWS, *(row for page in NAVIGATION for row in page.texts)]
NAMES = [name for name, _, _ in TEXTS]
SAID = [*(f"event_{event}" for event in Event), *(f"step_{state}" for state in State if state is not State.IDLE),
        *(f"{word}_{act}" for act in (*CARD_ACTS, "cancel", "refund") for word in ("act", "done")),
        *(f"injected_{name}" for name in INJECTIONS),
        *(f"notification_{status}" for status in ("pending", DELIVERED, "failed")), *(page.name for page in NAVIGATION)]


def test_no_text_stands_there_twice() -> None:
    assert [name for name in set(NAMES) if NAMES.count(name) > 1] == []


def test_every_text_is_there_in_both_languages() -> None:
    assert [name for name, english, chinese in TEXTS if not english.strip() or not chinese.strip()] == []
    assert [english for _, english, _ in TEXTS if not english.replace("中文", "").isascii()] == []


@every_row("name", SAID)
def test_there_is_a_word_for_everything_that_can_happen(name: str) -> None:
    assert name in NAMES
