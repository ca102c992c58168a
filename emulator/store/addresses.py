"""Which database an address means: a file, or a server of PostgreSQL."""
from pathlib import Path

from .database import Place
from .sqlite.place import Place as PlaceInFile
from .troubles import Unusable

POSTGRES = ("postgresql://", "postgres://")


def is_of_a_server(address: str) -> bool:
    """Whether an address is that of a database server, and not the path of a file."""
    return address.startswith(POSTGRES)


def place_of(address: str) -> Place:
    """The place of a database. Raises Unusable if what it needs is not installed."""
    if not is_of_a_server(address):
        return PlaceInFile(Path(address))
    try:
        from .postgres.place import Place as PlaceOnServer  # psycopg is an extra, and slow to import
    except ImportError as missing:
        raise Unusable("a database of PostgreSQL needs more: pip install 'tgpay-emulator[postgres]' "
                       f"({missing})") from missing
    return PlaceOnServer(address)
