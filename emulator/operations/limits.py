"""The rate limit of merchants (the setting `rate_limit`).

A merchant's requests are counted in the database (`store.limits`), which all worker processes of a server
share, and all servers on it. Time is real time, because the emulator's clock may stand still.
"""
from ..base import durations
from ..base.clock import real_now
from ..base.rates import Rate
from ..store import Store


class Limiter:
    """Counts requests of merchants and says which are too many."""

    def __init__(self, store: Store, rate: Rate) -> None:
        self._store = store
        self.rate = rate

    def wait_of(self, merchants_id: str) -> int:
        """Count a request of a merchant: 0, or if it is one too many, the milliseconds until there is room.

        A refused request is not counted, and writes nothing. Raises store.Unusable.
        """
        wait = self.rate.wait(self._store.read().limits.full_at(merchants_id), real_now())
        if wait:
            return wait
        # The instant is read under the lock, so that it does not grow old while the request waits for it.
        return self._store.write_together(
            lambda tables: tables.limits.take(merchants_id, self.rate, real_now()))

    def sentence(self, merchants_id: str, wait: int) -> str:
        """Why a request is refused; `wait` is the time until there is room, in milliseconds."""
        seconds = -(-wait // durations.SECOND)
        return (f"the rate limit of merchant {merchants_id} is reached, {self.rate.written}; "
                f"send the next request in {seconds} s")
