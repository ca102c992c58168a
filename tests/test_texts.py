"""What pages say has one catalogue: each key that is used is there, in both languages, and no other."""
import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

import tgpay_emulator.web
from tgpay_emulator import terminal
from tgpay_emulator.domain import wallets
from tgpay_emulator.domain.discrepancies import INJECTIONS
from tgpay_emulator.domain.orders import Event
from tgpay_emulator.domain.reconciliation.sentences import SENTENCES
from tgpay_emulator.gateway.endpoints import ENDPOINTS
from tgpay_emulator.operations.kinds import EVENTS
from tgpay_emulator.operations.outbox import DELIVERED, FAILED, PENDING
from tgpay_emulator.protocol import response_codes, test_cards
from tgpay_emulator.protocol.codes import BUYER_FAILURES, REFUSALS, UNKNOWN
from tgpay_emulator.protocol.faults import FAULTS
from tgpay_emulator.protocol.parameters import Param, Source
from tgpay_emulator.protocol.findings import RULES
from tgpay_emulator.scenarios import shipped, shipped_scenario, then_rows
from tgpay_emulator.scenarios.conditions import LOOKUPS
from tgpay_emulator.signing.code_samples import CODE_SAMPLES
from tgpay_emulator.store.order_states import STATES as STATES_OF_ORDERS
from tgpay_emulator.terminal import Act, State
from tgpay_emulator.web.console import NAVIGATION
from tgpay_emulator.web.console.attempts import FORGED, STATES
from tgpay_emulator.web.console.try_it import TABLES
from tgpay_emulator.web.demo.belief import Belief
from tgpay_emulator.web.demo.goods import GOODS
from tgpay_emulator.web.demo.stories import STORIES, Place
from tgpay_emulator.web.documentation import pages as documentation
from tgpay_emulator.web.texts import (
    CONSOLE, LANGUAGES, PAYER, Texts, catalogue, messages, of_pages, of_tables, rule_keys)

WEB = Path(tgpay_emulator.web.__file__).parent
PAGES = {PAYER: WEB / "templates", CONSOLE: WEB / "templates" / "console"}
# What the history of an order and the explanation of a request may tell, by name.
DETAILS = {
    "amount", "attempt", "brand", "card", "card_status", "cny", "code", "entry", "error",
    "injected", "message", "operation", "partner_refund_id", "rate_limit", "reason", "requested",
    "result", "retry_after_ms", "steps", "terminal_sn", "trans_id", "transactionResultId", "until",
    "why", "wrong_codes"}
# The explanations of actions: of each event, and in some of the states that an order may be in.
MORE = {*EVENTS, "cancel", "cancel_paid", "pay_payer", "pay_terminal", "decline_payer", "decline_terminal",
        "approve_review", "refuse_review", "expire_review", "expire_terminal", "close_terminal"}
PLACEHOLDER = re.compile("#|%[a-z]|{[a-z_]*}")
OWN = {name for name in dir(Texts("en")) if not name.startswith("_")}
# Names that are put together from a word and what is shown, by the word.
FAMILIES = {
    PAYER: {
        "event_": {*map(str, Event)} - {"act", "end"}, "entry_": {"tap", "insert", "swipe"},
        "code_": {"plain", *(row.ending[-5:] for row in wallets.TEST_CODES)},
        "believes_": {*map(str, Belief)}, "notification_": {PENDING, DELIVERED, FAILED},
        "demo_": {"sent", "answered", "heard", "lost", "trouble", "broken", "late", *map(str, Place)},
        "asks_": {"tgpayqrcode", "tgpaybarcode", "tgpaybankcard", "tgpaywebtoterminal", "tgpayquery"},
        "says_": {"created", *map(str, Belief)}, "standing_": {"paid", "waiting", "refused"},
        "good_": set(GOODS),
        "story_": {name for story in STORIES for name in
                   (story.name, *(story.caption(step).removeprefix("story_") for step in story.steps))},
        "": {*map(str, State), *terminal.OPERATIONS, *wallets.WALLETS, str(terminal.Result.PARTIAL_APPROVAL),
             str(terminal.Result.UNDEFINED)}},
    CONSOLE: {
        "event_": {*map(str, Event)}, "step_": {*map(str, State)} - {"IDLE"},
        "act_": {*EVENTS, "cancel", "refund"}, "done_": {*EVENTS, "cancel", "refund"},
        "injected_": set(INJECTIONS), "due_": {"expire", "finish", "revoke", "pay", "fail", "chargeback"},
        "detail_": DETAILS, "operation_": set(terminal.OPERATIONS),
        "entry_": {"tap", "insert", "swipe"},
        "notification_": {*STATES, FORGED}, "fault_": set(FAULTS), "fault_more_": set(FAULTS),
        "more_": MORE, "set_": {"noticed", "missed", "not_told"},
        "outcome_": {"1001", "1002", "1003", UNKNOWN, *BUYER_FAILURES},
        "unit_": {"d", "h", "m", "s"}, "term_": {*map(str, (*State, *Act)), "OFFLINE"},
        "scn_": {"is", *filter(None, LOOKUPS)},
        "docs_": {*documentation.GROUPS, *documentation.SUBJECTS},
        "crd_": {"cards", "codes", "wallets", "amounts", "wallets_more", "amounts_more"},
        "": {*(page.name for page in NAVIGATION), "card", "response_code", "terminal"}}}


def names(pages: str) -> set[str]:
    return set(of_pages("en", pages))


def templates(pages: str) -> Iterator[nodes.Template]:
    for file in PAGES[pages].glob("*.html"):
        yield Environment().parse(file.read_text(encoding="utf-8"))


def said_in_templates(pages: str) -> set[str]:
    """The names after `texts.`, and the texts in brackets behind it."""
    found = set()
    for template in templates(pages):
        for node in template.find_all((nodes.Getattr, nodes.Getitem)):
            if not isinstance(node.node, nodes.Name) or node.node.name != "texts":
                continue
            if isinstance(node, nodes.Getattr):
                found.add(node.attr)
            elif isinstance(node.arg, nodes.Const):
                found.add(node.arg.value)
    return found - OWN


def modules(pages: str) -> Iterator[ast.Module]:
    folders = [WEB / "console", WEB / "documentation"] if pages == CONSOLE else [WEB, WEB / "demo"]
    files = [file for folder in folders for file in folder.glob("*.py")]
    return (ast.parse(file.read_text(encoding="utf-8")) for file in files)


def said_in_modules(pages: str) -> set[str]:
    """The names after `texts().`, and after what holds the texts of a language."""
    found = set()
    for module in modules(pages):
        for node in ast.walk(module):
            if isinstance(node, ast.Attribute):
                of = node.value.func if isinstance(node.value, ast.Call) else node.value
                if isinstance(of, ast.Name) and of.id in ("texts", "said") and node.attr not in dir(dict):
                    found.add(node.attr)
    return found - OWN


def words_of(pages: str) -> set[str]:
    """Every name and text constant of the modules and templates that make these pages."""
    found = said_in_templates(pages)
    for template in templates(pages):
        found |= {node.value for node in template.find_all(nodes.Const) if isinstance(node.value, str)}
    for module in modules(pages):
        for node in ast.walk(module):
            if isinstance(node, ast.Attribute):
                found.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


@pytest.mark.parametrize("pages", PAGES)
def test_every_text_that_a_page_names_is_in_the_catalogue(pages: str) -> None:
    assert (said_in_templates(pages) | said_in_modules(pages)) - names(pages) == set()
    together = {word + name for word, found in FAMILIES[pages].items() for name in found}
    assert together - names(pages) == set()


@pytest.mark.parametrize("pages", PAGES)
def test_no_text_is_in_the_catalogue_that_no_page_names(pages: str) -> None:
    together = {word + name for word, found in FAMILIES[pages].items() for name in found}
    assert names(pages) - together - words_of(pages) == set()


@pytest.mark.parametrize("pages", PAGES)
def test_the_languages_have_the_same_keys_with_the_same_placeholders(pages: str) -> None:
    english, chinese = (catalogue(language)[pages] for language in LANGUAGES)
    keys = [[(section, name) for section, texts in each.items() for name in texts]
            for each in (english, chinese)]
    assert keys[0] == keys[1]
    assert [name for name, times in Counter(name for _, name in keys[0]).items() if times > 1] == []
    assert set(of_pages("en", pages)) & OWN == set()
    for name, text in of_pages("en", pages).items():
        other = of_pages("zh", pages)[name]
        assert text.strip() and other.strip(), name
        assert Counter(PLACEHOLDER.findall(text)) == Counter(PLACEHOLDER.findall(other)), name
        assert text.replace("中文", "").replace("→", "").replace("←", "").isascii(), name


@pytest.mark.parametrize("pages", PAGES)
def test_a_sentence_ends_with_a_full_stop_in_both_languages(pages: str) -> None:
    english, chinese = of_pages("en", pages), of_pages("zh", pages)
    assert [name for name in english if english[name].endswith(".") != chinese[name].endswith("。")] == []


# English sentences of the tables, by kind and key. A parameter's key is its name, or has its table before.

def of_endpoints() -> Iterator[tuple[str, str, str]]:
    for key, table in TABLES.items():
        yield "endpoint", f"{key}.title", table.title
        if table.note:
            yield "endpoint", f"{key}.note", table.note


def of_rules() -> Iterator[tuple[str, str, str]]:
    for code, rule in RULES.items():
        yield "finding", f"{code}.rule", rule.sentence
        yield "finding", f"{code}.change", rule.change
        if "," in rule.section or not rule.section[0].isdigit():
            yield "finding", f"{code}.section", rule.section


def of_rows() -> Iterator[tuple[str, str, str]]:
    yield from of_endpoints()
    yield from of_rules()
    yield from (("source", source.value, source.value) for source in Source)
    yield from (("code", code, row.message) for code, row in response_codes.RESPONSE_CODES.items())
    advice = {row.advice for row in response_codes.RESPONSE_CODES.values()} - {response_codes.NOTHING}
    yield from (("advice", each.name, each.sentence) for each in advice)
    yield from (("wallet", row.ending[-5:], row.means) for row in wallets.TEST_CODES)
    yield from (("scenario", name, shipped_scenario(name).summary) for name in shipped())
    yield from (("rule", key, rule) for name in shipped() for rule, key in rule_keys(name).items())
    yield from (("then", name, meaning) for name, _, meaning in then_rows())
    yield from (("mistake", code, code) for code in CODE_SAMPLES)
    yield from (("reconciliation", key, pattern) for key, pattern in SENTENCES.items())
    yield from (("refusal", name, refusal.when) for name, refusal in REFUSALS.items())
    yield "card_reason", "scripted", test_cards.SCRIPTED_REASON
    yield from ((kind, key, message) for message, (kind, key) in messages().items()
                if kind in ("terminal", "card_reason", "delivery"))


def of_parameters() -> Iterator[tuple[str, Param]]:
    """Each parameter of a table, and those inside it, with the table's key."""
    for key, table in TABLES.items():
        for row in table.params:
            yield from ((key, each) for each in (row, *row.format.rows))


ROWS = list(of_rows())
PARAMETERS = list(of_parameters())
BY_KEYS = [
    *(("card", card.keys, card.means) for card in test_cards.test_cards()),
    *(("field", (f"{key}.{row.name}", row.name), row.meaning)
      for key, table in TABLES.items() for row in table.answer),
    *(("parameter", (f"{key}.{row.name}", row.name), row.meaning) for key, row in PARAMETERS),
    *(("format", (f"{key}.{row.name}", row.name, row.format.name), row.format.name)
      for key, row in PARAMETERS if "enum" not in row.format.schema)]


def test_every_row_of_the_tables_has_its_chinese_and_nothing_else_has() -> None:
    chinese = of_tables("zh")
    by_one_key = {(kind, key) for kind, key, _ in ROWS}
    by_first_key = {(kind, next((key for key in keys if key in chinese[kind]), keys))
                    for kind, keys, _ in BY_KEYS}
    assert {(kind, key) for kind, texts in chinese.items() for key in texts} == by_one_key | by_first_key


def test_a_key_stands_for_one_sentence_and_a_sentence_has_one_translation() -> None:
    english: dict[tuple[str, str], set[str]] = {}
    translated: dict[tuple[str, str], set[str]] = {}
    for kind, keys, sentence in [*((kind, (key,), sentence) for kind, key, sentence in ROWS), *BY_KEYS]:
        key = next(key for key in keys if key in of_tables("zh")[kind])
        english.setdefault((kind, key), set()).add(sentence)
        translated.setdefault((kind, sentence), set()).add(Texts("zh").told(sentence, kind, *keys))
    assert [key for key, sentences in english.items() if len(sentences) > 1] == []
    assert [key for key, texts in translated.items() if len(texts) > 1] == []


def test_the_places_of_a_sentence_are_those_of_its_translation() -> None:
    chinese = of_tables("zh")["reconciliation"]
    places = {key: [sorted(PLACEHOLDER.findall(text)) for text in (pattern, chinese[key])]
              for key, pattern in SENTENCES.items()}
    assert {key: found for key, found in places.items() if found[0] != found[1]} == {}


def test_every_table_of_an_endpoint_has_a_key() -> None:
    assert list(TABLES.values()) == [table for first in ENDPOINTS.values() for table in first.tables]


def test_a_chinese_page_marks_what_it_says_in_english() -> None:
    chinese, english = Texts("zh"), Texts("en")
    assert chinese.said("<b>") == '<span lang="en">&lt;b&gt;</span>'
    assert chinese.said("<b>", "code", "nothing") == '<span lang="en">&lt;b&gt;</span>'
    assert chinese.said("Refund", "endpoint", "tgpayrefund.title") == "退款"
    assert english.said("<b>") == "&lt;b&gt;"
    assert (chinese.told("<b>"), chinese.told("x", "code", "nothing", "3101")) == ("<b>", "卡号无效")


def test_messages_that_are_kept_as_sentences_are_translated_only_where_they_are_of_a_table() -> None:
    chinese = Texts("zh")
    assert chinese.message("Invalid card number") == "卡号无效"
    assert chinese.message("No card was presented in time") == "未及时出示银行卡"
    assert (chinese.message("stopped by the merchant"), chinese.message_said("a < b")) == \
        ("stopped by the merchant", '<span lang="en">a &lt; b</span>')
    assert chinese.card_reason_said("the test card of code 3084 was presented: declined") == \
        "出示了返回码 3084 的测试卡"
    assert chinese.card_reason_said("a plain success card") == "普通成功卡"
    assert chinese.message("A scenario rule forged the signature") == "场景规则伪造了签名"
    assert Texts("en").message_said("Invalid card number") == "Invalid card number"


def test_the_rules_of_bundled_scenarios_are_translated_and_others_are_not() -> None:
    chinese = Texts("zh")
    assert chinese.rule_of("terminal-busy-hour", "busy") == "终端忙"
    assert chinese.rule_of("terminal-busy-hour", "my rule") == "my rule"
    assert chinese.rule_of("my-scenario", "busy") == "busy"
    assert Texts("en").rule_of("terminal-busy-hour", "busy") == "busy"


def test_every_state_of_an_order_has_a_word() -> None:
    assert set(STATES_OF_ORDERS) - names(CONSOLE) == set()
