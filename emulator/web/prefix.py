"""The path of public_url: the emulator behind a reverse proxy that shows it under a path of its site."""
from urllib.parse import unquote_to_bytes
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask

from ..base.public_url import path_of


class Prefixed:
    """An application whose addresses begin with a path.

    Each request has the path as its SCRIPT_NAME, escaped, because Flask writes that into URLs as it is. It
    may come with the path or without it: some proxies strip it, and so does who opens the server itself.
    """

    def __init__(self, application: WSGIApplication, app: Flask, path: str) -> None:
        self._application = application
        self._routes = app.url_map
        self._path = path
        self._raw = unquote_to_bytes(path).decode("latin-1")  # as WSGI has paths

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> object:
        """Answer a request."""
        environ["PATH_INFO"] = self._inside(environ.get("PATH_INFO", ""), environ["REQUEST_METHOD"])
        environ["SCRIPT_NAME"] = self._path
        return self._application(environ, start_response)

    def _inside(self, path: str, method: str) -> str:
        """The requested path without the prefix.

        A prefix may be the name of one of the emulator's own paths, such as /pay: a path that is found only
        with it stays as it is.
        """
        if path != self._raw and not path.startswith(f"{self._raw}/"):
            return path
        inside = path[len(self._raw):] or "/"
        is_own = self._finds(path, method) and (path == self._raw or not self._finds(inside, method))
        return path if is_own else inside

    def _finds(self, path: str, method: str) -> bool:
        return self._routes.bind("").test(path, method)


def put_under(app: Flask, public_url: str) -> None:
    """Put the application under the path of its public address, where that has one."""
    path = path_of(public_url)
    if path:
        app.wsgi_app = Prefixed(app.wsgi_app, app, path)  # type: ignore[assignment,method-assign]
