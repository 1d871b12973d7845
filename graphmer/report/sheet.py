"""A table before it is drawn: the same cells for the terminal and for Markdown."""

from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

_UNBOUNDED = 10_000


@dataclass(frozen=True)
class Sheet:
    """Cells with a title above and notes below.

    Args:
        title: what is shown, of which system.
        header: one name a column.
        rows: cells, each row as long as the header; the first cell names the row.
        notes: definitions and provenance, one sentence each.
        spare: columns that a narrow terminal may leave out, the least needed first; Markdown has them all.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]
    spare: tuple[str, ...] = ()

    def rich(self, width: int = 200) -> Group:
        """Table and notes for a terminal, in which what does not fit is left out or wrapped, but never cut.

        Args:
            width: columns of the terminal.
        """
        for count in range(len(self.spare) + 1):
            table = self._table(self.spare[:count], wrapped=False)
            if Console(width=_UNBOUNDED).measure(table).maximum - self._slack <= width:
                return self._with_notes(table, self.spare[:count])
        return self._with_notes(self._table(self.spare, wrapped=True), self.spare)

    @property
    def _slack(self) -> int:
        """By how much the first column, the only one that wraps at spaces, can shrink."""
        names = [self.header[0], *(row[0] for row in self.rows)]
        return max(map(len, names)) - max(len(word) for name in names for word in name.split(" "))

    def _with_notes(self, table: Table, hidden: tuple[str, ...]) -> Group:
        left_out = f"Left out for lack of width: {', '.join(hidden)}; the Markdown file has all columns."
        return Group(table, Text("\n".join(("", *self.notes, *((left_out,) if hidden else ())))))

    def _table(self, hidden: tuple[str, ...], *, wrapped: bool) -> Table:
        table = Table(
            title=Text(self.title, style="bold"),
            box=SIMPLE_HEAD,
            padding=(0, 1),
            show_edge=False,
            pad_edge=False,
        )
        shown = [number for number, name in enumerate(self.header) if name not in hidden]
        for number in shown:
            first = number == 0
            table.add_column(
                Text(self.header[number]),
                justify="left" if first else "right",
                no_wrap=not (first or wrapped),
                overflow="fold",
            )
        for row in self.rows:
            table.add_row(*(Text(row[number]) for number in shown))
        return table

    def markdown(self) -> str:
        """The table as GitHub Markdown, with a final newline."""
        lines = [self.header, ("---", *("---:" for _ in self.header[1:])), *self.rows]
        table = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
        return "\n".join([f"**{self.title}**", "", *table, "", *(f"{note}  " for note in self.notes)]) + "\n"
