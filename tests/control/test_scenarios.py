"""Contract 7, `scenarios` and `scenario`: those that come along, the one in force, and what is wrong with one
that cannot be.
"""
from collections.abc import Iterator
from typing import Any

import pytest

from tgpay_emulator.scenarios import shipped

from ..driver import Control, Shop
from ..tables import every_row

RULE = {"name": "it", "when": {"endpoint": "tgpaybarcode", "trans_amount__above": "100"},
        "then": [{"error": "BEYOND_PAY_RESTRICTION"}, {}]}
UNNAMED = {"name": "rule 1", "when": {}, "then": {}}


@pytest.fixture
def put_away(control: Control) -> Iterator[None]:
    """Whatever the test puts in force for everybody is not in force afterwards."""
    yield
    control.ask("DELETE", "/scenario")


def test_those_that_come_along_are_listed_with_their_summaries(control: Control) -> None:
    listed = control.get("/scenarios")
    assert ([item["name"] for item in listed["items"]], listed["next"]) == (shipped(), None)
    assert all(item["summary"].endswith(".") and item["rules"] > 0 for item in listed["items"])


@every_row("name", shipped())
def test_one_that_comes_along_is_told_whole_and_can_be_sent_back(
        control: Control, shop: Shop, name: str) -> None:
    told = control.get(f"/scenarios/{name}")
    counts = {item["name"]: item["rules"] for item in control.get("/scenarios")["items"]}
    assert (told["name"], len(told["rules"])) == (name, counts[name])
    assert control.ask("PUT", "/scenario",
                       {**told, "merchants_id": shop.merchants_id}).json["scenario"] == told


@every_row("name", ["none", "happy-path.toml", "..%2Fsetup", "%2Fetc%2Fpasswd"])
def test_one_that_does_not_come_along_is_not_found(control: Control, name: str) -> None:
    assert control.ask("GET", f"/scenarios/{name}").status == 404


def test_without_a_scenario_none_is_in_force(shop: Shop, control: Control) -> None:
    nothing = {"merchants_id": None, "scenario": None, "uses": {}}
    assert control.get("/scenario") == nothing
    assert control.get("/scenario", merchants_id=shop.merchants_id) == nothing


@every_row("body", [{"name": "autopay"}, {"rules": [RULE]},
                    {"rules": [RULE], "name": "mine", "summary": "For lunch."},
                    {"rules": [{"then": {}}]}], ids=str)
def test_a_scenario_is_put_in_force_for_everybody(control: Control, put_away: None,
                                                  body: dict[str, Any]) -> None:
    answer = control.ask("PUT", "/scenario", body)
    assert answer.status == 200
    assert answer.json == control.get("/scenario")
    told = answer.json["scenario"]
    assert (told["name"], told["summary"] != "") == (body.get("name", "custom"), "name" in body)
    assert told["rules"] == (control.get("/scenarios/autopay")["rules"] if body == {"name": "autopay"} else
                             [RULE if body["rules"] == [RULE] else UNNAMED])


@pytest.mark.parametrize("in_query", [True, False])
def test_a_scenario_is_put_in_force_for_one_merchant_and_out_of_force(
        shop: Shop, control: Control, put_away: None, in_query: bool) -> None:
    merchant = {"merchants_id": shop.merchants_id}
    control.ask("PUT", "/scenario", {"name": "autopay"})
    everybodys = control.get("/scenario")
    put = control.ask("PUT", "/scenario", {"rules": [RULE], **({} if in_query else merchant)},
                      **(merchant if in_query else {}))
    assert put.json == {**merchant, "scenario": {"name": "custom", "summary": "", "rules": [RULE]},
                        "uses": {}}
    assert (control.get("/scenario", **merchant), control.get("/scenario")) == (put.json, everybodys)
    assert (control.ask("DELETE", "/scenario", **merchant).status,
            control.get("/scenario", **merchant)) == (204, everybodys)
    assert control.ask("DELETE", "/scenario").status == 204
    assert control.get("/scenario", **merchant)["scenario"] is None


def test_uses_are_told(shop: Shop, control: Control) -> None:
    shop.plays(RULE)
    for _ in range(3):
        shop.pay_by_barcode("100.01")
    assert control.get("/scenario", merchants_id=shop.merchants_id)["uses"] == {"it": 2}


def test_uses_of_everybodys_scenario_are_told_of_each_merchant_and_of_all(
        shop: Shop, control: Control, put_away: None) -> None:
    control.ask("PUT", "/scenario", {"rules": [RULE]})
    other, own = control.shop(), control.shop()
    own.plays(RULE)
    for each in (shop, other, other, own):
        each.pay_by_barcode("100.01")
    assert [control.get("/scenario", merchants_id=each.merchants_id)["uses"]["it"]
            for each in (shop, other, own)] == [1, 2, 1]
    assert control.get("/scenario")["uses"] == {"it": 3}


WRONG: list[tuple[dict[str, Any], list[str]]] = [
    ({}, []), ({"name": 3}, []), ({"name": "autopay", "summary": "x"}, []),
    ({"name": "autopya"}, ["did you mean autopay?"]), ({"rules": []}, ["rules has 0 rules"]),
    ({"rules": {}}, ["rules is a table"]),
    ({"rules": [{"then": {"fault": "rest"}}, {"when": {"attempt": 0}, "then": {"delay": "soon"}}]},
     ["then.fault is 'rest'", "when.attempt is '0'", "then.delay is wrong"]),
]


@every_row("body, problems", WRONG, ids=[str(row[0]) for row in WRONG])
def test_one_that_cannot_be_is_refused_with_everything_that_is_wrong(
        shop: Shop, control: Control, body: dict[str, Any], problems: list[str]) -> None:
    shop.plays(RULE)
    refused = control.ask("PUT", "/scenario", body, merchants_id=shop.merchants_id)
    assert (refused.status, refused.headers["Content-Type"]) == (422, "application/problem+json")
    assert len(refused.json.get("errors", [])) == len(problems)
    assert all(problem in told for problem, told in zip(problems, refused.json.get("errors", [])))
    assert control.get("/scenario", merchants_id=shop.merchants_id)["scenario"]["rules"] == [RULE]


@every_row("method, body", [("GET", None), ("PUT", {"name": "autopay"}), ("DELETE", None)])
def test_a_merchant_that_is_not_there_is_not_found(control: Control, method: str, body: Any) -> None:
    assert control.ask(method, "/scenario", body, merchants_id="nobody").status == 404
