"""The database: the only package with SQL.

`Store` is what other packages use: `read()` returns a `Reader`, `write()` a `Writer` within a transaction. To
add a table, add it to `schema.sql`, a step to `migrations`, a module here and a line to `access`. Each module
imports only from those above it:

    columns        structures as JSON in a column, and conditions that filter a list
    shortening     how very long texts are shortened
    troubles       errors that make the database unusable
    files          the files of a database, and the check whether they are still the opened ones
    locks          locks that all processes of a database share
    clock          table clock
    facts          table facts: values that a server keeps across restarts
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
    changes        what other connections have written
    lists          pages of the console
    upcoming       what falls due next
    backlog        the work that is left
    upkeep         deletion of old entries
    retention      deletion of orders that have ended
    migrations     the steps from an older schema to the present one
    schema         creates the schema or updates it
    access         Reader and Writer
    connections    the reading connections of threads, and the writing connection
    maintenance    checkpoints and upkeep
    together       small writes of several threads in one transaction
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
