"""How a server lives with the process that starts it: it ends with it, and tells its address in a file."""
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from .driver import Server, command, exchange, free_port, plain_environment

# It starts a server from a thread that ends, and goes on; its output is a pipe that breaks when it ends.
PARENT = """
import subprocess, sys, threading, time
def start():
    subprocess.Popen([sys.executable, "-m", "tgpay_emulator", "serve", "--port=0", "--database=:temporary:",
                      *sys.argv[1:]], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
thread = threading.Thread(target=start)
thread.start()
thread.join()
time.sleep(100)
"""


def comes_true(happens: Callable[[], bool], seconds: float = 20) -> bool:
    """Whether something happens in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if happens():
            return True
        time.sleep(0.05)
    return False


def answers(address: str) -> bool:
    try:
        return exchange(f"{address}/_emulator/health", timeout=5).status == 200
    except OSError:
        return False


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_a_server_ends_with_its_parent_and_not_with_the_thread_that_started_it(
        tmp_path: Path, ending: signal.Signals) -> None:
    file = tmp_path / "address"
    parent = subprocess.Popen([sys.executable, "-c", PARENT, "--end-with-parent", f"--address-file={file}"],
                              env={**plain_environment(), "TMPDIR": str(tmp_path)})
    try:
        assert comes_true(file.exists, 60)
        address = file.read_text()
        time.sleep(1)  # the thread has ended long ago
        assert answers(address)
    finally:
        parent.send_signal(ending)
        parent.wait()
    assert comes_true(lambda: not answers(address))
    assert comes_true(lambda: list(tmp_path.iterdir()) == [])  # neither its address nor its database is left


def test_without_the_setting_a_server_outlives_its_parent(tmp_path: Path) -> None:
    file = tmp_path / "address"
    parent = subprocess.Popen([sys.executable, "-c", PARENT, f"--address-file={file}"],
                              env=plain_environment(), start_new_session=True)
    assert comes_true(file.exists, 60)
    parent.kill()
    parent.wait()
    try:
        time.sleep(1)
        assert answers(file.read_text())
    finally:
        os.killpg(parent.pid, signal.SIGTERM)
    assert comes_true(lambda: not file.exists())


@pytest.mark.parametrize("flag", ["--port=http", "--scenario=none", "--database=/dev/null/x"])
def test_the_address_of_an_earlier_server_is_gone_whatever_fails(tmp_path: Path, flag: str) -> None:
    file = tmp_path / "address"
    for given, environment in ((f"--address-file={file}", {}),
                               ("--lan=off", {"TGPAY_ADDRESS_FILE": str(file)})):
        file.write_text("http://127.0.0.1:1")
        ended = command("serve", "--database=:temporary:", "--port=0", given, flag, **environment)
        assert (ended.returncode, file.exists()) == (1, False), ended.stderr


def test_the_address_is_written_once_it_is_served_and_gone_at_the_end(tmp_path: Path) -> None:
    file, link = tmp_path / "address", tmp_path / "link"
    file.write_text("http://127.0.0.1:1")
    link.symlink_to(file)
    server = Server(address_file=link).start(wait=False)
    assert comes_true(lambda: file.exists() and file.read_text() == server.url)
    assert exchange(f"{server.url}/livez").status == 200
    assert sorted(path.name for path in tmp_path.iterdir()) == ["address", "link"]
    server.stop()
    assert (file.exists(), link.is_symlink()) == (False, True)


def test_a_server_that_ends_leaves_the_address_of_the_next_one(tmp_path: Path) -> None:
    file = tmp_path / "address"
    with Server(address_file=file), Server(address_file=file) as second:
        second_address = file.read_text()
    # the second ended first, and took its own address with it
    assert (second_address, file.exists()) == (second.url, False)
    first = Server(address_file=file).start()
    with Server(address_file=file, port=free_port()) as second:
        first.stop()
        assert file.read_text() == second.url


def test_a_pipe_gets_the_address_and_stays(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    server = Server(address_file=pipe).start(wait=False)
    try:
        assert pipe.read_text() == server.url
    finally:
        server.stop()
    assert pipe.is_fifo()
