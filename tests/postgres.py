"""A PostgreSQL of the tests' own: a cluster in a temporary directory, on a free port, without root's
rights.
"""
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from glob import glob
from pathlib import Path
from typing import Any

CLUSTER = "TGPAY_TEST_POSTGRES"  # the address of the cluster, for the processes that run tests
PLACES = "/usr/lib/postgresql/*/bin"  # Debian's
# Nothing is lost when its processes are killed; that the machine loses its power is not tested.
OPTIONS = ("listen_addresses=127.0.0.1", "max_connections=400", "fsync=off", "full_page_writes=off",
           "shared_buffers=64MB", "log_min_messages=fatal")


def programs() -> Path | None:
    """The directory of initdb and pg_ctl; None where PostgreSQL is not installed."""
    found = shutil.which("initdb")
    places = [*([Path(found).resolve().parent] if found else []), *map(Path, sorted(glob(PLACES)))]
    return next((place for place in places if (place / "pg_ctl").exists()), None)


class Cluster:
    """A PostgreSQL server of its own; `address` is that of its first database."""

    def __init__(self, port: int, options: tuple[str, ...] = OPTIONS) -> None:
        self._options = options
        place = programs()
        assert place is not None, "PostgreSQL is not installed"
        self.programs = place
        self.port = port
        self.folder = Path(tempfile.mkdtemp(prefix="tgpay-postgres-"))
        self.address = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        self._user: dict[str, Any] = {}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self._user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        self._run("initdb", "--pgdata", str(self.data), "--username=postgres", "--auth=trust",
                  "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")

    @property
    def data(self) -> Path:
        """The directory of the cluster's files."""
        return self.folder / "data"

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run([str(self.programs / program), *arguments], check=True, cwd=self.folder,
                       stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, timeout=60, **self._user)

    def start(self) -> "Cluster":
        """Start the server, and wait until it takes connections."""
        settings = " ".join(f"-c {option}" for option in (*self._options, f"port={self.port}",
                                                          f"unix_socket_directories={self.folder}"))
        self._run("pg_ctl", "--pgdata", str(self.data), "--wait", "--log", str(self.folder / "log"),
                  "--options", settings, "start")
        return self

    def stop(self, mode: str = "immediate") -> None:
        """Stop the server; `immediate` is as if all its processes were killed."""
        self._run("pg_ctl", "--pgdata", str(self.data), "--wait", "--mode", mode, "stop")

    def kill(self) -> None:
        """SIGKILL to the server's first process; the others end by themselves."""
        os.kill(int((self.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)

    def remove(self) -> None:
        """Stop the server and delete its files."""
        try:
            self.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


def ask(address: str, sql: str, *params: object) -> list[Any]:
    """The rows of a statement."""
    import psycopg

    with psycopg.connect(address, autocommit=True) as session:
        cursor = session.execute(sql, params or None)  # type: ignore[arg-type]
        return cursor.fetchall() if cursor.description else []


def database(cluster: str, name: object) -> str:
    """The address of a cluster's database for a name, which is made if it is not there."""
    made = "t" + hashlib.sha256(str(name).encode()).hexdigest()[:20]
    if not ask(cluster, "SELECT 1 FROM pg_database WHERE datname = %s", made):
        ask(cluster, f"CREATE DATABASE {made}")
    return f"{cluster.rpartition('/')[0]}/{made}"
