"""The command: `python -m benchmarks [names…]`."""
import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from . import __doc__ as about
from .clock import clock
from .memory import memory
from .pages import pages
from .postgresql import millions, postgresql
from .reset import reset
from .scenarios import scenarios
from .settlement import settlement
from .speed import alone, card, flat, latency, qr, query
from .startup import start
from .table import Row, printed
from .terminals import terminals
from .waiting import waiting

MEASURES: dict[str, Callable[[Path, int, int], Iterator[Row]]] = {
    measure.__name__: measure for measure in (
        qr, query, alone, card, flat, latency, waiting, start, clock, memory, settlement, reset, terminals,
        scenarios, pages)}

ASKED_FOR: dict[str, Callable[[Path, int, int], Iterator[Row]]] = {
    measure.__name__: measure for measure in (postgresql, millions)}
KNOWN = {**MEASURES, **ASKED_FOR}
QUICK = ("query", "alone", "start")
ROUNDS, REQUESTS = 11, 800
QUICK_ROUNDS, QUICK_REQUESTS = 5, 400


def parsed() -> argparse.Namespace:
    """What the command line asks for."""
    listed = "\n".join(f"  {name:12}{measure.__doc__}" for name, measure in KNOWN.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=about, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"measures:\n{listed}\n\nThe exit status is 1 when a target is missed. Everything takes about "
               f"ten minutes.")
    parser.add_argument("names", nargs="*", metavar="name",
                        help="measures to take; without any all but those of PostgreSQL")
    parser.add_argument("--rounds", type=int, help=f"rounds whose median counts ({ROUNDS})")
    parser.add_argument("--requests", type=int, help=f"requests of a round ({REQUESTS})")
    parser.add_argument("--quick", action="store_true",
                        help=f"a first look in less than a minute: {', '.join(QUICK)} with few rounds")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    given = parser.parse_args()
    given.names = given.names or list(QUICK if given.quick else MEASURES)
    given.rounds = given.rounds or (QUICK_ROUNDS if given.quick else ROUNDS)
    given.requests = given.requests or (QUICK_REQUESTS if given.quick else REQUESTS)
    unknown = [name for name in given.names if name not in KNOWN]
    if unknown:
        parser.error(f"there is no measure {unknown[0]}; there are {', '.join(KNOWN)}")
    return given


def take(given: argparse.Namespace) -> list[Row]:
    """Take the measures, telling on standard error which one is being taken."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="tgpay-benchmarks-") as directory:
        for name in given.names:
            print(f"{name} …", file=sys.stderr)
            rows += KNOWN[name](Path(directory), given.rounds, given.requests)
    return rows


def main() -> int:
    """Take measures and print them; answers the exit status."""
    given = parsed()
    rows = take(given)
    if given.json:
        print(json.dumps([row.as_json() for row in rows], indent=2, ensure_ascii=False))
    else:
        print(printed(row.as_text() for row in rows))
    return int(any(row.met is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
