"""The three kinds of orders: each has the same functions in a module of its own.

Nobody else asks which kind an order is of.
"""
import ast
import inspect
from collections.abc import Iterator
from types import ModuleType

import pytest

from tgpay_emulator.domain import kinds as domain
from tgpay_emulator.domain.orders import Order
from tgpay_emulator.domain.wallet_orders import WalletOrder
from tgpay_emulator.operations import kinds as operations
from tgpay_emulator.store import orders as store

from .test_map import MODULES

KIND_NAMES = sorted(domain.KINDS)
OF_DOMAIN = sorted(Order.__abstractmethods__)
OF_OPERATIONS = sorted(name for name in vars(operations.KindOfPayments) if not name.startswith("_"))
CLASSES = {"Order", *(kind.__name__ for kind in domain.KINDS.values())}
OWN_FIELDS = ("card", "terminal", "transaction")
# The modules of kinds, and what two of them share.
ABOUT_KINDS = {
    "domain.orders", "domain.kinds", "operations.kinds", "operations.terminal_transactions",
    *(f"domain.{kind}_orders" for kind in KIND_NAMES),
    *(f"operations.{kind}_payments" for kind in KIND_NAMES)}
# Elsewhere `card` is something else: the number of a card that a rule asks about.
OTHER_CARDS = {"scenarios"}
ELSEWHERE = {name: path for name, path in MODULES.items()
             if name not in ABOUT_KINDS and name.partition(".")[0] not in OTHER_CARDS}


def conditions(tree: ast.AST) -> Iterator[ast.expr]:
    """Every expression whose truth, or whose being None, decides something."""
    for node in ast.walk(tree):
        if isinstance(node, ast.If | ast.IfExp | ast.While | ast.Assert):
            yield node.test
        elif isinstance(node, ast.BoolOp):
            yield from node.values
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield node.operand
        elif isinstance(node, ast.comprehension):
            yield from node.ifs
        elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Is | ast.IsNot):
            yield node.left
        elif is_call_of(node, "bool"):
            yield from node.args


def type_tests(source: str) -> list[str]:
    """Where code asks whether an order has a card, a terminal or a transaction, or which class it is of."""
    tree = ast.parse(source)
    nodes = list(ast.walk(tree))
    decisive = conditions(tree)
    by_field = [node for node in decisive if isinstance(node, ast.Attribute) and node.attr in OWN_FIELDS]
    calls = [node for node in nodes if is_call_of(node, "isinstance", "issubclass")]
    by_class = [node for node in calls if CLASSES & names(node)]
    by_name = [node for node in nodes if isinstance(node, ast.Compare) and "KIND" in names(node)]
    return [ast.unparse(node) for node in (*by_field, *by_class, *by_name)]


def is_call_of(node: ast.AST, *functions: str) -> bool:
    """Whether this is a call of one of these functions."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in functions


def names(tree: ast.AST) -> set[str]:
    """Every name and every attribute that is read somewhere in a piece of code."""
    return {node.id if isinstance(node, ast.Name) else node.attr for node in ast.walk(tree)
            if isinstance(node, ast.Name | ast.Attribute)}


def public(kind: type[Order]) -> set[str]:
    """The names of an order's fields and functions."""
    names = {*dir(kind), *kind.__annotations__, *Order.__annotations__}
    return {name for name in names if not name.startswith("_")}


@pytest.mark.parametrize("source", [
    "if order.card: pass", "assert order.card", "assert order.card is not None",
    "x = 2 if order.card is None else 1",
    "x = not order.terminal", "x = order.terminal and now", "x = [each for each in orders if each.card]",
    "while found.order.terminal: pass", "x = bool(order.card)", "x = isinstance(order, CardOrder)",
    "x = isinstance(order, WalletOrder | CardOrder)", "x = order.KIND == 'card'"])
def test_a_test_of_the_kind_is_recognised(source: str) -> None:
    assert len(type_tests(source)) == 1


def test_nobody_else_asks_which_kind_an_order_is_of() -> None:
    found = {name: type_tests(path.read_text(encoding="utf-8")) for name, path in ELSEWHERE.items()}
    assert {name: tests for name, tests in found.items() if tests} == {}


def test_the_modules_of_kinds_are_there() -> None:
    assert sorted(ABOUT_KINDS - MODULES.keys()) == []


@pytest.mark.parametrize("name", OF_DOMAIN)
def test_an_order_of_every_kind_has_the_same_functions(name: str) -> None:
    meant = inspect.getattr_static(Order, name)
    for kind in domain.KINDS.values():
        own = vars(kind)[name]
        assert type(own) is type(meant)
        if not isinstance(own, property):
            assert list(inspect.signature(own).parameters) == list(inspect.signature(meant).parameters)


@pytest.mark.parametrize("name", OF_OPERATIONS)
def test_payments_of_every_kind_have_the_same_functions(name: str) -> None:
    meant = vars(operations.KindOfPayments)[name]
    for module in operations.KINDS.values():
        assert isinstance(module, ModuleType)
        own = vars(module)[name]
        if not isinstance(meant, property):
            assert own.__module__ == module.__name__
            assert list(inspect.signature(own).parameters) == list(inspect.signature(meant).parameters)[1:]


def test_the_tables_of_domain_and_operations_have_the_same_kinds() -> None:
    assert sorted(operations.KINDS) == KIND_NAMES
    assert all(name == kind.KIND for name, kind in domain.KINDS.items())


def test_a_wallet_order_knows_nothing_that_orders_of_other_kinds_do_not() -> None:
    assert public(WalletOrder) == public(Order)


@pytest.mark.parametrize("parts, kind", [
    ((), "wallet"), (("card",), "card"), (("terminal",), "terminal"), (("card", "terminal"), "card"),
    (("terminal", "card"), "card")])
def test_a_row_with_a_card_is_a_card_order_and_else_one_with_a_terminal_a_terminal_order(
         parts: tuple[str, ...], kind: str) -> None:
    assert store._kind(parts) == kind


@pytest.mark.parametrize("name", KIND_NAMES)
def test_every_kind_can_trigger_what_all_can(name: str) -> None:
    common = set(operations.OF_EVERY_KIND)
    assert common == {"pay", "decline", "expire", "close"} <= set(operations.KINDS[name].TRIGGERS)
