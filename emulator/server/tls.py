"""A connection with TLS.

The bytes pass through an SSLObject in memory, so that the limits of time, and the thread that is given away
while the client is waited for, are those of a plain connection, for the handshake too.
"""
import errno
import socket
import ssl
import threading
from contextlib import suppress
from typing import Any

from .connections import LATE, Line

PIECE = 64 * 1024
HANDSHAKE = 0x16  # the first byte of every connection with TLS
_SENTENCE = b"This port speaks https only.\n"
PLAIN = (b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n"
         b"Content-Length: %d\r\n\r\n%b" % (len(_SENTENCE), _SENTENCE))


class TlsLine(Line):
    """An accepted connection whose client speaks TLS. The handshake is made when it is first read.

    `given` is what a `Line` takes. A client that speaks HTTP without TLS is answered 400.
    """

    def __init__(self, context: ssl.SSLContext, *given: Any) -> None:
        super().__init__(*given)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        # another thread may look whether the client has left
        self._lock = threading.Lock()
        self._ahead = b""  # what was read meanwhile
        self._has_begun = self._is_plain = self._is_over_tls = False

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Read the next decrypted bytes; empty when the client sends no more. Raises Late and OSError."""
        if self._is_over_tls:  # the rest is only awaited
            return super().recv(size, flags)
        silent = self._silent
        while True:
            came = self._decrypted(size)
            self._flush()
            if came is not None:
                self._silent = silent and not came
                return came
            self._feed(super().recv(PIECE))
            self._silent = silent  # a handshake begins no request

    def _decrypted(self, size: int) -> bytes | None:
        """Decrypted bytes, empty at the end, None when more must come. Raises OSError."""
        with self._lock:
            if self._ahead:
                came, self._ahead = self._ahead[:size], self._ahead[size:]
                return came
            try:
                return self._tls.read(size)
            except ssl.SSLWantReadError:
                return None
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""
            except ssl.SSLError as error:
                failure = ConnectionResetError(errno.ECONNRESET, f"TLS: {error.reason or error}")
        with suppress(OSError):
            self._flush()  # tells the client why
        raise failure

    def _feed(self, came: bytes) -> None:
        """Take encrypted bytes; none are the end. Raises OSError for a client that speaks no TLS."""
        if came and not self._has_begun and came[0] != HANDSHAKE:
            self._is_plain = True
            super().sendall(PLAIN)
            raise ConnectionResetError(errno.ECONNRESET, "the client speaks no TLS")
        self._has_begun = True
        with self._lock:
            if came:
                self._incoming.write(came)
            else:
                self._incoming.write_eof()

    def _flush(self) -> None:
        """Send what TLS has to say. Raises Late and OSError."""
        with self._lock:
            said = self._outgoing.read()
        if said:
            super().sendall(said)

    def sendall(self, data: bytes, flags: int = 0) -> None:  # type: ignore[override]
        """Encrypt and send all bytes. Raises Late when the client does not read them."""
        self._encrypt(data)
        self._flush()

    def _encrypt(self, data: bytes) -> None:
        left = memoryview(data)
        with self._lock:
            while left:
                try:
                    left = left[self._tls.write(left):]
                except ssl.SSLError as error:
                    raise BrokenPipeError(errno.EPIPE, f"TLS: {error.reason or error}") from error

    def rest(self) -> bytes:
        """The decrypted bytes that nobody has read, such as a request that came together with another one."""
        rest = b""
        with suppress(OSError):
            while came := self._decrypted(PIECE):
                rest += came
        return rest

    def has_left(self) -> bool:
        """Whether the client has closed the connection, or said that it will."""
        try:
            came = socket.socket.recv(self, PIECE, socket.MSG_DONTWAIT)
            self._feed(came)
        except BlockingIOError:
            return False
        except OSError:
            return True
        ahead = self.rest()
        with self._lock:
            self._ahead += ahead
            try:
                return self._tls.read(1) == b""
            except ssl.SSLWantReadError:
                return False
            except ssl.SSLError:
                return True

    def _say_late(self) -> None:
        """Answer 408, encrypted, to a client whose headers did not come in time."""
        with suppress(OSError):
            self._encrypt(LATE)
            self._say_at_once()

    def _say_at_once(self) -> None:
        """Send what TLS has to say, as far as the client takes it. Raises OSError."""
        with self._lock:
            said = self._outgoing.read()
        if said:
            self.send(said, socket.MSG_DONTWAIT)

    def farewell(self) -> None:
        """Say that nothing more comes, then close the connection as a plain one is closed."""
        if not (self._is_plain or self._is_over_tls):
            with suppress(OSError):
                with self._lock, suppress(ssl.SSLError):
                    self._tls.unwrap()
                self._say_at_once()
        self._is_over_tls = True
        super().farewell()
