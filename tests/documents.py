"""The READMEs and the pages of `docs` as tests read them: their blocks, headings, links and commands."""
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from tgpay_emulator.cli import main

ROOT = Path(__file__).parent.parent
READMES = ("README.md", "README.zh.md")
DOCS = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))
EVERY = (*READMES, *DOCS)
CHINESE = [name for name in EVERY if name.startswith("docs/zh/") or name == "README.zh.md"]
ADDRESS, NUMBER, TOKEN = "http://127.0.0.1:8472", "201703200001", "14b0be26d00fbc6dcf20ed1f0a3516df"
BLOCK = re.compile(r"^(?:<!-- not run: ([^\n]+) -->\n)?```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:^|[`& /])tgpay-emulator(?: ([a-z]+)([^`&\n]*))?", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"")
SAVED = re.compile(r"Save this as `([\w.]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass
class Block:
    """A fenced block: its language (empty: an output), its text, and why no test runs it, if none does."""

    language: str
    code: str
    not_run: str


def text(name: str) -> str:
    """The text of a file, named from the root."""
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str) -> list[Block]:
    """The fenced blocks of a page."""
    return [Block(language, code, reason) for reason, language, code in BLOCK.findall(text(name))]


def only(name: str, language: str) -> str:
    """The only block of a language on a page that is run."""
    found = [block.code for block in blocks(name) if block.language == language and not block.not_run]
    assert len(found) == 1, f"{len(found)} blocks of {language} in {name}"
    return found[0]


def headings(name: str) -> list[tuple[int, str]]:
    """The headings of a page: level and text."""
    prose = re.sub(r"^```.*?^```$", "", text(name), flags=re.MULTILINE | re.DOTALL)
    return [(len(marks), title) for marks, title in re.findall(r"^(#+) (.+)$", prose, re.MULTILINE)]


def links(name: str) -> list[str]:
    """What a page links to or shows, without links to other sites."""
    found = [one or other for one, other in LINK.findall(text(name))]
    return [link for link in found if "://" not in link]


def commands_of(written: str) -> set[str]:
    """The commands of tgpay-emulator that a text has; each exists, and takes the flags behind it."""
    mentioned = [(name, re.findall(r"--[a-z][a-z-]*", rest))
                 for name, rest in COMMAND.findall(written) if name]
    for name, flags in mentioned:
        command = main.get_command(click.Context(main), name)
        assert command is not None, name
        parts = [command, *getattr(command, "commands", {}).values()]
        known = {flag for part in parts for option in part.params for flag in option.opts}
        known |= {flag for part in parts for option in part.params for flag in option.secondary_opts}
        assert set(flags) <= known | {"--help"}, (name, flags)
    return {name for name, _ in mentioned}


def needs(*programs: str) -> None:
    """Skip the test where a program is missing."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} is not installed")
