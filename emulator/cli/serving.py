"""Commands that run the emulator or look whether it runs: serve, demo, healthcheck."""
import gc
import logging
import os
import sys
import time
from collections.abc import Mapping
from typing import Any, NoReturn

import click

from ..base.http_client import EVERYBODY, fetch, trust
from ..base.values import JSON
from .command import main, patience, with_settings
from .remote import address_of, fail, one_line, settings_of, trust_file, why


@main.command()
@with_settings
def serve(**flags: Any) -> None:
    """Run the emulator."""
    from ..server import address_file
    from ..server.parent import Parent

    parent = Parent()
    address_file.forget(_setting(flags, "address_file"))  # before anything can fail
    gc.disable()  # nothing becomes garbage until the server runs; searching for it takes a tenth of the start
    from ..server.process import serve as run
    from ..server.resources import Unstartable
    from ..store import Unusable
    from .announcement import announced

    try:
        settings = settings_of(flags)
        if settings.end_with_parent:
            parent.end_with_it()
        run(settings, announced(settings))
    except click.ClickException as wrong:
        _fail(flags, wrong.message)
    except (Unstartable, Unusable) as problem:
        _fail(flags, str(problem))


def _setting(flags: Mapping[str, str | None], name: str) -> str:
    """The text of a setting that is needed before the settings are read."""
    return flags[name] or os.environ.get(f"TGPAY_{name.upper()}", "")


def _fail(flags: Mapping[str, str | None], sentence: str) -> NoReturn:
    """End the command with one line on standard error, in the format of the log, and status 1."""
    if _setting(flags, "log_format").lower() != JSON:
        fail(sentence)
    from ..server.logs import json_line

    click.echo(json_line(logging.CRITICAL, __name__, sentence), err=True)
    sys.exit(1)


@main.command()
@click.option("--once", is_flag=True, help="end after the last step, with status 0 when all held")
def demo(once: bool) -> None:
    """Go through the document's own examples against a real server and a real receiver."""
    from .demo import run

    sys.exit(run(once))


@main.command()
@click.option("--url", envvar="TGPAY_URL",
              help="address of the emulator; else the configured host and port [TGPAY_URL]")
@click.option("--ca", help="PEM file of a certificate or an authority to trust [SSL_CERT_FILE]")
@click.option("--wait", "seconds", type=float, default=0.0, help="seconds to wait for it")
def healthcheck(url: str | None, ca: str | None, seconds: float) -> None:
    """Status 0 when the emulator is healthy, 1 when not."""
    settings = settings_of({})
    if url is None and ca is None:
        trust(EVERYBODY)  # it is the server of this machine, whose certificate may have another name
    trust_file(ca)
    end = time.monotonic() + seconds
    with patience("Waiting for the emulator"):
        while (failure := _unhealthy(url or address_of(settings))) and time.monotonic() < end:
            time.sleep(0.05)
    if failure:
        fail(failure)


def _unhealthy(address: str) -> str | None:
    """Why the emulator is not healthy, or None: then its answer is printed."""
    try:
        answer = fetch(f"{address}/_emulator/health", patience=5)
    except (OSError, ValueError) as problem:
        return one_line(f"{address}: {why(problem)}")
    if answer.status != 200:
        return f"{address}: {answer.status} {answer.text.strip()}"
    click.echo(answer.text.strip())
    return None
