"""Ends the server when the process that started it has ended, in whatever way, also by SIGKILL.

The process is watched, and not the thread that started the server: Linux has a signal for that
(PR_SET_PDEATHSIG), but it comes as soon as that thread ends, while the program goes on.
"""
import logging
import os
import select
import signal
import threading
import time

LOOK_S = 0.2
log = logging.getLogger(__name__)


class Parent:
    """The process that has started this one. Make it early: whoever ends before is not known any more."""

    def __init__(self) -> None:
        self.number = os.getppid()

    def end_with_it(self) -> None:
        """Send SIGTERM to this process as soon as the parent has ended."""
        threading.Thread(target=self._watch, args=(os.getpid(),), name="parent", daemon=True).start()

    def _watch(self, process: int) -> None:
        # signals are for the main thread, which they wake
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        self._wait()
        os.kill(process, signal.SIGTERM)
        log.warning("the process %d, which started this server, has ended: the server ends too", self.number)

    def _wait(self) -> None:
        """Wait until the parent has ended."""
        descriptor = _descriptor(self.number)
        if descriptor is None:
            while self._is_there():
                time.sleep(LOOK_S)
            return
        try:
            if self._is_there():  # if not, the descriptor may be that of a later process
                select.select([descriptor], (), ())
        finally:
            os.close(descriptor)

    def _is_there(self) -> bool:
        """Whether the parent lives: the system gives the children of those that end to another process."""
        return os.getppid() == self.number


def _descriptor(process: int) -> int | None:
    """A descriptor that is readable when the process has ended; None where the system has none."""
    try:
        return os.pidfd_open(process)
    except (AttributeError, OSError):
        return None
