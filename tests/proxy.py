"""A reverse proxy that shows a server under a path of its site, and answers nothing else."""
import http.client
import http.server
import threading
from typing import Any
from urllib.parse import urlsplit

HOP_BY_HOP = ("connection", "keep-alive", "transfer-encoding", "host")


class Proxy:
    """Listens at once; `site` is its address. It keeps what it was asked for outside of the path.

    Like nginx it names the server itself as the host. Events are passed on as they come.
    """

    def __init__(self) -> None:
        self.outside: list[str] = []
        self.path = self.server = ""
        self.strips = True
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def handle_one(self) -> None:
                proxy.pass_on(self)

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = handle_one

            def log_message(self, *args: Any) -> None:
                pass

        self.listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.listener.daemon_threads = True
        self.site = f"http://127.0.0.1:{self.listener.server_address[1]}"
        listening = threading.Thread(target=self.listener.serve_forever, args=(0.05,), daemon=True)
        listening.start()

    def shows(self, server: str, path: str, strips: bool) -> None:
        """From now on a server's address is shown under a path, which the server is told or not."""
        self.server, self.path, self.strips = server, path, strips

    def pass_on(self, asked: http.server.BaseHTTPRequestHandler) -> None:
        """Ask the server, and pass its answer on."""
        path, question, query = asked.path.partition("?")
        if path != self.path and not path.startswith(f"{self.path}/"):
            self.outside.append(asked.path)
            asked.send_error(404)
            return
        target = f"{(path[len(self.path):] or '/') if self.strips else path}{question}{query}"
        body = asked.rfile.read(int(asked.headers.get("Content-Length") or 0))
        line = http.client.HTTPConnection(urlsplit(self.server).netloc, timeout=60)
        try:
            line.request(asked.command, target, body or None, _end_to_end(asked.headers))
            _answer(asked, line.getresponse())
        except (BrokenPipeError, ConnectionResetError):
            pass  # the browser has left
        finally:
            line.close()

    def close(self) -> None:
        self.listener.shutdown()
        self.listener.server_close()


def _answer(asked: http.server.BaseHTTPRequestHandler, answer: http.client.HTTPResponse) -> None:
    asked.send_response_only(answer.status, answer.reason)
    for name, value in answer.getheaders():
        if name.lower() not in HOP_BY_HOP:
            asked.send_header(name, value)
    asked.send_header("Connection", "close")
    asked.end_headers()
    while piece := answer.read1(65_536):
        asked.wfile.write(piece)
        asked.wfile.flush()


def _end_to_end(headers: Any) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in HOP_BY_HOP}
