"""Log lines without card numbers and without passwords of URLs, as text or as JSON."""
import json
import logging
import os
import select
import stat
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from gunicorn import glogging
from msgspec.json import encode

from ..base import traffic
from ..base.clock import host_now
from ..base.settings import Settings
from ..base.urls import discreet
from ..base.values import JSON
from ..protocol import card_numbers

TEXT_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
log = logging.getLogger(__name__)


def masked(text: str) -> str:
    """The text without card numbers and without passwords of URLs."""
    return discreet(card_numbers.hidden(text))


class Discreet(logging.Formatter):
    """A formatter that masks card numbers and the passwords of URLs in every line."""

    def format(self, record: logging.LogRecord) -> str:
        """The masked line, with the traceback below it."""
        return masked(super().format(record))


class JsonLines(logging.Formatter):
    """A formatter that makes one JSON object of each record; its texts are masked."""

    def format(self, record: logging.LogRecord) -> str:
        """The line: time (UTC), level, logger, message, `exception` if there is one.
        """
        line = {"time": _instant(record.created), "level": record.levelname.lower(), "logger": record.name,
                "message": masked(record.getMessage())}
        if record.exc_info and record.exc_info[0]:
            line["exception"] = masked(self.formatException(record.exc_info))
        if record.stack_info:
            line["stack"] = masked(self.formatStack(record.stack_info))
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


class Lines:
    """Writes the lines of requests and attempts to a descriptor, in the format of the log, quickly.

    Their values have no secrets and no line breaks. A line is left out while nobody reads the pipe that the
    descriptor is: no request waits for a log.
    """

    def __init__(self, descriptor: int, is_json: bool) -> None:
        self._descriptor = descriptor
        self._made = self._object if is_json else self._text
        self._second = 0, ""
        self._is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)

    def write(self, logger: str, line: str, values: traffic.Values) -> None:
        """Write a line. One that cannot be written is left out."""
        try:
            if self._is_file or select.select((), (self._descriptor,), (), 0)[1]:
                os.write(self._descriptor, self._made(host_now(), logger, line, values))
        except OSError:
            pass  # there is no other place to say so

    def _text(self, now: int, logger: str, line: str, values: traffic.Values) -> bytes:
        second = self._to_the_second(now, "%Y-%m-%d %H:%M:%S", time.localtime)
        return f"{second},{now % 1_000:03d} INFO {logger}: {line}\n".encode()

    def _object(self, now: int, logger: str, line: str, values: traffic.Values) -> bytes:
        second = self._to_the_second(now, "%Y-%m-%dT%H:%M:%S", time.gmtime)
        instant = f"{second}.{now % 1_000:03d}Z"
        return encode({"time": instant, "level": "info", "logger": logger, "message": line, **values}) + b"\n"

    def _to_the_second(self, now: int, form: str, parts: Callable[[float], time.struct_time]) -> str:
        """An instant, in milliseconds, without fractions; it is made once a second."""
        kept, second = self._second, now // 1_000
        if kept[0] != second:  # in one step, because several threads write
            kept = self._second = second, time.strftime(form, parts(second))
        return kept[1]


def write_to_stderr(settings: Settings) -> None:
    """Write the log of this process to standard error, in the format of the settings."""
    is_json = settings.log_format == JSON
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if is_json else Discreet(TEXT_FORMAT))
    logging.basicConfig(level=str(settings.log_level).upper(), handlers=[handler])
    if settings.log_requests and sys.stderr and logging.getLogger().isEnabledFor(logging.INFO):
        traffic.write_with(Lines(sys.stderr.fileno(), is_json).write)
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
