"""The command `tgpay-emulator`, what its subcommands share, and those that need no module of their own."""
import gc
import json
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from urllib import parse

import click

from .. import __version__
from ..base.settings import SETTINGS, variable
from ..terminal import Act
from .output import Program, console
from .remote import Control, address_of, fail, fetch, one_line, settings_of


def with_settings(command: Any) -> Any:
    """Give a command a flag for each setting."""
    for row in reversed(SETTINGS):
        flag = f"--{row.name.replace('_', '-')}"
        meaning = f"{row.help} [{variable(row)}; {row.default or 'empty'}]"
        alone: dict[str, Any] = {"is_flag": False, "flag_value": "on"} if row.is_switch else {}
        command = click.option(flag, row.name, default=None, metavar="TEXT", help=meaning, **alone)(command)
    return command


def with_control(command: Any) -> Any:
    """Give a command the control interface, and --json."""
    @click.option("--url", envvar="TGPAY_URL", help="address of the emulator [TGPAY_URL]")
    @click.option("--database", help="work on this database file instead of a running server")
    @click.option("--token", help="control token [TGPAY_CONTROL_TOKEN]")
    @click.option("--json", "as_json", is_flag=True, help="print JSON")
    def wrapped(url: str | None, database: str | None, token: str | None, as_json: bool, **rest: Any) -> Any:
        return command(control=Control(url, database, token), as_json=as_json, **rest)
    wrapped.__name__, wrapped.__doc__ = command.__name__, command.__doc__
    wrapped.__click_params__ = [*wrapped.__click_params__, *getattr(command, "__click_params__", [])]  # type: ignore[attr-defined]
    return wrapped


class ListedByDefault(click.Group):
    """A group that lists when it is given no command of its own."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `list` in front of anything else."""
        own = args and args[0] in (*self.commands, "-h", "--help")
        return super().parse_args(ctx, args if own else ["list", *args])


def show(data: Any, as_json: bool, columns: tuple[str, ...] = ()) -> None:
    """Print data: JSON, or a table of some columns, in colour where a person looks and plain text in a pipe."""
    if as_json:
        click.echo(json.dumps(data, ensure_ascii=False, indent=2))
        return
    rows = data["items"] if isinstance(data, dict) and "items" in data else [data]
    if not sys.stdout.isatty():
        click.echo("\t".join(columns))
        for row in rows:
            click.echo("\t".join(str(row.get(name, "")) for name in columns))
        return
    from rich.table import Table

    table = Table(*columns)
    for row in rows:
        table.add_row(*(str(row.get(name, "")) for name in columns))
    console().print(table, soft_wrap=False)


def patience(sentence: str) -> AbstractContextManager[Any]:
    """Something that moves while a person waits; nothing in a pipe."""
    if not sys.stderr.isatty():
        return nullcontext()
    return console(stderr=True).status(sentence)


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="tgpay-emulator")
def main() -> None:
    """A sandbox of the payment gateway TGPay Pro V2."""


@main.command()
@with_settings
def serve(**flags: Any) -> None:
    """Run the emulator."""
    gc.disable()  # what is made until it serves is there to stay; looking for garbage in it costs a tenth of the start
    from ..server.process import serve as run
    from ..server.resources import Unstartable
    from ..store import Unusable
    from .announcement import announced

    settings = settings_of(flags)
    try:
        run(settings, announced(settings))
    except (Unstartable, Unusable) as problem:
        fail(str(problem))


@main.command()
@click.option("--once", is_flag=True, help="end after the last step, with status 0 when all held")
def demo(once: bool) -> None:
    """Go through the document's own examples against a real server and a real receiver."""
    from .demo import run

    sys.exit(run(once))


@main.command()
@click.option("--url", envvar="TGPAY_URL", help="address of the emulator; else the configured host and port [TGPAY_URL]")
@click.option("--wait", "seconds", type=float, default=0.0, help="seconds to wait for it")
def healthcheck(url: str | None, seconds: float) -> None:
    """Status 0 when the emulator is healthy, 1 when not."""
    settings = settings_of({})
    end = time.monotonic() + seconds
    with patience("Waiting for the emulator"):
        while (failure := _unhealthy(url or address_of(settings))) and time.monotonic() < end:
            time.sleep(0.05)
    if failure:
        fail(failure)


def _unhealthy(address: str) -> str | None:
    """What keeps the emulator from being healthy; when nothing does, what it says of itself is printed."""
    try:
        status, text = fetch(f"{address}/_emulator/health", timeout=5)
    except (OSError, ValueError) as problem:
        return one_line(f"{address}: {getattr(problem, 'reason', problem)}")
    if status != 200:
        return f"{address}: {status} {text.strip()}"
    click.echo(text.strip())
    return None


@main.command()
@click.option("--merchant", help="only this merchant")
@with_control
def reset(control: Control, as_json: bool, merchant: str | None) -> None:
    """Back to the seeded state."""
    show(control("POST", "/reset", merchants_id=merchant), as_json, ("reset",))


@main.command()
@with_control
def merchants(control: Control, as_json: bool) -> None:
    """List the merchants with their tokens."""
    show(control("GET", "/merchants", limit=1000), as_json, ("merchants_id", "token", "name", "currency"))


@main.command()
@click.option("--merchant", help="only of this merchant")
@click.option("--status", help="only in this state")
@click.option("--after", type=int, default=0, help="the last id seen")
@click.option("--limit", type=int, default=100, show_default=True)
@click.argument("number", required=False, metavar="[MERCHANTS_ID/OUT_TRADE_NO]")
@with_control
def orders(control: Control, as_json: bool, merchant: str | None, status: str | None, after: int, limit: int, number: str | None) -> None:
    """List orders, or print the whole story of one as JSON."""
    if number:
        merchants_id, _, out_trade_no = number.partition("/")
        path = "/".join(parse.quote(part, safe="") for part in (merchants_id, out_trade_no))
        show(control("GET", f"/orders/{path}"), True)
        return
    show(control("GET", "/orders", merchants_id=merchant, status=status, after=after, limit=limit), as_json,
         ("id", "merchants_id", "out_trade_no", "endpoint", "trans_amount", "currency", "status"))


@main.group(cls=ListedByDefault)
def notify() -> None:
    """Look at notifications, and send them once more."""


@notify.command("list")
@click.option("--merchant", help="only of this merchant")
@click.option("--order", help="only of this order")
@click.option("--status", type=click.Choice(["pending", "delivered", "failed"]), help="only in this state")
@click.option("--after", type=int, default=0, help="the last id seen")
@click.option("--limit", type=int, default=100, show_default=True)
@with_control
def notify_list(control: Control, as_json: bool, merchant: str | None, order: str | None, status: str | None, after: int,
                limit: int) -> None:
    """List notifications."""
    answer = control("GET", "/notifications", merchants_id=merchant, out_trade_no=order, status=status, after=after, limit=limit)
    for item in answer["items"] if not as_json else []:
        item["attempts"] = len(item["attempts"])
    show(answer, as_json, ("id", "merchants_id", "out_trade_no", "notify_type", "status", "attempts", "due_at"))


@notify.command()
@click.argument("number", type=int)
@with_control
def replay(control: Control, as_json: bool, number: int) -> None:
    """Send a notification once more."""
    answer = control("POST", f"/notifications/{number}/replay")
    last = answer["attempts"][-1]
    show(answer if as_json else {**answer, "status_code": last["status_code"], "error": last["error"]}, as_json,
         ("id", "notify_type", "status", "status_code", "error"))


TERMINAL_COLUMNS = ("terminal_sn", "merchants_id", "terminal_type", "online", "attended", "state")


@main.group(cls=ListedByDefault)
def terminals() -> None:
    """List the card terminals and what they show, change one, or do something at one."""


@terminals.command("list")
@click.option("--merchant", help="only of this merchant")
@with_control
def terminals_list(control: Control, as_json: bool, merchant: str | None) -> None:
    """List the card terminals and what they show."""
    show(control("GET", "/terminals", merchants_id=merchant, limit=1000), as_json, TERMINAL_COLUMNS)


@terminals.command("show")
@click.argument("serial")
@with_control
def terminals_show(control: Control, as_json: bool, serial: str) -> None:
    """Print one terminal with its transaction as JSON."""
    show(control("GET", f"/terminals/{parse.quote(serial, safe='')}"), True)


@terminals.command("set")
@click.argument("serial")
@click.option("--merchant", "merchants_id", help="whose it is: needed to make one")
@click.option("--type", "terminal_type", help="its model")
@click.option("--online/--offline", default=None, help="whether it responds")
@click.option("--attended/--unattended", default=None, help="whether people drive it, or it moves by itself")
@with_control
def terminals_set(control: Control, as_json: bool, serial: str, **changes: Any) -> None:
    """Make a terminal, or change one."""
    given = {name: value for name, value in changes.items() if value is not None}
    show(control("PUT", f"/terminals/{parse.quote(serial, safe='')}", given), as_json, TERMINAL_COLUMNS)


@terminals.command("do")
@click.argument("serial")
@click.argument("event", type=click.Choice([str(act) for act in Act]))
@with_control
def terminals_do(control: Control, as_json: bool, serial: str, event: str) -> None:
    """Do something at a terminal, as a person or the host would."""
    show(control("POST", f"/terminals/{parse.quote(serial, safe='')}/{event}"), as_json, (*TERMINAL_COLUMNS, "possible"))


@main.command()
@click.option("--json", "as_json", is_flag=True, help="print JSON")
@click.argument("words", nargs=-1, metavar="[WORD]...")
def cards(as_json: bool, words: tuple[str, ...]) -> None:
    """List the test cards: which number gives which code. Words narrow the list: `cards 3084`, `cards american`, `cards failed pin`.

    Any validity in the future and any verification code of the right length go with them.
    """
    from ..protocol.test_cards import test_cards

    rows = [vars(card) for card in test_cards() if all(word.lower() in " ".join(vars(card).values()).lower() for word in words)]
    if not rows:
        fail(f"no test card has {' and '.join(words)} in it")
    show({"items": rows, "next": None}, as_json, ("number", "brand", "code", "status", "message", "means"))


@main.command()
@click.option("--format", "kind", type=click.Choice(["markdown", "openapi"]), default="markdown", show_default=True)
def reference(kind: str) -> None:
    """Print the reference, made from the tables."""
    from ..gateway import reference as tables

    if kind == "markdown":
        click.echo(tables.markdown(), nl=False)
    else:
        from ..web.control.interface import OPERATIONS

        click.echo(json.dumps(tables.openapi(OPERATIONS, "http://127.0.0.1:8472"), ensure_ascii=False, indent=2))


# The modules that declare further commands.
