"""Wakes the threads that do what falls due."""
import os
import select
import threading


class Signal:
    """Wakes the scheduler from any process, through a pipe that is made before the processes fork.

    It also wakes the thread of this process that makes attempts while another process leads.
    """

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        self._here = threading.Event()

    def ring(self) -> None:
        """Wake the process that waits, or the next one that waits, and this process."""
        self.ring_here()
        try:
            os.write(self._writer, b"!")
        except BlockingIOError:  # the pipe is full: the signal is set already
            pass

    def ring_here(self) -> None:
        """Wake this process only."""
        self._here.set()

    def wait(self, seconds: float) -> None:
        """Wait for the signal, at most `seconds`."""
        if select.select([self._reader], [], [], seconds)[0]:
            try:
                os.read(self._reader, 65536)
            except BlockingIOError:
                pass

    def wait_here(self, seconds: float) -> None:
        """Wait for a signal from this process, at most `seconds`."""
        self._here.wait(seconds)
        self._here.clear()
