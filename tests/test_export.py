"""Export and import: a colleague opens a failed case and sees the same; nothing is sent by surprise, no
secret leaves unasked, and a file that does not fit changes nothing.
"""
import gzip
import hashlib
import json
import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from . import postgres
from .card_orders import PENDING_3D
from .console.desk import Desk, told
from .driver import Answer, Control, Receiver, Server, Shop, command, exchange
from .tables import every_row

GZIP = {"Content-Type": "application/gzip"}
SEEDED = "201703200001"
ADMIN, RED, BLUE = "admins-own-token", "red-token-00001", "blue-token-0001"
PASSWORD = "0pen-sesame"
RULES = ({"name": "forged", "when": {"endpoint": "tgpaybarcode"},
          "then": [{"notify": {"wrong_sign": True}}, {"settlement": ["fee_off"]}]},)
Lines = list[Any]


@pytest.fixture(scope="module")
def here() -> Iterator[Control]:
    """The server on which things happen."""
    with Server() as server:
        yield Control(server.url)


@pytest.fixture
def there() -> Iterator[Control]:
    """An emulator to which nothing has happened yet."""
    with Server() as server:
        yield Control(server.url)


def busy(control: Control, receiver: Receiver) -> Shop:
    """A merchant with a history of everything; its own clock stands, so that exports can be compared."""
    shop = control.shop(notify_url=receiver.url.replace("://", f"://shop:{PASSWORD}@"),
                        users=[{"login": f"boss-{control.url[-5:]}-{receiver.url[-12:-7]}",
                                "password": PASSWORD}])
    receiver.answers = [(200, b"success"), (500, b"not now"), (200, b"success")]
    shop.plays(*RULES)
    control.ask("PUT", f"/merchants/{shop.merchants_id}/inbox", {"answer": [{"body": "not now"}, "success"]})
    paid = shop.qr_order("25.00", reference="茶 & <tea>")["out_trade_no"]
    shop.happens(paid, "pay")
    assert shop.refund(paid, "5.00", refund_reson="one cup was cold")["is_success"] == "T"
    shop.pay_by_barcode("7.00")
    shop.pay_by_barcode("8.00")
    shop.card_payment()
    shop.at_terminal()
    shop.send("tgpayquery", {**shop.signed(out_trade_no=paid), "sign": "0" * 32})
    shop.qr_order("3.00")
    control.post("/clock", {"merchants_id": shop.merchants_id, "advance": "30m"})
    control.post("/clock", {"merchants_id": shop.merchants_id, "freeze": True})
    shop.card_payment(PENDING_3D)
    control.post("/notifications/flush")
    return shop


@pytest.fixture
def case(here: Control) -> Iterator[Shop]:
    """A merchant with a busy history, whose receiver still listens."""
    receiver = Receiver()
    shop = busy(here, receiver)
    shop.made["receiver"] = receiver
    yield shop
    receiver.close()


def exported(control: Control, *merchants: str, secrets: bool = False) -> bytes:
    query = "&".join([*(f"merchants_id={number}" for number in merchants), f"secrets={str(secrets).lower()}"])
    answer = exchange(f"{control.url}/_emulator/export?{query}", headers=control.headers)
    assert answer.status == 200, answer.text
    return answer.raw


def send(control: Control, file: bytes, **query: str) -> Answer:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    return exchange(f"{control.url}/_emulator/import?{asked}", "POST", file, {**GZIP, **control.headers})


def imported(control: Control, file: bytes, **query: str) -> Any:
    answer = send(control, file, **query)
    assert answer.status == 201, answer.text
    return answer.json


def lines_of(file: bytes) -> Lines:
    return [json.loads(line) for line in gzip.decompress(file).splitlines()]


def content(file: bytes) -> list[bytes]:
    """What the same state writes the same: all lines but the first and the last."""
    return gzip.decompress(file).splitlines()[1:-1]


def rewritten(file: bytes, change: Callable[[Lines], object]) -> bytes:
    """A file with changed lines and right checksums, as somebody may write one."""
    lines = lines_of(file)
    change(lines)
    raw = [json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in lines[:-1]]
    end = {"rows": sum(isinstance(line, list) for line in lines),
           "content": hashlib.sha256(b"".join(raw[1:])).hexdigest(),
           "sha256": hashlib.sha256(b"".join(raw)).hexdigest()}
    return gzip.compress(b"".join(raw) + json.dumps(end, separators=(",", ":")).encode() + b"\n")


def seen(control: Control, number: str) -> dict[str, Any]:
    """Everything that the control interface shows of a merchant, without ids: others may have been given."""
    own = {"merchants_id": number}
    orders = control.get("/orders", limit=1000, **own)["items"]
    shown = {"orders": [control.get(f"/orders/{number}/{each['out_trade_no']}") for each in orders],
             "scenario": control.get("/scenario", **own),
             **{name: control.get(f"/{name}", **own)["items"]
                for name in ("notifications", "journal", "settlement", "terminals", "findings")}}
    settings = {name: value for name, value in control.get(f"/merchants/{number}").items()
                if name not in ("token", "wechat_key", "notify_url")}
    return {"merchant": settings, **_without_ids(shown)}


def _without_ids(value: Any) -> Any:
    """A structure without what the database numbers, and without passwords' place in addresses."""
    if isinstance(value, dict):
        return {name: _without_ids(inner) for name, inner in value.items()
                if name not in ("id", "notification_id", "example")}
    if isinstance(value, list):
        return [_without_ids(inner) for inner in value]
    return value


def counted(control: Control) -> dict[str, int]:
    return {name: len(control.get(f"/{name}", limit=1000)["items"])
            for name in ("merchants", "orders", "notifications", "journal", "terminals")}


# The same case elsewhere.

def test_a_busy_history_is_the_same_in_an_empty_emulator_and_exported_again(
        case: Shop, here: Control, there: Control) -> None:
    file = exported(here, case.merchants_id)
    report = imported(there, file)
    assert seen(there, case.merchants_id) == seen(here, case.merchants_id)
    assert content(exported(there, case.merchants_id)) == content(exported(here, case.merchants_id))
    assert report["rows"] == sum(isinstance(line, list) for line in lines_of(file)) > 50
    assert there.get("/clock", merchants_id=case.merchants_id)["now"] == (
        here.get("/clock", merchants_id=case.merchants_id)["now"])


def test_everything_is_exported_and_untouched_merchants_give_way(case: Shop, here: Control,
                                                                 there: Control) -> None:
    file = exported(here, secrets=True)
    report = imported(there, file)
    assert [row["merchants_id"] for row in report["merchants"]] == [
        row["merchants_id"] for row in here.get("/merchants")["items"]]
    assert there.get("/merchants") == here.get("/merchants")
    assert content(exported(there, secrets=True)) == content(file)


def test_the_same_state_gives_the_same_lines(case: Shop, here: Control) -> None:
    one, other = (exported(here, case.merchants_id) for _ in range(2))
    assert content(one) == content(other) and lines_of(one)[-1]["content"] == lines_of(other)[-1]["content"]
    before = here.get("/clock")
    here.post("/clock", {"freeze": True})
    first, *_ = lines_of(exported(here, case.merchants_id))
    here.post("/clock", {"freeze": False})
    assert first["clock"]["frozen_ms"] is not None and before["frozen"] is False
    assert (first["format"], first["version"], first["seed"]) == ("tgpay-emulator-export", 1, "tgpay")


def test_ids_are_given_anew_where_they_are_used_and_references_follow(
        case: Shop, here: Control, there: Control) -> None:
    for _ in range(3):
        assert there.shop(notify_url="http://127.0.0.1:9/").pay_by_barcode()["is_success"] == "T"
    there.post("/notifications/flush")
    before = {name: max(row["id"] for row in there.get(f"/{name}")["items"])
              for name in ("orders", "journal", "notifications")}
    imported(there, exported(here, case.merchants_id))
    for name, last in before.items():
        rows = there.get(f"/{name}", merchants_id=case.merchants_id)["items"]
        assert rows and min(row["id"] for row in rows) > last, name
        assert there.get(f"/{name}", after=last)["items"] == rows
    assert seen(there, case.merchants_id) == seen(here, case.merchants_id)
    order = case.pay_by_barcode()["out_trade_no"]
    new = Shop(there, case.merchants_id, there.get(f"/merchants/{case.merchants_id}")["token"])
    assert new.pay_by_barcode(out_trade_no=order)["is_success"] == "T"


def test_what_goes_on_after_the_import_goes_on_as_before(case: Shop, here: Control, there: Control) -> None:
    imported(there, exported(here, case.merchants_id, secrets=True))
    copy = Shop(there, case.merchants_id, case.token)
    pending = next(each for each in here.get("/orders", merchants_id=case.merchants_id)["items"]
                   if each["card"] and each["card"]["status"] == "pending")["out_trade_no"]
    for shop in (case, copy):
        shop.control.post("/clock", {"merchants_id": shop.merchants_id, "advance": "2d"})
    one, other = copy.story(pending), case.story(pending)
    assert one["card"]["status"] == other["card"]["status"] != "pending"
    assert [(row["event"], row["at"]) for row in one["history"]] == [
        (row["event"], row["at"]) for row in other["history"]]


def test_an_inbox_keeps_what_it_found_and_goes_on_with_its_answers(here: Control, there: Control) -> None:
    shop = here.shop(notify_url="inbox")
    inbox = f"/merchants/{shop.merchants_id}/inbox"
    here.post("/clock", {"merchants_id": shop.merchants_id, "freeze": True})
    here.ask("PUT", inbox, {"answer": [{"status": 500, "body": "one"}, {"status": 502, "body": "two"},
                                       "success"]})
    shop.plays(*RULES)
    shop.pay_by_barcode()
    here.post("/notifications/flush")
    arrivals = here.get(inbox)["items"]
    assert [(each["answer"]["body"], each["verified"]) for each in arrivals] == [("one", False)]
    file = exported(here, shop.merchants_id)
    imported(there, file)
    assert _without_ids(there.get(inbox)) == _without_ids(here.get(inbox))
    assert content(exported(there, shop.merchants_id)) == content(file)
    there.post("/clock", {"merchants_id": shop.merchants_id, "advance": "1d"})
    answers = [each["answer"]["body"] for each in there.get(inbox)["items"]]
    assert answers[::-1][:3] == ["one", "two", "success"]
    assert there.get("/clock", merchants_id=shop.merchants_id)["own"]


def test_who_listens_stays_where_they_are(here: Control, there: Control) -> None:
    shop = here.shop(notify_url="listen")
    listen = f"/merchants/{shop.merchants_id}/listen"
    ask = {"listener": "mine", "timeout": "1ms"}
    for control in (here, there):
        if control is there:
            imported(there, exported(here, shop.merchants_id))
        assert control.ask("POST", listen, {**ask, "takes_over": True}).json["items"] == []
    shop.pay_by_barcode()
    given = here.ask("POST", listen, {**ask, "timeout": "10s"}).json["items"]
    file = exported(here, shop.merchants_id)
    assert not {"listeners", "forwards"} & set(lines_of(file)[0]["tables"]) and len(given) == 1
    imported(there, file, replace="true")
    assert there.ask("POST", f"{listen}/{given[0]['id']}", {"status": 200, "took_ms": 1}).status == 409
    assert there.ask("POST", listen, ask).json["items"] == []  # still the listener, and the clock stands
    there.post("/clock", {"merchants_id": shop.merchants_id, "freeze": False})
    assert len(there.ask("POST", listen, {**ask, "timeout": "10s"}).json["items"]) == 1


# Nothing happens by surprise.

def test_nothing_is_sent_until_the_clock_is_moved(here: Control, there: Control) -> None:
    receiver = Receiver()
    receiver.answers = [(500, b"down")]
    shop = here.shop(notify_url=receiver.url)
    shop.pay_by_barcode()
    receiver.wait_for(1)
    here.post("/clock", {"merchants_id": shop.merchants_id, "freeze": True})
    receiver.delay = 3  # the next attempt is under way, so it is due, when the export is made
    shop.pay_by_barcode()
    receiver.wait_for(2)
    file = exported(here, shop.merchants_id)
    here.ask("DELETE", f"/merchants/{shop.merchants_id}")
    receiver.delay, heard = 0, len(receiver.heard)
    imported(there, file)
    there.post("/notifications/flush")
    there.post("/clock", {"advance": "2d"})
    assert len(receiver.heard) == heard
    assert there.get("/clock", merchants_id=shop.merchants_id)["frozen"]
    there.post("/clock", {"merchants_id": shop.merchants_id, "advance": "4m"})
    assert len(receiver.heard) > heard
    receiver.close()


@every_row("clock, state", [("frozen", (True, True)), ("running", (False, True)), ("shared", (False, False))])
def test_the_clock_of_an_imported_merchant(here: Control, clock: str, state: tuple[bool, bool]) -> None:
    shop = here.shop()
    here.post("/clock", {"merchants_id": shop.merchants_id, "advance": "400d"})
    file, now = exported(here, shop.merchants_id), here.get("/clock", merchants_id=shop.merchants_id)["now"]
    imported(here, file, replace="true", clock=clock)
    found = here.get("/clock", merchants_id=shop.merchants_id)
    assert (found["frozen"], found["own"]) == state
    assert (found["now"][:13] == now[:13]) is (clock != "shared")


# Secrets.

def test_secrets_are_masked_everywhere_and_a_new_token_is_drawn(
        case: Shop, here: Control, there: Control) -> None:
    case.qr_order(reference=f"my token is {case.token}")
    merchant = here.get(f"/merchants/{case.merchants_id}")
    text = gzip.decompress(exported(here, case.merchants_id)).decode()
    for secret in (case.token, merchant["wechat_key"], PASSWORD, "scrypt"):
        assert secret not in text
    open_text = gzip.decompress(exported(here, case.merchants_id, secrets=True)).decode()
    assert case.token in open_text and PASSWORD in open_text and "scrypt" in open_text
    row, = imported(there, exported(here, case.merchants_id))["merchants"]
    assert row["token_is_new"] and row["token"] != case.token
    assert re.fullmatch("[0-9a-f]{32}", row["token"])
    old, new = (Shop(there, case.merchants_id, token) for token in (case.token, row["token"]))
    assert old.pay_by_barcode()["error"] == "ILLEGAL_SIGN" and new.qr_order()["is_success"] == "T"
    there.post("/reset", merchants_id=case.merchants_id)
    assert new.qr_order()["is_success"] == "T"


def test_with_secrets_the_client_goes_on(case: Shop, here: Control, there: Control) -> None:
    row, = imported(there, exported(here, case.merchants_id, secrets=True))["merchants"]
    assert (row["token"], row["token_is_new"], row["replaced"]) == (case.token, False, False)
    copy = Shop(there, case.merchants_id, case.token)
    assert copy.qr_order(out_trade_no=f"{case.merchants_id}-on")["is_success"] == "T"
    answer = copy.ask("tgpayuserinfo", login=here.get(f"/merchants/{case.merchants_id}")["users"][0]["login"],
                      password=PASSWORD)
    assert "scrypt" not in answer.text


def test_a_seed_of_ones_own_is_a_secret_and_other_settings_are_named() -> None:
    with Server(seed="s33d-of-ours", settlement_time="09:00") as server, Server() as other:
        control = Control(server.url)
        shop = control.shop()
        masked, whole = (exported(control, shop.merchants_id, secrets=each) for each in (False, True))
        assert b"s33d-of-ours" not in gzip.decompress(masked)
        assert lines_of(whole)[0]["seed"] == "s33d-of-ours"
        report = imported(Control(other.url), masked)
        assert report["differences"] == {"settlement_time": {"there": "09:00", "here": "15:00"}}
        assert "seed" in imported(Control(other.url), whole, replace="true")["differences"]


# What is refused, with a sentence, and changes nothing.

def first(name: str, value: object) -> Callable[[Lines], object]:
    return lambda lines: lines[0].__setitem__(name, value)


def row_of(table: str, column: str, value: object) -> Callable[[Lines], object]:
    """Another value in the first row of a table."""
    def change(lines: Lines) -> None:
        place = next(place for place, line in enumerate(lines)
                     if isinstance(line, dict) and line.get("table") == table)
        lines[place + 1][lines[place]["columns"].index(column)] = value
    return change


def part_of(name: str, value: object) -> Callable[[Lines], object]:
    return lambda lines: next(line for line in lines if isinstance(line, dict)
                              and line.get("table") == "orders").__setitem__(name, value)


def without_a_table(lines: Lines) -> None:
    """The merchant itself is not in it."""
    del lines[1:3]
    lines[0]["tables"]["merchants"]["rows"] = 0


WRITTEN = [
    (first("version", 2), "in format 2, and this one reads format 1"),
    (first("format", "other"), "not an export"), (first("schema", 99), "newer (schema 99"),
    (first("schema", 8), "older (schema 8"), (first("merchants", []), "cannot be right|rows of"),
    (first("merchants", "all"), "damaged"), (without_a_table, "is not in it"),
    (row_of("orders", "id", 0), "an id of orders"), (row_of("orders", "id", 2**60), "an id of orders"),
    (row_of("orders", "amount", "much"), "wrong values"), (row_of("orders", "amount", 2**63), "wrong values"),
    (row_of("orders", "amount", True), "wrong values"), (row_of("orders", "status", None), "wrong values"),
    (row_of("orders", "details", "{"), "cannot be read"),
    (row_of("merchants", "settings", "{}"), "cannot be read"),
    (row_of("scenarios", "document", '{"rules": 1}'), "cannot be read"),
    *((row_of("inboxes", "replies", written), "a row of inboxes cannot be read") for written in (
        "{}", "[]", "[1]", '[{"body":"success","status":99}]', '[{"delay":"x"}]', '[{"delay":86400000}]')),
    *((row_of("attempts", "received", written), "a row of attempts cannot be read") for written in (
        "no", "null", "{}", '{"verified":1,"repeated":false}')),
    (row_of("refunds", "amount", 0), "contradicts"), (part_of("merchants_id", SEEDED), "rows of orders"),
    (part_of("table", "facts"), "rows of facts"), (part_of("columns", ["id"]), "columns of orders"),
    (lambda lines: lines.insert(-1, lines[-2]), "checksum"),
]


@every_row("change, sentence", WRITTEN, ids=[f"{row}" for row in range(len(WRITTEN))])
def test_a_file_that_does_not_fit_is_refused_and_changes_nothing(
        case: Shop, here: Control, change: Callable[[Lines], object], sentence: str) -> None:
    file = exported(here, case.merchants_id)
    before = counted(here), content(file)
    answer = send(here, rewritten(file, change), replace="true")
    assert answer.status in (409, 422), answer.text
    assert re.search(sentence.replace("(", r"\("), answer.json["detail"]), answer.json["detail"]
    assert "nothing was imported" in answer.json["detail"]
    assert (counted(here), content(exported(here, case.merchants_id))) == before


def changed_inside(file: bytes) -> bytes:
    """Another amount, as somebody's editor may leave it."""
    return gzip.compress(gzip.decompress(file).replace(b"one cup was cold", b"two cups were so"))


RAW = [(b"", "not an export"), (b"PK\x03\x04 zip", "not an export"),
       (gzip.compress(b"{}\n"), "not an export"),
       (gzip.compress(b"\0" * 64 * 2**20), "not an export"),
       (gzip.compress(b"[" * 10_000 + b"\n"), "not an export")]
CUT: list[tuple[Callable[[bytes], bytes], str]] = [
    (lambda file: file[:len(file) // 2], "cut off"), (lambda file: file[:-9], "cut off"),
    (lambda file: gzip.compress(gzip.decompress(file).rpartition(b'{"rows"')[0]), "cut off"),
    (lambda file: file + gzip.compress(b"more\n"), "follows after its end"), (changed_inside, "checksum"),
    (lambda file: gzip.compress(gzip.decompress(file).replace(b"\n[", b"\n[" + b" " * 2**25, 1)), "too long")]


def test_a_damaged_file_is_refused_and_changes_nothing(case: Shop, here: Control) -> None:
    before, file = counted(here), exported(here, case.merchants_id)
    for raw, sentence in [*RAW, *((change(file), sentence) for change, sentence in CUT)]:
        answer = send(here, raw, replace="true")
        assert (answer.status, sentence in answer.json["detail"]) == (422, True), answer.text
    assert counted(here) == before


def test_a_body_has_a_limit_of_its_own(here: Control) -> None:
    length = str(600 * 1024 * 1024)
    answer = exchange(f"{here.url}/_emulator/import", "POST", b"x", {**GZIP, "Content-Length": length})
    assert answer.status == 413 and "larger than 512 MiB" in answer.json["detail"]
    assert send(here, b"x" * 40 * 1024 * 1024).status == 422  # more than JSON may have
    form = exchange(f"{here.url}/_emulator/import", "POST", b"x", {"Content-Type": "text/plain"})
    assert form.status == 415


def test_a_merchant_that_is_there_is_replaced_only_when_told(case: Shop, here: Control) -> None:
    file, before = exported(here, case.merchants_id, secrets=True), seen(here, case.merchants_id)
    case.pay_by_barcode()
    refused = send(here, file)
    assert refused.status == 409 and f"merchant {case.merchants_id} exists already" in refused.json["detail"]
    row, = imported(here, file, replace="true")["merchants"]
    assert row["replaced"] and seen(here, case.merchants_id) == before


def test_what_belongs_to_another_merchant_here_is_not_taken(
        case: Shop, here: Control, there: Control) -> None:
    file, before = exported(here, case.merchants_id), counted(there)
    login = here.get(f"/merchants/{case.merchants_id}")["users"][0]["login"]
    owner = there.shop(users=[{"login": login.upper(), "password": "1"}])
    answer = send(there, file)
    assert answer.status == 409 and f"belongs to merchant {owner.merchants_id} here" in answer.json["detail"]
    there.ask("DELETE", f"/merchants/{owner.merchants_id}")
    serial = case.terminals[0]
    other = there.shop()
    assert there.ask("PUT", f"/terminals/{serial}", {"merchants_id": other.merchants_id}).status in (200, 201)
    answer = send(there, file)
    assert answer.status == 409 and f"terminal {serial} belongs to" in answer.json["detail"]
    there.ask("DELETE", f"/merchants/{other.merchants_id}")
    assert counted(there) == before


def test_an_unknown_merchant_a_wrong_word_and_no_merchant_at_all(here: Control) -> None:
    assert here.ask("GET", "/export", merchants_id="29none").status == 404
    for query in ("merchants_id=", "secrets=yes", "merchant=1", f"merchants_id={SEEDED}&merchants_id=29none"):
        assert exchange(f"{here.url}/_emulator/export?{query}").status in (400, 404), query
    assert send(here, b"", clock="fast").status == 400


# Who may.

def test_a_team_exports_its_own_merchants_and_imports_none() -> None:
    with Server(control_token=ADMIN, tokens=f"red:team:{RED},blue:team:{BLUE}") as server:
        red, blue, admin = (Control(server.url, token) for token in (RED, BLUE, ADMIN))
        own, foreign = red.shop(), blue.shop()
        file = exported(red)
        assert [row["merchants_id"] for row in lines_of(file)[0]["merchants"]] == [own.merchants_id]
        for number in (foreign.merchants_id, SEEDED):
            assert exchange(f"{server.url}/_emulator/export?merchants_id={number}",
                            headers=red.headers).status == 404
        assert send(red, file, replace="true").status == 403
        imported(admin, file, replace="true")
        assert red.get(f"/merchants/{own.merchants_id}")["owner"] == "red"
        admin.ask("DELETE", f"/merchants/{own.merchants_id}")
        imported(admin, file)
        assert red.ask("GET", f"/merchants/{own.merchants_id}").status == 404
        assert b"red" not in gzip.decompress(file)
        assert exchange(f"{server.url}/_emulator/export").status == 401


# The commands.

def test_the_commands_carry_a_case_through_a_file_and_a_pipe(
        case: Shop, here: Control, there: Control, tmp_path: Path) -> None:
    file = tmp_path / "case.tgpay.gz"
    made = command("export", str(file), "--merchant", case.merchants_id, "--url", here.url, "--json")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["rows"] > 50 and json.loads(made.stdout)["secrets"] is False
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = command("export", str(file), "--url", here.url)
    assert again.returncode == 1 and "--force" in again.stderr
    brought = command("import", str(file), "--url", there.url)
    assert brought.returncode == 0 and case.merchants_id in brought.stdout, brought.stderr
    assert "nothing is sent until they are moved" in brought.stderr
    twice = command("import", str(file), "--url", there.url)
    assert twice.returncode == 1 and "already" in twice.stderr and "Traceback" not in twice.stderr
    assert command("import", str(file), "--replace", "--clock", "running", "--url", there.url).returncode == 0
    assert not there.get("/clock", merchants_id=case.merchants_id)["frozen"]
    forced = command("export", str(file), "--force", "--with-secrets", "--merchant", case.merchants_id,
                     "--merchant", SEEDED, "--url", here.url)
    assert forced.returncode == 0 and len(lines_of(file.read_bytes())[0]["merchants"]) == 2
    assert sorted(os.listdir(tmp_path)) == [file.name]


@every_row("arguments, sentence", [
    (("export", "{folder}/new", "--merchant", "29none"), "no merchant 29none"),
    (("export", "{folder}/no/new"), "no"), (("import", "{folder}/none"), "cannot be read"),
    (("import", __file__), "not an export")])
def test_a_command_that_fails_says_why_in_a_line_and_leaves_no_file(
        here: Control, tmp_path: Path, arguments: tuple[str, ...], sentence: str) -> None:
    done = command(*(part.format(folder=tmp_path) for part in arguments), "--url", here.url)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: ") and done.stderr.count("\n") == 1 and sentence in done.stderr
    assert os.listdir(tmp_path) == []


@pytest.mark.sqlite
def test_the_commands_work_on_a_database_that_nobody_serves(
        case: Shop, here: Control, tmp_path: Path) -> None:
    file, database = tmp_path / "case", tmp_path / "own.db"
    file.write_bytes(exported(here, case.merchants_id))
    brought = command("import", str(file), "--database", str(database))
    assert brought.returncode == 0, brought.stderr
    out = command("export", str(tmp_path / "again"), "--merchant", case.merchants_id,
                  "--database", str(database))
    assert out.returncode == 0, out.stderr
    assert content((tmp_path / "again").read_bytes()) == content(file.read_bytes())


@pytest.mark.postgresql
def test_a_case_goes_from_a_file_to_a_database_server_and_back(
        cluster: postgres.Cluster, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    held = os.environ.pop(postgres.CLUSTER, None)  # a file is to be a file here
    receiver = Receiver()
    try:
        with (Server(database=tmp_path / "one.db") as one, Server(database=tmp_path / "three.db") as three,
              Server(database=postgres.database(cluster.address, request.node.nodeid)) as two):
            shop = busy(Control(one.url), receiver)
            files = [exported(Control(one.url), shop.merchants_id, secrets=True)]
            for server in (two, three):
                imported(Control(server.url), files[-1])
                files.append(exported(Control(server.url), shop.merchants_id, secrets=True))
            assert content(files[0]) == content(files[1]) == content(files[2])
            assert seen(Control(two.url), shop.merchants_id) == seen(Control(one.url), shop.merchants_id)
            assert Shop(Control(two.url), shop.merchants_id, shop.token).qr_order()["is_success"] == "T"
    finally:
        receiver.close()
        if held:
            os.environ[postgres.CLUSTER] = held


# The console.

def test_the_console_exports_and_imports(case: Shop, here: Control, there: Control) -> None:
    desk = Desk(here.url)
    page = desk.page(f"/merchants/{case.merchants_id}")
    link, = (each for each in page.xpath("//main//a/@href") if "export" in each)
    order = here.get("/orders", merchants_id=case.merchants_id)["items"][0]["id"]
    assert desk.page(f"/orders/{order}").xpath("//main//a[contains(@href, '/export')]")
    answer = desk.ask("GET", link)
    assert "attachment" in answer.headers["Content-Disposition"] and content(answer.raw) == content(
        exported(here, case.merchants_id))
    for language, sentence in (("en", "The clock is frozen"), ("zh", "时钟停在导出的时刻")):
        other = Desk(there.url, language)
        assert other.page("/merchants").xpath("//form[contains(@action, '/import')]")
        done = uploaded(there, answer.raw, replace=language == "zh", language=language)
        assert done.status == 303 and done.headers["Location"].endswith(f"/merchants/{case.merchants_id}")
        name, _, value = str(done.headers["Set-Cookie"]).partition(";")[0].partition("=")
        other.cookies[name] = value
        assert sentence in told(other.page(done.headers["Location"]))
    assert "Choose a file" in Desk(there.url).post("/import")


def uploaded(control: Control, file: bytes, replace: bool, language: str) -> Answer:
    """Upload a file in the form of the console's own page."""
    fields = [b'name="file"; filename="case.gz"\r\n\r\n' + file]
    if replace:
        fields.append(b'name="replace"\r\n\r\n1')
    parts = [b"--x\r\nContent-Disposition: form-data; " + field + b"\r\n" for field in fields]
    return exchange(f"{control.url}/console/import", "POST", b"".join([*parts, b"--x--\r\n"]), {
        "Content-Type": "multipart/form-data; boundary=x", "Accept-Language": language,
        "Sec-Fetch-Site": "same-origin"})


def test_a_page_of_another_site_uploads_nothing(here: Control) -> None:
    for headers, status in (({}, 415), ({"Origin": "http://elsewhere.example"}, 403)):
        answer = exchange(f"{here.url}/console/import", "POST", b"--x--",
                          {"Content-Type": "multipart/form-data; boundary=x", **headers})
        assert answer.status == status
