"""All pages, as a Flask application of their own that is made when one is asked for."""
import threading
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, Response, render_template
from werkzeug.exceptions import HTTPException

from ..protocol.replies import PostForm
from .application import Application
from .bodies import is_control
from .troubles import answer_troubles

PROBES = ("/livez", "/readyz")


class Site:
    """Answers requests for pages, and passes those to the control interface on to `control`.

    The application is made when it is first asked for something. Most servers run in tests, where nobody
    looks at a page, and its modules would take a tenth of each start.
    """

    def __init__(self, extensions: dict[str, Any], control: WSGIApplication) -> None:
        self._extensions = extensions
        self._control = control
        self._lock = threading.Lock()
        self._made: Flask | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        path = environ.get("PATH_INFO", "")
        answer = self._control if is_control(path) or path in PROBES else self.app
        return answer(environ, start_response)

    @property
    def app(self) -> Flask:
        """The application, with the routes of the control interface too, so that pages can link to them."""
        with self._lock:
            if self._made is None:
                self._made = _application(self._extensions)
            return self._made

    def show_form(self, response: Response, form: PostForm, environ: WSGIEnvironment) -> None:
        """Make a response the page that sends the browser on by posting a form."""
        from . import pages

        with self.app.request_context(environ):
            page = render_template("post_form.html", form=form, texts=pages.texts())
        response.set_data(page)
        pages.secure(response)


def _application(extensions: dict[str, Any]) -> Flask:
    from . import cashier, console, control, demo, documentation, pages, payment_code, sdk, terminal

    def not_routed(error: HTTPException) -> Response:
        """The response to a path or method without a route."""
        return pages.not_found() if error.code == 404 else Response(error.description, 405)

    def unusable(trouble: Exception) -> Response:
        """The response while the database cannot be used."""
        return pages.page("refused.html", 503, heading="unusable", sentence=str(trouble))

    app = Application(extensions)
    for module in (pages, cashier, payment_code, terminal, sdk, demo, control, console, documentation):
        app.register_blueprint(module.blueprint)
    app.register_blueprint(control.probes)
    answer_troubles(app, not_routed, unusable)
    return app
