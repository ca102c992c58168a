"""All pages, as a Flask application that is made when one is asked for."""
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.wrappers import Response

from ..protocol.replies import PostForm
from .emulator import Emulator

if TYPE_CHECKING:
    from flask import Flask


class Site:
    """Answers requests for pages. `whole` is the application of the whole emulator.

    Flask and the pages are loaded when the first page is asked for. Most servers run in tests, where nobody
    looks at a page, and they would take a fifth of each start.
    """

    def __init__(self, emulator: Emulator, whole: WSGIApplication) -> None:
        self._emulator = emulator
        self._whole = whole
        self._lock = threading.Lock()
        self._made: "Flask | None" = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        return self.app(environ, start_response)

    @property
    def app(self) -> "Flask":
        """The Flask application."""
        with self._lock:
            if self._made is None:
                from .flask_application import made

                self._made = made(self._emulator, self._whole)
            return self._made

    def finds(self, path: str, method: str) -> bool:
        """Whether a path is one of a page, and takes the method."""
        return self.app.url_map.bind("").test(path, method)

    def show_form(self, response: Response, form: PostForm, environ: WSGIEnvironment) -> None:
        """Make a response the page that sends the browser on by posting a form."""
        from flask import render_template

        from . import pages

        with self.app.request_context(environ):
            page = render_template("post_form.html", form=form, texts=pages.texts())
        response.set_data(page)
        pages.secure(response)
