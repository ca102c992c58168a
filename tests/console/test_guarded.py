"""Where a control token is in force, pages on which something is tried out, set or looked up are shown to
those who know it alone.
"""
from collections.abc import Iterator

import pytest

from ..driver import Server
from ..tables import every_row
from .desk import Desk

TOKEN = "guarded-as-it-should-be"
MERCHANT = "201703200001"
PAGES = ["/try", "/terminals", "/scenarios", "/scenarios/desk", "/clock", "/cards", "/settlement",
         "/settlement?start=2027-01-01", "/findings", "/reference", "/nothing",
         "/settlement.csv?start=2027-01-01&end=2027-01-01", "/merchants", f"/merchants/{MERCHANT}",
         f"/merchants/{MERCHANT}?token=1"]
CHANGES = ["/try", "/try/send", "/settlement/check",
           "/terminals", "/terminals/801/switch", "/terminals/801/tap", "/scenarios/on",
           "/scenarios/off", "/scenarios/desk",
           "/clock", "/merchants", f"/merchants/{MERCHANT}", f"/merchants/{MERCHANT}/reset",
           f"/merchants/{MERCHANT}/remove"]


@pytest.fixture(scope="module")
def guarded() -> Iterator[str]:
    with Server(control_token=TOKEN) as server:
        yield server.url


@pytest.mark.exhaustive
@every_row("path", PAGES)
def test_a_stranger_is_asked_for_the_token_and_one_who_knows_it_is_led_to_the_page(
        guarded: str, path: str) -> None:
    somebody = Desk(guarded)
    refused = somebody.ask("GET", path)
    assert (refused.status == 401 and 'name="token"' in refused.text
            and MERCHANT not in refused.text.replace(path, ""))
    signed_in = somebody.ask("POST", "/session", {"token": TOKEN, "onwards": f"/console{path}"})
    assert (signed_in.status, signed_in.headers["Location"]) == (303, f"/console{path}")
    assert somebody.ask("GET", path).status == (404 if path == "/nothing" else 200)


@every_row("path", CHANGES)
def test_a_stranger_changes_nothing(guarded: str, path: str) -> None:
    refused = Desk(guarded).ask("POST", path, {"do": "freeze", "name": "chaos"})
    assert refused.status == 401 and 'name="token"' in refused.text
