"""Contract 7 and 9: merchants and their settings through the control interface, and the merchants that are
there from the beginning.
"""
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from tgpay_emulator.base.settings import Settings
from tgpay_emulator.server.process import build
from tgpay_emulator.store import place_of
from tgpay_emulator.store.sqlite import connections
from tgpay_emulator.store.sqlite.connection import connect

from ..driver import Control, Receiver, Server, Shop
from ..tables import every_row

SETTINGS = {
    "token": "0123456789abcdef0123456789ABCDEF", "name": "茶 & Co", "notify_url": "https://shop.example/n?x=1",
    "notify_method": "POST", "currency": "EUR", "rate": "7.80000000", "fee_rate": "0.012",
    "products": ["barcode", "settlement"], "strict": True,
    "stores": [{"store_id": "s1", "store_name": "One"}, {"store_id": "s2", "store_name": "Two"}],
    "wechat_key": "k" * 32,
}
PRODUCTS = ["barcode", "qrcode", "h5", "prepay", "bankcard", "webtoterminal", "settlement"]


@pytest.fixture
def made(control: Control) -> Iterator[str]:
    """The number of a merchant that the test makes itself."""
    yield "TESTMADE0001"
    control.ask("DELETE", "/merchants/TESTMADE0001")


# Make, read, change, remove.

def test_a_merchant_made_without_a_number_is_given_one_and_a_token(control: Control) -> None:
    answers = [control.ask("POST", "/merchants", body) for body in ({}, None)]
    assert [answer.status for answer in answers] == [201, 201]
    first, second = (answer.json for answer in answers)
    assert len({first["merchants_id"], second["merchants_id"], first["token"], second["token"]}) == 4
    assert (len(first["token"]), 0 < len(first["merchants_id"]) <= 16) == (32, True)
    for merchant in (first, second):
        control.ask("DELETE", f"/merchants/{merchant['merchants_id']}")


def test_a_new_merchant_has_the_documented_settings(shop: Shop) -> None:
    assert {name: shop.made[name] for name in ("currency", "rate", "fee_rate", "products", "strict",
                                               "notify_url", "notify_method", "users")
            } == {"currency": "GBP", "rate": "9.07480000", "fee_rate": "0.006", "products": PRODUCTS,
                  "strict": False, "notify_url": "", "notify_method": "GET", "users": []}


def test_a_merchant_is_made_with_any_of_its_settings(control: Control, made: str) -> None:
    answer = control.ask("POST", "/merchants", {"merchants_id": made, **SETTINGS})
    assert (answer.status, {name: answer.json[name] for name in SETTINGS}) == (201, SETTINGS)
    assert control.get(f"/merchants/{made}") == answer.json


@every_row("currency, decimals", [
    ("JPY", "none"), ("KRW", "none"), ("VND", "none"), ("CLP", "none"), ("ISK", "none"),
    ("XOF", "none"), ("XAU", "none"),
    ("KWD", "3"), ("BHD", "3"), ("OMR", "3"), ("TND", "3"), ("UYW", "4")])
def test_a_currency_without_two_decimals_is_refused_with_the_reason(
         control: Control, shop: Shop, currency: str, decimals: str) -> None:
    for method, path in (("POST", "/merchants"), ("PATCH", f"/merchants/{shop.merchants_id}")):
        answer = control.ask(method, path, {"currency": currency})
        assert (answer.status, list(answer.json["errors"])) == (422, ["currency"])
        assert f"two decimals, as all amounts of the gateway do; {currency} has {decimals}" in answer.text


@every_row("currency", ["USD", "EUR", "HKD", "TWD", "HUF", "ABC"])
def test_a_currency_with_two_decimals_or_an_unknown_one_is_taken(shop: Shop, currency: str) -> None:
    changed = shop.control.ask("PATCH", f"/merchants/{shop.merchants_id}", {"currency": currency})
    assert (changed.status, changed.json["currency"]) == (200, currency)


def test_a_number_can_be_used_once(control: Control, made: str) -> None:
    assert control.ask("POST", "/merchants", {"merchants_id": made}).status == 201
    again = control.ask("POST", "/merchants", {"merchants_id": made, "name": "another"})
    assert (again.status, made in again.json["detail"]) == (409, True)
    assert control.get(f"/merchants/{made}")["name"] != "another"


@every_row("name, value", SETTINGS.items(), ids=list(SETTINGS), apart=True)
def test_a_change_touches_only_what_it_names(control: Control, shop: Shop, name: str, value: Any) -> None:
    answer = control.ask("PATCH", f"/merchants/{shop.merchants_id}", {name: value})
    assert (answer.status, answer.json) == (200, {**shop.made, name: value})
    assert control.get(f"/merchants/{shop.merchants_id}") == answer.json


def change(shop: Shop, **settings: Any) -> None:
    assert shop.control.ask("PATCH", f"/merchants/{shop.merchants_id}", settings).status == 200


def test_a_new_token_is_in_force_at_once(shop: Shop) -> None:
    change(shop, token="f" * 32)
    assert shop.qr_order()["error"] == "ILLEGAL_SIGN"
    shop.token = "f" * 32
    answer = shop.qr_order()
    assert (answer["is_success"], shop.verifies(answer)) == ("T", True)


def test_the_rate_and_currency_are_in_force_for_new_orders_only(shop: Shop) -> None:
    before = shop.pay_by_barcode("2.00")["out_trade_no"]
    change(shop, rate="10", currency="USD")
    after = shop.pay_by_barcode("2.00")
    assert [after[name] for name in ("trans_rate", "pay_amount", "trans_amount_type")] == [
        "10.00000000", "20.00", "USD"]
    old = shop.query(before)
    assert [old[name] for name in ("trans_rate", "pay_amount", "trans_amount_type")] == [
        "9.07480000", "18.15", "GBP"]


def test_a_product_that_is_switched_off_is_refused(shop: Shop) -> None:
    change(shop, products=["qrcode"])
    assert shop.qr_order()["is_success"] == "T"
    assert shop.pay_by_barcode()["error"] == "HAS_NO_PRIVILEGE"


def test_a_strict_merchant_has_its_findings_refused(shop: Shop) -> None:
    change(shop, strict=True)
    refused = shop.pay_by_barcode(sign_type=None)
    assert (refused["error"], "sign_type" in refused["detail_error_des"]) == ("ILLEGAL_ARGUMENT", True)


def login(shop: Shop, user: str, password: str) -> Any:
    return shop.ask("tgpayuserinfo", user=user, password=password, tgpay_product="ACCOUNT_LOGIN",
                    merchants_id=None)


def test_users_log_in_and_their_passwords_are_told_to_nobody(control: Control, shop: Shop) -> None:
    name = f"Till.{shop.merchants_id}"
    change(shop, users=[{"login": name, "password": "s3cret-word", "account_id": "77"}])
    assert control.get(f"/merchants/{shop.merchants_id}")["users"] == [{"login": name, "account_id": "77"}]
    assert "s3cret-word" not in control.ask("GET", "/merchants", limit=1000).text
    answer = login(shop, name.upper(), "s3cret-word")
    assert (answer["is_success"], answer["merchants_id"], answer["account_id"]) == (
        "T", shop.merchants_id, "77")
    change(shop, users=[])
    assert login(shop, name, "s3cret-word")["error"] == "LOGIN_FAILED"


def test_a_login_belongs_to_one_merchant_in_any_case(control: Control, shop: Shop) -> None:
    taken = control.ask("PATCH", f"/merchants/{shop.merchants_id}",
                        {"name": "new", "users": [{"login": "WOS.101", "password": "x"}]})
    assert (taken.status, "WOS.101" in taken.json["detail"]) == (409, True)
    assert control.get(f"/merchants/{shop.merchants_id}") == shop.made
    before = control.ask("GET", "/merchants", limit=1000).json
    assert control.ask("POST", "/merchants", {"users": [{"login": "wos.101", "password": "x"}]}).status == 409
    assert control.ask("GET", "/merchants", limit=1000).json == before


@every_row("name, value", [
    ("token", "short"), ("token", "g" * 33), ("token", 5), ("token", "ä" * 32), ("name", ""),
    ("name", "x" * 129), ("name", "a\nb"), ("notify_url", "shop.example/n"),
    ("notify_url", "javascript:alert(1)"), ("notify_url", None), ("notify_method", "PUT"),
    ("notify_method", "get"), ("currency", "gbp"), ("currency", "GBPX"), ("currency", ""), ("rate", "0"),
    ("rate", "-1"), ("rate", "abc"), ("rate", "1.123456789"), ("rate", 9.0748), ("fee_rate", "1.01"),
    ("fee_rate", "6%"), ("products", "barcode"), ("products", ["lottery"]),
    ("strict", "yes"), ("strict", 1), ("stores", {}), ("stores", [{"store_id": "s1"}]), ("stores", ["s1"]),
    ("users", [{"login": "a"}]), ("users", [{"login": "", "password": "x"}]),
    ("users", [{"login": "a", "password": "x", "role": "y"}]), ("wechat_key", ""),
], ids=lambda value: str(value)[:20])
def test_a_setting_that_cannot_be_is_a_problem_that_names_it(
        control: Control, shop: Shop, name: str, value: Any) -> None:
    answer = control.ask("PATCH", f"/merchants/{shop.merchants_id}", {name: value, "industry": "5999"})
    assert (answer.status, answer.headers["Content-Type"]) == (422, "application/problem+json")
    assert name in answer.json["detail"]
    assert control.get(f"/merchants/{shop.merchants_id}") == shop.made


def test_all_wrong_settings_are_named_at_once(control: Control) -> None:
    answer = control.ask("POST", "/merchants", {"token": "x", "rate": "y", "strict": "z"})
    assert (answer.status, set(answer.json["errors"])) == (422, {"token", "rate", "strict"})


@every_row("name", ["colour", "merchants_id", "notify_ur1", ""])
def test_what_is_no_setting_is_a_problem_that_names_it(control: Control, shop: Shop, name: str) -> None:
    answer = control.ask("PATCH", f"/merchants/{shop.merchants_id}", {name: "OTHER", "industry": "5999"})
    assert (answer.status, answer.json["errors"],
            name in answer.json["detail"]) == (400, {name: "is unknown"}, True)
    assert control.get(f"/merchants/{shop.merchants_id}") == shop.made


@every_row("number", ["", "x" * 17, "a/b", "a b", "商", 5, None])
def test_a_number_that_cannot_be_is_a_problem_that_names_it(control: Control, number: Any) -> None:
    answer = control.ask("POST", "/merchants", {"merchants_id": number})
    assert (answer.status, "merchants_id" in answer.json["detail"]) == (422, True)


@every_row("method", ["GET", "PATCH", "DELETE"])
def test_an_unknown_merchant_is_not_found(control: Control, method: str) -> None:
    answer = control.ask(method, "/merchants/nobody", {} if method == "PATCH" else None)
    assert (answer.status, "nobody" in answer.json["detail"]) == (404, True)


def test_a_removed_merchant_is_gone_with_all_that_it_did(control: Control, receiver: Receiver) -> None:
    shop = control.shop(notify_url=receiver.url)
    number = shop.pay_by_barcode()["out_trade_no"]
    assert control.ask("DELETE", f"/merchants/{shop.merchants_id}").status == 204
    assert control.ask("GET", f"/merchants/{shop.merchants_id}").status == 404
    assert control.ask("GET", f"/orders/{shop.merchants_id}/{number}").status == 404
    assert shop.query(number)["error"] == "ILLEGAL_PARTNER"
    for what in ("orders", "notifications"):
        assert control.ask("GET", f"/{what}", merchants_id=shop.merchants_id).status == 404
    again = control.post("/merchants", {"merchants_id": shop.merchants_id, "token": shop.token})
    assert again["notify_url"] == ""
    for what in ("orders", "notifications"):
        assert control.get(f"/{what}", merchants_id=shop.merchants_id)["items"] == []
    assert shop.query(number)["error"] == "TRADE_NOT_EXIST"
    control.ask("DELETE", f"/merchants/{shop.merchants_id}")


def made_and_removed(control: Control, count: int) -> list[str]:
    """The numbers of merchants that were made one after the other, each removed before the next."""
    numbers = []
    for _ in range(count):
        numbers.append(control.shop().merchants_id)
        assert control.ask("DELETE", f"/merchants/{numbers[-1]}").status == 204
    return numbers


def test_the_number_of_a_removed_merchant_is_given_to_no_other_before_everything_is_reset(
         tmp_path: Path) -> None:
    path = tmp_path / "emulator.db"
    with Server(database=path, workers=3) as server:
        control = Control(server.url)
        numbers = made_and_removed(control, 4)
        assert control.ask("POST", "/merchants", {"merchants_id": numbers[0]}).status == 201
        for number in (numbers[0], "201703200001"):
            assert control.ask("DELETE", f"/merchants/{number}").status == 204
    with Server(database=path) as server:
        control = Control(server.url)
        numbers += made_and_removed(control, 4)
        assert len(set(numbers)) == 8
        assert control.ask("GET", "/merchants/201703200001").status == 404
        control.post("/reset")
        assert control.shop().merchants_id == numbers[0]
        assert control.ask("GET", "/merchants/201703200001").status == 200


def test_numbers_that_are_given_at_the_same_time_differ(control: Control) -> None:
    with ThreadPoolExecutor(8) as many:
        numbers = list(many.map(lambda _: control.shop().merchants_id, range(24)))
        assert len(set(numbers)) == 24
        list(many.map(lambda number: control.ask("DELETE", f"/merchants/{number}"), numbers))


def test_merchants_are_listed_page_by_page(control: Control, shop: Shop) -> None:
    listed, after = [], ""
    while after is not None:
        page = control.get("/merchants", after=after, limit=2)
        assert len(page["items"]) <= 2
        listed += [merchant["merchants_id"] for merchant in page["items"]]
        after = page["next"]
    assert listed == sorted(set(listed))
    assert {shop.merchants_id, "201703200001"} <= set(listed)


# Isolation.

def test_merchants_see_nothing_of_each_other(control: Control) -> None:
    one, other = control.shop(), control.shop()
    assert one.pay_by_barcode("1.00", out_trade_no="same")["pay_amount"] == "9.07"
    assert other.query("same")["error"] == "TRADE_NOT_EXIST"
    assert other.refund("same", "1.00")["error"] == "TRADE_NOT_EXIST"
    assert other.pay_by_barcode("2.00", out_trade_no="same")["pay_amount"] == "18.15"
    assert one.refund("same", "1.00", out_refund_id="r")["is_success"] == "T"
    assert other.refund("same", "2.00", out_refund_id="r")["is_success"] == "T"
    for shop, amount in ((one, "1.00"), (other, "2.00")):
        assert [order["trans_amount"]
                for order in control.get("/orders", merchants_id=shop.merchants_id)["items"]] == [amount]
        journal = control.get("/journal", merchants_id=shop.merchants_id)["items"]
        assert {entry["merchants_id"] for entry in journal} == {shop.merchants_id}
        control.ask("DELETE", f"/merchants/{shop.merchants_id}")


# From the beginning.

def test_the_merchants_of_the_documents_examples_are_there(control: Control) -> None:
    seeded = {"201703200001", "201807208001", "201701010001", "202012177001", "202107207001", "202109200001"}
    merchants = {merchant["merchants_id"]: merchant
                 for merchant in control.get("/merchants", limit=1000)["items"]}
    assert seeded <= set(merchants)
    assert len({merchants[number]["token"] for number in seeded}) == 6
    assert all(len(merchants[number]["token"]) == 32 for number in seeded)
    first = merchants["201703200001"]
    assert (first["name"], first["token"]) == ("Watches of Switzerland", "14b0be26d00fbc6dcf20ed1f0a3516df")
    assert first["users"] == [{"login": "WoS.101", "account_id": "31"}]
    assert [store["store_id"] for store in first["stores"]] == ["201703200001_101"]


def test_the_documents_user_logs_in(control: Control) -> None:
    first = Shop(control, "201703200001", "14b0be26d00fbc6dcf20ed1f0a3516df")
    answer = login(first, "wos.101", "1234")
    assert (answer["is_success"], answer["merchants_id"], answer["account_id"]) == ("T", "201703200001", "31")


@pytest.mark.exhaustive
def test_a_merchant_is_made_with_as_little_work_when_there_are_many(
         tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = [0]

    def count() -> int:
        steps[0] += 1
        return 0

    def counted(path: Path, mode: str) -> sqlite3.Connection:
        connection = connect(path, mode)
        connection.set_progress_handler(count, 10)  # tens of instructions of the database
        return connection

    monkeypatch.setattr(connections, "connect", counted)
    client = Client(build(Settings(), place_of(str(tmp_path / "emulator.db")))[0])

    def work_of_one() -> int:
        before = steps[0]
        assert client.post("/_emulator/merchants", json={}).status_code == 201
        return steps[0] - before

    work_of_one()  # which opens the connections
    works = [work_of_one() for _ in range(1_000)]
    assert sum(works[-10:]) < 3 * sum(works[:10])
    numbers = [merchant["merchants_id"]
               for merchant in client.get("/_emulator/merchants?limit=1000").json["items"]]
    client.delete(f"/_emulator/merchants/{numbers[-1]}")
    assert client.post("/_emulator/merchants", json={}).json["merchants_id"] not in numbers
