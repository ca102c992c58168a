"""Nodes on one database of PostgreSQL agree: on settings, on the control token, and on what they can use."""
import os
import signal
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tgpay_emulator.store import place_of

from . import postgres
from .driver import Control, Server, command, exchange
from .test_postgres import is_healthy, until

pytestmark = pytest.mark.postgresql
AGAIN_S = 10


@pytest.fixture
def database(cluster: postgres.Cluster, request: pytest.FixtureRequest) -> str:
    return postgres.database(cluster.address, request.node.nodeid)


def said(server: Server) -> str:
    """What a server has printed so far."""
    return os.pread(server.output.fileno(), 1 << 20, 0).decode()


def servers_of(database: str) -> list[int]:
    """The sessions that hold the lock of servers."""
    return [row[0] for row in postgres.ask(
        database, "SELECT pid FROM pg_locks JOIN pg_database AS d ON d.oid = database WHERE granted "
                  "AND locktype = 'advisory' AND classid = %s AND objid = 2 AND datname = current_database()",
        int.from_bytes(b"TGPY", "big"))]


def start_with_other_settings(database: str) -> str:
    ended = command("serve", "--port=0", "--seed=two", "--database", database)
    assert (ended.returncode, len(ended.stderr.splitlines())) == (1, 1), ended.stderr
    return ended.stderr


@pytest.mark.parametrize("lost", ["server", "session"])
def test_settings_hold_also_after_the_database_has_lost_the_note_of_them(
        database: str, cluster: postgres.Cluster, tmp_path: Path, lost: str) -> None:
    with Server(database=database, workers=1, seed="one") as first, \
            Server(database=database, workers=1, seed="one") as second:
        before = servers_of(database)
        assert len(before) == 2
        if lost == "server":
            cluster.stop("immediate")
            cluster.start()
        else:
            for session in before:
                postgres.ask(database, "SELECT pg_terminate_backend(%s)", session)
        until(lambda: len(set(servers_of(database)) - set(before)) == 2, AGAIN_S)
        assert "seed differs" in start_with_other_settings(database)
        until(lambda: is_healthy(first, second), AGAIN_S)
        copied = command("copy", database, str(tmp_path / "emulator.db"))
        assert copied.returncode == 1 and "a server uses" in copied.stderr
        printed = first.stop()[1] + second.stop()[1]
    assert "Traceback" not in printed and "other settings" not in printed
    with Server(database=database, workers=1, seed="two"):
        pass


def test_one_line_says_that_another_server_with_other_settings_has_come_first(database: str) -> None:
    """The first one goes on, and is the one that others compare with as soon as the other has ended."""
    first, other = (Server(database=database, workers=1, seed=seed) for seed in ("one", "two"))
    with first:
        assert first.process
        os.kill(first.process.pid, signal.SIGSTOP)
        (session,) = servers_of(database)
        postgres.ask(database, "SELECT pg_terminate_backend(%s)", session)
        with other:
            os.kill(first.process.pid, signal.SIGCONT)
            until(lambda: "with other settings" in said(first), AGAIN_S)
            assert exchange(f"{first.url}/_emulator/health").status == 200
        until(lambda: "has ended" in said(first), AGAIN_S)
        assert "seed differs" in start_with_other_settings(database)
        printed = first.stop()[1]
    lines = [line for line in printed.splitlines() if "with other settings" in line]
    assert len(lines) == 2 and "seed differs; stop one of them" in lines[0], printed
    assert "Traceback" not in printed


@pytest.mark.parametrize("flag", ["--host=0.0.0.0", "--public-url=https://pay.example",
                                  "--token=red:team:red-team-token"])
def test_no_node_draws_a_token_that_the_others_do_not_know(database: str, flag: str) -> None:
    refused = command("serve", "--port=0", "--database", database, flag)
    assert refused.returncode == 1 and refused.stdout == ""
    assert "--control-token or TGPAY_CONTROL_TOKEN" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_a_token_that_is_given_to_all_nodes_opens_all_of_them(database: str) -> None:
    settings = {"database": database, "workers": 1, "host": "0.0.0.0", "control_token": "a-shared-one"}
    with Server(**settings) as first, Server(**settings) as second:
        for node in first, second:
            assert Control(node.url).ask("GET", "/orders").status == 401
            assert Control(node.url, "a-shared-one").get("/orders")["items"] == []


ENCRYPTION = (80_877_103, 80_877_104)  # the codes of the requests for SSL and for GSSAPI


def message(kind: bytes, content: bytes) -> bytes:
    """A message of PostgreSQL's protocol."""
    return kind + struct.pack("!I", len(content) + 4) + content


READY = message(b"Z", b"I")


def be_server(client: socket.socket, version: str) -> None:
    """Speak as a server of a version until the client leaves: let everybody in, agree to all statements."""
    with client, client.makefile("rb") as asked:
        length, code = struct.unpack("!II", asked.read(8))
        while code in ENCRYPTION:
            client.sendall(b"N")
            length, code = struct.unpack("!II", asked.read(8))
        asked.read(length - 8)
        client.sendall(message(b"R", struct.pack("!I", 0)))
        for name, value in (("server_version", version), ("client_encoding", "UTF8")):
            client.sendall(message(b"S", f"{name}\0{value}\0".encode()))
        client.sendall(message(b"K", bytes(8)) + READY)
        while (kind := asked.read(1)) == b"Q":
            asked.read(struct.unpack("!I", asked.read(4))[0] - 4)
            client.sendall(message(b"C", b"SET\0") + READY)
        assert kind in (b"X", b"")


@contextmanager
def server_of(version: str) -> Iterator[str]:
    """The address of a server of PostgreSQL that says that it has this version."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def serve() -> None:
            with suppress(OSError):  # the test is over
                while True:
                    be_server(listener.accept()[0], version)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"postgresql://tgpay:open-sesame@127.0.0.1:{listener.getsockname()[1]}/old"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)


@pytest.mark.parametrize("version, shown", [
    ("13.9", "13"), ("13.22 (Debian 13.22-1)", "13"), ("9.6.24", "9")])
@pytest.mark.parametrize("arguments", [("serve", "--port=0", "--database", "{}"), ("copy", "{}", "new.db"),
                                       ("copy", "old.db", "{}")], ids=" ".join)
def test_a_server_that_is_too_old_is_one_line(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, shown: str, arguments: tuple[str, ...]
        ) -> None:
    monkeypatch.chdir(tmp_path)
    if "old.db" in arguments:
        place_of(str(tmp_path / "old.db")).prepare()
    with server_of(version) as address:
        ended = command(*(argument.format(address) for argument in arguments))
    assert ended.returncode == 1
    assert f"is PostgreSQL {shown}; the emulator needs 14 or newer" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1 and "open-sesame" not in ended.stderr
