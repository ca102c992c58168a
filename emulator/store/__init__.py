"""State: the only place with SQL.

`Store` is what others use: `read()` answers a `Reader`, `write()` a `Writer` within a transaction. To add a
table, add it to `schema.sql`, a step to `migrations`, a module here and a line to `access`. Each module
imports only from those above it:

    columns        structures as JSON in a column, and how a list is narrowed
    shortening     how very long texts are kept
    troubles       when a database cannot be used
    files          the files of a database, and whether they are those that were opened
    locks          locks that all processes of a database share
    clock          table clock
    facts          table facts: what a server remembers
    keys           table idempotency_keys
    commands       table commands
    journal        table journal
    merchants      tables merchants and users
    notebook       table notebook, of the demo's shop
    notifications  tables notifications and attempts: the outbox
    scenarios      tables scenarios and counts
    terminals      tables terminals and transactions
    vouchers       table vouchers
    orders         tables orders, history, refunds and ledger
    settlement     sums and lines of the settlement file
    changes        what others have written
    lists          pages of the console
    upcoming       what falls due next
    upkeep         old entries and free pages
    migrations     the steps from an older schema to the present one
    schema         the schema is made or brought up to date
    access         Reader and Writer
    connections    connections of threads and of the writer
    maintenance    checkpoints and upkeep
    database       Store
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
