"""Tables `clock` and `merchant_clocks`: the shared clock, and merchants with a clock of their own.

A merchant's own clock keeps its distance from the shared one, so a move of the shared clock moves it too;
while it is frozen it stands still whatever the shared one does. What falls due is found by the shared clock:
orders and notifications have their due instant on both clocks, `due_at` on their merchant's and
`shared_due_at` on the shared one. So one index finds what is next, for any number of merchants.
"""
from collections.abc import Iterable

from ..base.clock import NEVER, Clock, OwnClock, real_now
from .connection import Connection

# A merchant's clock, or with an empty number the shared one, for which the last two columns are empty.
SETTING = ("SELECT shared.offset_ms, shared.frozen_ms, own.distance_ms, own.frozen_ms FROM clock AS shared "
           "LEFT JOIN merchant_clocks AS own ON own.merchants_id = :mid")
_WITH_DUE = ("orders", "notifications")


def present(merchants_id: str, now: str = ":now") -> str:
    """The SQL of the instant of a merchant's clock when the shared one shows `now`.

    `merchants_id` is a column, `now` an expression; milliseconds.
    """
    return (f"coalesce((SELECT coalesce(own.frozen_ms, {now} + own.distance_ms) FROM merchant_clocks AS own "
            f"WHERE own.merchants_id = {merchants_id}), {now})")


def shared_due(merchants_id: str, due: str = "CAST(:due_at AS BIGINT)") -> str:
    """The SQL of `due`, an instant of a merchant's clock, on the shared clock, as `OwnClock` has it."""
    return (f"coalesce((SELECT CASE WHEN {due} IS NULL THEN NULL WHEN own.moves = 1 THEN {NEVER} "
            f"WHEN own.frozen_ms IS NULL THEN {due} - own.distance_ms "
            f"WHEN {due} <= own.frozen_ms THEN 0 ELSE {NEVER} END "
            f"FROM merchant_clocks AS own WHERE own.merchants_id = {merchants_id}), {due})")


def due_column(merchants_id: str) -> str:
    """The column with due instants of the clock of a merchant, or with an empty number of the shared one."""
    return "due_at" if merchants_id else "shared_due_at"


class ClockReader:
    """Reads the clocks."""

    def __init__(self, connection: Connection) -> None:
        self._execute = connection.execute

    def get(self, merchants_id: str = "") -> Clock:
        """The clock of a merchant, or without a number the shared one."""
        row = self._execute(SETTING, {"mid": merchants_id}).fetchone()
        if row is None:
            return Clock()
        shared = Clock(row[0], row[1])
        return shared if row[2] is None else OwnClock(row[2], row[3]).beside(shared)

    def now(self, merchants_id: str = "") -> int:
        """The present instant of a merchant, or without a number of the shared clock, in milliseconds."""
        return self.get(merchants_id).now(real_now())

    def own(self, merchants_id: str) -> OwnClock | None:
        """A merchant's own clock, or None if it has the shared one."""
        row = self._execute("SELECT distance_ms, frozen_ms, moves FROM merchant_clocks "
                            "WHERE merchants_id = :mid", {"mid": merchants_id}).fetchone()
        return OwnClock(row[0], row[1], bool(row[2])) if row else None

    def own_ones(self, merchants: Iterable[str]) -> dict[str, OwnClock]:
        """The clocks of those of these merchants that have one of their own, by number."""
        wanted = {f"mid{number}": merchants_id for number, merchants_id in enumerate(set(merchants))}
        if not wanted:
            return {}
        names = ", ".join(f":{name}" for name in wanted)
        rows = self._execute("SELECT merchants_id, distance_ms, frozen_ms, moves FROM merchant_clocks "
                             f"WHERE merchants_id IN ({names})", wanted)
        return {row[0]: OwnClock(row[1], row[2], bool(row[3])) for row in rows}

    def owners(self) -> list[str]:
        """The merchants that have a clock of their own."""
        rows = self._execute("SELECT merchants_id FROM merchant_clocks ORDER BY merchants_id")
        return [row[0] for row in rows]

    def is_there(self) -> bool:
        """Whether the database has a clock; a new one, before the first data, has none."""
        return self._execute("SELECT 1 FROM clock").fetchone() is not None


class ClockTable(ClockReader):
    """Reads and sets the clocks."""

    def set(self, clock: Clock) -> None:
        """Set the shared clock."""
        self._execute("INSERT INTO clock (id, offset_ms, frozen_ms) VALUES (1, :offset, :frozen) "
                      "ON CONFLICT (id) DO UPDATE SET offset_ms = :offset, frozen_ms = :frozen",
                      {"offset": clock.offset, "frozen": clock.frozen})

    def set_own(self, merchants_id: str, clock: OwnClock | None) -> None:
        """Give a merchant a clock of its own, set it, or with None give it the shared one back."""
        mid = {"mid": merchants_id}
        if clock is None:
            self._execute("DELETE FROM merchant_clocks WHERE merchants_id = :mid", mid)
        else:
            self._execute("INSERT INTO merchant_clocks (merchants_id, distance_ms, frozen_ms, moves) "
                          "VALUES (:mid, :distance, :frozen, :moves) ON CONFLICT (merchants_id) DO UPDATE "
                          "SET distance_ms = :distance, frozen_ms = :frozen, moves = :moves",
                          {**mid, "distance": clock.distance, "frozen": clock.frozen,
                           "moves": int(clock.moves)})
        for table in _WITH_DUE:
            self._execute(f"UPDATE {table} SET shared_due_at = {shared_due(':mid', 'due_at')} "
                          "WHERE merchants_id = :mid AND due_at IS NOT NULL", mid)

    def stand(self, merchants_id: str, instant: int) -> None:
        """Let a merchant's clock, which is being moved, show another instant (milliseconds)."""
        self._execute("UPDATE merchant_clocks SET frozen_ms = :at WHERE merchants_id = :mid AND moves = 1",
                      {"mid": merchants_id, "at": instant})
