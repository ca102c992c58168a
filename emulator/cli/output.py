"""Where commands print: a console for styles, and the end of a command whose output cannot be written.

That end is one line, or none where the reader has had enough.
"""
import errno
import os
import re
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

WITH_PASSWORD = re.compile(r"(postgres(?:ql)?://[^:/@\s]*):.*@")


class Program(click.Group):
    """The program: the group of all commands, each of which is loaded when it is asked for.

    `modules` are the names of the modules in which the commands are, by the commands' names.
    """

    def __init__(self, *args: Any, modules: Mapping[str, str], **extra: Any) -> None:
        super().__init__(*args, **extra)
        self._modules = modules

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command by its name. All are loaded if there is none, so that similar names can be suggested."""
        if cmd_name not in self._modules:
            self.list_commands(ctx)
        else:
            self._load(self._modules[cmd_name])
        return super().get_command(ctx, cmd_name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        for module in dict.fromkeys(self._modules.values()):
            self._load(module)
        return super().list_commands(ctx)

    def _load(self, module: str) -> None:
        """Import a module, which adds its commands."""
        import_module(f".{module}", __package__)

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run a command. A failure of reading or writing ends it with one line and status 1."""
        if sys.stdout is None:  # standard output was closed by the caller
            sys.stdout = open(os.devnull, "w", encoding="utf-8")
        _hide_password()
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


def _hide_password() -> None:
    """Give the process another title if an argument has a password: lists of processes show arguments."""
    if not any(map(WITH_PASSWORD.search, sys.argv)):
        return
    try:
        import setproctitle  # it comes with the database that has a password
    except ImportError:
        return
    setproctitle.setproctitle(" ".join(WITH_PASSWORD.sub(r"\1:…@", argument) for argument in sys.argv))


def console(stderr: bool = False) -> "Console":
    """The terminal, or the pipe, that a command prints on: plain in a pipe and with NO_COLOR.

    Texts are never wrapped.
    """
    from rich.console import Console  # most commands print plain lines, and begin sooner without

    is_plain = bool(os.environ.get("NO_COLOR"))
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=True,
                   color_system=None if is_plain else "auto")


def reason(error: OSError | UnicodeError) -> str:
    """The message of an error of the operating system, on one line."""
    if isinstance(error, UnicodeError):
        return f"a text is not UTF-8: {error.reason if hasattr(error, 'reason') else error}"
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
