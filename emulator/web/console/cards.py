"""The inputs that give a payment a certain result, in searchable tables.

They are test cards, response codes, payment codes of wallets, and amounts at terminals.
"""
from collections.abc import Iterator, Mapping

from flask import Response, request
from msgspec import Struct

from ...base import money
from ...domain.wallets import PREFIXES, TEST_CODES
from ...protocol import response_codes
from ...protocol.response_codes import RESPONSE_CODES, CardStatus, ResponseCode
from ...protocol.test_cards import TestCard, grouped, test_cards
from ...terminal import AMOUNT_TRIGGERS, MESSAGES, Result
from ..texts import Texts
from .frame import Page, blueprint, show, texts

PAGE = Page("cards", "M3 6h18v12H3zM3 10h18M6 15h4")
COLOURS: Mapping[str, str] = {
    CardStatus.SUCCESS: "good", **dict.fromkeys((CardStatus.PENDING, CardStatus.PENDING_REVIEW), "wait"),
    CardStatus.FAILED: "bad", "refused": "bad"}


class Amount(Struct, frozen=True):
    """An amount with a special result at terminals; `amount` is decimal text in major units."""

    amount: str
    result: Result
    issuer_code: str
    means: str


@blueprint.get("/cards")
def cards() -> Response:
    """The page with all tables.

    Rows without all words of the search are hidden but present, because a script continues the search.
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
    tables = (("cards", of_cards), ("codes", codes), ("wallets", of_wallets), ("amounts", of_terminals))
    sources = (("crd_code", response_codes.SOURCE), ("state", response_codes.STATUS_SOURCE))
    return show("cards", "cards", asked=asked, grouped=grouped, colours=COLOURS, advice=_in_chinese,
                tables=tables, sources=sources)


def _of_card(row: TestCard, said: Texts) -> Iterator[str]:
    """The words by which a test card is found."""
    yield from (row.number, grouped(row.number), row.code, row.brand, row.status, row.message, row.means)
    yield said.message(row.message)
    yield said.told(row.means, "card", *row.keys)


def _in_chinese(row: ResponseCode) -> str:
    """The Chinese advice to the payer, which the English page shows too."""
    return Texts("zh").told("", "advice", row.advice.name)


def wallets() -> Iterator[tuple[str, str, str]]:
    """The test payment codes: wallet, code, and the buyer's behaviour."""
    for wallet, prefix in PREFIXES.items():
        for row in TEST_CODES:
            yield wallet, prefix + row.ending, row.means


def amounts() -> Iterator[Amount]:
    """The amounts with a special result at terminals."""
    for amount, answer in AMOUNT_TRIGGERS.items():
        yield Amount(money.text(amount), answer.result, answer.issuer_code,
                     answer.message or MESSAGES[answer.result])
