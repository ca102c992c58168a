"""The READMEs: short, the same in both languages, and their commands work as pasted."""
import re
from pathlib import Path

import click
import pytest

from tgpay_emulator.base.settings import SETTINGS, variable
from tgpay_emulator.cli import main

from .documents import READMES, ROOT, blocks, commands_of, headings, only, text
from .driver import Shop
from .tables import every_row
from .test_documentation import followed
from .test_testing_plugin import deselected, run

MOST_LINES = 200
OF_CLIENTS = {"TGPAY_URL", "TGPAY_TOKEN"}

every_readme = pytest.mark.parametrize("name", READMES)


@every_readme
def test_it_has_at_most_200_lines(name: str) -> None:
    assert len(text(name).splitlines()) <= MOST_LINES


def test_both_languages_have_the_same_blocks_in_the_same_order() -> None:
    assert blocks("README.md") == blocks("README.zh.md")


def test_both_languages_have_the_same_sections() -> None:
    english, chinese = ([level for level, _ in headings(name)] for name in READMES)
    assert english == chinese


def test_its_commands_pay_decline_and_lose_an_answer_that_the_query_finds(shop: Shop, tmp_path: Path) -> None:
    printed = followed("README.md", shop, tmp_path)
    orders = {order["out_trade_no"]: order
              for order in shop.control.get("/orders", merchants_id=shop.merchants_id)["items"]}
    assert [order["status"] for _, order in sorted(orders.items())] == [
        "TRADE_SUCCESS", "WAIT_BUYER_PAY", "TRADE_SUCCESS"]
    assert printed.count("<trade_status>TRADE_SUCCESS</trade_status>") == 2
    assert "Empty reply from server" in printed and "BUYER_BALANCE_NOT_ENOUGH" in printed
    journal = shop.control.get("/journal", merchants_id=shop.merchants_id)["items"]
    assert [entry["findings"] for entry in journal if entry["findings"]] == []


def test_the_pytest_example_passes_in_few_lines(base_url: str, tmp_path: Path) -> None:
    code = only("README.md", "python")
    assert len([line for line in code.splitlines() if line]) <= 15
    (tmp_path / "test_shop.py").write_text(code, encoding="utf-8")
    left_out = deselected({"test_shop.py": code})
    printed = run(tmp_path, "-q", *left_out, url=base_url)
    assert f"{2 - len(left_out)} passed" in printed, printed


@every_readme
def test_the_commands_and_their_flags_exist(name: str) -> None:
    assert {"demo", "serve", "merchants", "scenarios"} <= commands_of(text(name))


def test_every_command_is_on_its_page() -> None:
    assert sorted(commands_of(text("docs/commands.md"))) == main.list_commands(click.Context(main))


@every_row("name", [*READMES, "Dockerfile"])
def test_the_environment_variables_are_settings(name: str) -> None:
    mentioned = set(re.findall(r"TGPAY_[A-Z_]+", text(name)))
    assert mentioned - OF_CLIENTS <= {variable(setting) for setting in SETTINGS}


@every_row("name", ["README.md", "README.zh.md", ".ci/run"])
def test_the_test_command_is_everywhere_the_same(name: str) -> None:
    command = "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/python -m pytest"
    assert f"\n{command}\n" in text(name)


@every_readme
def test_it_names_the_slow_commands(name: str) -> None:
    assert all(f"`.venv/bin/python -m {command}`" in text(name)
               for command in ("pytest -m exhaustive", "pytest --database postgresql", "benchmarks"))
    assert (ROOT / "benchmarks" / "__main__.py").exists()


def test_the_pictures_are_small_and_each_is_shown() -> None:
    pictures = sorted((ROOT / ".github").glob("*.png"))
    pages = "".join(text(name) for name in ("README.md", "docs/cards.md", "docs/terminals.md",
                                            "docs/sales-demo.md"))
    assert all(picture.stat().st_size < 100_000 and picture.name in pages for picture in pictures)


def test_the_changelog_names_this_version_and_every_endpoint() -> None:
    from tgpay_emulator import __version__
    from tgpay_emulator.gateway.endpoints import ENDPOINTS

    changes = text("CHANGELOG.md")
    assert f"\n## {__version__}" in changes
    assert all(f"`{endpoint}`" in changes for endpoint in ENDPOINTS)
