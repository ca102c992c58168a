"""What `serve` prints once it answers: its address, a new control token, and with `--lan` a QR code for
phones. With `--log-format json` each line is a JSON object like those of the log, and there is no QR code.
"""
import io
import logging
import sys
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import click

from .. import __version__
from ..base.settings import Settings
from ..base.urls import reachable, url_of
from ..base.values import JSON
from .output import console, drop_output, reason

WHITE_ON_BLACK = "bright_white on black"


def announced(settings: Settings) -> Callable[[Settings, str, Sequence[str]], None]:
    """A function that prints the announcement of a server that was started with these settings.

    It is called with the settings in force, the address on which the server listens, and sentences about what
    is not as in a new database.
    """
    def announce(in_force: Settings, address: str, unusual: Sequence[str]) -> None:
        try:
            _announce(settings, in_force, address, unusual)
        except OSError as error:  # the server runs, whether or not its announcement can be printed
            drop_output()
            log = logging.getLogger(__name__)
            log.warning("the address %s cannot be printed: %s", address, reason(error))
    return announce


def _announce(settings: Settings, in_force: Settings, address: str, unusual: Sequence[str]) -> None:
    """Print the address, what differs between the given settings and those in force, and what is unusual.

    Raises OSError.
    """
    place = in_force.public_url if in_force.lan else reachable(address)
    say = _say_in_json if in_force.log_format == JSON else click.echo
    say(f"TGPay Emulator {__version__}: open {place}/console or {place}/demo; "
        f"the gateway answers at {place}/v2/ and is controlled at {place}/_emulator/")
    if in_force.control_token != settings.control_token:
        say(f"Control token: {in_force.control_token}")
    if in_force.seed != settings.seed:
        say(f"Seed: {in_force.seed} (tgpay-emulator merchants prints the tokens that derive from it)")
    if in_force.notify_allow != settings.notify_allow:
        say("Others can reach this address, so notifications go to private networks and to the hosts "
            "of the merchants' own notify_url only; --notify-allow changes that")
    if in_force.tls:
        _say_whom_to_trust(str(in_force.tls_cert), say)
    for sentence in unusual:
        say(sentence)
    sys.stdout.flush()
    if in_force.lan:
        if in_force.log_format != JSON:
            _show_code(place)
        _show_to_phones(place, bool(settings.public_url), say)
        sys.stdout.flush()


def _say_whom_to_trust(file: str, say: Callable[[str], None]) -> None:
    """Print where the server's own certificate is, and how clients trust it."""
    say(f"Its certificate is {file}, which clients trust with curl --cacert FILE, REQUESTS_CA_BUNDLE=FILE or "
        "SSL_CERT_FILE=FILE (Python, Ruby, Go), NODE_EXTRA_CA_CERTS=FILE (Node), openssl.cafile=FILE (PHP), "
        "tgpay-emulator --ca FILE")


def _say_in_json(sentence: str) -> None:
    from ..server.logs import json_line  # other commands that print QR codes need no server

    click.echo(json_line(logging.INFO, __name__, sentence))


def _show_code(url: str) -> None:
    """Print the console's address as a QR code."""
    try:
        print_code(f"{url}/console")
    except UnicodeEncodeError:
        pass  # the terminal has no block characters; the address is still printed


def _show_to_phones(url: str, by_hand: bool, say: Callable[[str], None]) -> None:
    """Print the console's address in words.

    Unless the address was given `by_hand`, the machine's other addresses are printed too.
    """
    say(f"Phones on the same network open {url}/console")
    others = [] if by_hand else [address for address in _addresses() if f"//{address}:" not in url]
    if others:
        port = url.rpartition(":")[2]
        say(f"On another network: --public-url "
            f"{' or '.join(url_of(other, port, urlsplit(url).scheme) for other in others)}")


def _addresses() -> list[str]:
    from ..base import lan  # imported late, because few servers need it

    try:
        return lan.addresses()
    except lan.NoNetwork:
        return []


def print_code(text: str) -> None:
    """Print a QR code: black on white whatever the terminal's own colours are, where it has colours."""
    printed = console()
    printed.print()
    printed.print(qr_code(text), style=WHITE_ON_BLACK)
    printed.print()


def qr_code(text: str) -> str:
    """A QR code of half blocks, light ones on a dark ground."""
    from qrcode.main import QRCode

    code, drawn = QRCode(), io.StringIO()
    code.add_data(text)
    code.print_ascii(drawn, invert=True)
    return drawn.getvalue().replace("\xa0", " ").rstrip("\n")
