"""Commands that print the emulator's own tables: the test cards and the reference."""
import json

import click

from .command import examples, main, with_printer
from .printing import Printer
from .remote import fail


@main.command(epilog=examples("tgpay-emulator cards 3084", "tgpay-emulator cards american express",
                              "tgpay-emulator cards failed pin"))
@click.argument("words", nargs=-1, metavar="[WORD]...")
@with_printer
def cards(out: Printer, words: tuple[str, ...]) -> None:
    """List the test cards and the response code of each.

    Words narrow the list. A card takes any expiry date in the future, and any security code of the right
    length.
    """
    from msgspec.structs import asdict

    from ..protocol.test_cards import test_cards

    rows = [asdict(card) for card in test_cards()
            if all(word.lower() in " ".join(asdict(card).values()).lower() for word in words)]
    if not rows:
        fail(f"no test card matches {' and '.join(words)}; tgpay-emulator cards lists all")
    if out.is_json:
        out.json({"items": rows, "next": None})
        return
    out.rows(rows, ("number", "brand", "code", "status", "message", "means"), ("message",), "means")


@main.command(epilog=examples("tgpay-emulator reference > reference.md",
                              "tgpay-emulator reference --format openapi > openapi.json"))
@click.option("--format", "kind", default="markdown", show_default=True,
              type=click.Choice(["markdown", "openapi", "postman", "fidelity"]))
def reference(kind: str) -> None:
    """Print the reference of endpoints, codes and settings.

    It is text, an OpenAPI document, a Postman collection whose requests sign themselves, or the page that
    says where each row comes from.
    """
    if kind == "fidelity":
        from ..gateway import fidelity

        click.echo(fidelity.page(), nl=False)
        return
    if kind == "markdown":
        from ..gateway.reference import markdown

        click.echo(markdown(), nl=False)
        return
    from ..web.control import openapi

    document = openapi.document("http://127.0.0.1:8472")
    if kind == "postman":
        from ..gateway import postman

        document = postman.collection(document)
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))
