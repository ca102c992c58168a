"""What makes a payment end so or so: test cards and response codes, payment codes of wallets, amounts of terminals; all searchable."""
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from flask import Response, request

from ...base import money
from ...domain.wallets import PREFIXES, TEST_CODES
from ...protocol.response_codes import RESPONSE_CODES, CardStatus
from ...protocol.test_cards import grouped, test_cards
from ...terminal import AMOUNT_TRIGGERS, MESSAGES, Result
from .frame import Page, blueprint, show, texts

TEXTS = (
    ("cards", "Cards and codes", "测试卡与返回码"),
    ("crd_lead", "Any validity in the future and any security code of the right length go with a test card. Real cards are refused.",
     "测试卡可使用任意未来有效期和位数正确的安全码。真实卡会被拒绝。"),
    ("crd_hint", "Code, number, message, status", "返回码、卡号、信息、状态"),
    ("crd_cards", "Test cards", "测试卡"),
    ("crd_card", "Card", "卡号"),
    ("crd_code", "Code", "返回码"),
    ("crd_means", "What it does", "结果"),
    ("crd_codes", "Response codes", "返回码"),
    ("crd_message", "Message", "信息"),
    ("crd_payer", "What the payer is told", "向付款人显示"),
    ("crd_wallets", "Payment codes of wallets", "钱包付款码"),
    ("crd_wallets_more", "For tgpaybarcode: any other code of the wallet's form is paid at once.", "用于 tgpaybarcode：其他符合格式的付款码会立即支付成功。"),
    ("crd_wallet", "Wallet", "钱包"),
    ("crd_amounts", "Amounts of terminals", "终端特殊金额"),
    ("crd_amounts_more", "For tgpaywebtoterminal: any other amount is approved.", "用于 tgpaywebtoterminal：其他金额均批准。"),
)
PAGE = Page("cards", "M3 6h18v12H3zM3 10h18M6 15h4", TEXTS)
COLOURS: Mapping[str, str] = {
    CardStatus.SUCCESS: "good", **dict.fromkeys((CardStatus.PENDING, CardStatus.PENDING_REVIEW), "wait"), CardStatus.FAILED: "bad",
    "refused": "bad"}


@dataclass(frozen=True)
class Amount:
    """A row of the amounts of terminals."""

    amount: str
    result: Result
    issuer_code: str
    means: str


@blueprint.get("/cards")
def cards() -> Response:
    """Every table; rows that have not all words of the search are there and hidden, for a script that searches on."""
    asked = request.args.get("search", "").strip()
    wanted, told = asked.casefold().split(), texts().told

    def fits(*said: str) -> bool:
        text = " ".join((*said, *map(told, said))).casefold()
        return all(word in text for word in wanted)
    said = [(card, fits(card.number, grouped(card.number), card.code, card.brand, card.message, card.status, card.means))
            for card in test_cards()]
    codes = [(row, fits(row.code, row.message, row.section, row.status, *row.shown))
             for row in RESPONSE_CODES.values()]
    return show("cards", "cards", asked=asked, tables=(
        ("cards", said), ("codes", codes), ("wallets", [(row, fits(*row)) for row in wallets()]),
        ("amounts", [(row, fits(row.amount, row.result, row.issuer_code, row.means)) for row in amounts()])),
        grouped=grouped, colours=COLOURS)


def wallets() -> Iterator[tuple[str, str, str]]:
    """Payment codes that make a buyer behave: wallet, code, and what the buyer does."""
    for wallet, prefix in PREFIXES.items():
        for row in TEST_CODES:
            yield wallet, prefix + row.ending, row.means


def amounts() -> Iterator[Amount]:
    """Amounts that a terminal's host answers otherwise."""
    for amount, answer in AMOUNT_TRIGGERS.items():
        yield Amount(money.text(amount), answer.result, answer.issuer_code, answer.message or MESSAGES[answer.result])
