"""State: the only place with SQL.

`database` opens and locks, `schema.sql` is the schema, `tables` gathers the modules that each own a few tables: `trades` (orders,
history, refunds, ledger), `post` (notifications, attempts), `people` (merchants, users), `records` (journal, clock,
commands), `keys` (repeated calls).
"""
from sqlite3 import DatabaseError

from .database import Store, conclude, prepare
from .files import IDENTITY
from .keys import KeyUsed
from .locks import Leadership
from .tables import Tables
from .troubles import Unusable

__all__ = ["DatabaseError", "IDENTITY", "KeyUsed", "Leadership", "Store", "Tables", "Unusable", "conclude", "prepare"]
