"""Values and rows: how psycopg writes the ones and reads the others."""
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import psycopg
from psycopg.adapt import AdaptersMap, Loader
from psycopg.types.numeric import Int8Dumper
from psycopg.types.string import StrDumperUnknown

from ..connection import NUL, SHOWN_NUL


class Row(tuple[Any, ...]):
    """A row: values by place and by name."""

    __slots__ = ()
    names: Sequence[str] = ()
    places: Mapping[str, int] = {}

    def keys(self) -> Sequence[str]:
        """The names of the columns."""
        return self.names

    def __getitem__(self, key: Any) -> Any:
        """A value by its place or its name."""
        return tuple.__getitem__(self, self.places[key] if isinstance(key, str) else key)


@lru_cache(maxsize=512)
def row_of(names: tuple[str, ...]) -> type[Row]:
    """The class of the rows with these columns."""
    places = {name: place for place, name in enumerate(names)}
    return type("Row", (Row,), {"__slots__": (), "names": names, "places": places})


class _Flag(Int8Dumper):
    """A truth value as 0 or 1: the schema has numbers for them."""

    def dump(self, obj: Any) -> Any:
        return super().dump(int(obj))


class _Text(StrDumperUnknown):
    """A text; characters that PostgreSQL cannot store are replaced by the sign for them."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace(NUL, SHOWN_NUL) if NUL in obj else obj)


class _Whole(Loader):
    """A sum of whole numbers, which PostgreSQL gives as numeric."""

    def load(self, data: Any) -> int:
        return int(bytes(data))


class _Context:
    """How values are written and read, for psycopg."""

    connection = None

    def __init__(self) -> None:
        self.adapters = AdaptersMap(psycopg.adapters)
        self.adapters.register_dumper(int, Int8Dumper)
        self.adapters.register_dumper(bool, _Flag)
        self.adapters.register_dumper(str, _Text)
        self.adapters.register_loader("numeric", _Whole)


CONTEXT = _Context()
