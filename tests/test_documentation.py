"""The pages of `docs`: generated tables, links, calls and settings are right, and every block of code is run
by a test or says why not.
"""
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tgpay_emulator.base.settings import SETTINGS, variable
from tgpay_emulator.cli import main
from tgpay_emulator.gateway import fidelity
from tgpay_emulator.web.control.interface import OPERATIONS
from tgpay_emulator.web.documentation.markdown import anchor

from .documents import (
    ADDRESS, CHINESE, DOCS, EVERY, NUMBER, READMES, ROOT, SAVED, TOKEN, blocks, commands_of, headings, links,
    needs, only, text)
from .driver import Clock, Receiver, Shop, plain_environment
from .tables import every_row
from .tables_of_pages import FIDELITY, TABLE, TABLES, table

SUBJECTS = ("signing", "wallets", "cards", "terminals", "notifications")  # those that are in Chinese too
# pages whose blocks have tests of their own, which read every block of them
TESTED = {"docs/curl.md": "test_recipes", "docs/recipes.md": "test_recipes",
          "docs/shared-sandbox.md": "test_shared_sandbox", "docs/testing.md": "test_testing_plugin"}
# languages of blocks that tests run: in a shell, as programs, saved as a scenario, in a browser, by pytest
SHELLS = ("sh", "shell")
RUN = {*SHELLS, "php", "java", "python", "javascript", "toml", "html"}
FOLLOWED = [name for name in EVERY if name not in (*CHINESE, *TESTED, "README.md")
            and any(block.language in SHELLS and not block.not_run for block in blocks(name))]
# language of a client's program: the programs that it needs, the name of its file, the command that runs it
RUNTIMES = {
    "php": (("php",), "pay.php", ["php"]),
    "java": (("java",), "Pay.java", ["java", "-Xshare:auto"]),
    "python": (("python3",), "pay.py", [sys.executable]),
    "javascript": (("node",), "pay.mjs", ["node"])}
SIGNING = "docs/signing.md"
OF_CLIENTS = {"TGPAY_URL", "TGPAY_TOKEN", "TGPAY_MERCHANTS_ID"}
FILES_OF_CODE = re.compile(r"`((?:emulator|web|gateway|operations|store|tests)/[\w/.]*)`")


def as_shop(code: str, shop: Shop) -> str:
    """A block with the address of the tests' server and the shop's number and token."""
    code = code.replace(ADDRESS, shop.control.url)
    return code.replace(NUMBER, shop.merchants_id).replace(TOKEN, shop.token)


def followed(name: str, shop: Shop, folder: Path) -> str:
    """What the shell prints that follows a page from its first block to its last, as the shop."""
    needs("bash", "curl", "md5sum")
    for file, code in SAVED.findall(text(name)):
        (folder / file).write_text(code, encoding="utf-8")
    code = "".join(block.code for block in blocks(name) if block.language in SHELLS and not block.not_run)
    code = as_shop(code, shop)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    given = {**plain_environment(), "PATH": path, "TGPAY_URL": shop.control.url}
    ran = subprocess.run(["bash", "-euo", "pipefail", "-c", code], cwd=folder, env=given, text=True,
                         timeout=90, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert ran.returncode == 0, ran.stdout
    assert '"status":4' not in ran.stdout.replace(" ", ""), ran.stdout
    return ran.stdout


@every_row("name", EVERY)
def test_every_block_of_code_is_run_or_says_why_not(name: str) -> None:
    for block in blocks(name):
        is_tested = name in TESTED or block.language in RUN or block.language == ""  # an output
        assert len(block.not_run.split()) > 2 if block.not_run else is_tested, block


@every_row("name", [*DOCS])
def test_a_page_begins_with_its_title_and_one_sentence(name: str) -> None:
    title, empty, sentence, *_ = text(name).splitlines()
    assert title.startswith("# ") and empty == ""
    paragraph = text(name).split("\n\n")[1].splitlines()
    said = " ".join(line for line in paragraph if not line.startswith("["))
    assert said[-1] in ".。" and sum(said.count(f"{end} ") for end in ".!?") == 0, said


@every_row("name", EVERY)
def test_the_tables_are_the_generated_ones(name: str) -> None:
    for title, rows in TABLE.findall(text(name)):
        assert rows.rstrip("\n") == table(title, ROOT / name), f"{title}: python -m tests.tables_of_pages"


def test_the_tables_of_chinese_pages_are_chinese() -> None:
    for name in CHINESE:
        for title, rows in TABLE.findall(text(name)):
            cells = [cell for line in rows.splitlines()[2:] for cell in line.strip("|").split(" | ")]
            assert not any(re.search("[a-z]{3,} [a-z]{3,} [a-z]{3,}", cell) for cell in cells), title


def test_every_generated_table_is_on_a_page() -> None:
    assert {title for name in EVERY for title, _ in TABLE.findall(text(name))} == TABLES.keys()


def test_the_page_about_fidelity_is_the_generated_one() -> None:
    assert FIDELITY.read_text(encoding="utf-8") == fidelity.page(), "python -m tests.tables_of_pages"
    printed = CliRunner().invoke(main, ["reference", "--format", "fidelity"])
    assert printed.output == fidelity.page()


@every_row("name", EVERY)
def test_the_links_of_a_page_lead_to_files_and_headings_that_exist(name: str) -> None:
    for link in links(name):
        path, _, place = link.partition("#")
        target = (ROOT / name).parent / path if path else ROOT / name
        assert target.exists(), link
        if place:
            known = [anchor(title) for _, title in headings(str(target.resolve().relative_to(ROOT)))]
            assert place in known, link


def test_every_page_can_be_reached_from_the_readme() -> None:
    seen, waiting = set(READMES), list(READMES)
    while waiting:
        name = waiting.pop()
        for link in links(name):
            path = ((ROOT / name).parent / link.partition("#")[0]).resolve()
            found = str(path.relative_to(ROOT))
            if found.endswith(".md") and found not in seen:
                seen.add(found)
                waiting.append(found)
    assert set(DOCS) <= seen


@every_row("name", EVERY)
def test_the_commands_and_their_flags_exist(name: str) -> None:
    commands_of(text(name))


@every_row("name", [name for name in EVERY if name not in TESTED])
def test_the_environment_variables_are_settings(name: str) -> None:
    mentioned = set(re.findall(r"TGPAY_[A-Z_]+", text(name)))
    known = {variable(setting) for setting in SETTINGS}
    assert {each.rstrip("_") for each in mentioned} - OF_CLIENTS <= known


def test_the_calls_of_the_control_api_exist() -> None:
    known = [(row.method, re.sub("<[^>]*>", "[^/]+", row.path)) for row in OPERATIONS]
    mentioned = {call for name in EVERY for call in re.findall(
        r"`(GET|POST|PUT|PATCH|DELETE) /_emulator(/[^`?]*)[^`]*`", text(name))}
    assert len(mentioned) > 20
    unknown = [(method, path) for method, path in mentioned
               if not any(method == row and re.fullmatch(pattern, path) for row, pattern in known)]
    assert unknown == []


@every_row("name", DOCS)
def test_the_files_of_code_that_are_named_exist(name: str) -> None:
    for path in FILES_OF_CODE.findall(text(name)):
        assert any((place / path).exists() for place in (ROOT, ROOT / "emulator")), path


def test_the_first_subjects_are_in_chinese_too() -> None:
    assert [name for name in CHINESE if name.startswith("docs")] == sorted(
        f"docs/zh/{subject}.md" for subject in SUBJECTS)


@every_row("subject", SUBJECTS)
def test_a_chinese_page_has_the_sections_blocks_and_tables_of_the_english_one(subject: str) -> None:
    english, chinese = f"docs/{subject}.md", f"docs/zh/{subject}.md"
    assert [level for level, _ in headings(english)] == [level for level, _ in headings(chinese)]
    assert blocks(english) == blocks(chinese)
    rows = [sum(line.startswith("| ") for line in text(name).splitlines()) for name in (english, chinese)]
    assert rows[0] == rows[1]


@pytest.mark.parametrize("name", FOLLOWED)
def test_the_commands_of_a_page_work_as_pasted(name: str, shop: Shop, tmp_path: Path) -> None:
    followed(name, shop, tmp_path)


def test_the_commands_of_the_page_about_signing_create_an_order_and_explain_a_signature(
        shop: Shop, tmp_path: Path) -> None:
    printed = followed(SIGNING, shop, tmp_path)
    assert "<is_success>T</is_success>" in printed and "<qr_code>" in printed
    assert "the token was appended as &key=" in printed and printed.endswith("the signature is wrong\n")


@pytest.mark.sampled
@pytest.mark.parametrize("language", RUNTIMES)
def test_a_program_signs_correctly_prints_the_answer_and_keeps_all_rules_of_the_document(
        shop: Shop, tmp_path: Path, language: str) -> None:
    programs, file, command = RUNTIMES[language]
    needs(*programs)
    code = only(SIGNING, language)
    assert ADDRESS in code and NUMBER in code and TOKEN in code
    code = as_shop(code, shop)
    (tmp_path / file).write_text(code, encoding="utf-8")
    ran = subprocess.run([*command, file], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True, timeout=60)
    assert ran.returncode == 0, ran.stdout
    assert "<is_success>T</is_success>" in ran.stdout and "<qr_code>" in ran.stdout, ran.stdout
    journal = shop.control.get("/journal", merchants_id=shop.merchants_id)["items"]
    assert [(entry["verdict"], entry["findings"]) for entry in journal] == [("OK", [])]


def test_the_example_of_a_scenario_does_what_it_says(notified: Shop, receiver: Receiver, noon: Clock,
                                                     tmp_path: Path) -> None:
    (tmp_path / "lunch.toml").write_text(only("docs/scenarios.md", "toml"), encoding="utf-8")
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
    assert f"`{difference}`" in text("docs/scenarios.md")


def test_a_rule_that_loses_an_answer_as_pasted_lets_the_query_through(shop: Shop, tmp_path: Path) -> None:
    """Every example on the pages that loses an answer names the endpoint of the payment."""
    rules = [rule for name in EVERY for rule in re.findall(r'\{"when": [^\n]*?"drop_after"\}\}', text(name))]
    assert len(rules) > 2
    assert [rule for rule in rules if '"endpoint"' not in rule] == []
    followed("docs/scenarios.md", shop, tmp_path)
    number = shop.number()
    with pytest.raises(OSError):
        shop.pay_by_barcode(out_trade_no=number)
    assert shop.query(number)["trade_status"] == "TRADE_SUCCESS"
