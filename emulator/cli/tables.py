"""Commands that print the emulator's own tables: the test cards and the reference."""
import json

import click

from .command import main, show
from .remote import fail


@main.command()
@click.option("--json", "as_json", is_flag=True, help="print JSON")
@click.argument("words", nargs=-1, metavar="[WORD]...")
def cards(as_json: bool, words: tuple[str, ...]) -> None:
    """List the test cards and the response code of each.

    Words narrow the list: `cards 3084`, `cards american`, `cards failed pin`.

    Any validity in the future and any verification code of the right length go with them.
    """
    from msgspec.structs import asdict

    from ..protocol.test_cards import test_cards

    rows = [asdict(card) for card in test_cards()
            if all(word.lower() in " ".join(asdict(card).values()).lower() for word in words)]
    if not rows:
        fail(f"no test card matches {' and '.join(words)}")
    show({"items": rows, "next": None}, as_json, ("number", "brand", "code", "status", "message", "means"))


@main.command()
@click.option("--format", "kind", default="markdown", show_default=True,
              type=click.Choice(["markdown", "openapi", "postman", "fidelity"]))
def reference(kind: str) -> None:
    """Print the reference, made from the tables.

    As text, as OpenAPI document, as Postman collection, or as the page that says where each row comes from.
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
