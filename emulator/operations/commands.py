"""Commands to the scheduler: move the clock, flush the outbox, replay a notification."""
import json
from collections.abc import Mapping
from typing import Any

from ..base import durations
from ..base.clock import from_iso, real_now
from ..domain.errors import Failed, Invalid
from ..store import KeyUsed, Store
from .command_plans import CLOCK, FLUSH, REPLAY
from .scheduler import Scheduler
from .unit import check_everybody, merchant_of, notification_of
from .watching import Waiting

EARLIEST, LATEST = from_iso("2000-01-01"), from_iso("2100-01-01")
RANGE = "the clock can show times from 2000 to 2100"
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
        """Move a clock, and do what falls due on the way; return the clock and what was done.

        `given` has one of `advance` (a duration), `set` (ISO 8601), `freeze` (bool) and `reset` (true). With
        `merchants_id` it is the clock of this merchant alone, else that of everybody. A call that is repeated
        with its idempotency `key` moves the clock only once and returns the same result. Raises NotFound,
        Forbidden, Invalid, Failed if the move was not finished, and TimeoutError.
        """
        merchants_id = self._concerned(given)
        written = json.dumps(given, sort_keys=True)
        try:
            before = self._store.read().keys.find(key, written, real_now()) if key else None
            # A repeated call is not checked again, because the clock has moved since.
            result = (self._wait_for(before) if before
                      else self._ask(CLOCK, self._checked(given, merchants_id), key, written))
        except KeyUsed as used:
            raise Invalid({}, "the Idempotency-Key was used with another body; take a new one") from used
        if "error" in result:
            raise Failed(f"the clock move was not finished: {result['error']}")
        return result

    def _concerned(self, given: Mapping[str, Any]) -> str:
        """The merchant that a command concerns, or an empty number for everybody.

        Raises NotFound for an unknown merchant, Forbidden, and Invalid.
        """
        if "merchants_id" not in given:
            check_everybody(self._store.owner)
            return ""
        merchants_id = given["merchants_id"]
        if not isinstance(merchants_id, str) or not merchants_id:
            raise Invalid({"merchants_id": "must be the number of a merchant"})
        return merchant_of(self._store.read(), merchants_id).merchants_id

    def _checked(self, given: Mapping[str, Any], merchants_id: str) -> dict[str, Any]:
        """The argument of the clock command. Raises Invalid."""
        whose = {"merchants_id": merchants_id} if merchants_id else {}
        moves = {name: value for name, value in given.items() if name not in whose}
        name, value = next(iter(moves.items()), ("", None))
        if len(moves) != 1 or name not in MOVES:
            raise Invalid({}, f"send exactly one of {', '.join(MOVES[:-1])} and {MOVES[-1]}")
        try:
            if name in ("advance", "set"):
                return {name: self._passing(name, value, merchants_id), **whose}
        except (TypeError, ValueError) as error:
            raise Invalid({name: str(error)}, f"{name}: {error}") from error
        if not isinstance(value, bool) or (name == "reset" and not value):
            raise Invalid({name: "must be true" if name == "reset" else "must be true or false"})
        return {name: value, **whose}

    def _passing(self, name: str, value: Any, merchants_id: str) -> int:
        """The milliseconds by which a clock advances, or the instant to which it is set.

        Raises TypeError and ValueError.
        """
        if name == "set":
            instant = passing = from_iso(value)
        else:
            passing = durations.parse(value)
            instant = self._store.read().clock.now(merchants_id) + passing
        if not EARLIEST <= instant <= LATEST:
            raise ValueError(RANGE)
        return passing

    def flush(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Try to send everything that is due; return what was done and skipped.

        `given` may have the `merchants_id` of the only merchant whose notifications are waited for. Raises
        NotFound, Forbidden, Invalid, and TimeoutError.
        """
        merchants_id = self._concerned(given)
        return self._ask(FLUSH, {"merchants_id": merchants_id} if merchants_id else {})

    def replay(self, notification_id: int) -> None:
        """Send a notification once more, now, in any status. Raises NotFound and TimeoutError."""
        notification_of(self._store.read(), notification_id)
        self._ask(REPLAY, {"id": notification_id})

    def _ask(self, command: str, argument: Mapping[str, Any], key: str = "",
             body: str = "") -> dict[str, Any]:
        with self._waiting.pause():
            return self._scheduler.ask(command, argument, key, body)

    def _wait_for(self, number: int) -> dict[str, Any]:
        with self._waiting.pause():
            return self._scheduler.wait_for(number)
