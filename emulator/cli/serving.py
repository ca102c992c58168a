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
from .command import examples, main, patience, with_settings
from .remote import address_of, fail, settings_of, silence, trust_file


@main.command(epilog=examples(
    "tgpay-emulator serve", "tgpay-emulator serve --port 0 --database :temporary:",
    "tgpay-emulator serve --lan", "tgpay-emulator serve --scenario chaos --no-log-requests"))
@with_settings
def serve(**flags: Any) -> None:
    """Run the emulator.

    It prints its address, and the address of its console. Ctrl-C stops it. Each setting can also be given by
    the environment variable beside it.
    """
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


@main.command(epilog=examples("tgpay-emulator demo", "tgpay-emulator demo --once"))
@click.option("--once", is_flag=True, help="end after the last step, with status 0 if all checks passed")
def demo(once: bool) -> None:
    """Run the document's examples, step by step.

    A server, a receiver of notifications and a buyer's browser are started for it; nothing is needed. It
    takes a few seconds. Then the server goes on, with orders that you can pay, until you press Ctrl-C.
    """
    from .demo import run

    sys.exit(run(once))


@main.command(epilog=examples("tgpay-emulator healthcheck --wait 30"))
@click.option("--url", envvar="TGPAY_URL", metavar="URL",
              help="address of the emulator; without it the configured host and port [TGPAY_URL]")
@click.option("--ca", metavar="FILE",
              help="certificate to trust, or that of its authority (PEM) [SSL_CERT_FILE]")
@click.option("--wait", "seconds", type=float, default=0.0, metavar="SECONDS",
              help="how long to wait until it is healthy")
def healthcheck(url: str | None, ca: str | None, seconds: float) -> None:
    """Check whether the emulator is healthy.

    The exit status is 0 if it is, otherwise 1.
    """
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
        return silence(address, problem)
    if answer.status != 200:
        return f"{address}: {answer.status} {answer.text.strip()}"
    click.echo(answer.text.strip())
    return None
