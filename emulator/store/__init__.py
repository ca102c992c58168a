"""The database: the only package with SQL.

`Store` is what other packages use: `read()` returns a `Reader`, `write()` a `Writer` within a transaction. To
add a table, add it to `schema.sql`, a step to `migrations`, a module here and a line to `access`. Each module
imports only from those above it:

    troubles       errors that make the database unusable
    connection     what the tables need of a connection
    columns        structures as JSON in a column, and conditions that filter a list
    shortening     how very long texts are shortened
    clock          table clock
    facts          table facts: values that a server keeps across restarts
    keys           table idempotency_keys
    limits         table rate_limits
    commands       table commands
    journal        table journal
    merchants      tables merchants and users
    notebook       table notebook, of the demo's shop
    notifications  tables notifications and attempts: the outbox
    inboxes        table inboxes, and the notifications that arrived in them
    forwards       tables listeners and forwards: attempts that a listener makes
    claims         which process makes an attempt of a notification
    scenarios      tables scenarios and counts
    terminals      tables terminals and transactions
    vouchers       table vouchers
    orders         tables orders, history, refunds and ledger
    order_states   the states of orders as lists show them
    settlement     sums and lines of the settlement file
    changes        what other connections have written
    evidence       what a merchant's traffic was, counted and shown
    lists          pages of the console
    figures        what was paid and refunded today, and what needs a look
    upcoming       what falls due next
    backlog        the work that is left
    upkeep         deletion of old entries
    retention      deletion of orders that have ended
    migrations     the steps from an older schema to the present one
    schema         the version of the schema, and the steps to it
    walking        walks through the rows of a table
    transfer       rows of a merchant that are exported and imported
    access         Reader and Writer
    together       small writes of several threads in one transaction
    tidying        deletes what is old, in small steps
    database       what other packages use of a database: Place, Store, Leadership
    copying        copies a database into another
    sqlite         a database in a file
    postgres       a database of a PostgreSQL server
    addresses      which database an address means
"""
from sqlite3 import DatabaseError

from .access import Reader, Writer
from .addresses import place_of
from .database import Leadership, OwnReader, Place, Snapshot, Store
from .facts import IDENTITY
from .keys import KeyUsed
from .troubles import Unusable

__all__ = ["DatabaseError", "IDENTITY", "KeyUsed", "Leadership", "OwnReader", "Place", "Reader", "Snapshot",
           "Store", "Unusable", "Writer", "place_of"]
