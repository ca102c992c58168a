"""Contract 2.11, `tgpayuserinfo.php` (section 15): a POS device logs its user in."""
import json
from typing import Any

import pytest

from ..driver import Answer, Control, Shop, md5_sign
from ..tables import every_row

SEEDED, SEEDED_TOKEN = "201703200001", "14b0be26d00fbc6dcf20ed1f0a3516df"
PASSWORD = "pa55 wörd+%20&=茶"


@pytest.fixture
def login(shop: Shop) -> str:
    """A user of the test's own merchant."""
    name = f"Till.{shop.merchants_id}"
    changed = shop.control.ask("PATCH", f"/merchants/{shop.merchants_id}", {"users": [
        {"login": name, "password": PASSWORD, "account_id": "77"},
        {"login": f"{name}.2", "password": "other", "account_id": "78"}]})
    assert changed.status == 200
    return name


def ask(shop: Shop, user: str, password: str = PASSWORD, product: str = "ACCOUNT_LOGIN", method: str = "POST",
        **more: Any) -> Answer:
    return shop.ask("tgpayuserinfo", method,
                    **{"merchants_id": None, "sign_type": None, "user": user, "password": password,
                       "tgpay_product": product, **more})


@every_row("product", ["ACCOUNT_LOGIN", "ACCOUNT_LOGIN_CHECK"])
@every_row("user", ["wos.101", "WoS.101", "WOS.101"])
def test_the_documents_example_works_in_any_case_and_with_both_products(
        control: Control, user: str, product: str) -> None:
    answer = ask(Shop(control, SEEDED, SEEDED_TOKEN), user, "1234", product, "GET")
    assert list(answer.fields.items()) == [
        ("is_success", "T"), ("error", ""), ("merchants_id", SEEDED),
        ("merchant_name", "Watches of Switzerland"), ("account_id", "31"),
        ("account_login_name", "WoS.101")]
    assert answer.xml.tag == "tgpaypro"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_user_logs_in_with_the_token_of_the_own_merchant(shop: Shop, login: str, method: str) -> None:
    answer = ask(shop, login.upper(), method=method)
    assert (answer["is_success"], answer["merchants_id"], answer["account_id"]) == (
        "T", shop.merchants_id, "77")
    assert answer["account_login_name"] == login
    assert answer["merchant_name"] == shop.made["name"]
    assert shop.findings(answer) == set()


def test_the_answer_is_unsigned(shop: Shop, login: str) -> None:
    for answer in (ask(shop, login), ask(shop, login, "wrong"), ask(shop, login, sign="0")):
        assert "sign" not in answer.fields


def test_an_unknown_user_and_a_wrong_password_are_answered_alike(shop: Shop, login: str) -> None:
    wrong_password, unknown = ask(shop, login, "wrong"), ask(shop, "nobody.at.all")
    assert wrong_password["error"] == "LOGIN_FAILED"
    assert (wrong_password.status, wrong_password.raw) == (unknown.status, unknown.raw)


@every_row("password", [PASSWORD.upper(), f"{PASSWORD} ", "other", "' OR 1=1 --", "*"])
def test_only_the_exact_password_logs_in(shop: Shop, login: str, password: str) -> None:
    assert ask(shop, login, password)["error"] == "LOGIN_FAILED"


@every_row("user", ["nobody", "Till.%", "' OR 1=1 --", "\u0000", "咖啡" * 100])
@every_row("more", [{}, {"sign": "0" * 32}, {"sign": None}, {"sign_type": "RSA"}])
def test_an_unknown_user_is_refused_without_a_check_of_the_signature(
        shop: Shop, user: str, more: dict[str, Any]) -> None:
    assert ask(shop, user, **more)["error"] == "LOGIN_FAILED"


def test_the_signature_of_a_known_user_is_checked_before_the_password(shop: Shop, login: str) -> None:
    assert ask(shop, login, "wrong", sign="0" * 32)["error"] == "ILLEGAL_SIGN"
    assert ask(shop, login, sign="")["error"] == "ILLEGAL_SIGN"
    assert ask(shop, login, sign_type="RSA")["error"] == "ILLEGAL_SIGN_TYPE"


def test_another_merchants_token_does_not_sign(shop: Shop, login: str) -> None:
    params = {"user": login, "password": PASSWORD, "tgpay_product": "ACCOUNT_LOGIN"}
    assert ask(shop, login, sign=md5_sign(params, SEEDED_TOKEN))["error"] == "ILLEGAL_SIGN"


@every_row("missing, error", [
    ("user", "ILLEGAL_ARGUMENT"), ("password", "ILLEGAL_ARGUMENT"), ("product", "ILLEGAL_ARGUMENT")])
def test_a_missing_parameter_is_named(shop: Shop, login: str, missing: str, error: str) -> None:
    answer = ask(shop, **{"user": login, missing: ""})
    assert answer["error"] == error
    assert {"product": "tgpay_product"}.get(missing, missing) in answer["detail_error_des"]


@every_row("product", ["LOGIN", "account_login", "ACCOUNT_LOGIN ", "ACCOUNT_LOGIN_CHECK2"])
def test_another_product_is_refused(shop: Shop, login: str, product: str) -> None:
    answer = ask(shop, login, product=product)
    assert answer["error"] == "ILLEGAL_ARGUMENT"
    assert "tgpay_product" in answer["detail_error_des"]


def test_passwords_are_never_journalled_or_told(shop: Shop, login: str) -> None:
    for answer in (ask(shop, login), ask(shop, login, product="x"), ask(shop, login, sign="0" * 32),
                   ask(shop, "nobody"),
                   ask(shop, login, method="GET"), ask(shop, login, reference=PASSWORD[:4])):
        entry = shop.journal(answer)
        assert entry["params"]["password"] != PASSWORD
        assert PASSWORD not in answer.text + json.dumps(entry, ensure_ascii=False)
    assert PASSWORD not in json.dumps(shop.control.get(f"/merchants/{shop.merchants_id}"), ensure_ascii=False)


def test_a_login_is_journalled_with_its_merchant(shop: Shop, login: str) -> None:
    entry = shop.journal(ask(shop, login, "wrong"))
    assert (entry["merchants_id"], entry["verdict"], entry["endpoint"]) == (
        shop.merchants_id, "LOGIN_FAILED", "tgpayuserinfo")
