"""The start of a server's process, and the line that holds it: it ends when the line is closed."""
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from .child import ADDRESS, KEEP, NONE, PIPE, PROCESS, locked
from .errors import ServerError

LONGEST_START_S = 90.0
LONGEST_END_S = 30.0
MOST_LOG = 1 << 20
_left: list[subprocess.Popen[bytes]] = []  # servers that others may use after those who have started them


@dataclass
class Line:
    """One's end of the pipe to a server, its address, and its process where it was started here."""

    url: str
    number: int
    descriptor: int
    process: "subprocess.Popen[bytes] | None" = None
    output: IO[bytes] | None = field(default=None, repr=False)
    is_shared: bool = False

    def printed(self) -> str:
        """What the server printed; empty where another process has started it."""
        return _printed(self.output) if self.output else ""

    def keep(self) -> None:
        """Let the server go on when all its users have left."""
        os.write(self.descriptor, KEEP)

    def close(self, kept: bool = False) -> None:
        """Leave. A server that nobody else uses ends, unless it is `kept`; one's own has ended then."""
        if self.process is not None and (kept or self.is_shared):
            _left.append(self.process)
        elif self.process is not None:
            _end(self.process)
        os.close(self.descriptor)
        if self.output is not None:
            self.output.close()


def own(settings: Mapping[str, object], owner: int | None = None) -> Line:
    """Start a server that nobody else uses. It ends with the process `owner` too. Raises ServerError."""
    reading, writing = os.pipe()
    return _start(settings, owner, (_new_folder(), NONE), (reading, writing))


def shared(place: Path, settings: Mapping[str, object], owner: int | None = None) -> Line:
    """Join those who use the server with these settings at a place, a folder; the first one starts it.

    It ends with the process `owner` of the first one too. Raises ServerError.
    """
    place.mkdir(parents=True, exist_ok=True)
    written = json.dumps(sorted(_flags(settings))).encode()
    name = hashlib.sha256(written).hexdigest()[:16]
    lock, pointer = place / f"{name}.lock", place / f"{name}.server"
    with locked(lock):
        joined = _joined(Path(pointer.read_text(encoding="utf-8"))) if pointer.exists() else None
        if joined is not None:
            return joined
        folder = _new_folder()
        os.mkfifo(folder / PIPE)
        reading = os.open(folder / PIPE, os.O_RDONLY | os.O_NONBLOCK)
        writing = os.open(folder / PIPE, os.O_WRONLY)
        line = _start(settings, owner, (folder, str(lock)), (reading, writing))
        pointer.write_text(str(folder), encoding="utf-8")
        return line


def _joined(folder: Path) -> Line | None:
    """A line to the server of a folder; None when it has ended."""
    try:
        descriptor = os.open(folder / PIPE, os.O_WRONLY | os.O_NONBLOCK)
        url, number = ((folder / name).read_text(encoding="utf-8") for name in (ADDRESS, PROCESS))
    except OSError:
        return None
    return Line(url.strip(), int(number), descriptor, is_shared=True)


def _new_folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="tgpay-server-"))


def _start(settings: Mapping[str, object], owner: int | None, place: tuple[Path, str],
           pipe: tuple[int, int]) -> Line:
    """Start a server and wait until it answers. Raises ServerError.

    `place` is the server's folder and the file of the lock, `pipe` its two ends: for reading and for writing.
    """
    (folder, lock), (reading, writing), output = place, pipe, tempfile.TemporaryFile()
    given = [reading, *_descriptors(owner)]
    command = [sys.executable, "-P", "-m", "tgpay_emulator.testing.child", *map(str, [*given, NONE][:2]),
               str(folder), lock, "serve", *_flags(settings), f"--address-file={folder / ADDRESS}"]
    try:
        # in a session of its own, a Ctrl-C is for the tests, which still have to tidy up
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                   pass_fds=given, start_new_session=True, env=_environment())
    finally:
        for descriptor in given:
            os.close(descriptor)
    try:
        url = _address(folder / ADDRESS, process, output)
    except BaseException:
        os.close(writing)
        process.kill()
        process.wait()
        output.close()
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Line(url, process.pid, writing, process, output, lock != NONE)


def _descriptors(owner: int | None) -> list[int]:
    """The descriptor of a process, which is readable when that has ended; none where the system has none."""
    if owner is None:
        return []
    try:
        return [os.pidfd_open(owner)]
    except (AttributeError, OSError):
        return []


def _address(file: Path, process: "subprocess.Popen[bytes]", output: IO[bytes]) -> str:
    """The address that a server writes down once it answers. Raises ServerError."""
    end = time.monotonic() + LONGEST_START_S
    while time.monotonic() < end:
        ended = process.poll() is not None
        with suppress(OSError):
            if address := file.read_text(encoding="utf-8").strip():
                return address
        if ended:
            raise ServerError(f"the server did not start:\n{_printed(output).strip()}")
        time.sleep(0.02)
    raise ServerError(f"the server has not started in {LONGEST_START_S:g} s:\n{_printed(output).strip()}")


def _printed(output: IO[bytes]) -> str:
    return os.pread(output.fileno(), MOST_LOG, 0).decode("utf-8", "replace")


def _flags(settings: Mapping[str, object]) -> list[str]:
    """The flags of `serve` for settings by their names; those of tests are a free port and a throw-away
    database.
    """
    given = {"port": 0, "database": ":temporary:", **settings}
    return [f"--{name.replace('_', '-')}={_text(value)}" for name, value in given.items()]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _environment() -> dict[str, str]:
    """The environment without settings of the emulator: a test's server has those that the test gives."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TGPAY_")}


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a server, without waiting for forks of this process, which have the line to it too."""
    process.terminate()
    try:
        process.wait(LONGEST_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
