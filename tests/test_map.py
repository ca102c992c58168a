"""The design's map: who may import whom, as the package's docstring says it."""
import ast
import re
from functools import cache
from pathlib import Path

import pytest

import tgpay_emulator

from .tables import every_row

ROOT = Path(tgpay_emulator.__file__).parent
ROOMS = re.findall(r"^    (\w+)  +\S", tgpay_emulator.__doc__ or "", re.MULTILINE)
FILES = sorted(ROOT.rglob("*.py"))


def name_of(path: Path) -> str:
    """The dotted name of a module within the package; empty for the package itself."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix("__init__").rstrip(".")


MODULES = {name_of(path): path for path in FILES}


def part(path: Path) -> str:
    """The room that a file belongs to."""
    return name_of(path).partition(".")[0]


@cache
def imports(path: Path) -> frozenset[str]:
    """Whatever a file imports, anywhere in it, by its absolute name."""
    package = ["tgpay_emulator", *path.relative_to(ROOT).parts[:-1]]
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
    """The modules of ours that a file imports."""
    found = set()
    for name in imports(path):
        if name.startswith("tgpay_emulator."):
            within = name.removeprefix("tgpay_emulator.")
            found.add(within if within in MODULES else within.rpartition(".")[0])
    return found - {""}


def test_every_room_is_in_the_map_and_has_a_sentence_at_its_door() -> None:
    assert sorted(ROOMS) == sorted({part(path) for path in FILES} - {"", "__main__"})
    assert [room for room in ROOMS
            if not (ast.get_docstring(ast.parse(MODULES[room].read_text(encoding="utf-8"))) or "")] == []


@every_row("room", ROOMS)
def test_a_room_imports_from_those_above_it_only(room: str) -> None:
    below = ROOMS[ROOMS.index(room) + 1:]
    wrong = {name: {other for other in own(path) if other.partition(".")[0] in below}
             for name, path in MODULES.items() if part(path) == room}
    assert {name: others for name, others in wrong.items() if others} == {}


def rows_of(package: str) -> list[str]:
    """What the map at the door of a package lists, in its order; empty where it has none."""
    return re.findall(r"^    (\w+)  +\S",
                      ast.get_docstring(ast.parse(MODULES[package].read_text(encoding="utf-8"))) or "",
                      re.MULTILINE)


def children(package: str) -> set[str]:
    """The modules and packages right inside of a package."""
    return {name.removeprefix(f"{package}.").partition(".")[0]
            for name in MODULES if name.startswith(f"{package}.")}


PACKAGES = sorted(name for name, path in MODULES.items() if name and path.name == "__init__.py")
MAPPED = [package for package in PACKAGES if rows_of(package)]


def test_every_room_has_a_map() -> None:
    assert set(ROOMS) - set(MAPPED) == set()


@pytest.mark.parametrize("package", MAPPED)
def test_a_map_has_every_module_and_each_imports_from_those_above_it_only(package: str) -> None:
    rows = rows_of(package)
    assert sorted(rows) == sorted(children(package))
    wrong = []
    for name, path in MODULES.items():
        if not name.startswith(f"{package}."):
            continue
        row = name.removeprefix(f"{package}.").partition(".")[0]
        below = rows[rows.index(row) + 1:]
        wrong += [(name, other) for other in own(path) if other.startswith(f"{package}.")
                  and other.removeprefix(f"{package}.").partition(".")[0] in below]
    assert wrong == []


def test_only_units_of_work_write() -> None:
    """Operations, and a server that starts, open write transactions; no face does."""
    writers = {name for name, path in MODULES.items() if "store.write(" in path.read_text(encoding="utf-8")}
    assert {name.partition(".")[0] for name in writers} <= {"operations", "server"}


def test_no_module_imports_itself_in_a_circle() -> None:
    left = {name: own(path) - {name} for name, path in MODULES.items()}
    while free := {name for name, others in left.items() if not others & left.keys()}:
        for name in free:
            del left[name]
    assert left == {}


def test_the_package_itself_imports_nothing() -> None:
    assert imports(ROOT / "__init__.py") == frozenset()


@every_row("library, places",
           [("flask", {"web"}), ("sqlite3", {"store"}), ("sqlite_utils", {"store", "cli"}),
            ("gunicorn", {"server"}), ("httpcore", {"operations"}),
            ("click", {"cli"})])
def test_a_library_is_known_in_its_place_only(library: str, places: set[str]) -> None:
    assert {part(path) for path in FILES
            if any(name.split(".")[0] == library for name in imports(path))} <= places


def test_only_the_clock_reads_the_real_time() -> None:
    readers = {name for name, path in MODULES.items()
               for used in ("time.time(", "time.time_ns(", "datetime.now(", "date.today(")
               if used in path.read_text(encoding="utf-8")}
    assert readers == {"base.clock"}


def test_sql_is_written_in_the_store_only() -> None:
    writers = {part(path) for path in FILES for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
               if isinstance(node, ast.Constant) and isinstance(node.value, str)
               and node.value.lstrip().startswith(("SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM ",
                                                   "PRAGMA ", "BEGIN "))}
    assert writers <= {"store"}
