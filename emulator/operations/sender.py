"""Sends one notification over HTTP, with limits for the address, the time and the size of the answer."""
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from functools import cached_property, partial
from typing import Any

import httpcore

from ..base import durations, urls
from ..base.settings import MERCHANTS, PRIVATE, Settings
from ..base.urls import Url
from ..domain import receivers
from ..store.notifications import StoredNotification
from .outbox import MARK, DeliveryResult

ANSWER_LIMIT = 64 * 1024
# Includes headers, chunk sizes and informational answers, each of which costs time.
MOST_READ = 3 * ANSWER_LIMIT
LAST_MOMENT_S = 0.001
# Cloud metadata services outside of link-local networks.
_METADATA = tuple(map(ipaddress.ip_network, (
    "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::/32", "fd20:ce::254", "fd00:42::42",
    "fd00:c1::a9fe:a9fe")))
_PRIVATE = tuple(map(ipaddress.ip_network,
                     ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")))
_NAT64 = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48")))
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Forbidden(httpcore.ConnectError):
    """Notifications must not go to this address."""


def embedded(address: Address) -> Address:
    """The IPv4 address that is embedded in an IPv6 one, if any; else the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if any(address in network for network in _NAT64):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def allowed(host: str, address: Address, places: tuple[str, ...], merchants_host: str = "",
            port: int = 0) -> bool:
    """Whether a notification may go to a resolved address of a host, by the setting `notify_allow`.

    `merchants_host` is the host of the notify_url in the merchant's settings. An entry with a port is the
    emulator's own address, where the demo's shop is.
    """
    real = embedded(address)
    if (real.is_link_local or address.is_link_local
            or any(real in network or address in network for network in _METADATA)):
        return False
    host = host.lower().strip("[]")
    own = f"[{real}]:{port}" if real.version == 6 else f"{real}:{port}"
    return (not places or host in places or own in places
            or any(_covers(place, host, real, merchants_host) for place in places))


def _covers(place: str, host: str, address: Address, merchants_host: str) -> bool:
    """Whether an entry of `notify_allow` other than a host name covers an address."""
    own = address.is_loopback or address.is_unspecified
    if place == PRIVATE:
        return any(address in network for network in _PRIVATE)
    if place == MERCHANTS:
        return host == merchants_host and not own
    return _is_network(place) and address in ipaddress.ip_network(place, strict=False)


def _is_network(place: str) -> bool:
    try:
        ipaddress.ip_network(place, strict=False)
    except ValueError:
        return False
    return True


def _resolve(host: str, port: int, seconds: float) -> list[Address]:
    """The addresses of a host, within a time limit. Raises ConnectTimeout and ConnectError.

    The system's resolver has no time limit, so it runs in a thread that may be left behind.
    """
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.extend(_lookup(host, port)), daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise httpcore.ConnectTimeout(f"no address for {host} in time")
    try:
        if found and isinstance(found[0], OSError):
            raise found[0]
    except OSError as error:
        raise httpcore.ConnectError(f"no address for {host}: {error}") from error
    return [ipaddress.ip_address(row[4][0].partition("%")[0]) for row in found]


def _lookup(host: str, port: int) -> Iterable[Any]:
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        # Names in the file of hosts have no dot at the end.
        return _lookup(host[:-1], port) if host.endswith(".") else [error]
    except UnicodeError as error:
        return [OSError(str(error))]


class _Timed(httpcore.NetworkStream):
    """A stream with one deadline and one limit of size for the whole exchange, however slow it is.

    This also stops a receiver that sends endlessly before its answer, such as `100 Continue` again and again.
    """

    def __init__(self, stream: httpcore.NetworkStream, left: Callable[[], float]) -> None:
        self._stream = stream
        self._left = left
        self._read = 0

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._left() <= LAST_MOMENT_S:
            raise httpcore.ReadTimeout
        if self._read > MOST_READ:
            raise httpcore.RemoteProtocolError(f"the answer has no end after {MOST_READ // 1024} KiB")
        read = self._stream.read(max_bytes, self._left())
        self._read += len(read)
        return read

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if self._left() <= LAST_MOMENT_S:
            raise httpcore.WriteTimeout
        self._stream.write(buffer, self._left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(self, ssl_context: ssl.SSLContext, server_hostname: str | None = None,
                  timeout: float | None = None) -> httpcore.NetworkStream:
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, self._left()), self._left)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Guarded(httpcore.NetworkBackend):
    """Connects only to allowed addresses, and to the very address that was checked.

    Without `places`, which are those of `notify_allow`, it connects to any address.
    """

    def __init__(self, places: tuple[str, ...] | None, merchants_host: str,
                 left: Callable[[], float]) -> None:
        self._places = places
        self._merchants_host = merchants_host
        self._left = left
        self._network = httpcore.SyncBackend()

    def connect_tcp(self, host: str, port: int, timeout: float | None = None,
                    local_address: str | None = None,
                    socket_options: Iterable[Any] | None = None) -> httpcore.NetworkStream:
        addresses = _resolve(host, port, self._left())
        permitted = [address for address in addresses if self._places is None
                     or allowed(host, address, self._places, self._merchants_host, port)]
        if not permitted:
            raise Forbidden(f"notifications must not go to {host} ({', '.join(map(str, addresses))}): see "
                            f"--notify-allow")
        failure: Exception = httpcore.ConnectError(f"no address for {host}")
        for address in permitted:
            try:
                return _Timed(self._network.connect_tcp(str(address), port, self._left()), self._left)
            except httpcore.ConnectError as error:
                failure = error
        raise failure


class Sender:
    """Sends notifications; it can be used from many threads.

    `url_of` returns the notify_url in the settings of a merchant. One that goes `anywhere` is for addresses
    that its own user has named.
    """

    def __init__(self, settings: Settings, agent: str,
                 url_of: Callable[[str], str] = lambda merchants_id: "", anywhere: bool = False) -> None:
        self._settings = settings
        self._places = None if anywhere else settings.notify_allow
        self._url_of = url_of
        self._timeout = settings.notify_timeout / durations.SECOND
        self._agent = agent

    def __call__(self, notification: StoredNotification, seconds: float | None = None) -> DeliveryResult:
        """Make one attempt, of at most `seconds`, and never longer than the setting `notify_timeout`.

        Redirects are not followed, and at most 64 KiB of the answer are read.
        """
        begun = time.monotonic()
        allowed_s = self._timeout if seconds is None else min(seconds, self._timeout)
        end, reason = begun + allowed_s, urls.problem(notification.url)
        if reason:
            return DeliveryResult(0, error=f"notify_url is not an absolute http or https URL: {reason}",
                                  advice="change the setting of the merchant")
        url = urls.split(notification.url)
        try:
            left = partial(_left, end)
            status, location, body = self._exchange(url, notification, left)
        except httpcore.TimeoutException:
            failure = receivers.too_slow(allowed_s, cut_short=allowed_s < self._timeout)
            return DeliveryResult(_since(begun), error=failure.sentence, advice=failure.advice,
                                  timed_out=True)
        except Forbidden as error:
            failure = receivers.forbidden(str(error))
        except Exception as error:  # any other error is a failed attempt too
            failure = receivers.failed(error)
        else:
            return DeliveryResult(_since(begun), status, _discreet(url, body),
                                  location=_discreet(url, location),
                                  with_user=bool(url.userinfo))
        return DeliveryResult(_since(begun), error=failure.sentence, advice=failure.advice)

    def _merchants_host(self, notification: StoredNotification) -> str:
        """The host of the merchant's setting notify_url, if `notify_allow` refers to it; else empty."""
        setting = self._url_of(notification.merchants_id) if MERCHANTS in (self._places or ()) else ""
        return urls.split(setting).host.lower().strip("[]") if setting else ""

    def _exchange(self, url: Url, notification: StoredNotification,
                  left: Callable[[], float]) -> tuple[int, bytes, bytes]:
        """Send the request; return status, Location and the beginning of the body."""
        host, tls = url.host.strip("[]"), self._tls if url.scheme == "https" else None
        place = httpcore.URL(scheme=url.scheme, host=host, port=url.port, target=url.target)
        content = notification.sent_body.encode() or None
        network = _Guarded(self._places, self._merchants_host(notification), left)
        with httpcore.ConnectionPool(tls, network_backend=network) as pool:
            with pool.stream(notification.method, place, headers=self._headers(url, notification),
                             content=content,
                             extensions={"sni_hostname": host.removesuffix(".")}) as answer:
                body = b""
                for piece in answer.iter_stream():
                    body += piece
                    if len(body) >= ANSWER_LIMIT or left() <= LAST_MOMENT_S:
                        break
                if left() <= LAST_MOMENT_S:
                    raise httpcore.ReadTimeout
                location = next((value for name, value in answer.headers if name.lower() == b"location"), b"")
                return answer.status, location, body[:ANSWER_LIMIT]

    def _headers(self, url: Url, notification: StoredNotification) -> list[tuple[str, str]]:
        default = urls.DEFAULT_PORTS[url.scheme]
        host = url.host if url.port in (None, default) else f"{url.host}:{url.port}"
        headers = [("Host", host), ("User-Agent", self._agent), ("Accept", "*/*"), ("Connection", "close"),
                   (MARK, str(notification.id))]
        if url.authorization:
            headers.append(("Authorization", url.authorization))
        if notification.content_type:
            headers.append(("Content-Type", notification.content_type))
        return headers

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """The TLS context. It trusts the authorities of the system and of `notify_ca`, and the emulator's own
        certificate.
        """
        context = httpcore.default_ssl_context()
        # the demo's shop is at the emulator's own address
        for file in filter(None, (self._settings.notify_ca, self._settings.tls_cert)):
            context.load_verify_locations(file)
            # The file may contain a receiver's own certificate.
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        if self._settings.notify_insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def _discreet(url: Url, raw: bytes) -> str:
    """The receiver's text, without the user and password that were sent."""
    text = raw.decode("utf-8", "replace").replace("\x00", "\ufffd")
    for secret in filter(None, (url.authorization.removeprefix("Basic "), url.userinfo)):
        text = text.replace(secret, urls.HIDDEN)
    return urls.discreet(text)


def _left(end: float) -> float:
    """The seconds until an instant of the monotonic clock, always more than 0."""
    return max(LAST_MOMENT_S, end - time.monotonic())


def _since(begun: float) -> int:
    return round((time.monotonic() - begun) * 1_000)
