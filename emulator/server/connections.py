"""The connection of a client, with limits on the time for reading and writing."""
import errno
import select
import socket
import struct
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

IN_ALL = 6  # a body, or a piece of an answer, may take this many times the longest silence
FAREWELL_S = 2.0
LOOK_UP_S = 0.5
AT_ONCE = struct.pack("ii", 1, 0)  # the value of SO_LINGER with which closing drops unsent bytes
LATE = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Late(ConnectionResetError):
    """The client took too long."""

    def __init__(self, sentence: str) -> None:
        super().__init__(errno.ECONNRESET, sentence)


class Line(socket.socket):
    """An accepted connection.

    `patience_s` is the time in seconds for all headers of a request, and the longest silence afterwards. The
    context `waiting` is entered while the thread waits for the client. `is_too_late` says whether the server
    ends and waits for no further request.
    """

    def __init__(self, accepted: socket.socket, patience_s: float,
                 waiting: Callable[[], AbstractContextManager[None]],
                 is_too_late: Callable[[], bool]) -> None:
        super().__init__(accepted.family, accepted.type, accepted.proto, fileno=accepted.detach())
        self._patience_s = patience_s
        self._waiting = waiting
        self._timeout: float | None = None
        self._is_too_late = is_too_late
        self._heading = self._silent = True
        self._until = 0.0

    def expect_headers(self) -> None:
        """Start the time limit for the headers of a request."""
        self._heading = self._silent = True
        self._until = time.monotonic() + self._patience_s

    def expect_body(self) -> None:
        """Start the time limit for the body, after the headers."""
        self._heading = False
        self._until = time.monotonic() + self._patience_s * IN_ALL

    def settimeout(self, value: float | None) -> None:
        """Set a time-out in seconds; the shorter of it and the limits counts.

        The socket itself never blocks.
        """
        self._timeout = value

    def gettimeout(self) -> float | None:
        """The time-out that `settimeout` has set."""
        return self._timeout

    def setblocking(self, flag: bool) -> None:
        """Do nothing: the socket never blocks."""

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Read the next bytes. Raises Late."""
        while True:
            try:
                came = super().recv(size, flags | socket.MSG_DONTWAIT)
                self._silent = False
                return came
            except BlockingIOError:
                self._wait(select.POLLIN, self._until)

    def sendall(self, data: bytes, flags: int = 0) -> None:  # type: ignore[override]
        """Send all bytes. Raises Late when the client does not read them."""
        left, until = memoryview(data), time.monotonic() + self._patience_s * IN_ALL
        while left:
            try:
                left = left[super().send(left, socket.MSG_DONTWAIT):]
            except BlockingIOError:
                self._wait(select.POLLOUT, until)

    def rest(self) -> bytes:
        """What was received and nobody has read: nothing, unless the bytes are decrypted first."""
        return b""

    def has_left(self) -> bool:
        """Whether the client has closed the connection."""
        try:
            return super().recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    def is_readable(self) -> bool:
        """Whether the client has sent something, or has closed the connection."""
        poll = select.poll()
        poll.register(self, select.POLLIN)
        return bool(poll.poll(0))

    def _wait(self, event: int, until: float) -> None:
        """Wait until the socket is ready for `event`, at most until the monotonic time `until`.

        Raises Late.
        """
        silence_s = self._patience_s if self._timeout is None else self._timeout
        until = min(until, time.monotonic() + silence_s)
        poll = select.poll()
        poll.register(self, event)
        with self._waiting():
            while (left := until - time.monotonic()) > 0 and not self._is_over():
                if poll.poll(min(left, LOOK_UP_S) * 1_000):
                    return
        if event == select.POLLOUT:
            self.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        elif self._heading and not self._silent:
            self._say_late()
        raise Late(f"no data for {self._patience_s:g} s")

    def _is_over(self) -> bool:
        """Whether the server waits for no further request and the client has not begun one."""
        return self._heading and self._silent and self._is_too_late()

    def _say_late(self) -> None:
        """Answer 408 to a client whose headers did not come in time."""
        try:
            super().send(LATE, socket.MSG_DONTWAIT)
        except OSError:
            pass  # the client has left, or does not read

    def farewell(self) -> None:
        """Close the connection as RFC 9112, section 9.6, says, so that the last answer arrives."""
        if self._heading and self._silent:  # there was none
            self.close()
            return
        self._heading, self._timeout = False, None
        self._until = time.monotonic() + FAREWELL_S
        try:
            self.shutdown(socket.SHUT_WR)
            while self.recv(4_096) and time.monotonic() < self._until:
                continue
        except OSError:
            pass  # the client has closed it already, or sends nothing more
        self.close()
