"""Ends a command whose output cannot be written with one line, or silently when the reader has closed the
pipe.
"""
import errno
import os
import sys
from typing import Any

import click


class Program(click.Group):
    """The program: the group of all commands."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run a command. A failure of reading or writing ends it with one line and status 1."""
        if sys.stdout is None:  # standard output was closed by the caller
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
    """The message of an error of the operating system, on one line."""
    if isinstance(error, UnicodeError):
        return f"a text is no UTF-8: {error.reason if hasattr(error, 'reason') else error}"
    name = f"{error.filename}: " if error.filename else ""
    return f"{name}{error.strerror or error}"


def drop_output() -> None:
    """Discard what is still to be printed; otherwise the interpreter would fail on it when it ends."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        pass  # standard output is no file, so that nothing can fail later


def _say(line: str) -> None:
    try:
        click.echo(line, err=True)
    except OSError:
        pass
