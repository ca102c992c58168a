"""The scenario files that come with the emulator: `scenarios/` of a checkout, `files` beside this module when it is installed."""
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from .judging import Scenario
from .kinds import near, quoted
from .reading import Invalid, parse

SUFFIX = ".toml"


def shipped() -> list[str]:
    """Their names, sorted."""
    return sorted(_files())


def shipped_scenario(name: str) -> Scenario:
    """The one of this name. Raises Invalid when there is none."""
    if name not in _files():
        raise Invalid([f"there is no scenario {quoted(name)}; there are {', '.join(shipped())}{near(name, shipped())}"])
    return _read(name)


def shipped_text(name: str) -> str:
    """The file of one that there is."""
    return _files()[name].read_text(encoding="utf-8")


@cache
def _files() -> dict[str, Traversable]:
    installed = files(__package__) / "files"
    place: Traversable = installed if installed.is_dir() else Path(__file__).parents[2] / "scenarios"
    return {file.name.removesuffix(SUFFIX): file for file in place.iterdir() if file.name.endswith(SUFFIX)}


@cache
def _read(name: str) -> Scenario:
    return parse(shipped_text(name), f"{name}{SUFFIX}")
