"""The bundled scenario files: in the folder `scenarios/` of a checkout, or in `files` beside this module."""
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from .kinds import near, quoted
from .matching import Scenario
from .problems import Invalid
from .reading import parse

SUFFIX = ".toml"


def shipped() -> list[str]:
    """The names of the bundled scenarios, sorted."""
    return sorted(_files())


def shipped_scenario(name: str) -> Scenario:
    """The bundled scenario of this name. Raises Invalid when there is none."""
    if name not in _files():
        raise Invalid([unknown(name)])
    return _read(name)


def unknown(name: str) -> str:
    """The sentence about a scenario that is not bundled: the most similar name, or all names."""
    known = shipped()
    return f"there is no scenario {quoted(name)}{near(name, known) or '; there are ' + ', '.join(known)}"


def shipped_text(name: str) -> str:
    """The TOML text of a bundled scenario. Raises KeyError for an unknown name."""
    return _files()[name].read_text(encoding="utf-8")


@cache
def _files() -> dict[str, Traversable]:
    installed = files(__package__) / "files"
    place: Traversable = installed if installed.is_dir() else Path(__file__).parents[2] / "scenarios"
    return {file.name.removesuffix(SUFFIX): file for file in place.iterdir() if file.name.endswith(SUFFIX)}


@cache
def _read(name: str) -> Scenario:
    return parse(shipped_text(name), f"{name}{SUFFIX}")
