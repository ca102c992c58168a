"""Control tokens with names and roles as settings: the ways to write them, and a line for each wrong one."""
import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from tgpay_emulator.base import tokens
from tgpay_emulator.base.settings import Settings
from tgpay_emulator.base.tokens import ControlToken
from tgpay_emulator.cli import main
from tgpay_emulator.server.process import guarded

from .driver import Control, Server, command, exchange
from .tables import every_row

RED, BOSS = "red-token-00001", "boss-token-0001"
BOTH = (ControlToken("red", "team", RED), ControlToken("boss", "admin", BOSS))
TABLE = f'[control_tokens]\nred = {{role = "team", token = "{RED}"}}\n'
SECRET = "S3cret-of-n0body"


@every_row("written", [
    f"red:team:{RED},boss:admin:{BOSS}", f"red:team:{RED} boss:admin:{BOSS}",
    f" red:team:{RED} ,\n boss:admin:{BOSS}\n"])
def test_tokens_are_separated_by_commas_or_blanks(written: str) -> None:
    assert tokens.parse(written) == BOTH


def test_tokens_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "tokens.toml"
    path.write_text(f'{TABLE}[control_tokens.boss]\nrole = "admin"\ntoken = "{BOSS}"\n')
    assert tokens.parse(str(path)) == BOTH
    assert tokens.parse("") == ()


WRONG = [
    (f"red:{SECRET}", "token 1 is not written NAME:ROLE:TOKEN"),
    (f"red:team:{RED},{SECRET}", "token 2 is not written"),
    (f"red:chief:{SECRET}", "the role of red must be admin or team"),
    (f"red:TEAM:{SECRET}", "the role of red must be"), (f"red::{SECRET}", "the role of red must be"),
    ("red:team:S3cret", "the token of red must have 8 to"), ("red:team:", "the token of red must have"),
    (f"red:team:{SECRET * 20}", "the token of red must have 8 to 256"),
    (f"red:team:{SECRET}é", "the token of red may have"),
    (f"red:team:{SECRET}:x", "the token of red may have"),
    (f":team:{SECRET}", "the name of token 1 must be"), (f"a/b:team:{SECRET}", "the name of token 1"),
    (f"{'n' * 33}:team:{SECRET}", "the name of token 1 must be 1 to 32"),
    (f"red:team:{RED},red:admin:{SECRET}", "the name red is given twice"),
    (f"red:team:{SECRET},blue:admin:{SECRET}", "blue has the same token as another name"),
]
FILES = [
    (f"red = {SECRET}", "is not TOML"), (f'red = "{SECRET}"', "has no table [control_tokens]"),
    ("[control_tokens]\n", "has no table [control_tokens] with tokens"),
    (f'[control_tokens]\nred = "{SECRET}"', "entry 1 of [control_tokens] must be like"),
    (f'{TABLE}blue = {{role = "team", token = 12345678}}', "entry 2 of [control_tokens]"),
    (f'{TABLE}blue = {{role = "team", token = "{SECRET}", more = 1}}', "entry 2 of [control_tokens]"),
    (f'{TABLE}"{SECRET} x" = {{role = "team", token = "{SECRET}"}}', "the name of entry 2 of"),
    ("\udcff", "cannot be read")]


def line_of(*flags: str, **environment: str) -> str:
    """The one line with which a server refuses to start."""
    done = CliRunner().invoke(main, ["serve", *flags], env=environment)
    assert (done.exit_code, len(done.output.splitlines())) == (1, 1), done.output
    return done.output


@every_row("written, sentence", WRONG)
def test_a_wrong_token_is_one_line_that_does_not_repeat_it(written: str, sentence: str) -> None:
    for line in (line_of(f"--token={written}"), line_of(TGPAY_TOKENS=written)):
        assert "tokens: " in line and sentence in line
        assert "3cret" not in line and RED not in line


@every_row("written, sentence", FILES)
def test_a_wrong_file_is_one_line_that_does_not_repeat_it(
        tmp_path_factory: pytest.TempPathFactory, written: str, sentence: str) -> None:
    path = tmp_path_factory.mktemp("tokens") / "tokens.toml"
    path.write_bytes(os.fsencode(written))
    line = line_of(f"--tokens={path}")
    assert "tokens: " in line and sentence in line and "3cret" not in line and RED not in line


def test_other_wrong_sets_of_tokens_are_a_line_too(tmp_path: Path) -> None:
    assert "cannot be read" in line_of(f"--tokens={tmp_path}/none.toml")
    same = line_of(f"--control-token={RED}", f"--token=red:team:{RED}")
    assert "control_token" in same and RED not in same


@every_row("given, is_drawn", [
    ({}, False), ({"tokens": f"red:team:{RED}"}, True), ({"tokens": f"boss:admin:{BOSS}"}, False),
    ({"tokens": f"red:team:{RED}", "control_token": "off"}, False),
    ({"tokens": f"red:team:{RED}", "control_token": "own"}, False),
    ({"tokens": f"red:team:{RED}", "host": "0.0.0.0"}, True),
    ({"tokens": f"boss:admin:{BOSS}", "host": "0.0.0.0"}, False)])
def test_there_is_an_admin_where_tokens_are_needed(given: dict[str, str], is_drawn: bool) -> None:
    before = Settings(given)
    assert (guarded(before).control_token != before.control_token) is is_drawn


@pytest.mark.exhaustive
@every_row("settings, tokens, status", [
    ({"tokens": f"boss:admin:{BOSS}"}, ["", "wrong"], 401), ({"tokens": f"boss:admin:{BOSS}"}, [BOSS], 200),
    ({"control_token": "off", "tokens": f"boss:admin:{BOSS}"}, ["", "off"], 401),
    ({"control_token": "s3cret", "tokens": f"boss:admin:{BOSS}"}, ["s3cret", BOSS], 200)])
def test_where_there_are_tokens_one_is_needed(
        settings: dict[str, str], tokens: list[str], status: int) -> None:
    with Server(**settings) as server:
        for token in tokens:
            assert Control(server.url, token).ask("POST", "/clock", {"reset": True}).status == status
        assert exchange(f"{server.url}/_emulator/health").status == 200


def test_a_team_cannot_compute_the_tokens_of_merchants() -> None:
    with Server() as usual, Server(tokens=f"red:team:{RED},boss:admin:{BOSS}") as server:
        ours, theirs = ({row["merchants_id"]: row["token"] for row in control.get("/merchants")["items"]}
                        for control in (Control(usual.url), Control(server.url, BOSS)))
    assert {number for number in theirs if theirs[number] == ours[number]} == {"201703200001"}


def test_the_flag_is_repeated_and_commands_do_what_the_role_may(tmp_path: Path) -> None:
    with Server(token=f"red:team:{RED}", tokens=f"boss:admin:{BOSS}") as server:
        def run(*words: str, token: str) -> tuple[int, str]:
            done = command(*words, f"--url={server.url}", f"--token={token}")
            return done.returncode, done.stdout + done.stderr

        made = Control(server.url, RED).shop().merchants_id
        status, listed = run("merchants", token=RED)
        assert status == 0 and made in listed and "201703200001" not in listed
        status, refused = run("clock", "advance", "1d", token=RED)
        assert (status, len(refused.splitlines())) == (1, 1) and "needs an admin's control token" in refused
        assert run("clock", "advance", "1d", token=BOSS)[0] == 0


def test_merchants_stay_with_their_team_when_the_server_starts_again(tmp_path: Path) -> None:
    path, written = tmp_path / "emulator.db", f"red:team:{RED},boss:admin:{BOSS}"
    with Server(database=path, tokens=written) as server:
        made = Control(server.url, RED).shop().merchants_id
        Control(server.url, RED).post("/reset", merchants_id=made)
    with Server(database=path, tokens=written.replace(RED, "another-token-1")) as server:
        owned = Control(server.url, "another-token-1").get("/merchants")["items"]
        assert [(row["merchants_id"], row["owner"]) for row in owned] == [(made, "red")]


def test_tokens_are_in_no_line_of_the_log(tmp_path: Path) -> None:
    with Server(log_level="debug", tokens=f"red:team:{RED},boss:admin:{BOSS}") as server:
        for token in (RED, BOSS):
            control = Control(server.url, token)
            control.shop().qr_order()
            texts = [control.ask("GET", path).text for path in (
                "/merchants", "/journal", "/orders", "/openapi.json", "/nothing", "/findings", "/clock")]
            assert not re.search(f"{RED}|{BOSS}", "".join(texts))
        _, printed = server.stop()
    assert not re.search(f"{RED}|{BOSS}", printed)
