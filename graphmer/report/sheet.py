"""A table before it is drawn: the same cells for the terminal and for Markdown."""

from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text


@dataclass(frozen=True)
class Sheet:
    """Cells with a title above and notes below.

    Args:
        title: what is shown, of which system.
        header: one name a column.
        rows: cells, each row as long as the header; the first cell names the row.
        notes: definitions and provenance, one sentence each.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]

    def rich(self) -> Table:
        """The table for a terminal."""
        table = Table(
            title=Text(self.title, style="bold"),
            caption=Text("\n".join(self.notes)),
            caption_justify="left",
            box=SIMPLE_HEAD,
            padding=(0, 1),
        )
        for number, name in enumerate(self.header):
            table.add_column(Text(name), justify="left" if number == 0 else "right", no_wrap=True)
        for row in self.rows:
            table.add_row(*(Text(cell) for cell in row))
        return table

    def markdown(self) -> str:
        """The table as GitHub Markdown, with a final newline."""
        lines = [self.header, ("---", *("---:" for _ in self.header[1:])), *self.rows]
        table = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
        return "\n".join([f"**{self.title}**", "", *table, "", *(f"{note}  " for note in self.notes)]) + "\n"
