"""Addresses at which there is nothing: a page of the console with links, or a problem document."""
import pytest
from lxml import html

from ..browser import DESK, LANGUAGES, Visitor
from ..driver import Control, Server, exchange
from ..looks import faults
from ..tables import every_row
from .desk import Desk, words


@every_row("path", ["/nothing", "/orders/", "/orders/x", "/orders/1/2/3", "/orders/999999", "/journal/999999",
                    "/merchants/nobody", "/settlement/x/y", "/%3Cb%3E"])
def test_an_unknown_address_of_the_console_has_a_page_with_links(desk: Desk, path: str) -> None:
    answer = desk.ask("GET", path)
    page = html.fromstring(answer.text)
    assert answer.status == 404
    assert words(page.find(".//h1")) == "Page not found" and "<b>" not in answer.text
    links = page.xpath("//main//li/a/@href")
    assert {"/console/orders", "/console/journal", "/console/try"} <= set(links)
    assert page.xpath("//nav") != [] and desk.ask("GET", links[0]).status == 200


def test_an_unknown_address_tells_a_stranger_nothing() -> None:
    with Server(control_token="s3cret") as server:
        answer = Desk(server.url).ask("GET", "/nothing")
        assert answer.status == 401 and 'name="token"' in answer.text and "201703200001" not in answer.text


@every_row("path", ["", "/", "/nothing", "/order", "/clock/now/then"])
def test_an_unknown_address_of_the_control_interface_is_a_problem_document(control: Control,
                                                                           path: str) -> None:
    answer = exchange(f"{control.url}/_emulator{path}")
    assert (answer.status, answer.headers["Content-Type"]) == (404, "application/problem+json")
    assert "openapi.json" in answer.json["detail"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_of_an_unknown_address_fits(visitor: Visitor, base_url: str, language: str) -> None:
    visitor.expects(404)
    with visitor.at(f"{base_url}/console/nothing", language, DESK) as page:
        assert faults(page, "console-unknown", language) == {}
