"""The READMEs: their tables are the generated ones, their snippets run, their commands exist."""
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tgpay_emulator.base.settings import SETTINGS, variable
from tgpay_emulator.cli import main
from tgpay_emulator.gateway import reference
from tgpay_emulator.web.control.interface import OPERATIONS

from .driver import Clock, Receiver, Shop
from .tables import every_row
from .test_testing_plugin import deselected, run

ROOT = Path(__file__).parent.parent
READMES = ("README.md", "README.zh.md")
ADDRESS = "http://127.0.0.1:8472"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TABLE = re.compile(r"^<!-- table: ([\w ]+) -->\n((?:\|.*\n)+)", re.MULTILINE)
COMMAND = re.compile(r"(?:^|[`& /])tgpay-emulator(?: ([a-z]+)([^`&\n]*))?", re.MULTILINE)
TABLES = {
    "endpoints": reference.fidelity_table(), "settings": reference.settings_table(),
    "test cards": reference.test_cards_table(short=True), "payment codes": reference.payment_codes_table(),
    "scenarios": reference.scenarios_table()}
# language of a snippet: the programs that it needs, the name of its file, the command that runs it
RUNTIMES = {
    "sh": (("sh", "curl", "md5sum"), "pay.sh", ["sh"]),
    "php": (("php",), "pay.php", ["php"]),
    "java": (("java",), "Pay.java", ["java", "-Xshare:auto"]),
    "python": (("python3",), "pay.py", [sys.executable]),
    "javascript": (("node",), "pay.mjs", ["node"])}
NOT_SETTINGS = {"TGPAY_URL", "TGPAY_TOKEN"}

every_readme = pytest.mark.parametrize("name", READMES)


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def snippets(name: str) -> list[tuple[str, str]]:
    """The fenced blocks of a README: (language, code)."""
    return FENCE.findall(text(name))


def snippet(language: str, with_pytest: bool = False) -> str:
    """The block of a language; Python has two, one of them for pytest."""
    found = [code for kind, code in snippets("README.md") if kind == language
             and ("import pytest" in code) == with_pytest]
    assert len(found) == 1, f"{len(found)} {language} snippets"
    return found[0]


def needs(*programs: str) -> None:
    """Skip the test where a program is missing."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} is not installed")


@every_readme
def test_the_tables_are_the_generated_ones(name: str) -> None:
    found = {title: table.rstrip("\n") for title, table in TABLE.findall(text(name))}
    assert found == TABLES


def test_both_languages_have_the_same_snippets_in_the_same_order() -> None:
    assert snippets("README.md") == snippets("README.zh.md")


def test_both_languages_have_the_same_sections() -> None:
    english, chinese = ([line.count("#") for line in text(name).splitlines() if re.match("#+ ", line)]
                        for name in READMES)
    assert english == chinese


@pytest.mark.sampled
@pytest.mark.parametrize("language", RUNTIMES)
def test_a_snippet_signs_rightly_and_prints_the_answer(base_url: str, tmp_path: Path, language: str) -> None:
    programs, file, command = RUNTIMES[language]
    needs(*programs)
    code = snippet(language)
    assert ADDRESS in code
    (tmp_path / file).write_text(code.replace(ADDRESS, base_url), encoding="utf-8")
    ran = subprocess.run([*command, file], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True, timeout=60)
    assert ran.returncode == 0, ran.stdout
    assert "<is_success>T</is_success>" in ran.stdout and "<qr_code>" in ran.stdout, ran.stdout


@pytest.mark.sampled
@pytest.mark.parametrize("language", RUNTIMES)
def test_a_snippet_keeps_all_rules_of_the_document(base_url: str, shop: Shop, tmp_path: Path,
                                                   language: str) -> None:
    programs, file, command = RUNTIMES[language]
    needs(*programs)
    code = snippet(language).replace(ADDRESS, base_url)
    code = code.replace("201703200001", shop.merchants_id).replace(
        "14b0be26d00fbc6dcf20ed1f0a3516df", shop.token)
    (tmp_path / file).write_text(code, encoding="utf-8")
    subprocess.run([*command, file], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                   timeout=60)
    journal = shop.control.get("/journal", merchants_id=shop.merchants_id)["items"]
    assert [(entry["verdict"], entry["findings"]) for entry in journal] == [("OK", [])]


def test_the_pytest_example_passes(base_url: str, tmp_path: Path) -> None:
    files = {"test_shop.py": snippet("python", with_pytest=True)}
    (tmp_path / "test_shop.py").write_text(files["test_shop.py"], encoding="utf-8")
    left_out = deselected(files)
    printed = run(tmp_path, "-q", *left_out, url=base_url)
    assert f"{3 - len(left_out)} passed" in printed, printed


def test_the_example_of_a_scenario_does_what_it_says(notified: Shop, receiver: Receiver, noon: Clock,
                                                     tmp_path: Path) -> None:
    (tmp_path / "lunch.toml").write_text(snippet("toml"), encoding="utf-8")
    for command in ("check", "use"):
        flags = ["--merchant", notified.merchants_id] if command == "use" else []
        done = CliRunner().invoke(main, ["scenarios", command, *flags, str(tmp_path / "lunch.toml")],
                                  env={"TGPAY_URL": notified.control.url})
        assert done.exit_code == 0, done.output
    assert notified.pay_by_barcode("100.01")["detail_error_code"] == "BEYOND_PAY_RESTRICTION"
    number = notified.number()
    with pytest.raises(OSError):
        notified.pay_by_barcode(out_trade_no=number)
    assert notified.query(number)["trade_status"] == "TRADE_SUCCESS"
    notified.control.post("/notifications/flush")
    assert [heard.fields["out_trade_no"] for heard in receiver.heard].count(number) == 2
    card = notified.number()
    assert [notified.card_payment(out_trade_no=card)["result_code"] for _ in range(2)] == ["3084", "3150"]
    noon.advance("1m")
    assert notified.query(card)["resp_code"] == "0000"
    difference = "trans_amount 12.00 is not above 100"
    with pytest.raises(OSError):
        notified.pay_by_barcode("12.00", out_trade_no=f"{number}-2")
    assert ["over the buyer's limit",
            difference] in notified.requests(f"{number}-2")[0]["explanation"]["passed"]
    assert all(f"`{difference}`" in text(name) for name in READMES)


def commands_of(written: str) -> set[str]:
    """The commands of tgpay-emulator that a text has; each exists, and takes the flags behind it."""
    mentioned = [(name, re.findall(r"--[a-z][a-z-]*", rest))
                 for name, rest in COMMAND.findall(written) if name]
    for name, flags in mentioned:
        command = main.get_command(click.Context(main), name)
        assert command is not None, name
        parts = [command, *getattr(command, "commands", {}).values()]
        known = {flag for part in parts for option in part.params for flag in option.opts}
        assert set(flags) <= known, name
    return {name for name, _ in mentioned}


@every_readme
def test_the_commands_and_their_flags_exist(name: str) -> None:
    assert sorted(commands_of(text(name))) == main.list_commands(click.Context(main))


@every_readme
def test_the_calls_of_the_control_interface_exist(name: str) -> None:
    known = {(row.method, re.sub("<[^>]*>", "<>", row.path)) for row in OPERATIONS}
    mentioned = re.findall(r"^\| `([A-Z]+) /_emulator(/[^`]*)` \|", text(name), re.MULTILINE)
    assert len(mentioned) > 5
    assert {(method, re.sub("<[^>]*>", "<>", path)) for method, path in mentioned} <= known


@every_row("name", [*READMES, "Dockerfile"])
def test_the_environment_variables_are_settings(name: str) -> None:
    mentioned = set(re.findall(r"TGPAY_[A-Z_]+", text(name)))
    assert mentioned - NOT_SETTINGS <= {variable(setting) for setting in SETTINGS}


@every_readme
def test_the_files_that_are_mentioned_exist(name: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)|src=\"(?!http)([^\"]+)\"", text(name))
    code = re.findall(r"`((?:emulator|web|endpoints|store|tests)/[\w/.]*|\w+\.py)`", text(name))
    places = [ROOT, ROOT / "emulator"]
    for path in [*(one or other for one, other in links), *code]:
        assert any((place / path).exists() for place in places), path
    assert (ROOT / "benchmarks" / "__main__.py").exists()


@every_row("name", ["README.md", "README.zh.md", ".ci/run"])
def test_the_test_command_is_everywhere_the_same(name: str) -> None:
    command = "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/python -m pytest"
    assert f"\n{command}\n" in text(name)


def test_the_pictures_are_small() -> None:
    assert all(picture.stat().st_size < 100_000 for picture in (ROOT / ".github").glob("*.png"))


def test_the_changelog_names_this_version_and_every_endpoint() -> None:
    from tgpay_emulator import __version__
    from tgpay_emulator.gateway.endpoints import ENDPOINTS

    changes = text("CHANGELOG.md")
    assert f"\n## {__version__}" in changes
    assert all(f"`{endpoint}`" in changes for endpoint in ENDPOINTS)
