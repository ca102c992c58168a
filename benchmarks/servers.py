"""Server processes: started, waited for, measured, and stopped by their process id."""
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

WORKERS, THREADS = 2, 4
PATIENCE_S, STOPPING_S = 60, 5
SETTINGS_SAID = f"both {WORKERS} processes × {THREADS} threads"
TEMPORARY = ":temporary:"
ROOT = Path(__file__).parents[1]
_PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A server process; `ready` is a path that it answers with 200 when it serves."""

    def __init__(self, port: int, ready: str, arguments: list[str],
                 environment: Mapping[str, str] | None = None,
                 silent: bool = False) -> None:
        self.port = port
        self._silent = silent
        self._ready = ready
        self._arguments = [sys.executable, "-m", *arguments]
        # With PYTHONDONTWRITEBYTECODE every start of a checkout would compile it anew, which no installed
        # program does.
        inherited = {name: value for name, value in os.environ.items()
                     if not name.startswith(("TGPAY_", "PYTHONDONTWRITE"))}
        self._environment = {**inherited, **(environment or {})}
        self.started_in = 0.0

    def __enter__(self) -> "Server":
        begun = time.perf_counter()
        self._process = subprocess.Popen(self._arguments, cwd=ROOT, env=self._environment,
                                         stdout=subprocess.DEVNULL,
                                         stderr=subprocess.DEVNULL if self._silent else None,
                                         start_new_session=True)
        try:
            while not self._serves():
                if time.perf_counter() - begun > PATIENCE_S:
                    raise TimeoutError(f"{' '.join(self._arguments)} does not serve")
                time.sleep(0.002)
        except BaseException:
            self.__exit__()
            raise
        self.started_in = time.perf_counter() - begun
        return self

    def __exit__(self, *failure: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOPPING_S)
        # gunicorn may lose a signal that comes while a worker is being born
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _serves(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError(f"{' '.join(self._arguments)} ended with status {self._process.returncode}")
        try:
            return self.ask("GET", self._ready)[0] == 200
        except OSError:
            return False

    def ask(self, method: str, path: str, body: bytes | None = None,
            headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        """One request: the answer's status and body. A body is JSON unless the headers say otherwise."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            as_json = {"Content-Type": "application/json"} if body else {}
            connection.request(method, path, body, {**as_json, **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def pss(self) -> float:
        """The proportional set size of all its processes, in MB: what is shared counts once."""
        return sum(map(_pss, [self._process.pid, *_descendants(self._process.pid)])) / 1_024

    def cpu(self) -> float:
        """The processor time that all its processes have taken, in seconds."""
        return sum(map(_cpu, [self._process.pid, *_descendants(self._process.pid)]))


def emulator(database: Path, workers: int = WORKERS, **more: str) -> Server:
    """The emulator on a database file; one called `:temporary:` is made beside it and thrown away.

    `more` are settings.
    """
    place = TEMPORARY if database.name == TEMPORARY else str(database)
    return node(place, database.parent, workers, **more)


def node(database: str, directory: Path, workers: int = WORKERS, **more: str) -> Server:
    """The emulator on a database of any kind; `directory` is for temporary files, `more` are settings."""
    port = free_port()
    settings = {"port": port, "database": database, "workers": workers, "threads": THREADS,
                "log-level": "warning", **more}
    return Server(port, "/_emulator/health",
                  ["tgpay_emulator", "serve", *[f"--{name}={value}" for name, value in settings.items()]],
                  {"TMPDIR": str(directory)})


def floor(database: Path) -> Server:
    """The floor on a database file."""
    port = free_port()
    return Server(port, "/health",
                  ["benchmarks.floor", f"--port={port}", f"--database={database}", f"--workers={WORKERS}",
                   f"--threads={THREADS}"])


def _stat(process: int) -> list[str]:
    """What the kernel tells of a process, from its state on; nothing once it has ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _descendants(process: int) -> list[int]:
    parents = {int(place.name): _stat(int(place.name))[1:2] for place in Path("/proc").glob("[0-9]*")}
    found = [process]
    for known in found:
        found += [child for child, parent in parents.items() if parent == [str(known)]]
    return found[1:]


def _cpu(process: int) -> float:
    """The seconds on the clock of a process's processor time, which goes by nanoseconds; its number is made
    as the kernel makes it.
    """
    try:
        return time.clock_gettime(~process << 3 | 2)
    except OSError:  # it has ended meanwhile
        return 0.0


def _pss(process: int) -> int:
    try:
        match = _PSS.search(Path(f"/proc/{process}/smaps_rollup").read_text())
    except OSError:  # it has ended meanwhile
        match = None
    return int(match[1]) if match else 0
