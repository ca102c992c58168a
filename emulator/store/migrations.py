"""The steps from an older schema to the next version: one function for each version, in `STEPS`.

A step runs in a transaction on the schema of the version before it. It uses the names of its own version.
PostgreSQL has known this schema since version 6, so later steps are in the SQL that both share.
"""
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from ..domain.merchants import delivered
from ..domain.settlement import rows
from .columns import to_json
from .connection import Connection
from .terminals import Terminals


def cards(database: Connection) -> None:
    """Version 2: card payments of orders, and vouchers; an unused column of merchants is dropped."""
    database.execute("ALTER TABLE orders ADD COLUMN card TEXT")
    database.execute("ALTER TABLE merchants DROP COLUMN seeded")
    database.execute("CREATE TABLE vouchers (id INTEGER PRIMARY KEY AUTOINCREMENT, voucher TEXT NOT NULL "
                     "UNIQUE, card TEXT NOT NULL, expires_at BIGINT NOT NULL, used INTEGER NOT NULL)")


def terminals_and_scenarios(database: Connection) -> None:
    """Version 3: terminals and their transactions, scenarios, the findings, the notebook of the demo's shop.

    Each original merchant gets two terminals.
    """
    _add_tables_of_terminals(database)
    _add_tables_of_scenarios(database)
    _add_true_settlement(database)
    for table in ("journal", "attempts"):
        database.execute(f"CREATE INDEX {table}_findings ON {table} (merchants_id, findings, at) "
                         "WHERE findings <> '[]'")
    for table in ("orders", "notices", "journal"):
        database.execute(f"CREATE INDEX {table}_merchant ON {table} (merchants_id, id)")
    database.execute("CREATE INDEX notices_not_taken ON notices (id) WHERE status <> 'taken'")
    database.execute("CREATE INDEX journal_refused ON journal (id) WHERE verdict <> 'OK'")
    _equip(database)


def _add_tables_of_terminals(database: Connection) -> None:
    database.execute("ALTER TABLE orders ADD COLUMN terminal TEXT")
    database.execute("CREATE TABLE terminals (serial TEXT PRIMARY KEY, merchants_id TEXT NOT NULL, "
                     "terminal_type TEXT NOT NULL, online INTEGER NOT NULL, attended INTEGER NOT NULL, "
                     "order_id BIGINT, number BIGINT NOT NULL)")
    database.execute("CREATE INDEX terminals_merchant ON terminals (merchants_id, number)")
    database.execute("CREATE TABLE transactions (result_id TEXT PRIMARY KEY, transaction_id TEXT NOT NULL, "
                     "merchants_id TEXT NOT NULL, out_trade_no TEXT NOT NULL, state TEXT)")
    database.execute("CREATE INDEX transactions_id ON transactions (transaction_id)")
    database.execute("CREATE INDEX transactions_order ON transactions (merchants_id, out_trade_no)")


def _add_tables_of_scenarios(database: Connection) -> None:
    database.execute("ALTER TABLE orders ADD COLUMN script TEXT")
    for column in ("repeated_body", "spoiled"):
        database.execute(f"ALTER TABLE notices ADD COLUMN {column} TEXT NOT NULL DEFAULT ''")
    database.execute("CREATE TABLE scenarios (merchants_id TEXT PRIMARY KEY, digest TEXT NOT NULL, "
                     "document TEXT NOT NULL)")
    database.execute("CREATE TABLE counts (merchants_id TEXT NOT NULL, kind TEXT NOT NULL, "
                     "name TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (merchants_id, kind, name))")
    database.execute("CREATE TABLE notebook (id INTEGER PRIMARY KEY AUTOINCREMENT, "
                     "merchants_id TEXT NOT NULL, kind TEXT NOT NULL, entry TEXT NOT NULL)")
    database.execute("CREATE INDEX notebook_merchant ON notebook (merchants_id, id)")


def _add_true_settlement(database: Connection) -> None:
    """Add columns with the true entry to the ledger, besides what the settlement file shows."""
    for column in ("partner_id TEXT NOT NULL DEFAULT ''", "planted TEXT NOT NULL DEFAULT ''",
                   "true_settles_at BIGINT"):
        database.execute(f"ALTER TABLE ledger ADD COLUMN {column}")
    database.execute("UPDATE ledger SET partner_id = out_trade_no WHERE kind = 'P'")
    for entry_id, line in database.execute("SELECT id, line FROM ledger WHERE partner_id = ''").fetchall():
        database.execute("UPDATE ledger SET partner_id = ? WHERE id = ?",
                         [rows(line)[0]["partner_transaction_id"], entry_id])
    database.execute("CREATE INDEX ledger_order ON ledger (merchants_id, out_trade_no)")


def _equip(database: Connection) -> None:
    """Give existing merchants the terminals that a new merchant gets."""
    terminals = Terminals(database)

    def is_taken(serial: str) -> bool:
        return bool(database.execute("SELECT 1 FROM terminals WHERE serial = ?", [serial]).fetchall())

    for merchants_id, made in database.execute("SELECT merchants_id, made FROM merchants").fetchall():
        was = json.loads(made)
        given = delivered(merchants_id, was.get("settings", {}).get("token", ""), is_taken)
        terminals.replace(merchants_id, given)
        database.execute("UPDATE merchants SET made = ? WHERE merchants_id = ?",
                         [to_json({**was, "terminals": given}), merchants_id])


def removed_merchants_and_upkeep(database: Connection) -> None:
    """Version 4: numbers of removed merchants, time marks for the upkeep, and facts.

    The document's code for a duplicate is 3105; scenarios of earlier versions may have another one.
    """
    database.execute("CREATE TABLE removed_merchants (merchants_id TEXT PRIMARY KEY)")
    database.execute("CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
    for merchants_id, document in database.execute("SELECT merchants_id, document FROM scenarios").fetchall():
        text = document.replace('"3115"', '"3105"')
        database.execute("UPDATE scenarios SET document = ?, digest = ? WHERE merchants_id = ?",
                         [text, hashlib.sha256(text.encode()).hexdigest(), merchants_id])
    database.execute("CREATE TABLE upkeep_marks (at BIGINT PRIMARY KEY, journal_id BIGINT NOT NULL, "
                     "notice_id BIGINT NOT NULL)")


def skipped_attempts_and_keys(database: Connection) -> None:
    """Version 5: skipped attempts, for receivers that had not answered before, and idempotency keys.

    Unfinished commands count changes and attempts from this step on.
    """
    database.execute("ALTER TABLE attempts ADD COLUMN skipped INTEGER NOT NULL DEFAULT 0")
    database.execute("CREATE TABLE idempotency_keys (key TEXT PRIMARY KEY, body TEXT NOT NULL, "
                     "command_id INTEGER NOT NULL UNIQUE, at BIGINT NOT NULL)")
    database.execute("UPDATE commands SET plan = json_set(plan, "
                     "'$.changes', (SELECT coalesce(max(id), 0) FROM history), "
                     "'$.attempts', (SELECT coalesce(max(id), 0) FROM attempts)) "
                     "WHERE result IS NULL AND plan <> '{}'")


def notifications_and_injected(database: Connection) -> None:
    """Version 6: notices are renamed to notifications, their statuses too; planted to injected."""
    for name in ("notices_due", "notices_order", "notices_merchant", "notices_not_taken", "attempts_notice"):
        database.execute(f"DROP INDEX {name}")
    database.execute("ALTER TABLE notices RENAME TO notifications")
    for table, column, name in (
            ("notifications", "spoiled", "altered"), ("attempts", "notice_id", "notification_id"),
            ("attempts", "taken", "delivered"), ("ledger", "planted", "injected"),
            ("upkeep_marks", "notice_id", "notification_id")):
        database.execute(f"ALTER TABLE {table} RENAME COLUMN {column} TO {name}")
    for before, now in (("waiting", "pending"), ("taken", "delivered")):
        database.execute("UPDATE notifications SET status = ? WHERE status = ?", [now, before])
    for name, what in (
            ("notifications_due", "notifications (due_at, id) WHERE due_at IS NOT NULL"),
            ("notifications_order", "notifications (merchants_id, out_trade_no, id)"),
            ("notifications_merchant", "notifications (merchants_id, id)"),
            ("notifications_undelivered", "notifications (id) WHERE status <> 'delivered'"),
            ("attempts_notification", "attempts (notification_id)")):
        database.execute(f"CREATE INDEX {name} ON {what}")
    _rename_members(database, "history", "detail", {"planted": "injected"})
    _rename_members(database, "commands", "result", {"taken": "delivered"})


def history_marks(database: Connection) -> None:
    """Version 8: how old an order's last event is in real time; of earlier marks it is not known."""
    database.execute("ALTER TABLE upkeep_marks ADD COLUMN history_id BIGINT NOT NULL DEFAULT 0")


def _rename_members(database: Connection, table: str, column: str, names: Mapping[str, str]) -> None:
    """Rename members of the JSON objects in a column."""
    for before in names:
        found = database.execute(f"SELECT id, {column} FROM {table} WHERE {column} LIKE ?", [f'%"{before}"%'])
        for row_id, written in found.fetchall():
            database.execute(f"UPDATE {table} SET {column} = ? WHERE id = ?",
                             [to_json(_renamed(json.loads(written), names)), row_id])


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {names.get(name, name): _renamed(inner, names) for name, inner in value.items()}
    return value


def owners_and_rate_limits(database: Connection) -> None:
    """Version 7: the team that made a merchant, and how far each merchant has used up its rate limit."""
    database.execute("ALTER TABLE merchants ADD COLUMN owner TEXT NOT NULL DEFAULT ''")
    database.execute("CREATE INDEX merchants_owner ON merchants (owner, merchants_id)")
    database.execute("CREATE TABLE rate_limits (merchants_id TEXT PRIMARY KEY, full_at BIGINT NOT NULL)")


def merchant_clocks(database: Connection) -> None:
    """Version 9: merchants may have a clock of their own, so due instants are on the shared clock too.

    Commands may overtake one another, so that their age is counted from their end.
    """
    database.execute("CREATE TABLE merchant_clocks (merchants_id TEXT PRIMARY KEY, "
                     "distance_ms BIGINT NOT NULL, frozen_ms BIGINT, moves BIGINT NOT NULL)")
    for table, columns in (("orders", "shared_due_at"), ("notifications", "shared_due_at, id")):
        database.execute(f"ALTER TABLE {table} ADD COLUMN shared_due_at BIGINT")
        database.execute(f"UPDATE {table} SET shared_due_at = due_at WHERE due_at IS NOT NULL")
        database.execute(f"DROP INDEX {table}_due")
        database.execute(f"CREATE INDEX {table}_due ON {table} ({columns}) WHERE shared_due_at IS NOT NULL")
        database.execute(f"CREATE INDEX {table}_merchant_due ON {table} (merchants_id, due_at) "
                         "WHERE due_at IS NOT NULL")
    database.execute("ALTER TABLE commands ADD COLUMN finished_at BIGINT")
    database.execute("UPDATE commands SET finished_at = 0 WHERE result IS NOT NULL")
    database.execute("CREATE INDEX commands_finished ON commands (finished_at) WHERE finished_at IS NOT NULL")


def inboxes_and_listeners(database: Connection) -> None:
    """Version 10: the inboxes of merchants, and notifications that are forwarded by whoever listens."""
    database.execute("ALTER TABLE attempts ADD COLUMN received TEXT NOT NULL DEFAULT ''")
    for name, columns in (("attempts_inbox", "id"), ("attempts_inbox_merchant", "merchants_id, id")):
        database.execute(f"CREATE INDEX {name} ON attempts ({columns}) WHERE received <> ''")
    database.execute("CREATE TABLE inboxes (merchants_id TEXT PRIMARY KEY, replies TEXT NOT NULL)")
    database.execute("CREATE TABLE listeners (merchants_id TEXT PRIMARY KEY, listener TEXT NOT NULL, "
                     "until BIGINT NOT NULL)")
    database.execute("CREATE TABLE forwards (id TEXT PRIMARY KEY, merchants_id TEXT NOT NULL, "
                     "notification_id BIGINT NOT NULL, place INTEGER NOT NULL, holder TEXT NOT NULL, "
                     "until BIGINT NOT NULL, listener TEXT NOT NULL DEFAULT '', result TEXT)")
    database.execute("CREATE INDEX forwards_merchant ON forwards (merchants_id, notification_id)")


STEPS: Mapping[int, Callable[[Connection], None]] = {
    2: cards, 3: terminals_and_scenarios, 4: removed_merchants_and_upkeep, 5: skipped_attempts_and_keys,
    6: notifications_and_injected, 7: owners_and_rate_limits, 8: history_marks,
    9: merchant_clocks, 10: inboxes_and_listeners}
