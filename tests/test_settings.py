"""Contract 9: every setting by its environment variable and its flag, and a clear line for a value that
cannot be.
"""
import subprocess
from typing import Any

import pytest
from click.testing import CliRunner

from tgpay_emulator.base.rates import Rate
from tgpay_emulator.base.settings import SETTINGS, Setting, Settings, from_environment
from tgpay_emulator.base.tokens import ControlToken
from tgpay_emulator.cli import main

from .driver import Control, Server, command
from .tables import every_row

NAMES = [row.name for row in SETTINGS]
DAY = 86_400_000
EXAMPLES: dict[str, tuple[str, Any]] = {
    "host": ("127.0.0.2", "127.0.0.2"), "port": ("9000", 9000), "database": ("/tmp/x.db", "/tmp/x.db"),
    "public_url": ("https://pay.example/base/", "https://pay.example/base"), "workers": ("4", 4),
    "threads": ("16", 16), "seed": ("lunch", "lunch"), "strict": ("on", True),
    "control_token": ("s3cret", "s3cret"), "timezone": ("UTC", "UTC"),
    "notify_timezone": ("Asia/Tokyo", "Asia/Tokyo"),
    "notify_retries": ("1s, 2m,500ms", (1_000, 120_000, 500)), "notify_timeout": ("2500ms", 2_500),
    "notify_allow": ("Shop.example, 10.0.0.0/8", ("shop.example", "10.0.0.0/8")),
    "settlement_time": ("09:30", 34_200_000), "settlement_days": ("2", 2), "refund_period": ("30d", 30 * DAY),
    "log_level": ("DEBUG", "debug"), "autopilot": ("2s,0,250ms,1", (2_000, 0, 250, 1_000)),
    "contactless_limit": ("45", 4_500), "amount_triggers": ("off", False), "keep": ("12h", DAY // 2),
    "keep_entries": ("500", 500), "rate_limit": ("20/s", Rate(20, 1_000, 20, "20/s")),
    "tls": ("Self-Signed", "self-signed"), "tls_cert": ("/tmp/cert.pem", "/tmp/cert.pem"),
    "end_with_parent": ("yes", True), "log_requests": ("off", False),
    "tokens": ("red:team:s3cret-1", (ControlToken("red", "team", "s3cret-1"),)),
}
DEFAULTS: dict[str, Any] = {
    "host": "127.0.0.1", "port": 8472, "public_url": "", "strict": False, "control_token": "",
    "timezone": "Asia/Shanghai", "notify_timezone": "Europe/London",
    "notify_retries": (240_000, 600_000, 600_000, 3_600_000, 7_200_000, 21_600_000, 54_000_000),
    "notify_timeout": 10_000, "notify_allow": (), "settlement_time": 54_000_000, "settlement_days": 1,
    "refund_period": 90 * DAY, "autopilot": (1_000, 500, 1_000, 500), "contactless_limit": 10_000,
    "amount_triggers": True, "keep": 30 * DAY, "keep_entries": 100_000,
    "tokens": (), "rate_limit": None, "tls": None, "tls_cert": "", "end_with_parent": False,
    "log_requests": True,
}
WRONG = [
    ("port", "http"), ("port", "65536"), ("port", "-1"), ("port", ""), ("workers", "0"), ("workers", "many"),
    ("threads", "0"), ("public_url", "pay.example"), ("public_url", "ftp://pay.example"),
    ("strict", "perhaps"), ("timezone", "Shanghai"), ("timezone", "../etc/passwd"), ("timezone", ""),
    ("notify_timezone", "Mars/Olympus"), ("notify_retries", "4m,soon"),
    ("notify_timeout", "ten"), ("notify_allow", "10.0.0.0/99"), ("settlement_time", "15"),
    ("settlement_time", "24:00"), *(("public_url", url) for url in (
                                      "http:pay.example", "http:///tgpay", "http://user:secret@pay.example",
                                      "http://pay.example?", "http://pay.example/#a",
                                      "http://pay.example/?a=b", "http://pay.example:0",
                                      "http://pay.example:99999", "http://pay.example:http", "http://[bad",
                                      "http://pay..example", f"http://{'a' * 64}.example", "http://999.1.1.1",
                                      "http://pay example", "http://pay.example/a//b",
                                      "http://pay.example/../b", "http://pay.example/%2E/b",
                                      "http://pay.example/%zz", "http://pay.example\\tgpay",
                                      "http://pay.example\n", "javascript:alert(1)")),
    ("settlement_days", "-1"), ("refund_period", "ever"), ("log_level", "loud"),
    ("autopilot", "1s"), ("autopilot", "1s,1s,1s,soon"), ("contactless_limit", "1,00"),
    ("contactless_limit", "-1"), ("amount_triggers", "maybe"), ("keep", "long"), ("keep_entries", "few"),
    ("keep_entries", "10"), ("amount_triggers", "maybe"), ("connections", "7"), ("waiting_limit", "0"),
    ("tls", "maybe"), ("tls", ""), ("tls_key", "/tmp/key.pem"), ("end_with_parent", "1234"),
    ("client_timeout", "soon"), ("client_timeout", "0"), ("tokens", "red:chief:s3cret-1"), *(
        ("rate_limit", rate) for rate in (
            "20", "20/d", "0/s", "-1/s", "2.5/s", "20/s:0", "20/s:", "many/s", "", "20 per s", "1000000/s",
            "٢/s")),
]


@every_row("row", SETTINGS, ids=NAMES)
def test_a_setting_is_read_from_the_environment(row: Setting) -> None:
    written, value = EXAMPLES.get(row.name, (row.default, None))
    read = from_environment({f"TGPAY_{row.name.upper()}": written})
    assert read[row.name] == getattr(read, row.name) == (row.parse(row.default) if value is None else value)
    assert {name: read[name] for name in NAMES if name != row.name} == {
        name: Settings()[name] for name in NAMES if name != row.name}


@every_row("row", SETTINGS, ids=NAMES)
def test_a_flag_comes_before_the_environment(row: Setting) -> None:
    written, value = EXAMPLES.get(row.name, (row.default, row.parse(row.default)))
    assert from_environment({f"TGPAY_{row.name.upper()}": row.default},
                            **{row.name: written})[row.name] == value


@every_row("name", DEFAULTS)
def test_without_a_word_the_defaults_of_the_contract_are_in_force(name: str) -> None:
    assert Settings()[name] == DEFAULTS[name]


@every_row("written, value", [
    ("http://pay.example", "http://pay.example"), ("HTTPS://Pay.Example:443/", "https://pay.example"),
    ("http://pay.example:8472//", "http://pay.example:8472"), ("http://[::1]:80/tgpay", "http://[::1]/tgpay"),
    ("http://127.0.0.1:8472/a/b/", "http://127.0.0.1:8472/a/b"),
    ("http://pay_desk/a%20b/", "http://pay_desk/a%20b"),
    ("http://pay.example/支付;$x", "http://pay.example/%E6%94%AF%E4%BB%98%3B%24x"),
    ("http://bücher.example", "http://xn--bcher-kva.example")])
def test_a_public_url_has_one_way_of_writing(written: str, value: str) -> None:
    assert Settings({"public_url": written})["public_url"] == value


def test_a_refused_public_url_shows_no_password() -> None:
    refused = CliRunner().invoke(main, ["serve", "--public-url=http://user:secret@pay.example/tgpay"])
    assert "password" in refused.output and "secret" not in refused.output


@every_row("written, value",
           [("on", True), ("1", True), ("true", True), ("YES", True), ("off", False), ("0", False),
            ("false", False), ("no", False), ("", False)])
def test_a_switch_is_written_in_the_usual_ways(written: str, value: bool) -> None:
    assert Settings({"strict": written})["strict"] is value


def serve(*flags: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return command("serve", *flags, **environment)


@every_row("name, written", WRONG)
def test_a_value_that_cannot_be_is_one_line_that_names_the_setting(name: str, written: str) -> None:
    flag = CliRunner().invoke(main, ["serve", f"--{name.replace('_', '-')}={written}"])
    variable = CliRunner().invoke(main, ["serve"], env={f"TGPAY_{name.upper()}": written})
    for result in (flag, variable):
        assert (result.exit_code, len(result.output.splitlines())) == (1, 1)
        assert name in result.output


def test_a_wrong_value_ends_the_real_command_with_a_line_on_standard_error() -> None:
    for done in (serve("--port=http"), serve(TGPAY_PORT="http")):
        assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
        assert "port" in done.stderr and "http" in done.stderr


@every_row("row", SETTINGS, ids=NAMES)
def test_help_names_each_flag_variable_and_default(row: Setting) -> None:
    printed = " ".join(CliRunner().invoke(main, ["serve", "--help"], terminal_width=400).output.split())
    assert f"--{row.name.replace('_', '-')} " in printed
    assert row.help in printed
    assert f"[TGPAY_{row.name.upper()}; {row.default or 'empty'}]" in printed


def test_the_server_obeys_its_flags_and_the_switch_may_stand_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(strict="on", seed="lunch", public_url="https://pay.example/", control_token="off") as server:
        control = Control(server.url)
        shop = control.shop()
        assert shop.pay_by_barcode(sign_type=None)["error"] == "ILLEGAL_ARGUMENT"
        assert shop.qr_order(it_b_pay="1h")["qr_code"].startswith("https://pay.example/wallet/")
        tokens = {merchant["merchants_id"]: merchant["token"]
                  for merchant in control.get("/merchants")["items"]}
    with Server() as other:
        assert Control(other.url).get("/merchants/201807208001")["token"] != tokens["201807208001"]
    alone = CliRunner().invoke(main, ["serve", "--strict", "--port=http"])
    assert (alone.exit_code, "port" in alone.output) == (1, True)


def test_the_retries_and_the_refund_period_are_settings() -> None:
    with Server(notify_retries="1m,2m", refund_period="10d", settlement_time="00:00",
                settlement_days=0) as server:
        control = Control(server.url)
        control.post("/clock", {"freeze": True})
        control.post("/clock", {"set": "2026-03-01T12:00:00Z"})
        shop = control.shop(notify_url="http://127.0.0.1:9/")
        number = shop.pay_by_barcode()["out_trade_no"]
        control.post("/clock", {"advance": "10d"})
        story = shop.story(number)
        assert [attempt["at"][11:16] for attempt in story["notifications"][0]["attempts"]] == [
            "12:00", "12:01", "12:03"]
        assert (story["status"], story["notifications"][0]["status"]) == ("TRADE_FINISHED", "failed")
        assert number in shop.settlement("2026-03-01", "2026-03-01").text
