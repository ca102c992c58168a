"""The server behind a merchant's notify_url: it keeps the notifications, and responds as you choose."""
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from .errors import WaitTimeout
from .merchant import Merchant
from .received import Notification, notification
from .replies import Reply, reply_of

__tracebackhide__ = True  # pytest shows the line of the test
Answering = Reply | str | int | Callable[[Notification], "Reply | str | int"]
MOST_SHOWN = 20
LONGEST_BODY = 16 * 1024 * 1024


class Receiver:
    """An HTTP server on a free port, which responds with `success` by default.

    Notifications are verified with the tokens of its merchants. `host` is the address to listen on, and
    `name` the one under which the emulator reaches it, if that is another.
    """

    def __init__(self, *merchants: Merchant, host: str = "127.0.0.1", port: int = 0, name: str = "") -> None:
        self.notifications: list[Notification] = []
        self._tokens: dict[str, str] = {}
        self._replies: list[Answering] = ["success"]
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._server = _Server((host, port), _handler(self._receive, self._closed))
        self.url = f"http://{name or host}:{self._server.server_address[1]}/notify"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True,
                         name="tgpay-receiver").start()
        for merchant in merchants:
            self.serve(merchant)

    def serve(self, merchant: Merchant, notify_url: str | None = None) -> None:
        """Receive the notifications of a merchant: its notify_url is set to this receiver.

        `notify_url` is another one that leads here, such as one with a query of its own.
        """
        with self._changed:
            self._tokens[merchant.number] = merchant.token
        merchant.change(notify_url=notify_url or self.url)

    def reply(self, *replies: Answering) -> None:
        """Respond to the next notifications with these, one after the other, and with the last from then on.

        A reply is the text of a body, a status, a `Reply` (`slow(2)`, `NOTHING`, `CLOSED`), or a function
        that is called with the notification and returns one of these: the shop's own code, for instance.
        """
        with self._changed:
            self._replies = list(replies) or ["success"]

    def wait_for(self, order: str | None = None, *, verified: bool | None = True, timeout: float = 10.0,
                 **fields: str) -> Notification:
        """The first notification of an order, or of any, with these fields, as soon as it has arrived.

        With `verified=False` it is one whose signature is wrong, with None it may be either. Raises
        WaitTimeout after `timeout` seconds, with what arrived instead.
        """
        wanted = fields if order is None else {"out_trade_no": order, **fields}

        def fits(each: Notification) -> bool:
            return verified in (None, each.verified) and all(
                each[name] == value for name, value in wanted.items())

        with self._changed:
            found = self._changed.wait_for(lambda: next(filter(fits, self.notifications), None), timeout)
            if found is None:
                raise WaitTimeout(self._missing(wanted, verified, timeout))
            return found

    def wait_for_count(self, count: int, *, timeout: float = 10.0) -> list[Notification]:
        """The first `count` notifications, as soon as they have arrived. Raises WaitTimeout."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.notifications) >= count, timeout):
                raise WaitTimeout(f"{len(self.notifications)} of {count} notifications arrived in "
                                  f"{timeout:g} s"
                                  + self._listed())
            return self.notifications[:count]

    def clear(self) -> None:
        """Forget the received notifications."""
        with self._changed:
            self.notifications.clear()

    def _missing(self, wanted: dict[str, str], verified: bool | None, seconds: float) -> str:
        """The sentence for a notification that did not come, with the one that is most like it."""
        named = " ".join(f"{name}={value}" for name, value in wanted.items())
        adjective = {True: "correctly signed ", False: "wrongly signed ", None: ""}[verified]
        said = f"no {adjective}notification {named}".rstrip() + f" arrived in {seconds:g} s"
        if not self.notifications:
            return f"{said}: none arrived at all. The merchant's notify_url must be {self.url}"
        if not self._tokens:
            said += " (this receiver knows no merchant's token: make it with Receiver(merchant))"
        return said + self._listed()

    def _listed(self) -> str:
        came = [f"\n  {each}" for each in self.notifications[-MOST_SHOWN:]]
        return f"; {len(self.notifications)} arrived:{''.join(came)}" if came else ""

    def _receive(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Reply:
        """Keep a notification, and return what is answered."""
        with self._changed:
            received = notification(method, target, headers, body, self._tokens)
            reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        try:
            # the receiver waits for no function: a shop's code may ask the receiver itself
            answer = reply_of(reply(received) if callable(reply) else reply)
        except Exception as wrong:
            answer = Reply(f"{type(wrong).__name__}: {wrong}", 500)
        finally:
            with self._changed:
                self.notifications.append(received)
                self._changed.notify_all()
        return answer

    def close(self) -> None:
        """Stop the server; connections that wait for an answer are closed."""
        self._closed.set()
        self._server.shutdown()
        self._server.server_close()

    def __repr__(self) -> str:
        return f"<Receiver {self.url}: {len(self.notifications)} notifications>"

    def __enter__(self) -> "Receiver":
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def server_bind(self) -> None:
        """Take the address, without the look-up of its name, which may take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: the emulator has hung up, and its journal says so."""


def _handler(receive: Callable[[str, str, dict[str, str], bytes], Reply],
             closed: threading.Event) -> type[BaseHTTPRequestHandler]:
    """A handler class that passes each request to `receive` and sends its reply."""
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = min(int(self.headers.get("Content-Length") or 0), LONGEST_BODY)
            reply = receive(self.command, self.path, dict(self.headers.items()), self.rfile.read(length))
            closed.wait(reply.delay)
            self.close_connection = True
            if reply.sent and not (reply.delay and closed.is_set()):
                self._send(reply)
            else:
                self.connection.shutdown(socket.SHUT_RDWR)

        def _send(self, reply: Reply) -> None:
            body = reply.body.encode()
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer

        def log_message(self, *args: Any) -> None:
            pass

    return Handler
