"""What every page of the console announces: an active scenario, and a clock that is moved."""
from collections.abc import Iterator

import pytest
from lxml import html

from ..driver import Control, Server
from .desk import Desk, words

PATHS = ("/orders", "/notifications", "/inbox", "/journal", "/try", "/terminals", "/scenarios", "/clock",
         "/cards", "/settlement", "/merchants", "/journal/999")


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    """A server of its own: what is announced concerns all merchants."""
    with Server() as server:
        yield server.url


@pytest.fixture
def quiet(control: Control) -> Iterator[Control]:
    """An emulator without anything to announce, before the test and after it."""
    yield control
    control.post("/reset")
    control.post("/clock", {"reset": True})


def announced(desk: Desk, path: str) -> list[str]:
    return [words(banner) for banner in html.fromstring(desk.ask("GET", path).text).find_class("banner")]


def test_nothing_is_announced_while_all_is_as_usual(desk: Desk, quiet: Control) -> None:
    assert [announced(desk, path) for path in PATHS] == [[]] * len(PATHS)


def test_an_active_scenario_is_announced_on_every_page_and_deactivated_there(
        desk: Desk, quiet: Control) -> None:
    shop = quiet.shop()
    quiet.ask("PUT", "/scenario", {"name": "lost-answer"})
    for path in PATHS:
        assert announced(desk, path) == ["Active scenario for all merchants: lost-answer Deactivate"], path
    assert "lost-answer" in announced(desk, f"/orders?merchants_id={shop.merchants_id}")[0]
    shop.plays(name="autopay")
    own = [f"Active scenario: autopay {shop.merchants_id} Deactivate"]
    assert announced(desk, f"/orders?merchants_id={shop.merchants_id}") == own
    assert len(announced(desk, "/orders")) == 2
    page = desk.page("/orders")
    form, = page.xpath("//div[@class='banner'][1]//form/@action")
    desk.post(form)
    assert announced(desk, f"/orders?merchants_id={shop.merchants_id}") == own
    assert announced(desk, "/orders") == [f"Active scenarios of merchants: autopay · {shop.merchants_id}"]
    assert quiet.get("/scenario")["scenario"] is None


@pytest.mark.parametrize("language, words_of", [("en", "2d ahead of system time"), ("zh", "比系统时间快 2 天")])
def test_a_moved_or_frozen_clock_is_announced_and_reset_there(
        base_url: str, quiet: Control, language: str, words_of: str) -> None:
    desk = Desk(base_url, language)
    quiet.post("/clock", {"advance": "2d"})
    for path in set(PATHS) - {"/clock"}:  # the page of the clock shows all of it
        [told] = announced(desk, path)
        assert words_of in told
    quiet.post("/clock", {"freeze": True})
    assert {"en": "frozen", "zh": "已暂停"}[language] in announced(desk, "/orders")[0]
    form, = desk.page("/orders").xpath("//div[@class='banner']//form/@action")
    desk.post(form, do="reset")
    assert announced(desk, "/orders") == []
