"""Contract 4 and 6: the notification of a terminal's result, an XML document with a schedule of its own."""
import pytest

from tgpay_emulator.operations.outbox import TERMINAL_SCHEDULE

from .driver import Clock, Receiver, Shop, md5_sign
from .endpoints.test_tgpaywebtoterminal import RESULT

SECOND = 1_000


@pytest.fixture(autouse=True)
def frozen(clock: Clock) -> None:
    """Time passes when a test says so."""
    clock.freeze()


def test_the_result_is_posted_as_the_document_that_a_query_answers(
        shop: Shop, receiver: Receiver, clock: Clock) -> None:
    asked = shop.at_terminal(notify_url=receiver.url, reference="table 7 & <8>")
    clock.advance("2s")
    heard, = receiver.wait_for(1)
    assert (heard.method, heard.headers["content-type"]) == ("POST", "text/xml; charset=utf-8")
    assert heard.body.startswith(b'<?xml version="1.0" encoding="utf-8" ?>\n<tgpaypro>')
    assert list(heard.fields) == RESULT
    assert heard.fields == shop.query(asked["out_trade_no"]).fields
    assert heard.fields["sign"] == md5_sign(heard.fields, shop.token)
    assert (heard.fields["trade_status"], heard.fields["recoveredTransaction"]) == ("AUTHORISED", "false")


@pytest.mark.parametrize("amount, status",
                         [("37.84", "DECLINED"), ("37.41", "FAILED"), ("37.57", "PARTIAL_APPROVAL")])
def test_every_result_is_told(notified: Shop, receiver: Receiver, clock: Clock, amount: str,
                              status: str) -> None:
    notified.at_terminal(amount=amount)
    clock.advance("2s")
    assert receiver.wait_for(1)[0].fields["trade_status"] == status


def test_a_stop_is_told(notified: Shop, receiver: Receiver) -> None:
    notified.at_terminal()
    notified.at_terminal("stopCurrentTransaction", None, out_trade_no=None)
    assert receiver.wait_for(1)[0].fields["trade_status"] == "CANCELLED"


def test_an_unknown_result_is_told_and_told_again_when_it_is_known(
        notified: Shop, receiver: Receiver, clock: Clock) -> None:
    notified.at_terminal(amount="37.68")
    clock.advance("12s")
    told = [(heard.fields["trade_status"], heard.fields["trans_amount"]) for heard in receiver.wait_for(2)]
    assert told == [("UNDEFINED", "0.00"), ("AUTHORISED", "37.68")]


def test_a_reversal_is_told_and_its_sale_is_not_told_again(
        notified: Shop, receiver: Receiver, clock: Clock) -> None:
    number = notified.at_terminal()["out_trade_no"]
    clock.advance("2s")
    notified.at_terminal("saleReversal", None, original_out_trade_no=number)
    clock.advance("1m")
    assert [heard.fields["operation"] for heard in receiver.wait_for(2)] == ["sale", "saleReversal"]
    assert len(notified.notifications(number)) == 1


@pytest.mark.parametrize("status, body", [(200, b""), (201, b"ok"), (204, b""), (299, b"<html>")])
def test_any_2xx_takes_it_and_is_no_finding(notified: Shop, receiver: Receiver, clock: Clock, status: int,
                                            body: bytes) -> None:
    receiver.answers = [(status, body)]
    number = notified.at_terminal()["out_trade_no"]
    clock.advance("1h")
    notification, = notified.notifications(number)
    assert (notification["status"], notification["notify_type"]) == ("delivered", "webtoterminal")
    assert [attempt["findings"] for attempt in notification["attempts"]] == [[]]


def test_it_is_repeated_every_5_seconds_for_100_then_less_and_less_often(
        notified: Shop, receiver: Receiver, clock: Clock) -> None:
    receiver.answers = [(500, b"success")]
    number = notified.at_terminal()["out_trade_no"]
    clock.advance("2s")
    for seconds, attempts in ((4, 1), (1, 2), (94, 20), (1, 21), (7, 21), (1, 22), (15, 22), (1, 23),
                              (32, 24)):
        clock.advance(f"{seconds}s")
        assert len(notified.notifications(number)[0]["attempts"]) == attempts
    first, *repeated = [heard.fields for heard in receiver.wait_for(24)]
    assert (first["recoveredTransaction"],
            {fields["recoveredTransaction"] for fields in repeated}) == ("false", {"true"})
    for fields in repeated:
        assert fields["sign"] == md5_sign(fields, notified.token)
        assert {name: fields[name] for name in RESULT[:-4]} == {name: first[name] for name in RESULT[:-4]}


def test_the_schedule_doubles_up_to_15_minutes_and_ends_after_2_days() -> None:
    assert TERMINAL_SCHEDULE[:20] == (5 * SECOND,) * 20
    assert TERMINAL_SCHEDULE[20:29] == tuple(seconds * SECOND
                                             for seconds in (8, 16, 32, 64, 128, 256, 512, 900, 900))
    assert set(TERMINAL_SCHEDULE[27:]) == {900 * SECOND}
    assert 2 * 86_400 * SECOND - 900 * SECOND < sum(TERMINAL_SCHEDULE) <= 2 * 86_400 * SECOND


def test_a_replay_by_hand_is_a_repetition(notified: Shop, receiver: Receiver, clock: Clock) -> None:
    number = notified.at_terminal()["out_trade_no"]
    clock.advance("2s")
    receiver.wait_for(1)
    notified.control.post(f"/notifications/{notified.notifications(number)[0]['id']}/replay")
    assert [heard.fields["recoveredTransaction"] for heard in receiver.wait_for(2)] == ["false", "true"]
