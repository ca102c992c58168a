"""The one place where money moves: one function writes rows of the ledger.

Their sum is what was paid minus what was given back, whatever happens to orders of every kind, in any order.
"""
import ast
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from .driver import VISA, Answer, Clock, Control, Shop
from .test_map import MODULES

READING = {"lines", "page", "truth"}


def uses_of_the_ledger(tree: ast.AST, within: str = "") -> Iterator[tuple[str, str]]:
    """Every use of the ledger's table: the method, empty where it is passed on, and the function around."""
    for node in ast.iter_child_nodes(tree):
        inside = f"{within}.{node.name}" if isinstance(node, ast.FunctionDef | ast.ClassDef) else within
        if isinstance(node, ast.Attribute) and is_the_table(node.value):
            yield node.attr, inside
        elif is_the_table(node):
            yield "", inside
        else:
            yield from uses_of_the_ledger(node, inside)


def is_the_table(node: ast.AST) -> bool:
    """Whether an expression is some tables' `ledger`; `lists.ledger` reads it for the console."""
    if not isinstance(node, ast.Attribute) or node.attr != "ledger" or not isinstance(node.ctx, ast.Load):
        return False
    return not (isinstance(node.value, ast.Attribute) and node.value.attr == "lists")


def test_one_function_writes_rows_of_the_ledger() -> None:
    uses = {name: uses_of_the_ledger(ast.parse(path.read_text("utf-8"))) for name, path in MODULES.items()}
    writers = {f"{name}{inside}" for name in uses for method, inside in uses[name] if method not in READING}
    assert writers == {"operations.payments.Payments.enter"}


def test_one_statement_writes_rows_of_the_ledger() -> None:
    texts = {name: path.read_text("utf-8") for name, path in MODULES.items()}
    found = {name: text.count("INTO ledger") for name, text in texts.items() if "INTO ledger" in text}
    assert found == {"store.orders": 1}


@dataclass
class Books:
    """What a merchant keeps by itself, from the answers that it gets; amounts in pence."""

    shop: Shop
    clock: Clock
    chance: random.Random
    moved: Counter[str] = field(default_factory=Counter)  # by order: what was paid minus what was given back
    waiting: list[str] = field(default_factory=list)
    paid: list[str] = field(default_factory=list)
    refunds: dict[str, tuple[str, int]] = field(default_factory=dict)  # on terminals: of which order
    cards: list[str] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)

    def amount(self) -> tuple[str, int]:
        """An amount as it is sent, and in pence."""
        pence = self.chance.randint(1, 3_000)
        return f"{pence / 100:.2f}", pence

    def one_of(self, numbers: list[str]) -> str:
        """One of these order numbers; of none a number that there is not."""
        return self.chance.choice(numbers or ["none"])

    def pay(self, number: str, pence: int, word: str) -> None:
        """Note that an order is paid."""
        self.moved[number] += pence
        self.paid.append(number)
        self.happened[word] += 1

    def give_back(self, number: str, pence: int, word: str) -> None:
        """Note that money of an order is given back."""
        self.moved[number] -= pence
        self.happened[word] += 1


def barcode(books: Books) -> None:
    amount, pence = books.amount()
    books.pay(books.shop.pay_by_barcode(amount)["out_trade_no"], pence, "barcode")


def card(books: Books) -> None:
    amount, pence = books.amount()
    answer = books.shop.card_payment(VISA, trans_amount=amount)
    books.cards.append(answer["out_trade_no"])
    books.pay(answer["out_trade_no"], pence, "card")


def waiting_order(books: Books) -> None:
    """An order that waits for its buyer: of a wallet or of a card."""
    amount, _ = books.amount()
    made = books.chance.choice([books.shop.qr_order, books.shop.prepay_order, books.shop.card_order])(amount)
    books.waiting.append(made["out_trade_no"])


def card_on_terminal(books: Books) -> None:
    amount, pence = books.amount()
    on_terminal = {"channel_type": "terminal", "terminal_id": books.shop.first_terminal}
    number = books.shop.card_order(amount, **on_terminal)["out_trade_no"]
    books.clock.advance("4s")
    books.cards.append(number)
    if books.shop.query(number)["trade_status"] == "TRADE_SUCCESS":
        books.pay(number, pence, "card on a terminal")


def at_terminal(books: Books, operation: str, amount: str | None, original: str = "") -> Answer:
    """The result of a transaction on a terminal."""
    params = {"original_out_trade_no": original} if original else {}
    number = books.shop.at_terminal(operation, amount, **params)["out_trade_no"]
    books.clock.advance("4s")
    return books.shop.query(number)


def sale(books: Books) -> None:
    amount, pence = books.amount()
    books.pay(at_terminal(books, "sale", amount)["out_trade_no"], pence, "sale")


def terminal_refund(books: Books) -> None:
    """A refund on a terminal, of one payment or of none."""
    original, (amount, pence) = books.chance.choice(["", books.one_of(books.paid)]), books.amount()
    answer = at_terminal(books, "refund", amount, original)
    if answer["trade_status"] == "AUTHORISED":
        about = original or answer["out_trade_no"]
        books.refunds[answer["out_trade_no"]] = about, pence
        books.give_back(about, pence, "linked refund" if original else "unlinked refund")


def sale_reversal(books: Books) -> None:
    number = books.one_of(books.paid)
    if at_terminal(books, "saleReversal", None, number)["trade_status"] == "AUTHORISED":
        books.give_back(number, books.moved[number], "sale reversed")


def refund_reversal(books: Books) -> None:
    number = books.one_of(list(books.refunds))
    if at_terminal(books, "refundReversal", None, number)["trade_status"] == "AUTHORISED":
        about, pence = books.refunds.pop(number)
        word = "unlinked refund reversed" if about == number else "linked refund reversed"
        books.give_back(about, -pence, word)


def refund(books: Books) -> None:
    """A refund by the gateway, of any order; asked for twice with one number it is one."""
    number, (amount, pence) = books.one_of([*books.paid, *books.waiting, *books.refunds]), books.amount()
    refund_id = f"{number}-{sum(books.happened.values())}"
    asked = [books.shop.refund(number, amount, out_refund_id=refund_id) for _ in range(2)]
    assert asked[0]["is_success"] == asked[1]["is_success"]
    if asked[0]["is_success"] == "T":
        books.give_back(number, pence, "refund")


def cancel(books: Books) -> None:
    number = books.one_of([*books.paid, *books.waiting, *books.refunds])
    if books.shop.cancel(number)["is_success"] == "T" and number in books.paid:
        books.give_back(number, books.moved[number], "cancelled")


def event(books: Books) -> None:
    """Somebody lets something happen to an order that may still wait."""
    number = books.one_of(books.waiting)
    name = books.chance.choice(["pay", "pay", "decline", "expire", "close"])
    answer = books.shop.happens(number, name)
    if answer.status == 200 and name == "pay":
        books.pay(number, round(float(answer.json["trans_amount"]) * 100), "paid by hand")


def chargeback(books: Books) -> None:
    """The issuer gives the money back, not the merchant: the ledger stays as it is."""
    books.happened["chargeback"] += books.shop.happens(books.one_of(books.cards), "chargeback").status == 200


def expiry(books: Books) -> None:
    """Every time limit passes; all that still waited is over unpaid."""
    books.clock.advance("3h")
    states = {books.shop.story(number)["status"] for number in books.waiting if number not in books.paid}
    assert states <= {"TRADE_CLOSED"}
    books.happened["expired"] += len(states)


ACTS: tuple[Callable[[Books], None], ...] = (
    barcode, card, waiting_order, waiting_order, card_on_terminal, sale, terminal_refund, terminal_refund,
    sale_reversal, refund_reversal, refund_reversal, refund, refund, cancel, event, event, chargeback)
TIMES = 5
EVERYTHING = {
    "barcode", "card", "card on a terminal", "sale", "linked refund", "unlinked refund", "sale reversed",
    "linked refund reversed", "unlinked refund reversed", "refund", "cancelled", "paid by hand", "chargeback",
    "expired"}


def test_in_any_order_of_events_the_ledger_is_what_was_paid_minus_what_was_given_back(
         control: Control, clock: Clock) -> None:
    happened: Counter[str] = Counter()
    for seed in range(3):
        clock.freeze()
        shop = control.shop()
        books = Books(shop, clock, random.Random(seed))
        acts = [*ACTS * TIMES, expiry, expiry]
        books.chance.shuffle(acts)
        for act in acts:
            act(books)
        entered: Counter[str] = Counter()
        for entry in control.get("/settlement", merchants_id=shop.merchants_id, limit=1_000)["items"]:
            entered[entry["out_trade_no"]] += round(float(entry["amount"]) * 100)
        assert +entered == +books.moved, seed
        assert -entered == -books.moved, seed
        happened += books.happened
        control.ask("DELETE", f"/merchants/{shop.merchants_id}")
    assert EVERYTHING - happened.keys() == set()
