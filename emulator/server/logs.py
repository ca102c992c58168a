"""Log lines without card numbers and without passwords of URLs, as text or as JSON."""
import json
import logging
import sys
import threading
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from gunicorn import glogging

from ..base import traffic
from ..base.settings import Settings
from ..base.urls import discreet
from ..base.values import JSON
from ..protocol import card_numbers

TEXT_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
log = logging.getLogger(__name__)


def _masked(text: str) -> str:
    return discreet(card_numbers.hidden(text))


class Discreet(logging.Formatter):
    """A formatter that masks card numbers and the passwords of URLs in every line."""

    def format(self, record: logging.LogRecord) -> str:
        """The masked line, with the traceback below it."""
        return _masked(super().format(record))


class JsonLines(logging.Formatter):
    """A formatter that makes one JSON object of each record; its texts are masked."""

    def format(self, record: logging.LogRecord) -> str:
        """The line: time (UTC), level, logger, message, `exception` if there is one, and a record's members.
        """
        line = {"time": _instant(record.created), "level": record.levelname.lower(), "logger": record.name,
                "message": _masked(record.getMessage())}
        if record.exc_info and record.exc_info[0]:
            line["exception"] = _masked(self.formatException(record.exc_info))
        if record.stack_info:
            line["stack"] = _masked(self.formatStack(record.stack_info))
        for name, value in getattr(record, traffic.MEMBERS, {}).items():
            line.setdefault(name, _masked(value) if isinstance(value, str) else value)
        return json.dumps(line)


def _instant(seconds: float) -> str:
    """An instant in ISO 8601 with milliseconds, such as 2026-01-31T12:00:00.000Z."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def json_line(level: int, name: str, message: str) -> str:
    """The JSON line of a message that no logger writes."""
    return JsonLines().format(logging.makeLogRecord({
        "name": name, "levelno": level, "levelname": logging.getLevelName(level), "msg": message}))


class Logger(glogging.Logger):  # type: ignore[misc]  # gunicorn is not typed
    """gunicorn's logger with the masking formatter."""

    def setup(self, cfg: Any) -> None:
        """Set up the handlers as gunicorn does, but with our formatter."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(self._formatter())

    def _formatter(self) -> logging.Formatter:
        return Discreet(self.error_fmt, self.datefmt)


class JsonLogger(Logger):
    """gunicorn's logger with lines in JSON."""

    def _formatter(self) -> logging.Formatter:
        return JsonLines()


def logger_class(settings: Settings) -> type[Logger]:
    """The class of gunicorn's logger."""
    return JsonLogger if settings.log_format == JSON else Logger


def write_to_stderr(settings: Settings) -> None:
    """Write the log of this process to standard error, in the format of the settings."""
    is_json = settings.log_format == JSON
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if is_json else Discreet(TEXT_FORMAT))
    logging.basicConfig(level=str(settings.log_level).upper(), handlers=[handler])
    if not settings.log_requests:
        traffic.TRAFFIC.setLevel(logging.CRITICAL)
    if is_json:
        _log_what_is_printed_otherwise()


def _log_what_is_printed_otherwise() -> None:
    """Log warnings and uncaught exceptions, which Python would print as text."""
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = lambda failed: _uncaught(
        failed.exc_type, failed.exc_value or failed.exc_type(), failed.exc_traceback)


def _uncaught(kind: type[BaseException], failure: BaseException, trace: TracebackType | None) -> None:
    log.critical("an exception was not caught", exc_info=(kind, failure, trace))
