"""State: the only place with SQL.

`Store` (in `database`) is what others use: `read()` answers a `Reader`, `write()` a `Writer` within a
transaction, both in `access`. `connections`, `files`, `locks` and `troubles` are below it, `maintenance`,
`schema` and `migrations` beside it. Each other module owns a few tables, of `schema.sql`: `orders` (orders,
history, refunds, ledger), `notifications` (notifications, attempts), `merchants` (merchants, users),
`terminals` (terminals, transactions), `scenarios` (scenarios, counts), `journal`, `clock`, `commands`, `keys`
(repeated calls), `vouchers`, `notebook` (the demo's shop), `facts`, `upkeep`. `lists`, `upcoming`,
`settlement` and `changes` only read, each for somebody who looks at several tables.
"""
from sqlite3 import DatabaseError

from .access import Reader, Writer
from .connections import OwnReader
from .database import Store
from .files import IDENTITY
from .keys import KeyUsed
from .locks import Leadership
from .maintenance import conclude
from .schema import prepare
from .troubles import Unusable

__all__ = ["DatabaseError", "IDENTITY", "KeyUsed", "Leadership", "OwnReader", "Reader", "Store", "Unusable",
           "Writer", "conclude", "prepare"]
