"""State: the only place with SQL.

`database` opens and locks, `schema.sql` is the schema, `tables` gathers the modules that each own a few tables: `trades` (orders,
history, refunds, ledger), `post` (notices, attempts), `people` (merchants, users), `records` (journal, clock, commands).
"""
from .database import Leadership, Store, Unusable, conclude, prepare
from .tables import Tables

__all__ = ["Leadership", "Store", "Tables", "Unusable", "conclude", "prepare"]
