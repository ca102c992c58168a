"""Scenarios in the console (contract 5.5, 8): switched on and off, read, written, checked and tried."""
import json
import re
from typing import Any

import pytest
from lxml import html
from playwright.sync_api import expect

from tgpay_emulator.scenarios import parse, shipped, shipped_scenario, toml

from ..browser import DESK, Visitor
from ..driver import Control, Shop, card_of, exchange
from ..tables import every_row
from .desk import OWN_FORM, Desk, told, words

DECLINED = {"name": "declined <b>once</b>",
            "when": {"endpoint": "tgpaybankcard", "trans_amount__above": "100"},
            "then": [{"code": "3084"}, {}]}
LATER = {"name": "later", "when": {"endpoint__in": ["tgpaybankcard", "tgpayh5"]},
         "then": {"notify": {"delay": "5s", "times": 2}}}


def at(shop: Shop, path: str = "/scenarios") -> str:
    return f"{path}{'&' if '?' in path else '?'}merchants_id={shop.merchants_id}"


def in_force(shop: Shop) -> Any:
    told = shop.control.get("/scenario", merchants_id=shop.merchants_id)
    return told["scenario"] and told["scenario"]["name"], told["merchants_id"]


def lines(page: Any) -> dict[int, list[str]]:
    """The sentences under each line of the text."""
    return {int(words(row.find("th"))): [words(sentence) for sentence in row.xpath(".//p")]
            for row in page.xpath("//tr[@class='wrong']")}


def desk_with(desk: Desk, shop: Shop, text: str, do: str = "check", **fields: str) -> Any:
    answer = desk.ask("POST", at(shop, "/scenarios/desk"), {"name": "mine", "text": text, "do": do, **fields})
    assert answer.status in (200, 422), answer.text
    return html.fromstring(answer.text)


def test_all_that_come_along_are_listed_with_their_summaries(desk: Desk, shop: Shop) -> None:
    listed = {words(card.xpath(".//h3")[0]): words(card.xpath("p")[0])
              for card in desk.page(at(shop)).xpath("//*[@class='cards']/li")}
    assert listed == {name: shipped_scenario(name).summary for name in shipped()}


def test_one_is_switched_on_for_a_merchant_and_off_again(desk: Desk, shop: Shop) -> None:
    assert in_force(shop) == (None, None)
    assert "lost-answer" in desk.post(at(shop, "/scenarios/on"), name="lost-answer")
    assert in_force(shop) == ("lost-answer", shop.merchants_id)
    assert desk.post(at(shop, "/scenarios/off")) == "The scenario was deactivated."
    assert in_force(shop) == (None, None)


def test_one_is_switched_on_for_everybody(desk: Desk, control: Control, shop: Shop) -> None:
    try:
        desk.post("/scenarios/on", name="happy-path")
        assert in_force(shop) == ("happy-path", None)
        assert "This merchant has no scenario of its own" in words(desk.page(at(shop)))
    finally:
        desk.post("/scenarios/off")
    assert in_force(shop) == (None, None)


def test_its_rules_are_read_out_and_their_uses_counted(desk: Desk, shop: Shop) -> None:
    shop.control.ask("PUT", "/scenario", {"merchants_id": shop.merchants_id, "rules": [DECLINED, LATER]})
    shop.card_payment(trans_amount="120.00")
    shop.card_payment(trans_amount="120.00")
    shop.card_payment(trans_amount="1.00")
    first, second = map(words, desk.page(at(shop)).xpath("//*[@class='rules']/li"))
    assert first.startswith("declined <b>once</b> 2/2 outcomes used · 2 matches in the last 1000 "
                            "requests")
    assert "endpoint is tgpaybankcard trans_amount above 100" in first
    assert "1 code 3084" in first and "2 normal processing" in first
    assert "1 matches in the last" in second
    assert "endpoint one of tgpaybankcard, tgpayh5" in second
    assert "notify.delay 5s" in second and "notify.times 2" in second


@pytest.mark.exhaustive
def test_the_counters_go_on_by_themselves(visitor: Visitor, shop: Shop) -> None:
    shop.control.ask("PUT", "/scenario", {"merchants_id": shop.merchants_id, "rules": [LATER]})
    with visitor.at(f"{shop.control.url}/console{at(shop)}", width=DESK) as page:
        expect(page.locator(".rules")).to_contain_text("0 matches")
        shop.card_payment()
        expect(page.locator(".rules")).to_contain_text("1 matches")


@every_row("name", shipped())
def test_each_can_be_written_as_toml_and_read_again(name: str) -> None:
    scenario = shipped_scenario(name)
    assert parse(toml(scenario), f"{name}.toml") == scenario


@every_row("name", shipped())
def test_each_lies_on_the_desk_as_its_file_has_it(desk: Desk, shop: Shop, name: str) -> None:
    page = desk.page(at(shop, f"/scenarios/desk?name={name}"))
    text = page.xpath("//textarea[@name='text']")[0].text_content()
    assert parse(text, f"{name}.toml") == shipped_scenario(name)
    assert len(page.xpath("//*[@class='rules']/li")) == len(shipped_scenario(name).rules)


def test_the_one_in_force_lies_on_the_desk(desk: Desk, shop: Shop) -> None:
    rules = [DECLINED, {**LATER, "when": {"reference": "a \"quote\" \\ and \u007f \u7eff\u8336", "x y": "1"}}]
    shop.control.ask("PUT", "/scenario", {"merchants_id": shop.merchants_id, "rules": rules})
    text = desk.page(at(shop, "/scenarios/desk")).xpath("//textarea[@name='text']")[0].text_content()
    active = shop.control.get("/scenario", merchants_id=shop.merchants_id)["scenario"]
    assert parse(text, "x.toml").as_json()["rules"] == active["rules"]


TOML = """summary = "x"

[[rule]]
name = "fine"
then = { code = "3084" }

[[rule]]
when = { attempt = 0, trans_amount__abov = 1 }
then = { code = "1", fault = "slow", notify = { delay = "soon" } }
"""


def test_every_problem_stands_under_its_line(desk: Desk, shop: Shop) -> None:
    page = desk_with(desk, shop, TOML)
    found = lines(page)
    assert {line: len(sentences) for line, sentences in found.items()} == {8: 2, 9: 2}
    assert "abov" in found[8][1] and "notify.delay" in found[9][1]
    assert in_force(shop) == (None, None)


@every_row("text, line, sentence", [
    ("summary = \"x\"\n[[rule]\n", 2, "is not TOML"),
    ("summary = \"x\"\n[[rule]]\nthen = {", 3, "is not TOML"),
    ("", 1, "summary is missing"),
    ('{"rules": [\n {"then": {}},\n {"then":\n {"code": "77"}}]}', 4, "rule 2: then.code"),
    ('{"rules": [\n {"then": {}},\n 7]}', 3, "rule 2 is a number"),
    ('{"rules": [\n {"then": }]}', 2, "is not JSON"),
    ('{"rules": NaN}', 1, "is not JSON"),
    ('{"rules": [{"then": {"delay": NaN}}]}', 1, "is not JSON"),
    ('{"rules": ' + "[" * 5000, 1, "is not JSON"),
    ('{"rules": ' + "9" * 5000 + "}", 1, "is not JSON"),
    ('{"rules": [{"when": {"reference": "\\ud800"}, "then": {}}]}', 1, "surrogate"),
    ('{"summary": "x", "rulez": []}', 1, "rulez"),
])
def test_a_problem_of_a_text_is_told_in_its_place(desk: Desk, shop: Shop, text: str, line: int,
                                                  sentence: str) -> None:
    found = lines(desk_with(desk, shop, text))
    assert any(sentence in each for each in found[line]), found


@pytest.mark.exhaustive
def test_markup_in_a_text_stays_text(visitor: Visitor, shop: Shop) -> None:
    with visitor.at(f"{shop.control.url}/console{at(shop, '/scenarios/desk?new=1')}", width=DESK) as page:
        text = page.get_by_role("textbox", name="Rules, as TOML or JSON")
        text.fill("</textarea><img src=x onerror=alert(1)>\n" + TOML)
        page.get_by_role("button", name="Check").click()
        expect(page.locator(".lines")).to_contain_text("</textarea><img")
        assert text.input_value() == "</textarea><img src=x onerror=alert(1)>\n" + TOML
        assert page.locator("img").count() == 0


def test_a_text_with_problems_is_not_put_in_force(desk: Desk, shop: Shop) -> None:
    refused = desk.ask("POST", at(shop, "/scenarios/desk"), {"name": "mine", "text": TOML, "do": "use"})
    assert refused.status == 422
    assert in_force(shop) == (None, None)


@pytest.mark.parametrize("text",
                         [toml(shipped_scenario("magic-amounts")), json.dumps({"rules": [DECLINED, LATER]})])
def test_a_text_is_put_in_force(desk: Desk, shop: Shop, text: str) -> None:
    answer = desk.ask("POST", at(shop, "/scenarios/desk"), {"name": "mine", "text": text, "do": "use"})
    assert answer.status == 303
    assert told(desk.page(answer.headers["Location"])) == "Scenario activated: mine"
    assert in_force(shop) == ("mine", shop.merchants_id)


def tried(page: Any) -> list[str]:
    return [words(row) for row in page.xpath("//*[@id='tried']/li")]


@every_row("fields, expected", [
    ({"endpoint": "tgpaybankcard", "params": "trans_amount=120.00"},
     ["declined <b>once</b> matches", "later matches, but an earlier rule takes precedence"]),
    ({"endpoint": "tgpaybankcard", "params": "trans_amount = 1\ntrans_amount=99.00"},
     ["declined <b>once</b> trans_amount 99.00 is not above 100", "later matches"]),
    ({"endpoint": "tgpayqrcode", "params": ""},
     ["declined <b>once</b> endpoint tgpayqrcode is not tgpaybankcard",
      "later endpoint tgpayqrcode is none of tgpaybankcard, tgpayh5"]),
])
def test_a_request_is_tried_and_every_rule_says_why(desk: Desk, shop: Shop, fields: dict[str, str],
                                                    expected: list[str]) -> None:
    shop.control.ask("PUT", "/scenario", {"merchants_id": shop.merchants_id, "rules": [DECLINED, LATER]})
    text = json.dumps({"rules": [DECLINED, LATER]})
    for _ in range(3):  # nothing is counted
        assert tried(desk_with(desk, shop, text, "try", **fields)) == expected


def test_a_card_is_tried_and_never_told(desk: Desk, shop: Shop) -> None:
    card = card_of("3084")
    text = json.dumps({"rules": [{"name": "this card", "when": {"card": card}, "then": {"code": "0000"}},
                                 {"name": "another", "when": {"card": card_of("3100")}, "then": {}}]})
    page = desk_with(desk, shop, text, "try", endpoint="tgpaybankcard", card=card, attempt="x", params="")
    assert tried(page) == ["this card matches", f"another card is not {card_of('3100')}"]
    assert card not in " ".join(tried(page))


def test_a_rule_that_is_used_up_says_so_when_it_is_in_force(desk: Desk, shop: Shop) -> None:
    text = json.dumps({"rules": [DECLINED]})
    desk.ask("POST", at(shop, "/scenarios/desk"), {"name": "mine", "text": text, "do": "use"})
    for _ in range(2):
        shop.card_payment(trans_amount="120.00")
    page = desk_with(desk, shop, text, "try", endpoint="tgpaybankcard", params="trans_amount=120.00")
    assert tried(page) == ["declined <b>once</b> used up: 2 of 2"]
    assert "No rule matches" in words(page)


def test_the_whole_way_in_a_browser(visitor: Visitor, shop: Shop) -> None:
    with visitor.at(f"{shop.control.url}/console{at(shop)}", width=DESK) as page:
        expect(page.locator("#in-force")).to_contain_text("No active scenario")
        page.get_by_role("link", name="New scenario").click()
        page.get_by_label("Name", exact=True).fill("from the desk")
        page.get_by_label("Endpoint").select_option("tgpaybankcard")
        page.get_by_role("button", name="Test").click()
        expect(page.locator("#tried")).to_contain_text("matches")
        page.get_by_role("button", name="Activate").click()
        expect(page.locator(".told.good")).to_contain_text("from the desk")
        page.locator("#in-force").get_by_role("button", name="Deactivate").click()
        expect(page.locator("#in-force")).to_contain_text("No active scenario")


@every_row("path, fields",
           [("/scenarios/on", "name=chaos"), ("/scenarios/off", ""), ("/scenarios/desk", "do=use&text=")])
def test_pages_of_other_sites_change_nothing(desk: Desk, shop: Shop, path: str, fields: str) -> None:
    refused = exchange(f"{shop.control.url}/console{at(shop, path)}", "POST", fields.encode(),
                       {**OWN_FORM, "Origin": "https://evil.example"})
    assert (refused.status, in_force(shop)) == (403, (None, None))


@every_row("method, path", [
    ("GET", "/scenarios/desk?name=nothing"), ("POST", "/scenarios/on"), ("GET", "/scenarios?merchants_id=9"),
    ("GET", "/scenarios/desk?merchants_id=9")])
def test_what_there_is_not_is_told(desk: Desk, method: str, path: str) -> None:
    answer = desk.ask(method, path, {"name": "nothing"} if method == "POST" else None)
    assert answer.status == 404
    assert re.search("there is no (scenario &#39;nothing&#39;|merchant 9)", answer.text)
