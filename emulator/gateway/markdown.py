"""Tables and marks in Markdown, for the reference and the page about fidelity."""
from collections.abc import Iterable

from ..protocol.parameters import Source

MEANINGS = {
    Source.DOCUMENTED: "the document prints it, in a table, an example or its text",
    Source.OBSERVED: "a public client of the gateway was seen doing so",
    Source.INFERRED: "neither, or the document contradicts itself; we chose what users of the services "
                     "behind the gateway would expect"}


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown; cells are escaped."""
    names = list(header)
    return "\n".join(map(_line, (names, ["---"] * len(names), *rows)))


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def mark(source: Source) -> str:
    """What stands behind a row that the document does not print; empty for documented ones."""
    return "" if source is Source.DOCUMENTED else f" *({source.value})*"
