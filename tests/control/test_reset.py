"""Contract 7, `reset`, and 8: back to the seeded state, one merchant or all, and the same run gives the same
bytes.
"""
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tgpay_emulator.domain.orders import Event
from tgpay_emulator.domain.wallet_orders import WalletOrder
from tgpay_emulator.store.sqlite.store import Store

from ..driver import Answer, Control, Receiver, Server, Shop, free_port

NOW = 1_800_000_000_000


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that nobody else uses: a reset of everything would take their merchants away."""
    with Server(database=tmp_path_factory.mktemp("reset") / "emulator.db") as server:
        yield server


@pytest.fixture
def alone(own: Server) -> Control:
    return Control(own.url)


def test_a_merchant_that_is_reset_has_done_nothing_and_is_as_it_was_made(
        control: Control, receiver: Receiver) -> None:
    name = f"user.{free_port()}"
    shop = control.shop(notify_url=receiver.url, rate="8", users=[{"login": name, "password": "p"}])
    number = shop.pay_by_barcode()["out_trade_no"]
    shop.refund(number, "0.10", out_refund_id="r")
    control.ask("PATCH", f"/merchants/{shop.merchants_id}", {"rate": "5", "token": "a" * 32, "users": []})
    assert control.post("/reset", merchants_id=shop.merchants_id) == {"reset": shop.merchants_id}
    assert control.get(f"/merchants/{shop.merchants_id}") == shop.made
    for what in ("orders", "notifications", "journal"):
        assert control.get(f"/{what}", merchants_id=shop.merchants_id)["items"] == []
    assert shop.query(number)["error"] == "TRADE_NOT_EXIST"
    assert shop.pay_by_barcode(out_trade_no=number)["pay_amount"] == "8.00"
    assert shop.refund(number, "0.20", out_refund_id="r")["is_success"] == "T"
    control.ask("DELETE", f"/merchants/{shop.merchants_id}")


def test_a_reset_of_one_merchant_leaves_the_others_alone(control: Control, shop: Shop) -> None:
    other = control.shop()
    mine, theirs = shop.pay_by_barcode()["out_trade_no"], other.pay_by_barcode()["out_trade_no"]
    before = other.story(theirs)
    control.post("/reset", merchants_id=shop.merchants_id)
    assert other.story(theirs) == before
    assert shop.query(mine)["error"] == "TRADE_NOT_EXIST"
    assert len(control.get("/journal", merchants_id=other.merchants_id)["items"]) == 1
    control.ask("DELETE", f"/merchants/{other.merchants_id}")


def test_a_reset_of_a_seeded_merchant_brings_its_settings_back(control: Control) -> None:
    before = control.get("/merchants/201703200001")
    control.ask("PATCH", "/merchants/201703200001", {"token": "b" * 32, "users": [], "products": []})
    control.post("/reset", merchants_id="201703200001")
    assert control.get("/merchants/201703200001") == before


def test_a_reset_of_an_unknown_merchant_is_not_found_and_resets_nothing(alone: Control) -> None:
    shop = alone.shop()
    number = shop.pay_by_barcode()["out_trade_no"]
    for wrong, status in (("nobody", 404), ("", 400)):
        answer = alone.ask("POST", "/reset", merchants_id=wrong)
        assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert shop.story(number)["status"] == "TRADE_SUCCESS"


def test_a_reset_of_everything_brings_back_the_seeded_state(alone: Control) -> None:
    alone.post("/reset")
    seeded = alone.get("/merchants")
    shop = alone.shop()
    shop.pay_by_barcode()
    alone.ask("DELETE", "/merchants/202109200001")
    alone.ask("PATCH", "/merchants/201703200001", {"name": "another"})
    alone.post("/clock", {"advance": "3d"})
    alone.post("/clock", {"freeze": True})
    alone.post("/reset")
    assert alone.get("/merchants") == seeded
    assert (alone.get("/clock")["offset_s"], alone.get("/clock")["frozen"]) == (0, False)
    for what in ("orders", "notifications", "journal"):
        assert alone.get(f"/{what}")["items"] == []


def test_no_notification_of_before_a_reset_goes_out_after_it(alone: Control, receiver: Receiver) -> None:
    receiver.answers = [(500, b"")]
    shop = alone.shop(notify_url=receiver.url)
    shop.pay_by_barcode()
    alone.post("/notifications/flush")
    alone.post("/reset", merchants_id=shop.merchants_id)
    alone.post("/clock", {"advance": "2d"})
    assert len(receiver.heard) == 1
    alone.post("/reset")


def test_an_attempt_under_way_during_a_reset_leaves_no_trace(alone: Control, receiver: Receiver) -> None:
    receiver.delay = 0.3
    shop = alone.shop(notify_url=receiver.url)
    number = shop.pay_by_barcode()["out_trade_no"]
    receiver.wait_for(1)
    alone.post("/reset", merchants_id=shop.merchants_id)
    assert shop.pay_by_barcode(out_trade_no=number)["is_success"] == "T"
    alone.post("/notifications/flush")
    notification, = shop.story(number)["notifications"]
    assert (notification["status"], len(notification["attempts"])) == ("delivered", 1)
    alone.post("/reset")


@pytest.mark.exhaustive
def test_a_merchant_is_reset_in_under_50_ms_beside_ten_thousand_orders_of_others(
        own: Server, alone: Control) -> None:
    shop, other = alone.shop(), alone.shop()
    fill(Path(str(own.settings["database"])), other.merchants_id, 10_000)

    def resets() -> Iterator[float]:
        for _ in range(9):
            for _ in range(5):
                shop.refund(shop.pay_by_barcode()["out_trade_no"], "0.50")
            begun = time.monotonic()
            alone.post("/reset", merchants_id=shop.merchants_id)
            yield time.monotonic() - begun

    assert min(statistics.median(resets()) for _ in range(3)) < 0.05
    assert len(alone.get("/orders", merchants_id=other.merchants_id, limit=1000)["items"]) == 1000


def fill(path: Path, merchants_id: str, count: int) -> None:
    """Orders of a merchant, with their history, straight into the database file."""
    store = Store(path)
    with store.write() as tables:
        for place in range(count):
            order = tables.orders.add(WalletOrder(
                merchants_id, f"{merchants_id}-{place}", "tgpayqrcode", "alipay", 100, "GBP", 907_480_000,
                600_000, NOW, NOW * 2, f"token-{place}", "", "127.0.0.1"))
            tables.orders.note(order, NOW, Event.CREATE, "tgpayqrcode", {})
    store.close()


# Determinism.

def run(control: Control, receiver: Receiver) -> list[bytes]:
    """A day of two merchants at a fixed time; answers everything that was answered and notified, byte by
    byte.
    """
    control.post("/clock", {"freeze": True})
    control.post("/clock", {"set": "2026-05-01T08:00:00Z"})
    receiver.heard.clear()
    receiver.answers = [(500, b"")]
    answers: list[Answer] = [control.ask("GET", "/merchants")]
    shop = control.shop(notify_url=receiver.url)
    seeded = Shop(control, "201703200001", "14b0be26d00fbc6dcf20ed1f0a3516df")
    for number, each in enumerate((shop, seeded)):
        names = [f"{number}-{place}" for place in range(6)]
        answers += [
            each.pay_by_barcode("1.23", out_trade_no=names[0]),
            each.qr_order(out_trade_no=names[1], it_b_pay="1h"), each.h5_order(out_trade_no=names[2]),
            each.prepay_order(out_trade_no=names[3]),
            each.prepay_order(out_trade_no=names[4], trade_type="APP"),
            each.prepay_order(out_trade_no=names[5], pay_type="alipay", openid=None, trade_type="MINI"),
            each.refund(names[0], "0.23"), each.refund(names[0], "0.50", out_refund_id="own"),
            each.happens(names[1], "pay"), each.query(names[1]), each.happens(names[3], "pay"),
            each.query(names[3]), each.cancel(names[2]), each.cancel(names[0]),
            each.qr_order("free", out_trade_no="free")]
        control.post("/clock", {"advance": "7h"})
        answers.append(each.ask("tgpaygetopenid", client_url="http://shop.example/a?b=c", sign_type=None))
    control.post("/clock", {"advance": "4d"})
    answers += [each.settlement("2026-04-01", "2026-06-01") for each in (shop, seeded)]
    answers += [control.ask("GET", "/orders"), control.ask("GET", "/journal")]
    heads = [answer.headers.get(name, "").encode() for answer in answers
             for name in ("Location", "X-TGPay-Request")]
    notifications = sorted({f"{heard.method} {heard.path}?{heard.query} ".encode() + heard.body
                            for heard in receiver.heard})
    return [answer.raw for answer in answers] + heads + notifications


@pytest.mark.exhaustive
def test_the_same_run_gives_the_same_bytes_after_a_reset(alone: Control, receiver: Receiver) -> None:
    alone.post("/reset")
    first = run(alone, receiver)
    alone.post("/reset")
    assert run(alone, receiver) == first
    alone.post("/reset")


def test_the_same_run_gives_the_same_bytes_on_servers_of_the_same_seed(receiver: Receiver) -> None:
    runs = []
    for _ in range(2):
        with Server(seed="lunch", public_url="http://pay.example", control_token="off") as server:
            runs.append(run(Control(server.url), receiver))
    assert runs[0] == runs[1]
