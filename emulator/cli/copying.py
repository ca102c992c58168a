"""The command that carries a database from one place to another."""
import click

from .command import examples, main
from .layout import counted
from .remote import fail


@main.command(epilog=examples("tgpay-emulator copy emulator.db postgresql://tgpay@db.example/tgpay"))
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
def copy(source: str, target: str) -> None:
    """Copy a database, from a file to PostgreSQL or back.

    FROM and TO are files, or addresses such as postgresql://user@host/name. TO must be empty, and no server
    may use either. Everything is copied and compared afterwards, or nothing is copied.
    """
    from ..store import Unusable, copying, place_of

    try:
        here, there = place_of(source), place_of(target)
        here.must_exist()
        total = copying.number_of_rows(here)
        with click.progressbar(length=3 * total, label=f"Copying {counted(total, 'row')}") as bar:
            counts = copying.copy(here, there, bar.update)
    except Unusable as problem:
        fail(str(problem))
    for table, number in counts.items():
        if number:
            click.echo(f"{table}\t{number}")
