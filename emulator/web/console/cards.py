"""What makes a payment end so or so: test cards and response codes, payment codes of wallets, amounts of
terminals; all searchable.
"""
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from flask import Response, request

from ...base import money
from ...domain.wallets import PREFIXES, TEST_CODES
from ...protocol.response_codes import RESPONSE_CODES, CardStatus, ResponseCode
from ...protocol.test_cards import TestCard, grouped, test_cards
from ...terminal import AMOUNT_TRIGGERS, MESSAGES, Result
from ..texts import Texts
from .frame import Page, blueprint, show, texts

PAGE = Page("cards", "M3 6h18v12H3zM3 10h18M6 15h4")
COLOURS: Mapping[str, str] = {
    CardStatus.SUCCESS: "good", **dict.fromkeys((CardStatus.PENDING, CardStatus.PENDING_REVIEW), "wait"),
    CardStatus.FAILED: "bad", "refused": "bad"}


@dataclass(frozen=True)
class Amount:
    """A row of the amounts of terminals."""

    amount: str
    result: Result
    issuer_code: str
    means: str


@blueprint.get("/cards")
def cards() -> Response:
    """Every table; rows that have not all words of the search are there and hidden, for a script that
    searches on.
    """
    asked = request.args.get("search", "").strip()
    said = texts()

    def fits(*words: str) -> bool:
        text = " ".join(words).casefold()
        return all(word in text for word in asked.casefold().split())
    of_cards = [(row, fits(*_of_card(row, said))) for row in test_cards()]
    codes = [(row, fits(row.code, row.section, row.status, row.message, said.message(row.message),
                        row.advice.sentence, _in_chinese(row))) for row in RESPONSE_CODES.values()]
    of_wallets = [(row, fits(*row, said.told(row[2], "wallet", row[1][-5:]))) for row in wallets()]
    of_terminals = [(row, fits(row.amount, row.result, row.issuer_code, row.means, said.message(row.means)))
                    for row in amounts()]
    return show("cards", "cards", asked=asked, grouped=grouped, colours=COLOURS, advice=_in_chinese, tables=(
        ("cards", of_cards), ("codes", codes), ("wallets", of_wallets), ("amounts", of_terminals)))


def _of_card(row: TestCard, said: Texts) -> Iterator[str]:
    """The words by which a test card is found."""
    yield from (row.number, grouped(row.number), row.code, row.brand, row.status, row.message, row.means)
    yield said.message(row.message)
    yield said.told(row.means, "card", *row.keys)


def _in_chinese(row: ResponseCode) -> str:
    """What the payer is told in Chinese, on the English page too."""
    return Texts("zh").told("", "advice", row.advice.name)


def wallets() -> Iterator[tuple[str, str, str]]:
    """Payment codes that make a buyer behave: wallet, code, and what the buyer does."""
    for wallet, prefix in PREFIXES.items():
        for row in TEST_CODES:
            yield wallet, prefix + row.ending, row.means


def amounts() -> Iterator[Amount]:
    """Amounts that a terminal's host answers otherwise."""
    for amount, answer in AMOUNT_TRIGGERS.items():
        yield Amount(money.text(amount), answer.result, answer.issuer_code,
                     answer.message or MESSAGES[answer.result])
