"""What a server needs of the machine: a database file, a listening socket, certificates, temporary files.

The functions raise Unstartable with a sentence when the machine does not provide it.
"""
import errno
import os
import resource
import socket
import ssl
import sys
import tempfile
from pathlib import Path

from ..base.settings import TEMPORARY, Settings

BACKLOG = 512
IN_MEMORY = "/dev/shm"
# What to do about an address on which one cannot listen, by the error of the operating system.
ADVICE = {errno.EADDRINUSE: ", perhaps by another emulator; stop that one, or choose another port with "
                            "--port (0 takes a free one)",
          errno.EACCES: "; choose another port with --port",
          errno.EADDRNOTAVAIL: "; --host must be an address of this machine"}


class Unstartable(Exception):
    """The server cannot start; the message says why."""


def database_address(settings: Settings) -> str:
    """The database: the setting's, or a file in the user's data directory. Raises Unstartable."""
    return str(settings.database or data_directory() / "emulator.db")


def data_directory() -> Path:
    """The emulator's place in the user's data directory, which may not exist yet. Raises Unstartable."""
    from platformdirs import user_data_path

    try:
        place = user_data_path("tgpay-emulator", appauthor=False)
    except (OSError, RuntimeError, KeyError):
        place = Path()
    if not place.is_absolute():  # the user has no entry in /etc/passwd, and HOME is not set
        raise Unstartable("there is no home directory for the database; "
                          f"name a file with --database, or {TEMPORARY}")
    return place


def temporary_directory() -> Path:
    """Make a directory for a temporary database. Raises Unstartable."""
    try:
        return Path(tempfile.mkdtemp(prefix="tgpay-emulator-"))
    except OSError as error:
        advice = "mount a writable one, as docker run --tmpfs /tmp does, or use --database FILE"
        reason = f"no place for the {TEMPORARY} database: {error.strerror or error}; {advice}"
        raise Unstartable(reason) from error


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket. Raises Unstartable when the address is in use or not this machine's."""
    listener = None
    try:
        listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except (OSError, UnicodeError) as error:
        if listener:
            listener.close()
        reason = getattr(error, "strerror", None) or error
        advice = ADVICE.get(getattr(error, "errno", 0), "")
        raise Unstartable(f"cannot listen on {host}:{port}: {reason}{advice}") from error
    listener.set_inheritable(True)
    return listener


def check_authorities(path: str) -> None:
    """Check that the file of the setting `notify_ca` has certificates. Raises Unstartable."""
    try:
        Path(path).read_bytes()
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        raise Unstartable(f"notify_ca: {path} has no certificates in PEM") from None
    except OSError as error:
        raise Unstartable(f"notify_ca: {path} cannot be read: {error.strerror}") from None


def open_files() -> int:
    """Raise the limit of open files as far as possible, and return it."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        return _counted(most)
    except (OSError, ValueError):  # some systems do not allow their own maximum
        return _counted(allowed)


def _counted(limit: int) -> int:
    return sys.maxsize if limit == resource.RLIM_INFINITY else limit


def heartbeat_directory(database: Path | None) -> str:
    """The directory for gunicorn's heartbeat files: in memory, else that of temporary files, else the
    database's.
    """
    if os.access(IN_MEMORY, os.W_OK | os.X_OK):
        return IN_MEMORY
    try:
        return tempfile.gettempdir()
    except OSError:
        return str(database or Path.cwd())
