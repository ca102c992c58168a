"""Rules of style that a tool can check: sizes, docstrings, and expressions that are hard to read."""
import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import tgpay_emulator

ROOT = Path(tgpay_emulator.__file__).parent
FOLDERS = ("base", "signing", "protocol", "diagnosis", "terminal", "scenarios", "domain", "store",
           "operations", "gateway",
           "web", "server", "cli", "testing")
MODULES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
MOST_LINES_IN_MODULE, MOST_LINES_IN_FUNCTION = 300, 60
MEDIAN, NINE_OF_TEN = 8, 25
# The emulator's rules were once numbered in a text that readers of the repository do not have.
REFERENCE = re.compile(r"contract,? (?:section )?\d", re.IGNORECASE)
Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def place(path: Path, node: ast.AST) -> str:
    """Where something is, as editors open it."""
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"


def functions() -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path in MODULES:
        for node in ast.walk(tree(path)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield path, node


def public(node: Documented) -> Iterator[Documented]:
    """The node and the public classes, functions and methods in it, but for those within functions."""
    yield node
    for child in node.body:
        if (isinstance(child, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
                and not child.name.startswith("_")):
            yield from public(child) if isinstance(child, ast.ClassDef) else [child]


def test_the_folders_are_there() -> None:
    assert {path.parent.relative_to(ROOT).parts[0] for path in MODULES} == set(FOLDERS)


def test_modules_are_short() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
               for path in MODULES}
    assert {path: length for path, length in lengths.items() if length > MOST_LINES_IN_MODULE} == {}


def test_functions_are_short() -> None:
    lengths = {place(path, node): (node.end_lineno or 0) - node.lineno + 1 for path, node in functions()}
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES_IN_FUNCTION} == {}
    ordered = sorted(lengths.values())
    assert ordered[len(ordered) // 2] <= MEDIAN
    assert ordered[len(ordered) * 9 // 10] <= NINE_OF_TEN


def test_no_conditional_expression_is_inside_another() -> None:
    nested = {place(path, outer) for path in MODULES
              for outer in ast.walk(tree(path)) if isinstance(outer, ast.IfExp)
              for inner in ast.walk(outer) if isinstance(inner, ast.IfExp) and inner is not outer}
    assert nested == set()


def test_every_module_and_public_class_function_and_method_has_a_docstring() -> None:
    without = [place(path, node) for path in MODULES
               for node in public(tree(path)) if not ast.get_docstring(node)]
    assert without == []


def test_texts_cite_the_document_only() -> None:
    citing = [f"{path.relative_to(ROOT)}:{number}" for path in MODULES
              for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
              if REFERENCE.search(line)]
    assert citing == []
