"""Contract 7 with 4: terminals through the control interface, and people at them."""
from typing import Any

import pytest

from ..driver import Clock, Control, Receiver, Shop
from ..tables import every_row

ACTS = ("tap", "insert", "swipe", "pin", "approve", "decline", "cancel")


@pytest.fixture(autouse=True)
def frozen(clock: Clock) -> None:
    """Time passes when a test says so."""
    clock.freeze()


@pytest.fixture
def attended(shop: Shop) -> Shop:
    """A merchant whose first terminal people drive."""
    shop.attend()
    return shop


def happens(shop: Shop, clock: Clock, *events: str) -> dict[str, Any]:
    """People do all this, and the card is read in between."""
    told: dict[str, Any] = {}
    for event in events:
        answer = shop.person(event)
        assert answer.status == 200, answer.text
        told = answer.json
        if event in ("tap", "insert", "swipe"):
            assert told["state"] == "READING_CARD"
            clock.advance("500ms")
    return told


def test_a_merchant_that_a_test_makes_has_two_terminals_of_its_own(shop: Shop, control: Control) -> None:
    items = control.get("/terminals", merchants_id=shop.merchants_id)["items"]
    assert len({item["terminal_sn"] for item in items}) == 2
    assert {(item["merchants_id"], item["state"], item["online"], item["attended"], item["transaction"])
            for item in items} == {
        (shop.merchants_id, "IDLE", True, False, None)}
    assert set(shop.terminals).isdisjoint(control.shop().terminals)


@every_row("merchants_id, serials",
           [("201703200001", ["0821032398", "0821032399"]), ("201807208001", ["1850025030"]),
            ("202109200001", ["801"]), ("201701010001", [])])
def test_the_seeded_merchants_have_the_terminals_of_the_document(
        control: Control, merchants_id: str, serials: list[str]) -> None:
    control.post("/reset", merchants_id=merchants_id)
    assert [item["terminal_sn"] for item in control.get("/terminals",
                                                        merchants_id=merchants_id)["items"]] == serials


@every_row("events, entry, verified, status", [
    (("tap", "approve"), "ICC", "NOT_REQUIRED", "AUTHORISED"),
    (("insert", "pin", "approve"), "ICC", "PIN", "AUTHORISED"),
    (("swipe", "pin", "approve"), "MSR", "PIN", "AUTHORISED"),
    (("tap", "decline"), "ICC", "NOT_REQUIRED", "DECLINED"),
    (("insert", "pin", "decline"), "ICC", "PIN", "DECLINED")])
def test_people_drive_a_terminal(attended: Shop, clock: Clock, events: tuple[str, ...], entry: str,
                                 verified: str, status: str) -> None:
    number = attended.at_terminal()["out_trade_no"]
    clock.advance("10s")
    told = happens(attended, clock, *events)
    assert told["state"] == ("APPROVED" if status == "AUTHORISED" else "DECLINED")
    result = attended.query(number)
    assert (result["trade_status"], result["cardEntryType"], result["verificationMethod"]) == (
        status, entry, verified)
    assert attended.story(number)["history"][-1]["cause"] == "control"


def test_a_tap_over_the_contactless_limit_asks_for_the_pin(attended: Shop, clock: Clock) -> None:
    attended.at_terminal(amount="100.01")
    happens(attended, clock, "tap")
    assert (attended.terminal()["state"], attended.terminal()["possible"]) == ("PIN_ENTRY", ["pin", "cancel"])


@pytest.mark.parametrize("before", [(), ("insert",)])
def test_the_red_button_cancels_before_the_card_is_read_and_while_the_pin_is_typed(
         attended: Shop, clock: Clock, before: tuple[str, ...]) -> None:
    number = attended.at_terminal()["out_trade_no"]
    assert happens(attended, clock, *before, "cancel")["state"] == "CANCELLED"
    assert attended.query(number)["trade_status"] == "CANCELLED"


@pytest.mark.parametrize("before, state, possible", [
    ((), "WAITING_FOR_CARD", {"tap", "insert", "swipe", "cancel"}),
    (("insert",), "PIN_ENTRY", {"pin", "cancel"}), (("tap",), "AUTHORISING", {"approve", "decline"}),
    (("tap", "approve"), "APPROVED", set()), (("cancel",), "CANCELLED", set())])
def test_what_is_impossible_is_a_conflict_that_names_what_is_possible(
        attended: Shop, clock: Clock, before: tuple[str, ...], state: str, possible: set[str]) -> None:
    attended.at_terminal()
    happens(attended, clock, *before)
    shown = attended.terminal()
    assert (shown["state"], set(shown["possible"])) == (state, possible)
    for event in set(ACTS) - possible:
        answer = attended.person(event)
        assert (answer.status, answer.headers["Content-Type"]) == (409, "application/problem+json"), event
        assert (answer.json["state"], set(answer.json["possible"])) == (state, possible)
    assert attended.terminal() == shown


def test_while_the_card_is_read_the_conflict_says_that_only_time_helps(attended: Shop) -> None:
    attended.at_terminal()
    assert attended.person("insert").status == 200
    answer = attended.person("pin")
    assert (answer.status, answer.json["possible"]) == (409, [])
    assert answer.json["detail"] == (
        "pin is not possible while the terminal shows READING_CARD; possible: nothing until the merchant's "
        "clock has moved on: the card is being read")


def test_at_an_idle_terminal_nothing_is_possible(shop: Shop) -> None:
    assert {shop.person(event).status for event in ACTS} == {409}


def test_an_unattended_terminal_may_be_driven_too_and_goes_on_by_itself(shop: Shop, clock: Clock) -> None:
    number = shop.at_terminal()["out_trade_no"]
    happens(shop, clock, "swipe")
    assert shop.terminal()["state"] == "PIN_ENTRY"
    clock.advance("1500ms")
    result = shop.query(number)
    assert (result["trade_status"], result["cardEntryType"]) == ("AUTHORISED", "MSR")


def test_attended_is_in_force_from_the_next_transaction(shop: Shop, clock: Clock) -> None:
    number = shop.at_terminal()["out_trade_no"]
    shop.attend()
    clock.advance("2s")
    assert shop.query(number)["trade_status"] == "AUTHORISED"
    number = shop.at_terminal()["out_trade_no"]
    clock.advance("30s")
    assert shop.query(number)["result_code"] == "204"


def test_an_attended_reversal_needs_nobody(attended: Shop, clock: Clock) -> None:
    number = attended.at_terminal()["out_trade_no"]
    happens(attended, clock, "tap", "approve")
    reversal = attended.at_terminal("saleReversal", None, original_out_trade_no=number)["out_trade_no"]
    clock.advance("500ms")
    assert attended.query(reversal)["trade_status"] == "AUTHORISED"


@pytest.mark.parametrize("path", ["/terminals/none", "/terminals/none/tap"])
def test_an_unknown_terminal_or_event_is_not_found(shop: Shop, path: str) -> None:
    assert shop.control.ask("POST" if path.endswith("tap") else "GET", path).status == 404
    assert shop.person("explode").status == 404


def test_a_terminal_is_made_and_changed(shop: Shop) -> None:
    serial = f"T{shop.merchants_id}"
    made = shop.control.ask("PUT", f"/terminals/{serial}",
                            {"merchants_id": shop.merchants_id, "terminal_type": "PAX A80", "attended": True})
    assert (made.status, made.json["terminal_type"], made.json["attended"],
            made.json["online"]) == (201, "PAX A80", True, True)
    changed = shop.control.ask("PUT", f"/terminals/{serial}", {"online": False})
    assert (changed.status, changed.json["terminal_type"], changed.json["online"]) == (200, "PAX A80", False)
    assert changed.json["attended"] and serial in shop.terminals
    assert shop.at_terminal(terminal_sn=serial)["result_msg_code"] == "1002"


@every_row("body, named", [
    ({}, "merchants_id"), ({"merchants_id": "nobody"}, "nobody"), ({"merchants_id": 1}, "merchants_id"),
    ({"online": "yes"}, "online"), ({"attended": 1}, "attended"), ({"terminal_type": ""}, "terminal_type"),
    ({"terminal_type": None}, "terminal_type"), ({"terminal_type": "x" * 33}, "32")])
def test_a_terminal_that_cannot_be_made_is_a_problem_that_names_why(
        shop: Shop, body: dict[str, Any], named: str) -> None:
    answer = shop.control.ask("PUT", "/terminals/new-one", body)
    assert answer.status in (404, 422) and named in answer.json["detail"]
    assert shop.control.ask("GET", "/terminals/new-one").status == 404


@every_row("serial", [".", "..", "%20", "%0A", "%C3%A9", "x" * 33])
def test_a_serial_that_no_screen_could_have_is_refused(shop: Shop, serial: str) -> None:
    answer = shop.control.ask("PUT", f"/terminals/{serial}", {"merchants_id": shop.merchants_id})
    assert answer.status == 422 and "terminal_sn" in answer.json["errors"]


def test_a_terminal_of_another_merchant_stays_there(shop: Shop, control: Control) -> None:
    answer = control.shop().control.ask("PUT", f"/terminals/{shop.first_terminal}",
                                        {"merchants_id": control.shop().merchants_id})
    assert answer.status == 409
    assert shop.terminal()["merchants_id"] == shop.merchants_id


def test_a_reset_gives_the_terminals_back_as_they_were(shop: Shop, control: Control) -> None:
    serials = shop.terminals
    shop.attend()
    shop.at_terminal()
    control.ask("PUT", "/terminals/one-more", {"merchants_id": shop.merchants_id})
    control.post("/reset", merchants_id=shop.merchants_id)
    assert shop.terminals == serials
    assert (shop.terminal()["state"], shop.terminal()["attended"],
            shop.terminal()["transaction"]) == ("IDLE", False, None)


def test_a_removed_merchant_takes_its_terminals_along(control: Control) -> None:
    gone = control.shop()
    serial = gone.first_terminal
    control.ask("DELETE", f"/merchants/{gone.merchants_id}")
    assert control.ask("GET", f"/terminals/{serial}").status == 404


def test_the_list_is_paged_by_serial_number(control: Control) -> None:
    everything = [item["terminal_sn"] for item in control.get("/terminals", limit=1000)["items"]]
    paged, after = [], ""
    while after is not None:
        page = control.get("/terminals", limit=2, after=after)
        paged += [item["terminal_sn"] for item in page["items"]]
        after = page["next"]
    assert paged == everything


@every_row("event, status",
           [("pay", "AUTHORISED"), ("decline", "DECLINED"), ("expire", "CANCELLED"), ("close", "CANCELLED")])
@every_row("passes", ["0s", "1200ms"])
def test_the_control_interface_ends_a_transaction_whatever_the_terminal_shows(
         shop: Shop, clock: Clock, event: str, status: str, passes: str) -> None:
    number = shop.at_terminal()["out_trade_no"]
    clock.advance(passes)
    answer = shop.happens(number, event)
    assert (answer.status, answer.json["terminal"]["trade_status"]) == (200, status), answer.text
    assert (shop.query(number)["trade_status"], shop.happens(number, event).status) == (status, 409)


def test_an_unknown_result_is_decided_by_hand(shop: Shop, clock: Clock) -> None:
    number = shop.at_terminal(amount="37.68")["out_trade_no"]
    clock.advance("2s")
    assert shop.happens(number, "decline").status == 200
    clock.advance("1m")
    assert shop.query(number)["trade_status"] == "DECLINED"


def test_the_order_tells_its_transaction_step_by_step(shop: Shop, clock: Clock) -> None:
    number = shop.at_terminal(amount="120.00")["out_trade_no"]
    clock.advance("3s")
    story = shop.story(number)
    assert [step["state"] for step in story["terminal"]["steps"]] == [
        "WAITING_FOR_CARD", "READING_CARD", "PIN_ENTRY", "AUTHORISING", "APPROVED"]
    assert story["page"] == f"/terminal/{shop.first_terminal}"
    assert [line["event"] for line in story["history"]] == ["create", "start", "pay"]


def test_waiting_for_a_result(notified: Shop, receiver: Receiver, clock: Clock) -> None:
    clock.reset()
    number = notified.at_terminal()["out_trade_no"]
    answer = notified.control.get("/wait", merchants_id=notified.merchants_id, out_trade_no=number,
                                  status="TRADE_SUCCESS", notification="delivered",
                                  timeout="10s")
    assert answer["order"]["terminal"]["trade_status"] == "AUTHORISED"
    assert receiver.wait_for(1)[0].fields["out_trade_no"] == number
