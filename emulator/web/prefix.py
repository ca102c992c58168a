"""Serves the emulator under the path of public_url, behind a reverse proxy."""
from collections.abc import Iterable
from urllib.parse import unquote_to_bytes
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from ..base.public_url import path_of
from .api import is_below
from .site import Site


class Prefixed:
    """A WSGI application whose URLs all begin with a path.

    Each request gets the path as its SCRIPT_NAME, escaped, because Flask copies SCRIPT_NAME into URLs
    unchanged. A request may arrive with or without the path: some proxies remove it, and requests that do not
    pass through the proxy do not have it.
    """

    def __init__(self, application: WSGIApplication, site: Site, path: str) -> None:
        self._application = application
        self._site = site
        self._path = path
        self._raw = unquote_to_bytes(path).decode("latin-1")  # WSGI decodes paths as Latin-1

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        environ["PATH_INFO"] = self._inside(environ.get("PATH_INFO", ""), environ["REQUEST_METHOD"])
        environ["SCRIPT_NAME"] = self._path
        return self._application(environ, start_response)

    def _inside(self, path: str, method: str) -> str:
        """The requested path without the prefix.

        The prefix may be equal to a path of the emulator, such as /pay. A path that has a route only with the
        prefix is not changed.
        """
        if path != self._raw and not path.startswith(f"{self._raw}/"):
            return path
        inside = path[len(self._raw):] or "/"
        is_own = self._finds(path, method) and (path == self._raw or not self._finds(inside, method))
        return path if is_own else inside

    def _finds(self, path: str, method: str) -> bool:
        return is_below(path) or self._site.app.url_map.bind("").test(path, method)


def put_under(application: WSGIApplication, site: Site, public_url: str) -> WSGIApplication:
    """The application under the path of public_url, if it has one; the `site` has all its routes."""
    path = path_of(public_url)
    return Prefixed(application, site, path) if path else application
