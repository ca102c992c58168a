"""The design's map: who may import whom, as the package's docstring says it."""
import ast
from functools import cache
from pathlib import Path

import pytest

import emulator

ROOT = Path(emulator.__file__).parent
LINES = [line.split() for line in (emulator.__doc__ or "").splitlines() if line.startswith("    ")]
LEVEL = {name: level for level, line in enumerate(LINES) for name in line}
FILES = sorted(ROOT.rglob("*.py"))
NAMES = [str(path.relative_to(ROOT)) for path in FILES]


def part(path: Path) -> str:
    """The name in the map that a file belongs to."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@cache
def imports(path: Path) -> frozenset[str]:
    """Whatever a file imports, anywhere in it, by its absolute name."""
    package = ["emulator", *path.relative_to(ROOT).parts[:-1]]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[:len(package) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            found.update(f"{origin}.{alias.name}" for alias in node.names)
    return frozenset(found)


def own(path: Path) -> set[str]:
    """The names in the map that a file imports."""
    found = {name.split(".")[1] for name in imports(path) if name.startswith("emulator.")}
    return {name for name in found if not name.startswith("__")} - {part(path)}


def test_the_map_has_every_module_once_and_no_others() -> None:
    parts = {part(path) for path in FILES} - {"__init__", "__main__"}
    assert sorted(name for line in LINES for name in line) == sorted(parts)


@pytest.mark.parametrize("path", [path for path in FILES if part(path) not in ("__init__", "__main__")], ids=str)
def test_a_module_imports_from_the_lines_above_it_only(path: Path) -> None:
    level = LEVEL[part(path)]
    assert {name: LEVEL.get(name) for name in own(path) if LEVEL.get(name, level) >= level} == {}


def test_the_package_itself_imports_nothing() -> None:
    assert imports(ROOT / "__init__.py") == frozenset()


@pytest.mark.parametrize("library, places", [("flask", {"web", "server"}), ("sqlite3", {"store"}), ("sqlite_utils", {"store", "cli"}),
                                             ("gunicorn", {"server", "worker"}), ("httpcore", {"sender"}),
                                             ("click", {"cli", "remote"})])
def test_a_library_is_known_in_its_place_only(library: str, places: set[str]) -> None:
    assert {part(path) for path in FILES if any(name.split(".")[0] == library for name in imports(path))} <= places


def test_only_the_clock_reads_the_real_time() -> None:
    readers = {name for path, name in zip(FILES, NAMES) for used in ("time.time(", "time.time_ns(", "datetime.now(", "date.today(")
               if used in path.read_text(encoding="utf-8")}
    assert readers == {"clock.py"}


def test_sql_is_written_in_the_store_only() -> None:
    writers = {part(path) for path in FILES for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
               if isinstance(node, ast.Constant) and isinstance(node.value, str)
               and node.value.lstrip().startswith(("SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM ", "PRAGMA ", "BEGIN "))}
    assert writers <= {"store"}
