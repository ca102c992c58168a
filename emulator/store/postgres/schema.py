"""Creates the schema in a database of PostgreSQL, or updates an older one."""
from .. import schema
from ..troubles import Unusable
from .connection import Connection
from .dialect import schema as in_dialect
from .locks import CLASS, PREPARING
from .session import Session

# Only nodes that serve have rows there, so that it is no part of the schema that is copied.
CLAIMS = """CREATE TABLE claims (
    notification_id BIGINT PRIMARY KEY,
    holder BIGINT NOT NULL,  -- the process that makes the attempt
    at BIGINT NOT NULL,      -- the emulator's instant of the attempt
    since TIMESTAMPTZ NOT NULL,
    until TIMESTAMPTZ NOT NULL
)"""
_NO_RIGHT = ("the role of the address may not create tables there; grant it CREATE and USAGE on the schema, "
             "or make it the owner of the database")


def prepare(session: Session, shown: str) -> None:
    """Create the schema or update an older one; several processes may do so at once.

    Raises Unusable if the role may not, or the schema is newer or another program's; psycopg.Error.
    """
    if session.execute("SELECT getdatabaseencoding()").fetchone() != ("UTF8",):
        raise Unusable(f"{shown} cannot be used: its encoding is not UTF8")
    with session.transaction():
        session.execute(f"SELECT pg_advisory_xact_lock({CLASS}, {PREPARING})")
        version = _version(session, shown)
        if version is None:
            _create(session, shown)
        elif version < schema.VERSION:
            for number, step in schema.steps(version):
                step(Connection(session))
                session.execute("UPDATE schema_version SET version = %s", [number])
        if not _has(session, "claims"):
            session.execute(CLAIMS)


def _version(session: Session, shown: str) -> int | None:
    """The schema's version; None if there is none. Raises Unusable."""
    if not _has(session, "schema_version"):
        if _has(session, "orders") or _has(session, "merchants"):
            raise Unusable(f"{shown} is a database of another program: it has tables, but no schema_version")
        return None
    row = session.execute("SELECT version FROM schema_version").fetchone()
    version = int(row[0]) if row else 0
    if version > schema.VERSION:
        raise Unusable(schema.newer(shown, version))
    return version


def _has(session: Session, table: str) -> bool:
    row = session.execute("SELECT to_regclass(%s) IS NOT NULL", [table]).fetchone()
    return bool(row and row[0])


def _create(session: Session, shown: str) -> None:
    row = session.execute("SELECT current_schema IS NOT NULL "
                          "AND has_schema_privilege(current_schema, 'CREATE')").fetchone()
    if not row or not row[0]:
        raise Unusable(f"{shown} cannot be used: {_NO_RIGHT}")
    session.execute(in_dialect(schema.text()))
    session.execute("CREATE TABLE schema_version (version BIGINT NOT NULL)")
    session.execute("INSERT INTO schema_version (version) VALUES (%s)", [schema.VERSION])
