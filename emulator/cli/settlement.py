"""Commands about the settlement file: its true rows, and the check of a merchant's own list."""
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from ..domain import reconciliation
from .command import ListedByDefault, examples, main, more, paged, with_control
from .layout import counted
from .printing import Printer
from .remote import Control, fail

COLUMNS = ("id", "merchants_id", "out_trade_no", "partner_transaction_id", "type", "amount", "fee",
           "settles_at", "injected")


@main.group(cls=ListedByDefault, epilog=examples(
    "tgpay-emulator settlement --merchant 201703200001",
    "tgpay-emulator settlement check own.csv --merchant 201703200001"))
def settlement() -> None:
    """List the settlement rows, or check your list against them."""


@settlement.command("list", epilog=examples(
    "tgpay-emulator settlement list --merchant 201703200001 --start 2026-01-01"))
@click.option("--merchant", metavar="NUMBER", help="only of this merchant")
@click.option("--start", metavar="DATE", help="first settlement day")
@click.option("--end", metavar="DATE", help="last settlement day")
@paged
@with_control
def settlement_list(control: Control, out: Printer, merchant: str | None, start: str | None, end: str | None,
                    **page: int | bool | str | None) -> None:
    """List the correct settlement rows, newest first.

    There is a row for each payment, refund and cancellation, with the discrepancies that a scenario injects
    in the settlement file.
    """
    answer = control("GET", "/settlement", merchants_id=merchant, start_date=start, end_date=end, **page)
    if out.is_json:
        out.json(answer)
        return
    items = [{**item, "injected": " ".join(item["injected"])} for item in answer["items"]]
    out.rows(items, COLUMNS, ("partner_transaction_id", "id", "merchants_id"), none="No settlement rows.")
    more(out, answer)


@settlement.command("check", epilog=examples(
    "tgpay-emulator settlement check own.csv --merchant 201703200001"))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--merchant", metavar="NUMBER",
              help="merchant of the list; an exported file has it in its name")
@click.option("--start", metavar="DATE", help="first settlement day; an exported file has it in its name")
@click.option("--end", metavar="DATE", help="last settlement day")
@with_control
def settlement_check(control: Control, out: Printer, file: Path, merchant: str | None, start: str | None,
                     end: str | None) -> None:
    """Check your own list of payments and refunds.

    The report says which injected discrepancies your list has noticed. Exit status 1 if a discrepancy was
    missed, or the list differs otherwise.

    FILE is CSV with a header: out_trade_no or partner_transaction_id, and amount; fee and settlement_date
    where you have them.
    """
    given = {"merchants_id": merchant, "start_date": start, "end_date": end}
    asked = {**reconciliation.from_file_name(file.name),
             **{name: value for name, value in given.items() if value}}
    if "merchants_id" not in asked:
        fail("name the merchant of the list with --merchant NUMBER; tgpay-emulator merchants lists them")
    try:
        rows = reconciliation.read(str(file), file.read_bytes())
    except reconciliation.Unreadable as unreadable:
        fail(str(unreadable))
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}")
    report = control("POST", "/settlement/check", {**asked, "rows": rows})
    if out.is_json:
        out.json(report)
    else:
        _print(report, out)
    if not report["right"]:
        sys.exit(1)


def _print(report: Mapping[str, Any], out: Printer) -> None:
    """Print the report: what is wrong in sentences, and the discrepancies as numbers."""
    days = f"from {report['start_date'] or 'the first day'} to {report['end_date'] or 'now'}"
    click.echo(f"Merchant {report['merchants_id']}, {days}: {counted(report['rows'], 'row')} in the list, "
               f"{report['true_rows']} expected.")
    states = reconciliation.STATES
    for verdict in report["injected"]:
        if verdict["state"] != states[0]:
            click.echo(f"{_word(verdict['state'])}: {verdict['partner_transaction_id']} "
                       f"({verdict['discrepancy']}): {verdict['sentence']}")
    for difference in report["differences"]:
        click.echo(f"differs: {difference['sentence']}")
    injected = [(verdict["discrepancy"], verdict["state"]) for verdict in report["injected"]]
    items = [{"injected": name, "times": sum(injected.count((name, state)) for state in states),
              **{_word(state): injected.count((name, state)) for state in states}}
             for name in dict.fromkeys(name for name, _ in injected)]
    if items:
        out.rows(items, ("injected", "times", *map(_word, states)))
    click.echo(f"The list is {'correct' if report['right'] else 'not correct'}.")


def _word(state: str) -> str:
    """The state of a verdict in the report: what cannot be decided is `not told` in the control API."""
    return "undecided" if state == reconciliation.STATES[2] else state
