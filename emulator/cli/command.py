"""The command `tgpay-emulator`, and what its subcommands share."""
import json
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import click

from .. import __version__
from ..base.settings import SETTINGS, variable
from .output import Program, console, with_zone
from .remote import Control, trust_file

# Where each command is. Only what a call needs is loaded, so that `serve` answers sooner.
MODULES = {
    "cards": "tables", "clock": "clock", "copy": "copying", "demo": "serving", "export": "transfer",
    "findings": "requests", "healthcheck": "serving", "import": "transfer", "journal": "requests",
    "listen": "listening", "merchants": "orders", "notify": "orders", "orders": "orders",
    "reference": "tables", "reset": "orders", "scenarios": "scenarios", "serve": "serving",
    "settlement": "settlement", "sign": "requests", "terminals": "terminals", "verify": "verification"}


def with_settings(command: Any) -> Any:
    """Add a flag for each setting to a command."""
    for row in reversed(SETTINGS):
        flag = f"--{row.name.replace('_', '-')}"
        meaning = f"{row.help} [{variable(row)}; {row.default or 'empty'}]"
        alone: dict[str, Any] = {"is_flag": False, "flag_value": "on"} if row.is_switch else {}
        names = [flag]
        if row.is_repeated:
            names.insert(0, flag.removesuffix("s"))
            alone = {"multiple": True, "callback": _together}
        command = click.option(*names, row.name, default=None, metavar="TEXT", help=meaning, **alone)(command)
    return command


def _together(context: click.Context, option: click.Parameter, written: tuple[str, ...]) -> str | None:
    """The values of a flag that was given several times as one text; None when it was not given."""
    return " ".join(written) if written else None


def with_control(command: Any) -> Any:
    """Add the options that select an emulator to a command, and --json.

    The command is called with `control` and `as_json`.
    """
    @click.option("--url", envvar="TGPAY_URL", help="address of the emulator [TGPAY_URL]")
    @click.option("--database", help="use this database instead of a running server")
    @click.option("--token", help="control token [TGPAY_CONTROL_TOKEN]")
    @click.option("--ca", help="PEM file of a certificate or an authority to trust [SSL_CERT_FILE]")
    @click.option("--json", "as_json", is_flag=True, help="print JSON")
    def wrapped(url: str | None, database: str | None, token: str | None, ca: str | None, as_json: bool,
                **rest: Any) -> Any:
        trust_file(ca)
        return command(control=Control(url, database, token), as_json=as_json, **rest)
    wrapped.__name__, wrapped.__doc__ = command.__name__, command.__doc__
    parameters = getattr(command, "__click_params__", [])
    wrapped.__click_params__ = [*wrapped.__click_params__, *parameters]  # type: ignore[attr-defined]
    return wrapped


class ListedByDefault(click.Group):
    """A command group whose default command is `list`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Insert `list` unless the first argument is a command of the group."""
        own = args and args[0] in (*self.commands, "-h", "--help")
        return super().parse_args(ctx, args if own else ["list", *args])


def show(data: Any, as_json: bool, columns: tuple[str, ...] = ()) -> None:
    """Print data as JSON, or some of its columns: as a table in a terminal, separated by tabs in a pipe."""
    if as_json:
        click.echo(json.dumps(data, ensure_ascii=False, indent=2))
        return
    rows = data["items"] if isinstance(data, dict) and "items" in data else [data]
    if not sys.stdout.isatty():
        click.echo("\t".join(columns))
        for row in rows:
            click.echo("\t".join(_cell(row.get(name)) for name in columns))
        return
    from rich.table import Table

    table = Table(*columns)
    for row in rows:
        table.add_row(*(_cell(row.get(name)) for name in columns))
    console().print(table, soft_wrap=False)


def _cell(value: Any) -> str:
    """A value of a column: what a row does not have is empty, and a time is the console's."""
    return "" if value is None else with_zone(str(value))


def patience(sentence: str) -> AbstractContextManager[Any]:
    """A context that shows a spinner with a sentence in a terminal, and nothing in a pipe."""
    if not sys.stderr.isatty():
        return nullcontext()
    return console(stderr=True).status(sentence)


@click.group(cls=Program, modules=MODULES,
             context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="tgpay-emulator")
def main() -> None:
    """A sandbox for the payment gateway TGPay Pro V2."""
