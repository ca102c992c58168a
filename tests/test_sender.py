"""Contract 9, `notify_allow`: where notifications may go, and that link-local and metadata addresses are
never among it.
"""
import ipaddress
from collections.abc import Iterator

import pytest

from tgpay_emulator.operations.sender import allowed

from .driver import Control, Receiver, Server
from .tables import every_row

EVERYWHERE: tuple[str, ...] = ()


@every_row("address", [
    "169.254.169.254", "169.254.0.1", "169.254.170.2", "fe80::1", "fd00:ec2::254", "100.100.100.200",
    "192.0.0.192", "::ffff:169.254.169.254", "::ffff:100.100.100.200", "64:ff9b::a9fe:a9fe",
    "64:ff9b::6464:64c8", "2002:a9fe:a9fe::1",
])
@every_row("places", [EVERYWHERE, ("shop.example",), ("0.0.0.0/0", "::/0"), ("169.254.169.254", "fe80::/10")])
def test_link_local_and_metadata_addresses_are_never_allowed(address: str, places: tuple[str, ...]) -> None:
    assert not allowed("shop.example", ipaddress.ip_address(address), places)


@every_row("host, address, places, fine", [
    ("shop.example", "127.0.0.1", EVERYWHERE, True),
    ("shop.example", "203.0.113.7", EVERYWHERE, True),
    ("shop.example", "2001:db8::7", EVERYWHERE, True),
    ("shop.example", "203.0.113.7", ("shop.example",), True),
    ("SHOP.example", "203.0.113.7", ("shop.example",), True),
    ("api.shop.example", "203.0.113.7", ("shop.example",), False),
    ("evilshop.example", "203.0.113.7", ("shop.example",), False),
    ("shop.example", "203.0.113.7", ("203.0.113.7",), True),
    ("shop.example", "203.0.113.7", ("203.0.113.0/24",), True),
    ("shop.example", "203.0.114.7", ("203.0.113.0/24",), False),
    ("shop.example", "::ffff:203.0.113.7", ("203.0.113.0/24",), True),
    ("shop.example", "::ffff:203.0.114.7", ("203.0.113.0/24",), False),
    ("shop.example", "2001:db8::7", ("2001:db8::/32",), True),
    ("shop.example", "2001:db9::7", ("2001:db8::/32", "127.0.0.0/8"), False),
    ("[2001:db8::7]", "2001:db8::7", ("2001:db8::7",), True),
    ("127.0.0.1", "127.0.0.1", ("localhost",), False),
])
def test_notifications_go_to_the_allowed_hosts_and_networks_only(
        host: str, address: str, places: tuple[str, ...], fine: bool) -> None:
    assert allowed(host, ipaddress.ip_address(address), places) is fine


def attempt(control: Control, url: str) -> dict:
    shop = control.shop(notify_url=url)
    number = shop.pay_by_barcode()["out_trade_no"]
    control.post("/notifications/flush")
    made, = shop.story(number)["notifications"][0]["attempts"]
    return made


@every_row("url", [
    "http://169.254.169.254/latest/meta-data/", "https://169.254.169.254/", "http://2852039166/",
    "http://0xa9fea9fe/", "http://169.254.43518/", "http://[::ffff:169.254.169.254]/",
    "http://[64:ff9b::a9fe:a9fe]/", "http://[fe80::1]/",
])
def test_a_notification_for_a_metadata_address_is_a_failed_attempt(control: Control, url: str) -> None:
    made = attempt(control, url)
    assert (made["status_code"], made["delivered"]) == (None, False)
    assert "must not go to" in made["error"]


@every_row("url", ["ftp://127.0.0.1/", "http://", "http://127.0.0.1:99999/", "http://no-such-host.invalid/",
                   "http://a b/"])
def test_an_address_that_leads_nowhere_is_a_failed_attempt_or_refused(control: Control, url: str) -> None:
    made = control.ask("POST", "/merchants", {"notify_url": url})
    assert made.status in (201, 422)
    if made.status == 201:
        failed = attempt(control, url)
        assert (failed["status_code"], failed["delivered"]) == (None, False)
        assert failed["error"]


@pytest.fixture(scope="module")
def by_network() -> Iterator[Control]:
    with Server(notify_allow="192.0.2.0/24, 127.0.0.0/8") as server:
        yield Control(server.url)


@pytest.fixture(scope="module")
def by_name() -> Iterator[Control]:
    with Server(notify_allow="localhost") as server:
        yield Control(server.url)


def test_a_network_is_compared_with_the_address_that_a_name_resolves_to(
        by_network: Control, receiver: Receiver) -> None:
    assert attempt(by_network, receiver.url.replace("127.0.0.1", "localhost"))["delivered"]
    assert attempt(by_network, receiver.url)["delivered"]
    assert "must not go to" in attempt(by_network, receiver.url.replace("127.0.0.1", "192.0.3.1"))["error"]


def test_an_allowed_name_allows_its_address_under_this_name_only(
        by_name: Control, receiver: Receiver) -> None:
    assert attempt(by_name, receiver.url.replace("127.0.0.1", "localhost"))["delivered"]
    assert "must not go to 127.0.0.1" in attempt(by_name, receiver.url)["error"]
    assert len(receiver.heard) == 1, "the second one was connected to"


def test_the_host_header_names_the_receiver(control: Control, receiver: Receiver) -> None:
    attempt(control, receiver.url.replace("127.0.0.1", "localhost"))
    heard = receiver.heard[0].headers
    assert heard["host"] == receiver.url.split("/")[2].replace("127.0.0.1", "localhost")
    assert heard["user-agent"].startswith("tgpay-emulator/")
