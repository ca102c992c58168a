"""Which database an address means: a file, or a server of PostgreSQL."""
from pathlib import Path

from .database import Place
from .sqlite.place import Place as PlaceInFile
from .troubles import Unusable

POSTGRES = ("postgresql://", "postgres://")


def place_of(address: str, is_lasting: bool = True) -> Place:
    """The place of a database. A file is not lasting if it is deleted when its server ends.

    Raises Unusable if what it needs is not installed.
    """
    if not address.startswith(POSTGRES):
        return PlaceInFile(Path(address), is_lasting)
    try:
        from .postgres.place import Place as PlaceOnServer  # psycopg is an extra, and slow to import
    except ImportError as missing:
        raise Unusable("a database of PostgreSQL needs more: pip install 'tgpay-emulator[postgres]' "
                       f"({missing})") from missing
    return PlaceOnServer(address)
