"""The file of the setting `address_file`: it has the address of a server that answers, and else is not there.

Whoever waits for it never reads the address of an earlier server, nor a part of one.
"""
import logging
import os
import stat
from contextlib import suppress
from pathlib import Path

log = logging.getLogger(__name__)


def forget(file: str) -> None:
    """Remove what an earlier server has left. Where that fails, writing fails too, and is logged."""
    with suppress(OSError, ValueError):
        if file and _is_regular(file):
            _clear(file)


def write(file: str, address: str) -> None:
    """Write the address all at once. A failure is only logged."""
    if not file:
        return
    try:
        _write(file, address)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        log.warning("the address %s was not written into %s: %s", address, file, reason)


def leave(file: str, address: str) -> None:
    """Remove the address at the end, unless another server has written its own since."""
    with suppress(OSError, ValueError):
        if file and _is_regular(file) and Path(file).read_text(encoding="utf-8") == address:
            _clear(file)


def _is_regular(file: str) -> bool:
    """Whether there is a file of the usual kind; a pipe or a device is only written."""
    try:
        return stat.S_ISREG(os.stat(file).st_mode)
    except FileNotFoundError:
        return False


def _clear(file: str) -> None:
    """Remove the file, or empty it where it cannot be removed. Raises OSError."""
    try:
        os.unlink(os.path.realpath(file))
    except OSError:
        os.truncate(file, 0)


def _write(file: str, address: str) -> None:
    """Replace the file; one that is no regular file, or is mounted, is written in place. Raises OSError."""
    if os.path.exists(file) and not _is_regular(file):
        Path(file).write_text(address, encoding="utf-8")
        return
    place = Path(os.path.realpath(file))
    beside = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        beside.write_text(address, encoding="utf-8")
        beside.replace(place)
    except OSError:  # only the file itself may be written
        beside.unlink(missing_ok=True)
        place.write_text(address, encoding="utf-8")
