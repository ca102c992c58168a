"""The command `tgpay-emulator`, and what its subcommands share."""
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial, wraps
from typing import Any

import click
from click.core import ParameterSource

from .. import __version__
from ..base.settings import SETTINGS, variable
from .output import Program, console
from .printing import FORMS, JSON, Printer, note
from .remote import Control, fail, trust_file

# Where each command is. Only what a call needs is loaded, so that `serve` answers sooner.
MODULES = {
    "cards": "tables", "clock": "clock", "copy": "copying", "demo": "serving", "export": "transfer",
    "findings": "requests", "healthcheck": "serving", "import": "transfer", "journal": "requests",
    "listen": "listening", "merchants": "merchants", "notify": "notify", "orders": "orders",
    "reference": "tables", "reset": "merchants", "scenarios": "scenarios", "serve": "serving",
    "settlement": "settlement", "sign": "requests", "terminals": "terminals", "verify": "verification"}


class Switch(click.Option):
    """A flag for a setting that is on or off: `--lan`, `--no-lan`, and `--lan on` or `--lan off`."""

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        """Add the flag, and the one that switches the setting off."""
        super().add_to_parser(parser, ctx)
        parser.add_option(self, [f"--no-{self.opts[0][2:]}"], dest=self.name, action="store_const",
                          const="off")

    def get_help_record(self, ctx: click.Context) -> tuple[str, str]:
        """The two ways to write the flag, and what it means."""
        return f"{self.opts[0]} / --no-{self.opts[0][2:]}", self.help or ""


def with_settings(command: Any) -> Any:
    """Add a flag for each setting to a command."""
    for row in reversed(SETTINGS):
        flag = f"--{row.name.replace('_', '-')}"
        meaning = f"{row.help} [{variable(row)}; {row.default or 'empty'}]"
        names = [flag]
        more: dict[str, Any] = {"metavar": "TEXT"}
        if row.is_switch:
            more = {"cls": Switch, "is_flag": False, "flag_value": "on"}
        elif row.is_repeated:
            names.insert(0, flag.removesuffix("s"))
            more |= {"multiple": True, "callback": _together}
        command = click.option(*names, row.name, default=None, help=meaning, **more)(command)
    return command


def _together(context: click.Context, option: click.Parameter, written: tuple[str, ...]) -> str | None:
    """The values of a flag that was given several times as one text; None when it was not given."""
    return " ".join(written) if written else None


def _options(command: Any, *options: Any) -> Any:
    """A command with more options, which its help lists after the command's own."""
    own = command.__dict__.pop("__click_params__", [])
    for option in reversed(options):
        command = option(command)
    command.__click_params__ += own  # click lists them from the last one to the first
    return command


FORM = (click.option("--format", "form", type=click.Choice(FORMS),
                     help="table, the default in a terminal; tsv, the default elsewhere; json, all that is "
                          "known"),
        click.option("--json", "as_json", is_flag=True, help="the same as --format json"))


def with_printer(command: Any) -> Any:
    """Add the options for the form of the output. The command is called with `out`, a Printer."""
    @wraps(command)
    def wrapped(form: str | None, as_json: bool, **rest: Any) -> Any:
        return command(out=Printer(JSON if as_json else form), **rest)
    return _options(wrapped, *FORM)


def with_control(command: Any, offline: str = "--offline") -> Any:
    """Add the options that select an emulator to a command, and those for the form of its output.

    The command is called with `control` and with `out`, a Printer. `offline` is the name of the flag for work
    without a server.
    """
    @wraps(command)
    def wrapped(url: str | None, without_server: bool, database: str | None, token: str | None,
                ca: str | None, form: str | None, as_json: bool, **rest: Any) -> Any:
        _check_place(without_server or bool(database))
        trust_file(ca)
        advice = f", or add {offline} to work on the database"
        control = Control(url, database, token, without_server, advice)
        return command(control=control, out=Printer(JSON if as_json else form, control.zone), **rest)
    return _options(
        wrapped, *FORM,
        click.option("--url", envvar="TGPAY_URL", metavar="URL", help="address of the emulator [TGPAY_URL]"),
        click.option("--token", metavar="TEXT", help="control token [TGPAY_CONTROL_TOKEN]"),
        click.option("--ca", metavar="FILE",
                     help="certificate to trust, or that of its authority (PEM) [SSL_CERT_FILE]"),
        click.option(offline, "without_server", is_flag=True,
                     help="work on the database without a server; the default one, or [TGPAY_DATABASE]"),
        click.option("--database", metavar="FILE",
                     help=f"work on this database without a server; {offline} is not needed"))


def paged(command: Any) -> Any:
    """Add the options of a list that begins with the newest row. The command is called with the parameters
    of the control interface: `after`, `limit` and `newest_first`.
    """
    @wraps(command)
    def wrapped(before: int | None, after: int | None, **rest: Any) -> Any:
        if after is not None:
            return command(after=after, newest_first=None, **rest)
        return command(after=before, newest_first="true", **rest)
    for option in (
            click.option("--limit", type=int, default=100, show_default=True, metavar="NUMBER",
                         help="how many"),
            click.option("--after", type=int, metavar="ID",
                         help="only newer ones than this id, oldest first"),
            click.option("--before", type=int, metavar="ID", help="only older ones than this id")):
        wrapped = option(wrapped)
    return wrapped


def more(out: Printer, answer: dict[str, Any]) -> None:
    """Tell people that a list goes on, and how to see more of it."""
    if out.is_for_people and answer["next"]:
        is_newest_first = len(answer["items"]) < 2 or answer["items"][0]["id"] > answer["items"][-1]["id"]
        note(f"There are more: --{'before' if is_newest_first else 'after'} {answer['next']}")


def with_control_but(offline: str) -> Callable[[Any], Any]:
    """What `with_control` does, with another name of the flag for work without a server."""
    return partial(with_control, offline=offline)


def _check_place(is_offline: bool) -> None:
    """End the command if it is given an emulator's address, and is to work without a server as well."""
    context = click.get_current_context()
    if is_offline and context.get_parameter_source("url") is ParameterSource.COMMANDLINE:
        fail("--url is for a running emulator: leave it out to work on a database")


def examples(*lines: str) -> str:
    """The examples at the end of a command's help."""
    return "\n".join(("\b", f"Example{'s' if len(lines) > 1 else ''}:", *(f"  {line}" for line in lines)))


class ListedByDefault(click.Group):
    """A command group whose default command is `list`, or `show` if one thing is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Insert the default command unless the first argument is a command of the group."""
        if args and args[0] in (*self.commands, "-h", "--help"):
            return super().parse_args(ctx, args)
        names_one = "show" in self.commands and bool(args) and not args[0].startswith("-")
        return super().parse_args(ctx, ["show" if names_one else "list", *args])


def patience(sentence: str) -> AbstractContextManager[Any]:
    """A context that shows a spinner with a sentence in a terminal, and nothing in a pipe."""
    if not sys.stderr.isatty():
        return nullcontext()
    return console(stderr=True).status(sentence)


FIRST = """\
TGPay Emulator {version}: a sandbox for the payment gateway TGPay Pro V2.

Begin with these commands:

  tgpay-emulator serve      run the emulator; then open its console,
                            http://127.0.0.1:8472/console
  tgpay-emulator merchants  list the merchants and the tokens to sign with
  tgpay-emulator demo       see each endpoint in use, with a real receiver

tgpay-emulator --help lists all commands, tgpay-emulator COMMAND --help
explains one.
"""


@click.group(cls=Program, modules=MODULES, invoke_without_command=True,
             context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="tgpay-emulator")
@click.pass_context
def main(context: click.Context) -> None:
    """A sandbox for the payment gateway TGPay Pro V2.

    Begin with tgpay-emulator serve. COMMAND --help explains a command, with examples.

    Commands that show or change something ask a running emulator. If none answers they fail; only with
    --offline they work on the database itself.
    """
    if context.invoked_subcommand is None:
        click.echo(FIRST.format(version=__version__), nl=False)
