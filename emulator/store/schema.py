"""The version of the schema in `schema.sql`, and the steps to it."""
from collections.abc import Callable
from pathlib import Path

from .connection import Connection

VERSION = 10
SQL = Path(__file__).with_name("schema.sql")


def text() -> str:
    """The statements that create the schema, in the SQL of SQLite."""
    return SQL.read_text(encoding="utf-8")


def newer(shown: str, version: int) -> str:
    """The sentence about a database whose schema is newer than this one."""
    return f"{shown} was written by a newer tgpay-emulator (schema {version}, this one knows {VERSION})"


def steps(version: int) -> list[tuple[int, Callable[[Connection], None]]]:
    """The steps from a version to the present one, each with the version that it leads to."""
    from . import migrations  # rarely needed

    return [(number, migrations.STEPS[number]) for number in range(version + 1, VERSION + 1)]
