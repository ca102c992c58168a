"""The subjects of the documentation, and their files: in the folder `docs` of a checkout, or in `files`
beside this module.
"""
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

SUFFIX, CHINESE = ".md", "zh"
# The subjects by groups, in the order in which they are shown. Texts of groups and subjects are in
# `languages/*.json`, as `docs_gateway` and `docs_signing`.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "gateway": ("signing", "wallets", "cards", "terminals", "notifications", "fidelity"),
    "tests": ("scenarios", "testing", "reconciliation", "recipes", "curl", "export"),
    "use": ("console", "commands", "control-api", "sales-demo"),
    "operation": ("deployment", "settings", "shared-sandbox", "security", "contributing")}
SUBJECTS = tuple(name for group in GROUPS.values() for name in group)


def languages(name: str) -> tuple[str, ...]:
    """The languages in which there is a page about a subject; empty for an unknown subject."""
    if name not in _files():
        return ()
    return ("en", CHINESE) if f"{CHINESE}/{name}" in _files() else ("en",)


def text(name: str, language: str) -> str:
    """The Markdown of a subject's page. Raises KeyError if there is none in this language."""
    found = _files()[name if language == "en" else f"{language}/{name}"]
    return found.read_text(encoding="utf-8")


def attached(path: str) -> str | None:
    """The text of a file that a page links to, such as a program; None if there is none."""
    found = dict(_attached(_folder())).get(path)
    return found.read_text(encoding="utf-8") if found else None


def _folder() -> Traversable:
    installed = files(__package__) / "files"
    return installed if installed.is_dir() else Path(__file__).parents[3] / "docs"


@cache
def _files() -> dict[str, Traversable]:
    """The pages: by their subject, Chinese ones as `zh/signing`."""
    chinese = _folder() / CHINESE
    return {**dict(_pages(_folder(), "")), **dict(_pages(chinese, f"{CHINESE}/"))}


def _pages(folder: Traversable, before: str) -> Iterator[tuple[str, Traversable]]:
    for file in folder.iterdir():
        if file.name.endswith(SUFFIX):
            yield before + file.name.removesuffix(SUFFIX).lower(), file


def _attached(folder: Traversable, before: str = "") -> Iterator[tuple[str, Traversable]]:
    """The files of a folder that are no pages and no hidden ones, by their paths."""
    for file in folder.iterdir():
        if file.name.startswith((".", "__")) or file.name.endswith(SUFFIX):
            continue
        if file.is_dir():
            yield from _attached(file, f"{before}{file.name}/")
        else:
            yield before + file.name, file
