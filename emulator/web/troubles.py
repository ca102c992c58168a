"""Responses to unknown paths, and while the database cannot be used (503)."""
from collections.abc import Callable

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from ..store import DatabaseError, Unusable
from .current import emulator


def answer_troubles(app: Flask, not_routed: Callable[[HTTPException], Response],
                    unusable: Callable[[Exception], Response]) -> None:
    """Let `not_routed` answer unknown paths and methods, and `unusable` while the database cannot be used."""
    def failed(error: Exception) -> Response:
        """The response to a database error. Raises the error again when it is a bug of the emulator."""
        try:
            with emulator().store.reported():
                raise error
        except Unusable as trouble:
            return unusable(trouble)

    app.register_error_handler(404, not_routed)
    app.register_error_handler(405, not_routed)
    app.register_error_handler(Unusable, unusable)
    app.register_error_handler(DatabaseError, failed)
