"""Finds the addresses under which other machines of the local network reach this one.

It reads the network interfaces from the kernel and sends nothing.
"""
import fcntl
import ipaddress
import socket
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_DEVICES, _ROUTES = Path("/sys/class/net"), Path("/proc/net/route")
_FLAGS, _ADDRESS = 0x8913, 0x8915  # SIOCGIFFLAGS and SIOCGIFADDR of Linux
_UP, _LOOPBACK, _POINT_TO_POINT, _RUNNING = 0x1, 0x8, 0x10, 0x40


class NoNetwork(Exception):
    """This machine is on no local network; the message says what to do."""


@dataclass(frozen=True)
class Interface:
    """A network interface with its IPv4 address.

    `flags` are those of netdevice(7). `routed` is true when the default route uses this interface.
    """

    name: str
    address: str
    flags: int = _UP | _RUNNING
    wireless: bool = False
    routed: bool = False

    @property
    def is_local(self) -> bool:
        """Whether a phone in the same room can reach the address: the interface is connected, no loopback, no
        tunnel.
        """
        if not (self.flags & _UP and self.flags & _RUNNING) or self.flags & (_LOOPBACK | _POINT_TO_POINT):
            return False
        return not ipaddress.ip_address(self.address).is_link_local


def ranked(interfaces: Iterable[Interface]) -> list[str]:
    """The addresses on local networks, the one that a phone most likely reaches first.

    Wi-Fi comes first, then the interface of the default route, then all others.
    """
    local = [interface for interface in interfaces if interface.is_local]
    return [interface.address for interface in sorted(local,
                                                      key=lambda each: (not each.wireless, not each.routed))]


def addresses() -> list[str]:
    """This machine's addresses on local networks, in the order of `ranked`.

    Raises NoNetwork when there are none.
    """
    found = ranked(_interfaces())
    if not found:
        raise NoNetwork("lan: this machine has no address on a local network; join a Wi-Fi or open a "
                        "hotspot, or name the address that phones open with --public-url")
    return found


def own_addresses() -> list[str]:
    """The IPv4 addresses of all interfaces of this machine."""
    return [interface.address for interface in _interfaces()]


def _interfaces() -> Iterator[Interface]:
    """The interfaces that have an IPv4 address."""
    routed = _routed()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            request = struct.pack("256s", name.encode()[:15])
            try:
                address = socket.inet_ntoa(fcntl.ioctl(probe, _ADDRESS, request)[20:24])
                flags = struct.unpack("H", fcntl.ioctl(probe, _FLAGS, request)[16:18])[0]
            except OSError:
                continue  # this interface has no IPv4 address
            yield Interface(name, address, flags, (_DEVICES / name / "wireless").exists(), name in routed)


def _routed() -> set[str]:
    """The names of the interfaces that a default route uses."""
    lines = _ROUTES.read_text().splitlines()[1:] if _ROUTES.exists() else []
    return {name for name, destination, *_ in map(str.split, lines) if destination == "00000000"}
