"""Commands about the settlement file: its true rows, and the check of a merchant's own list."""
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from ..domain import reconciliation
from .command import ListedByDefault, main, show, with_control
from .remote import Control, fail

COLUMNS = ("id", "merchants_id", "out_trade_no", "partner_transaction_id", "type", "amount", "fee",
           "settles_at", "injected")


@main.group(cls=ListedByDefault)
def settlement() -> None:
    """List the correct settlement rows, or check your own list against them."""


@settlement.command("list")
@click.option("--merchant", help="only for this merchant")
@click.option("--start", help="first settlement day")
@click.option("--end", help="last settlement day")
@click.option("--after", type=int, default=0, help="the last id seen")
@click.option("--limit", type=int, default=100, show_default=True)
@with_control
def settlement_list(control: Control, as_json: bool, merchant: str | None, start: str | None, end: str | None,
                    after: int,
                    limit: int) -> None:
    """List the correct row of every payment, refund and cancellation, with injected discrepancies."""
    answer = control("GET", "/settlement", merchants_id=merchant, start_date=start, end_date=end, after=after,
                     limit=limit)
    for item in answer["items"] if not as_json else []:
        item["injected"] = " ".join(item["injected"])
    show(answer, as_json, COLUMNS)


@settlement.command("check")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--merchant", help="merchant of the list; an exported file has it in its name")
@click.option("--start", help="first settlement day; an exported file has it in its name")
@click.option("--end", help="last settlement day")
@with_control
def settlement_check(control: Control, as_json: bool, file: Path, merchant: str | None, start: str | None,
                     end: str | None) -> None:
    """Check your own list of payments and refunds, and which injected discrepancies it has noticed.

    Exit status 1 if a discrepancy was missed, or the list differs otherwise.

    FILE is CSV with a header: out_trade_no or partner_transaction_id, and amount; fee and settlement_date
    where you have them.
    """
    given = {"merchants_id": merchant, "start_date": start, "end_date": end}
    asked = {**reconciliation.from_file_name(file.name),
             **{name: value for name, value in given.items() if value}}
    if "merchants_id" not in asked:
        fail("name the merchant of the list with --merchant")
    try:
        rows = reconciliation.read(str(file), file.read_bytes())
    except reconciliation.Unreadable as unreadable:
        fail(str(unreadable))
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}")
    report = control("POST", "/settlement/check", {**asked, "rows": rows})
    if as_json:
        show(report, True)
    else:
        _print(report)
    if not report["right"]:
        sys.exit(1)


def _print(report: Mapping[str, Any]) -> None:
    """Print the report: what is wrong in sentences, and the discrepancies as numbers."""
    days = f"from {report['start_date'] or 'the first day'} to {report['end_date'] or 'now'}"
    click.echo(f"Merchant {report['merchants_id']}, {days}: {report['rows']} rows in the list, "
               f"{report['true_rows']} expected.")
    states = reconciliation.STATES
    for verdict in report["injected"]:
        if verdict["state"] != states[0]:
            click.echo(f"{verdict['state']}: {verdict['discrepancy']} of "
                       f"{verdict['partner_transaction_id']}: {verdict['sentence']}")
    for difference in report["differences"]:
        click.echo(f"differs: {difference['sentence']}")
    injected = [(verdict["discrepancy"], verdict["state"]) for verdict in report["injected"]]
    items = [{"injected": name, "times": sum(injected.count((name, state)) for state in states),
              **{state: injected.count((name, state)) for state in states}}
             for name in dict.fromkeys(name for name, _ in injected)]
    if items:
        show({"items": items}, False, ("injected", "times", *states))
    click.echo(f"The list is {'correct' if report['right'] else 'not correct'}.")
