"""The output of the demo: in colour in a terminal, plain unwrapped lines in a pipe."""
import io
import sys
from collections.abc import Iterable, Sequence

from ..output import console


class Screen:
    """The terminal or pipe to which the demo prints."""

    def __init__(self) -> None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="namereplace")
        self._console = console()

    def line(self, text: str = "", style: str = "") -> None:
        """Print one line."""
        self._console.print(text, style=style)

    def title(self, number: int, count: int, section: str, title: str) -> None:
        """Print the heading of a step."""
        self.line()
        self.line(f"[{number}/{count}] {title}" + (f" (section {section})" if section else ""), "bold cyan")

    def code(self, text: str, language: str) -> None:
        """Print a request or an answer, with syntax highlighting in a terminal."""
        from rich.syntax import Syntax

        written = Syntax("", language, theme="ansi_dark").highlight(text.strip())
        written.rstrip()
        self._console.print(written)

    def check(self, held: bool, sentence: str) -> None:
        """Print a sentence with a tick or a cross."""
        self.line(f"  {'✓' if held else '✗'} {sentence}", "green" if held else "bold red")

    def note(self, sentence: str) -> None:
        """Print a note."""
        self.line(f"  → {sentence}", "italic")

    def table(self, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Print a table, with lines in a terminal and in aligned columns in a pipe."""
        if self._console.is_terminal:
            from rich import box
            from rich.table import Table

            drawn = Table(*header, box=box.SIMPLE, padding=(0, 1, 0, 0))
            for row in rows:
                drawn.add_row(*row)
            self._console.print(drawn, soft_wrap=False)
            return
        lines = [header, *rows]
        widths = [max(len(line[place]) for line in lines) for place in range(len(header))]
        for line in lines:
            self.line("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
