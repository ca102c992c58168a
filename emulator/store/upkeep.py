"""Table `upkeep_marks`, and what is too old or too much: it is deleted in small parts, so that no payment
waits for long."""
import sqlite3

from ..base import durations

BATCH = 500
MARK_EVERY = durations.HOUR


class Upkeep:
    """What may be deleted is decided by real time: a test that moves the clock by a year does not lose its
    journal.

    Rows carry the emulator's time only, so the newest ids are noted down once an hour: older than that note
    is what has a smaller id.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def mark(self, real: int) -> None:
        """Note which ids are the newest at an instant of real time (milliseconds), at most once an hour."""
        last = self._execute("SELECT max(at) FROM upkeep_marks").fetchone()[0]
        if last is None or not last <= real < last + MARK_EVERY:
            self._execute(
                "INSERT INTO upkeep_marks (at, journal_id, notification_id) VALUES (:real, "
                "(SELECT coalesce(max(id), 0) FROM journal), "
                "(SELECT coalesce(max(id), 0) FROM notifications)) ON CONFLICT (at) DO NOTHING",
                {"real": real})

    def delete_some(self, real: int, keep: int | None, most: int | None) -> int:
        """Delete some journal entries and ended notifications that are older than `keep` milliseconds, or
        beyond the newest `most`; None: there is no such limit. Answers how many rows went: fewer than BATCH
        when nothing is left to delete."""
        journal_id, notification_id = self._old_enough(real, keep)
        if most is not None:
            journal_id = max(journal_id, self._newest("journal") - most)
            notification_id = max(notification_id, self._newest("notifications") - most)
        entries = self._execute("DELETE FROM journal WHERE id IN (SELECT id FROM journal WHERE id <= :last "
                                "ORDER BY id LIMIT :batch)",
                                {"last": journal_id, "batch": BATCH}).rowcount
        ended = [row[0] for row in self._execute(
            "SELECT id FROM notifications WHERE id <= :last AND due_at IS NULL ORDER BY id LIMIT :batch",
            {"last": notification_id, "batch": BATCH - max(entries, 0)})]
        for ended_id in ended:
            self._execute("DELETE FROM attempts WHERE notification_id = :id", {"id": ended_id})
            self._execute("DELETE FROM notifications WHERE id = :id", {"id": ended_id})
        return entries + len(ended)

    def _old_enough(self, real: int, keep: int | None) -> tuple[int, int]:
        """The last ids that are older than `keep`, 0 for none; marks that are no longer needed go."""
        if keep is None:
            return 0, 0
        row = self._execute("SELECT at, journal_id, notification_id FROM upkeep_marks WHERE at <= :until "
                            "ORDER BY at DESC LIMIT 1",
                            {"until": real - keep}).fetchone()
        if row is None:
            return 0, 0
        self._execute("DELETE FROM upkeep_marks WHERE at < :at", {"at": row[0]})
        return row[1], row[2]

    def _newest(self, table: str) -> int:
        return int(self._execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()[0])
