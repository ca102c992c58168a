"""Tables `listeners` and `forwards`: who listens to a merchant, and the attempts that wait for its answers.

An attempt of a merchant that listens is a row while it lasts. The listener takes it, once, and stores the
result; the process that makes the attempt finds it there. Instants are milliseconds of real time.
"""
from collections.abc import Collection
from typing import Any

from msgspec import Struct

from .connection import Connection
from .notifications import StoredNotification

LOST_AFTER = 60_000  # rows of processes that were killed are deleted so long after their end
# What a listener has not been given yet. What it was given without having it was lost on the way.
_OFFERED = ("f.merchants_id = :mid AND f.result IS NULL AND f.until > :now "
            "AND (f.listener = '' OR (f.listener = :listener AND f.id NOT IN ({held})))")


class Listener(Struct, frozen=True):
    """Who listens to a merchant, and until when it is expected to ask again."""

    listener: str
    until: int


class Forward(Struct, frozen=True):
    """An attempt that a listener makes: its notification, and the end of the time that it may take.

    `notification` has as many attempts as there were before this one, whatever happened since.
    """

    id: str
    until: int
    notification: StoredNotification


class State(Struct, frozen=True):
    """How far an attempt has got: who has taken it, and the result as JSON; both may be empty."""

    listener: str
    result: str


class ForwardReader:
    """Reads who listens, and the attempts that wait for a listener."""

    def __init__(self, connection: Connection) -> None:
        self._execute = connection.execute

    def listener(self, merchants_id: str) -> Listener | None:
        """Who listens to a merchant's notifications, or did so last; without a name, it has said farewell."""
        row = self._execute("SELECT listener, until FROM listeners WHERE merchants_id = :mid",
                            {"mid": merchants_id}).fetchone()
        return Listener(row["listener"], row["until"]) if row else None

    def state(self, forward_id: str) -> State | None:
        """How far an attempt has got; None when nobody waits for it any more."""
        row = self._execute("SELECT listener, coalesce(result, '') AS result FROM forwards WHERE id = :id",
                            {"id": forward_id}).fetchone()
        return State(row["listener"], row["result"]) if row else None

    def are_offered(self, merchants_id: str, listener: str, held: Collection[str], now: int) -> bool:
        """Whether there are attempts for a listener that has the attempts `held` in hand."""
        sql, values = _offered(merchants_id, listener, held, now)
        found = self._execute(f"SELECT 1 FROM forwards AS f WHERE {sql} LIMIT 1", values)
        return found.fetchone() is not None

    def taken(self, merchants_id: str, forward_id: str) -> Forward | None:
        """An attempt of a merchant that has no result yet."""
        rows = self._execute("SELECT n.*, f.id AS forward_id, f.until, f.place FROM forwards AS f "
                             "JOIN notifications AS n ON n.id = f.notification_id "
                             "WHERE f.id = :id AND f.merchants_id = :mid AND f.result IS NULL",
                             {"id": forward_id, "mid": merchants_id}).fetchall()
        return _forward(rows[0]) if rows else None


class Forwards(ForwardReader):
    """Reads and writes who listens, and the attempts that wait for a listener."""

    def expect(self, merchants_id: str, listener: str, until: int) -> None:
        """Note that a listener asks for a merchant's notifications, and will ask again before an instant."""
        self._execute("INSERT INTO listeners (merchants_id, listener, until) "
                      "VALUES (:mid, :listener, :until) ON CONFLICT (merchants_id) DO UPDATE "
                      "SET listener = excluded.listener, until = excluded.until",
                      {"mid": merchants_id, "listener": listener, "until": until})

    def leave(self, merchants_id: str, listener: str) -> None:
        """Note that a listener has ended, unless another one has taken over.

        The row stays, so that a call of it that still waits does not bring it back.
        """
        self._execute("UPDATE listeners SET listener = '', until = 0 "
                      "WHERE merchants_id = :mid AND listener = :listener",
                      {"mid": merchants_id, "listener": listener})

    def offer(self, forward_id: str, notification: StoredNotification, holder: str, until: int,
              now: int) -> str:
        """Offer an attempt to whoever listens, and return its id; the process `holder` waits for the result.

        If another process had begun the same attempt and was killed, its row goes on: the listener may have
        made the attempt already.
        """
        self._execute("DELETE FROM forwards WHERE merchants_id = :mid AND until < :end",
                      {"mid": notification.merchants_id, "end": now - LOST_AFTER})
        own = {"id": forward_id, "mid": notification.merchants_id, "notification": notification.id,
               "place": notification.attempts, "holder": holder, "until": until}
        row = self._execute("UPDATE forwards SET holder = :holder, until = :until WHERE id = (SELECT min(id) "
                            "FROM forwards WHERE merchants_id = :mid AND notification_id = :notification "
                            "AND place = :place AND holder <> :holder) RETURNING id", own).fetchone()
        if row:
            return str(row["id"])
        self._execute("INSERT INTO forwards (id, merchants_id, notification_id, place, holder, until) "
                      "VALUES (:id, :mid, :notification, :place, :holder, :until)", own)
        return forward_id

    def take(self, merchants_id: str, listener: str, held: Collection[str], now: int,
             limit: int) -> list[Forward]:
        """Give a listener the oldest attempts that are offered to it."""
        sql, values = _offered(merchants_id, listener, held, now)
        rows = self._execute("SELECT n.*, f.id AS forward_id, f.until, f.place FROM forwards AS f "
                             f"JOIN notifications AS n ON n.id = f.notification_id WHERE {sql} "
                             "ORDER BY f.notification_id, f.id LIMIT :limit",
                             {**values, "limit": limit}).fetchall()
        for row in rows:
            self._execute("UPDATE forwards SET listener = :listener WHERE id = :id",
                          {"listener": listener, "id": row["forward_id"]})
        return [_forward(row) for row in rows]

    def answer(self, forward_id: str, result: str) -> bool:
        """Store the result of an attempt; return whether anybody waits for it."""
        return self._execute("UPDATE forwards SET result = :result WHERE id = :id AND result IS NULL",
                             {"id": forward_id, "result": result}).rowcount > 0

    def withdraw(self, forward_id: str) -> str:
        """End an attempt; return its result as JSON, empty if there is none."""
        row = self._execute("DELETE FROM forwards WHERE id = :id RETURNING coalesce(result, '') AS result",
                            {"id": forward_id}).fetchone()
        return str(row["result"]) if row else ""


def _offered(merchants_id: str, listener: str, held: Collection[str],
             now: int) -> tuple[str, dict[str, Any]]:
    """The condition that rows are offered to a listener, with its values."""
    names = {f"held{place}": forward_id for place, forward_id in enumerate(held)}
    values = {"mid": merchants_id, "listener": listener, "now": now, **names}
    return _OFFERED.format(held=", ".join([f":{name}" for name in names] or ["''"])), values


def _forward(row: Any) -> Forward:
    columns = {name: row[name] for name in StoredNotification.__struct_fields__}
    return Forward(row["forward_id"], row["until"],
                   StoredNotification(**{**columns, "attempts": row["place"]}))
