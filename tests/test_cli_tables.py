"""What people see of lists in a terminal, and what programs read: aligned columns, TSV and JSON."""
import json
import re
import sys
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tgpay_emulator.base import durations
from tgpay_emulator.cli import layout, main
from tgpay_emulator.cli.clock import progress

from .driver import Control, Server, Shop, card_of, free_port, pay_info
from .tables import every_row
from .terminals import on_a_terminal
from .test_cli import rows

TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"


def invoke(url: str, *arguments: str) -> Result:
    done = CliRunner().invoke(main, list(arguments), env={"TGPAY_URL": url})
    assert done.exit_code == 0, done.output
    return done


def seen(url: str, *arguments: str, columns: int = 80) -> str:
    """What a person sees in a terminal of so many columns without colours."""
    printed = on_a_terminal(sys.executable, "-m", "tgpay_emulator", *arguments, TGPAY_URL=url, NO_COLOR="1",
                            COLUMNS=str(columns))
    assert [line for line in printed.splitlines() if layout.width(line) > columns] == [], printed
    return printed


@pytest.fixture
def orders(shop: Shop) -> Shop:
    """A merchant with three orders: one of each outcome."""
    shop.pay_by_barcode("1300.00", out_trade_no="paid")
    shop.card_payment(out_trade_no="declined", pay_info=pay_info(card_of("3084")))
    shop.qr_order(out_trade_no="茶", trans_amount="11692.88")
    return shop


@every_row("written, shown", [
    (("1300.00", "GBP"), "£1,300.00"), (("11692.88", "CNY"), "¥11,692.88"), (("-5.00", "EUR"), "-€5.00"),
    (("0.01", "CHF"), "CHF\N{NO-BREAK SPACE}0.01"), (("1234567.00", ""), "1,234,567.00"),
    (("?", "GBP"), "?")])
def test_an_amount_has_its_currency_and_separators(written: tuple[str, str], shown: str) -> None:
    assert layout.price(*written) == shown


@every_row("zone, shown", [("UTC", "2026-01-31 23:30:00 +00:00"),
                           ("Asia/Shanghai", "2026-02-01 07:30:00 +08:00"),
                           ("Asia/Kolkata", "2026-02-01 05:00:00 +05:30"),
                           ("America/New_York", "2026-01-31 18:30:00 -05:00")])
def test_a_time_has_its_zone(zone: str, shown: str) -> None:
    assert layout.moment("2026-01-31T23:30:00.000Z", zone) == shown


@every_row("done, sentence", [
    ((1, 1, 0), "1 order change and 1 delivery attempt (0 delivered)"),
    ((0, 0, 0), "0 order changes and 0 delivery attempts"),
    ((3, 1200, 1199), "3 order changes and 1,200 delivery attempts (1,199 delivered)")])
def test_one_thing_is_not_several(done: tuple[int, int, int], sentence: str) -> None:
    assert progress(dict(zip(("changes", "attempts", "delivered"), done))) == sentence


@every_row("seconds, words", [(172_800, "2d ahead of system time"), (-5, "5s behind system time"),
                              (93_784, "1d 2h ahead of system time"), (0, "none: system time")])
def test_how_far_a_clock_is_from_real_time_is_told_in_words(seconds: float, words: str) -> None:
    assert durations.offset_text(seconds) == words


def test_columns_are_aligned_also_with_wide_characters() -> None:
    listed = [{"name": "茶", "amount": "2.50", "currency": "GBP"},
              {"name": "coffee", "amount": "1300.00", "currency": "GBP"}]
    assert layout.table(listed, ("name", "amount"), "UTC") == [
        "name       amount", "茶          £2.50", "coffee  £1,300.00"]


def test_a_narrow_terminal_has_fewer_columns_and_wrapped_texts() -> None:
    listed = [{"id": 1, "name": "first", "text": "a rather long sentence that needs two lines", "no": None}]
    assert layout.table(listed, ("id", "name", "text", "no"), "UTC", 40, ("name",), "text") == [
        "id  name   text", " 1  first  a rather long sentence that",
        "           needs two lines"]
    assert layout.table(listed, ("id", "name", "text"), "UTC", 20, ("name",), "text")[:2] == [
        "id  text", " 1  a rather long"]


def test_values_cannot_break_a_line_or_a_terminal() -> None:
    listed = [{"a": "x\ty\nz\\", "b": None, "c": True}]
    assert layout.tabbed(listed, ("a", "b", "c")) == ["a\tb\tc", "x\\ty\\nz\\\\\t\ttrue"]
    assert layout.table([{"a": "\x1b[31mred"}], ("a",), "UTC")[1] == "\ufffd[31mred"


@pytest.mark.exhaustive
def test_people_see_orders_with_amounts_times_and_outcomes(base_url: str, orders: Shop) -> None:
    printed = seen(base_url, "orders", "--merchant", orders.merchants_id).splitlines()
    assert [line.split()[-3:] for line in printed[1:]] == [
        ["茶", "£11,692.88", "WAIT_BUYER_PAY"], ["£1.00", "TRADE_CLOSED", "3084"],
        ["paid", "£1,300.00", "TRADE_SUCCESS"]]
    assert "None" not in "".join(printed)
    wide = seen(base_url, "orders", "--merchant", orders.merchants_id, columns=200).splitlines()
    assert "created (UTC+08:00)" in wide[0] and re.search(TIME, wide[1]) and len(wide) == len(printed)
    one = seen(base_url, "orders", f"{orders.merchants_id}/declined")
    assert re.search(r"^outcome +3084 ", one, re.MULTILINE) and "\nTimeline\n" in one
    assert re.search(rf"^created +{TIME} \+08:00$", one, re.MULTILINE)


@pytest.mark.exhaustive
def test_what_people_see_fits_80_columns_and_has_no_none(base_url: str, orders: Shop) -> None:
    of = ("--merchant", orders.merchants_id)
    for arguments in (("journal", *of), ("notify", *of), ("settlement", *of), ("findings", *of),
                      ("scenarios",), ("terminals", *of), ("clock", *of), ("merchants",), ("cards", "3084"),
                      ("terminals", "show", orders.first_terminal), ("orders", *of, "--limit", "1")):
        printed = seen(base_url, *arguments)
        assert printed and "None" not in printed and "\t" not in printed, printed


@every_row("command", ["orders", "journal", "notify", "settlement", "merchants", "terminals", "findings",
                       "scenarios", "cards", "clock"])
def test_programs_read_tsv_or_json_whatever_the_place(base_url: str, orders: Shop, command: str) -> None:
    of = () if command in ("merchants", "scenarios", "cards") else ("--merchant", orders.merchants_id)
    plain = invoke(base_url, command, *of).stdout
    if command != "clock":
        assert invoke(base_url, command, *of, "--format", "tsv").stdout == plain
    assert rows(plain) or command == "notify"
    known: Any = json.loads(invoke(base_url, command, *of, "--format", "json").stdout)
    assert json.loads(invoke(base_url, command, *of, "--json").stdout).keys() == known.keys()
    if "items" in known:
        assert len(known["items"]) == len(rows(plain))
    table = invoke(base_url, command, *of, "--format", "table").stdout
    assert "\t" not in table and "\x1b" not in table


def test_programs_read_plain_amounts_and_utc(base_url: str, orders: Shop) -> None:
    first = rows(invoke(base_url, "orders", "--merchant", orders.merchants_id).stdout)[0]
    assert (first["trans_amount"], first["currency"]) == ("11692.88", "GBP")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first["created_at"])


def test_people_hear_that_a_list_goes_on(base_url: str, orders: Shop) -> None:
    done = invoke(base_url, "orders", "--merchant", orders.merchants_id, "--limit", "2", "--format", "table")
    before = re.search(r"--before (\d+)", done.stderr)
    assert before
    rest = invoke(base_url, "orders", "--merchant", orders.merchants_id, "--before", before[1])
    assert [row["out_trade_no"] for row in rows(rest.stdout)] == ["paid"]


def test_the_clock_says_in_which_zone_people_read_times(base_url: str) -> None:
    assert Control(base_url).get("/clock")["timezone"] == "Asia/Shanghai"


# What serve says at its start.

@every_row("moves, words", [
    ([("clock", {"advance": "2d"})],
     ["The clock is 2d ahead of system time, at ", "clock reset puts it back"]),
    ([("clock", {"freeze": True})], ["The clock is frozen at ", "clock unfreeze lets it run"]),
    ([("scenario", {"name": "chaos"})],
     ["The scenario chaos is active for all merchants: ", "scenarios off deactivates it"]),
    ([("clock", {"advance": "2d", "merchants_id": "201703200001"})],
     ["Merchant 201703200001 has a clock of its own: ", "clock reset --merchant NUMBER"]),
    ([("scenario", {"name": "chaos", "merchants_id": number}) for number in ("201703200001", "201701010001")],
     ["2 merchants have a scenario of their own (201701010001, 201703200001): ", "scenarios off --merchant"]),
    ([], [])], ids=str)
@pytest.mark.sqlite
def test_serve_says_what_is_unusual_in_its_database(
        tmp_path_factory: pytest.TempPathFactory, moves: list[tuple[str, dict[str, Any]]],
        words: list[str]) -> None:
    database = tmp_path_factory.mktemp("unusual") / "emulator.db"
    with Server(database=database) as first:
        control = Control(first.url)
        for path, body in moves:
            control.ask("PUT" if path == "scenario" else "POST", f"/{path}", body)
    second = Server(database=database, workers=1).start()
    lines = second.stop()[1].splitlines()
    said = [line for line in lines if re.match("The (clock|scenario)|Merchant|\\d+ merchants", line)]
    assert len(said) == (1 if words else 0), lines
    assert [word for word in words if word not in said[0]] == []


# Switches.

@every_row("flags, is_on", [(["--strict"], True), (["--no-strict"], False), (["--strict", "on"], True),
                            (["--strict", "off"], False), (["--strict=true"], True),
                            (["--strict=0"], False), (["--strict", "--no-strict"], False)])
@every_row("around", ["on", "off"])
def test_a_switch_is_switched_by_its_flag_whatever_the_environment_says(
        monkeypatch: pytest.MonkeyPatch, flags: list[str], is_on: bool, around: str) -> None:
    taken: list[bool] = []
    monkeypatch.setattr("tgpay_emulator.server.process.serve",
                        lambda settings, announce: taken.append(settings.strict))
    done = CliRunner().invoke(main, ["serve", *flags, f"--port={free_port()}"], env={"TGPAY_STRICT": around})
    assert (done.exit_code, taken) == (0, [is_on]), done.output


def test_help_shows_switches_as_switches() -> None:
    printed = CliRunner().invoke(main, ["serve", "--help"]).output
    for name in ("lan", "strict", "notify-insecure", "end-with-parent", "amount-triggers", "log-requests"):
        assert f"--{name} / --no-{name}" in printed
    assert "--lan TEXT" not in printed


def test_a_switch_takes_no_other_word() -> None:
    done = CliRunner().invoke(main, ["serve", "--lan", "maybe"])
    assert (done.exit_code, "lan: " in done.stderr, "maybe" in done.stderr) == (1, True, True)
