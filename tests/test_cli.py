"""The command line `tgpay-emulator`: serve, healthcheck, and the commands that look at or change a running
emulator or its database.
"""
import json
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime
from pathlib import Path
from urllib import parse

import pytest
from click.testing import CliRunner, Result

from tgpay_emulator import __version__
from tgpay_emulator.base.settings import SETTINGS
from tgpay_emulator.cli import main
from tgpay_emulator.gateway.endpoints import ENDPOINTS
from tgpay_emulator.protocol.codes import REFUSALS

from . import driver
from .console.desk import Desk
from .driver import Control, Receiver, Server, Shop, card_of, free_port, md5_sign, pay_info
from .tables import every_row
from .terminals import on_a_terminal
from .test_cli_output import leaves

TOKEN = "14b0be26d00fbc6dcf20ed1f0a3516df"
PARAMS = {"merchants_id": "201703200001", "out_trade_no": "茶 1", "trans_amount": "1.00", "sign_type": "MD5",
          "empty": ""}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own: commands reset it and move its clock."""
    with Server(control_token="s3cret", database=tmp_path_factory.mktemp("cli") / "emulator.db") as started:
        yield started


@pytest.fixture
def control(server: Server) -> Control:
    return Control(server.url, "s3cret")


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, whose output is no terminal."""
    return driver.command(*arguments, timeout=60, TERM="xterm-256color", **environment)


Run = Callable[..., str]


@pytest.fixture
def run(server: Server) -> Run:
    """A command on the module's server; answers what it printed."""
    def told(*arguments: str) -> str:
        done = CliRunner().invoke(main, list(arguments),
                                  env={"TGPAY_URL": server.url, "TGPAY_CONTROL_TOKEN": "s3cret"})
        assert done.exit_code == 0, done.output
        return done.stdout
    return told


def rows(printed: str) -> list[dict[str, str]]:
    """The rows of a table in plain text: names in the first line, tabs between."""
    head, *lines = [line.split("\t") for line in printed.splitlines()]
    return [dict(zip(head, line, strict=True)) for line in lines]


# Looking at and changing an emulator.

def test_merchants_are_listed_with_their_tokens(run: Run, control: Control) -> None:
    control.post("/reset")
    listed = {row["merchants_id"]: row["token"] for row in rows(run("merchants"))}
    assert listed["201703200001"] == TOKEN
    assert listed == {merchant["merchants_id"]: merchant["token"]
                      for merchant in control.get("/merchants")["items"]}
    assert json.loads(run("merchants", "--json")) == control.get("/merchants", limit=1000)


def test_the_clock_is_shown_and_moved(run: Run, control: Control) -> None:
    assert rows(run("clock"))[0]["frozen"] == "false"
    assert json.loads(run("clock", "freeze", "--json"))["frozen"] is True
    assert rows(run("clock", "set", "2026-01-31T12:00:00Z"))[0]["now"] == "2026-01-31T12:00:00.000Z"
    assert rows(run("clock", "advance", "15m"))[0]["now"] == control.get("/clock")[
        "now"] == "2026-01-31T12:15:00.000Z"
    assert rows(run("clock", "unfreeze"))[0]["frozen"] == "false"
    assert json.loads(run("clock", "reset", "--json"))["offset_s"] == 0


def test_the_clock_of_one_merchant_is_shown_and_moved(run: Run, control: Control) -> None:
    whose = "--merchant", control.shop().merchants_id
    assert rows(run("clock", *whose))[0]["own"] == "false"
    assert json.loads(run("clock", "freeze", *whose, "--json"))["frozen"] is True
    moved = rows(run("clock", "set", "2026-01-31T12:00:00Z", *whose))[0]
    assert (moved["merchants_id"], moved["now"], moved["own"]) == (
        whose[1], "2026-01-31T12:00:00.000Z", "true")
    assert rows(run("clock", "advance", "15m", *whose))[0]["now"] == "2026-01-31T12:15:00.000Z"
    assert rows(run("clock", "unfreeze", *whose))[0]["frozen"] == "false"
    assert control.get("/clock")["offset_s"] == 0
    assert json.loads(run("clock", "reset", *whose, "--json"))["own"] is False


@every_row("arguments, words", [
    (("clock", "advance"), "needs a duration"), (("clock", "set"), "needs a time"),
    (("clock", "advance", "soon"), "advance"), (("clock", "jump"), "jump"),
    (("orders", "201703200001/none"), "none"), (("notify", "replay", "999999"), "999999"),
    (("reset", "--merchant", "nobody"), "nobody"), (("sign", "merchants_id=nobody"), "nobody"),
    (("orders", "--limit", "5000"), "limit"), (("merchants", "--token", "wrong"), "token"),
    (("journal", "999999"), "999999"), (("journal", "--limit", "5000"), "limit"),
    (("findings", "--merchant", "nobody"), "nobody"), (("sign", "--explain", "sign=1"), "merchants_id"),
])
def test_a_command_that_cannot_be_done_says_why_in_a_line_and_fails(
         server: Server, arguments: tuple[str, ...], words: str) -> None:
    done = CliRunner().invoke(main, list(arguments),
                              env={"TGPAY_URL": server.url, "TGPAY_CONTROL_TOKEN": "s3cret"})
    assert done.exit_code != 0
    assert (done.stdout, words in done.stderr.splitlines()[-1]) == ("", True)
    assert isinstance(done.exception, SystemExit)


@pytest.mark.exhaustive
def test_a_terminal_shows_labels_in_bold_unless_it_is_to_show_no_colours() -> None:
    asked = sys.executable, "-m", "tgpay_emulator", "sign", "a=[red]b", "--token", "t"
    plain = command("sign", "a=[red]b", "--token", "t").stdout
    assert on_a_terminal(*asked, NO_COLOR="1") == plain
    styled = on_a_terminal(*asked)
    assert styled.startswith("\x1b[1mcanonical\x1b[0m: a=[red]b\n")
    assert re.sub(r"\x1b\[\d*m", "", styled) == plain


@every_row("arguments",
           [("merchants",), ("orders",), ("notify", "list"), ("clock",), ("sign", "a=b", "--token", "t"),
            ("reference",), ("healthcheck",), ("orders", "no/order")])
def test_in_a_pipe_the_output_is_plain_text(server: Server, arguments: tuple[str, ...]) -> None:
    done = command(*arguments, TGPAY_URL=server.url, TGPAY_CONTROL_TOKEN="s3cret", FORCE_COLOR="")
    assert "\x1b" not in done.stdout + done.stderr
    assert "\u2500" not in done.stdout
    assert done.stdout + done.stderr


def test_orders_are_listed_narrowed_and_told(run: Run, control: Control) -> None:
    shop = control.shop()
    paid, waiting = shop.pay_by_barcode("2.50")["out_trade_no"], shop.qr_order()["out_trade_no"]
    listed = rows(run("orders", "--merchant", shop.merchants_id))
    assert [(row["out_trade_no"], row["trans_amount"], row["status"]) for row in listed] == [
        (waiting, "1.00", "WAIT_BUYER_PAY"), (paid, "2.50", "TRADE_SUCCESS")]
    assert [row["out_trade_no"] for row in rows(
        run("orders", "--merchant", shop.merchants_id, "--status", "WAIT_BUYER_PAY"))] == [waiting]
    assert [row["out_trade_no"]
            for row in rows(run("orders", "--merchant", shop.merchants_id, "--limit", "1"))] == [waiting]
    for flag, of, found in (("--before", 0, [paid]), ("--after", 1, [waiting]), ("--before", 1, [])):
        assert [row["out_trade_no"] for row in rows(
            run("orders", "--merchant", shop.merchants_id, flag, listed[of]["id"]))] == found
    assert json.loads(run("orders", f"{shop.merchants_id}/{paid}")) == shop.story(paid)


def test_an_order_has_its_response_code_in_the_list(run: Run, control: Control) -> None:
    shop = control.shop()
    shop.card_payment(pay_info=pay_info(card_of("3084")))
    shop.pay_by_barcode()
    shop.happens(shop.qr_order()["out_trade_no"], "decline", error="BUYER_BALANCE_NOT_ENOUGH")
    listed = rows(run("orders", "--merchant", shop.merchants_id))
    assert [(row["code"], row["error"]) for row in listed] == [
        ("", "BUYER_BALANCE_NOT_ENOUGH"), ("", ""), ("3084", "3084")]


def test_an_order_is_found_by_its_number_alone_its_id_or_a_part(run: Run, control: Control) -> None:
    shop = control.shop()
    first, second = f"{shop.merchants_id}-first", f"{shop.merchants_id}-second"
    for number in (first, second, f"{second}-again"):
        shop.qr_order(out_trade_no=number)
    ids = {row["out_trade_no"]: row["id"] for row in rows(run("orders", "--merchant", shop.merchants_id))}
    for written in (first, first[4:], ids[first], f"{shop.merchants_id}/{first[-8:]}"):
        assert json.loads(run("orders", written))["out_trade_no"] == first
    assert json.loads(run("orders", second))["out_trade_no"] == second


@every_row("written, words", [
    ("{shop}/lunch-1", "the nearest are {shop}/lunch-12 and {shop}/lunch-11;"),
    ("lonch-12", "there is no order lonch-12; the nearest "), ("nothing like it", "the newest are "),
    ("{shop}/1", "{shop}/1 may mean {shop}/lunch-12 or {shop}/lunch-11: name one of them"),
    ("{shop}0/x", "there is no merchant {shop}0; did you mean {shop}? tgpay-emulator merchants lists them")])
def test_an_unknown_order_is_answered_with_the_nearest(
        server: Server, control: Control, written: str, words: str) -> None:
    shop = control.shop()
    for number in ("lunch-11", "lunch-12"):
        shop.qr_order(out_trade_no=number)
    if "nearest are" in words:
        written = written.replace("lunch-1", "lunhc-1")
    done = CliRunner().invoke(main, ["orders", written.format(shop=shop.merchants_id)],
                              env={"TGPAY_URL": server.url, "TGPAY_CONTROL_TOKEN": "s3cret"})
    assert (done.exit_code, done.stdout) == (1, "")
    assert words.format(shop=shop.merchants_id) in done.stderr


@every_row("arguments, words", [
    (("merchants",), "wants a control token; give the right one with --token or in TGPAY_CONTROL_TOKEN"),
    (("merchants", "--token", "wrong"), "refuses this control token; give the right one with --token"),
    (("export", "-", "--token", "wrong"), "refuses this control token"),
    (("terminals", "show", "none", "--token", "s3cret"), "tgpay-emulator terminals lists them"),
    (("journal", "999999", "--token", "s3cret"), "tgpay-emulator journal lists the requests"),
    (("notify", "replay", "999999", "--token", "s3cret"), "tgpay-emulator notify lists them"),
    (("scenarios", "use", "chaso", "--token", "s3cret"), "did you mean chaos?"),
    (("scenarios", "show", "chaso", "--token", "s3cret"), "did you mean chaos?"),
    (("orders", "--merchant", "20170320001", "--token", "s3cret"), "did you mean 201703200001?"),
    (("import", "/nonexistent", "--token", "s3cret"), "/nonexistent cannot be read: No such file"),
    (("cards", "nosuchcard"), "tgpay-emulator cards lists all")], ids=lambda row: " ".join(row)[:30])
def test_an_error_names_the_next_step(server: Server, arguments: tuple[str, ...], words: str) -> None:
    done = CliRunner().invoke(main, list(arguments),
                              env={"TGPAY_URL": server.url, "TGPAY_CONTROL_TOKEN": None})
    assert (done.exit_code, done.stdout) == (1, ""), done.output
    assert words in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr


def test_a_port_that_is_taken_is_told_with_what_to_do(server: Server) -> None:
    done = command("serve", "--port", str(server.settings["port"]), "--database", ":temporary:")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "Address already in use" in done.stderr and "--port (0 takes a free one)" in done.stderr


@pytest.mark.parametrize("number", ["a/b", "50% & ?", "茶"])
def test_an_order_of_any_number_is_told(run: Run, control: Control, number: str) -> None:
    shop = control.shop()
    shop.qr_order(out_trade_no=number)
    assert json.loads(run("orders", f"{shop.merchants_id}/{number}"))["out_trade_no"] == number


def test_notifications_are_listed_and_replayed(run: Run, control: Control, receiver: Receiver) -> None:
    receiver.answers = [(500, b"no"), (200, b"success")]
    shop = control.shop(notify_url=receiver.url)
    number = shop.pay_by_barcode()["out_trade_no"]
    control.post("/notifications/flush")
    row, = rows(run("notify", "list", "--merchant", shop.merchants_id))
    assert (row["out_trade_no"], row["status"], row["attempts"]) == (number, "pending", "1")
    assert run("notify", "list", "--merchant", shop.merchants_id, "--status", "delivered").count("\n") == 1
    shown = run("notify", row["id"], "--format", "table")
    assert re.search(r"^status +pending$", shown, re.MULTILINE) and "sign=" in shown
    assert "\nAttempts\n" in shown and re.search(r"500 +no .*no$", shown, re.MULTILINE)
    assert json.loads(run("notify", "show", row["id"], "--json"))["attempts"][0]["answer"] == "no"
    replayed, = rows(run("notify", "replay", row["id"]))
    assert (replayed["status"], replayed["status_code"]) == ("delivered", "200")
    delivered, = rows(run("notify", "list", "--merchant", shop.merchants_id))
    assert (delivered["attempts"], delivered["due_at"]) == ("2", "")
    listed = json.loads(run("notify", "list", "--merchant", shop.merchants_id, "--order", number, "--json"))
    assert (listed["items"][0]["status"], len(listed["items"][0]["attempts"])) == ("delivered", 2)


def test_reset_resets_one_merchant_or_everything(run: Run, control: Control) -> None:
    shop, other = control.shop(), control.shop()
    for each in (shop, other):
        each.pay_by_barcode()
    run("reset", "--merchant", shop.merchants_id)
    assert [order["merchants_id"] for order in control.get("/orders")["items"] if order["merchants_id"] in (
        shop.merchants_id, other.merchants_id)] == [other.merchants_id]
    assert json.loads(run("reset", "--json")) == {"reset": "everything"}
    assert control.get("/orders")["items"] == []


@pytest.mark.exhaustive
def test_output_cut_off_by_a_pipe_is_no_error(server: Server) -> None:
    done = subprocess.run(["bash", "-c", f"{sys.executable} -m tgpay_emulator reference | head -n 1; echo "
                                         f"${{PIPESTATUS[0]}}"],
                          capture_output=True, text=True, timeout=60)
    assert (done.stdout.splitlines()[0], done.stderr) == (f"# TGPay Emulator {__version__}: reference", "")


@pytest.mark.sqlite
def test_a_command_works_on_a_database_without_a_server_when_it_is_told_to(tmp_path: Path) -> None:
    path = tmp_path / "emulator.db"
    nowhere = {"TGPAY_PORT": str(free_port())}
    first = command("merchants", "--database", str(path), **nowhere)
    assert TOKEN in first.stdout
    assert first.stderr == f"Working on the new database {path}, without a server.\n"
    assert command("clock", "freeze", "--database", str(path), **nowhere).returncode == 0
    assert command("clock", "set", "2026-01-31T12:00:00Z", "--offline", TGPAY_DATABASE=str(path),
                   **nowhere).returncode == 0
    with Server(database=path) as server:
        shop = Control(server.url).shop()
        shop.qr_order(out_trade_no="open", it_b_pay="1h")
        number = shop.merchants_id
    alone = command("clock", "advance", "30m", "--merchant", number, "--database", str(path), **nowhere)
    assert "2026-01-31T12:30:00.000Z" in alone.stdout
    moved = command("clock", "advance", "2h", "--database", str(path), **nowhere)
    assert (moved.returncode, "2026-01-31T14:00:00.000Z" in moved.stdout,
            str(path) in moved.stderr) == (0, True, True)
    listed, = rows(command("orders", "--offline", TGPAY_DATABASE=str(path), **nowhere).stdout)
    assert (listed["out_trade_no"], listed["status"]) == ("open", "TRADE_CLOSED")


# What each command needs to be called at all; those that need no emulator are not here.
CALLED = [
    ("clock",), ("clock", "advance", "2d"), ("clock", "set", "2030-01-01T00:00:00Z"), ("clock", "freeze"),
    ("clock", "unfreeze"), ("clock", "reset"), ("reset",), ("merchants",), ("orders",), ("orders", "1"),
    ("notify",), ("notify", "replay", "1"), ("terminals",), ("terminals", "show", "801"),
    ("terminals", "set", "801", "--attended"), ("terminals", "set", "801", "--offline"),
    ("terminals", "do", "801", "tap"), ("journal",), ("findings",), ("scenarios",),
    ("scenarios", "use", "chaos"), ("scenarios", "off"), ("settlement",), ("verify", "--merchant", "1"),
    ("export", "-"), ("sign", "merchants_id=201703200001"),
    ("listen", "--merchant", "201703200001", "--forward-to", "localhost:1")]


@pytest.mark.sqlite
@every_row("arguments", CALLED, ids=" ".join)
def test_no_command_touches_a_database_silently_when_no_server_answers(
        tmp_path: Path, arguments: tuple[str, ...]) -> None:
    path, port = tmp_path / "emulator.db", str(free_port())
    done = CliRunner().invoke(main, list(arguments), env={
        "TGPAY_DATABASE": str(path), "TGPAY_PORT": port, "TGPAY_URL": None, "TGPAY_CONTROL_TOKEN": None})
    said = f"no emulator answers at http://127.0.0.1:{port}; start one with tgpay-emulator serve"
    assert (done.exit_code, done.stdout, said in done.stderr) == (1, "", True), done.output
    assert len(done.stderr.splitlines()) == 1 and not path.exists()


@pytest.mark.sqlite
def test_an_import_touches_no_database_silently(tmp_path: Path) -> None:
    file, path, nowhere = tmp_path / "case.gz", tmp_path / "emulator.db", {"TGPAY_PORT": str(free_port())}
    assert command("export", str(file), "--database", str(tmp_path / "other.db"), **nowhere).returncode == 0
    refused = command("import", str(file), TGPAY_DATABASE=str(path), **nowhere)
    assert (refused.returncode, "--offline" in refused.stderr, path.exists()) == (1, True, False)


@pytest.mark.sqlite
def test_a_database_that_cannot_be_used_is_told_with_what_to_do(tmp_path: Path) -> None:
    locked, other = tmp_path / "locked.db", tmp_path / "other.db"
    assert command("merchants", "--database", str(locked)).returncode == 0
    other.write_text("no database " * 100)
    with closing(sqlite3.connect(locked, isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        refused = command("orders", "--database", str(locked))
    for done, words in ((refused, "is locked by another program; end that one"),
                        (command("orders", "--database", str(other)), "name a database of the emulator")):
        assert (done.returncode, done.stdout) == (1, "")
        assert words in done.stderr.splitlines()[-1] and len(done.stderr.splitlines()) == 2, done.stderr


@pytest.mark.sqlite
def test_a_terminal_is_changed_without_a_server_by_a_flag_of_its_own(tmp_path: Path) -> None:
    where = {"TGPAY_DATABASE": str(tmp_path / "emulator.db"), "TGPAY_PORT": str(free_port())}
    refused = command("terminals", "set", "801", "--offline", **where)
    assert (refused.returncode, "--without-server" in refused.stderr) == (1, True)
    row, = rows(command("terminals", "set", "801", "--offline", "--without-server", **where).stdout)
    assert row["online"] == "false"


def test_sign_names_its_own_way_without_a_server() -> None:
    done = command("sign", "merchants_id=201703200001", TGPAY_PORT=str(free_port()))
    assert done.returncode == 1 and done.stderr.endswith("tgpay-emulator serve, or give --token\n")


def test_a_database_is_not_asked_for_at_a_url() -> None:
    done = CliRunner().invoke(main, ["clock", "--offline", "--url", "http://127.0.0.1:9"])
    assert (done.exit_code, "--url is for a running emulator" in done.stderr) == (1, True)


def test_a_url_where_nobody_answers_is_one_clear_line() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    done = command("merchants", "--url", url)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines()), url in done.stderr) == (
        1, "", 1, True)


# healthcheck

def test_healthcheck_is_0_for_a_healthy_emulator_and_1_for_none(server: Server) -> None:
    well = command("healthcheck", "--url", server.url)
    assert (well.returncode, json.loads(well.stdout)["status"]) == (0, "ok")
    port = str(free_port())
    ill = command("healthcheck", TGPAY_PORT=port)
    assert (ill.returncode, len(ill.stderr.splitlines()), port in ill.stderr) == (1, 1, True)


def test_healthcheck_and_others_say_what_to_do_about_a_server_that_does_not_answer(server: Server) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    said = f"Error: no emulator answers at {nowhere}; start one with tgpay-emulator serve\n"
    secure = server.url.replace("http:", "https:")
    for name in ("healthcheck", "merchants"):
        assert command(name, "--url", nowhere).stderr == said
        assert "use its http address" in command(name, "--url", secure).stderr


def test_healthcheck_reads_the_configured_port(server: Server) -> None:
    assert command("healthcheck", TGPAY_PORT=str(server.settings["port"])).returncode == 0


def test_healthcheck_waits_for_the_server() -> None:
    later = Server()
    with ThreadPoolExecutor() as pool:
        check = pool.submit(command, "healthcheck", "--url", later.url, "--wait", "20")
        time.sleep(0.5)
        with later:
            assert check.result().returncode == 0


def test_healthcheck_waits_no_longer_than_told() -> None:
    begun = time.monotonic()
    assert command("healthcheck", "--url", f"http://127.0.0.1:{free_port()}", "--wait", "0.3").returncode == 1
    assert time.monotonic() - begun < 5


@pytest.mark.exhaustive
@every_row("called, status, sentence", [
    (("orders", "list"), 301, "answers 301: the emulator is at https://sandbox.example/elsewhere"),
    (("clock",), 200, "is not an emulator: it answers 200 without JSON")])
def test_an_address_where_something_else_answers_is_one_clear_line(
        receiver: Receiver, called: tuple[str, ...], status: int, sentence: str) -> None:
    receiver.answers = [(status, b"<html>")]
    receiver.headers = {"Location": "https://sandbox.example/elsewhere"}
    done = command(*called, "--url", receiver.url)
    assert (done.returncode, done.stderr) == (1, f"Error: {receiver.url} {sentence}\n")


def test_healthcheck_is_1_where_something_else_answers(receiver: Receiver) -> None:
    receiver.answers = [(503, b"busy")]
    done = command("healthcheck", "--url", receiver.url)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)


# sign

def invoke(*arguments: str, status: int = 0) -> Result:
    result = CliRunner().invoke(main, list(arguments))
    assert result.exit_code == status, result.output
    return result


PAIRS = [f"{name}={value}" for name, value in PARAMS.items()]
CANONICAL = "merchants_id=201703200001&out_trade_no=茶 1&trans_amount=1.00"


@every_row("written", [
    PAIRS, [f"http://127.0.0.1:8472/v2/tgpayquery.php?{parse.urlencode(PARAMS)}"],
    [f"https://gateway.example/v2/x.php?{parse.urlencode(PARAMS, quote_via=parse.quote)}#fragment"],
], ids=["pairs", "url", "quoted url"])
def test_sign_prints_the_canonical_text_and_the_signature(written: list[str]) -> None:
    sign = md5_sign(PARAMS, TOKEN)
    assert invoke("sign", "--token", TOKEN, *written).output.splitlines() == [
        f"canonical: {CANONICAL}", f"sign: {sign}"]
    assert json.loads(invoke("sign", "--token", TOKEN, "--json", *written).output) == {
        "canonical": CANONICAL, "sign": sign}


def test_a_value_may_have_an_equals_sign_and_an_address_in_it() -> None:
    params = {"notify_url": "http://shop.example/n?a=b&c=d", "merchants_id": "1"}
    printed = invoke("sign", "--token", TOKEN, *(f"{name}={value}" for name, value in params.items())).output
    assert f"sign: {md5_sign(params, TOKEN)}" in printed
    assert f"sign: {md5_sign({'notify_url': params['notify_url']}, TOKEN)}" in invoke(
        "sign", "--token", TOKEN, f"notify_url={params['notify_url']}").output


def test_sign_knows_the_token_of_a_merchant_of_the_emulator(run: Run) -> None:
    assert md5_sign(PARAMS, TOKEN) in run("sign", *PAIRS)


@pytest.mark.exhaustive
@every_row("mistake, sign", [
    ("URL_ENCODED", md5_sign({**PARAMS, "out_trade_no": parse.quote_plus("茶 1")}, TOKEN)),
    ("TOKEN_ABSENT", md5_sign(PARAMS, "")), ("TOKEN_NAMED", md5_sign(PARAMS, f"&key={TOKEN}")),
    (None, "0" * 32),
])
def test_explain_says_which_mistake_reproduces_a_wrong_signature_and_fails(
         mistake: str | None, sign: str) -> None:
    printed = json.loads(invoke("sign", "--token", TOKEN, "--explain", "--json", *PAIRS, f"sign={sign}",
                                status=1).output)
    assert (printed["right"], printed["mistake"], printed["sign"]) == (
        False, mistake, md5_sign(PARAMS, TOKEN))
    assert printed["sentence"]
    assert printed["sentence"] in invoke("sign", "--token", TOKEN, "--explain", *PAIRS, f"sign={sign}",
                                         status=1).output


def test_an_explanation_is_laid_out_for_a_person() -> None:
    given = md5_sign({**PARAMS, "out_trade_no": parse.quote_plus("茶 1")}, f"&key={TOKEN}")
    printed = invoke("sign", "--token", TOKEN, "--explain", *PAIRS, f"sign={given}",
                     status=1).output.splitlines()
    told = json.loads(invoke("sign", "--token", TOKEN, "--explain", "--json", *PAIRS, f"sign={given}",
                             status=1).output)
    assert told["mistakes"] == ["URL_ENCODED", "TOKEN_NAMED"]
    assert printed[:7] == [
        f"canonical: {CANONICAL}", f"expected: {md5_sign(PARAMS, TOKEN)}", f"given: {given}",
        f"sentence: {told['sentence']}", f"first difference: after {CANONICAL.index('茶')} characters",
        'yours: "…01&out_trade_no=%E8%8C%B6+1&tran…"', 'right: "…01&out_trade_no=茶 1&trans_amount…"']
    lines = "\n".join(printed[7:]).replace("\n    ", "\n")
    assert lines == "\n".join(f"{language}: {told['code'][language]}"
                              for language in ("php", "java", "python", "javascript"))


def test_an_unknown_mistake_is_laid_out_without_difference_and_code() -> None:
    printed = invoke("sign", "--token", TOKEN, "--explain", *PAIRS, f"sign={'0' * 32}",
                     status=1).output.splitlines()
    assert [line.split(":")[0] for line in printed] == ["canonical", "expected", "given", "sentence"]


def test_explain_asks_the_emulator_for_the_tokens_of_other_merchants(
         server: Server, control: Control) -> None:
    shop, other = control.shop(), control.shop()
    wrong = md5_sign({"merchants_id": shop.merchants_id, "out_trade_no": "1"}, other.token)
    done = CliRunner().invoke(main, ["sign", "--explain", f"merchants_id={shop.merchants_id}",
                                     "out_trade_no=1", f"sign={wrong}"],
                              env={"TGPAY_URL": server.url, "TGPAY_CONTROL_TOKEN": "s3cret"})
    assert (done.exit_code, "token of another merchant" in done.stdout) == (1, True)
    assert other.token not in done.output and shop.token not in done.output


def test_explain_says_when_a_signature_is_right() -> None:
    printed = invoke("sign", "--token", TOKEN, "--explain", *PAIRS, f"sign={md5_sign(PARAMS, TOKEN)}").output
    assert "the signature is right" in printed


@every_row("arguments, words", [
    (("nonsense",), "nonsense"), (("--explain", "a=b"), "--explain needs a sign"),
    ((), "Missing argument")])
def test_sign_without_what_it_needs_says_so(arguments: tuple[str, ...], words: str) -> None:
    assert words in CliRunner().invoke(main, ["sign", "--token", TOKEN, *arguments]).output


# The journal, and findings.

def test_requests_are_listed_and_narrowed(run: Run, control: Control) -> None:
    shop = control.shop()
    number = shop.qr_order(sign_type=None, it_b_pay="1h")["out_trade_no"]
    shop.query(number)
    shop.query("none")
    listed = rows(run("journal", "--merchant", shop.merchants_id))
    assert [(row["endpoint"], row["out_trade_no"], row["verdict"], row["findings"]) for row in listed] == [
        ("tgpayquery", "none", "TRADE_NOT_EXIST", ""), ("tgpayquery", number, "OK", ""),
        ("tgpayqrcode", number, "OK", "SIGN_TYPE_MISSING")]
    for narrowed, places in ((("--endpoint", "tgpayquery"), [0, 1]), (("--order", number), [1, 2]),
                             (("--verdict", "OK"), [1, 2]), (("--limit", "1"), [0]),
                             (("--before", listed[0]["id"]), [1, 2]), (("--after", listed[2]["id"]), [1, 0])):
        assert rows(run("journal", "--merchant", shop.merchants_id, *narrowed)) == [
            listed[place] for place in places]
    printed = json.loads(run("journal", "--merchant", shop.merchants_id, "--json"))
    assert printed == control.get("/journal", merchants_id=shop.merchants_id, newest_first="true")


def test_the_journal_lists_the_codes_of_payments_that_failed_or_are_pending(
        run: Run, control: Control) -> None:
    shop = control.shop()
    for card in ("4000023084000003", "4000023095000018", "4111111111111111"):
        shop.card_payment(card)
    shop.at_terminal(terminal_sn="0")
    listed = rows(run("journal", "--merchant", shop.merchants_id))
    assert [(row["verdict"], row["outcome"]) for row in listed] == [
        ("OK", "1002"), ("OK", ""), ("OK", "3095"), ("OK", "3084")]


def test_a_lost_answer_is_printed_as_lost_with_what_it_would_have_been(run: Run, control: Control) -> None:
    shop = control.shop()
    shop.plays({"then": {"fault": "drop_after"}})
    with pytest.raises(ConnectionError):
        shop.qr_order()
    listed, = rows(run("journal", "--merchant", shop.merchants_id))
    assert (listed["verdict"], listed["status"], listed["outcome"]) == ("Response dropped", "", "")
    printed = run("journal", listed["id"])
    assert "\nverdict: Response dropped\nresponse without the fault: 200\n" in printed
    assert "\nverdict without the fault: OK\n" in printed


def test_command_line_and_console_print_the_same_time_with_its_zone(run: Run, control: Control) -> None:
    shop = control.shop()
    entry = shop.journal(shop.qr_order())
    (printed,) = re.findall(r"^at: (.*)$", run("journal", str(entry["id"])), re.MULTILINE)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+08:00", printed)
    table = run("journal", "--merchant", shop.merchants_id, "--format", "table")
    assert printed.removesuffix(" +08:00") in table and "time (UTC+08:00)" in table
    (listed,) = rows(run("journal", "--merchant", shop.merchants_id))
    assert listed["at"] == entry["at"]
    desk = Desk(control.url)
    desk.ask("POST", "/session", {"token": "s3cret"})
    page = desk.ask("GET", f"/journal/{entry['id']}").text
    assert f'<time datetime="{entry["at"]}" title="{entry["at"]}">{printed}</time>' in page
    assert datetime.fromisoformat(printed) == datetime.fromisoformat(entry["at"]).replace(microsecond=0)


def test_a_request_is_printed_whole(run: Run, control: Control) -> None:
    shop = control.shop()
    answer = shop.qr_order(reference="茶", it_b_pay=None)
    entry = shop.journal(answer)
    printed = run("journal", str(entry["id"]))
    assert "request: GET from 127.0.0.1\n" in printed and "\n    reference=茶\n" in printed
    assert "".join(f"    {line}\n" for line in answer.text.splitlines()) in printed
    assert "\nverdict: OK\n" in printed
    assert ("\nfinding: MANDATORY_MISSING: it_b_pay is missing\n    a parameter that the table calls "
            "mandatory is sent" in printed)
    assert json.loads(run("journal", str(entry["id"]), "--json")) == entry


def test_a_refused_signature_is_printed_with_its_explanation(run: Run, control: Control) -> None:
    shop = control.shop()
    wrong = md5_sign({"merchants_id": shop.merchants_id, "out_trade_no": "1"}, "")
    entry = shop.journal(shop.ask("tgpayquery", out_trade_no="1", sign=wrong))
    printed = run("journal", str(entry["id"]))
    assert "\nverdict: ILLEGAL_SIGN\n" in printed
    assert f"\nsentence: {entry['explanation']['sentence']}\n" in printed
    assert f"\nphp: {entry['explanation']['code']['php']}\n" in printed


def test_why_a_card_was_answered_as_it_was_is_printed(run: Run, control: Control) -> None:
    entry = control.shop().journal(control.shop().card_payment())
    printed = run("journal", str(entry["id"]))
    assert entry["explanation"]
    assert all(f"\n{name}: {value}\n" in printed for name, value in entry["explanation"].items())


def test_findings_are_listed_with_an_example_and_what_to_change(
         run: Run, control: Control, receiver: Receiver) -> None:
    receiver.answers = [(200, b"thanks")]
    shop = control.shop(notify_url=receiver.url)
    entry = shop.journal(shop.pay_by_barcode(sign_type=None))
    control.post("/notifications/flush")
    listed = rows(run("findings", "--merchant", shop.merchants_id))
    notification = control.get("/notifications", merchants_id=shop.merchants_id)["items"][0]["id"]
    assert [(row["code"], row["times"], row["example"], row["detail"]) for row in listed] == [
        ("SIGN_TYPE_MISSING", "1", f"journal {entry['id']}", "sign_type is missing"),
        ("NOT_ANSWERED_SUCCESS", "1", f"notification {notification}, attempt 1",
         "answered 200 with 'thanks'")]
    assert all(row["change"] for row in listed)
    told = json.loads(run("findings", "--json", "--merchant", shop.merchants_id))
    assert told == control.get("/findings", merchants_id=shop.merchants_id)
    assert run("findings", "--merchant", control.shop().merchants_id).count("\n") == 1


# reference, help

def test_the_reference_has_every_endpoint_parameter_refusal_and_setting() -> None:
    printed = invoke("reference").output
    for endpoint in ENDPOINTS.values():
        assert f"`{endpoint.path}`" in printed
        assert all(f"`{row.name}`" in printed for row in (*endpoint.params, *endpoint.answer))
    assert all(f"| {name} |" in printed for name in REFUSALS)
    assert all(f"`TGPAY_{row.name.upper()}`" in printed for row in SETTINGS)
    assert "*(inferred)*" in printed


def test_the_reference_is_the_openapi_document_too(control: Control) -> None:
    printed = json.loads(invoke("reference", "--format", "openapi").output)
    served = control.get("/openapi.json")
    assert {**printed, "servers": []} == {**served, "servers": []}


def test_every_command_explains_itself() -> None:
    names = re.findall(r"^  (\w+) ", invoke("--help").output.split("Commands:")[1], re.MULTILINE)
    assert {"serve", "healthcheck", "reset", "clock", "merchants", "orders", "notify", "sign", "journal",
            "findings",
            "reference"} <= set(names)
    for name in leaves(main):
        explained = invoke(*name.split(), "--help").output
        assert "Usage:" in explained and f"tgpay-emulator {name.removesuffix(' list')}" in explained
        assert "Example:\n" in explained or "Examples:\n" in explained
        assert max(map(len, explained.splitlines())) <= 110


def test_no_summary_in_a_list_of_commands_is_cut_at_80_columns() -> None:
    for group in ((), ("notify",), ("terminals",), ("scenarios",), ("settlement",)):
        listed = CliRunner().invoke(main, [*group, "--help"], env={"COLUMNS": "80"}).output
        assert "..." not in listed.split("Commands:")[1], listed
        assert max(map(len, listed.splitlines())) <= 80


def test_the_program_alone_says_what_to_do_first() -> None:
    alone = CliRunner().invoke(main, [])
    assert alone.exit_code == 0
    for name in ("serve", "merchants", "demo", "--help"):
        assert f"tgpay-emulator {name}" in alone.stdout
    assert len(alone.stdout.splitlines()) < 15 and max(map(len, alone.stdout.splitlines())) <= 80


def test_the_version_is_printed() -> None:
    assert invoke("--version").output.strip().endswith(__version__)


def test_a_shop_signed_by_the_command_line_is_answered(run: Run, control: Control) -> None:
    shop = Shop(control, "201703200001", TOKEN)
    params = {"merchants_id": shop.merchants_id, "out_trade_no": "by hand", "trans_amount": "0.01",
              "sign_type": "MD5"}
    sign = json.loads(run("sign", "--json", *(f"{name}={value}" for name, value in params.items())))["sign"]
    assert shop.send("tgpayqrcode", {**params, "sign": sign})["is_success"] == "T"


def test_terminals_are_listed_changed_and_driven(run: Run, control: Control) -> None:
    shop = control.shop()
    serials = [row["terminal_sn"] for row in rows(run("terminals", "--merchant", shop.merchants_id))]
    assert serials == shop.terminals == [row["terminal_sn"]
                                         for row in rows(run("terminals", "list", "--merchant",
                                                             shop.merchants_id))]
    run("terminals", "set", serials[0], "--attended")
    shop.at_terminal(terminal_sn=serials[0])
    assert rows(run("terminals", "do", serials[0], "tap"))[0]["state"] == "READING_CARD"
    assert json.loads(run("terminals", "show", serials[0]))["transaction"]["entry"] == "tap"
    assert rows(run("terminals", "set", "T-new", "--merchant", shop.merchants_id, "--type", "PAX A80",
                    "--offline")) == [
        {"terminal_sn": "T-new", "merchants_id": shop.merchants_id, "terminal_type": "PAX A80",
         "online": "false", "attended": "false", "state": "IDLE"}]


@pytest.mark.exhaustive
@every_row("arguments, told", [
    (("terminals", "do", "801", "pin"), "not possible"), (("terminals", "show", "none"), "no terminal none"),
    (("terminals", "set", "none", "--online"), "merchants_id"), (("terminals", "do", "801", "kick"), "kick")])
def test_what_cannot_be_done_at_a_terminal_ends_with_one_line_that_says_why(
         server: Server, arguments: tuple[str, ...], told: str) -> None:
    done = command(*arguments, TGPAY_URL=server.url, TGPAY_CONTROL_TOKEN="s3cret")
    assert done.returncode != 0 and told in done.stderr and "Traceback" not in done.stderr
