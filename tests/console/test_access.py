"""Who may use the console where a control token is in force (contract 5.5, 7)."""
import re
from collections.abc import Iterator

import pytest

from tgpay_emulator.base.clock import real_now
from tgpay_emulator.base.durations import HOUR
from tgpay_emulator.web.sessions import session

from ..driver import Control, Server, exchange
from ..tables import every_row
from .desk import Desk, told, words

TOKEN = "s3cret"
PAGES = ["/orders", "/notifications", "/journal", "/orders/1", "/events", "/pulse", ""]
CHANGES = ["/orders/1/pay", "/orders/1/refund", "/orders/1/cancel", "/notifications/1/replay",
           "/journal/clear", "/session/end"]


@pytest.fixture(scope="module")
def locked() -> Iterator[str]:
    with Server(control_token=TOKEN) as server:
        yield server.url


@pytest.fixture
def stranger(locked: str) -> Desk:
    return Desk(locked)


@pytest.fixture
def known(locked: str) -> Desk:
    desk = Desk(locked)
    assert desk.ask("POST", "/session", {"token": TOKEN}).status == 303
    return desk


@every_row("path", PAGES)
def test_a_page_asks_a_stranger_for_the_token_and_shows_nothing(stranger: Desk, path: str) -> None:
    answer = stranger.ask("GET", path)
    assert answer.status == 401
    assert 'name="token"' in answer.text and "<nav" not in answer.text and "201703200001" not in answer.text
    assert TOKEN not in answer.text


@every_row("path", CHANGES)
def test_a_stranger_changes_nothing(stranger: Desk, path: str) -> None:
    assert stranger.ask("POST", path, {}).status == 401


def test_the_token_is_asked_for_once_and_leads_on_to_the_page_that_was_wanted(stranger: Desk) -> None:
    wanted = "/console/journal?verdict=refused"
    onwards = re.search('name="onwards" value="([^"]*)"', stranger.ask("GET", wanted).text)
    assert onwards is not None
    answer = stranger.ask("POST", "/session", {"token": f" {TOKEN} ", "onwards": onwards[1]})
    assert (answer.status, answer.headers["Location"]) == (303, wanted)
    assert words(stranger.page(wanted).xpath("//h1")[0]) == "Journal"
    assert stranger.page("/orders") is not None


def test_the_cookie_holds_no_token_and_is_the_consoles_alone(stranger: Desk) -> None:
    cookie = stranger.ask("POST", "/session", {"token": TOKEN}).headers["Set-Cookie"]
    assert TOKEN not in cookie
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=2592000"))


@every_row("given", ["", "wrong", TOKEN[:-1], f"{TOKEN}x", TOKEN.upper()])
def test_a_wrong_token_is_told_and_lets_nobody_in(stranger: Desk, given: str) -> None:
    answer = stranger.ask("POST", "/session", {"token": given})
    assert answer.status == 401 and "Wrong control token." in answer.text
    assert stranger.ask("GET", "/orders").status == 401


@every_row("alter", [
    lambda value: value[:-1], lambda value: value + "0", lambda value: f"9{value}",
    lambda value: "1." + value.partition(".")[2], lambda value: value.partition(".")[2],
    lambda value: TOKEN.encode().hex(), lambda value: "", lambda value: "x.y",
])
def test_a_cookie_that_was_changed_lets_nobody_in(known: Desk, alter: object) -> None:
    assert callable(alter)
    cookie = known.cookies["tgpay_control"]
    known.cookies["tgpay_control"] = alter(cookie)
    status = known.ask("GET", "/orders").status
    known.cookies["tgpay_control"] = cookie
    assert status == 401


@every_row("token, hours, status", [(TOKEN, 1, 200), (TOKEN, -1, 401), ("another", 1, 401)])
def test_a_cookie_is_good_for_its_token_and_its_time(stranger: Desk, token: str, hours: int,
                                                     status: int) -> None:
    stranger.cookies["tgpay_control"] = session(token, real_now() + hours * HOUR)
    assert stranger.ask("GET", "/orders").status == status


@every_row("onwards", ["https://evil.example/console", "//evil.example/console", "/\\evil.example",
                       "/v2/tgpayquery.php",
                       "/consolex", "javascript:alert(1)", "/console\r\nX: y", "/console/../v2"])
def test_nobody_is_led_to_another_place_than_the_console(stranger: Desk, onwards: str) -> None:
    answer = stranger.ask("POST", "/session", {"token": TOKEN, "onwards": onwards})
    assert (answer.status, answer.headers["Location"]) == (303, "/console")
    assert answer.headers["X"] is None


def test_who_signs_out_is_a_stranger_again(known: Desk) -> None:
    answer = known.ask("POST", "/session/end", {})
    assert answer.status == 303
    assert known.ask("GET", "/orders").status == 401


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_a_page_of_another_site_may_neither_change_nor_sign_in(known: Desk, origin: str) -> None:
    for path in (*CHANGES, "/session"):
        assert known.ask("POST", path, {"token": TOKEN}, {"Origin": origin}).status == 403


def test_the_cookie_opens_the_console_and_not_the_control_interface(locked: str, known: Desk) -> None:
    cookie = {"Cookie": f"tgpay_control={known.cookies['tgpay_control']}"}
    assert exchange(f"{locked}/_emulator/merchants", headers=cookie).status == 401
    assert Control(locked, TOKEN).ask("GET", "/merchants").status == 200


def test_an_emulator_without_a_token_asks_for_none(desk: Desk) -> None:
    page = desk.page("/orders")
    assert told(page) == "" and "Sign out" not in words(page)
    assert desk.ask("POST", "/session", {"token": "any"}).headers["Location"] == "/console"
