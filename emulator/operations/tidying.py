"""Keeps the database short while a process leads; only the thread that does so waits for the disk."""
import logging
import threading
import time

from ..base.clock import real_now
from ..base.settings import Settings
from ..store import Store, Unusable

CHECKPOINT_EVERY_S = 1
TIDY_EVERY_S = 5
log = logging.getLogger(__name__)


def keep_tidy(store: Store, settings: Settings, stopping: threading.Event, ended: threading.Event) -> None:
    """The body of a thread that takes over the database's log, and deletes what is old, until one is set."""
    tidied = 0.0
    while not stopping.wait(CHECKPOINT_EVERY_S) and not ended.is_set():
        try:
            with store.reported():
                store.checkpoint()
                if time.monotonic() - tidied > TIDY_EVERY_S:
                    store.tidy(real_now(), settings.keep, settings.keep_entries)
                    tidied = time.monotonic()
        except Unusable:  # the store has logged it
            continue
        except Exception:
            log.exception("the database's log could not be merged; trying again")
        finally:
            store.leave()
