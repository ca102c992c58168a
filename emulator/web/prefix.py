"""The path of public_url in front of every address, for an emulator behind a reverse proxy."""
from collections.abc import Callable
from urllib.parse import unquote_to_bytes
from wsgiref.types import WSGIEnvironment


class Prefix:
    """The path with which all URLs begin.

    Each request gets the path as its SCRIPT_NAME, escaped, because Flask copies SCRIPT_NAME into URLs
    unchanged. A request may arrive with or without the path: some proxies remove it, and requests that do not
    pass through the proxy do not have it. `finds` is whether a path takes a method.
    """

    def __init__(self, path: str, finds: Callable[[str, str], bool]) -> None:
        self._path = path
        self._finds = finds
        self._raw = unquote_to_bytes(path).decode("latin-1")  # WSGI decodes paths as Latin-1

    def remove(self, environ: WSGIEnvironment) -> None:
        """Remove the prefix from the path of a request."""
        environ["PATH_INFO"] = self._inside(environ.get("PATH_INFO", ""), environ["REQUEST_METHOD"])
        environ["SCRIPT_NAME"] = self._path

    def _inside(self, path: str, method: str) -> str:
        """The requested path without the prefix.

        The prefix may be equal to a path of the emulator, such as /pay. A path that has a route only with the
        prefix is not changed.
        """
        if path != self._raw and not path.startswith(f"{self._raw}/"):
            return path
        inside = path[len(self._raw):] or "/"
        is_own = (path == self._raw or not self._finds(inside, method)) and self._finds(path, method)
        return path if is_own else inside
