"""Table `upkeep_marks`, and the deletion of old entries in small parts, so that no payment waits for long."""
from ..base import durations
from .connection import Connection

BATCH = 500
MARK_EVERY = durations.HOUR


class Upkeep:
    """Deletes old entries by real time, so that a test that moves the clock by a year keeps its journal.

    Rows have the emulator's time only. So the newest ids are stored once an hour, with the real time: rows
    with smaller ids are older than that.
    """

    def __init__(self, connection: Connection) -> None:
        self._execute = connection.execute

    def mark(self, real: int) -> None:
        """Store the newest ids with an instant of real time (milliseconds), at most once an hour."""
        last = self._execute("SELECT max(at) FROM upkeep_marks").fetchone()[0]
        if last is None or not last <= real < last + MARK_EVERY:
            self._execute(
                "INSERT INTO upkeep_marks (at, journal_id, notification_id, history_id) VALUES (:real, "
                "(SELECT coalesce(max(id), 0) FROM journal), "
                "(SELECT coalesce(max(id), 0) FROM notifications), "
                "(SELECT coalesce(max(id), 0) FROM history)) ON CONFLICT (at) DO NOTHING",
                {"real": real})

    def delete_some(self, real: int, keep: int | None, most: int | None) -> int:
        """Delete some old journal entries and ended notifications, and return how many.

        Old are those of more than `keep` milliseconds, and those beyond the newest `most`; None means no
        limit. Fewer than BATCH means that nothing is left to delete.
        """
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
        """The last journal id and notification id that are older than `keep`, 0 for none.

        It also deletes marks that are no longer needed.
        """
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
