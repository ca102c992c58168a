"""`serve --lan`: the address that phones on the same Wi-Fi open, and its QR code."""
import os
import re
import shutil
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
import zxingcpp
from PIL import Image

from tgpay_emulator.base import lan
from tgpay_emulator.base.lan import Interface, ranked
from tgpay_emulator.base.settings import Settings
from tgpay_emulator.cli.announcement import qr_code

from .driver import Control, Server, exchange
from .tables import every_row
from .terminals import on_a_terminal

UP, LOOPBACK, TUNNEL, RUNNING = 0x1, 0x8, 0x10, 0x40
WIFI = Interface("wlan0", "192.168.1.20", wireless=True)
CABLE = Interface("eth0", "10.0.0.7", routed=True)
BRIDGE = Interface("docker0", "172.17.0.1")
HALVES = {" ": (0, 0), "▀": (1, 0), "▄": (0, 1), "█": (1, 1)}
URL = "http://192.168.1.20:8472"


@every_row("interfaces, expected", [
    ([Interface("lo", "127.0.0.1", UP | RUNNING | LOOPBACK)], []),
    ([CABLE], ["10.0.0.7"]),
    ([BRIDGE, CABLE, WIFI], ["192.168.1.20", "10.0.0.7", "172.17.0.1"]),
    ([BRIDGE, CABLE], ["10.0.0.7", "172.17.0.1"]),
    ([Interface("tun0", "10.8.0.2", UP | RUNNING | TUNNEL, routed=True), WIFI], ["192.168.1.20"]),
    ([Interface("eth0", "10.0.0.7", UP), WIFI], ["192.168.1.20"]),
    ([Interface("eth0", "10.0.0.7", RUNNING), WIFI], ["192.168.1.20"]),
    ([Interface("eth0", "169.254.3.4"), BRIDGE], ["172.17.0.1"]),
], ids=["only loopback", "a cable", "Wi-Fi first", "then the default route", "no tunnel", "not connected",
        "switched off", "link-local"])
def test_a_phone_finds_the_machine_by_wifi_likeliest_then_by_the_default_route(
        interfaces: list[Interface], expected: list[str]) -> None:
    assert ranked(interfaces) == expected


@every_row("written, host", [
    ({}, "127.0.0.1"), ({"lan": "on"}, "0.0.0.0"), ({"lan": "on", "host": "192.168.1.20"}, "192.168.1.20"),
    ({"lan": "on", "host": "127.0.0.1"}, "127.0.0.1"), ({"lan": "off"}, "127.0.0.1")])
def test_it_listens_everywhere_unless_a_host_is_named(written: dict[str, str], host: str) -> None:
    assert Settings(written).host == host


def decoded(drawn: str) -> str:
    """What a QR code of half blocks says; a filled half is white, as on a dark terminal."""
    rows = [[HALVES[char][half] for char in line] for line in drawn.splitlines() for half in (0, 1)]
    picture = Image.new("L", (len(rows[0]), len(rows)))
    picture.putdata([255 * module for row in rows for module in row])
    return zxingcpp.read_barcodes(picture.resize((len(rows[0]) * 8, len(rows) * 8),
                                                 Image.Resampling.NEAREST))[0].text


def test_the_printed_code_is_the_address_and_black_on_white_where_there_are_colours() -> None:
    program = f"from tgpay_emulator.cli.announcement import print_code; print_code({URL!r})"
    plain, coloured = (on_a_terminal(sys.executable, "-c", program, NO_COLOR=value).strip("\n")
                       for value in ("1", ""))
    assert plain == qr_code(URL)
    assert decoded(plain) == URL
    begin, end = "\x1b[97;40m", "\x1b[0m"
    assert all(line.startswith(begin) and line.endswith(end) for line in coloured.splitlines())
    assert coloured.replace(begin, "").replace(end, "") == plain


@pytest.fixture
def here() -> str:
    """This machine's address on a local network."""
    try:
        return lan.addresses()[0]
    except lan.NoNetwork:
        pytest.skip("this machine is on no local network")


class OnTheLan(Server):
    """A server that is reached by what it printed."""

    def wait_until_healthy(self, seconds: float = 20) -> None:
        self.url = re.search(r"http://\S+(?=/v2/)", self.announced(seconds))[0]  # type: ignore[index]
        super().wait_until_healthy(seconds)


def printed(server: Server) -> str:
    """All that it has printed."""
    return os.pread(server.output.fileno(), 16_384, 0).decode()


@pytest.mark.sqlite
def test_a_phone_opens_what_is_printed_and_finds_pages_and_pictures_under_that_address(here: str) -> None:
    with OnTheLan(lan="on", port=0) as server:
        output = printed(server)
        assert urlsplit(server.url).hostname == here
        assert decoded("\n".join(line for line in output.splitlines() if line
                                 and set(line) <= set(HALVES))) == f"{server.url}/console"
        assert f"open {server.url}/console" in output
        token = re.search("^Control token: (.+)$", output, re.MULTILINE)[1]  # type: ignore[index]
        local = f"http://127.0.0.1:{urlsplit(server.url).port}"
        order = Control(local, token).shop().qr_order()
        assert {urlsplit(order[name]).netloc for name in ("qr_code", "pic_url")} == {
            urlsplit(server.url).netloc}
        assert exchange(order["qr_code"]).status == exchange(f"{server.url}/").status == 200
        assert Control(server.url).ask("GET", "/orders").status == 401


def test_a_public_url_that_is_named_wins_and_so_does_a_host(here: str) -> None:
    with Server(lan="on", public_url="https://pay.example", host="127.0.0.1", control_token="off") as server:
        output = printed(server)
        order = Control(server.url).shop().qr_order()
    assert order["qr_code"].startswith("https://pay.example/wallet/")
    assert ("Control token" not in output and "open https://pay.example/console" in output
            and "On another network" not in output)
    with OnTheLan(lan="on", host="127.0.0.1", port=0) as server:
        assert urlsplit(server.url).hostname == "127.0.0.1"


def serve(*command: str) -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("TGPAY_")}
    flags = ["serve", "--lan", "--port=0", "--database=:temporary:"]
    return subprocess.run([*command, sys.executable, "-m", "tgpay_emulator", *flags],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env=plain, timeout=30)


def test_a_machine_without_a_network_says_so_in_a_sentence() -> None:
    alone = ("unshare", "--map-root-user", "--net")
    if not shutil.which(alone[0]) or subprocess.run([*alone, "true"], stderr=subprocess.DEVNULL).returncode:
        pytest.skip("this machine cannot make a network of its own")
    done = serve(*alone)
    assert (done.returncode, len(done.stdout.splitlines())) == (1, 1)
    assert "no address on a local network" in done.stdout and "--public-url" in done.stdout
