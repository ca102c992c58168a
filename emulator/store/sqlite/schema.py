"""Creates the schema in a database file, or updates an older one."""
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from .. import schema
from ..troubles import Unusable
from .connection import connect, locked_for_opening
from .locks import BUSY_TIMEOUT_MS
from .troubles import told_of

APPLICATION_ID = int.from_bytes(b"TGPY", "big")  # in the file's header: identifies our databases


def prepare(path: Path) -> None:
    """Create the schema or update an older one; several processes may do so at once.

    Raises Unusable if the file cannot be written, is no database, or belongs to a newer version or another
    program.
    """
    with told_of(path):
        if path.exists() and not path.is_file():
            raise Unusable(f"{path} cannot be used as the database: it is no regular file")
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked_for_opening(path):
            _bring_up_to_date(path)


def _bring_up_to_date(path: Path) -> None:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    version, empty = _version(path)
    _keep_private(path)
    with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_MS / 1_000, isolation_level=None)) as connection:
        if empty:
            _create(connection)
        connection.execute("PRAGMA journal_mode = WAL")
        if not empty:
            connection.execute("BEGIN IMMEDIATE")  # fails now for a read-only file, not at the first payment
            connection.execute(f"PRAGMA user_version = {version}")
            connection.execute("COMMIT")
    if not empty and version < schema.VERSION:
        _migrate(path, version)


def _create(connection: sqlite3.Connection) -> None:
    """Create the schema in an empty file, before it has a log (WAL), which would only be copied into it."""
    connection.execute("PRAGMA synchronous = OFF")  # there is nothing in it yet that could be lost
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.executescript(f"BEGIN IMMEDIATE;{schema.text()}"
                             f"PRAGMA application_id = {APPLICATION_ID};"
                             f"PRAGMA user_version = {schema.VERSION};COMMIT")


def _version(path: Path) -> tuple[int, bool]:
    """The schema's version, and whether the file is still empty.

    Raises Unusable for a database that is not ours, before its mode or content is changed.
    """
    with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_MS / 1_000, isolation_level=None)) as connection:
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        ours = connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
        empty = not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if version > schema.VERSION:
        raise Unusable(schema.newer(str(path), version))
    if not ours and not empty:
        raise Unusable(f"{path} is a database of another program")
    return version, empty


def _keep_private(path: Path) -> None:
    """Make the file accessible for its owner only, because it has the merchants' tokens.

    SQLite gives the log the same mode.
    """
    status = path.stat()
    if status.st_uid == os.geteuid() and status.st_mode & 0o077:
        path.chmod(0o600)


def _migrate(path: Path, version: int) -> None:
    """Update a database from `version` to the present one; each step is a transaction."""
    from sqlite_utils import Database  # slow to import and rarely needed

    with closing(connect(path, "rw")) as connection:
        database = Database(connection)
        for number, step in schema.steps(version):
            with database.atomic():
                step(connection)
                connection.execute(f"PRAGMA user_version = {number}")
