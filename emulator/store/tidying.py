"""Deletes old entries and orders that have ended, in small steps, so that no payment waits for long."""
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from ..base import durations
from . import retention
from .access import Reader, Writer
from .upkeep import BATCH

PAUSE_S = 0.02
LOOK_AGAIN = durations.HOUR


class Tidying:
    """Deletes in the database of `read` and `write`; `checkpoint` is called after each larger part."""

    def __init__(self, read: Callable[[], Reader], write: Callable[[], AbstractContextManager[Writer]],
                 checkpoint: Callable[[], object]) -> None:
        self._read = read
        self._write = write
        self._checkpoint = checkpoint
        self._looked_at = 0  # the last id of the history that was looked at for orders that have ended
        self._begun: int | None = None  # when looking began with the first id, in real time

    def __call__(self, real: int, keep: int | None, most: int | None) -> None:
        """Delete entries and orders of more than `keep` milliseconds, and entries beyond the newest `most`.

        None means no limit. `real` is the present instant in real time.
        """
        with self._write() as writer:
            writer.upkeep.mark(real)
            deleted = writer.upkeep.delete_some(real, keep, most)
        while deleted >= BATCH:
            time.sleep(PAUSE_S)
            with self._write() as writer:
                deleted = writer.upkeep.delete_some(real, keep, most)
        if keep is not None:
            self._delete_orders(real, keep)

    def _delete_orders(self, real: int, keep: int) -> None:
        """Delete old orders that have ended.

        Each row of the history is looked at once, because the row of an order's last event is the one that
        gets old last. What does not depend on real time keeps some orders longer, so that now and then
        looking begins again with the first row.
        """
        if self._begun is None or not self._begun <= real < self._begun + LOOK_AGAIN:
            self._begun, self._looked_at = real, 0
        while True:
            reader = self._read()
            limits = reader.retention.limits(real, reader.clock.now(), keep)
            found, reached = reader.retention.find(limits, self._looked_at)
            for place in range(0, len(found), retention.BATCH):
                with self._write() as writer:
                    for order_id in found[place:place + retention.BATCH]:
                        writer.retention.delete(order_id, limits)
                time.sleep(PAUSE_S)
            if reached == self._looked_at:
                return
            if found:
                self._checkpoint()
            self._looked_at = reached
