"""Log lines without card numbers and without passwords of URLs."""
import logging
from typing import Any

from gunicorn import glogging

from ..base.urls import discreet
from ..protocol import card_numbers


class Discreet(logging.Formatter):
    """A formatter that masks card numbers and the passwords of URLs in every line."""

    def format(self, record: logging.LogRecord) -> str:
        """The masked line, with the traceback below it."""
        return discreet(card_numbers.hidden(super().format(record)))


class Logger(glogging.Logger):  # type: ignore[misc]  # gunicorn is not typed
    """gunicorn's logger with the masking formatter."""

    def setup(self, cfg: Any) -> None:
        """Set up the handlers as gunicorn does, but with our formatter."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(Discreet(self.error_fmt, self.datefmt))
