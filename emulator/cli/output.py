"""The end of a command whose output cannot be written: one line, or none where the reader has had enough."""
import errno
import os
import sys
from typing import Any

import click


class Program(click.Group):
    """The command line as a whole."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run a command; what the machine does not let it read or write ends it with one line, status 1."""
        if sys.stdout is None:  # it was closed
            sys.stdout = open(os.devnull, "w", encoding="utf-8")
        try:
            try:
                return super().main(*args, **extra)
            finally:
                sys.stdout.flush()
        except (OSError, UnicodeError) as error:
            drop_output()
            if getattr(error, "errno", None) != errno.EPIPE:
                _say(f"Error: {reason(error)}")
            sys.exit(1)


def reason(error: OSError | UnicodeError) -> str:
    """What an error of the machine says, on one line."""
    if isinstance(error, UnicodeError):
        return f"a text is no UTF-8: {error.reason if hasattr(error, 'reason') else error}"
    name = f"{error.filename}: " if error.filename else ""
    return f"{name}{error.strerror or error}"


def drop_output() -> None:
    """Let what is still to be printed go nowhere: the interpreter would fail on it when it ends."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        pass  # it is no file, so that nothing is left to fail


def _say(line: str) -> None:
    try:
        click.echo(line, err=True)
    except OSError:
        pass
