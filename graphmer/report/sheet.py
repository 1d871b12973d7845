"""Table that renders on the terminal and as Markdown."""

from dataclasses import dataclass, replace

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

_UNBOUNDED = 10_000


@dataclass(frozen=True)
class Sheet:
    """Table with a title and notes.

    Args:
        title: title of the table.
        header: name of each column.
        rows: cells of each row; the first cell names the row.
        notes: definitions and provenance, one sentence each.
        optional: columns that may be omitted on a narrow terminal, the least important first; Markdown always
            has all columns.
        bold: emphasised cells, as row and column counted from 0.
        breaks: rows that begin another part of the table.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]
    optional: tuple[str, ...] = ()
    bold: frozenset[tuple[int, int]] = frozenset()
    breaks: tuple[int, ...] = ()

    def transposed(self) -> "Sheet":
        """The same table with rows as columns."""
        header, *rows = zip(self.header, *self.rows, strict=True)
        # the header is row -1 and the first column holds the names of the rows, so both move by one
        bold = frozenset((column - 1, row + 1) for row, column in self.bold)
        return replace(self, header=header, rows=tuple(rows), optional=(), bold=bold, breaks=())

    def rich(self, width: int = 200) -> Group:
        """Table and notes for a terminal.

        Optional columns that do not fit are omitted. If the table is still too wide, its cells are wrapped.
        No text is truncated.

        Args:
            width: columns of the terminal.
        """
        for count in range(len(self.optional) + 1):
            table = self._table(self.optional[:count], wrapped=False)
            if Console(width=_UNBOUNDED).measure(table).maximum - self._slack <= width:
                return self._with_notes(table, self.optional[:count])
        return self._with_notes(self._table(self.optional, wrapped=True), self.optional)

    @property
    def _slack(self) -> int:
        """Characters by which the first column, the only one that wraps at spaces, can shrink."""
        names = [self.header[0], *(row[0] for row in self.rows)]
        return max(map(len, names)) - max(len(word) for name in names for word in name.split(" "))

    def _with_notes(self, table: Table, omitted: tuple[str, ...]) -> Group:
        note = f"Omitted for lack of width: {', '.join(omitted)}; the Markdown file has all columns."
        return Group(table, Text("\n".join(("", *self.notes, *((note,) if omitted else ())))))

    def _table(self, omitted: tuple[str, ...], *, wrapped: bool) -> Table:
        table = Table(
            title=Text(self.title, style="bold"),
            box=SIMPLE_HEAD,
            padding=(0, 1),
            show_edge=False,
            pad_edge=False,
        )
        columns = [number for number, name in enumerate(self.header) if name not in omitted]
        for number in columns:
            first = number == 0
            table.add_column(
                Text(self.header[number]),
                justify="left" if first else "right",
                no_wrap=not (first or wrapped),
                overflow="fold",
            )
        for place, row in enumerate(self.rows):
            if place in self.breaks:
                table.add_section()
            styles = {number: "bold" if (place, number) in self.bold else "" for number in columns}
            table.add_row(*(Text(row[number], style=style) for number, style in styles.items()))
        return table

    def markdown(self) -> str:
        """Table as GitHub Markdown, with a final newline."""
        rows = [
            tuple(f"**{cell}**" if (place, number) in self.bold else cell for number, cell in enumerate(row))
            for place, row in enumerate(self.rows)
        ]
        lines = [self.header, ("---", *("---:" for _ in self.header[1:])), *rows]
        table = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
        return "\n".join([f"**{self.title}**", "", *table, "", *(f"{note}  " for note in self.notes)]) + "\n"
