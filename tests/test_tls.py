"""A server that speaks https: its certificate, its connections, and the commands that talk to it."""
import os
import shutil
import socket
import ssl
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

import pytest
import trustme
from cryptography import x509

from tgpay_emulator.base import durations
from tgpay_emulator.base.clock import host_now
from tgpay_emulator.server import certificates
from tgpay_emulator.testing import Client, EmulatorError

from .driver import Control, Receiver, Server, Shop, all_of, command, exchange, line_to
from .tables import every_row

TRUSTED = "SSL_CERT_FILE"
GET = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
OK = b"HTTP/1.1 200 OK"


class Https(Server):
    """A server whose address is https."""

    def __init__(self, **settings: object) -> None:
        super().__init__(**settings)
        self.url = self.url.replace("http:", "https:")

    def wait_until_healthy(self, seconds: float = 30) -> None:
        """Wait until it is announced; who trusts it is for the tests to say."""
        self.announced(seconds)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Https]:
    """A server with a certificate of its own; it is short of patience."""
    with Https(tls="self-signed", database=folder / "emulator.db", client_timeout="1s", workers=1,
               log_level="info") as running:
        yield running


@pytest.fixture
def certificate(server: Https, folder: Path) -> Path:
    return folder / certificates.CERTIFICATE


@pytest.fixture
def trusting(server: Https, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Control:
    """The control interface, for a client that trusts the certificate."""
    monkeypatch.setenv(TRUSTED, str(certificate))
    return Control(server.url)


def spoken(server: Https, *, version: ssl.TLSVersion | None = None) -> ssl.SSLSocket:
    """A connection with TLS, whoever the server is."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if version:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
    return context.wrap_socket(line_to(server.url), server_hostname="localhost")


def test_curl_verifies_the_server_under_each_of_its_names(server: Https, certificate: Path) -> None:
    port = server.settings["port"]
    for name in ("localhost", "127.0.0.1"):
        said = subprocess.run(["curl", "-sS", "--cacert", certificate, f"https://{name}:{port}/livez"],
                              capture_output=True, text=True)
        assert (said.returncode, said.stdout) == (0, '{"status":"ok"}\n'), said.stderr
    named = x509.load_pem_x509_certificate(certificate.read_bytes()).extensions.get_extension_for_class(
        x509.SubjectAlternativeName).value
    assert {"localhost", socket.gethostname().lower()} <= set(named.get_values_for_type(x509.DNSName))
    assert {"127.0.0.1", "::1"} <= set(map(str, named.get_values_for_type(x509.IPAddress)))


@pytest.mark.parametrize("client", [
    ["node", "-e", "fetch(process.argv[1]).then(a => console.log(a.status))"],
    ["php", "-r", "echo strlen(file_get_contents($argv[1])) ? '200' : 'none';"]], ids=["node", "php"])
def test_other_languages_trust_it_as_the_announcement_says(server: Https, certificate: Path,
                                                           client: list[str]) -> None:
    if shutil.which(client[0]) is None:
        pytest.skip(f"there is no {client[0]}")
    if client[0] == "php":
        client = ["php", "-d", f"openssl.cafile={certificate}", *client[1:]]
    environment = {**os.environ, "NODE_EXTRA_CA_CERTS": str(certificate)}
    said = subprocess.run([*client, f"{server.url}/livez"], capture_output=True, text=True, env=environment)
    assert said.stdout.strip() == "200", said.stderr


def test_the_announcement_says_where_the_certificate_is(server: Https, certificate: Path) -> None:
    first = server.announced(lines=2)
    printed = os.pread(server.output.fileno(), 4096, 0).decode()
    assert f"answers at {server.url}/v2/" in first and "http:" not in printed
    assert str(certificate) in printed and "curl --cacert" in printed and "NODE_EXTRA_CA_CERTS" in printed
    private = certificate.with_name(certificates.PRIVATE)
    assert stat.S_IMODE(private.stat().st_mode) == 0o600 and b"PRIVATE" not in certificate.read_bytes()


def test_a_payment_and_its_addresses_are_https(trusting: Control, server: Https, receiver: Receiver) -> None:
    shop = trusting.shop(notify_url=receiver.url)
    page = shop.qr_order()["qr_code"]
    assert page.startswith(f"{server.url}/")
    assert exchange(page).status == 200
    shop.pay_by_barcode()
    assert receiver.wait_for(1)


def test_the_demo_reaches_its_own_server_and_hears_it(trusting: Control, server: Https) -> None:
    assert exchange(f"{server.url}/demo").status == 200
    for step in range(4):
        assert exchange(f"{server.url}/demo/next", "POST", f"seen={step}".encode(), {
            "Content-Type": "application/x-www-form-urlencoded", "Origin": server.url}).status == 303
    requests = trusting.get("/journal")["items"]
    assert [row["verdict"] for row in requests if row["ip"] == "127.0.0.1"], requests
    merchant = requests[-1]["merchants_id"]
    number = requests[-1]["out_trade_no"]

    def heard() -> list[str]:
        order = trusting.get(f"/orders/{merchant}/{number}")
        return [row["status"] for row in order["notifications"]]
    assert comes_true(lambda: "delivered" in heard()), heard()


def test_the_session_cookie_is_secure(folder: Path, certificate: Path,
                                      monkeypatch: pytest.MonkeyPatch) -> None:
    with Https(tls="self-signed", database=folder / "other.db", control_token="secret") as server:
        monkeypatch.setenv(TRUSTED, str(certificate))
        answer = exchange(f"{server.url}/console/session", "POST", b"token=secret",
                          {"Content-Type": "application/x-www-form-urlencoded", "Origin": server.url})
    assert "Secure" in answer.headers["Set-Cookie"], answer.headers


def test_a_connection_is_kept_for_requests_one_by_one_and_together(server: Https) -> None:
    with spoken(server) as line:
        for sent in (GET, GET, GET + GET + GET):
            line.sendall(sent)
            came = b""
            while came.count(b'{"status":"ok"}') < sent.count(b"GET"):
                piece = line.recv(65_536)
                assert piece, came
                came += piece
            assert came.count(OK) == sent.count(b"GET")


def test_large_bodies_pass_in_both_directions(trusting: Control) -> None:
    shop = trusting.shop()
    answer = shop.ask("tgpayquery", "POST", out_trade_no="nothing", junk="x" * 90_000)
    assert answer["error"] == "TRADE_NOT_EXIST", answer.text
    document = trusting.ask("GET", "/openapi.json")
    assert len(document.json["paths"]) > 10 and len(document.raw) > 65_536


@every_row("sent", [b"", b"\x16", b"\x16\x03\x01\x02\x00\x01"], ids=["nothing", "a byte", "half a hello"])
def test_a_handshake_that_never_ends_is_given_up_and_takes_no_thread(server: Https, sent: bytes) -> None:
    waiting = [line_to(server.url) for _ in range(12)]  # more than there are threads
    try:
        for line in waiting:
            line.sendall(sent)
        begun = time.monotonic()
        with spoken(server) as line:
            line.sendall(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
            assert all_of(line).startswith(OK)
        assert time.monotonic() - begun < 0.9  # sooner than the first of them is given up
        assert all_of(waiting[0]) == b""
        assert 0.5 < time.monotonic() - begun < 10
    finally:
        for line in waiting:
            line.close()


def test_a_slow_request_is_told_so_in_its_own_language(server: Https) -> None:
    with spoken(server) as line:
        line.sendall(b"GET /livez HT")
        assert all_of(line).startswith(b"HTTP/1.1 408 ")


def test_plain_http_is_one_clear_line(server: Https) -> None:
    with line_to(server.url) as line:
        line.sendall(GET)
        answer = all_of(line)
    assert answer.startswith(b"HTTP/1.1 400 ") and answer.endswith(b"\r\n\r\nThis port speaks https only.\n")


def test_an_address_with_the_wrong_scheme_is_told_so(server: Https, base_url: str) -> None:
    for url, sentence in [(server.url.replace("https:", "http:"), "This port speaks https only."),
                          (base_url.replace("http:", "https:"), "it does not speak https")]:
        done = command("orders", "--url", url)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1) and sentence in done.stderr
        with pytest.raises(EmulatorError, match=sentence):
            Client(url).health()


def test_a_client_of_tests_says_what_to_do_about_a_certificate(server: Https) -> None:
    with pytest.raises(EmulatorError, match="its certificate is not trusted here .* SSL_CERT_FILE"):
        Client(server.url).health()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_versions_of_tls_are_refused(server: Https) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError)):
        spoken(server, version=ssl.TLSVersion.TLSv1_1)
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        with spoken(server, version=version) as line:
            line.sendall(GET)
            assert line.recv(100).startswith(OK)


def test_a_stream_of_events_comes_at_once_and_its_end_is_noticed(trusting: Control, server: Https) -> None:
    shop = trusting.shop()
    line = spoken(server)
    line.sendall(f"GET /_emulator/events?merchants_id={shop.merchants_id} HTTP/1.1\r\nHost: localhost\r\n"
                 "\r\n".encode())
    came = line.recv(65_536)
    assert came.startswith(OK)
    shop.pay_by_barcode()
    while b"event:" not in came:
        came += line.recv(65_536)
    assert comes_true(lambda: waits(trusting) > 0)
    with suppress(OSError):
        line.unwrap()  # says that it leaves, and closes no more than that
    assert comes_true(lambda: waits(trusting) == 0)
    line.close()


def comes_true(happens: Callable[[], bool], seconds: float = 10) -> bool:
    """Whether something happens in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if happens():
            return True
        time.sleep(0.1)
    return False


def waits(control: Control) -> int:
    """The requests that wait in the server, of the measurements."""
    (row,) = [line for line in control.ask("GET", "/metrics").text.splitlines()
              if line.startswith("tgpay_requests_waiting")][:1]
    return round(float(row.rpartition(" ")[2]))


def test_a_server_that_ends_answers_what_has_come(folder: Path) -> None:
    with Https(tls="self-signed", database=folder / "ending.db") as server, spoken(server) as line:
        line.sendall(GET)
        came = b""
        while not came.endswith(b"}\n"):
            came += line.recv(65_536)
        with spoken(server) as quiet:
            begun = time.monotonic()
            assert server.process is not None
            server.process.send_signal(15)
            time.sleep(0.3)
            line.sendall(GET)
            answer = all_of(line)
            assert answer.startswith(OK) and b"Connection: close" in answer
            status, printed = server.end()
            assert all_of(quiet) == b""
    assert (status, "Traceback" in printed) == (0, False), printed
    assert time.monotonic() - begun < 6


def test_a_certificate_is_used_again_while_it_is_good(tmp_path: Path,
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[bytes] = []
    for settings in ({}, {}, {"allowed_hosts": "pay.example"}):
        with Https(tls="self-signed", database=tmp_path / "emulator.db", **settings):
            made.append((tmp_path / certificates.CERTIFICATE).read_bytes())
    assert made[0] == made[1] != made[2]  # the third one has a further name
    names = certificates._names_in(x509.load_pem_x509_certificate(made[2]))
    kept = (tmp_path / certificates.PRIVATE).read_bytes()
    assert "pay.example" in names and certificates._usable(kept, ["localhost"]) == made[2]
    now = host_now()
    for days, usable in ((357, True), (359, False)):  # of 365, the last 7 are left for its successor
        monkeypatch.setattr(certificates, "host_now", lambda: now + days * durations.DAY)
        assert (certificates._usable(kept, []) is not None) is usable


def test_files_of_an_authority_are_used(tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / "both.pem")
    with Https(tls_cert=tmp_path / "both.pem", address_file=tmp_path / "address") as server:
        assert (tmp_path / "address").read_text() == server.url
        ended = command("clock", "--url", server.url, "--ca", tmp_path / "ca.pem")
        assert ended.returncode == 0, ended.stderr
        assert command("clock", "--url", server.url.replace("127.0.0.1", "localhost"), "--ca",
                       tmp_path / "ca.pem").stderr.count("another name") == 1
        healthy = command("healthcheck", TGPAY_ADDRESS_FILE=str(tmp_path / "address"))
        assert healthy.returncode == 0, healthy.stderr


@pytest.mark.parametrize("name", ["missing", "unfitting", "encrypted", "no certificate", "no key", "both",
                                  "key alone", "wrong word"])
def test_bad_files_are_one_line(tmp_path: Path, name: str) -> None:
    first, second = (trustme.CA().issue_cert("127.0.0.1") for _ in range(2))
    certificate, key, locked, other, nothing = (tmp_path / name for name in (
        "cert.pem", "key.pem", "locked.pem", "other.pem", "nothing.pem"))
    first.cert_chain_pems[0].write_to_path(certificate)
    first.private_key_pem.write_to_path(key)
    second.private_key_pem.write_to_path(other)
    nothing.write_text("nothing")
    subprocess.run(["openssl", "pkey", "-in", key, "-out", locked, "-aes256", "-passout", "pass:secret"],
                   check=True)
    flags, sentence = {
        "missing": ({"cert": tmp_path / "none", "key": key}, "tls_cert: "),
        "unfitting": ({"cert": certificate, "key": other}, "is not that of the certificate"),
        "encrypted": ({"cert": certificate, "key": locked}, "is encrypted"),
        "no certificate": ({"cert": nothing, "key": key}, "has no certificate in PEM"),
        "no key": ({"cert": certificate}, "has no private key in PEM"),
        "both": ({"cert": certificate, "key": nothing}, "tls_key: "),
        "key alone": ({"key": key}, "it needs tls_cert"),
        "wrong word": ({"": "maybe"}, "neither self-signed nor off")}[name]
    written = [f"--tls{'-' * bool(part)}{part}={value}" for part, value in flags.items()]
    ended = command("serve", "--port=0", "--database=:temporary:", *written)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (1, "", 1), ended.stderr
    assert sentence in ended.stderr


def test_without_the_extra_it_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "cryptography").mkdir()
    (tmp_path / "cryptography" / "__init__.py").write_text("raise ImportError('none')")
    ended = subprocess.run(
        [shutil.which("python3", path=str(Path(os.sys.prefix) / "bin")) or "python3", "-m", "tgpay_emulator",
         "serve", "--port=0", "--database=:temporary:", "--tls=self-signed"],
        capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(tmp_path)}, timeout=60)
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1), ended.stderr
    assert "pip install 'tgpay-emulator[tls]'" in ended.stderr


def test_commands_say_what_to_do_about_a_certificate(server: Https, certificate: Path, folder: Path) -> None:
    untrusted = command("merchants", "--url", server.url)
    assert (untrusted.returncode, untrusted.stderr.count("\n")) == (1, 1)
    assert "--ca FILE" in untrusted.stderr and "SSL_CERT_FILE" in untrusted.stderr
    missing = command("merchants", "--url", server.url, "--ca", folder / "none")
    assert (missing.returncode, "--ca: " in missing.stderr) == (1, True)
    for environment, flags in (({}, ["--url", server.url, "--ca", certificate]),
                               ({TRUSTED: str(certificate)}, ["--url", server.url]),
                               ({"TGPAY_TLS": "self-signed", "TGPAY_PORT": str(server.settings["port"]),
                                 "TGPAY_DATABASE": str(folder / "emulator.db")}, [])):
        ended = command("merchants", *flags, **environment)
        assert (ended.returncode, "No server" in ended.stderr) == (0, False), ended.stderr


def test_faults_of_scenarios_happen_with_tls_too(trusting: Control, server: Https) -> None:
    shop: Shop = trusting.shop()
    for fault in ("drop_after", "reset", "truncate"):
        shop.plays({"then": {"fault": fault}})
        with pytest.raises((OSError, HTTPException)):
            shop.query("nothing")
