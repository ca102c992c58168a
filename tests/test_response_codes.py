"""Section 7.2's tables of response codes, held to a copy of them cell by cell; and the test cards that give
each code.
"""
import re
from pathlib import Path

import pytest

from tgpay_emulator.protocol import test_cards
from tgpay_emulator.protocol.response_codes import RESPONSE_CODES

from . import driver
from .tables import every_row

COLUMNS = ["code", "message", "section", "status", "shown_to_payer"]
ROWS = list(driver.RESPONSE_CODES.values())
CARDS = test_cards.test_cards()
PRINTED = Path(__file__).parents[2] / "shared" / "spec" / "response-codes.csv"
HAN = re.compile("[\\u4e00-\\u9fff]")


def test_the_copy_has_71_codes_of_four_digits():
    assert [list(row) for row in ROWS] == [COLUMNS] * 71
    assert [row["code"] for row in ROWS if not re.fullmatch(r"\d{4}", row["code"])] == []


@pytest.mark.skipif(not PRINTED.exists(), reason="the document's facts are not beside the repository")
def test_the_copy_is_the_document_s():
    assert (Path(__file__).parent / "vectors" / "response-codes.csv").read_bytes() == PRINTED.read_bytes()


def test_the_codes_are_those_of_the_copy_in_its_order():
    assert list(RESPONSE_CODES) == [row["code"] for row in ROWS]


@every_row("expected", ROWS, ids=[row["code"] for row in ROWS])
def test_a_code_equals_its_row_cell_by_cell(expected: dict[str, str]):
    row = RESPONSE_CODES[expected["code"]]
    cells = row.code, row.message, row.section, str(row.status), row.advice.sentence
    assert dict(zip(COLUMNS, cells)) == expected


def test_every_text_for_the_payer_has_a_chinese_one(base_url: str):
    rows = driver.Control(base_url).get("/codes")["items"]
    wrong = [row for row in rows if bool(row["shown_to_payer"]) != bool(HAN.search(row["shown_to_payer_zh"]))]
    assert wrong == [] and len(rows) == len(ROWS)


def test_the_statuses_are_those_of_the_contract():
    assert {str(row.status) for row in RESPONSE_CODES.values()} == {
        "success", "pending", "failed", "canceled", "expired"}


def test_test_cards_pass_the_luhn_check_and_are_unique():
    numbers = [card.number for card in CARDS]
    assert [number for number in numbers if driver.luhn_digit(number[:-1]) != number[-1]] == []
    assert len(set(numbers)) == len(numbers)


@every_row("code", driver.RESPONSE_CODES)
def test_every_code_has_a_test_card_that_names_it(code: str):
    card, = [card for card in CARDS if card.number == driver.card_of(code)]
    assert (card.code, card.message, card.brand) == (code, driver.RESPONSE_CODES[code]["message"], "Visa")


def test_the_plain_cards_are_those_of_the_contract():
    assert set(test_cards.PLAIN) == {
        "4000020951595032", "5204740000001002", "4111111111111111", "4242424242424242", "5555555555554444",
        "378282246310005", "3530111333300000", "6011111111111117", "30569309025904"}
    assert {card.brand for card in CARDS} == {"Visa", "Mastercard", "American Express", "JCB", "Discover",
                                              "Diners Club"}
