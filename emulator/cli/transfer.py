"""The commands that carry merchants from one emulator to another, in a file."""
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import click
import msgspec

from ..domain.errors import Invalid
from ..operations.transfer_format import MOST_PACKED, Unpacked
from .command import examples, main, patience, with_control
from .layout import counted
from .printing import Printer, note
from .remote import Control, fail

PIPE = "-"
COLUMNS = ("merchants_id", "token", "token_is_new", "replaced", "now")


@main.command("export", epilog=examples("tgpay-emulator export --merchant 201703200001 case.tgpay.gz"))
@click.argument("file", metavar="FILE")
@click.option("--merchant", "merchants", multiple=True, metavar="NUMBER",
              help="only this merchant; repeat it for several")
@click.option("--with-secrets", is_flag=True,
              help="include tokens, keys and passwords, so that clients work as before")
@click.option("--force", is_flag=True, help="overwrite the file")
@with_control
def export_command(control: Control, out: Printer, file: str, merchants: tuple[str, ...],
                   with_secrets: bool, force: bool) -> None:
    """Write merchants with all their data to a file.

    FILE (- for a pipe) can be imported elsewhere, so that a colleague sees the same case. Tokens, keys and
    passwords are masked unless --with-secrets asks for them.
    """
    if file == PIPE and sys.stdout.isatty():
        fail("the file is binary: write it to a pipe, or name a file")
    if file != PIPE and os.path.lexists(file) and not force:
        fail(f"{file} exists; overwrite it with --force")
    query = [*(("merchants_id", number) for number in merchants),
             *([("secrets", "true")] if with_secrets else [])]
    with tempfile.TemporaryFile() if file == PIPE else _beside(Path(file)) as written:
        with patience("Exporting"):
            for piece in control.transfer("GET", "/export", query=query):
                written.write(piece)
        header = _complete(written)
        if file == PIPE:
            written.seek(0)
            shutil.copyfileobj(written, sys.stdout.buffer)
            sys.stdout.buffer.flush()  # what cannot be written is told, and nothing else
    report = {"file": file, "merchants": len(header.merchants), "rows": header.rows,
              "secrets": header.secrets, "made_at": header.made_at}
    if file == PIPE:
        note(f"Exported {counted(header.rows, 'row')}.")
    else:
        out.row(report, tuple(report))


@contextmanager
def _beside(path: Path) -> Iterator[IO[bytes]]:
    """A new file that takes the place of `path` once the block has ended well; only its owner may read it."""
    number, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(number, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(name)
        raise


def _complete(file: IO[bytes]) -> Any:
    """The header of a file that was written, once its checksum is right."""
    try:
        unpacked = Unpacked(file)
        for _ in unpacked.parts():
            continue
    except Invalid:
        fail("the export broke off; nothing was written")
    return unpacked.header


@main.command("import", epilog=examples("tgpay-emulator import case.tgpay.gz",
                                        "tgpay-emulator import --replace --clock running case.tgpay.gz"))
@click.argument("file", metavar="FILE")
@click.option("--replace", is_flag=True, help="replace merchants that exist, with all that they did")
@click.option("--clock", type=click.Choice(["frozen", "running", "shared"]), default="frozen",
              show_default=True, help="the merchants' clocks are frozen at the time of the export, run "
                                      "from there, or are the shared one")
@with_control
def import_command(control: Control, out: Printer, file: str, replace: bool, clock: str) -> None:
    """Import the merchants of an exported file.

    All merchants in FILE (- for a pipe) are imported, or none, and their tokens are printed. Their clocks are
    frozen at the time of the export, so that nothing is sent until they are moved.
    """
    query = [("clock", clock), *([("replace", "true")] if replace else [])]
    with _opened(file) as body:
        length = body.seek(0, os.SEEK_END)
        body.seek(0)
        if length > MOST_PACKED:
            fail(f"{file} is larger than {MOST_PACKED // 1024**2} MiB")
        with patience(f"Importing {length:,} bytes"):
            answer = b"".join(control.transfer("POST", "/import", body, length, query))
    report = msgspec.json.decode(answer)
    if out.is_json:
        out.json(report)
        return
    out.rows(report["merchants"], COLUMNS)
    for name, each in report["differences"].items():
        note(f"The setting {name} was {each['there']} there; here it is {each['here']}.")
    if report["clock"] == "frozen":
        note("The clocks of these merchants are frozen, and nothing is sent until they are moved: "
             "tgpay-emulator clock unfreeze --merchant NUMBER")


@contextmanager
def _opened(file: str) -> Iterator[IO[bytes]]:
    """The file to import; a pipe is read to its end first."""
    if file == PIPE:
        with tempfile.TemporaryFile() as whole:
            shutil.copyfileobj(sys.stdin.buffer, whole)
            yield whole
        return
    try:
        found = open(file, "rb")
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}")
    with found:
        yield found
