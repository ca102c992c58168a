"""localstripe, a sandbox of another gateway, installed from PyPI into a directory of its own."""
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import servers
from .load import Job
from .servers import Server

INSTALL_S = 300
MISSING = "localstripe is not installed: PyPI is not reachable"
CUSTOMERS = "/v1/customers"
CUSTOMER = "email=benchmark%40example.com"


def installed(directory: Path) -> Path | None:
    """Its directory, into which it is installed the first time; None when that cannot be done."""
    place = directory / "localstripe"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target",
               str(place), "localstripe"]
    try:
        if not place.exists():
            subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=INSTALL_S,
                           check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return place


def server(place: Path) -> Server:
    """It; its script for browsers is what it answers without a key."""
    port = servers.free_port()
    return Server(port, "/js.stripe.com/v3/", ["localstripe", f"--port={port}", "--from-scratch"],
                  {"PYTHONPATH": str(place)}, silent=True)


@contextmanager
def running(directory: Path) -> Iterator[Server | None]:
    """It, running; None when it cannot be installed."""
    place = installed(directory)
    if place is None:
        yield None
        return
    with server(place) as started:
        yield started


def query(started: Server, requests: int) -> Job:
    """What is nearest to a query: to ask for a customer.

    Making one is not compared: it writes everything that it has with each of them, and becomes ever slower.
    """
    made = json.loads(started.ask("POST", CUSTOMERS, CUSTOMER.encode(), {
        "Authorization": "Bearer sk_test_1", "Content-Type": "application/x-www-form-urlencoded"})[1])
    return Job(started.port, "query", requests, path=f"{CUSTOMERS}/{made['id']}")
