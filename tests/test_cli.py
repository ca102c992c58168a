"""The command line `tgpay-emulator`: serve, healthcheck, and the commands that look at or change a running
emulator or its database.
"""
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
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
from .driver import Control, Receiver, Server, Shop, free_port, md5_sign
from .tables import every_row
from .terminals import on_a_terminal

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
    assert rows(run("clock"))[0]["frozen"] == "False"
    assert json.loads(run("clock", "freeze", "--json"))["frozen"] is True
    assert rows(run("clock", "set", "2026-01-31T12:00:00Z"))[0]["now"] == "2026-01-31 20:00:00 +08:00"
    assert rows(run("clock", "advance", "15m"))[0]["now"] == "2026-01-31 20:15:00 +08:00"
    assert control.get("/clock")["now"] == "2026-01-31T12:15:00.000Z"
    assert rows(run("clock", "unfreeze"))[0]["frozen"] == "False"
    assert json.loads(run("clock", "reset", "--json"))["offset_s"] == 0


def test_the_clock_of_one_merchant_is_shown_and_moved(run: Run, control: Control) -> None:
    whose = "--merchant", control.shop().merchants_id
    assert rows(run("clock", *whose))[0]["own"] == "False"
    assert json.loads(run("clock", "freeze", *whose, "--json"))["frozen"] is True
    moved = rows(run("clock", "set", "2026-01-31T12:00:00Z", *whose))[0]
    assert (moved["merchants_id"], moved["now"], moved["own"]) == (
        whose[1], "2026-01-31 20:00:00 +08:00", "True")
    assert rows(run("clock", "advance", "15m", *whose))[0]["now"] == "2026-01-31 20:15:00 +08:00"
    assert rows(run("clock", "unfreeze", *whose))[0]["frozen"] == "False"
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
        (paid, "2.50", "TRADE_SUCCESS"), (waiting, "1.00", "WAIT_BUYER_PAY")]
    assert [row["out_trade_no"] for row in rows(
        run("orders", "--merchant", shop.merchants_id, "--status", "WAIT_BUYER_PAY"))] == [waiting]
    assert [row["out_trade_no"]
            for row in rows(run("orders", "--merchant", shop.merchants_id, "--limit", "1"))] == [paid]
    assert [row["out_trade_no"] for row in rows(
        run("orders", "--merchant", shop.merchants_id, "--after", listed[0]["id"]))] == [waiting]
    assert json.loads(run("orders", f"{shop.merchants_id}/{paid}")) == shop.story(paid)


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
def test_without_a_server_commands_work_on_the_database(tmp_path: Path) -> None:
    path = tmp_path / "emulator.db"
    nowhere = {"TGPAY_PORT": str(free_port())}
    assert TOKEN in command("merchants", "--database", str(path), **nowhere).stdout
    assert command("clock", "freeze", "--database", str(path), **nowhere).returncode == 0
    assert command("clock", "set", "2026-01-31T12:00:00Z", TGPAY_DATABASE=str(path),
                   **nowhere).returncode == 0
    with Server(database=path) as server:
        shop = Control(server.url).shop()
        shop.qr_order(out_trade_no="open", it_b_pay="1h")
        number = shop.merchants_id
    alone = command("clock", "advance", "30m", "--merchant", number, "--database", str(path), **nowhere)
    assert "2026-01-31 20:30:00 +08:00" in alone.stdout
    moved = command("clock", "advance", "2h", "--database", str(path), **nowhere)
    assert (moved.returncode, "2026-01-31 22:00:00 +08:00" in moved.stdout,
            str(path) in moved.stderr) == (0, True, True)
    listed, = rows(command("orders", "--database", str(path), **nowhere).stdout)
    assert (listed["out_trade_no"], listed["status"]) == ("open", "TRADE_CLOSED")


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
    (("clock",), 200, "is no emulator: it answers 200 without JSON")])
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
        ("tgpayqrcode", number, "OK", "SIGN_TYPE_MISSING"), ("tgpayquery", number, "OK", ""),
        ("tgpayquery", "none", "TRADE_NOT_EXIST", "")]
    for narrowed, places in ((("--endpoint", "tgpayquery"), [1, 2]), (("--order", number), [0, 1]),
                             (("--verdict", "OK"), [0, 1]),
                             (("--limit", "1"), [0]), (("--after", listed[0]["id"]), [1, 2])):
        assert rows(run("journal", "--merchant", shop.merchants_id, *narrowed)) == [
            listed[place] for place in places]
    printed = json.loads(run("journal", "--merchant", shop.merchants_id, "--json"))
    assert printed == control.get("/journal", merchants_id=shop.merchants_id)


def test_a_lost_answer_is_printed_as_lost_with_what_it_would_have_been(run: Run, control: Control) -> None:
    shop = control.shop()
    shop.plays({"then": {"fault": "drop_after"}})
    with pytest.raises(ConnectionError):
        shop.qr_order()
    listed, = rows(run("journal", "--merchant", shop.merchants_id))
    assert (listed["verdict"], listed["status"]) == ("Response dropped", "")
    printed = run("journal", listed["id"])
    assert "\nverdict: Response dropped\nanswer without the fault: 200\n" in printed
    assert "\nverdict without the fault: OK\n" in printed


def test_command_line_and_console_print_the_same_time_with_its_zone(run: Run, control: Control) -> None:
    shop = control.shop()
    entry = shop.journal(shop.qr_order())
    [listed] = rows(run("journal", "--merchant", shop.merchants_id))
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+08:00", listed["at"])
    assert f"\nat: {listed['at']}\n" in run("journal", listed["id"])
    desk = Desk(control.url)
    desk.ask("POST", "/session", {"token": "s3cret"})
    page = desk.ask("GET", f"/journal/{listed['id']}").text
    assert f'<time datetime="{entry["at"]}" title="{entry["at"]}">{listed["at"]}</time>' in page
    assert datetime.fromisoformat(listed["at"]) == datetime.fromisoformat(entry["at"]).replace(microsecond=0)


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
    for name in names:
        assert "Usage:" in invoke(name, "--help").output


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
         "online": "False", "attended": "False", "state": "IDLE"}]


@pytest.mark.exhaustive
@every_row("arguments, told", [
    (("terminals", "do", "801", "pin"), "not possible"), (("terminals", "show", "none"), "no terminal none"),
    (("terminals", "set", "none", "--online"), "merchants_id"), (("terminals", "do", "801", "kick"), "kick")])
def test_what_cannot_be_done_at_a_terminal_ends_with_one_line_that_says_why(
         server: Server, arguments: tuple[str, ...], told: str) -> None:
    done = command(*arguments, TGPAY_URL=server.url, TGPAY_CONTROL_TOKEN="s3cret")
    assert done.returncode != 0 and told in done.stderr and "Traceback" not in done.stderr
