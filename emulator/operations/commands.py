"""Commands to the scheduler: move the clock, flush the outbox, replay a notification."""
import json
from collections.abc import Mapping
from typing import Any

from ..base import durations
from ..base.clock import from_iso, real_now
from ..domain.errors import Failed, Invalid
from ..store import KeyUsed, Store
from .scheduler import Scheduler
from .unit import check_everybody, notification_of
from .watching import Waiting

EARLIEST, LATEST = from_iso("2000-01-01"), from_iso("2100-01-01")
RANGE = "the clock runs from 2000 to 2100"
MOVES = ("advance", "set", "freeze", "reset")


class Commands:
    """Sends commands to the scheduler, in any process, and waits for their results.

    A request that waits does not keep other requests from being served.
    """

    def __init__(self, store: Store, scheduler: Scheduler, waiting: Waiting) -> None:
        self._store = store
        self._scheduler = scheduler
        self._waiting = waiting

    def move_clock(self, given: Mapping[str, Any], key: str = "") -> dict[str, Any]:
        """Move the clock, and do what falls due on the way; return the clock and what was done.

        `given` has one of `advance` (a duration), `set` (ISO 8601), `freeze` (bool) and `reset` (true). A
        call that is repeated with its idempotency `key` moves the clock only once and returns the same
        result. Raises Forbidden, Invalid, Failed if the move was not finished, and TimeoutError.
        """
        check_everybody(self._store.owner)
        written = json.dumps(given, sort_keys=True)
        try:
            before = self._store.read().keys.find(key, written, real_now()) if key else None
            # A repeated call is not checked again, because the clock has moved since.
            result = (self._wait_for(before) if before
                      else self._ask("clock", self._checked(given), key, written))
        except KeyUsed as used:
            raise Invalid({}, "the Idempotency-Key was used with another body; take a new one") from used
        if "error" in result:
            raise Failed(f"the clock was not moved to the end: {result['error']}")
        return result

    def _checked(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The argument of the clock command. Raises Invalid."""
        name, value = next(iter(given.items()), ("", None))
        if len(given) != 1 or name not in MOVES:
            raise Invalid({}, f"send exactly one of {', '.join(MOVES[:-1])} and {MOVES[-1]}")
        try:
            if name == "advance":
                return {name: self._step(value)}
            if name == "set":
                return {name: _instant(value)}
        except (TypeError, ValueError) as error:
            raise Invalid({name: str(error)}, f"{name}: {error}") from error
        if not isinstance(value, bool) or (name == "reset" and not value):
            raise Invalid({name: "must be true" if name == "reset" else "must be true or false"})
        return {name: value}

    def _step(self, value: Any) -> int:
        step = durations.parse(value)
        if self._store.read().clock.now() + step > LATEST:
            raise ValueError(RANGE)
        return step

    def flush(self) -> dict[str, Any]:
        """Try to send everything that is due; return what was done and skipped.

        Raises Forbidden and TimeoutError.
        """
        check_everybody(self._store.owner)
        return self._ask("flush", {})

    def replay(self, notification_id: int) -> None:
        """Send a notification once more, now, in any status. Raises NotFound and TimeoutError."""
        notification_of(self._store.read(), notification_id)
        self._ask("replay", {"id": notification_id})

    def _ask(self, command: str, argument: Mapping[str, Any], key: str = "",
             body: str = "") -> dict[str, Any]:
        with self._waiting.pause():
            return self._scheduler.ask(command, argument, key, body)

    def _wait_for(self, number: int) -> dict[str, Any]:
        with self._waiting.pause():
            return self._scheduler.wait_for(number)


def _instant(value: Any) -> int:
    instant = from_iso(value)
    if not EARLIEST <= instant <= LATEST:
        raise ValueError(RANGE)
    return instant
