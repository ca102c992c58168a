"""State: the only place with SQL.

`database` opens and locks, `schema.sql` is the schema, `tables` gathers the modules that each own a few tables: `trades` (orders,
history, refunds, ledger), `post` (notices, attempts), `people` (merchants, users), `records` (journal, clock,
commands), `keys` (repeated calls).
"""
from .database import Leadership, Store, Unusable, conclude, prepare
from .keys import KeyUsed
from .tables import Tables

__all__ = ["KeyUsed", "Leadership", "Store", "Tables", "Unusable", "conclude", "prepare"]
